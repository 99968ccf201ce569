"""Fetching: every permitted kind at once, each on its own, so that one kind's fault costs no other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from shared import log
from shared.clock import Clock
from shared.connection.model import Connection, KindLink
from shared.errors import Fault, Refused, Unavailable
from shared.sync.model import Plan, Reach, carried_out, plan
from shared.sync.ports import Feed, HealthSource, OutOfCalls, Read
from shared.vocabulary import Kind

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


@dataclass(slots=True)
class CallBudget:
    """Calls left to one user in this minute. What earlier workers spent in it comes with the connection."""

    per_minute: int
    clock: Clock
    since: datetime
    spent: int

    def spend(self) -> None:
        """As `ports.Budget.spend`."""
        now = self.clock.now()
        if (now - self.since).total_seconds() >= 60:
            self.since, self.spent = now, 0
        if self.spent >= self.per_minute:
            raise OutOfCalls
        self.spent += 1


@dataclass(slots=True)
class AccessToken:
    """The access token while one user is fetched. It is renewed at most once, for all that find it dead."""

    value: str = field(repr=False)
    refresh: Callable[[], Awaitable[str]]
    _renewal: asyncio.Task[str] | None = None

    async def use(self, call: Callable[[str], Awaitable[T]]) -> T:
        """Make `call`; where the token turns out dead, get another, once, and make it again."""
        used = self.value
        try:
            return await call(used)
        except Refused as refused:
            if refused.code != "access_token_dead":
                raise
        return await call(await self._renewed())

    async def _renewed(self) -> str:
        if self._renewal is None:
            self._renewal = asyncio.ensure_future(self._renew())
        # A kind that fails or is too slow gives up its own work, never the renewal: a refresh token may be spent by
        # now, and what it was traded for is not stored yet.
        return await asyncio.shield(self._renewal)

    async def _renew(self) -> str:
        self.value = await self.refresh()
        return self.value

    async def settled(self) -> None:
        """Wait until no renewal is under way any more: only then may the connection be written."""
        if self._renewal is not None:
            # Whoever asked for it has seen its fault, or has given up.
            await asyncio.gather(self._renewal, return_exceptions=True)


@dataclass(slots=True)
class KindFetch:
    """What came of one kind: the plan as it was carried out, or a fault, in which case nothing of it counts."""

    kind: Kind
    plan: Plan
    streams: tuple[str, ...] = ()
    feeds: dict[str, Feed | None] = field(default_factory=dict)
    reads: Sequence[Read] = ()
    fault: Fault | None = None

    @property
    def feeding(self) -> bool:
        """Whether every stream has a feed that is caught up."""
        return bool(self.feeds) and all(feed is not None and feed.caught_up for feed in self.feeds.values())

    @property
    def behind(self) -> bool:
        """Whether some feed has more to tell right now."""
        return any(feed is not None and not feed.caught_up and feed.token for feed in self.feeds.values())

    @property
    def history_waits(self) -> bool:
        """Whether there is history that has not been reached yet."""
        return self.fault is None and bool(self.streams) and self.plan.reached_ns > self.plan.floor_ns

    @property
    def unfinished(self) -> bool:
        """Whether more waits right now."""
        return self.fault is None and (self.behind or self.history_waits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """Reads a provider for one connection."""

    source: HealthSource
    clock: Clock
    reach: Reach
    deadline_s: float

    async def streams(
        self, token: AccessToken, kinds: Sequence[Kind], budget: CallBudget
    ) -> Mapping[Kind, tuple[str, ...] | Fault]:
        """Which streams to read for each kind."""
        return await token.use(lambda value: self.source.streams(value, kinds, budget))

    async def all(
        self, connection: Connection, kinds: Sequence[Kind], token: AccessToken, budget: CallBudget
    ) -> list[KindFetch]:
        """Every kind's feeds and windows, concurrently, within the deadline."""
        tasks = {asyncio.create_task(self._kind(connection, kind, token, budget)): kind for kind in kinds}
        done, late = await asyncio.wait(tasks, timeout=self.deadline_s) if tasks else (set(), set())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        fetches = [task.result() for task in done]
        too_slow = Unavailable("upstream_unavailable", "too slow")
        fetches += [self.failed(connection, tasks[task], too_slow) for task in late]
        return sorted(fetches, key=lambda fetch: fetch.kind)

    def failed(self, connection: Connection, kind: Kind, fault: Fault) -> KindFetch:
        """A kind that could not be read."""
        return KindFetch(kind, self._plan(connection, kind), fault=fault)

    async def _kind(self, connection: Connection, kind: Kind, token: AccessToken, budget: CallBudget) -> KindFetch:
        fetch = KindFetch(kind, self._plan(connection, kind), connection.kinds[kind].streams)
        try:
            await self._read(connection.kinds[kind], fetch, token, budget)
        except* Fault as faults:
            fetch.fault = _first(faults)
        except* Exception as unexpected:
            fetch.fault = kind_broken(kind, _first(unexpected))
        if fetch.fault:
            log.event("sync.kind_failed", "NOTICE", kind=kind, code=fetch.fault.code)
            return KindFetch(kind, fetch.plan, fault=fetch.fault)
        return fetch

    async def _read(self, link: KindLink, fetch: KindFetch, token: AccessToken, budget: CallBudget) -> None:
        async def feed(stream: str) -> None:
            since = link.changes.get(stream, "")
            fetch.feeds[stream] = await token.use(
                lambda value: self.source.feed(value, fetch.kind, stream, since, budget)
            )

        async def window(start_ns: int, end_ns: int) -> Sequence[Read]:
            return await token.use(
                lambda value: self.source.window(value, fetch.kind, link.streams, start_ns, end_ns, budget)
            )

        async with asyncio.TaskGroup() as group:
            for stream in link.streams:
                group.create_task(feed(stream))
            windows = [group.create_task(window(*bounds)) for bounds in fetch.plan.windows] if link.streams else []
        fetch.reads = [read for task in windows for read in task.result()]
        fetch.plan = carried_out(fetch.plan, link, fetch.reads)

    def _plan(self, connection: Connection, kind: Kind) -> Plan:
        return plan(connection.kinds[kind], linked_at=connection.linked_at, now=self.clock.now(), reach=self.reach)


def kind_broken(kind: Kind, unexpected: Exception) -> Fault:
    """What no code expects, as the fault of the one kind it was met in: the others go on, and an operator learns of it.
    Its words may quote data, so they are not repeated."""
    log.unexpected(unexpected, kind=kind)
    return Unavailable("unexpected")


def _first(group: ExceptionGroup[E]) -> E:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
