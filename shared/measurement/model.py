"""Measurements as columns: the shape every part of the system passes them around in."""

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from operator import itemgetter, lt
from typing import Any, NamedTuple, TypeAlias

import msgspec

from shared.vocabulary import Kind

Number: TypeAlias = float | int | None

Row: TypeAlias = tuple[Any, ...]
"""One point as (start_ns, end_ns, origin, name, modified_ms, *values)."""


class Field(NamedTuple):
    """One value of a kind: its name with the unit in it, and whether it is a whole number (a count or an enum)."""

    name: str
    whole: bool


FIELDS: dict[Kind, tuple[Field, ...]] = {
    Kind.STEPS: (Field("count", True),),
    Kind.BLOOD_GLUCOSE: (
        Field("mmol_per_l", False),
        Field("relation_to_meal", True),
        Field("meal_type", True),
        Field("relation_to_sleep", True),
        Field("specimen", True),
    ),
    Kind.BLOOD_PRESSURE: (
        Field("systolic_mmhg", False),
        Field("diastolic_mmhg", False),
        Field("body_position", True),
        Field("measurement_location", True),
    ),
    Kind.WEIGHT: (Field("kg", False),),
    Kind.HEART_RATE: (Field("bpm", False),),
    Kind.BODY_TEMPERATURE: (Field("celsius", False), Field("measurement_location", True)),
    Kind.OXYGEN_SATURATION: (
        Field("percent", False),
        Field("supplemental_flow_l_per_min", False),
        Field("therapy_mode", True),
        Field("system", True),
        Field("method", True),
    ),
    Kind.SLEEP: (Field("stage", True),),
}
"""Values in the order Google Fit sends them. Enums keep the source's numbers, unknown ones included; None is unset.
Sleep stages: 1 awake, 2 asleep (stage unknown), 3 out of bed, 4 light, 5 deep, 6 REM; `SESSION` marks a whole night."""

SESSION = 0
"""The stage of a sleep row that is a session (a night) and carries its `name`; every other row is a segment."""


class Identity(NamedTuple):
    """What makes two reports of a point the same point (I2).

    A resource with a name of its own (a sleep session) is that name alone, since its times may grow. A sleep segment
    is its origin and start, since its end may grow. Everything else is origin, start and end.
    """

    name: str
    origin: str
    start_ns: int
    end_ns: int


def identify(kind: Kind, name: str, origin: str, start_ns: int, end_ns: int) -> Identity:
    """The identity of one point of `kind`. What does not belong to it is "" and 0, so that identities compare."""
    if kind is not Kind.SLEEP:
        return Identity(name, origin, start_ns, end_ns)
    return Identity(name, "", 0, 0) if name else Identity("", origin, start_ns, 0)


def is_manual(origin: str) -> bool:
    """Whether a person typed the point in, as its origin's stream name says (Google Fit's `…:user_input`)."""
    return origin.endswith(":user_input")


CORRECTED = "corrected:"
"""Before the origin of a point that says what a correction says (`corrections`), and no source."""


def is_corrected(origin: str) -> bool:
    """Whether a correction, and no source, says what the point says."""
    return origin.startswith(CORRECTED)


class Ascending(list[int]):
    """Start times that were found to ascend strictly: a mark, so that it need not be found out again."""


class Points(msgspec.Struct):
    """Points of one kind as parallel columns, ascending by (start_ns, end_ns, origin, name).

    Times are nanoseconds since the epoch, as integers. `modified_ms` is when the source last changed the point (0 where
    it does not say). `origin` is the stream that first recorded it. `values[i]` is the column of `FIELDS[kind][i]`.
    `name` is empty but for sleep: the session's id, "" for a segment. Columns are never changed in place: of instants,
    `end_ns` may be the very list that `start_ns` is.
    """

    kind: Kind
    start_ns: list[int]
    end_ns: list[int]
    modified_ms: list[int]
    origin: list[str]
    values: list[list[Number]]
    name: list[str]

    @classmethod
    def none(cls, kind: Kind) -> "Points":
        """No points."""
        return cls(kind, [], [], [], [], [[] for _ in FIELDS[kind]], [])

    def __len__(self) -> int:
        return len(self.start_ns)

    @classmethod
    def of_rows(cls, kind: Kind, rows: Iterable[Row]) -> "Points":
        """Points out of rows as `rows` gives them, put in order."""
        ordered = sorted(rows, key=itemgetter(0, 1, 2, 3))
        if not ordered:
            return cls.none(kind)
        start_ns, end_ns, origin, name, modified_ms, *values = map(list, zip(*ordered, strict=True))
        return cls(kind, start_ns, end_ns, modified_ms, origin, values, name)

    def rows(self) -> Iterator[Row]:
        """Each point, in order."""
        return zip(self.start_ns, self.end_ns, self.origin, self.name, self.modified_ms, *self.values, strict=True)

    def in_order(self) -> "Points":
        """The same points, ascending; with their start times marked where that proves that no two are one."""
        if isinstance(self.start_ns, Ascending):
            return self
        if not all(map(lt, self.start_ns, islice(self.start_ns, 1, None))):
            return Points.of_rows(self.kind, self.rows())
        start_ns = Ascending(self.start_ns)
        end_ns = start_ns if self.end_ns is self.start_ns else self.end_ns
        return Points(self.kind, start_ns, end_ns, self.modified_ms, self.origin, self.values, self.name)

    def identities(self) -> Iterator[Identity]:
        """Each point's identity, in order."""
        return map(partial(identify, self.kind), self.name, self.origin, self.start_ns, self.end_ns)

    def span(self, first: int, last: int) -> "Points":
        """The points at positions `first` up to, not including, `last`."""
        cut = slice(first, last)
        start_ns = type(self.start_ns)(self.start_ns[cut])
        end_ns = start_ns if self.end_ns is self.start_ns else self.end_ns[cut]
        values = [column[cut] for column in self.values]
        return Points(self.kind, start_ns, end_ns, self.modified_ms[cut], self.origin[cut], values, self.name[cut])


class SetAside(msgspec.Struct, frozen=True):
    """A point that cannot be what it claims: kept as it came, with the reason, and counted; never shown as data.

    `reason` is one of the codes in `measurement.limits`; `start_ns` is None where no time could be read. `session` is
    whether it came from a list of sleep sessions, which is read apart from the segments.
    """

    reason: str
    raw: bytes
    start_ns: int | None
    session: bool = False


class Day(msgspec.Struct):
    """What one day document holds: a kind's points that start within one UTC day, and what was set aside in it.

    Days of storage are UTC days on purpose, so that where a point lives never depends on which zone the person was
    thought to be in; civil days are cut when measurements are read (see `civil`).
    """

    on: dt.date
    points: Points
    set_aside: list[SetAside]

    @classmethod
    def empty(cls, kind: Kind, on: dt.date) -> "Day":
        """A day with nothing in it."""
        return cls(on, Points.none(kind), [])


DAY_NS = 86_400_000_000_000
_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()


def day_of(start_ns: int | None) -> dt.date:
    """The UTC day a point is stored under. What has no readable time is stored under 1970-01-01."""
    return dt.date.fromordinal(_EPOCH_ORDINAL + (start_ns or 0) // DAY_NS)


def day_start_ns(on: dt.date) -> int:
    """The first nanosecond of a UTC day."""
    return (on.toordinal() - _EPOCH_ORDINAL) * DAY_NS
