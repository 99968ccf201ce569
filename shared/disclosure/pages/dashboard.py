"""The dashboard: how much is open, where, for how long still; and how long answers took. Counts in, page out."""

import datetime as dt
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.disclosure.codes import Step
from shared.disclosure.days import LEGAL_DAYS
from shared.disclosure.model import Case
from shared.disclosure.pages.frame import Frame, Viewer
from shared.disclosure.pages.words import words
from shared.disclosure.ports import Days
from shared.edge import Page

WIDTH, LABEL, ROW, BAR = 440, 150, 30, 18
"""Of a chart, in its own units."""
TOOK = ((0, 3), (4, 7), (8, 10), (11, 14), (15, None))
"""Days to the answer, from and to."""


class Bar(NamedTuple):
    """One bar of a chart: its text, its number, whether it is one that should not be there."""

    text: str
    number: int
    bad: bool = False


class Drawn(NamedTuple):
    """A bar as it is drawn."""

    text: str
    number: int
    bad: bool
    y: int
    width: int


class Chart(NamedTuple):
    """A chart of bars that lie: the template draws it, and tells its numbers in a table."""

    ident: str
    title: str
    height: int
    bars: list[Drawn]


def left_by(today: dt.date) -> Mapping[str, Days]:
    """The legal days of what is over, due within three days, a week, and later."""

    def after(days: int) -> dt.date:
        return today + dt.timedelta(days=days)

    return {
        "over": Days(None, after(-1)),
        "three": Days(today, after(3)),
        "week": Days(after(4), after(7)),
        "later": Days(after(8), None),
    }


def took_days(cases: Sequence[Case]) -> list[int]:
    """From arrival to the last answer, of cases that were answered."""
    found = []
    for case in cases:
        answered = [item.delivered_on for item in case.items.values() if item.step is Step.ANSWERED]
        days = [on for on in answered if on is not None]
        if case.arrival and days:
            found.append((max(days) - case.arrival.on).days)
    return found


def dashboard_page(
    frame: Frame,
    viewer: Viewer,
    *,
    stages: Mapping[str, int],
    left: Mapping[str, int],
    took: Sequence[int],
    since: dt.date,
) -> Page:
    """`stages` and `left` count open cases by stage and by `left_by`; `took` are days to the answer since a day."""
    w = words(viewer.language)
    spans = [(first, last, sum(first <= days <= (last or days) for days in took)) for first, last in TOOK]
    texts = [
        w("took.more", first=first) if last is None else w("took.span", first=first, last=last) for first, last in TOOK
    ]
    charts = [
        chart("stages", w("dashboard.stages"), [Bar(w(f"stage.{code}"), n) for code, n in stages.items()]),
        chart("left", w("dashboard.left"), [Bar(w(f"left.{code}"), n, code == "over") for code, n in left.items()]),
        chart(
            "took",
            w("dashboard.took", since=w.day(since)),
            [Bar(text, n, first > LEGAL_DAYS) for text, (first, _, n) in zip(texts, spans, strict=True)],
        ),
    ]
    return frame.page(
        "dashboard.html",
        viewer,
        title=w("dashboard.title"),
        part="dashboard",
        charts=charts,
        open_cases=sum(stages.values()),
        over=left["over"],
        median=f"{statistics.median(took):g}" if took else "",
        answered=len(took),
        width=WIDTH,
        label=LABEL,
        bar=BAR,
    )


def chart(ident: str, title: str, bars: Sequence[Bar]) -> Chart:
    """The bars, the longest as long as there is room."""
    most = max((bar.number for bar in bars), default=0) or 1
    room = WIDTH - LABEL - 50
    drawn = [Drawn(*bar, y=ROW * n, width=round(room * bar.number / most)) for n, bar in enumerate(bars)]
    return Chart(ident, title, ROW * len(drawn), drawn)
