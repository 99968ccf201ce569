"""One user's data, fetched and stored: the story of a visit.

The fence is the connection document. It is read once; everything the visit commits expects the version it read, or the
one its own last write made. The lease guards the one thing a version cannot undo: spending the refresh token.
"""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from shared import ids, log
from shared.clock import Clock
from shared.cloud.documents import Documents, Write
from shared.connection.model import Connection, LinkState, begun_anew, purposeless
from shared.connection.ports import Authority, Links, Queue
from shared.connection.writes import put
from shared.errors import Conflict, Fault, NotFound, OutcomeUnknown, Refused, Unavailable
from shared.sync.apply import KindProgress, advance, begin, chunks, merge_days, so_far
from shared.sync.fetch import AccessToken, CallBudget, Fetching, KindFetch
from shared.sync.model import Outcome, Reach, next_sync_at, not_before, told
from shared.sync.ports import Days
from shared.sync.room import Room
from shared.sync.tokens import TokenKeeper, Vault
from shared.sync.visit import Fence, Visit, with_grant_of
from shared.vocabulary import Kind, Provider

STREAMS_LAST = timedelta(hours=24)
MOST_CHASES = 200  # of up to 20,000 changes per stream each: a feed that then still has more may never end
_REBASES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often, and how much at a time."""

    reach: Reach
    interval_s: int
    calls_per_minute: int
    prepare_s: float = 60
    lease_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncing:
    """The use case, over its ports."""

    documents: Documents
    connections: Links
    days: Days
    fetching: Fetching
    authority: Authority
    vault: Vault
    queue: Queue
    clock: Clock
    ids: ids.Ids
    pace: Pace
    room: Room = field(default_factory=Room)

    @property
    def _fence(self) -> Fence:
        return Fence(self.documents, self.connections, self.clock, self.ids)

    async def sync(self, uid: str, provider: Provider) -> Outcome:
        """Fetch what is new, merge it, store it. Running it again, or twice at once, changes nothing further.

        Raises Unavailable where the store or the secrets are out of reach, or this instance reads enough at once: the
        queue then sends the task again. Faults of the provider are kept with the connection instead, and decide when to
        come back.
        """
        found = await self.connections.connection(uid, provider)
        if found is None or found.value.state is not LinkState.ACTIVE:
            return Outcome(outcome="nothing_to_do")
        if found.value.next_sync_at > self.clock.now():
            return Outcome(outcome="not_due")
        visit = Visit(found, self.ids.ident(), sorted(found.value.granted))
        if visit.connection.leased_to_other(visit.holder, self.clock.now()):
            return Outcome(outcome="busy")
        try:
            if purposeless(visit.connection, self.clock.now()):
                return await self._fence.end(visit)
            async with self.room.place(visit.connection, self.clock.now()):
                return await self._visit(visit)
        except Conflict:
            return Outcome(outcome="superseded")  # another worker, or the person, was first; nothing of ours is stored

    async def _visit(self, visit: Visit) -> Outcome:
        budget = self._budget(visit.connection)
        keeper = TokenKeeper(
            self.documents, self.connections, self.authority, self.vault, self.clock, self.pace.lease_s
        )
        try:
            fetches = await self._fetched(visit, keeper, budget)
        except Refused as refused:
            if refused.code != "token_dead":
                return await self._put_off(visit, refused, budget)
            await self._fence.needs_reauth(visit)
            return Outcome(outcome="needs_reauth")
        except TimeoutError:
            return await self._put_off(visit, Unavailable("upstream_unavailable", "too slow"), budget)
        except Fault as fault:
            if isinstance(fault, Conflict | OutcomeUnknown) or not fault.code.startswith("upstream_"):
                raise
            return await self._put_off(visit, fault, budget)
        if any(isinstance(fetch.fault, Conflict) for fetch in fetches):  # met by whoever renewed the token for all
            raise Conflict("precondition_failed")
        if any(fetch.fault is not None and fetch.fault.code == "token_dead" for fetch in fetches):
            await self._fence.needs_reauth(visit)
            return Outcome(outcome="needs_reauth")
        return await self._store(visit, fetches, budget)

    async def _fetched(self, visit: Visit, keeper: TokenKeeper, budget: CallBudget) -> list[KindFetch]:
        token = AccessToken(await keeper.access(visit), lambda: keeper.refresh(visit))
        try:
            async with asyncio.timeout(self.pace.prepare_s):
                unreadable = await self._look_up_streams(visit, token, budget)
            began = visit.connection
            permits = [one for one in began.permits(self.clock.now()) if one.kind not in unreadable]
            fetches = await self.fetching.all(began, permits, token, budget)
        finally:
            await token.settled()
        if visit.connection.commit != began.commit:  # met while keeping a rotated token: another worker was first
            raise Conflict("precondition_failed")
        fetches += [self.fetching.failed(began, kind, fault) for kind, fault in unreadable.items()]
        # Keeping a rotated token may have brought the visit onto a connection that the person changed meanwhile.
        ours = with_grant_of(began, visit.connection)
        return self._fence.still_counting(visit, ours, fetches)

    async def _look_up_streams(self, visit: Visit, token: AccessToken, budget: CallBudget) -> dict[Kind, Fault]:
        """Find out which streams to read, once a day, or where some kind has none yet; say which kinds cannot be read.

        What is learnt goes along with the visit's commit.
        """
        now = self.clock.now()
        kinds, checked = visit.connection.permitted(now), visit.connection.streams_checked_at
        known = all(visit.connection.kinds[kind].streams for kind in kinds)
        if not kinds or (checked is not None and now < checked + STREAMS_LAST and known):
            return {}
        unreadable: dict[Kind, Fault] = {}
        found = await self.fetching.streams(token, kinds, budget)
        links = dict(visit.connection.kinds)  # only now: the token may have been renewed on the way
        for kind, streams in found.items():
            if isinstance(streams, Fault):
                unreadable[kind] = streams
            elif streams != links[kind].streams:
                # Other streams are another reading of the same data: begin anew with them, history included.
                links[kind] = msgspec.structs.replace(begun_anew(links[kind]), streams=streams)
        learnt = msgspec.structs.replace(visit.connection, kinds=links, streams_checked_at=now)
        visit.at = visit.at._replace(value=learnt)
        return unreadable

    async def _store(self, visit: Visit, fetches: Sequence[KindFetch], budget: CallBudget) -> Outcome:
        """Merge and commit; where the connection moved meanwhile, decide again on what it says now."""
        fingerprint_key = await self.vault.fingerprint_key(visit.connection.uid)
        for _ in range(_REBASES):
            progress = begin(visit.connection, fetches, fingerprint_key)
            try:
                changed = await self._commit_all(visit, fetches, progress, fingerprint_key, budget)
            except Conflict:
                fetches = await self._fence.rebase(visit, fetches)
                continue
            except (NotFound, Refused) as refused:  # fetched again at once, it would be refused again
                log.event("sync.kind_not_stored", "ERROR", code=refused.code)
                return await self._put_off(visit, refused, budget)
            outcome = self._outcome(visit.connection, fetches, changed)
            if outcome.again:
                await self._continue(visit.connection)
            return outcome
        raise Conflict("precondition_failed")

    async def _commit_all(
        self,
        visit: Visit,
        fetches: Sequence[KindFetch],
        progress: dict[Kind, KindProgress],
        fingerprint_key: bytes,
        budget: CallBudget,
    ) -> int:
        portions = deque(chunks(progress))
        key = await self.days.key(visit.connection.uid) if portions[0] else None
        changed = 0
        while portions:
            portion = portions.popleft()
            writes: list[Write] = []
            if key is not None:
                merged = await merge_days(
                    self._fence.permits(visit, progress),
                    visit.connection.account,
                    portion,
                    progress,
                    store=self.days,
                    key=key,
                    fingerprint_key=fingerprint_key,
                )
                writes = merged.writes
                if merged.left:
                    portions.appendleft(list(merged.left))
            if not portions:
                after = self._after(visit, fetches, progress, budget)
            else:
                after = so_far(visit.connection, progress, keep_since=self._keep_since())
            await self._fence.commit(visit, after, writes, fetches)
            changed += len(writes)
        return changed

    def _after(
        self, visit: Visit, fetches: Sequence[KindFetch], progress: dict[Kind, KindProgress], budget: CallBudget
    ) -> Connection:
        """The connection as the visit leaves it. Active, also where time has ended the last consent meanwhile: then
        the next visit ends the link."""
        connection, now = visit.connection, self.clock.now()
        moved = advance(connection, fetches, progress, now=now, keep_since=self._keep_since())
        passing = [f.fault for f in fetches if f.fault is not None and not isinstance(f.fault, Refused)]
        wait_s = max((fault.retry_after_s for fault in passing if fault.retry_after_s), default=None)
        failures = connection.failures + 1 if passing else 0
        faults = [f.fault for f in fetches if f.fault is not None]
        fruitless = len(fetches) == len(faults)  # also where the provider grants nothing at the moment
        chasing = any(f.fault is None and f.behind for f in fetches)
        chases = connection.chases + 1 if chasing else connection.chases if passing else 0
        return msgspec.structs.replace(
            moved,
            failures=failures,
            chases=chases,
            last_error=told([*passing, *(faults if fruitless else [])], connection),
            last_success_at=connection.last_success_at if fruitless else now,
            not_before=not_before(now, wait_s),
            # After a rebase it may be another worker's, who is spending the refresh token right now.
            lease=connection.lease if connection.leased_to_other(visit.holder, now) else None,
            calls=budget.spent,
            calls_since=budget.since,
            next_sync_at=now
            if not passing and chases <= MOST_CHASES and (visit.wanted_again or any(f.unfinished for f in fetches))
            else next_sync_at(
                now,
                interval_s=self.pace.interval_s,
                failures=failures,
                retry_after_s=wait_s,
                jitter=self.ids.fraction(),
            ),
        )

    def _keep_since(self) -> dt.date:
        """The first day whose fingerprint is kept: those before are not read again."""
        return self.clock.now().date() - dt.timedelta(days=self.pace.reach.overlap_days + 1)

    async def _put_off(self, visit: Visit, fault: Fault, budget: CallBudget) -> Outcome:
        """Nothing could be fetched or stored: note why, and come back when that may help. The link is not touched."""
        connection, now = visit.connection, self.clock.now()
        failures = connection.failures + 1
        later = next_sync_at(
            now,
            interval_s=self.pace.interval_s,
            failures=failures,
            retry_after_s=fault.retry_after_s,
            jitter=self.ids.fraction(),
        )
        after = msgspec.structs.replace(
            connection,
            failures=failures,
            last_error=fault.code,
            next_sync_at=later,
            not_before=not_before(now, fault.retry_after_s),
            lease=None,
            calls=budget.spent,
            calls_since=budget.since,
        )
        if sorted(after.granted) == visit.granted:
            await self.documents.commit([put(visit.at.path, after, visit.at.version)])
        else:
            await self._fence.commit(visit, after, [], [])
        return Outcome(outcome=fault.code)

    async def _continue(self, connection: Connection) -> None:
        """More waits right now: one more task. Should the queue be down, the next tick finds the user due."""
        try:
            await self.queue.enqueue(
                "sync",
                "sync_user",
                {"uid": connection.uid, "provider": connection.provider},
                name_parts=("sync", connection.uid, connection.provider, "more", connection.commit),
            )
        except Fault as fault:
            log.event("sync.not_queued", "WARNING", code=fault.code)

    def _budget(self, connection: Connection) -> CallBudget:
        since = connection.calls_since or self.clock.now()
        return CallBudget(self.pace.calls_per_minute, self.clock, since, connection.calls)

    def _outcome(self, connection: Connection, fetches: Sequence[KindFetch], changed: int) -> Outcome:
        return Outcome(
            outcome="synced",
            kinds={f.kind: f.fault.code if f.fault else "ok" for f in fetches},
            days_changed=changed,
            again=connection.next_sync_at <= self.clock.now(),
        )
