"""From Google Fit's JSON to columns of points: every value checked, nothing dropped in silence.

A body that is not one whole JSON object of the right shape is refused and nothing of it is used
(`Unavailable("upstream_malformed")`). Within a good body a bad point is set aside alone, with its reason.
"""

import json
from collections.abc import Iterable
from math import isfinite
from operator import attrgetter, sub
from typing import Any, NamedTuple, NoReturn, TypeVar

import msgspec
from msgspec import Raw

from shared.errors import Unavailable
from shared.measurement.limits import EARLIEST_NS, LEEWAY_NS, LIMITS, LONGEST_NS, REQUIRED, Reason
from shared.measurement.model import FIELDS, SESSION, Identity, Number, Points, SetAside, identify
from shared.source.google_fit import wire
from shared.source.google_fit.streams import Stream, check_fields, choose_stream, decode_sources
from shared.vocabulary import Kind

__all__ = [
    "Changes", "Page", "Sessions", "Stream", "check_fields", "choose_stream", "decode_changes", "decode_dataset",
    "decode_sessions", "decode_sources",
]  # fmt: skip

SLEEP_ACTIVITIES = {72: 2, 109: 4, 110: 5, 111: 6, 112: 1}
"""Activity types that are sleep (asleep, light, deep, REM, awake), and the sleep stages they mean."""

RAW_LIMIT_BYTES = 4096
"""How much of a set-aside point is kept: some ten times an ordinary one."""


MS = 1_000_000
"""Nanoseconds in a millisecond."""

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


