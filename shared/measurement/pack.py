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
from array import array
from collections.abc import Callable, Sequence
from functools import cache
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

_WRAP = 1 << 64
_GRAINS = (1_000_000_000, 1_000_000, 1_000)
_DECIMALS = (1, 2, 3, 4, 5, 6)
Column: TypeAlias = Any  # one of: None, int, float, str, [tag, …]

_PLANES, _STEPS, _SOME, _SCALED, _INDEXED = range(5)
"""What a column that is not a single value is: its first item. The rest of it is in the function that writes it."""


def pack(day: Day) -> bytes:
    """The day as bytes, smaller where it is regular.

    Raises:
        OverflowError: a time or whole value does not fit 64 bits. A programming error: mapping sets such points aside.
    """
    frame: bytes = _zstd().compress(canonical(day))
    return bytes([FORMAT]) + frame


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
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, MemoryError, msgspec.MsgspecError) as fault:
        raise Unavailable("day_damaged", type(fault).__name__) from fault


def digest(day: Day, key: bytes = b"") -> bytes:
    """Eight bytes that are equal, under one key, for days with equal points and set-aside points.

    With a secret key of the person's they tell nobody else whether two days are alike.
    """
    return hashlib.blake2b(canonical(day), key=key, digest_size=8).digest()


def canonical(day: Day) -> bytes:
    """The day's content as bytes: equal for equal days, whichever library versions compress them."""
    p = day.points
    n = len(p)
    body = [
        n,
        _times(p.start_ns),
        _ints(list(map(sub, p.end_ns, p.start_ns))),
        _ints(p.modified_ms),
        _texts(p.origin),
        [_optional(c, _ints if f.whole else _floats) for f, c in zip(FIELDS[p.kind], p.values, strict=True)],
        _texts(p.name),
        [(s.reason, s.raw, s.start_ns, s.session) for s in day.set_aside],
    ]
    return msgspec.msgpack.encode(body)


def _planes(numbers: "array[int] | array[float]") -> list[bytes | int]:
    """The lowest bytes of all numbers, then the next ones, …; an int stands for a plane of equal bytes."""
    count, raw = len(numbers), numbers.tobytes()
    planes: list[bytes | int] = []
    for k in range(8):
        plane = raw[k::8]
        planes.append(plane[0] if plane.count(plane[0]) == count else plane)
    while planes and planes[-1] == 0:
        planes.pop()
    return planes


def _numbers(planes: Sequence[bytes | int], code: str, count: int) -> "array[Any]":
    raw = bytearray(8 * count)
    for k, plane in enumerate(planes):
        raw[k::8] = plane if isinstance(plane, bytes) else bytes([plane]) * count
    return array(code, bytes(raw))


def _ints(values: list[int]) -> Column:
    if not values or values.count(values[0]) == len(values):
        return values[0] if values else None
    return [_PLANES, _planes(array("q", values))]


def _times(values: list[int]) -> Column:
    """[_STEPS, first, grain, planes of the differences between neighbours, in grains, modulo 2**64]"""
    if not values or values.count(values[0]) == len(values):
        return values[0] if values else None
    array("q", values)  # raises where a time does not fit
    differences = list(map(sub, values[1:], values))
    grain = math.gcd(*differences)
    grain = next((g for g in _GRAINS if grain % g == 0), 1)
    steps = [0, *(d // grain for d in differences)]
    return [_STEPS, values[0], grain, _planes(array("Q", [s % _WRAP for s in steps]))]


def _floats(values: list[float]) -> Column:
    numbers = array("d", values)
    raw = numbers.tobytes()
    if raw == raw[:8] * len(values):
        return numbers[0] if values else None
    planes = _planes(numbers)
    if sum(isinstance(plane, bytes) for plane in planes) > 3:  # not whole numbers: perhaps short decimals
        for decimals in _DECIMALS:
            scaled = _scaled(numbers, raw, 10.0**decimals)
            if scaled is not None:
                return [_SCALED, decimals, _ints(scaled)]
    return [_PLANES, planes]


def _scaled(numbers: "array[float]", raw: bytes, scale: float) -> list[int] | None:
    """The numbers times `scale` where that makes them whole and gives every bit back, else None."""
    if not all(abs(x) < 2**50 / scale for x in numbers):
        return None
    whole = [round(x * scale) for x in numbers]
    return whole if array("d", [w / scale for w in whole]).tobytes() == raw else None


def _optional(values: list[Number], column: Callable[[list[Any]], Column]) -> Column:
    """[_SOME, a byte per value: 1 where there is one, the column of those there are]"""
    if None not in values:
        return column(values)
    there = bytes(v is not None for v in values)
    present = [v for v in values if v is not None]
    return [_SOME, there, column(present)] if present else None


def _texts(values: list[str]) -> Column:
    """[_INDEXED, the distinct texts in order of appearance, which of them each is]"""
    if not values or values.count(values[0]) == len(values):
        return values[0] if values else None
    distinct = {text: i for i, text in enumerate(dict.fromkeys(values))}
    return [_INDEXED, list(distinct), _ints([distinct[text] for text in values])]


def _read(kind: Kind, on: dt.date, body: bytes) -> Day:
    count, start, length, modified, origin, values, name, set_aside = msgspec.msgpack.decode(body)
    if not 0 <= count <= LARGEST // 8 or len(values) != len(FIELDS[kind]):
        raise ValueError("count")
    start_ns = _column(start, "q", count)
    points = Points(
        kind,
        start_ns,
        list(map(int.__add__, start_ns, _column(length, "q", count))),
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
            return _numbers(planes, code, count).tolist()
        case [1, first, grain, planes]:
            steps = _numbers(planes, "q", count)
            return [first + grain * s for s in accumulate(steps)]
        case [2, there, some]:
            present = iter(_column(some, code, there.count(1)))
            return [next(present) if t else None for t in there]
        case [3, decimals, scaled]:
            scale = 10.0**decimals
            return [w / scale for w in _column(scaled, "q", count)]
        case [4, texts, which]:
            return [texts[i] for i in _column(which, "q", count)]
    raise ValueError("column")


@cache
def _zstd() -> Any:
    import zstandard

    return zstandard.ZstdCompressor(level=1, write_checksum=True, write_content_size=True)


def _inflate(frame: bytes) -> bytes:
    import zstandard

    if zstandard.frame_content_size(frame) > LARGEST:
        raise ValueError("size")
    try:
        return zstandard.ZstdDecompressor().decompress(frame, max_output_size=LARGEST)
    except zstandard.ZstdError as fault:
        raise ValueError(str(fault)) from fault
