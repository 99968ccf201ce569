"""Long reports from a few building blocks: headings, text, facts, tables that run over pages, charts.

A chart is an SVG document of our own making. Its letters must be in a font of ours (`font-family="BIZ UDPGothic"`):
in a picture, and there alone, a letter that no font has is lost without a fault, so what people wrote goes into tables.
`typesetting.MAX_VALUES` allows some 4,000 rows of five columns: what is longer is summed up, or becomes a file beside.
"""

from datetime import date, datetime

import msgspec

from shared.papers.typesetting import typeset
from shared.vocabulary import Language


class Heading(msgspec.Struct, frozen=True, tag="heading"):
    """A heading, of level 1 to 3; the first two stand in the contents."""

    text: str
    level: int = 1


class Text(msgspec.Struct, frozen=True, tag="text"):
    """A paragraph."""

    text: str


class Facts(msgspec.Struct, frozen=True, tag="facts"):
    """Names and what they are, in two columns."""

    rows: tuple[tuple[str, str], ...]


class Table(msgspec.Struct, frozen=True, tag="table"):
    """A table whose head is repeated on each page. `widths`: shares of the width, one per column; all the same if none.

    `numeric`: the columns, from 0, that are aligned to the right.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = ()
    numeric: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows) or len(self.widths) not in (0, len(self.head)):
            raise ValueError("rows and widths: as many as the head has columns")


class Chart(msgspec.Struct, frozen=True, tag="chart"):
    """A chart. `alt` says in words what it shows, to those who cannot see it."""

    svg: str
    alt: str
    caption: str


Block = Heading | Text | Facts | Table | Chart


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report. `number`: of the case; `about`: whose data, as a line under the title; `by`: who made it."""

    title: str
    number: str
    about: str
    by: str
    on: date
    blocks: tuple[Block, ...]


async def print_report(report: Report, language: Language, at: datetime) -> bytes:
    """The report as a PDF, with contents. Raises as `typeset` does."""
    images: dict[str, str] = {}
    blocks: list[object] = []
    for block in report.blocks:
        if isinstance(block, Chart):
            name = f"chart-{len(images)}"
            images[name] = block.svg
            blocks.append({"type": "chart", "image": name, "alt": block.alt, "caption": block.caption})
        else:
            blocks.append(block)
    data = {"number": report.number, "about": report.about, "by": report.by, "on": report.on, "blocks": blocks}
    return await typeset("report", data, language=language, title=report.title, at=at, images=images)
