"""Reading one person's measurements for a request of theirs: by the gate's permit, without what is left out."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import AsyncGenerator, Iterator
from typing import NamedTuple

from shared.consent.gate import Permit, admit_request
from shared.consent.ports import Ledger
from shared.disclosure.package.model import Order
from shared.disclosure.package.redaction import Redactions
from shared.errors import Conflict, InvalidInput, Refused
from shared.measurement.civil import ZoneTimeline, utc_day_of
from shared.measurement.model import Day, Points
from shared.measurement.ports import DayReader
from shared.vocabulary import Kind

UNDATED = dt.date(1970, 1, 1)
"""The UTC day that what was set aside without a readable time is stored under."""


class Part(NamedTuple):
    """Points that belong into the files of one civil year."""

    year: int
    points: Points


class Reading:
    """As `measurement.ports.DayReader`, for one order.

    Files and charts are written one after another, each from a reading of its own: what changes between two of them is
    found, so that they never disagree.
    """

    def __init__(self, order: Order, days: DayReader, ledger: Ledger, redactions: Redactions) -> None:
        self._order, self._days, self._ledger, self._redactions = order, days, ledger, redactions
        self._seen: dict[tuple[Kind, dt.date], int] = {}
        self.set_aside: dict[Kind, int] = {}
        """How many points that were set aside have been read of a kind, in its first reading."""

    async def permit(self, kind: Kind) -> Permit:
        """The gate's permit, asked for anew. Raises Refused `consent_missing`."""
        standing = await self._ledger.standing(self._order.uid)
        return admit_request(self._order.uid, standing.consents, kind, self._order.case)

    async def kinds(self) -> tuple[list[Kind], list[Kind]]:
        """The ordered kinds that may be told, and those that are being erased. Raises Refused `consent_missing`."""
        standing = await self._ledger.standing(self._order.uid)
        told: list[Kind] = []
        erasing: list[Kind] = []
        for kind in self._order.kinds:
            try:
                admit_request(self._order.uid, standing.consents, kind, self._order.case)
            except Refused as no:
                if no.detail != "erasing":
                    raise
                erasing.append(kind)
            else:
                told.append(kind)
        return told, erasing

    async def read_days(
        self, permit: Permit, first: dt.date, last: dt.date, *, growing: bool = False
    ) -> AsyncGenerator[Day, None]:
        """As the port. Raises Conflict `precondition_failed`: a day is not what it was when it was read before."""
        kind, there = permit.kind, set[dt.date]()
        async for day in self._days.read_days(permit, first, last, growing=growing):
            there.add(day.on)
            if (kind, day.on) not in self._seen:
                self.set_aside[kind] = self.set_aside.get(kind, 0) + len(day.set_aside)
            self._compare(kind, day.on, _mark(day))
            yield self._redactions.day(kind, day)
        for number in range(first.toordinal(), last.toordinal() + 1):
            on = dt.date.fromordinal(number)
            if on not in there:
                self._compare(kind, on, 0)

    def _compare(self, kind: Kind, on: dt.date, mark: int) -> None:
        if self._seen.setdefault((kind, on), mark) != mark:
            raise Conflict("precondition_failed", "measurements changed while they were packed")


def _mark(day: Day) -> int:
    """Differs for days that differ, within this process."""
    points = day.points
    columns = (tuple(points.start_ns), tuple(points.end_ns), tuple(points.modified_ms), *map(tuple, points.values))
    return hash((columns, len(day.set_aside))) or 1


class Calendar:
    """The civil years of a period, as instants. Raises InvalidInput `query_invalid`: no such time."""

    def __init__(self, zones: ZoneTimeline, first: dt.date, last: dt.date) -> None:
        self._spans: list[tuple[int, int, int]] = []
        for piece in zones.pieces_of(first, last):
            since, until, year = self._spans[-1] if self._spans else (0, piece.start_ns - 1, 0)
            # Years only ascend, also for who crosses the date line on New Year's Eve: files are written one by one.
            if until == piece.start_ns and year >= piece.on.year:
                self._spans[-1] = since, piece.end_ns, year
            else:
                self._spans.append((piece.start_ns, piece.end_ns, max(piece.on.year, year)))
        if not self._spans:
            raise InvalidInput("query_invalid", "dates that the person's country left out")
        self._ends = [until for _, until, _ in self._spans]

    @property
    def utc_days(self) -> tuple[dt.date, dt.date]:
        """The first and the last UTC day of it."""
        return utc_day_of(self._spans[0][0]), utc_day_of(self._spans[-1][1] - 1)

    @property
    def instants(self) -> tuple[dt.datetime, dt.datetime]:
        """When it begins and when it is over."""
        return _at(self._spans[0][0]), _at(self._spans[-1][1])

    def parts(self, points: Points) -> Iterator[Part]:
        """The points that start within the period, by year."""
        for since, until, year in self._spans[bisect_right(self._ends, points.start_ns[0] if len(points) else 0) :]:
            if not len(points) or since > points.start_ns[-1]:
                return
            first, after = bisect_left(points.start_ns, since), bisect_left(points.start_ns, until)
            if first < after:
                yield Part(year, points if after - first == len(points) else points.span(first, after))

    def holds(self, instant_ns: int | None) -> bool:
        """Whether an instant is within the period; one that nobody knows is."""
        return instant_ns is None or any(since <= instant_ns < until for since, until, _ in self._spans)


def _at(instant_ns: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=instant_ns // 1000)
