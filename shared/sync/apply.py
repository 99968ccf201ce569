"""Applying what was fetched: days merged and sealed, the connection moved on, all in commits that the connection's
version fences (I3, I4)."""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from shared import log
from shared.cloud.documents import Put, Write
from shared.connection.model import Connection, KindLink
from shared.consent.gate import Permit
from shared.errors import Fault, Refused
from shared.measurement.merge import Change, merge
from shared.measurement.model import Day, Identity, Points, day_of, day_start_ns
from shared.measurement.pack import digest
from shared.measurement.ports import StoredDay
from shared.sync.fetch import KindFetch, kind_broken
from shared.sync.model import DayNews, Fingerprints, news_by_day
from shared.sync.nights import Nights
from shared.sync.ports import DataKey, Days
from shared.vocabulary import Kind

DAYS_PER_COMMIT = 120
BYTES_PER_COMMIT = 8 << 20
"""What days weigh after which no further one goes along: with that last one, still under the 10 MiB of a commit."""


@dataclass(slots=True)
class KindProgress:
    """What applying one kind's fetch has come to so far."""

    fetch: KindFetch
    news: dict[dt.date, DayNews]
    fingerprints: Fingerprints
    nights: Nights
    stored: int = 0
    set_aside: int = 0
    newest_ns: int = 0
    found: int = 0


@dataclass(slots=True)
class Merged:
    """Some days merged with what is stored, as the writes that make it so. `left` did not fit in."""

    writes: list[Write] = field(default_factory=list)
    left: Sequence[tuple[Kind, dt.date]] = ()


def begin(connection: Connection, fetches: Sequence[KindFetch], fingerprint_key: bytes) -> dict[Kind, KindProgress]:
    """Sort what was fetched by day, leaving out days that were read whole and hold what is stored already."""
    progress: dict[Kind, KindProgress] = {}
    for fetch in fetches:
        if fetch.fault is not None:
            continue
        try:
            progress[fetch.kind] = _sorted(connection.kinds[fetch.kind], fetch, fingerprint_key)
        except Exception as unexpected:
            fetch.fault = kind_broken(fetch.kind, unexpected)
    return progress


def _sorted(link: KindLink, fetch: KindFetch, fingerprint_key: bytes) -> KindProgress:
    feeds = [feed for feed in fetch.feeds.values() if feed is not None]
    if not link.feeding:
        # Until it has caught up, a feed recounts all there ever was; what the person agreed to begins at the floor.
        feeds = [feed.since(fetch.plan.floor_ns) for feed in feeds]
    rereading = fetch.plan.reread and fetch.plan.rereading_ns is None and link.rereading_ns is None
    nights = Nights(link.nights, fingerprint_key, beginning=link.reached_ns is None, rereading=rereading)
    reached = None if link.reached_ns is None else day_of(link.reached_ns)
    news = news_by_day(fetch.kind, feeds, fetch.reads, lambda name, on: nights.elsewhere(name, on, reached))
    _take_moved_nights(news, nights)
    mine = KindProgress(fetch, {}, Fingerprints(link.fingerprints), nights)
    mine.found = sum(len(read.points) for read in fetch.reads)
    mine.news = {on: one for on, one in news.items() if not _known(on, one, link, mine, fingerprint_key)}
    return mine


def _take_moved_nights(news: dict[dt.date, DayNews], nights: Nights) -> None:
    """A night that a window found must not stay behind on a day that no window speaks about (I2)."""
    for on, day in [(on, one.whole) for on, one in news.items() if one.whole is not None]:
        if day.points.kind is not Kind.SLEEP:
            return
        for name, was in nights.moved(day.points.name, on):
            behind = news.setdefault(was, DayNews([]))
            if behind.whole is None:
                behind.changes.append(Change(Points.none(Kind.SLEEP), (Identity(name, "", 0, 0),)))