class _Unfit(Exception):
    """This point cannot be taken for what it claims to be."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Skip(Exception):
    """Not a measurement of this kind, and not claiming to be: an activity other than sleep."""


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
    stream = answer.data_source_id
    points, set_aside = _sift(kind, answer.inserted_data_point, stream, now_ns)
    deleted = []
    for raw in answer.deleted_data_point:
        try:
            gone = _POINT.decode(raw)
        except ValueError:
            set_aside.append(_set_aside(Reason.MALFORMED, raw, _start_of(raw)))
            continue
        origin = gone.origin_data_source_id or stream
        deleted.append(identify(kind, "", origin, gone.start_time_nanos, gone.end_time_nanos))
    return Changes(points, deleted, set_aside, answer.next_page_token)


def decode_sessions(body: bytes, *, now_ns: int) -> Sessions:
    """Read one page of sessions, leaving out those that are not sleep. Raises as `decode_dataset`."""
    answer = _decode(body, _SESSIONS)
    rows: list[_Row] = []
    set_aside: list[SetAside] = []
    for raw in answer.session:
        try:
            rows.append(_session_row(raw, now_ns))
        except _Skip:
            continue
        except _Unfit as unfit:
            set_aside.append(_set_aside(unfit.reason, raw, _session_start(raw), session=True))
    deleted = []
    for raw in answer.deleted_session:
        try:
            gone = _SESSION.decode(raw)
            deleted.append((gone.id, gone.start_time_millis * MS))
        except ValueError:
            set_aside.append(_set_aside(Reason.MALFORMED, raw, _session_start(raw), session=True))
    return Sessions(Points.of_rows(Kind.SLEEP, rows), deleted, set_aside, answer.next_page_token)


# ---------------------------------------------------------------- the whole page at once


def _typed(kind: Kind, body: bytes, now_ns: int) -> Page | None:
    """The page where all its points are in order, else None: then each is looked at on its own."""
    first, last = body.find(b"["), body.rfind(b"]") + 1
    if first < 0 or last < first:
        return None
    try:
        # What surrounds the points is small, so it can be read strictly; the points are then the one list in it.
        around = _object(body[:first] + b"null" + body[last:])
        if around.pop("point", 0) is not None:
            return None
        stream, token = around.get("dataSourceId", ""), around.get("nextPageToken", "")
        points = wire.typed_dataset(kind).decode(memoryview(body)[first:last])
    except (ValueError, RecursionError):
        return None
    if not points or type(stream) is not str or type(token) is not str:
        return None
    start, end = [p.s for p in points], [p.e for p in points]
    if end == start:
        end, latest = start, max(start[0], start[-1])
    elif _lengths_fit(kind, start, end):
        latest = max(end)
    else:
        return None
    if latest > now_ns + LEEWAY_NS:
        return None
    origin = [p.o for p in points]
    if origin.count(origin[0]) == len(origin):
        origin = [origin[0] or stream] * len(origin)
    else:
        origin = [o or stream for o in origin]
    modified = [p.m for p in points]
    values = [_column(kind, i, points) for i in range(len(FIELDS[kind]))]
    columns = Points(kind, start, end, modified, origin, values, [""] * len(points)).in_order()
    return Page(columns, [], token) if columns.start_ns[-1] <= now_ns + LEEWAY_NS else None


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


# ---------------------------------------------------------------- one point at a time

_Row = tuple[Any, ...]
_DATASET = msgspec.json.Decoder(wire.RawDataset, strict=False)
_CHANGES = msgspec.json.Decoder(wire.RawChanges, strict=False)
_SESSIONS = msgspec.json.Decoder(wire.RawSessions, strict=False)
_POINT = msgspec.json.Decoder(wire.LoosePoint, strict=False)
_SESSION = msgspec.json.Decoder(wire.Session, strict=False)
_TIMED = msgspec.json.Decoder(wire.Timed, strict=False)
_SESSION_TIMED = msgspec.json.Decoder(wire.SessionTimed, strict=False)
_SESSION_TYPED = msgspec.json.Decoder(wire.SessionTyped, strict=False)


def _decode(body: bytes, decoder: "msgspec.json.Decoder[_T]") -> _T:
    try:
        _object(body)
        return decoder.decode(body)
    except (ValueError, RecursionError) as fault:
        raise Unavailable("upstream_malformed", type(fault).__name__) from fault


def _loose(kind: Kind, body: bytes, now_ns: int) -> Page:
    answer = _decode(body, _DATASET)
    points, set_aside = _sift(kind, answer.point, answer.data_source_id, now_ns)
    return Page(points, set_aside, answer.next_page_token)


def _sift(kind: Kind, raws: Iterable[Raw], stream: str, now_ns: int) -> tuple[Points, list[SetAside]]:
    rows: list[_Row] = []
    set_aside: list[SetAside] = []
    for raw in raws:
        try:
            rows.append(_row(kind, raw, stream, now_ns))
        except _Skip:
            continue
        except _Unfit as unfit:
            set_aside.append(_set_aside(unfit.reason, raw, _start_of(raw)))
    return Points.of_rows(kind, rows), set_aside


def _row(kind: Kind, raw: Raw, stream: str, now_ns: int) -> _Row:
    try:
        point = _POINT.decode(raw)
    except ValueError as fault:
        raise _Unfit(Reason.MALFORMED) from fault
    if kind is Kind.SLEEP and point.data_type_name == wire.ACTIVITY:
        point.value = [_stage_of(point.value)]
    elif point.data_type_name != wire.TYPES[kind]:
        raise _Unfit(Reason.WRONG_TYPE)
    _check_times(kind, point.start_time_nanos, point.end_time_nanos, now_ns)
    origin = point.origin_data_source_id or stream
    values = [_value(kind, i, point.value) for i in range(len(FIELDS[kind]))]
    return (point.start_time_nanos, point.end_time_nanos, origin, "", point.modified_time_millis, *values)


def _stage_of(values: list[wire.LooseValue]) -> wire.LooseValue:
    activity = values[0].intVal if values else None
    if activity is None:
        raise _Unfit(Reason.VALUE_MISSING)
    if activity not in SLEEP_ACTIVITIES:
        raise _Skip
    return wire.LooseValue(intVal=SLEEP_ACTIVITIES[activity])


def _check_times(kind: Kind, start_ns: int, end_ns: int, now_ns: int) -> None:
    if start_ns < EARLIEST_NS:
        raise _Unfit(Reason.TOO_OLD)
    if max(start_ns, end_ns) > now_ns + LEEWAY_NS:
        raise _Unfit(Reason.IN_FUTURE)
    if end_ns < start_ns:
        raise _Unfit(Reason.END_BEFORE_START)
    if end_ns - start_ns > LONGEST_NS.get(kind, end_ns):
        raise _Unfit(Reason.IMPOSSIBLE)


def _value(kind: Kind, i: int, values: list[wire.LooseValue]) -> Number:
    whole = FIELDS[kind][i].whole
    number = _number(values[i], whole) if i < len(values) else None
    if number == 0 and whole and kind is not Kind.STEPS:
        number = None  # an enum's 0 is unset
    if number is None:
        if i < REQUIRED[kind]:
            raise _Unfit(Reason.VALUE_MISSING)
        return None
    limit = LIMITS[kind][i]
    if not limit.least <= number <= limit.most:
        raise _Unfit(Reason.IMPOSSIBLE)
    return number if whole else float(number)


def _number(value: wire.LooseValue, whole: bool) -> Number:
    """The number, under whichever name it came, provided that it is one, and whole where it has to be."""
    number: Number = value.fpVal if value.intVal is None or (value.fpVal is not None and not whole) else value.intVal
    if isinstance(number, float):
        if not isfinite(number) or (whole and not number.is_integer()):
            raise _Unfit(Reason.MALFORMED)
        return int(number) if whole else number
    return number


def _session_row(raw: Raw, now_ns: int) -> _Row:
    try:
        session = _SESSION.decode(raw)
    except ValueError as fault:
        raise (_Unfit(Reason.MALFORMED) if _session_type(raw) in SLEEP_ACTIVITIES else _Skip()) from fault
    if session.activity_type not in SLEEP_ACTIVITIES:
        raise _Skip
    if not session.id:
        raise _Unfit(Reason.VALUE_MISSING)
    start_ns, end_ns = session.start_time_millis * MS, session.end_time_millis * MS
    _check_times(Kind.SLEEP, start_ns, end_ns, now_ns)
    origin = session.application.package_name if session.application else ""
    return (start_ns, end_ns, origin, session.id, session.modified_time_millis, SESSION)


def _set_aside(reason: Reason, raw: Raw, start_ns: int | None, *, session: bool = False) -> SetAside:
    fits = start_ns is not None and -wire.INT64 <= start_ns <= wire.INT64
    return SetAside(reason, bytes(raw)[:RAW_LIMIT_BYTES], start_ns if fits else None, session)


def _start_of(raw: Raw) -> int | None:
    try:
        return _TIMED.decode(raw).start_time_nanos
    except ValueError:
        return None


def _session_start(raw: Raw) -> int | None:
    try:
        start_ms = _SESSION_TIMED.decode(raw).start_time_millis
    except ValueError:
        return None
    return None if start_ms is None else start_ms * MS


def _session_type(raw: Raw) -> int | None:
    """The type of an unreadable session; where not even that can be read, sleep, so that it is not lost."""
    try:
        return _SESSION_TYPED.decode(raw).activity_type
    except ValueError:
        return 72
