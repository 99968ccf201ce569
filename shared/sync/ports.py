"""What fetching needs from outside its domain."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple, Protocol, TypeAlias

from shared.cloud.documents import Expect, Write
from shared.consent.gate import Permit
from shared.errors import Fault, Unavailable
from shared.measurement.merge import Window
from shared.measurement.model import Day, Identity, Points, SetAside
from shared.measurement.ports import StoredDay
from shared.vocabulary import Kind


class Budget(Protocol):
    """What reading may still cost: this user's calls to the provider in this minute, and the visit's time."""

    def spend(self) -> None:
        """Take one call. Raises OutOfCalls where none is left."""
        ...

    def in_time(self) -> bool:
        """Whether one more page may be begun. A later one is at risk of being broken off, and all before it with it:
        whoever can leave the rest for another visit does so now."""
        ...


class OutOfCalls(Unavailable):
    """Our own bound of calls per user and minute is reached: not a word of the provider's."""

    def __init__(self) -> None:
        super().__init__("upstream_rate_limited", "our own bound per user and minute", retry_after_s=60)


class Gone(NamedTuple):
    """A deletion: what is gone, and when it started, which tells where it is stored; 0 where that is not known."""

    identity: Identity
    start_ns: int


@dataclass(frozen=True, slots=True)
class Feed:
    """What changed in one stream since a token. `gone` are deletions; apply them before `points`.

    `token` continues; `caught_up` says that nothing more was waiting; a provider without a feed gives no token.
    """

    points: Points
    gone: Sequence[Gone]
    set_aside: Sequence[SetAside]
    token: str
    caught_up: bool

    def since(self, start_ns: int) -> "Feed":
        """The feed without points, believed or not, that start earlier. Deletions stay, and so do unreadable times."""
        first = bisect_left(self.points.start_ns, start_ns)
        set_aside = [one for one in self.set_aside if one.start_ns is None or one.start_ns >= start_ns]
        return replace(self, points=self.points.span(first, len(self.points)), set_aside=set_aside)


@dataclass(frozen=True, slots=True)
class Read:
    """Everything a provider has that starts within `window`, as far as `window.rows` goes."""

    window: Window
    points: Points
    set_aside: Sequence[SetAside]


DataKey: TypeAlias = Any
"""What a person's days are sealed under: opaque to whoever fetches."""


class Days(Protocol):
    """Where a person's days are kept: `measurement.store.MeasurementStore`."""

    async def key(self, uid: str) -> DataKey:
        """The key this person's days are sealed under. One read of the keys database."""
        ...

    async def stored(self, account: str, key: DataKey, wanted: Sequence[tuple[Permit, date]]) -> Sequence[StoredDay]:
        """The days asked for, of one account of the source, in that order. One read each, in one round trip."""
        ...

    def write(self, permit: Permit, account: str, key: DataKey, day: Day, expect: str | Expect) -> Write:
        """The write that makes `day` what is stored; a day with nothing in it leaves no document."""
        ...


class HealthSource(Protocol):
    """A provider of measurements.

    Methods raise Refused `access_token_dead`, `scope_missing`, `upstream_setup`, `field_order_changed`, and Unavailable
    `upstream_unavailable`, `upstream_malformed`, `upstream_rate_limited` (with `retry_after_s` where it is known).
    """

    async def streams(
        self, token: str, kinds: Sequence[Kind], budget: Budget
    ) -> Mapping[Kind, tuple[str, ...] | Fault]:
        """Which streams to read for each kind; none where the person has no such data; a fault where that kind alone
        cannot be read."""
        ...

    async def feed(self, token: str, kind: Kind, stream: str, since: str, budget: Budget) -> Feed | None:
        """What changed in `stream` since the token `since` ("" for all there is to tell), as far as the budget goes in
        time; None: there is no feed."""
        ...

    async def window(
        self, token: str, kind: Kind, stream_ids: Sequence[str], start_ns: int, end_ns: int, budget: Budget
    ) -> Sequence[Read]:
        """Everything that starts within [start_ns, end_ns). A stream that does not exist is left out, so that its
        absence is not taken for the absence of data; no read at all says that none of them exists. Where there is more
        than can be read at a time, or than the budget has calls or time for, the newest whole UTC days of it: the
        read's own window says since when. While not even one day is whole, time alone does not end the reading."""
        ...
