"""What to read, and what a fetch means for each day: pure rules."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from shared.connection.model import Connection, KindLink
from shared.errors import Fault
from shared.measurement.merge import Change, Window, merge, split_by_day
from shared.measurement.model import DAY_NS, Day, Identity, Points, day_of, day_start_ns
from shared.sync.ports import Feed, Read
from shared.vocabulary import Kind

REREAD_EVERY = timedelta(hours=24)
"""How often everything inside the overlap is read again although a caught-up feed tells of changes."""
EARLIEST_NS = 946_684_800_000_000_000
"""2000-01-01: nothing older is believed, so nothing older is asked for."""
REREAD_PAUSE = timedelta(minutes=30)
"""How long everything is not read again where no feed tells of changes: visits may follow at once for other kinds."""
MOST_QUIET = 5
"""How often an empty slice doubles the next one: 15 days grow to 480."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a fetch goes, from settings."""

    backfill_days: int
    slice_days: int
    overlap_days: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read of one kind now. Windows begin at UTC midnights; the newest ends a day ahead of now, for devices
    whose clocks run fast. `reached_ns`, `floor_ns` and `rereading_ns` (how far down reading the overlap again has come,
    None where it is not under way) hold once the windows are stored."""

    windows: tuple[tuple[int, int], ...]
    reached_ns: int
    floor_ns: int
    reread: bool
    rereading_ns: int | None = None

    def brings_news(self, now: datetime) -> bool:
        """Whether what is new is read, and not only older days."""
        return any(end_ns > _ns(now) for _, end_ns in self.windows)

    @property
    def waits(self) -> bool:
        """Whether more is to be read right now."""
        return self.reached_ns > self.floor_ns or self.rereading_ns is not None


def plan(link: KindLink, *, linked_at: datetime, now: datetime, reach: Reach) -> Plan:
    """Which windows of one kind to read.

    First a slice up to now; then, each time, one slice further back until the floor is reached. What lies inside the
    overlap is read again: at each usual visit, or once a day where a caught-up change feed stands in between. What is
    too much to be read again in one visit is gone on with in the next, until all of it was.
    """
    today_ns, end_ns = _midnight(now), _ns(now) + DAY_NS
    floor_ns = link.floor_ns or max(EARLIEST_NS, _midnight(linked_at) - reach.backfill_days * DAY_NS)
    overlap_ns = today_ns - reach.overlap_days * DAY_NS
    reached_ns = link.reached_ns
    if reached_ns is not None and link.cursor_ns < overlap_ns:
        # Out of touch for longer than the overlap: the gap, and what may still arrive late behind it, is a backfill.
        if reached_ns <= floor_ns:  # else history has not been read to its end, and is to be
            floor_ns = max(floor_ns, _midnight_ns(link.cursor_ns) - reach.overlap_days * DAY_NS)
        reached_ns = None
    slice_ns = reach.slice_days * DAY_NS << min(link.quiet, MOST_QUIET)
    if reached_ns is None:
        start_ns = max(floor_ns, min(today_ns, today_ns + DAY_NS - slice_ns))
        return Plan(((start_ns, end_ns),), start_ns, floor_ns, reread=True)
    windows: list[tuple[int, int]] = []
    again_ns = max(reached_ns, overlap_ns)
    under_way = link.rereading_ns is not None and link.rereading_ns > again_ns
    pause = REREAD_EVERY if link.feeding else REREAD_PAUSE
    reread = under_way or link.reread_at is None or now >= link.reread_at + pause
    if reread and not under_way:
        windows.append((again_ns, end_ns))
    elif not link.feeding:
        windows.append((max(again_ns, _midnight_ns(link.cursor_ns)), end_ns))
    if under_way:
        windows.append((again_ns, link.rereading_ns or again_ns))
    if reached_ns > floor_ns:
        start_ns = max(floor_ns, reached_ns - slice_ns)
        windows.append((start_ns, reached_ns))
        reached_ns = start_ns
    return Plan(tuple(windows), reached_ns, floor_ns, reread)


def carried_out(planned: Plan, link: KindLink, reads: Sequence[Read]) -> Plan:
    """The plan as far as it was carried out: of a window that holds too much only the newest part has been read.

    Where that leaves a gap above what was stored before, history is to be read again from the gap on; where it was a
    matter of reading the overlap again, that is under way until the rest of it was read.
    """
    reached_ns, rereading_ns = planned.reached_ns, None
    for start_ns, end_ns in planned.windows:
        since = max((read.window.start_ns for read in reads if read.window.end_ns == end_ns), default=start_ns)
        if start_ns == planned.reached_ns != link.reached_ns:  # a slice of history
            reached_ns = max(reached_ns, since)
        elif since > start_ns:
            if since > _midnight_ns(link.cursor_ns):
                return replace(planned, reached_ns=since)
            rereading_ns = since
    return replace(planned, reached_ns=reached_ns, rereading_ns=rereading_ns)


@dataclass(slots=True)
class DayNews:
    """What one fetch says about one day of one kind: changes in order and, where the day was read whole, what the
    source holds of it. `fed`: a feed has something to say about it."""

    changes: list[Change]
    whole: Day | None = None
    fed: bool = False


def beside(_: str, on: dt.date) -> Sequence[dt.date]:
    """The days besides `on` that may hold a night, where nothing better is known."""
    return on - dt.timedelta(days=1), on + dt.timedelta(days=1)


def news_by_day(
    kind: Kind,
    feeds: Iterable[Feed],
    reads: Sequence[Read],
    elsewhere: Callable[[str, dt.date], Sequence[dt.date]] = beside,
) -> dict[dt.date, DayNews]:
    """Sort what was fetched by the days it is stored under: first what the feeds say, then the windows, which are the
    truth about the days they cover. `elsewhere` tells which other days may hold a night."""
    news: dict[dt.date, DayNews] = {}
    for feed in feeds:
        for on, change in _feed_changes(kind, feed, elsewhere).items():
            news.setdefault(on, DayNews([], fed=True)).changes.append(change)
    for read in reads:
        days = split_by_day(read.points, read.set_aside)
        for on in _days(read.window, days):
            day = days.get(on) or Day.empty(kind, on)
            entry = news.setdefault(on, DayNews([]))
            entry.changes.append(Change(day.points, (), day.set_aside, _clipped(read.window, on)))
            entry.whole = _both(entry.whole, day)
    return news


def _feed_changes(
    kind: Kind, feed: Feed, elsewhere: Callable[[str, dt.date], Sequence[dt.date]]
) -> dict[dt.date, Change]:
    upserts = split_by_day(feed.points, feed.set_aside)
    gone: dict[dt.date, list[Identity]] = {}
    for identity, start_ns in feed.gone:
        if start_ns:
            gone.setdefault(day_of(start_ns), []).append(identity)
    for on, day in upserts.items():
        for name in filter(None, day.points.name):
            # A night that now starts on another day must not stay behind on the day it was stored under (I2).
            for other in elsewhere(name, on):
                gone.setdefault(other, []).append(Identity(name, "", 0, 0))
    return {
        on: Change(
            upserts[on].points if on in upserts else Points.none(kind),
            gone.get(on, ()),
            upserts[on].set_aside if on in upserts else (),
        )
        for on in upserts.keys() | gone.keys()
    }


def _days(window: Window, found: Mapping[dt.date, Day]) -> Iterable[dt.date]:
    first, last = day_of(window.start_ns), day_of(window.end_ns - 1)
    inside = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    undated = [on for on in found if not first <= on <= last]
    return [*inside, *undated]


def _clipped(window: Window, on: dt.date) -> Window:
    start_ns = day_start_ns(on)
    return replace(window, start_ns=max(window.start_ns, start_ns), end_ns=min(window.end_ns, start_ns + DAY_NS))


def _both(known: Day | None, day: Day) -> Day:
    """A day read in two parts (a night's sessions and its segments) as one."""
    if known is None:
        return day
    return merge(day.on, known, Change(day.points, (), day.set_aside))


class Fingerprints:
    """Keyed hashes of recent days, packed as day number (2 bytes, little end first) and hash (8), ascending."""

    SIZE = 10

    def __init__(self, packed: bytes) -> None:
        self._of: dict[int, bytes] = {
            int.from_bytes(packed[i : i + 2], "little"): packed[i + 2 : i + self.SIZE]
            for i in range(0, len(packed), self.SIZE)
        }

    def get(self, on: dt.date) -> bytes | None:
        """The day's hash, or None where none is kept."""
        return self._of.get(_number(on))

    def set(self, on: dt.date, fingerprint: bytes | None) -> None:
        """Keep the day's hash; None forgets it. Of days that two bytes cannot number none is kept: only what was set
        aside starts on such a day, and no window reaches there."""
        if fingerprint is None:
            self._of.pop(_number(on), None)
        elif 0 <= _number(on) < 1 << 16:
            self._of[_number(on)] = fingerprint

    def packed(self, since: dt.date) -> bytes:
        """As stored, without days before `since`: those are not read again."""
        kept = sorted((number, value) for number, value in self._of.items() if number >= _number(since) or number == 0)
        return b"".join(number.to_bytes(2, "little") + value for number, value in kept)


def _number(on: dt.date) -> int:
    return (on - dt.date(1970, 1, 1)).days


def next_sync_at(
    now: datetime, *, interval_s: int, failures: int, retry_after_s: int | None, jitter: float
) -> datetime:
    """When to fetch again: after the interval, spread by `jitter` in [0, 1); sooner after a fault, and ever later while
    faults go on, but never later than the interval; never before the provider asked."""
    if failures == 0:
        wait_s = interval_s * (0.9 + 0.1 * jitter)
    else:
        wait_s = min(interval_s, 120 * 2 ** min(failures - 1, 10)) * (0.75 + 0.25 * jitter)
    return now + timedelta(seconds=max(wait_s, retry_after_s or 0))


def not_before(now: datetime, retry_after_s: int | None) -> datetime | None:
    """When the provider said to come back, if it did."""
    return now + timedelta(seconds=retry_after_s) if retry_after_s else None


def told(faults: Sequence[Fault], connection: Connection) -> str:
    """What a visit's person is told of its faults: the first, or that the provider grants nothing at the moment."""
    return faults[0].code if faults else "" if connection.granted else "scope_missing"


def _ns(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000_000


def _midnight(at: datetime) -> int:
    return _midnight_ns(_ns(at))


def _midnight_ns(ns: int) -> int:
    return ns - ns % DAY_NS


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one visit to one user."""

    outcome: str
    kinds: dict[Kind, str] = {}
    days_changed: int = 0
    again: bool = False
