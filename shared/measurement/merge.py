"""How what was just read meets what is stored: which report of a point stands, and which points are gone (I2)."""

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from shared.measurement.model import (
    DAY_NS,
    Ascending,
    Day,
    Identity,
    Points,
    Row,
    SetAside,
    day_of,
    day_start_ns,
    identify,
)
from shared.vocabulary import Kind

MOST_RAW = 100
"""How many set-aside points of a day are kept as they came; of further ones it is kept why and when they start."""
MOST_SET_ASIDE = 10_000
"""How many are kept of a day at all."""


class Rows(Enum):
    """Which points a read speaks about. Sleep is read in two ways: sessions from one list, segments from a dataset."""

    ALL = "all"
    SESSIONS = "sessions"
    SEGMENTS = "segments"

    def has(self, session: bool) -> bool:
        """Whether a row, a sleep session or not, is one this read speaks about."""
        return self is Rows.ALL or session == (self is Rows.SESSIONS)


@dataclass(frozen=True, slots=True)
class Window:
    """The claim that everything the source has that starts within [start_ns, end_ns) was read, for `rows`, but for what
    comes of the `absent` origins, about which nothing is said."""

    start_ns: int
    end_ns: int
    rows: Rows = Rows.ALL
    absent: tuple[str, ...] = ()

    def has(self, start_ns: int | None, session: bool) -> bool:
        """Whether the read would have brought a point with this start. No readable start lies in no window."""
        return start_ns is not None and self.start_ns <= start_ns < self.end_ns and self.rows.has(session)


@dataclass(frozen=True, slots=True)
class Change:
    """What one read has to say about one day.

    `deleted` may name points the day never had, and points of other days. `whole` is None where the read does not
    claim to be complete. Parts of one change apply in the order: `deleted`, `whole`, `upserts`.
    """

    upserts: Points
    deleted: Sequence[Identity] = ()
    set_aside: Sequence[SetAside] = ()
    whole: Window | None = None


def merge(on: dt.date, stored: Day | None, change: Change) -> Day:
    """The day as it is after `change`: the same whatever the order and overlap in which pages arrive.

    Of two reports of one point the one modified later stands; of two modified at the same time, the one that came
    later (0, "the source does not say", is earlier than all else). A stored point that lies in `change.whole` and is
    not among `change.upserts` has gone from the source and goes here, set-aside points likewise.

    Raises:
        ValueError: an upsert does not start within `on`. A programming error: cut with `split_by_day` first.
    """
    _check_day(on, change.upserts)
    stored = stored or Day.empty(change.upserts.kind, on)
    points = _points(stored.points, change)
    set_aside = _set_aside(stored.set_aside, change)
    unchanged = points is stored.points and set_aside == stored.set_aside
    return stored if unchanged else Day(on, points, set_aside)


def split_by_day(points: Points, set_aside: Iterable[SetAside] = ()) -> dict[dt.date, Day]:
    """Cut what was read into the UTC days it is stored under, ascending; days with nothing are not listed."""
    days: dict[dt.date, Day] = {}
    first, count, starts = 0, len(points), points.start_ns
    while first < count:
        on = day_of(starts[first])
        next_day_ns = day_start_ns(on) + DAY_NS
        last = count if starts[-1] < next_day_ns else bisect_left(starts, next_day_ns, first)
        days[on] = Day(on, points if last - first == count else points.span(first, last), [])
        first = last
    for one in set_aside:
        on = day_of(one.start_ns)
        days.setdefault(on, Day.empty(points.kind, on)).set_aside.append(one)
    return dict(sorted(days.items()))


def _check_day(on: dt.date, points: Points) -> None:
    if len(points) and not day_of(points.start_ns[0]) == on == day_of(points.start_ns[-1]):
        raise ValueError(f"points of {day_of(points.start_ns[0])} to {day_of(points.start_ns[-1])} merged into {on}")


def _points(stored: Points, change: Change) -> Points:
    """As `_merged`, without looking at each point where that can be seen to change nothing, or to bring all."""
    fresh = change.upserts
    if len(stored):
        unchanged = not change.deleted and len(fresh) == len(stored) and stored == fresh
        return stored if unchanged else _merged(stored, change)
    # Points that start at different times are different points, but for sessions, whose identity is their name.
    distinct = fresh.kind is not Kind.SLEEP and isinstance(fresh.in_order().start_ns, Ascending)
    return fresh if distinct else _merged(stored, change)


def _merged(stored: Points, change: Change) -> Points:
    old, fresh = list(stored.rows()), list(change.upserts.rows())
    same, tail = (0, 0) if change.deleted or stored.kind is Kind.SLEEP else _alike(old, fresh)
    rows = dict(_identified(stored.kind, old[same : len(old) - tail]))
    for gone in change.deleted:
        rows.pop(gone, None)
    news = _identified(stored.kind, fresh[same : len(fresh) - tail])
    if change.whole is not None:
        read = {identity for identity, _ in news}
        rows = {i: row for i, row in rows.items() if i in read or not _speaks_of(change.whole, row)}
    for identity, row in news:
        known = rows.get(identity)
        if known is None or known[4] <= row[4]:
            rows[identity] = row
    return Points.of_rows(stored.kind, [*old[:same], *rows.values(), *old[len(old) - tail :]])


def _speaks_of(whole: Window, row: Row) -> bool:
    return whole.has(row[0], bool(row[3])) and row[2] not in whole.absent


def _alike(old: list[Row], fresh: list[Row]) -> tuple[int, int]:
    """How many rows at the beginning and at the end are the very same on both sides: a re-read changes few.

    None of them can be the same point as one in between, since the rows of each side are taken to be in order; where
    neighbours among the fresh are one point, nothing is said to be alike.
    """
    least = min(len(old), len(fresh))
    if any(one[:3] == another[:3] for one, another in pairwise(fresh)):
        return 0, 0
    same = next((i for i in range(least) if old[i] != fresh[i]), least)
    tail = next((i for i in range(least - same) if old[-1 - i] != fresh[-1 - i]), least - same)
    return same, tail


def _identified(kind: Kind, rows: list[Row]) -> list[tuple[Identity, Row]]:
    return [(identify(kind, row[3], row[2], row[0], row[1]), row) for row in rows]


def _set_aside(stored: Sequence[SetAside], change: Change) -> list[SetAside]:
    if not stored and not change.set_aside:
        return []
    whole = change.whole
    kept = [one for one in stored if whole is None or not whole.has(one.start_ns, one.session)]
    distinct = {(one.start_ns or 0, one.start_ns is None, one.reason, one.raw, one.session): one for one in kept}
    for one in change.set_aside:
        distinct[one.start_ns or 0, one.start_ns is None, one.reason, one.raw, one.session] = one
    ordered = [distinct[key] for key in sorted(distinct)]
    return ordered if len(ordered) <= MOST_RAW else _bounded(ordered)


def _bounded(ordered: Sequence[SetAside]) -> list[SetAside]:
    """As much of what was set aside in a day as a day document has room for: a device gone mad must not keep the good
    points of its day, and with them all its kind's later days, from being stored."""
    come = {(one.start_ns, one.reason, one.session) for one in ordered if one.raw}
    kept = [one for one in ordered if one.raw or (one.start_ns, one.reason, one.session) not in come]
    told = [SetAside(one.reason, b"", one.start_ns, one.session) for one in kept[MOST_RAW:]]
    return list(dict.fromkeys([*kept[:MOST_RAW], *told]))[:MOST_SET_ASIDE]
