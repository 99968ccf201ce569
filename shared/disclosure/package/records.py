"""Records of any category, as a table for people and as JSON for programs."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from shared.consent.ports import Recipients
from shared.disclosure.package.model import Category, Order
from shared.disclosure.package.ports import Record, Records
from shared.disclosure.package.redaction import Redactions
from shared.disclosure.package.tables import BOM, cell, lines, plain
from shared.disclosure.package.terms import LABELS
from shared.disclosure.package.zipped import Piece
from shared.measurement.civil import ZoneTimeline
from shared.vocabulary import Language

MOST_TOLD = 40
"""Of the report."""


class Told:
    """What the report shows of a category: the first records, which are the newest, and how many there are."""

    def __init__(self, fields: list[str]) -> None:
        self.fields = fields
        self.records: list[Record] = []
        self.count = 0


class RecordFiles:
    """Writes the files of one category."""

    def __init__(
        self,
        order: Order,
        category: Category,
        records: Records,
        recipients: Recipients,
        redactions: Redactions,
        zones: ZoneTimeline,
        period: tuple[dt.datetime, dt.datetime],
    ) -> None:
        self._order, self._category, self._records = order, category, records
        self._recipients, self._redactions, self._zones, self._period = recipients, redactions, zones, period
        self._fields = list(records.fields)
        if "recipient" in self._fields:
            self._fields.insert(self._fields.index("recipient") + 1, "recipient_name")
        self.told = Told(self._fields)

    async def files(self) -> AsyncIterator[Piece]:
        """The table, then the JSON."""
        language, zones = self._order.language, self._zones
        path = f"{self._category}.csv"
        yield Piece(path, BOM + lines([[label(one, language) for one in ("id", *self._fields)]]))
        async for record in self._shown():
            self.told.count += 1
            if len(self.told.records) < MOST_TOLD:
                self.told.records.append(record)
            row = (cell(record.fields.get(one), zones, language) for one in self._fields)
            yield Piece(path, lines([[record.id, *row]]))
        path = f"{self._category}.json"
        comma = msgspec.json.encode({"category": self._category})[:-1] + b',"records":['
        async for record in self._shown():
            yield Piece(path, comma + msgspec.json.encode({"id": record.id, **plain(record.fields, zones)}))
            comma = b",\n"
        yield Piece(path, (b"" if comma == b",\n" else comma) + b"]}\n")

    async def _shown(self) -> AsyncIterator[Record]:
        uid = self._order.uid
        async for record in self._records.of(uid, *self._period):
            unknown = record.fields.keys() - set(self._records.fields)
            if unknown:
                raise ValueError(f"{self._category}: fields nobody announced: {sorted(unknown)}")
            shown = self._redactions.record(self._category, record)
            if shown is not None:
                yield await self._named(uid, shown)

    async def _named(self, uid: str, record: Record) -> Record:
        whom = record.fields.get("recipient")
        if not isinstance(whom, str):
            return record
        found = (await self._recipients.find(uid, [whom])).get(whom)
        name: Any = found.name.of(self._order.language) if found else None
        return Record(record.id, {**record.fields, "recipient_name": name})


def label(field: str, language: Language) -> str:
    """What a field is called."""
    words = LABELS.get(field)
    return words.of(language) if words else field
