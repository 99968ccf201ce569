"""Fetching: every permitted kind at once, each on its own, so that one kind's fault costs no other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import TypeVar

import msgspec

from shared import log
from shared.clock import Clock
from shared.connection.model import Connection, KindLink
from shared.consent.gate import Permit
from shared.errors import Fault, Refused, Unavailable
from shared.measurement.model import day_of, day_start_ns
from shared.sync.model import Plan, Reach, carried_out, plan
from shared.sync.ports import Budget, Feed, HealthSource, OutOfCalls, Read
from shared.vocabulary import Kind

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

_THE_FEEDS_OWN = frozenset({"upstream_unavailable", "upstream_malformed"})
"""Faults that cost a feed, and not its kind: whether the provider is out of reach is for the windows to find out."""


PAGES_BEGIN_WITHIN = 0.75
"""The part of the deadline in which pages are begun; what is under way then has the rest to come to its end."""


@dataclass(slots=True)
class CallBudget:
    """Calls left to one user in this minute, and the visit's time. What earlier workers spent in the minute comes with
    the connection; `until_s`, by the monotonic clock, is set when reading begins."""

    per_minute: int
    clock: Clock
    since: datetime
    spent: int
    until_s: float = inf

    def spend(self) -> None:
        """As `ports.Budget.spend`."""
        now = self.clock.now()
        if (now - self.since).total_seconds() >= 60:
            self.since, self.spent = now, 0
        if self.spent >= self.per_minute:
            raise OutOfCalls
        self.spent += 1

    def in_time(self) -> bool:
        """As `ports.Budget.in_time`."""
        return self.clock.monotonic_s() < self.until_s

    def half_time(self) -> Budget:
        """The same calls, and half of the time that is left."""
        now_s = self.clock.monotonic_s()
        return _Part(self, now_s + (self.until_s - now_s) / 2)


@dataclass(frozen=True, slots=True)
class _Part:
    """A budget's calls, until an earlier moment."""

    of: CallBudget
    until_s: float

    def spend(self) -> None:
        self.of.spend()

    def in_time(self) -> bool:
        return self.of.clock.monotonic_s() < self.until_s


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
        """Whether there is history that has not been reached yet, or is being read again."""
        return self.fault is None and bool(self.streams) and self.plan.waits

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
        self, connection: Connection, permits: Sequence[Permit], token: AccessToken, budget: CallBudget
    ) -> list[KindFetch]:
        """Every permitted kind's feeds and then its windows, the kinds concurrently, within the deadline."""
        budget.until_s = self.clock.monotonic_s() + PAGES_BEGIN_WITHIN * self.deadline_s
        tasks = {asyncio.create_task(self._kind(connection, one.kind, token, budget)): one.kind for one in permits}
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
        return KindFetch(kind, self._plan(connection, connection.kinds[kind]), fault=fault)

    async def _kind(self, connection: Connection, kind: Kind, token: AccessToken, budget: CallBudget) -> KindFetch:
        fetch = KindFetch(kind, self._plan(connection, connection.kinds[kind]), connection.kinds[kind].streams)
        try:
            await self._read(connection, fetch, token, budget)
        except* Fault as faults:
            fetch.fault = _first(faults)
        except* Exception as unexpected:
            fetch.fault = kind_broken(kind, _first(unexpected))
        if fetch.fault:
            log.event("sync.kind_failed", "NOTICE", kind=kind, code=fetch.fault.code)
            return KindFetch(kind, fetch.plan, fault=fetch.fault)
        return fetch

    async def _read(self, connection: Connection, fetch: KindFetch, token: AccessToken, budget: CallBudget) -> None:
        link = connection.kinds[fetch.kind]

        async def window(start_ns: int, end_ns: int) -> Sequence[Read]:
            return await token.use(
                lambda value: self.source.window(value, fetch.kind, link.streams, start_ns, end_ns, budget)
            )

        # Feeds first: what happens between the two is in the windows, which are taken for the truth, or is still to be
        # told. The other way round a window would take away what a feed has just told, and will not tell again.
        feeding = budget.half_time()
        async with asyncio.TaskGroup() as group:
            feeds = {
                stream: group.create_task(self._feed(link, fetch.kind, stream, token, feeding))
                for stream in link.streams
            }
        fetch.feeds = {stream: task.result() for stream, task in feeds.items()}
        async with asyncio.TaskGroup() as group:
            windows = [group.create_task(window(*bounds)) for bounds in fetch.plan.windows] if link.streams else []
        found = [task.result() for task in windows]
        if None in fetch.feeds.values() and not fetch.plan.brings_news(self.clock.now()):
            fetch.plan = self._instead_of_feed(connection, fetch.kind)
            found.append(await window(*fetch.plan.windows[0]))
        if not all(found):
            # Not one stream answered for some window, which says nothing about what is there. So nothing of the kind
            # counts for this visit, just as where the person has no streams, and it is all read another time.
            fetch.streams, fetch.feeds = (), {}
            return
        fetch.reads = [read for reads in found for read in reads]
        fetch.plan = carried_out(fetch.plan, link, fetch.reads)

    async def _feed(self, link: KindLink, kind: Kind, stream: str, token: AccessToken, budget: Budget) -> Feed | None:
        """What one feed tells. None: there is none, or it does not answer. Its token is dropped then, which may be what
        is wrong with it, and the kind is read without it."""
        since = link.changes.get(stream, "")
        try:
            return await token.use(lambda value: self.source.feed(value, kind, stream, since, budget))
        except Fault as fault:
            if fault.code not in _THE_FEEDS_OWN:
                raise
            log.event("sync.feed_failed", "WARNING", kind=kind, code=fault.code)
        except Exception as unexpected:
            kind_broken(kind, unexpected)
        return None

    def _instead_of_feed(self, connection: Connection, kind: Kind) -> Plan:
        """The plan where a feed was to tell what is new, and did not: the days since the last visit are read instead.

        That is no more than a feed would bring. The whole overlap is read by the next visit, in its turn (`room`).
        """
        link = connection.kinds[kind]
        whole = self._plan(connection, msgspec.structs.replace(link, feeding=False))
        (start_ns, end_ns), *history = whole.windows
        start_ns = max(start_ns, day_start_ns(day_of(link.cursor_ns)))
        return replace(whole, windows=((start_ns, end_ns), *history), reread=False)

    def _plan(self, connection: Connection, link: KindLink) -> Plan:
        return plan(link, linked_at=connection.linked_at, now=self.clock.now(), reach=self.reach)


def kind_broken(kind: Kind, unexpected: Exception) -> Fault:
    """What no code expects, as the fault of the one kind it was met in: the others go on, and an operator learns of it.
    Its words may quote data, so they are not repeated."""
    log.unexpected(unexpected, kind=kind)
    return Unavailable("unexpected")


def _first(group: ExceptionGroup[E]) -> E:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
