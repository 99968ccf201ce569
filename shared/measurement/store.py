"""Days as documents, packed and sealed: `users/{uid}/days/{kind}.{day}.{account}`.

Each account of the source has its own documents: what an account does not hold says nothing about what another brought.
What is sealed says where it belongs: user, kind, day and account are its associated data.
"""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from shared.cloud.documents import NAME, Delete, Document, Documents, Expect, Put, Query, Where, Write
from shared.cloud.seal import Key, open_sealed, seal
from shared.consent.gate import Permit
from shared.errors import Fault, Refused
from shared.measurement.corrections import (
    CorrectionRule,
    Touched,
    bound,
    corrected,
    days_added_to,
    touched,
    with_rule,
)
from shared.measurement.merge import Change, merge
from shared.measurement.model import Day, day_of
from shared.measurement.overlay import CorrectionStore, forgetting, opened, overlay_path
from shared.measurement.pack import pack, unpack
from shared.measurement.ports import StoredDay
from shared.vocabulary import Kind, Purpose

PAGE_DAYS = 31
LARGEST_SEALED = 1_040_000
"""A document may be 1 MiB, its path and field names included."""


class _Page(NamedTuple):
    """Documents of days, in order. `ends`: no further document of its last day is to come."""

    documents: list[Document]
    ends: bool


class _DataKeys(Protocol):
    async def key(self, uid: str) -> Key: ...


class MeasurementStore:
    """Reads and writes a person's days: whose and of which kind, the gate's permit says, and nobody else.

    Writes are handed back, for the caller's own commit.
    """

    def __init__(self, documents: Documents, keys: _DataKeys) -> None:
        self._documents = documents
        self._keys = keys

    async def key(self, uid: str) -> Key:
        """The key this person's days are sealed under. One read of the keys database. Raises as `DataKeys.key`."""
        return await self._keys.key(uid)

    async def stored(self, account: str, key: Key, wanted: Sequence[tuple[Permit, dt.date]]) -> list[StoredDay]:
        """The days asked for, in that order, to be merged with what is new. One read each, in one round trip.

        Faults `seal_broken`, `day_damaged` and `day_format_unknown` are with the day that has them. Raises Refused
        `consent_missing` where a permit is not for storing.
        """
        for permit, _ in wanted:
            _check_storing(permit)
        found = await self._documents.get_many([_path(p.uid, p.kind, on, account) for p, on in wanted])
        days: list[StoredDay] = []
        for (permit, on), document in zip(wanted, found, strict=True):
            if document is None:
                days.append(StoredDay(None, Expect.ABSENT))
                continue
            sealed: bytes = document.data["sealed"]
            try:
                days.append(StoredDay(_open(permit.uid, permit.kind, on, account, key, sealed), document.version))
            except Fault as fault:
                days.append(StoredDay(None, document.version, fault))
            await asyncio.sleep(0)  # unpacking is work: others on this loop get a turn
        return days

    def write(self, permit: Permit, account: str, key: Key, day: Day, expect: str | Expect) -> Write:
        """The write that makes `day` what is stored; a day with nothing in it leaves no document.

        Raises Refused `document_too_large`; `consent_missing`: the permit is not for storing, or not for this kind.
        """
        _check_storing(permit)
        uid, kind = permit.uid, permit.kind
        if day.points.kind is not kind:
            raise Refused("consent_missing", f"permitted is {kind}")
        path = _path(uid, kind, day.on, account)
        if not len(day.points) and not day.set_aside:
            return Delete(path, expect) if expect is not Expect.ABSENT else Delete(path)
        sealed = seal(key, pack(day), uid, kind, day.on.isoformat(), account)
        if len(sealed) > LARGEST_SEALED:
            raise Refused("document_too_large", f"a day of {len(sealed)} bytes, {LARGEST_SEALED} allowed")
        return Put(path, {"sealed": sealed}, expect)

    async def read_days(
        self, permit: Permit, first: dt.date, last: dt.date, *, growing: bool = False
    ) -> AsyncGenerator[Day, None]:
        """As `measurement.ports.DayReader`: the one place where what was corrected is read over what is stored. A day
        that several accounts have something of is one day. One read more than there are documents of days."""
        pages = self._pages(permit, _growing(first, last) if growing else [(first, last)])
        overlay = self._documents.get(overlay_path(permit.uid, permit.kind))
        found, page = await asyncio.gather(overlay, anext(pages, None))
        key = await self.key(permit.uid) if found else None
        rules = opened(permit, key, found) if found and key else ()
        added = deque(days_added_to(rules, first, last))
        async for day in self._stored_days(permit, key, page, pages):
            while added and added[0] <= day.on:
                if (on := added.popleft()) < day.on:
                    yield corrected(Day.empty(permit.kind, on), rules)
            yield corrected(day, rules)
        for on in added:
            yield corrected(Day.empty(permit.kind, on), rules)

    async def amend(self, permit: Permit, rules: Sequence[CorrectionRule]) -> tuple[list[Touched], Write]:
        """What further rules change, each over those before it, and the write that makes them hold.

        Raises Refused `consent_missing`: the permit is not to handle a request; `correction_unmatched`: one of them
        changes nothing; `too_many_corrections`. As `read_days`.
        """
        key, store = await self.key(permit.uid), CorrectionStore(self._documents)
        held, expect = await store.standing(permit, key)
        changes: list[Touched] = []
        for rule in rules:
            first, last = day_of(rule.start_ns), day_of(max(rule.end_ns - 1, rule.start_ns))
            there = {day.on: day async for day in self._source_days(permit, key, first, last)}
            days = [there.get(on) or Day.empty(permit.kind, on) for on in sorted({first, *there})]
            meant = bound(rule, permit.kind, [corrected(day, held) for day in days], held)
            changes.append(touched(meant, days, held))
            held = with_rule(held, meant)
        return changes, store.write(permit, key, held, expect)

    async def _source_days(self, permit: Permit, key: Key, first: dt.date, last: dt.date) -> AsyncIterator[Day]:
        pages = self._pages(permit, [(first, last)])
        async for day in self._stored_days(permit, key, await anext(pages, None), pages):
            yield day

    async def _pages(self, permit: Permit, spans: Iterable[tuple[dt.date, dt.date]]) -> AsyncGenerator[_Page, None]:
        for first, last in spans:
            since, until = f"{permit.kind}.{first.isoformat()}", f"{permit.kind}.{last.isoformat()}.~"
            query = Query(
                f"users/{permit.uid}/days",
                where=(Where(NAME, ">=", since), Where(NAME, "<", until)),
                order_by=(NAME,),
                limit=PAGE_DAYS,
            )
            while True:
                found = await self._documents.query(query)
                yield _Page(found, ends=len(found) < PAGE_DAYS)
                if len(found) < PAGE_DAYS:
                    break
                query = replace(query, after=found[-1])

    async def _stored_days(
        self, permit: Permit, key: Key | None, page: _Page | None, pages: AsyncGenerator[_Page, None]
    ) -> AsyncIterator[Day]:
        """The days as their source tells them."""
        gathered: Day | None = None
        while page is not None:
            for document in page.documents:
                key = key or await self.key(permit.uid)
                _, on, account = document.id.split(".")
                sealed: bytes = document.data["sealed"]
                day = _open(permit.uid, permit.kind, dt.date.fromisoformat(on), account, key, sealed)
                await asyncio.sleep(0)  # unpacking is work: others on this loop get a turn
                if gathered is None:
                    gathered = day
                elif gathered.on == day.on:
                    gathered = merge(day.on, gathered, Change(day.points, (), day.set_aside))
                else:
                    yield gathered
                    gathered = day
            if gathered is not None and page.ends:
                yield gathered
                gathered = None
            page = await anext(pages, None)