def chunks(progress: Mapping[Kind, KindProgress]) -> list[list[tuple[Kind, dt.date]]]:
    """The days to touch, newest first, in portions that fit one commit; one empty portion where there are none."""
    days = [(kind, on) for kind, mine in progress.items() for on in mine.news]
    days.sort(key=lambda day: day[1], reverse=True)
    return [days[i : i + DAYS_PER_COMMIT] for i in range(0, len(days), DAYS_PER_COMMIT)] or [[]]


async def merge_days(
    permits: Mapping[Kind, Permit],
    account: str,
    days: Sequence[tuple[Kind, dt.date]],
    progress: dict[Kind, KindProgress],
    *,
    store: Days,
    key: DataKey,
    fingerprint_key: bytes,
) -> Merged:
    """Read the stored days, merge, and keep a write for each that changed.

    A kind of which some day cannot be opened, merged or stored leaves `progress` with its fault, and its writes with
    it: whatever is wrong with one day of one kind, the others are stored.
    """
    writes: dict[Kind, list[Write]] = {}
    days = [day for day in days if day[0] in progress]
    weight = 0
    stored = await store.stored(account, key, [(permits[kind], on) for kind, on in days])
    for at, ((kind, on), before) in enumerate(zip(days, stored, strict=True)):
        mine = progress.get(kind)
        if mine is None:
            continue
        if weight > BYTES_PER_COMMIT:
            return Merged([write for some in writes.values() for write in some], days[at:])
        try:
            write = _merged(
                permits[kind], account, on, before, mine, store=store, key=key, fingerprint_key=fingerprint_key
            )
            if write:
                writes.setdefault(kind, []).append(write)
                weight += len(write.data["sealed"]) if isinstance(write, Put) else 0
        except Exception as broken:
            mine.fetch.fault = broken if isinstance(broken, Fault) else kind_broken(kind, broken)
            log.event("sync.kind_not_stored", "ERROR", kind=kind, code=mine.fetch.fault.code)
            del progress[kind]
            writes.pop(kind, None)
        await asyncio.sleep(0)  # merging and packing are work: others on this loop get a turn
    return Merged([write for some in writes.values() for write in some])


def _merged(
    permit: Permit,
    account: str,
    on: dt.date,
    before: StoredDay,
    mine: KindProgress,
    *,
    store: Days,
    key: DataKey,
    fingerprint_key: bytes,
) -> Write | None:
    if before.fault is not None:
        raise before.fault
    after = _after(on, before, mine.news[on])
    changed = after != (before.day or Day.empty(mine.fetch.kind, on))
    write = store.write(permit, account, key, after, before.expect) if changed else None
    _count(mine, before.day, after)
    mine.fingerprints.set(on, digest(after, fingerprint_key) if len(after.points) or after.set_aside else None)
    mine.nights.store(on, after.points.name)
    return write


def _after(on: dt.date, before: StoredDay, news: DayNews) -> Day:
    after = before.day
    for change in news.changes:
        after = merge(on, after, change)
    assert after is not None  # nosec B101: a day is only listed with at least one change
    return after


def _count(mine: KindProgress, before: Day | None, after: Day) -> None:
    mine.stored += len(after.points) - (len(before.points) if before else 0)
    mine.set_aside += len(after.set_aside) - (len(before.set_aside) if before else 0)
    if len(after.points):
        mine.newest_ns = max(mine.newest_ns, *after.points.end_ns)


def _known(on: dt.date, news: DayNews, link: KindLink, mine: KindProgress, key: bytes) -> bool:
    if news.whole is None:
        return False
    kept = mine.fingerprints.get(on)
    if len(news.whole.points) or news.whole.set_aside:
        return kept is not None and kept == digest(news.whole, key)
    # That nothing is kept of an empty day says that nothing is stored of it, if the day was read since the beginning.
    reached = link.reached_ns is not None and day_start_ns(on) >= link.reached_ns
    return kept is None and (reached or not link.revisiting)


