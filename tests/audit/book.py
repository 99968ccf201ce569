"""A log that is written, sealed and proven in tests."""

import datetime as dt
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from shared.audit.checkpoints import KEY, KEYS, read_keys
from shared.audit.model import Entry, Fact, Head, append
from shared.audit.proof import Proof, Read, prove
from shared.audit.sealing import Sealing
from shared.audit.store import decoded, every_entry
from shared.audit.writes import entry_id, entry_write
from shared.clock import ManualClock
from shared.cloud.documents import Documents
from shared.cloud.signing import Signer
from tests.audit.anchors import MemoryAnchors
from tests.fakes import MemorySecrets

SEED = bytes(range(32))
OTHER_SEED = bytes(range(1, 33))
DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 11, 23)
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


class Book:
    """Streams in a store, and what seals them."""

    def __init__(self, documents: Documents, clock: ManualClock) -> None:
        self.documents, self.clock = documents, clock
        self.anchors = MemoryAnchors()
        self.secrets = MemorySecrets({KEY: [SEED]})
        self._heads: dict[str, Head] = {}

    async def write(self, stream: str, at: dt.datetime, times: int = 1) -> Entry:
        """The stream's next entries, a second after each other; the last of them."""
        writes, entry = [], None
        for n in range(times):
            facts: Mapping[str, Fact] = {"n": n, "kinds": ["sleep", "体重"], "done": True}
            entry, self._heads[stream] = append(
                stream,
                self._heads.get(stream, Head()),
                at=at + dt.timedelta(seconds=n),
                actor="system",
                action="x.done",
                facts=facts,
            )
            writes.append(entry_write(entry))
        await self.documents.commit(writes)
        assert entry is not None
        return entry

    async def week(self) -> None:
        """Three days with five streams; some have entries on each day, one is long."""
        for day in range(3):
            at = NOON + day * DAY
            for stream in ("connection.a", "consent.a", "consent.b"):
                await self.write(stream, at, 2)
        await self.write("erasure.x", NOON + DAY, 1)
        await self.write("erasure.y", NOON + DAY + dt.timedelta(hours=11, minutes=59, seconds=55), 12)

    def sealing(self, *, documents: Any = None, anchors: Any = None, **more: Any) -> Sealing:
        return Sealing(
            documents=documents or self.documents,
            anchors=anchors or self.anchors,
            signer=Signer(self.secrets, KEY),
            clock=self.clock,
            **{"rows": 3, **more},
        )

    async def seal(self, until: dt.date = MONDAY + 2 * DAY) -> None:
        """Everything up to the end of that day."""
        self.clock.set(dt.datetime.combine(until + DAY, dt.time(3), dt.UTC))
        assert (await self.sealing().run()).finished

    async def prove(self, until: dt.date | None = None) -> Proof:
        entries = (Read(one.id, decoded(one)) async for one in every_entry(self.documents))
        return await proven(entries, self.anchors, until or (self.clock.now().date() - DAY))

    async def entries(self) -> list[Entry]:
        return [decoded(one) async for one in every_entry(self.documents)]


async def proven(entries: AsyncIterator[Read], anchors: MemoryAnchors, until: dt.date) -> Proof:
    keys = read_keys([content for name, content in anchors.kept.items() if name.startswith(KEYS)])
    return await prove(entries, anchors, keys, until)


async def lines(entries: Iterable[Entry]) -> AsyncIterator[Read]:
    """As they are read from a file."""
    for entry in entries:
        yield Read(entry_id(entry.stream, entry.number), entry)