class DayDeleter:
    """As `erasure.ports.DayEraser`: finds what there is to delete, without opening anything."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def deletions(self, uid: str, kind: Kind, *, limit: int) -> list[Write]:
        """As the port. One read for each document named, and one for what was corrected, which goes with the last."""
        found = await self._documents.query(
            Query(
                f"users/{uid}/days",
                where=(Where(NAME, ">=", f"{kind}."), Where(NAME, "<", f"{kind}.~")),
                order_by=(NAME,),
                limit=limit,
            )
        )
        deletes: list[Write] = [Delete(document.path, document.version) for document in found]
        return deletes if len(found) == limit else [*deletes, *await forgetting(self._documents, uid, kind)]


def _growing(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """The days in spans of 2, 4, 8 …: a full page of points is found in one round trip or two where points are dense,
    and little is read in vain; sparse ones need few round trips."""
    days = 2
    while first <= last:
        until = min(first + dt.timedelta(days=days - 1), last)
        yield first, until
        first, days = until + dt.timedelta(days=1), days * 2


def _check_storing(permit: Permit) -> None:
    if permit.purpose is not Purpose.QOLMS_STORE:
        raise Refused("consent_missing", f"{permit.purpose} stores nothing")


def _open(uid: str, kind: Kind, on: dt.date, account: str, key: Key, sealed: bytes) -> Day:
    return unpack(kind, on, open_sealed(key, sealed, uid, kind, on.isoformat(), account))


def _path(uid: str, kind: Kind, on: dt.date, account: str) -> str:
    return f"users/{uid}/days/{kind}.{on.isoformat()}.{account}"
