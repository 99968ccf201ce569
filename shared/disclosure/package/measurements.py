"""The files of one kind of measurements: tables by year, what was set aside, observations; and day summaries."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from shared.disclosure.package.model import Category, Order
from shared.disclosure.package.observations import MOST_ENTRIES, Observations
from shared.disclosure.package.progress import Meter
from shared.disclosure.package.reading import UNDATED, Calendar, Reading
from shared.disclosure.package.readings import aside_body, aside_head, body, head, slices
from shared.disclosure.package.redaction import Redactions
from shared.disclosure.package.tables import BOM, Written
from shared.disclosure.package.words import Say
from shared.disclosure.package.zipped import Piece
from shared.measurement.civil import ZoneTimeline
from shared.measurement.model import Day
from shared.measurement.service import Measurements
from shared.measurement.summary import DaySummary
from shared.vocabulary import Kind


@dataclass(slots=True)
class KindTold:
    """What the report tells of a kind: how many points there are by year, and what each day came to."""

    kind: Kind
    points: dict[int, int] = field(default_factory=dict)
    days: list[DaySummary] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """As `measurement.ports.ZoneReader`: the zones that the package is written in."""

    told: ZoneTimeline

    async def zones(self, uid: str) -> ZoneTimeline:
        return self.told


class MeasurementFiles:
    """Writes the files of one kind."""

    def __init__(
        self,
        order: Order,
        kind: Kind,
        reading: Reading,
        calendar: Calendar,
        redactions: Redactions,
        zones: ZoneTimeline,
    ) -> None:
        self._order, self._kind, self._reading, self._calendar = order, kind, reading, calendar
        self._redactions, self._zones, self._say = redactions, zones, Say(order.language)
        self.told = KindTold(kind)

    async def files(self, meter: Meter) -> AsyncIterator[Piece]:
        """All of them. Raises as `Reading`."""
        async for piece in self._tables(meter):
            yield piece
        await meter.passed()
        async for piece in self._set_aside():
            yield piece
        if self.told.points:
            async for piece in self._bundles(meter):
                yield piece
        await meter.passed()
        await self._summarize(meter)
        await meter.passed()

    async def _days(self, meter: Meter) -> AsyncIterator[Day]:
        first, last = self._calendar.utc_days
        permit = await self._reading.permit(self._kind)
        async for day in self._reading.read_days(permit, first, last):
            yield day
            await meter.reach((day.on - first).days / ((last - first).days + 1))

    async def _tables(self, meter: Meter) -> AsyncIterator[Piece]:
        begun, counts, times = "", self.told.points, Written(self._zones)
        async for day in self._days(meter):
            for year, points in self._calendar.parts(day.points):
                path = f"{Category.MEASUREMENTS}/{self._kind}-{year}.csv"
                if path != begun:
                    begun = path
                    yield Piece(path, BOM + head(self._kind, self._say))
                counts[year] = counts.get(year, 0) + len(points)
                for some in slices(points):
                    rows = await asyncio.to_thread(body, some, times, self._redactions, self._order.language)
                    yield Piece(path, rows)

    async def _set_aside(self) -> AsyncIterator[Piece]:
        """What was kept and not believed. What nobody knows the time of is told whatever the period."""
        path, begun = f"{Category.MEASUREMENTS}/{self._kind}-set-aside.csv", False
        first, last = self._calendar.utc_days
        permit = await self._reading.permit(self._kind)
        spans = [(UNDATED, UNDATED)] if first > UNDATED else []
        if self._reading.set_aside.get(self._kind):
            spans.append((first, last))
        for span in spans:
            async for day in self._reading.read_days(permit, *span):
                aside = [one for one in day.set_aside if self._calendar.holds(one.start_ns)]
                if aside and not begun:
                    begun = True
                    yield Piece(path, BOM + aside_head(self._say))
                if aside:
                    yield Piece(path, aside_body(Day(day.on, day.points, aside), self._zones, self._order.language))

    async def _bundles(self, meter: Meter) -> AsyncIterator[Piece]:
        observations = Observations(self._order, self._kind, self._zones, self._redactions)
        of_year = bundle = part = room = 0
        path = ""
        async for day in self._days(meter):
            for year, points in self._calendar.parts(day.points):
                for some in slices(points):
                    if year != of_year or len(some) > room:
                        if path:
                            yield Piece(path, b"]}\n")
                        part = 1 if year != of_year else part + 1
                        of_year, room, bundle = year, MOST_ENTRIES, bundle + 1
                        path = f"fhir/{self._kind}-{year}-part{part:03d}.json"
                        yield Piece(path, observations.head(bundle))
                    comma = b",\n" if room < MOST_ENTRIES else b""
                    yield Piece(path, comma + await asyncio.to_thread(observations.entries, some))
                    room -= len(some)
        if path:
            yield Piece(path, b"]}\n")

    async def _summarize(self, meter: Meter) -> None:
        """A year at a time. Raises as `Measurements.day_summaries`."""
        reading = Measurements(self._reading, _Fixed(self._zones))
        for done, year in enumerate(sorted(self.told.points), 1):
            permit = await self._reading.permit(self._kind)
            first = max(self._order.first, dt.date(year, 1, 1))
            last = min(self._order.last, dt.date(year, 12, 31))
            if first <= last:
                self.told.days += (await reading.day_summaries(permit, first, last)).days
            await meter.reach(done / len(self.told.points))
