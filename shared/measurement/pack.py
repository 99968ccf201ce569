"""A day of points as a few bytes, and back, with nothing lost.

Canonical bytes are MessagePack of `[count, start, length, modified, origins, values, names, set_aside]`. A column is a
single value where all its values are equal; else it is split into byte planes (the lowest byte of every number, then
the next, …), which turns numbers that differ little into runs that compress well and are exact whatever the numbers
are: a heart rate of 61.0 differs from 62.0 in one of its eight bytes. Start times are differences in units of their
grain. A packed day is one byte of format, then the canonical bytes as one checked zstd frame.
"""

import datetime as dt
import hashlib
import math
import struct
import threading
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import sub
from typing import Any, TypeAlias

import msgspec

from shared.errors import Unavailable
from shared.measurement.model import FIELDS, Day, Number, Points, SetAside
from shared.vocabulary import Kind

FORMAT = 1
LARGEST = 64 * 1024 * 1024
"""No day is larger than this, unpacked; anything that claims to be is damage."""

_GRAINS = {1_000_000_000: 3, 1_000_000: 4, 1_000: 5, 1: 6}
"""Units that times come in, and how many bytes the longest step within a day then takes."""
_DECIMALS = (1, 2, 3, 4, 5, 6)
_msgpack = msgspec.msgpack.Encoder().encode

Column: TypeAlias = Any  # one of: None, int, float, str, [tag, …]

_PLANES, _STEPS, _SOME, _SCALED, _INDEXED = range(5)
"""What a column that is not a single value is: its first item. The rest of it is in the function that writes it."""


def pack(day: Day) -> bytes:
    """The day as bytes, smaller where it is regular.

    Raises:
        ValueError: the points' starts do not ascend, or not within a day. A programming error, as are (struct.error,
            OverflowError) numbers that do not fit 64 bits: mapping sets such points aside.
    """
    return bytes([FORMAT]) + _deflate(canonical(day))


def unpack(kind: Kind, on: dt.date, packed: bytes) -> Day:
    """The very day that was packed.

    Raises:
        Unavailable: `day_format_unknown`: written by a newer version; `day_damaged`: not what `pack` wrote. A newer
            deployment, or a re-read from the source, may succeed.
    """
    if packed[:1] != bytes([FORMAT]):
        raise Unavailable("day_format_unknown", f"format {packed[:1].hex() or 'none'}")
    try:
        return _read(kind, on, _inflate(packed[1:]))
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, struct.error, msgspec.MsgspecError) as fault:
        raise Unavailable("day_damaged", type(fault).__name__) from fault


def digest(day: Day, key: bytes = b"") -> bytes:
    """Eight bytes that are equal, under one key, for days with equal points and set-aside points.

    With a secret key of the person's they tell nobody else whether two days are alike.
    """
    return hashlib.blake2b(canonical(day), key=key, digest_size=8).digest()


def canonical(day: Day) -> bytes:
    """The day's content as bytes: equal for equal days, whichever library versions compress them."""
    p = day.points
    # Most kinds are instants, and mapping gives those one list for both times.
    length: Column = 0 if p.end_ns is p.start_ns else _ints(list(map(sub, p.end_ns, p.start_ns))) or 0
    body = [
        len(p),
        _times(p.start_ns),
        length,
        _ints(p.modified_ms),
        _texts(p.origin),
        [_optional(c, _ints if f.whole else _floats) for f, c in zip(FIELDS[p.kind], p.values, strict=True)],
        _texts(p.name),
        [(s.reason, s.raw, s.start_ns, s.session) for s in day.set_aside],
    ]
    return _msgpack(body)


def _big_endian(values: list[Any], code: str) -> tuple[bytes, int]:
    """Bytes in which the numbers stand, eight each, highest first; and how far apart. The last ends at the end.

    MessagePack writes large integers and floats as a tag and just these eight bytes, four times as fast as `struct`.
    """
    encoded, count = _msgpack(values), len(values)
    tag = b"\xcb" if code == "d" else b"\xcf"
    if len(encoded) == 9 * count + 3 and encoded[3::9] == tag * count:
        return encoded, 9
    return struct.pack(f">{count}{code}", *values), 8


def _planes(raw: bytes, stride: int, count: int) -> list[bytes | int]:
    """The lowest bytes of all numbers, then the next ones, …; an int stands for a plane of equal bytes."""
    planes: list[bytes | int] = []
    end = len(raw)
    for k in range(1, 9):
        plane = raw[end - k - stride * (count - 1) :: stride]
        planes.append(plane[0] if plane == plane[:1] * count else plane)
    while planes and planes[-1] == 0:
        planes.pop()
    return planes


def _numbers(planes: Sequence[bytes | int], code: str, count: int) -> tuple[Any, ...]:
    raw = bytearray(8 * count)
    for k, plane in enumerate(planes):
        raw[7 - k :: 8] = plane if isinstance(plane, bytes) else bytes([plane]) * count
    return struct.unpack(f">{count}{code}", raw)


def _all_equal(values: Sequence[object]) -> bool:
    return values[0] == values[-1] and values.count(values[0]) == len(values)


def _ints(values: list[int]) -> Column:
    if not values or _all_equal(values):
        return values[0] if values else None
    return [_PLANES, _planes(*_big_endian(values, "q"), len(values))]


