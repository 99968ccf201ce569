"""Each kind as a report shows it: a year day by day with its months in figures, and all months in one view."""

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from shared.disclosure.package.charts import Chart, Mark
from shared.disclosure.package.words import Say
from shared.measurement.summary import DaySummary, SleepDay
from shared.vocabulary import Kind, Language

_BLUE, _PALE, _RED, _DEEP, _LIGHT, _REM, _GREY = (
    "#1f5f99",
    "#b9d3ea",
    "#b3382c",
    "#123a66",
    "#6fa3d0",
    "#8a6bb8",
    "#c9ced4",
)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Day(NamedTuple):
    """One day of one series: the least, the mean and the greatest value of it."""

    least: float
    mean: float
    most: float


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind is shown: its unit, its series by name, decimals, what the axis always shows, and how it is read."""

    unit: str
    series: Mapping[str, Callable[[Any], Day | None]]
    decimals: int
    least: float
    most: float
    reading: str
    form: str = "line"


def look_of(kind: Kind, say: Say) -> Look:
    """How this kind is shown. Glucose in mg/dL to whom that is at home."""
    if kind is Kind.BLOOD_GLUCOSE:
        ja = say.language is Language.JA
        field, unit, most = ("mg_per_dl", "mg/dL", 200) if ja else ("mmol_per_l", "mmol/L", 12)
        return Look(unit, {"mean": _spread(field)}, 0 if ja else 1, 0, most, "reading.band", "band")
    return {
        Kind.STEPS: Look(say("steps.unit"), {"steps": lambda d: _same(d.steps)}, 0, 0, 5000, "reading.steps", "bar"),
        Kind.HEART_RATE: Look(say("bpm"), {"mean": _spread("bpm")}, 0, 40, 120, "reading.band", "band"),
        Kind.BLOOD_PRESSURE: Look(
            "mmHg",
            {"systolic": _spread("systolic_mmhg"), "diastolic": _spread("diastolic_mmhg")},
            0,
            50,
            160,
            "reading.pressure",
        ),
        Kind.WEIGHT: Look("kg", {"mean": lambda d: Day(d.min_kg, d.last_kg, d.max_kg)}, 1, 0, 0, "reading.line"),
        Kind.BODY_TEMPERATURE: Look("°C", {"mean": _spread("celsius")}, 1, 35, 39, "reading.line"),
        Kind.OXYGEN_SATURATION: Look("%", {"mean": _spread("percent")}, 0, 85, 100, "reading.line"),
        Kind.SLEEP: Look(
            say("hours"), {"asleep": lambda d: _same(d.asleep_minutes / 60)}, 1, 0, 9, "reading.sleep", "bar"
        ),
    }[kind]


def year_chart(kind: Kind, title: str, days: Sequence[DaySummary], year: int, say: Say) -> Chart:
    """One civil year, day by day."""
    look, first = look_of(kind, say), dt.date(year, 1, 1)
    slots = {day.on: (day.on - first).days for day in days}
    labels = [((dt.date(year, month, 1) - first).days, _month(month, say)) for month in range(1, 13)]
    count = 366 if calendar.isleap(year) else 365
    series = _series(look, ((slots[day.on], day) for day in days))
    stages = _stages(((slots[day.on], [day]) for day in days), say) if kind is Kind.SLEEP else None
    return _chart(title, look, series, stages, count, labels, say)


def months_chart(kind: Kind, title: str, days: Sequence[DaySummary], say: Say) -> Chart:
    """All months from the first to the last, each as one."""
    look, first = look_of(kind, say), days[0].on.year
    years = range(first, days[-1].on.year + 1)
    by_slot: dict[int, list[DaySummary]] = defaultdict(list)
    for day in days:
        by_slot[(day.on.year - first) * 12 + day.on.month - 1].append(day)
    series = {name: {slot: _together(look, name, some) for slot, some in by_slot.items()} for name in look.series}
    told = {name: {slot: day for slot, day in found.items() if day} for name, found in series.items()}
    labels = [((year - first) * 12, str(year)) for year in years]
    stages = _stages(by_slot.items(), say) if kind is Kind.SLEEP else None
    return _chart(title, look, told, stages, len(years) * 12, labels, say)


def month_rows(kind: Kind, days: Sequence[DaySummary], year: int, say: Say) -> list[list[str]]:
    """A year's months in figures: lines of a name and twelve cells."""
    look = look_of(kind, say)
    months: list[list[DaySummary]] = [[] for _ in range(12)]
    for day in days:
        if day.on.year == year:
            months[day.on.month - 1].append(day)
    rows = [[say("days"), *(str(len(some)) if some else "" for some in months)]]
    for name in look.series:
        prefix = f"{say(name)} " if len(look.series) > 1 else ""
        found = [_together(look, name, some) if some else None for some in months]
        rows.append([prefix + say("mean"), *(_figure(one.mean, look) if one else "" for one in found)])
        if look.form != "bar":
            rows.append([prefix + say("least"), *(_figure(one.least, look) if one else "" for one in found)])
        rows.append([prefix + say("most"), *(_figure(one.most, look) if one else "" for one in found)])
    if kind is Kind.SLEEP:
        stages = _stages(enumerate(months), say)
        for _, name, values, _ in stages[:3]:
            rows.append([name, *(_figure(values[at], look) if at in values else "" for at in range(12))])
    return rows


