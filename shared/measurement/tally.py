"""Civil days told from points: counts, sums and spreads that do not depend on the order the points come in.

Sums and means are exact before they are rounded once to a float. Memory grows with the days asked for, not with
their points (but for sleep, whose rows are few).
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from itertools import takewhile
from math import fsum
from typing import Any, Protocol

from shared.measurement.civil import Piece, ZoneTimeline
from shared.measurement.model import Number, Points, is_manual
from shared.measurement.sleep import SleepTally
from shared.measurement.summary import (
    MG_PER_DL_PER_MMOL_PER_L,
    BloodGlucoseDay,
    BloodPressureDay,
    BodyTemperatureDay,
    DaySummary,
    HeartRateDay,
    OxygenSaturationDay,
    Spread,
    StepsDay,
    WeightDay,
)
from shared.vocabulary import Kind


class Tally(Protocol):
    """Summaries in the making: takes the points of day documents, in any order of days, each document once."""

    def add(self, points: Points) -> None:
        """Count these in; those of other civil days than asked for are left out."""
        ...

    def summaries(self) -> list[DaySummary]:
        """One per civil day that has something to tell, ascending."""
        ...


def tally_of(kind: Kind, zones: ZoneTimeline, first: dt.date, last: dt.date) -> Tally:
    """A tally for the civil dates `first`..`last`, both included. Raises as `ZoneTimeline.pieces_of`."""
    if kind is Kind.SLEEP:
        return SleepTally(zones, first, last)
    pieces = zones.pieces_of(first, last)
    return _StepsTally(pieces) if kind is Kind.STEPS else _ReadingsTally(kind, zones, pieces)


class _StepsTally:
    """Shares an interval's steps among the civil days it touches, by time.

    Up to any moment an interval has made floor(count × elapsed ÷ length) steps; a day's share is the difference of
    that between its edges. So shares are whole, add up to the count exactly, and a day's total does not depend on
    which other days are asked for.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._days: dict[dt.date, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(self, points: Points) -> None:
        rows = zip(points.start_ns, points.end_ns, points.values[0], points.origin, strict=True)
        pieces = deque(self._pieces)
        for start_ns, end_ns, count, origin in rows:
            while pieces and pieces[0].end_ns <= start_ns:
                pieces.popleft()
            if not pieces:
                return
            if pieces[0].start_ns <= start_ns and end_ns <= pieces[0].end_ns:
                self._count(pieces[0].on, int(count or 0), origin)
            else:
                self._share(pieces, start_ns, end_ns, int(count or 0), origin)

    def _share(self, pieces: Iterable[Piece], start_ns: int, end_ns: int, count: int, origin: str) -> None:
        shares: dict[dt.date, int] = defaultdict(int)
        for piece in takewhile(lambda piece: piece.start_ns < end_ns, pieces):
            shares[piece.on] += _made(count, start_ns, end_ns, min(end_ns, piece.end_ns))
            shares[piece.on] -= _made(count, start_ns, end_ns, max(start_ns, piece.start_ns))
        for on, steps in shares.items():
            self._count(on, steps, origin)

    def _count(self, on: dt.date, steps: int, origin: str) -> None:
        day = self._days[on]
        day[0] += steps
        day[1] += 1
        day[2] += is_manual(origin)

    def summaries(self) -> list[DaySummary]:
        return [
            StepsDay(on=on, steps=steps, points=points, entered_by_hand=hand)
            for on, (steps, points, hand) in sorted(self._days.items())
        ]


def _made(count: int, start_ns: int, end_ns: int, until_ns: int) -> int:
    """The steps an interval has made until a moment within it."""
    return count * (until_ns - start_ns) // (end_ns - start_ns)


class _Exact:
    """Count, extremes and the exact sum of finite values, whatever their order, in constant space."""

    def __init__(self) -> None:
        self.count = 0
        self._low = self._high = 0.0
        self._parts: list[float] = []

    def add(self, values: Sequence[float]) -> None:
        """Count these in; at least one."""
        low, high = float(min(values)), float(max(values))
        self._low = min(self._low, low) if self.count else low
        self._high = max(self._high, high) if self.count else high
        self.count += len(values)
        # The correctly rounded sum, then that of what the rounding left, until nothing is left: together exact.
        terms, self._parts = [*self._parts, *values], []
        while part := fsum(terms):
            self._parts.append(part)
            terms.append(-part)

    def spread(self, factor: float = 1.0) -> Spread:
        """The values' spread, each multiplied by `factor` (above 0)."""
        mean = min(max(fsum(self._parts) / self.count, self._low), self._high)
        return Spread(self._low * factor, mean * factor, self._high * factor)


class _Readings:
    """One civil day of readings in the making."""

    def __init__(self, columns: int) -> None:
        self.points = self.by_hand = 0
        self.columns = [_Exact() for _ in range(columns)]
        self.last: tuple[int, int, str, float] | None = None

    def add(self, points: Points, rows: slice) -> None:
        origins = points.origin[rows]
        self.points += len(origins)
        if any(map(is_manual, set(origins))):
            self.by_hand += sum(map(is_manual, origins))
        for exact, values in zip(self.columns, _complete(points.values[: len(self.columns)], rows), strict=True):
            if values:
                exact.add(values)
        for at in range(rows.stop - 1, rows.start - 1, -1):
            value = points.values[0][at]
            if value is not None:
                candidate = points.start_ns[at], points.end_ns[at], points.origin[at], float(value)
                self.last = max(self.last or candidate, candidate)
                break


def _complete(columns: Sequence[Sequence[Number]], rows: slice) -> list[list[float]]:
    """The columns' values in `rows`, without the rows in which any of them is unset."""
    cut = [column[rows] for column in columns]
    whole = [at for at, values in enumerate(zip(*cut, strict=True)) if None not in values]
    return [[value for at in whole if (value := column[at]) is not None] for column in cut]


class _ReadingsTally:
    """Readings at an instant, each in the civil day it starts in."""

    def __init__(self, kind: Kind, zones: ZoneTimeline, pieces: Sequence[Piece]) -> None:
        self._kind = kind
        self._zones = zones
        self._pieces = pieces
        self._ends = [piece.end_ns for piece in pieces]
        self._days: dict[dt.date, _Readings] = {}

    def add(self, points: Points) -> None:
        if not len(points):
            return
        columns = 2 if self._kind is Kind.BLOOD_PRESSURE else 1
        for piece in self._pieces[bisect_right(self._ends, points.start_ns[0]) :]:
            if piece.start_ns > points.start_ns[-1]:
                break
            first, after = bisect_left(points.start_ns, piece.start_ns), bisect_left(points.start_ns, piece.end_ns)
            if first < after:
                self._days.setdefault(piece.on, _Readings(columns)).add(points, slice(first, after))

    def summaries(self) -> list[DaySummary]:
        return [self._summary(on, day) for on, day in sorted(self._days.items()) if day.columns[0].count]

    def _summary(self, on: dt.date, day: _Readings) -> DaySummary:
        counted: dict[str, Any] = {"on": on, "points": day.points, "entered_by_hand": day.by_hand}
        first = day.columns[0]
        match self._kind:
            case Kind.HEART_RATE:
                return HeartRateDay(**counted, bpm=first.spread())
            case Kind.BODY_TEMPERATURE:
                return BodyTemperatureDay(**counted, celsius=first.spread())
            case Kind.OXYGEN_SATURATION:
                return OxygenSaturationDay(**counted, percent=first.spread())
            case Kind.BLOOD_GLUCOSE:
                factor = MG_PER_DL_PER_MMOL_PER_L
                return BloodGlucoseDay(
                    **counted,
                    mmol_per_l=first.spread(),
                    mg_per_dl=first.spread(factor),
                    mg_per_dl_per_mmol_per_l=factor,
                )
            case Kind.BLOOD_PRESSURE:
                diastolic = day.columns[1].spread()
                return BloodPressureDay(
                    **counted, pairs=first.count, systolic_mmhg=first.spread(), diastolic_mmhg=diastolic
                )
            case Kind.WEIGHT if day.last:
                at_ns, _, _, last_kg = day.last
                kg = first.spread()
                return WeightDay(
                    **counted, last_kg=last_kg, last_at=self._zones.written(at_ns), min_kg=kg.min, max_kg=kg.max
                )
            case other:
                raise ValueError(f"{other} is not a reading")
