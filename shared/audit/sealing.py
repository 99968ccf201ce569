"""The daily job: what the log says is put where nobody can change it.

A day is sealed once it is over by `GRACE`. Its entries are read shelf by shelf in order of id, and every `ROWS` of them
become a segment; how far that is, is kept in `audit_days/{day}`, so that a run that was killed is gone on with. Each
step expects that document as it was read, so of two runs at once one stops. The checkpoint's signed bytes are kept
there as well before they are put: whoever puts them again, whenever that is, puts the same. Other bytes under the same
name are therefore never ours by accident, and wake somebody up.

An entry's `at` is earlier than its commit, and a commit may come late. So each checkpoint also counts the `LATE` days
before it once more, and takes in what has been committed to them since. What comes later than that is in no checkpoint,
which the verifier tells.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import msgspec

from shared import log
from shared.audit import store
from shared.audit.checkpoints import (
    CHECKPOINTS,
    KEPT,
    KEYS,
    ROWS,
    TYPE,
    Anchored,
    Checkpoint,
    Row,
    Segment,
    Unsound,
    checkpoint_name,
    day_of,
    key_file,
    read_checkpoint,
    read_keys,
    write_segment,
)
from shared.audit.gathering import differs, missed, upcoming
from shared.audit.ports import Anchors
from shared.audit.writes import SHELVES
from shared.clock import Clock
from shared.cloud.documents import Documents, Expect, Put
from shared.cloud.signing import JwkSet
from shared.errors import Conflict

GRACE = dt.timedelta(hours=2)
"""How long after its end a day is sealed. No request lasts longer than an hour."""
LATE = 7
"""How many days back what was committed late is still taken in."""
AHEAD = dt.timedelta(minutes=5)
"""How far clocks may be apart."""


class Signs(Protocol):
    """What signs checkpoints: `signing.Signer`."""

    async def sign(self, payload: bytes, *, typ: str) -> str:
        """The JWS over `payload`."""
        ...

    async def published(self) -> JwkSet:
        """The keys that signatures are checked with."""
        ...


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """How far the sealing of a day is: `after` which entry of which shelf, and what was put so far.

    `jws` is the checkpoint, once it is made; from then on nothing else is put for this day.
    """

    shelf: int = 0
    after: str = ""
    segments: list[Segment] = []
    jws: str = ""


class Stored(NamedTuple):
    """The work on a day, and the version that fences it."""

    day: dt.date
    value: Work
    version: str | Expect


class Sealed(msgspec.Struct):
    """What a run did. `finished` is False where time ran out: the next run goes on."""

    days: int = 0
    entries: int = 0
    late: int = 0
    sealed_to: dt.date | None = None
    finished: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """The use case, over its ports."""

    documents: Documents
    anchors: Anchors
    signer: Signs
    clock: Clock
    budget_s: float = 900
    rows: int = ROWS
    _seen: dict[dt.date, Anchored] = field(default_factory=dict)

    async def run(self) -> Sealed:
        """Seal every day that is over. Doing it again, or twice at once, changes nothing further.

        Raises Refused `audit_differs`: what is anchored is not what we anchored; somebody must look. Conflict
        `precondition_failed`: another run is at it. Unavailable: the store, the keys or the anchors are out of reach;
        the next run goes on.
        """
        started, tally = self.clock.monotonic_s(), Sealed()
        until = (self.clock.now() - GRACE).date() - dt.timedelta(days=1)
        last = await self._last()
        day = last.value.day + dt.timedelta(days=1) if last else await store.first_day(self.documents) or until
        while day <= until:
            sealed = None if tally.days and self._is_over(started) else await self._seal(day, last, started, tally)
            if sealed is None:
                tally.finished = False
                break
            last, day = sealed, day + dt.timedelta(days=1)
            tally.days += 1
        tally.sealed_to = last.value.day if last else None
        log.event("audit.sealed", count=tally.entries, finished=tally.finished)
        return tally

    # ---------------------------------------------------------------- what is anchored already

    async def _last(self) -> Anchored | None:
        """The newest checkpoint, which has to be ours, and of a day that is over, with one for each day before it."""
        names = await self.anchors.names(CHECKPOINTS)
        days = [day_of(name) for name in names]
        first, last = (days[0], days[-1]) if days else (None, None)
        if first is None or last is None:
            if names:
                raise differs("checkpoint_unbelieved")
            return None
        if None in days or (last - first).days + 1 != len(days):
            raise differs("checkpoint_missing")
        if last >= (self.clock.now() + AHEAD).date():
            raise differs("checkpoint_unbelieved")
        return await self._checkpoint(last)

    async def _checkpoint(self, day: dt.date) -> Anchored:
        if day not in self._seen:
            content = await self.anchors.get(checkpoint_name(day))
            if content is None:
                raise differs("checkpoint_missing")
            self._seen[day] = await self._believed(content, day)
        return self._seen[day]

    async def _believed(self, content: bytes, day: dt.date) -> Anchored:
        try:
            found = read_checkpoint(content, read_keys(await self._key_files()))
        except Unsound as unsound:
            raise differs(unsound.reason) from None
        if found.value.day != day:
            raise differs("checkpoint_unbelieved")
        return found

    async def _key_files(self) -> list[bytes]:
        """The keys that sign now, and those that signed before."""
        ours = [key_file(key)[1] for key in (await self.signer.published()).keys]
        kept = [await self.anchors.get(name) for name in await self.anchors.names(KEYS)]
        return [*ours, *(one for one in kept if one is not None)]

    # ---------------------------------------------------------------- one day

    async def _seal(self, day: dt.date, last: Anchored | None, started: float, tally: Sealed) -> Anchored | None:
        """The day's checkpoint, once it is anchored; None where time ran out."""
        work = await self._begun(day)
        while not work.value.jws and work.value.shelf < SHELVES:
            before, work = work, await self._step(work, tally)
            # However little time there is, each run gets one segment further.
            if work.version != before.version and self._is_over(started):
                return None
        if not work.value.jws:
            work = await self._sign(work, last, tally)
        return await self._anchor(work, last)

    def _is_over(self, started: float) -> bool:
        return self.clock.monotonic_s() - started > self.budget_s

    async def _begun(self, day: dt.date) -> Stored:
        found = await self.documents.get(_path(day))
        if found is None:
            return Stored(day, Work(), Expect.ABSENT)
        return Stored(day, msgspec.convert(found.data, Work), found.version)

    async def _step(self, work: Stored, tally: Sealed) -> Stored:
        """One segment further; or one shelf, where it has no more."""
        now = work.value
        rows = await upcoming(self.documents, now.shelf, work.day, after=now.after, most=self.rows)
        further = len(rows) >= self.rows
        after = {"after": rows[-1].id} if further else {"after": "", "shelf": now.shelf + 1}
        if not rows:
            return work._replace(value=msgspec.structs.replace(now, **after))
        segments = [*now.segments, await self._segment(work.day, now.shelf, rows)]
        tally.entries += len(rows)
        return await self._keep(work, msgspec.structs.replace(now, segments=segments, **after))

    async def _keep(self, work: Stored, value: Work) -> Stored:
        versions = await self.documents.commit([Put(_path(work.day), msgspec.to_builtins(value), work.version)])
        return Stored(work.day, value, versions[0])

    async def _sign(self, work: Stored, last: Anchored | None, tally: Sealed) -> Stored:
        late = await self._late(work.day, last)
        tally.late += sum(one.entries for one in late)
        segments = [*work.value.segments, *late]
        checkpoint = Checkpoint(
            day=work.day,
            number=last.value.number + 1 if last else 1,
            entries=sum(one.entries for one in segments),
            segments=segments,
            previous=last.sha256 if last else "",
        )
        jws = await self.signer.sign(msgspec.json.encode(checkpoint), typ=TYPE)
        for key in (await self.signer.published()).keys:
            await self._put(*key_file(key), work.day)
        return await self._keep(work, Work(shelf=SHELVES, jws=jws))

    async def _anchor(self, work: Stored, last: Anchored | None) -> Anchored:
        content = work.value.jws.encode()
        made = await self._believed(content, work.day)
        if (made.value.previous, made.value.number) != ((last.sha256, last.value.number + 1) if last else ("", 1)):
            raise differs("checkpoint_unbelieved")
        await self._put(checkpoint_name(work.day), content, work.day)
        self._seen[work.day] = made
        self._seen.pop(work.day - dt.timedelta(days=LATE + 1), None)
        return made

    async def _segment(self, day: dt.date, shelf: int, rows: list[Row]) -> Segment:
        segment, content = await asyncio.to_thread(write_segment, day, shelf, rows)
        await self._put(segment.name, content, day)
        return segment

    async def _put(self, name: str, content: bytes, day: dt.date) -> None:
        try:
            await self.anchors.put(name, content, dt.datetime.combine(day, dt.time(), dt.UTC) + KEPT)
        except Conflict:
            raise differs("anchor_differs") from None

    async def _late(self, day: dt.date, last: Anchored | None) -> list[Segment]:
        """Segments of what was committed to the days before, after they were sealed."""
        reach = min(LATE, last.value.number) if last else 0
        before = [(await self._checkpoint(day - dt.timedelta(days=back))).value for back in range(1, reach + 1)]
        late = []
        for one in before:
            later = [segment for other in before if other.day > one.day for segment in other.segments]
            for shelf in range(SHELVES):
                mine = [each for each in one.segments if (each.day, each.shelf) == (one.day, shelf)]
                taken_in = [each for each in later if (each.day, each.shelf) == (one.day, shelf)]
                rows = await missed(
                    self.documents, self.anchors, shelf, one.day, sealed=mine, late=taken_in, most=self.rows
                )
                if rows:
                    log.event("audit.late", "WARNING", count=len(rows))
                    late.append(await self._segment(one.day, shelf, rows))
        return late


async def sealed_days(documents: Documents, days: Sequence[dt.date]) -> dict[dt.date, bool]:
    """Whether the checkpoint of each day is made, of those on which that was begun. One read each."""
    found = await documents.get_many([_path(day) for day in days])
    return {day: bool(msgspec.convert(one.data, Work).jws) for day, one in zip(days, found, strict=True) if one}


def _path(day: dt.date) -> str:
    return f"audit_days/{day.isoformat()}"
