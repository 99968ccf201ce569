"""One tick: every due user becomes a task, shard by shard, in bounded memory, resumable, and safe to run twice at once.

A tick writes nothing to users. A task's name is made of the user, the time they were due and a window of the clock, so
ticks that overlap collapse into one task, and a task that got lost is made again in the next window.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared import ids, log
from shared.clock import Clock
from shared.cloud.documents import Document, Documents, Put
from shared.connection.ports import Links, Queue
from shared.errors import Fault, Unavailable

PAGE = 500
AT_ONCE = 50
"""Tasks created at a time: each creation waits some 10 ms for Cloud Tasks."""
WINDOW_S = 900
"""A user still due after this long gets another task: theirs was lost, or its worker died."""
GRANTS = 200


class Erasures(Protocol):
    """Where erasures are looked up: `erasure.store.ErasureStore`."""

    async def due(self, at: datetime, *, limit: int) -> list[Document]:
        """Those whose own task must have been lost, the oldest first."""
        ...


@dataclass(slots=True)
class Tally:
    """What a tick did. `finished` is False where time ran out: the next tick begins with another shard."""

    due: int = 0
    queued: int = 0
    shards: int = 0
    resumed: int = 0
    grants: int = 0
    erasures: int = 0
    finished: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatching:
    """The use case, over its ports."""

    documents: Documents
    connections: Links
    erasures: Erasures
    queue: Queue
    clock: Clock
    shards: int
    tick_s: int
    budget_s: int

    async def tick(self) -> Tally:
        """Queue everyone who is due, spread over the time until the next tick.

        Raises Unavailable where the store or the queue is out of reach: what was queued stays queued, and the retry
        goes on where this stopped.
        """
        started, at, tally = self.clock.monotonic_s(), self.clock.now(), Tally()
        # Where time runs out tick after tick, it is not always the same people who wait.
        first = self._slot(at) % self.shards
        for shard in [*range(first, self.shards), *range(first)]:
            if self.clock.monotonic_s() - started > self.budget_s:
                tally.finished = False
                break
            await self._shard(shard, at, started, tally)
            tally.shards += 1
        await self._loose_grants(at, tally)
        await self._lost_erasures(at, tally)
        log.event("dispatch.done", count=tally.due, shards=tally.shards, resumed=tally.resumed, finished=tally.finished)
        return tally

    async def _shard(self, shard: int, at: datetime, started: float, tally: Tally) -> None:
        slot = self._slot(at)
        position = await self._resume(shard, slot)
        if position is not None:
            tally.resumed += 1
        while True:
            page = await self.connections.due(shard, at, after=position, limit=PAGE)
            await self._queue_all(page, at, tally)
            if len(page) < PAGE:
                break
            position = page[-1]
            await self._remember(shard, slot, position)
            log.event("dispatch.progress", shard=shard, count=tally.due)
            if self.clock.monotonic_s() - started > self.budget_s:
                tally.finished = False
                return
        if position is not None:
            await self._remember(shard, slot, None)

    def _slot(self, at: datetime) -> int:
        return int(at.timestamp()) // self.tick_s

    async def _queue_all(self, page: list[Document], at: datetime, tally: Tally) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(document: Document) -> bool:
            async with places:
                return await self._queue(document, at)

        tally.due += len(page)
        results = await asyncio.gather(*(one(document) for document in page), return_exceptions=True)
        tally.queued += sum(result is True for result in results)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, Fault):
                # One document that is not as it should be; those behind it are due all the same.
                log.unexpected(result)
            elif isinstance(result, BaseException):
                raise result

    async def _queue(self, document: Document, at: datetime) -> bool:
        uid, provider = document.data["uid"], document.data["provider"]
        due_at: datetime = document.data["next_sync_at"]
        window = int(at.timestamp()) // WINDOW_S
        # Evenly by user rather than at random: a tick that runs twice names the same moments.
        offset_s = int(ids.digest("spread", uid)[:8], 16) % self.tick_s
        return await self.queue.enqueue(
            "sync",
            "sync_user",
            {"uid": uid, "provider": provider},
            name_parts=("sync", uid, provider, due_at.isoformat(), str(window)),
            schedule_at=at + timedelta(seconds=offset_s),
        )

    async def _resume(self, shard: int, slot: int) -> Document | None:
        """Where the same tick stopped before, if it did."""
        found = await self.documents.get(_path(shard))
        if found is None or found.data["slot"] != slot or not found.data["path"]:
            return None
        return Document(found.data["path"], {"next_sync_at": found.data["next_sync_at"]}, "")

    async def _remember(self, shard: int, slot: int, position: Document | None) -> None:
        data = {"slot": slot, "path": "", "next_sync_at": None}
        if position is not None:
            data |= {"path": position.path, "next_sync_at": position.data["next_sync_at"]}
        await self.documents.commit([Put(_path(shard), data)])

    async def _loose_grants(self, at: datetime, tally: Tally) -> None:
        """Grants whose revocation is due and whose own task got lost."""
        window = str(int(at.timestamp()) // WINDOW_S)
        for name in await self.connections.loose_grants_due(at, limit=GRANTS):
            try:
                await self.queue.enqueue(
                    "revocation", "connection/revoke_due", {"grant": name}, name_parts=("revoke", name, window)
                )
            except Unavailable as fault:
                log.event("revocation.not_queued", "WARNING", code=fault.code)
                return
            tally.grants += 1

    async def _lost_erasures(self, at: datetime, tally: Tally) -> None:
        """Erasures whose own task got lost; and whether any is later than its person was promised."""
        window = str(int(at.timestamp()) // WINDOW_S)
        lost = await self.erasures.due(at, limit=GRANTS)
        if late := [one for one in lost if one.data.get("due_at", at) <= at]:
            log.event("erasure.overdue", "ERROR", count=len(late))
        for one in lost:
            try:
                await self.queue.enqueue(
                    "erasure", "erasure/run", {"erasure": one.id}, name_parts=("erase", one.id, window)
                )
            except Unavailable as fault:
                log.event("erasure.not_queued", "WARNING", code=fault.code)
                return
            tally.erasures += 1


def _path(shard: int) -> str:
    return f"dispatch/{shard}"
