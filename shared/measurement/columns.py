"""Cutting and joining columns."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from itertools import compress, pairwise
from typing import TypeVar

from shared.measurement.model import Identity, Points

T = TypeVar("T")


def joined(pages: Sequence[Points], none: Points) -> Points:
    """All pages as one, ascending; `none` where there are no pages. Equal points are kept, as they came."""
    filled = [page for page in pages if len(page)]
    if len(filled) < 2:
        return filled[0] if filled else none
    # A dataset's pages arrive newest first, each ascending within itself. Where they lie apart no point can be in two
    # of them, and their order is all there is to find; else of two reports the one that came later has to stay so.
    apart = sorted(filled, key=lambda page: page.start_ns[0])
    if all(before.start_ns[-1] < after.start_ns[0] for before, after in pairwise(apart)):
        filled = apart
    whole = Points(
        none.kind,
        [one for page in filled for one in page.start_ns],
        [one for page in filled for one in page.end_ns],
        [one for page in filled for one in page.modified_ms],
        [one for page in filled for one in page.origin],
        [[one for page in filled for one in page.values[i]] for i in range(len(none.values))],
        [one for page in filled for one in page.name],
    )
    key = list(zip(whole.start_ns, whole.end_ns, whole.origin, strict=True))
    order = sorted(range(len(key)), key=key.__getitem__)
    return whole if order == list(range(len(key))) else _ordered(whole, order)


def without(points: Points, gone: Collection[Identity]) -> Points:
    """The points whose identity is not among `gone`."""
    kept = [identity not in gone for identity in points.identities()]
    return points if all(kept) else _ordered(points, list(compress(range(len(kept)), kept)))


def started_within(points: Points, start_ns: int, end_ns: int) -> Points:
    """The points that start within [start_ns, end_ns)."""
    first, last = bisect_left(points.start_ns, start_ns), bisect_left(points.start_ns, end_ns)
    return points if last - first == len(points) else points.span(first, last)


def _ordered(points: Points, order: list[int]) -> Points:
    return Points(
        points.kind,
        _taken(points.start_ns, order),
        _taken(points.end_ns, order),
        _taken(points.modified_ms, order),
        _taken(points.origin, order),
        [_taken(column, order) for column in points.values],
        _taken(points.name, order),
    )


def _taken(column: Sequence[T], order: list[int]) -> list[T]:
    return [column[i] for i in order]
