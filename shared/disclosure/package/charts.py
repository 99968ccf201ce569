"""Charts as SVG, all from one template: values in even slots from left to right, a gap where there is none."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from jinja2 import Environment

WIDTH, HEIGHT = 482, 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 0, 14, 14  # so much at the left as the names of the figures below take
_BASE = HEIGHT - _BOTTOM
_NICE = (1, 2, 2.5, 5, 10)
_LETTER, _WIDE = 4.6, 8.2

Values: TypeAlias = Mapping[int, float]
"""By slot."""


class Mark(NamedTuple):
    """Something drawn: bars from zero (those of one slot on top of each other), the band between `values` and `upper`,
    or a line, which breaks at gaps."""

    form: Literal["bar", "band", "line"]
    name: str
    values: Values
    colour: str
    upper: Values | None = None
    dashed: bool = False


class Chart(NamedTuple):
    """What is to be drawn. `labels` stand under the slots that they begin at; `least` and `most` are what the axis
    always shows, and give way to values beyond."""

    title: str
    described: str
    unit: str
    slots: int
    labels: Sequence[tuple[int, str]]
    marks: Sequence[Mark]
    least: float
    most: float


class _Drawn(NamedTuple):
    form: str
    name: str
    colour: str
    dashed: bool
    d: str
    dots: str = ""


def svg(chart: Chart) -> str:
    """The drawing."""
    frame = _Frame(chart)
    marks, tops = [], dict[int, float]()
    for mark in chart.marks:
        drawn = {"bar": lambda m: frame.bars(m, tops), "band": frame.band, "line": frame.line}[mark.form](mark)
        marks.append(drawn)
    return (
        _templates()
        .get_template("chart.svg")
        .render(
            chart=chart,
            width=WIDTH,
            height=HEIGHT,
            left=_LEFT,
            right=_RIGHT,
            base=_BASE,
            between=frame.between(),
            y_ticks=frame.y_ticks(),
            x_labels=frame.x_labels(),
            marks=marks,
            legend=_legend(marks) if len(marks) > 1 else [],
        )
    )


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "files"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class _Frame:
    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        values = [chart.least, chart.most, *_reached(chart.marks)]
        self._step = _step(max(values) - min(values))
        self._low = min(values) if min(values) == chart.least else floor(min(values) / self._step) * self._step
        self._high = max(values) if max(values) == chart.most else ceil(max(values) / self._step) * self._step
        self._slot = (WIDTH - _LEFT - _RIGHT) / chart.slots

    def x(self, slot: float) -> float:
        return round(_LEFT + slot * self._slot, 1)

    def y(self, value: float) -> float:
        return round(_BASE - (value - self._low) / (self._high - self._low) * (_BASE - _TOP), 1)

    def between(self) -> str:
        """Every second label's room, shaded, to lead the eye."""
        edges = [*(at for at, _ in self._chart.labels), self._chart.slots]
        rooms = list(pairwise(edges))[1::2]
        return "".join(f"M{self.x(a)} {_TOP}H{self.x(b)}V{_BASE}H{self.x(a)}z" for a, b in rooms)

    def y_ticks(self) -> list[tuple[float, str]]:
        first, last = ceil(self._low / self._step - 1e-9), floor(self._high / self._step + 1e-9)
        values = (round(n * self._step, 6) for n in range(first, last + 1))
        return [(self.y(value), f"{value:,.10g}") for value in values]

    def x_labels(self) -> list[tuple[float, str]]:
        edges = [*(at for at, _ in self._chart.labels), self._chart.slots]
        middles = (self.x((a + b) / 2) for a, b in pairwise(edges))
        return [(x, label) for x, (_, label) in zip(middles, self._chart.labels, strict=True)]

    def bars(self, mark: Mark, tops: dict[int, float]) -> _Drawn:
        width, drawn = self._slot * (0.76 if self._slot > 3 else 1), []  # thin gaps would only flicker
        for slot, value in sorted(mark.values.items()):
            if value <= 0:
                continue
            bottom = tops.get(slot, 0.0)
            tops[slot] = bottom + value
            x = self.x(slot + 0.5) - width / 2
            drawn.append(f"M{x:.1f} {self.y(bottom)}V{self.y(tops[slot])}h{width:.1f}V{self.y(bottom)}z")
        return _Drawn("bar", mark.name, mark.colour, False, "".join(drawn))

    def band(self, mark: Mark) -> _Drawn:
        drawn = []
        for run in _runs(mark.values):
            over = [(self.x(slot + 0.5), self.y((mark.upper or mark.values)[slot])) for slot in run]
            under = [(self.x(slot + 0.5), self.y(mark.values[slot])) for slot in reversed(run)]
            if len(run) == 1:  # a single slot has width, too
                wide = max(self._slot * 0.38, 0.6)
                over = [(over[0][0] - wide, over[0][1]), (over[0][0] + wide, over[0][1])]
                under = [(under[0][0] + wide, under[0][1]), (under[0][0] - wide, under[0][1])]
            drawn.append("M" + "L".join(f"{x:.1f} {y}" for x, y in over + under) + "z")
        return _Drawn("band", mark.name, mark.colour, False, "".join(drawn))

    def line(self, mark: Mark) -> _Drawn:
        drawn, dots = [], []
        for run in _runs(mark.values):
            places = [f"{self.x(slot + 0.5)} {self.y(mark.values[slot])}" for slot in run]
            if len(run) > 1:
                drawn.append("M" + "L".join(places))
            if len(run) == 1 or self._slot >= 6:
                dots += [f"M{place}h.01" for place in places]  # of no length, with round ends
        return _Drawn("line", mark.name, mark.colour, mark.dashed, "".join(drawn), "".join(dots))


def _reached(marks: Sequence[Mark]) -> list[float]:
    tops, reached = dict[int, float](), list[float]()
    for mark in marks:
        if mark.form == "bar":
            for slot, value in mark.values.items():
                tops[slot] = tops.get(slot, 0.0) + value
        else:
            reached += [*mark.values.values(), *(mark.upper or {}).values()]
    return [*reached, *tops.values()]


def _step(span: float) -> float:
    rough = (span or 1) / 5
    size: float = 10.0 ** floor(log10(rough))
    return next(nice * size for nice in _NICE if nice * size >= rough * 0.98)


def _runs(values: Values) -> list[list[int]]:
    """The slots, cut where one is missing."""
    runs: list[list[int]] = []
    for slot in sorted(values):
        if runs and slot - runs[-1][-1] == 1:
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return runs


def _legend(marks: Sequence[_Drawn]) -> list[tuple[float, _Drawn]]:
    """From the right edge to the left."""
    placed, x = [], float(WIDTH - _RIGHT)
    for mark in reversed(marks):
        x -= 17 + sum(_LETTER if letter.isascii() else _WIDE for letter in mark.name) + 8
        placed.append((round(x, 1), mark))
    return placed[::-1]
