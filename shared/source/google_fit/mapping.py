"""From Google Fit's JSON to columns of points: every value checked, nothing dropped in silence.

A body that is not one whole JSON object of the right shape is refused and nothing of it is used
(`Unavailable("upstream_malformed")`). Within a good body a bad point is set aside alone, with its reason.
"""

import json
from operator import attrgetter, sub
from typing import Any, NamedTuple, NoReturn, TypeVar

import msgspec

from shared.errors import Unavailable
from shared.measurement.limits import EARLIEST_NS, LEEWAY_NS, LONGEST_NS
from shared.measurement.model import FIELDS, Identity, Number, Points, SetAside
from shared.source.google_fit import wire
from shared.source.google_fit.sift import sift, sift_deleted, sift_deleted_sessions, sift_sessions
from shared.source.google_fit.streams import Stream, check_fields, choose_stream, decode_sources, type_names
from shared.vocabulary import Kind

__all__ = [
    "Changes", "Page", "Sessions", "Stream", "check_fields", "choose_stream", "decode_changes", "decode_dataset",
    "decode_sessions", "decode_sources", "type_names",
]  # fmt: skip

_DATASET = msgspec.json.Decoder(wire.RawDataset, strict=False)
_CHANGES = msgspec.json.Decoder(wire.RawChanges, strict=False)
_SESSIONS = msgspec.json.Decoder(wire.RawSessions, strict=False)

_T = TypeVar("_T")


class Page(NamedTuple):
    """One page of a dataset."""

    points: Points
    set_aside: list[SetAside]
    next_page_token: str


class Changes(NamedTuple):
    """One page of what was inserted and deleted since a cursor. Deletions come first."""

    upserts: Points
    deleted: list[Identity]
    set_aside: list[SetAside]
    next_page_token: str


class Sessions(NamedTuple):
    """Sleep sessions: rows of stage `SESSION` named by the session's id, and the ids of deleted ones, with when each
    started (0 where it is not told)."""

    points: Points
    deleted: list[tuple[str, int]]
    set_aside: list[SetAside]
    next_page_token: str


def decode_dataset(kind: Kind, body: bytes, *, now_ns: int) -> Page:
    """Read one page of a dataset of `kind`; for sleep also of old-style activity segments.

    A point without an origin has the stream's own id as its origin. Points come in order, ascending.

    Raises:
        Unavailable: `upstream_malformed`: the body is broken, and trying later may bring a whole one.
    """
    return _typed(kind, body, now_ns) or _loose(kind, body, now_ns)


def decode_changes(kind: Kind, body: bytes, *, now_ns: int) -> Changes:
    """Read one page of dataPointChanges of `kind`. Raises as `decode_dataset`."""
    answer = _decode(body, _CHANGES)
    points, set_aside = sift(kind, answer.inserted_data_point, answer.data_source_id, now_ns)
    deleted, unreadable = sift_deleted(kind, answer.deleted_data_point, answer.data_source_id)
    return Changes(points, deleted, set_aside + unreadable, answer.next_page_token)


def decode_sessions(body: bytes, *, now_ns: int) -> Sessions:
    """Read one page of sessions, leaving out those that are not sleep. Raises as `decode_dataset`."""
    answer = _decode(body, _SESSIONS)
    points, set_aside = sift_sessions(answer.session, now_ns)
    deleted, unreadable = sift_deleted_sessions(answer.deleted_session)
    return Sessions(points, deleted, set_aside + unreadable, answer.next_page_token)


# ---------------------------------------------------------------- the whole page at once


def _typed(kind: Kind, body: bytes, now_ns: int) -> Page | None:
    """The page where all its points are in order, else None: then each is looked at on its own."""
    first, last = body.find(b"["), body.rfind(b"]") + 1
    # What surrounds the points is small, so it can be read strictly. As long as it is one flat object, the list is the
    # value of the key in front of it, and the points are what is in the list.
    before, behind = body[: max(first, 0)], body[max(last, 0) :]
    flat = before.count(b"{") + behind.count(b"{") == 1
    if not flat or not before.rstrip(b" \t\r\n:").endswith(b'"point"'):
        return None
    try:
        around = _object(before + b"null" + behind)
        token = around.get("nextPageToken", "")
        points = wire.typed_dataset(kind).decode(memoryview(body)[first:last])
    except (ValueError, RecursionError):
        return None
    if not points or type(token) is not str or not token.isascii() or len(token) > wire.MOST_TOKEN:
        return None
    if "point" not in around:
        return None
    start, end = [p.s for p in points], [p.e for p in points]
    if end == start:
        end = start
    elif not _lengths_fit(kind, start, end):
        return None
    origin = [p.o for p in points]
    if origin.count(origin[0]) == len(origin):
        origin = [origin[0]] * len(origin)
    else:  # one text for each distinct origin is less to hold, and to tell apart later
        distinct = dict(zip(origin, origin, strict=True))
        origin = list(map(distinct.__getitem__, origin))
    values = [_column(kind, i, points) for i in range(len(FIELDS[kind]))]
    page = Points(kind, start, end, [p.m for p in points], origin, values, [""] * len(points)).in_order()
    latest = page.start_ns[-1] if end is start else max(end)
    return Page(page, [], token) if page.start_ns[0] >= EARLIEST_NS and latest <= now_ns + LEEWAY_NS else None


def _lengths_fit(kind: Kind, start: list[int], end: list[int]) -> bool:
    lengths: list[int] = list(map(sub, end, start))
    return min(lengths) >= 0 and max(lengths) <= LONGEST_NS.get(kind, wire.INT64)


def _column(kind: Kind, i: int, points: list[Any]) -> list[Number]:
    if i == 0:
        return [p.v.a.v for p in points]
    column = list(map(attrgetter(f"v.{'abcde'[i]}.v"), points))
    return [v or None for v in column] if FIELDS[kind][i].whole else column  # an enum's 0 is unset


def _object(body: bytes) -> dict[str, Any]:
    """The outermost object, what is within its lists unread. Raises ValueError where it is none, or repeats a key."""
    objects: list[list[tuple[str, Any]]] = []
    # Numbers stay unread: converting a very long one is slow, or fails for the whole body.
    if json.loads(body.decode(), object_pairs_hook=objects.append, parse_int=len, parse_float=len, parse_constant=_no):
        raise ValueError("not an object")
    outermost = dict(objects[-1]) if objects else {}
    if not objects or len(outermost) != len(objects[-1]):
        raise ValueError("not an object, or a key twice")
    return outermost


def _no(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _decode(body: bytes, decoder: "msgspec.json.Decoder[_T]") -> _T:
    try:
        _object(body)
        return decoder.decode(body)
    except (ValueError, RecursionError) as fault:
        raise Unavailable("upstream_malformed", type(fault).__name__) from fault


def _loose(kind: Kind, body: bytes, now_ns: int) -> Page:
    answer = _decode(body, _DATASET)
    points, set_aside = sift(kind, answer.point, answer.data_source_id, now_ns)
    return Page(points, set_aside, answer.next_page_token)
