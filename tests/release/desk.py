"""Handing on over one store, beside the office that decides; and stores that let things happen in between."""

import datetime as dt
from typing import Any

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.documents import Documents, Expect, Query, settle
from shared.cloud.vault import WRAPPING_KEY, DataKeys
from shared.consent.institutions import Caller
from shared.consent.relations import RelationStore
from shared.consent.store import ConsentStore
from shared.measurement.model import Day, Points
from shared.measurement.service import Measurements
from shared.measurement.store import MeasurementStore
from shared.release.model import Provision, share_id
from shared.release.provisions import ProvisionStore
from shared.release.readers import Readers
from shared.release.service import Question, Releasing
from shared.release.shares import ShareStore
from shared.vocabulary import Kind, Purpose
from tests.consent.office import CLINIC, Office
from tests.fakes import MemorySecrets, SeededIds, permit_to_store

ON = dt.date(2026, 11, 22)
AT_NS = int(dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC).timestamp()) * 10**9
KG = 71.84375
CLINICS = Caller("reader@clinic.example", "101")
OTHERS = Caller("reader@other.example", "102")
GUIDANCE = Purpose.HEALTH_GUIDANCE


class Desk:
    """Everything that hands on, over `documents`. Deciding goes by `office`, which may be over another view of them."""

    def __init__(self, documents: Documents, clock: Any, office: Any = None, seed: int = 7) -> None:
        self.documents, self.clock = documents, clock
        self.office = office or Office(documents, clock)
        self.keys = DataKeys(documents, MemorySecrets({WRAPPING_KEY: [b"w" * 32]}))
        self.days = MeasurementStore(documents, self.keys)
        self.measurements = Measurements(days=self.days, zones=NoZones())
        self.shares, self.provisions = ShareStore(documents), ProvisionStore(documents)
        self.readers = Readers(documents=documents, relations=RelationStore(documents), shares=self.shares, clock=clock)
        self.releasing = Releasing(
            desk=self.readers,
            ledger=ConsentStore(documents),
            provisions=self.provisions,
            commit=lambda writes, *, witness: settle(documents, writes, witness=witness),
            clock=clock,
            ids=SeededIds(seed),
        )

    async def weigh(self, uid: str = "hana", kind: Kind = Kind.WEIGHT) -> None:
        """Store one point of a day."""
        key = await self.keys.ensure(uid)
        day = Day(ON, Points(kind, [AT_NS], [AT_NS], [1], ["raw:x"], [[KG]], [""]), [])
        await self.documents.commit([self.days.write(permit_to_store(uid, kind), "a", key, day, Expect.ABSENT)])

    async def clinic(self, caller: Caller = CLINICS) -> str:
        """A registered institution whose system has this account, as a recipient."""
        made = await self.office.institutions.register(CLINIC, "東京都港区", "03", "contract-1", caller)
        return f"institution:{made}"

    def asking(self, kind: Kind = Kind.WEIGHT, purpose: Purpose = GUIDANCE, *, points: bool = False) -> Question:
        """For the one day there is."""
        ask = self.measurements.points if points else self.measurements.day_summaries
        return Question(purpose, kind, lambda permit: ask(permit, ON, ON, "UTC"))

    async def named(self, recipient: str) -> str:
        """The one person's name to a recipient."""
        [(_, share)] = await self.shares.of_recipient(recipient, after="", limit=5)
        return share.handle

    async def on_record(self, uid: str = "hana", *recipients: str) -> list[Provision]:
        """What was handed on, oldest first; the audit chains hold together and tell of each."""
        found = await self.provisions.of_person(uid, after="", limit=100)
        assert found is not None
        told = [entry.action for one in recipients for entry in await self.chain(uid, one)]
        if recipients:
            stopped = [one for one in found if one.value.state == "stopped"]
            assert told.count("provision.recorded") == len(found)
            assert told.count("provision.stopped") == len(stopped)
        return [one.value for one in reversed(found)]

    async def chain(self, uid: str, recipient: str) -> list[Any]:
        entries = await stream_entries(self.documents, f"provisions.{share_id(uid, recipient)}")
        assert first_break(entries) is None
        return entries


class NoZones:
    async def zones(self, uid: str) -> None:
        return None


class Interrupted:
    """A store in which `during` happens right before the call numbered `at` (from 0), whatever it is; it counts calls.

    `commits` lists the paths that each commit wrote, in order: share it between views of one store."""

    def __init__(self, documents: Documents, commits: list[set[str]], at: int = -1, during: Any = None) -> None:
        self._documents, self.commits, self._at, self._during = documents, commits, at, during
        self.calls = 0

    async def _next(self) -> None:
        now, self.calls = self.calls, self.calls + 1
        if now == self._at and self._during is not None:
            await self._during()

    async def get(self, path: str) -> Any:
        await self._next()
        return await self._documents.get(path)

    async def get_many(self, paths: Any) -> Any:
        await self._next()
        return await self._documents.get_many(paths)

    async def query(self, query: Query) -> Any:
        await self._next()
        return await self._documents.query(query)

    async def count(self, query: Query) -> int:
        return await self._documents.count(query)

    async def commit(self, writes: Any) -> list[str]:
        await self._next()
        versions = await self._documents.commit(writes)
        self.commits.append({write.path for write in writes})
        return versions

    async def close(self) -> None:
        await self._documents.close()
