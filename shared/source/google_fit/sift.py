"""Points one at a time: what can be understood becomes a row, what cannot is set aside, with its reason."""

from collections.abc import Iterable
from math import isfinite

import msgspec
from msgspec import Raw

from shared.measurement.limits import EARLIEST_NS, LEEWAY_NS, LIMITS, LONGEST_NS, REQUIRED, Reason
from shared.measurement.model import FIELDS, SESSION, Identity, Number, Points, Row, SetAside, identify
from shared.source.google_fit import wire
from shared.vocabulary import Kind

SLEEP_ACTIVITIES = {72: 2, 109: 4, 110: 5, 111: 6, 112: 1}
"""Activity types that are sleep (asleep, light, deep, REM, awake), and the sleep stages they mean."""

RAW_LIMIT_BYTES = 4096
"""How much of a set-aside point is kept: some ten times an ordinary one."""

MS = 1_000_000
"""Nanoseconds in a millisecond."""

_POINT = msgspec.json.Decoder(wire.LoosePoint, strict=False)
_SESSION = msgspec.json.Decoder(wire.Session, strict=False)
_TIMED = msgspec.json.Decoder(wire.Timed, strict=False)
_SESSION_TIMED = msgspec.json.Decoder(wire.SessionTimed, strict=False)
_SESSION_TYPED = msgspec.json.Decoder(wire.SessionTyped, strict=False)


class _Unfit(Exception):
    """This point cannot be taken for what it claims to be."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Skip(Exception):
    """Not a measurement of this kind, and not claiming to be: an activity other than sleep."""


def sift(kind: Kind, raws: Iterable[Raw], stream: str, now_ns: int) -> tuple[Points, list[SetAside]]:
    """The points of a data stream that are sound, ascending, and those that are not."""
    rows: list[Row] = []
    set_aside: list[SetAside] = []
    for raw in raws:
        try:
            rows.append(_row(kind, raw, stream, now_ns))
        except _Skip:
            continue
        except _Unfit as unfit:
            set_aside.append(_set_aside(unfit.reason, raw, _start_of(raw)))
    return Points.of_rows(kind, rows), set_aside


def sift_deleted(kind: Kind, raws: Iterable[Raw], stream: str) -> tuple[list[Identity], list[SetAside]]:
    """The identities of points that are gone; a deletion may come without the point's values."""
    deleted: list[Identity] = []
    set_aside: list[SetAside] = []
    for raw in raws:
        try:
            gone = _POINT.decode(raw)
        except ValueError:
            gone = None
        if gone is None or not _is_time(gone.start_time_nanos):
            set_aside.append(_set_aside(Reason.MALFORMED, raw, _start_of(raw)))
            continue
        origin = gone.origin_data_source_id or stream
        deleted.append(identify(kind, "", origin, gone.start_time_nanos, gone.end_time_nanos))
    return deleted, set_aside


def sift_sessions(raws: Iterable[Raw], now_ns: int) -> tuple[Points, list[SetAside]]:
    """The sessions that are sleep, as rows of stage `SESSION`, ascending, and those that cannot be read."""
    rows: list[Row] = []
    set_aside: list[SetAside] = []
    for raw in raws:
        try:
            rows.append(_session_row(raw, now_ns))
        except _Skip:
            continue
        except _Unfit as unfit:
            set_aside.append(_set_aside(unfit.reason, raw, _session_start(raw), session=True))
    return Points.of_rows(Kind.SLEEP, rows), set_aside


def sift_deleted_sessions(raws: Iterable[Raw]) -> tuple[list[tuple[str, int]], list[SetAside]]:
    """The ids of sessions that are gone, whatever activity they were, with when they started (0: it is not told)."""
    deleted: list[tuple[str, int]] = []
    set_aside: list[SetAside] = []
    for raw in raws:
        try:
            gone = _SESSION.decode(raw)
            start_ns = gone.start_time_millis * MS
            deleted.append((gone.id, start_ns if _is_time(start_ns) else 0))
        except ValueError:
            set_aside.append(_set_aside(Reason.MALFORMED, raw, _session_start(raw), session=True))
    return deleted, set_aside


def _row(kind: Kind, raw: Raw, stream: str, now_ns: int) -> Row:
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


def _session_row(raw: Raw, now_ns: int) -> Row:
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
    fits = start_ns is not None and _is_time(start_ns)
    return SetAside(reason, bytes(raw)[:RAW_LIMIT_BYTES], start_ns if fits else None, session)


def _is_time(ns: int) -> bool:
    """Whether 64 bits can say it; any calendar can, then."""
    return -wire.INT64 <= ns <= wire.INT64


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