def so_far(connection: Connection, progress: Mapping[Kind, KindProgress], *, keep_since: dt.date) -> Connection:
    """The connection after a portion of what was fetched has been stored: counted, with no cursor moved."""
    kinds = dict(connection.kinds)
    for kind, mine in progress.items():
        kinds[kind] = _counted(kinds[kind], mine, keep_since)
        # A night on its way from one portion's day to another's would be known at its new place only.
        revisiting = kinds[kind].revisiting or mine.stored > 0
        kinds[kind] = msgspec.structs.replace(kinds[kind], nights=b"", revisiting=revisiting)
        mine.stored = mine.set_aside = 0
    return msgspec.structs.replace(connection, kinds=kinds)


def _counted(link: KindLink, mine: KindProgress, keep_since: dt.date) -> KindLink:
    return msgspec.structs.replace(
        link,
        fingerprints=mine.fingerprints.packed(keep_since),
        nights=mine.nights.packed(keep_since) if mine.fetch.kind is Kind.SLEEP else b"",
        stored=max(0, link.stored + mine.stored),  # an account that comes back may lose what was counted for it before
        set_aside=link.set_aside + mine.set_aside,
        newest_ns=max(link.newest_ns, mine.newest_ns),
    )


def advance(
    connection: Connection, fetches: Sequence[KindFetch], progress: Mapping[Kind, KindProgress], *, now: dt.datetime,
    keep_since: dt.date,
) -> Connection:  # fmt: skip
    """The connection after everything fetched has been stored: cursors moved on, faults noted per kind."""
    kinds = dict(connection.kinds)
    for fetch in fetches:
        link = kinds[fetch.kind]
        if fetch.fault is None:
            kinds[fetch.kind] = _moved_on(link, progress[fetch.kind], now, keep_since)
        else:
            refused_scope = isinstance(fetch.fault, Refused) and fetch.fault.code == "scope_missing"
            kinds[fetch.kind] = msgspec.structs.replace(
                link,
                granted=link.granted and not refused_scope,
                last_error=fetch.fault.code,
                last_error_at=now,
            )
    return msgspec.structs.replace(connection, kinds=kinds)


def _moved_on(link: KindLink, mine: KindProgress, now: dt.datetime, keep_since: dt.date) -> KindLink:
    fetch, plan = mine.fetch, mine.fetch.plan
    if not fetch.streams:  # the person has no such data yet; when some appears, its history is to be read
        return msgspec.structs.replace(link, last_success_at=now, last_error="")
    unplaced = any(not gone.start_ns for feed in fetch.feeds.values() if feed for gone in feed.gone)
    backfilled = plan.reached_ns != link.reached_ns
    # Out of touch for so long that history is read again: its fingerprints go before it is reached.
    revisiting = link.revisiting or (link.reached_ns is not None and plan.reached_ns > link.reached_ns)
    # What a feed told of days that are not reached yet may be there, and gone at the source, when they are.
    revisiting |= any(one.fed and day_start_ns(on) < plan.reached_ns for on, one in mine.news.items())
    return msgspec.structs.replace(
        _counted(link, mine, keep_since),
        changes={stream: feed.token for stream, feed in fetch.feeds.items() if feed is not None and feed.token},
        feeding=fetch.feeding,
        # A deletion that does not say where it belongs is found by reading everything again.
        reread_at=None if unplaced else now if plan.reread and plan.rereading_ns is None else link.reread_at,
        rereading_ns=plan.rereading_ns,
        cursor_ns=max(link.cursor_ns, int(now.timestamp()) * 1_000_000_000),
        reached_ns=plan.reached_ns,
        floor_ns=plan.floor_ns,
        quiet=(link.quiet + 1 if mine.found == 0 else 0) if backfilled else link.quiet,
        revisiting=revisiting and plan.reached_ns > plan.floor_ns,
        last_success_at=now,
        last_error="",
    )
