"""Rows of sleep, as many devices and apps report them, joined into nights.

The rules, in order:

1. Rows that overlap in time, of whatever origin, tell of the same night; so a night reported by two apps, or again
   and again while it grows, is one night.
2. Segments that overlap no session belong to the sleep before or after them if at most 90 minutes lie between.
3. Two sessions that do not overlap stay two sleeps, however short the break, since somebody said so; where stray
   segments bridge them, the cut is at the widest break.
4. Each instant is counted once. Where segments overlap, what was corrected decides, then the origin that names most
   minutes of light, deep or REM sleep, then the one that covers most of the night, then the first by name. Within an
   origin plain "asleep" yields to everything more exact; then the row that changed last decides, then the one that
   starts last. What the best origin left out is filled from the next.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from shared.measurement.model import SESSION, Points, is_corrected

BREAK_NS = 90 * 60 * 1_000_000_000
"""The longest break within one night that no session frames."""

AWAKE, ASLEEP, OUT_OF_BED, LIGHT, DEEP, REM = 1, 2, 3, 4, 5, 6
_NAMED = (LIGHT, DEEP, REM)


class Row(NamedTuple):
    """One report of sleep: a session, or a segment with its stage. Ordered by start, then end."""

    start_ns: int
    end_ns: int
    stage: int
    origin: str
    modified_ms: int


class Night(NamedTuple):
    """One sleep, from falling asleep (or going to bed) to waking up, of whatever length.

    `stage_ns` is the time per stage number; None where only sessions are known. What no segment covers is in none.
    `origins` are those the stages were taken from, best first; without stages those of the sessions.
    """

    start_ns: int
    end_ns: int
    stage_ns: dict[int, int] | None
    origins: tuple[str, ...]
    rows: tuple[Row, ...]


def rows_of(points: Points) -> Iterable[Row]:
    """The rows of a sleep column set; those without stage or length tell nothing and are left out."""
    for start_ns, end_ns, stage, origin, modified_ms in zip(
        points.start_ns, points.end_ns, points.values[0], points.origin, points.modified_ms, strict=True
    ):
        if stage is not None and end_ns > start_ns:
            yield Row(start_ns, end_ns, int(stage), origin, modified_ms)


def nights(rows: Iterable[Row]) -> list[Night]:
    """Every night there is in `rows`, ascending, whatever the order of the rows. Nights do not overlap."""
    return [_night(group) for group in _within_breaks(_overlapping(sorted(rows)))]


class _Group(NamedTuple):
    start_ns: int
    end_ns: int
    rows: tuple[Row, ...]
    framed: bool
    """Some session is among the rows."""


def _overlapping(rows: Sequence[Row]) -> list[_Group]:
    groups: list[list[Row]] = []
    reach_ns = 0
    for row in rows:
        if groups and row.start_ns < reach_ns:
            groups[-1].append(row)
            reach_ns = max(reach_ns, row.end_ns)
        else:
            groups.append([row])
            reach_ns = row.end_ns
    return [_group(group) for group in groups]


def _within_breaks(groups: Iterable[_Group]) -> list[_Group]:
    """Apart, ascending groups joined over short breaks, but never two that are framed."""
    found: list[_Group] = []
    chain: list[_Group] = []
    for group in groups:
        if chain and group.start_ns - chain[-1].end_ns > BREAK_NS:
            found.append(_joined(chain))
            chain = []
        elif group.framed and (session := next((i for i, g in enumerate(chain) if g.framed), None)) is not None:
            cut = _widest_break([*chain[session:], group]) + session
            found.append(_joined(chain[:cut]))
            chain = chain[cut:]
        chain.append(group)
    return [*found, _joined(chain)] if chain else found


def _widest_break(groups: Sequence[_Group]) -> int:
    """The place in `groups` that the widest break stands before; of equals, the first."""
    breaks = [after.start_ns - before.end_ns for before, after in pairwise(groups)]
    return breaks.index(max(breaks)) + 1


def _joined(groups: Iterable[_Group]) -> _Group:
    return _group([row for group in groups for row in group.rows])


def _group(rows: Sequence[Row]) -> _Group:
    ends_ns = max(row.end_ns for row in rows)
    return _Group(rows[0].start_ns, ends_ns, tuple(rows), any(row.stage == SESSION for row in rows))


def _night(group: _Group) -> Night:
    segments = [row for row in group.rows if row.stage != SESSION]
    if not segments:
        return Night(group.start_ns, group.end_ns, None, tuple(sorted({row.origin for row in group.rows})), group.rows)
    ranks = _ranked(segments)
    stage_ns: dict[int, int] = defaultdict(int)
    used: set[str] = set()
    for row, lasted_ns in _counted_once(segments, ranks):
        stage_ns[row.stage] += lasted_ns
        used.add(row.origin)
    return Night(group.start_ns, group.end_ns, dict(stage_ns), tuple(sorted(used, key=ranks.__getitem__)), group.rows)


def _ranked(segments: Sequence[Row]) -> dict[str, int]:
    """Each origin's rank, 0 the best."""
    by_origin: dict[str, list[Row]] = defaultdict(list)
    for row in segments:
        by_origin[row.origin].append(row)

    def detail(origin: str) -> tuple[bool, int, int, str]:
        rows = by_origin[origin]
        return (
            not is_corrected(origin),
            -_covered_ns([row for row in rows if row.stage in _NAMED]),
            -_covered_ns(rows),
            origin,
        )

    return {origin: rank for rank, origin in enumerate(sorted(by_origin, key=detail))}


def _covered_ns(rows: Iterable[Row]) -> int:
    """How much time ascending rows cover, overlaps once."""
    total_ns = reach_ns = 0
    for row in rows:
        total_ns += max(0, row.end_ns - max(row.start_ns, reach_ns))
        reach_ns = max(reach_ns, row.end_ns)
    return total_ns


def _counted_once(segments: Sequence[Row], ranks: dict[str, int]) -> Iterable[tuple[Row, int]]:
    """The time each ascending segment decides about, in parts that do not overlap."""
    edges = sorted({row.start_ns for row in segments} | {row.end_ns for row in segments})
    waiting: list[tuple[tuple[int, ...], Row]] = []
    arriving = 0
    for since_ns, until_ns in pairwise(edges):
        while arriving < len(segments) and segments[arriving].start_ns <= since_ns:
            row = segments[arriving]
            order = ranks[row.origin], row.stage == ASLEEP, -row.modified_ms, -row.start_ns, row.end_ns, row.stage
            heapq.heappush(waiting, (order, row))
            arriving += 1
        while waiting and waiting[0][1].end_ns <= since_ns:
            heapq.heappop(waiting)
        if waiting:
            yield waiting[0][1], until_ns - since_ns
