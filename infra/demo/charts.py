"""A chart for each kind, out of its day summaries, with the same numbers as a table."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from infra.demo import words as w
from infra.demo.axes import HEIGHT, WIDTH, Frame, framed
from infra.demo.marks import Series, band, bars, line
from infra.demo.people import Words
from shared.vocabulary import Kind

Days: TypeAlias = Sequence[dict[str, Any]]
"""Day summaries as GET /measurement answers them."""


@dataclass(frozen=True)
class Column:
    """One column of numbers: what it says, per day, with so many decimals. With a `mark` it is in the legend."""

    name: Words
    values: Series
    decimals: int = 0
    mark: str = ""


@dataclass(frozen=True)
class Chart:
    """What is drawn, in which unit, and its numbers. `says` describes the drawing for who cannot see it."""

    kind: Kind
    unit: Words
    frame: Frame
    drawn: str
    columns: Sequence[Column]
    legend: Sequence[tuple[str, Words]]

    def svg(self, label: str) -> str:
        """The drawing alone; `label` is the id of what names it, `label`-d of what describes it."""
        return (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{label} {label}-d">'
            f'<title id="{label}">{_both(w.KINDS[self.kind])} ({_unit(self.unit)})</title>'
            f'<desc id="{label}-d">{self._described()}</desc>{self.frame.drawn()}{self.drawn}</svg>'
        )

    def _described(self) -> str:
        first, last = self.frame.first, self.frame.last
        spans = []
        for column in self.columns:
            if column.values:
                low, high = min(column.values.values()), max(column.values.values())
                spans.append(f"{_both(column.name)}: {low:,.{column.decimals}f} – {high:,.{column.decimals}f}")
        return f"{first} – {last}. {'; '.join(spans)} ({_unit(self.unit)})"


def chart(kind: Kind, days: Days, first: dt.date, last: dt.date) -> Chart:
    """The chart of one kind from `first` to `last`. There is at least one day."""
    return _DRAWN[kind](days, first, last)


def _same(unit: str) -> Words:
    return Words(unit, unit)


def _unit(unit: Words) -> str:
    return unit.ja if unit.ja == unit.en else _both(unit)


def _both(words: Words) -> str:
    return f"{words.ja} / {words.en}"


def _series(days: Days, *path: str, factor: float = 1.0) -> Series:
    """One number of each day that has it."""
    found = {}
    for day in days:
        value: Any = day
        for name in path:
            value = value[name]
        found[dt.date.fromisoformat(day["on"])] = value * factor
    return found


def _steps(days: Days, first: dt.date, last: dt.date) -> Chart:
    steps = _series(days, "steps")
    frame = framed(first, last, list(steps.values()), least=0, most=10_000)
    column = Column(w.STEPS_A_DAY, steps)
    return Chart(
        Kind.STEPS, Words("歩", "steps"), frame, bars(frame, [("one", steps)]), [column], [("fill one", w.STEPS_A_DAY)]
    )


def _banded(kind: Kind, field: str, unit: str, least: float, most: float) -> Callable[..., Chart]:
    def drawn(days: Days, first: dt.date, last: dt.date) -> Chart:
        low, mean, high = (_series(days, field, part) for part in ("min", "mean", "max"))
        frame = framed(first, last, [*low.values(), *high.values()], least=least, most=most)
        columns = [Column(w.MIN, low), Column(w.MEAN, mean, 1), Column(w.MAX, high)]
        legend = [("stroke one", w.MEAN), ("fill band", w.BAND)]
        return Chart(kind, _same(unit), frame, band(frame, low, high) + line(frame, mean, "one"), columns, legend)

    return drawn


def _pressure(days: Days, first: dt.date, last: dt.date) -> Chart:
    upper, lower = _series(days, "systolic_mmhg", "mean"), _series(days, "diastolic_mmhg", "mean")
    frame = framed(first, last, [*upper.values(), *lower.values()], least=40, most=180)
    drawn = line(frame, upper, "one") + line(frame, lower, "two dashed")
    columns = [Column(w.SYSTOLIC, upper), Column(w.DIASTOLIC, lower)]
    legend = [("stroke one", w.SYSTOLIC), ("stroke two dashed", w.DIASTOLIC)]
    return Chart(Kind.BLOOD_PRESSURE, _same("mmHg"), frame, drawn, columns, legend)


def _weight(days: Days, first: dt.date, last: dt.date) -> Chart:
    kg = _series(days, "last_kg")
    # Ten kilograms at least, so that the scale's noise does not look like a change.
    middle = round((min(kg.values()) + max(kg.values())) / 10) * 5
    frame = framed(first, last, list(kg.values()), least=max(0, middle - 5), most=middle + 5)
    drawn = line(frame, kg, "one")
    return Chart(Kind.WEIGHT, _same("kg"), frame, drawn, [Column(w.LAST, kg, 1)], [("stroke one", w.LAST)])


def _temperature(days: Days, first: dt.date, last: dt.date) -> Chart:
    mean = _series(days, "celsius", "mean")
    frame = framed(first, last, list(mean.values()), least=35, most=39)
    drawn = line(frame, mean, "one")
    return Chart(Kind.BODY_TEMPERATURE, _same("°C"), frame, drawn, [Column(w.MEAN, mean, 1)], [("stroke one", w.MEAN)])


def _oxygen(days: Days, first: dt.date, last: dt.date) -> Chart:
    mean, least = _series(days, "percent", "mean"), _series(days, "percent", "min")
    frame = framed(first, last, [*mean.values(), *least.values()], least=85, most=100)
    drawn = line(frame, mean, "one") + line(frame, least, "two dashed")
    columns = [Column(w.MEAN, mean, 1), Column(w.LOWEST, least)]
    return Chart(
        Kind.OXYGEN_SATURATION,
        _same("%"),
        frame,
        drawn,
        columns,
        [("stroke one", w.MEAN), ("stroke two dashed", w.LOWEST)],
    )


def _sleep(days: Days, first: dt.date, last: dt.date) -> Chart:
    stages: dict[str, dict[dt.date, float]] = {name: {} for name in w.STAGES}
    for day in days:
        on = dt.date.fromisoformat(day["on"])
        for sleep in (day["main"], *day["naps"]):
            for name, minutes in _minutes(sleep).items():
                stages[name][on] = stages[name].get(on, 0.0) + minutes / 60
    told = {name: series for name, series in stages.items() if any(series.values())}
    totals = [sum(series.get(on, 0) for series in told.values()) for on in _series(days, "points")]
    frame = framed(first, last, totals, least=0, most=10)
    drawn = bars(frame, [(f"stage-{name}", series) for name, series in told.items()])
    columns = [Column(w.STAGES[name], series, 1) for name, series in told.items()]
    legend = [(f"fill stage-{name}", w.STAGES[name]) for name in told]
    return Chart(Kind.SLEEP, Words("時間", "hours"), frame, drawn, columns, legend)


def _minutes(sleep: dict[str, Any]) -> dict[str, float]:
    """The stages we draw; a night without stages is all sleep."""
    told = sleep["stages_minutes"]
    if told is None:
        return {"asleep": sleep["asleep_minutes"]}
    return {
        "deep": told["deep"],
        "light": told["light"],
        "rem": told["rem"],
        "asleep": told["asleep_unspecified"],
        "awake": told["awake"] + told["out_of_bed"],
    }


_DRAWN: dict[Kind, Callable[[Days, dt.date, dt.date], Chart]] = {
    Kind.STEPS: _steps,
    Kind.HEART_RATE: _banded(Kind.HEART_RATE, "bpm", "bpm", 40, 140),
    Kind.BLOOD_GLUCOSE: _banded(Kind.BLOOD_GLUCOSE, "mg_per_dl", "mg/dL", 60, 180),
    Kind.BLOOD_PRESSURE: _pressure,
    Kind.WEIGHT: _weight,
    Kind.BODY_TEMPERATURE: _temperature,
    Kind.OXYGEN_SATURATION: _oxygen,
    Kind.SLEEP: _sleep,
}
