"""One person's data becomes one archive, file after file, while it is read.

In the order of files: what to read first, measurements, consents, records, what was left out, the report, and last the
hashes of all. Memory does not grow with what there is, but for day summaries, of which the report is made.
"""

import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator
from zoneinfo import ZoneInfo

import msgspec

from shared.disclosure.package import readme
from shared.disclosure.package.consents import Consents, ShownRecipients
from shared.disclosure.package.measurements import MeasurementFiles
from shared.disclosure.package.model import Category, Ground, LeftOut, Order
from shared.disclosure.package.ports import Progress, Sources
from shared.disclosure.package.progress import Meter
from shared.disclosure.package.reading import Calendar, Reading
from shared.disclosure.package.records import RecordFiles
from shared.disclosure.package.redaction import Redactions
from shared.disclosure.package.report import Report
from shared.disclosure.package.tables import BOM, lines, written
from shared.disclosure.package.words import GROUNDS, Say
from shared.disclosure.package.zipped import Piece, Zipped
from shared.errors import InvalidInput
from shared.measurement.civil import ZoneTimeline
from shared.vocabulary import Kind

FORMAT = "kagamino.package/1"


async def write_package(order: Order, sources: Sources, progress: Progress) -> AsyncGenerator[bytes, None]:
    """The archive, in pieces as they are made. Who stops half-way has nothing, since the end of an archive is
    its table, and should close it (`aclose`).

    A kind that is being erased is left out, and that is said. The caller must have found that the person the order is
    about asked for it.

    Raises:
        InvalidInput: `redaction_invalid`; `redaction_unmatched`, which is known only at the end: a redaction met
            nothing. `zone_unknown`, `zone_missing`, `query_invalid`: of the order's zone and dates.
        Refused: `consent_missing`: the person has died, or asked meanwhile to have something erased.
        Conflict: `precondition_failed`: measurements changed while they were packed; begin again.
        Whatever reading raises.
    """
    zones = await _zones(order, sources)
    packing = _Packing(order, sources, zones, Meter(progress, order))
    zipped = Zipped(order.at.astimezone(ZoneInfo(zones.changes[-1].zone)))
    async for some in zipped.written(packing.files()):
        yield some
    async for some in zipped.written(packing.manifest(zipped)):
        yield some
    yield zipped.close()
    await packing.meter.finish()


async def _zones(order: Order, sources: Sources) -> ZoneTimeline:
    if order.last < order.first:
        raise InvalidInput("query_invalid", "last: before first")
    if order.zone:
        return ZoneTimeline.of(order.zone)
    told = await sources.zones.zones(order.uid)
    if told is None:
        raise InvalidInput("zone_missing", "zone: the person's app never told one, so the order has to")
    return told


class _Packing:
    """The files of one package."""

    def __init__(self, order: Order, sources: Sources, zones: ZoneTimeline, meter: Meter) -> None:
        self._order, self._sources, self._zones, self.meter = order, sources, zones, meter
        self._redactions = Redactions(order, zones)
        self._calendar = Calendar(zones, order.first, order.last)
        self._reading = Reading(order, sources.days, sources.ledger, self._redactions)
        self._notice = sources.notices.in_force(order.at)
        self._erasing: list[Kind] = []
        self._say = Say(order.language)

    async def files(self) -> AsyncIterator[Piece]:
        """All but the manifest."""
        order, sources = self._order, self._sources
        report = Report(order, self._notice, self._zones)
        kinds, self._erasing = await self._reading.kinds() if self._has(Category.MEASUREMENTS) else ([], [])
        async for piece in readme.files(order, self._notice, self._zones, self._erasing, sources.public_url):
            yield piece
        for kind in kinds:
            of_kind = MeasurementFiles(order, kind, self._reading, self._calendar, self._redactions, self._zones)
            async for piece in of_kind.files(self.meter):
                yield piece
            report.add_kind(of_kind.told)
        if self._has(Category.CONSENTS):
            consents = Consents(order, sources, self._redactions, self._zones)
            async for piece in consents.files():
                yield piece
            report.add_consents(consents.told)
            await self.meter.passed()
        async for piece in self._records(report):
            yield piece
        left_out = self._left_out()
        yield self._left_out_file(left_out)
        yield Piece("report.pdf", await report.typeset(left_out, sources.typeset))
        await self.meter.passed()

    def _has(self, category: Category) -> bool:
        return category in self._order.categories and not self._redactions.all_of(category)

    async def _records(self, report: Report) -> AsyncIterator[Piece]:
        recipients = ShownRecipients(self._sources.recipients, self._redactions)
        for category in Category:
            if category in (Category.MEASUREMENTS, Category.CONSENTS) or not self._has(category):
                continue
            records = self._sources.records[category]
            of_category = RecordFiles(
                self._order, category, records, recipients, self._redactions, self._zones, self._period()
            )
            async for piece in of_category.files():
                yield piece
            report.add_records(category, of_category.told)
            await self.meter.passed()

    def _period(self) -> tuple[dt.datetime, dt.datetime]:
        since, until = self._calendar.instants
        return since, min(until, self._order.at)

    def _left_out(self) -> list[LeftOut]:
        erasing = [LeftOut(f"{Category.MEASUREMENTS}/{kind}", Ground.ERASING) for kind in self._erasing]
        return [*self._redactions.left_out(), *erasing]

    def _left_out_file(self, left_out: list[LeftOut]) -> Piece:
        rows = [(_where(one, self._say), GROUNDS[one.ground].of(self._order.language), one.ground) for one in left_out]
        head = (self._say("withheld.where"), self._say("withheld.why"), "code")
        return Piece("left-out.csv", BOM + lines([head, *rows]))

    async def manifest(self, zipped: Zipped) -> AsyncIterator[Piece]:
        """What there is, so that any change is seen."""
        order = self._order
        told = {
            "format": FORMAT,
            "case": order.number,
            "made_at": written(order.at, self._zones),
            "language": order.language,
            "from": order.first,
            "to": order.last,
            "zones": [change.zone for change in self._zones.changes],
            "categories": order.categories,
            "kinds": order.kinds,
            "files": zipped.members,
        }
        encoded = msgspec.json.encode({**told, "files": [one._asdict() for one in zipped.members]})
        yield Piece("manifest.json", msgspec.json.format(encoded) + b"\n")


def _where(one: LeftOut, say: Say) -> str:
    return say("withheld.passage", where=one.where) if one.passage else one.where
