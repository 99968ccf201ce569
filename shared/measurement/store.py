"""Days as documents, packed and sealed: `users/{uid}/days/{kind}.{day}.{account}`.

Each account of the source has its own documents: what an account does not hold says nothing about what another brought.
What is sealed says where it belongs: user, kind, day and account are its associated data.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Protocol

from shared.cloud.documents import NAME, Delete, Documents, Expect, Put, Query, Where, Write
from shared.cloud.seal import Key, open_sealed, seal
from shared.consent.gate import Permit
from shared.errors import Fault, Refused
from shared.measurement.merge import Change, merge
from shared.measurement.model import Day
from shared.measurement.pack import pack, unpack
from shared.measurement.ports import StoredDay
from shared.vocabulary import Kind, Purpose

PAGE_DAYS = 31
LARGEST_SEALED = 1_040_000
"""A document may be 1 MiB, its path and field names included."""


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

    async def read_days(self, permit: Permit, first: dt.date, last: dt.date) -> AsyncIterator[Day]:
        """As `measurement.ports.DayReader`. A day that several accounts have something of is one day."""
        uid, kind = permit.uid, permit.kind
        key: Key | None = None
        gathered: Day | None = None
        query = Query(
            f"users/{uid}/days",
            where=(Where(NAME, ">=", f"{kind}.{first.isoformat()}"), Where(NAME, "<", f"{kind}.{last.isoformat()}.~")),
            order_by=(NAME,),
            limit=PAGE_DAYS,
        )
        while page := await self._documents.query(query):
            key = key or await self.key(uid)
            for document in page:
                _, on, account = document.id.split(".")
                day = _open(uid, kind, dt.date.fromisoformat(on), account, key, document.data["sealed"])
                await asyncio.sleep(0)  # unpacking is work: others on this loop get a turn
                if gathered is not None and gathered.on != day.on:
                    yield gathered
                    gathered = day
                else:
                    gathered = (
                        day if gathered is None else merge(day.on, gathered, Change(day.points, (), day.set_aside))
                    )
            if len(page) < PAGE_DAYS:
                break
            query = replace(query, after=page[-1])
        if gathered is not None:
            yield gathered


class DayDeleter:
    """As `erasure.ports.DayEraser`: finds what there is to delete, without opening anything."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def deletions(self, uid: str, kind: Kind, *, limit: int) -> list[Write]:
        """As the port. One read for each document named."""
        found = await self._documents.query(
            Query(
                f"users/{uid}/days",
                where=(Where(NAME, ">=", f"{kind}."), Where(NAME, "<", f"{kind}.~")),
                order_by=(NAME,),
                limit=limit,
            )
        )
        return [Delete(document.path, document.version) for document in found]


def _check_storing(permit: Permit) -> None:
    if permit.purpose is not Purpose.QOLMS_STORE:
        raise Refused("consent_missing", f"{permit.purpose} stores nothing")


def _open(uid: str, kind: Kind, on: dt.date, account: str, key: Key, sealed: bytes) -> Day:
    return unpack(kind, on, open_sealed(key, sealed, uid, kind, on.isoformat(), account))


def _path(uid: str, kind: Kind, on: dt.date, account: str) -> str:
    return f"users/{uid}/days/{kind}.{on.isoformat()}.{account}"
