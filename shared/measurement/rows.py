"""Single points as they are answered: times in the person's zone, values by name, numbers of enums with their word."""

from typing import TypeAlias

import msgspec

from shared.measurement.civil import ZoneTimeline
from shared.measurement.model import FIELDS, SESSION, Points, is_manual
from shared.vocabulary import Kind

_LOCATIONS_OF_CUFF = {1: "left_wrist", 2: "right_wrist", 3: "left_upper_arm", 4: "right_upper_arm"}
_LOCATIONS_OF_THERMOMETER = {
    1: "axillary",
    2: "finger",
    3: "forehead",
    4: "oral",
    5: "rectal",
    6: "temporal_artery",
    7: "toe",
    8: "tympanic",
    9: "wrist",
    10: "vaginal",
}
WORDS: dict[Kind, dict[str, dict[int, str]]] = {
    Kind.STEPS: {},
    Kind.BLOOD_GLUCOSE: {
        "relation_to_meal": {1: "general", 2: "fasting", 3: "before_meal", 4: "after_meal"},
        "meal_type": {1: "unknown", 2: "breakfast", 3: "lunch", 4: "dinner", 5: "snack"},
        "relation_to_sleep": {1: "fully_awake", 2: "before_sleep", 3: "on_waking", 4: "during_sleep"},
        "specimen": {
            1: "interstitial_fluid",
            2: "capillary_blood",
            3: "plasma",
            4: "serum",
            5: "tears",
            6: "whole_blood",
        },
    },
    Kind.BLOOD_PRESSURE: {
        "body_position": {1: "standing", 2: "sitting", 3: "lying_down", 4: "semi_recumbent"},
        "measurement_location": _LOCATIONS_OF_CUFF,
    },
    Kind.WEIGHT: {},
    Kind.HEART_RATE: {},
    Kind.BODY_TEMPERATURE: {"measurement_location": _LOCATIONS_OF_THERMOMETER},
    Kind.OXYGEN_SATURATION: {
        "therapy_mode": {1: "nasal_cannula"},
        "system": {1: "peripheral_capillary"},
        "method": {1: "pulse_oximetry"},
    },
    Kind.SLEEP: {
        "stage": {SESSION: "session", 1: "awake", 2: "asleep", 3: "out_of_bed", 4: "light", 5: "deep", 6: "rem"}
    },
}
"""What the numbers of enums mean in Google Fit's numbering. Source: developers.google.com/fit/datatypes (2026-11)."""


class Coded(msgspec.Struct, frozen=True, omit_defaults=True):
    """An enum: the source's number, and its word where there is one."""

    number: int
    word: str | None = None


Value: TypeAlias = float | int | Coded


class PointRow(msgspec.Struct, frozen=True, kw_only=True):
    """One point. `values` are named with their units as in `model.FIELDS`; unset ones are left out.

    `start` and `end` are RFC 3339 to the nanosecond, with the offset of the person's zone; equal for a reading at an
    instant. `name` is a sleep session's id, "" for everything else.
    """

    start: str
    end: str
    values: dict[str, Value]
    origin: str
    entered_by_hand: bool
    name: str


def row_of(points: Points, at: int, zones: ZoneTimeline) -> PointRow:
    """The point at a place in its columns."""
    start_ns, end_ns, origin = points.start_ns[at], points.end_ns[at], points.origin[at]
    start = zones.written(start_ns)
    return PointRow(
        start=start,
        end=start if end_ns == start_ns else zones.written(end_ns),
        values=_values(points, at),
        origin=origin,
        entered_by_hand=is_manual(origin),
        name=points.name[at],
    )


def _values(points: Points, at: int) -> dict[str, Value]:
    words, found = WORDS[points.kind], dict[str, Value]()
    for field, column in zip(FIELDS[points.kind], points.values, strict=True):
        value = column[at]
        if value is not None:
            known = words.get(field.name)
            found[field.name] = value if known is None else Coded(int(value), known.get(int(value)))
    return found
