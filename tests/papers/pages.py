"""What is on the pages of a PDF: its text, where each letter stands, and how it looks."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from typing import Any, NamedTuple

import msgspec
import pypdf
import pypdfium2

from shared.papers.letters import print_paper
from shared.papers.model import Paper
from shared.vocabulary import Language

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
MM = 72 / 25.4


class Piece(NamedTuple):
    """A run of text, and its edges in mm from the page's left and top."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


_PRINTED: dict[tuple[str, bytes], bytes] = {}


async def printed(paper: Paper, language: Language) -> bytes:
    """The paper's PDF, made once in a run: the same values give the same bytes."""
    key = (f"{paper.TEMPLATE}.{language}", msgspec.json.encode(paper))
    if key not in _PRINTED:
        _PRINTED[key] = await print_paper(paper, language, AT)
    return _PRINTED[key]


def reader(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    """All of it without white space, which line breaks scatter."""
    return squeezed("".join(page.extract_text() for page in reader(pdf).pages))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def words_in(value: Any) -> Iterator[str]:
    """Every string within a paper's values."""
    for one in msgspec.to_builtins(value).values() if isinstance(value, msgspec.Struct) else value:
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from words_in(one.values())
        elif isinstance(one, list | tuple):
            yield from words_in(one)


def pieces(pdf: bytes) -> list[list[Piece]]:
    """Of each page, its runs of text."""
    found: list[list[Piece]] = []
    for page in pypdfium2.PdfDocument(pdf):
        height, text = page.get_height(), page.get_textpage()
        runs = []
        for n in range(text.count_rects()):
            left, bottom, right, top = text.get_rect(n)
            words = text.get_text_bounded(left, bottom, right, top)
            runs.append(Piece(words, left / MM, (height - top) / MM, right / MM, (height - bottom) / MM))
        found.append(runs)
    return found


def letters_of(pdf: bytes, page: int) -> list[tuple[str, float, float, int]]:
    """Each letter of a page in order: itself, the left and right edges of its ink in mm, and which line it is on."""
    text = pypdfium2.PdfDocument(pdf)[page].get_textpage()
    found: list[tuple[str, float, float, int]] = []
    line = 0
    for n in range(text.count_chars()):
        letter = text.get_text_range(n, 1)
        if not letter.strip():
            line += "\n" in letter or "\r" in letter
            continue
        left, _, right, _ = text.get_charbox(n)
        if found and left / MM < found[-1][1]:
            line += 1
        found.append((letter, left / MM, right / MM, line))
    return found


def overlapping(runs: list[Piece]) -> list[tuple[str, str]]:
    """Pairs that are printed over each other, by a third of the lower one's height at least."""
    return [
        (one.text, other.text)
        for one, other in combinations(runs, 2)
        if min(one.right, other.right) - max(one.left, other.left) > 0.5
        and min(one.bottom, other.bottom) - max(one.top, other.top)
        > min(one.bottom - one.top, other.bottom - other.top) / 3
    ]


def picture(pdf: bytes, page: int, per_mm: float) -> Any:
    """The page in grey, at so many pixels a millimetre."""
    return pypdfium2.PdfDocument(pdf)[page].render(scale=per_mm / MM, grayscale=True).to_pil()
