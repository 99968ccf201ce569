"""Scans of returned paper: PDF, JPEG or PNG by their content, whatever they are called, made safe to keep and to show.

Pictures are drawn anew, so that nothing but the picture is kept: neither where it was taken, nor what is hidden behind
it. PDFs are kept as they came, if nothing in them acts. A scan whose text contains a My Number is not kept at all.
"""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING

import msgspec

from shared.clock import Clock
from shared.disclosure.intake import pdfs
from shared.disclosure.intake.mynumber import masked
from shared.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 10 << 20
MAX_PIXELS = 36_000_000
"""An A4 page at 600 dpi has 34.8 million."""
MAX_SECONDS = 20.0
_ONE_AT_A_TIME = threading.Lock()
"""A page at 600 dpi takes some 250 MB while it is drawn anew."""


class ScanKind(StrEnum):
    """What may come in, and its media type."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"


_MAGIC = {b"%PDF-": ScanKind.PDF, b"\xff\xd8\xff": ScanKind.JPEG, b"\x89PNG\r\n\x1a\n": ScanKind.PNG}


class Scan(msgspec.Struct, frozen=True):
    """One scan as it is to be kept. `sha256` is of `content`, in hexadecimal; a picture is one page."""

    kind: ScanKind
    content: bytes
    pages: int
    sha256: str


async def accepted(raw: bytes, clock: Clock) -> Scan:
    """What is to be kept of an upload.

    Raises:
        InvalidInput: `upload_too_large`, `upload_kind_unknown`, `upload_damaged`, `upload_encrypted`, `upload_active`,
            `upload_too_many_pages`, `upload_too_many_pixels`, `upload_too_complex`.
        Refused: `my_number_found`: in its text, on `more["pages"]` (from 1; empty if in a field or note). Nothing of
            it may be kept: the number has to be covered on the paper, and that scanned again.
    """
    if len(raw) > MAX_BYTES:
        raise InvalidInput("upload_too_large", f"at most {MAX_BYTES >> 20} MB")
    kind = next((kind for magic, kind in _MAGIC.items() if raw.startswith(magic)), None)
    if kind is None:
        raise InvalidInput("upload_kind_unknown", "PDF, JPEG or PNG")
    content, pages = await asyncio.to_thread(_kept, raw, kind, clock)
    return Scan(kind, content, pages, hashlib.sha256(content).hexdigest())


def headers(kind: ScanKind, stem: str) -> Mapping[str, str]:
    """With which a scan is served, shown in the browser under the name `stem` (ASCII letters, digits, hyphens).

    Chromium shows no PDF in a sandboxed document; there the other rules do, as nothing that acts was accepted.
    """
    ending = kind.name.lower()
    alone = "default-src 'none'; frame-ancestors 'self'"
    return {
        "content-type": kind.value,
        "content-disposition": f'inline; filename="{stem}.{ending}"',
        "content-security-policy": alone if kind is ScanKind.PDF else f"{alone}; sandbox",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }


def _kept(raw: bytes, kind: ScanKind, clock: Clock) -> tuple[bytes, int]:
    with _ONE_AT_A_TIME:
        if kind is not ScanKind.PDF:
            return _drawn_anew(raw, kind), 1
        pdf = pdfs.read(raw, _pace(clock), MAX_PIXELS)
        pages = [number for number, text in enumerate(pdf.pages, 1) if masked(text).found]
        if pages or masked(pdf.beside).found:
            raise Refused("my_number_found", f"pages {pages}" if pages else "in a field or note", more={"pages": pages})
        return raw, len(pdf.pages)


def _pace(clock: Clock) -> Callable[[], None]:
    until = clock.monotonic_s() + MAX_SECONDS

    def pace() -> None:
        if clock.monotonic_s() > until:
            raise InvalidInput("upload_too_complex", f"not read within {MAX_SECONDS:.0f} s")

    return pace


def _drawn_anew(raw: bytes, kind: ScanKind) -> bytes:
    from PIL import Image, ImageOps

    try:
        with Image.open(BytesIO(raw), formats=(kind.name,)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise InvalidInput("upload_too_many_pixels", f"at most {MAX_PIXELS}")
            if kind is ScanKind.PNG and getattr(opened, "n_frames", 1) > 1:
                raise InvalidInput("upload_kind_unknown", "an animation")
            ImageOps.exif_transpose(opened, in_place=True)
            plain = _plain(opened)
    except InvalidInput:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InvalidInput("upload_too_many_pixels", f"at most {MAX_PIXELS}") from None
    except Exception:  # whatever it is that a decoder trips over, the file is at fault
        raise InvalidInput("upload_damaged", "this picture cannot be read") from None
    drawn = BytesIO()
    if kind is ScanKind.JPEG:
        plain.save(drawn, "JPEG", quality=88)
    else:
        plain.save(drawn, "PNG", compress_level=4)
    return drawn.getvalue()


def _plain(picture: "Image.Image") -> "Image.Image":
    """The picture alone: black and white, grey or coloured, on white paper, without a word about it."""
    from PIL import Image

    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        plain = Image.new("RGB", picture.size, "white")
        plain.paste(seen, mask=seen.getchannel("A"))
    elif picture.mode in ("1", "L"):
        plain = picture.copy()
    else:
        plain = picture.convert("L" if picture.mode.startswith("I") else "RGB")
    plain.info.clear()
    return plain
