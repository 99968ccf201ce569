"""The daily run. It can be stopped anywhere and begun again, or run twice at once: what is gone is gone."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from shared import log
from shared.clock import Clock
from shared.cloud.documents import Delete, Documents, Query, Where
from shared.errors import Conflict
from shared.retention.model import EXPIRES, Tally

PAGE = 200
UNSIGNED_FOR = dt.timedelta(days=30)
"""So long papers that are due may wait for their two signatures before an operator is told."""


class Sweeper(Protocol):
    """What removes chunks that belong to nobody: `blobs.Blobs`."""

    async def sweep(self, *, limit: int = 100) -> bool:
        """Whether none is left."""
        ...


class DueCases(Protocol):
    """Where it is found whose papers are due: `disclosure.store.CaseStore`."""

    async def papers_due(self, today: dt.date) -> int:
        """How many cases wait for their papers to be destroyed."""
        ...

    async def papers_unsigned(self, until: dt.date) -> int:
        """How many have waited since before that day, with nothing that holds them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Retaining:
    """One run, within `budget_s`."""

    documents: Documents
    sweeper: Sweeper
    cases: DueCases
    clock: Clock
    budget_s: float = 480

    async def run(self, today: dt.date) -> Tally:
        """Let go of everything that has expired, page by page, and say what waits for people."""
        until = self.clock.monotonic_s() + self.budget_s
        gone: dict[str, int] = {}
        finished = True
        for collection, field in EXPIRES.items():
            gone[collection], whole = await self._expired(collection, field, until)
            finished = finished and whole
            log.event("retention.progress", stream=collection, count=gone[collection], finished=whole)
        swept = False
        while not swept and self.clock.monotonic_s() < until:
            swept = await self.sweeper.sweep(limit=PAGE)
        due = await self.cases.papers_due(today)
        if due:
            log.event("retention.papers_due", "NOTICE", count=due)
        if unsigned := await self.cases.papers_unsigned(today - UNSIGNED_FOR):
            log.event("retention.papers_unsigned", "ERROR", count=unsigned)
        tally = Tally(gone=gone, swept=swept, papers_due=due, finished=finished and swept)
        log.event("retention.done", count=sum(gone.values()), finished=tally.finished)
        return tally

    async def _expired(self, collection: str, field: str, until: float) -> tuple[int, bool]:
        """How many went, and whether none is left."""
        count = 0
        query = Query(collection, where=(Where(field, "<=", self.clock.now()),), order_by=(field,), limit=PAGE)
        while self.clock.monotonic_s() < until:
            found = await self.documents.query(query)
            if not found:
                return count, True
            for one in found:
                try:
                    await self.documents.commit([Delete(one.path, one.version)])
                except Conflict:
                    continue  # it was given more time, or has gone, this very moment
                count += 1
        return count, False
