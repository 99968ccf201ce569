"""Points and the streams that hold them: overlap, paging back from the newest, and the log of changes."""

import json
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

Scalar = float | int | str | None


class Point(NamedTuple):
    """One data point. The first three fields are its identity, and their order is the order Google lists points in.

    A float becomes `fpVal`, an int `intVal`, a str `stringVal`, None an entry without a value. `raw` is JSON served
    as it stands instead of all that.
    """

    end_ns: int
    start_ns: int
    origin: str
    modified_ms: int
    values: tuple[Scalar, ...]
    raw: str = ""

    def encode(self, type_name: str, *, with_origin: bool) -> str:
        """The point as JSON, every 64-bit number a decimal string."""
        if self.raw:
            return self.raw
        origin = f'"originDataSourceId":{_quoted(self.origin)},' if with_origin else ""
        return (
            f'{{"startTimeNanos":"{self.start_ns}","endTimeNanos":"{self.end_ns}",'
            f'"dataTypeName":"{type_name}",{origin}'
            f'"modifiedTimeMillis":"{self.modified_ms}","value":[{",".join(map(_value, self.values))}]}}'
        )


@cache
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _value(value: Scalar) -> str:
    if value is None:
        return '{"mapVal":[]}'
    if isinstance(value, float):
        # Google writes whole numbers without a fraction.
        return f'{{"fpVal":{int(value) if value.is_integer() else value!r},"mapVal":[]}}'
    if isinstance(value, int):
        return f'{{"intVal":{value},"mapVal":[]}}'
    return f'{{"stringVal":{_quoted(value)},"mapVal":[]}}'


class Change(NamedTuple):
    """One entry of a stream's log."""

    gone: bool
    point: Point


class Page(NamedTuple):
    """Some points, and where to go on; None where there is nothing further."""

    points: Sequence[Point]
    below_end_ns: int | None


class ChangePage(NamedTuple):
    """Net changes: apply `deleted` first, then `inserted`. `position` is the cursor behind them."""

    inserted: list[Point]
    deleted: list[Point]
    position: int


class Stream:
    """One data source: what describes it, its points in order of end, and every change ever made to them."""

    def __init__(self, source: dict[str, object], *, private: bool = False) -> None:
        self.source = source
        self.id = str(source["dataStreamId"])
        self.quoted_id = json.dumps(self.id, ensure_ascii=False)
        self.merges = source["type"] == "derived" and "device" not in source
        data_type = source["dataType"]
        self.type_name: str = data_type["name"] if isinstance(data_type, dict) else ""
        self.private = private
        self.points: list[Point] = []
        self.log: list[Change] = []
        self._longest_ns = 0

    def put(self, points: Iterable[Point]) -> None:
        """Insert points; one of the same identity is replaced, which the log tells as a deletion and an insertion."""
        for point in points:
            self._longest_ns = max(self._longest_ns, point.end_ns - point.start_ns)
            if not self.points or point[:3] > self.points[-1][:3]:
                self.points.append(point)
            else:
                at = self._find(point)
                if at is None:
                    insort(self.points, point)
                else:
                    self.log.append(Change(True, self.points[at]))
                    self.points[at] = point
            self.log.append(Change(False, point))

    def remove(self, points: Iterable[Point]) -> None:
        """Delete points by identity; absent ones are fine."""
        for point in points:
            at = self._find(point)
            if at is not None:
                self.log.append(Change(True, self.points.pop(at)))

    def holds(self, point: Point) -> bool:
        """Whether a point of that identity is here."""
        return self._find(point) is not None

    def _find(self, point: Point) -> int | None:
        at = bisect_left(self.points, point[:3])
        return at if at < len(self.points) and self.points[at][:3] == point[:3] else None

    def overlapping(self, start_ns: int, end_ns: int) -> list[Point]:
        """Points that start at or before `end_ns` and end at or after `start_ns`, in order of end."""
        first = bisect_left(self.points, (start_ns,))
        last = bisect_left(self.points, (end_ns + self._longest_ns + 1,))
        return [p for p in self.points[first:last] if p.start_ns <= end_ns]

    def page(self, start_ns: int, end_ns: int, limit: int, below_end_ns: int | None = None) -> Page:
        """The newest `limit` overlapping points, or those that end before `below_end_ns`.

        Pages never split points of one end time, since the next page lies strictly earlier: such a page is shorter
        than `limit`, or longer where all its points end at once.
        """
        found = self.overlapping(start_ns, end_ns)
        if below_end_ns is not None:
            found = found[: bisect_left(found, (below_end_ns,))]
        if len(found) <= limit:
            return Page(found, None)
        cut = len(found) - limit
        boundary = found[cut].end_ns
        if found[cut - 1].end_ns == boundary:
            later = bisect_left(found, (boundary + 1,))
            cut = later if later < len(found) else bisect_left(found, (boundary,))
        return Page(found[cut:], found[cut].end_ns if cut else None)

    def changes(self, position: int, limit: int) -> ChangePage:
        """What changed from `position` on, at most `limit` log entries, netted so that deletions may go first."""
        entries = self.log[position : position + limit]
        inserted: dict[tuple[object, ...], Point] = {}
        deleted: dict[tuple[object, ...], Point] = {}
        for gone, point in entries:
            if gone:
                inserted.pop(point[:3], None)
                deleted.setdefault(point[:3], point)
            else:
                inserted[point[:3]] = point
        return ChangePage(list(inserted.values()), list(deleted.values()), position + len(entries))