def typical(kind: Kind, days: Sequence[DaySummary], say: Say) -> str:
    """The means of the whole period, in words."""
    look, told = look_of(kind, say), []
    for name in look.series:
        one = _together(look, name, days)
        if one:
            prefix = f"{say(name)} " if len(look.series) > 1 else ""
            told.append(f"{prefix}{_figure(one.mean, look)}")
    return f"{' / '.join(told)} {look.unit}" if told else ""


def _chart(
    title: str,
    look: Look,
    series: Mapping[str, Mapping[int, Day]],
    stages: "list[_Stage] | None",
    slots: int,
    labels: Sequence[tuple[int, str]],
    say: Say,
) -> Chart:
    marks: list[Mark] = []
    if stages is not None:
        marks = [Mark("bar", stage.name, stage.values, stage.colour) for stage in stages if any(stage.values.values())]
    else:
        for (name, found), (colour, dashed) in zip(series.items(), ((_BLUE, False), (_RED, True)), strict=False):
            means = {slot: day.mean for slot, day in found.items()}
            if look.form == "band":
                low, high = ({slot: day[at] for slot, day in found.items()} for at in (0, 2))
                marks.append(Mark("band", say("range"), low, _PALE, high))
            form = "bar" if look.form == "bar" else "line"
            marks.append(
                Mark("bar" if form == "bar" else "line", say(_NAMES.get(name, name)), means, colour, None, dashed)
            )
    reached = [value for found in series.values() for day in found.values() for value in day]
    told = ", ".join(f"{_figure(min(reached), look)}–{_figure(max(reached), look)} {look.unit}" for _ in reached[:1])
    least, most = look.least, look.most
    if least == most:  # a weight has no axis of its own: what there is, with some room
        least, most = min(reached) - 2, max(reached) + 2
    return Chart(title, f"{title}: {told}", look.unit, slots, labels, marks, least, most)


_NAMES = {"steps": "daily_mean"}


class _Stage(NamedTuple):
    key: str
    name: str
    values: dict[int, float]
    colour: str


def _stages(groups: Iterable[tuple[int, Sequence[DaySummary]]], say: Say) -> list[_Stage]:
    """Hours in each stage, as means of the days in each slot."""
    keys = (("deep", _DEEP), ("light", _LIGHT), ("rem", _REM), ("asleep", _GREY))
    found = [_Stage(key, say(key), {}, colour) for key, colour in keys]
    for slot, days in groups:
        told = [_stage_hours(day) for day in days if isinstance(day, SleepDay)]
        for at, stage in enumerate(found):
            if told:
                stage.values[slot] = fmean(one[at] for one in told)
    return found


def _stage_hours(day: SleepDay) -> tuple[float, float, float, float]:
    deep = light = rem = 0.0
    for sleep in (day.main, *day.naps):
        if sleep.stages_minutes:
            deep += sleep.stages_minutes.deep
            light += sleep.stages_minutes.light
            rem += sleep.stages_minutes.rem
    return deep / 60, light / 60, rem / 60, max(0.0, day.asleep_minutes - deep - light - rem) / 60


def _series(look: Look, days: Iterable[tuple[int, DaySummary]]) -> dict[str, dict[int, Day]]:
    listed = list(days)
    told = {name: {slot: found(day) for slot, day in listed} for name, found in look.series.items()}
    return {name: {slot: day for slot, day in found.items() if day} for name, found in told.items()}


def _together(look: Look, name: str, days: Sequence[DaySummary]) -> Day | None:
    found = [one for day in days if (one := look.series[name](day)) is not None]
    if not found:
        return None
    return Day(min(d.least for d in found), fmean(d.mean for d in found), max(d.most for d in found))


def _spread(field: str) -> Callable[[Any], Day | None]:
    def found(day: Any) -> Day | None:
        spread = getattr(day, field)
        return Day(spread.min, spread.mean, spread.max)

    return found


def _same(value: float) -> Day:
    return Day(value, value, value)


def _figure(value: float, look: Look) -> str:
    return f"{value:,.{look.decimals}f}"


def _month(month: int, say: Say) -> str:
    return f"{month}月" if say.language is Language.JA else _MONTHS[month - 1]
