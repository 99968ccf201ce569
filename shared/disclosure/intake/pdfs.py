"""What a PDF holds, found by parsing it: how many pages, whether anything in it acts, and all its text."""

import logging
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.errors import InvalidInput

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PAGES = 50
MAX_OBJECTS = 20_000
MAX_TEXT = 500_000
"""Characters, of all pages together."""
MAX_STREAM_BYTES = 8 << 20
"""Of what is decompressed here: pages' drawing instructions and lists of objects. Pictures are left as they are."""
MAX_TOKENS = 200_000
"""Of one page's drawing instructions."""

_ACTIVE = frozenset(
    f"/{name}"
    for name in (
        *("JS", "JavaScript", "Launch", "SubmitForm", "ImportData", "GoToE", "GoToR", "Rendition", "RichMedia"),
        *("Movie", "Sound", "Screen", "3D", "EF", "EmbeddedFile", "EmbeddedFiles", "FileAttachment", "XFA"),
    )
)
"""Names that stand in whatever runs, sends, opens or carries something else (ISO 32000-1 §7.11.4, §12.5 to §12.7)."""
_HIDDEN = re.compile(rb"/(JavaScript|Launch|SubmitForm|ImportData|RichMedia|EmbeddedFile)")
"""The same in plain sight, in what our parser, but perhaps not every other, takes for unused."""


class Pdf(NamedTuple):
    """`pages`: the text of each. `beside`: what else in it is text: fields, notes, properties."""

    pages: list[str]
    beside: str


def read(raw: bytes, pace: Callable[[], None], max_pixels: int) -> Pdf:
    """What the PDF holds; blocks, so not for the event loop. `pace` is called often, and raises when it takes too long.

    Raises InvalidInput: `upload_kind_unknown`: it is something else as well, or begins or ends with something else;
    `upload_damaged`, `upload_encrypted`, `upload_active`, `upload_too_many_pages`, `upload_too_many_pixels`,
    `upload_too_complex`; and what `pace` raises.
    """
    from pypdf import PdfReader, apply_configuration
    from pypdf.errors import LimitReachedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings quote what they are about
    _check_whole(raw)
    limits = apply_configuration(
        zlib_maximum_output_length=MAX_STREAM_BYTES,
        lzw_maximum_output_length=MAX_STREAM_BYTES,
        run_length_maximum_output_length=MAX_STREAM_BYTES,
        array_based_stream_maximum_output_length=MAX_STREAM_BYTES,
        stream_parsing_work_maximum_count=MAX_TOKENS,
        page_tree_maximum_entries=20 * MAX_PAGES,
        jbig2dec_binary=None,
        disable_legacy_handling=True,
    )
    try:
        with limits:
            reader = PdfReader(BytesIO(raw))
            if reader.is_encrypted:
                raise InvalidInput("upload_encrypted")
            if not 0 < len(reader.pages) <= MAX_PAGES:
                raise InvalidInput("upload_too_many_pages", f"{len(reader.pages)} pages, at most {MAX_PAGES}")
            beside = _examined(reader, pace, max_pixels)
            return Pdf(_texts(reader, pace), beside)
    except InvalidInput:
        raise
    except LimitReachedError:
        raise InvalidInput("upload_too_complex") from None
    except Exception:  # whatever it is that a parser trips over, the file is at fault
        raise InvalidInput("upload_damaged", "this PDF cannot be read") from None


def _check_whole(raw: bytes) -> None:
    """That the file is one PDF from its first byte to its last, and no archive besides."""
    from zipfile import is_zipfile

    end = raw.rfind(b"%%EOF")
    if end < 0:
        raise InvalidInput("upload_damaged", "the end of the PDF is missing")
    if raw[end + 5 :].strip(b"\0\t\n\f\r ") or is_zipfile(BytesIO(raw)):
        raise InvalidInput("upload_kind_unknown", "something is appended to this PDF")
    if _HIDDEN.search(raw):
        raise InvalidInput("upload_active")


def _examined(reader: "PdfReader", pace: Callable[[], None], max_pixels: int) -> str:
    """The strings of all objects, used or not, once each has been looked at."""
    from pypdf.generic import DictionaryObject, IndirectObject, NameObject

    texts: list[str] = []
    numbers = {(number, generation) for generation, found in reader.xref.items() for number in found}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MAX_OBJECTS:
        raise InvalidInput("upload_too_complex", f"{len(numbers)} objects, at most {MAX_OBJECTS}")
    for number, generation in sorted(numbers):
        pace()
        for value in _within(reader.get_object(IndirectObject(number, generation, reader))):
            if isinstance(value, NameObject):
                if value in _ACTIVE:
                    raise InvalidInput("upload_active", f"it contains {value}")
            elif isinstance(value, DictionaryObject):
                _check_pixels(value, max_pixels)
                if value.get("/Type") == "/Metadata":
                    texts.append(_data(value))
            elif isinstance(value, (str, bytes)):
                texts.append(value if isinstance(value, str) else value.decode("latin-1"))
    return "\n\n\n".join(texts)


def _within(value: Any) -> Iterator[Any]:
    """The value, and everything directly in it, names of entries included."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, dict):
            waiting += [*dict.keys(value), *dict.values(value)]
        elif isinstance(value, list):
            waiting += list.__iter__(value)


def _check_pixels(picture: Any, max_pixels: int) -> None:
    if "/Width" in picture and "/Height" in picture and int(picture["/Width"]) * int(picture["/Height"]) > max_pixels:
        raise InvalidInput("upload_too_many_pixels", f"a picture in it has more than {max_pixels} pixels")


def _data(stream: Any) -> str:
    data: bytes = stream.get_data()
    return data.decode("utf-8", "replace")


def _texts(reader: "PdfReader", pace: Callable[[], None]) -> list[str]:
    texts: list[str] = []
    for page in reader.pages:
        # Within a form the parser swallows what is raised, so it is raised again behind.
        texts.append(page.extract_text(visitor_operand_before=lambda *_: pace()))
        pace()
        if sum(map(len, texts)) > MAX_TEXT:
            raise InvalidInput("upload_too_complex", f"more than {MAX_TEXT} characters")
    return texts
