"""Measurements as columns: the shape every part of the system passes them around in."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from shared.vocabulary import Kind

Number = float | int | None


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


class Points(msgspec.Struct):
    """Points of one kind as parallel columns, ascending by (start_ns, end_ns, origin).

    Times are nanoseconds since the epoch, as integers. `modified_ms` is when the source last changed the point (0 where
    it does not say). `origin` is the stream that first recorded it. `values[i]` is the column of `FIELDS[kind][i]`.
    `name` is empty but for sleep: the session's id, "" for a segment.
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

    def identities(self) -> Iterator[Identity]:
        """Each point's identity, in order."""
        ...


class SetAside(msgspec.Struct, frozen=True):
    """A point that cannot be what it claims: kept as it came, with the reason, and counted; never shown as data.

    `reason` is one of the codes in `measurement.limits`; `start_ns` is None where no time could be read.
    """

    reason: str
    raw: bytes
    start_ns: int | None


class Day(msgspec.Struct):
    """What one day document holds: a kind's points that start within one UTC day, and what was set aside in it.

    Days of storage are UTC days on purpose, so that where a point lives never depends on which zone the person was
    thought to be in; civil days are cut when measurements are read (see `civil`).
    """

    on: dt.date
    points: Points
    set_aside: list[SetAside]
