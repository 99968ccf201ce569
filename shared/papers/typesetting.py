"""Pages from a template and data, with Typst: PDF/A-2a to keep for years, PDF/UA-1 to be read aloud, byte for byte the
same for the same input.

Data reaches a template as JSON alone and is never read as markup, so nothing in a name can be a command. The fonts are
those in `fonts/` and no other. Typst cannot be stopped once it runs, so what goes in is bounded instead.
"""

import asyncio
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from shared.errors import InvalidInput, Refused
from shared.papers.dates import english_date, japanese_date
from shared.vocabulary import Language

MAX_TEXT = 20_000
"""Characters of one string: five pages. (A PDF string ends at 32,767.)"""
MAX_VALUES = 20_000
"""Of one paper, each cell of a table among them: 3,000 rows of five take 3 s and 290 MB; 12,000, 20 s and 900 MB."""
MAX_PAPER_BYTES = 4 << 20
"""Of all data of one paper, pictures included. 1 MB of running text takes 0.6 s."""

Standard = Literal["a-2a", "a-3a", "ua-1"]
STANDARDS: tuple[Standard, ...] = ("a-2a", "ua-1")

_HERE = Path(__file__).parent
_TEMPLATES = _HERE / "templates"
# Typst 0.15 names what it cannot show one by one, in its diagnostics.
_NOT_SHOWN = re.compile(r'(?:the text|disallowed codepoint) `"(.+?)"`')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
_NEWLINES = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")


async def typeset(
    template: str,
    data: object,
    *,
    language: Language,
    title: str,
    at: datetime,
    images: Mapping[str, str] | None = None,
    standards: tuple[Standard, ...] = STANDARDS,
) -> bytes:
    """The PDF of `templates/{template}.typ` filled with `data` (anything msgspec can turn into JSON).

    Dates within `data` come out as the language writes them: 令和8年11月25日, 25 November 2026. Instants do not.
    `at` is the aware instant written into the file as its date; the pages show only dates that `data` holds.
    `images` are SVG documents of our own making, by the name that the template asks for.
    Invisible characters (bidirectional overrides, zero-width spaces, controls other than a line break) are left out.

    Raises InvalidInput: `glyph_missing` (its detail names each character that no font has; without it the name on a
    letter would be wrong), `paper_too_long`. Raises Refused `paper_faulty` where the template itself fails.
    """
    put = _Put(language)
    paper = {
        "language": language.value,
        "title": put.on_paper(title),
        "data": put.on_paper(msgspec.to_builtins(data, builtin_types=(date,), str_keys=True)),
        "images": dict(images or {}),
    }
    encoded = msgspec.json.encode(paper)
    if len(encoded) > MAX_PAPER_BYTES:
        raise InvalidInput("paper_too_long", f"at most {MAX_PAPER_BYTES} bytes on one paper")
    return await asyncio.to_thread(_compile, template, encoded.decode(), at.astimezone(UTC), standards)


def _compile(template: str, paper: str, at: datetime, standards: tuple[Standard, ...]) -> bytes:
    import typst

    try:
        made = typst.compile(
            _TEMPLATES / f"{template}.typ",
            root=_TEMPLATES,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"paper": paper},
            pdf_standards=list(standards),
            timestamp=at.replace(microsecond=0),
        )
    except typst.TypstError as error:
        missing = dict.fromkeys(_ESCAPED.sub(_unescaped, shown) for shown in _NOT_SHOWN.findall(error.diagnostic))
        if missing:
            raise InvalidInput("glyph_missing", ", ".join(_named(one) for one in list(missing)[:10])) from None
        # Its message may quote a value; where it happened does not.
        raise Refused("paper_faulty", f"{template}.typ cannot be typeset") from error
    return bytes(made)


@cache
def _fonts() -> Any:
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_HERE / "fonts"])


class _Put:
    """Makes values fit to print, and counts them."""

    def __init__(self, language: Language) -> None:
        self._date = japanese_date if language is Language.JA else english_date
        self._values = 0

    def on_paper(self, value: Any) -> Any:
        """The same with every string and date made fit to print. Raises InvalidInput `paper_too_long`."""
        if isinstance(value, dict):
            return {key: self.on_paper(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.on_paper(one) for one in value]
        self._values += 1
        if self._values > MAX_VALUES:
            raise InvalidInput("paper_too_long", f"at most {MAX_VALUES} values on one paper")
        if isinstance(value, date):
            return self._date(value)
        return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise InvalidInput("paper_too_long", f"at most {MAX_TEXT} characters in one text")
    if value.isprintable() and value.isascii():
        return value
    return "".join(filter(_shows, _NEWLINES.sub("\n", value).replace("\t", " ")))


def _shows(letter: str) -> bool:
    """Not a control, a format character or half of a surrogate pair. Variation selectors stay: 辻󠄀 is not 辻."""
    return letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs")


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _named(shown: str) -> str:
    points = " ".join(f"U+{ord(letter):04X}" for letter in shown)
    return f"“{shown}” ({points})" if shown.isprintable() else f"({points})"