def _times(values: list[int]) -> Column:
    """[_STEPS, first, grain, planes of the steps from one to the next, in grains; 0 for the first]"""
    if not values or _all_equal(values):
        return values[0] if values else None
    count, first = len(values), values[0]
    grain = math.gcd(values[-1] - first, values[count // 2] - first, values[1] - first)
    raw, stride = _big_endian(values, "q")
    # All steps at once: one long subtraction of all numbers from their successors, one long division by the grain.
    # A step backwards borrows from its neighbour and leaves its own lane's highest bytes set, and a lane that the unit
    # does not divide spills into the next; quotients that all fit `most` bytes prove that neither happened.
    lanes = int.from_bytes(raw[-stride * count :], "big")
    width = 8 * stride
    steps = lanes - (lanes >> width)
    steps -= (steps >> width * (count - 1)) << width * (count - 1)
    for unit, most in _GRAINS.items():
        if grain % unit == 0:
            quotient, rest = divmod(steps, unit)
            planes = _planes(quotient.to_bytes(stride * count, "big"), stride, count)
            if rest == 0 and len(planes) <= most:
                return [_STEPS, first, unit, planes]
    raise ValueError("start times do not ascend within a day")


def _floats(values: list[float]) -> Column:
    if not values:
        return None
    planes = _planes(*_big_endian(values, "d"), len(values))
    varying = sum(isinstance(plane, bytes) for plane in planes)
    if varying == 0:
        return float(values[0])
    if varying > 3:  # not whole numbers: perhaps short decimals
        for decimals in _DECIMALS:
            scaled = _scaled(values, 10.0**decimals)
            if scaled is not None:
                return [_SCALED, decimals, _ints(scaled)]
    return [_PLANES, planes]


def _scaled(values: list[float], scale: float) -> list[int] | None:
    """The numbers times `scale` where that makes them whole and gives every bit back, else None."""
    if not all(abs(x) < 2**50 / scale for x in values):
        return None
    whole = [round(x * scale) for x in values]
    same = struct.pack(f">{len(values)}d", *values) == struct.pack(f">{len(values)}d", *(w / scale for w in whole))
    return whole if same else None


def _optional(values: list[Number], column: Callable[[list[Any]], Column]) -> Column:
    """[_SOME, a byte per value: 1 where there is one, the column of those there are]"""
    try:
        return column(values)
    except (struct.error, TypeError):  # looking for None first would cost more than all the rest
        there = bytes(v is not None for v in values)
        present = [v for v in values if v is not None]
        return [_SOME, there, column(present)] if present else None


def _texts(values: list[str]) -> Column:
    """[_INDEXED, the distinct texts in order of appearance, which of them each is: in bytes where there are few]"""
    if not values or _all_equal(values):
        return values[0] if values else None
    distinct = {text: i for i, text in enumerate(dict.fromkeys(values))}
    which = map(distinct.__getitem__, values)
    return [_INDEXED, list(distinct), bytes(which) if len(distinct) <= 256 else _ints(list(which))]


def _read(kind: Kind, on: dt.date, body: bytes) -> Day:
    count, start, length, modified, origin, values, name, set_aside = msgspec.msgpack.decode(body)
    if not 0 <= count <= LARGEST // 8 or len(values) != len(FIELDS[kind]):
        raise ValueError("count")
    start_ns = _column(start, "q", count)
    end_ns = start_ns if length == 0 else list(map(int.__add__, start_ns, _column(length, "q", count)))
    points = Points(
        kind,
        start_ns,
        end_ns,
        _column(modified, "q", count),
        _column(origin, "q", count),
        [_column(c, "q" if f.whole else "d", count) for f, c in zip(FIELDS[kind], values, strict=True)],
        _column(name, "q", count),
    )
    return Day(on, points, [SetAside(*one) for one in set_aside])


def _column(column: Column, code: str, count: int) -> list[Any]:
    if not isinstance(column, list):
        return [column] * count
    match column:
        case [0, planes]:
            return list(_numbers(planes, code, count))
        case [1, first, grain, planes]:
            return [first + grain * s for s in accumulate(_numbers(planes, "q", count))]
        case [2, there, some]:
            present = iter(_column(some, code, there.count(1)))
            return [next(present) if t else None for t in there]
        case [3, decimals, scaled]:
            scale = 10.0**decimals
            return [w / scale for w in _column(scaled, "q", count)]
        case [4, texts, which]:
            return [texts[i] for i in (which if isinstance(which, bytes) else _column(which, "q", count))]
    raise ValueError("column")


_threads = threading.local()  # a compressor serves one thread at a time


def _deflate(body: bytes) -> bytes:
    if not hasattr(_threads, "compressor"):
        import zstandard

        _threads.compressor = zstandard.ZstdCompressor(level=1, write_checksum=True, write_content_size=True)
    frame: bytes = _threads.compressor.compress(body)
    return frame


def _inflate(frame: bytes) -> bytes:
    import zstandard

    try:
        if not 0 <= zstandard.frame_content_size(frame) <= LARGEST:
            raise ValueError("size")
        return zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError as fault:
        raise ValueError(str(fault)) from fault
