"""The data types the simulated Google knows: fields in Google's order, the scope that opens each, merged streams."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

AUTH = "https://www.googleapis.com/auth/"
GMS = "com.google.android.gms"
FIT_APP = "com.google.android.apps.fitness"

STEPS = "com.google.step_count.delta"
GLUCOSE = "com.google.blood_glucose"
PRESSURE = "com.google.blood_pressure"
WEIGHT = "com.google.weight"
HEART_RATE = "com.google.heart_rate.bpm"
TEMPERATURE = "com.google.body.temperature"
OXYGEN = "com.google.oxygen_saturation"
SLEEP = "com.google.sleep.segment"
ACTIVITY = "com.google.activity.segment"

Format = Literal["integer", "floatPoint", "string", "map"]


class FieldSpec(NamedTuple):
    """One value of a type, as `dataType.field[]` states it."""

    name: str
    format: Format
    optional: bool = False

    def document(self) -> dict[str, object]:
        """The field as Google writes it: `optional` only where true."""
        stated: dict[str, object] = {"name": self.name, "format": self.format}
        return {**stated, "optional": True} if self.optional else stated


@dataclass(frozen=True, slots=True)
class DataType:
    """A type, its fields in order, and the names of the merged streams Google derives for it."""

    name: str
    fields: tuple[FieldSpec, ...]
    merged: tuple[str, ...]


def _type(name: str, merged: str, *fields: FieldSpec) -> DataType:
    return DataType(name, fields, tuple(merged.split()))


TYPES: dict[str, DataType] = {
    t.name: t
    for t in (
        _type(STEPS, "merge_step_deltas estimated_steps", FieldSpec("steps", "integer")),
        _type(
            GLUCOSE,
            "merged",
            FieldSpec("blood_glucose_level", "floatPoint"),
            FieldSpec("temporal_relation_to_meal", "integer", True),
            FieldSpec("meal_type", "integer", True),
            FieldSpec("temporal_relation_to_sleep", "integer", True),
            FieldSpec("blood_glucose_specimen_source", "integer", True),
        ),
        _type(
            PRESSURE,
            "merged",
            FieldSpec("blood_pressure_systolic", "floatPoint"),
            FieldSpec("blood_pressure_diastolic", "floatPoint"),
            FieldSpec("body_position", "integer", True),
            FieldSpec("blood_pressure_measurement_location", "integer", True),
        ),
        _type(WEIGHT, "merge_weight", FieldSpec("weight", "floatPoint")),
        _type(HEART_RATE, "merge_heart_rate_bpm", FieldSpec("bpm", "floatPoint")),
        _type(
            TEMPERATURE,
            "merged",
            FieldSpec("body_temperature", "floatPoint"),
            FieldSpec("body_temperature_measurement_location", "integer", True),
        ),
        _type(
            OXYGEN,
            "merged",
            FieldSpec("oxygen_saturation", "floatPoint"),
            # Google states no `optional` here, although points without a flow rate are the rule.
            FieldSpec("supplemental_oxygen_flow_rate", "floatPoint"),
            FieldSpec("oxygen_therapy_administration_mode", "integer", True),
            FieldSpec("oxygen_saturation_system", "integer", True),
            FieldSpec("oxygen_saturation_measurement_method", "integer", True),
        ),
        _type(SLEEP, "merged", FieldSpec("sleep_segment_type", "integer")),
        _type(ACTIVITY, "merge_activity_segments", FieldSpec("activity", "integer")),
    )
}

_SCOPE_OF_PREFIX = (
    ("com.google.blood_glucose", "blood_glucose"),
    ("com.google.blood_pressure", "blood_pressure"),
    ("com.google.body.temperature", "body_temperature"),
    ("com.google.oxygen_saturation", "oxygen_saturation"),
    ("com.google.heart_rate", "heart_rate"),
    ("com.google.sleep", "sleep"),
    ("com.google.weight", "body"),
    ("com.google.height", "body"),
    ("com.google.body.fat", "body"),
    ("com.google.location", "location"),
    ("com.google.speed", "location"),
    ("com.google.nutrition", "nutrition"),
    ("com.google.hydration", "nutrition"),
)

READ_SCOPES = tuple(
    f"{AUTH}fitness.{group}.read"
    for group in (
        "activity",
        "blood_glucose",
        "blood_pressure",
        "body",
        "heart_rate",
        "body_temperature",
        "oxygen_saturation",
        "sleep",
    )
)
"""The scopes that open the eight kinds."""


def scope_of(type_name: str) -> str:
    """The read scope a type needs; activity's for types not known otherwise."""
    group = next((group for prefix, group in _SCOPE_OF_PREFIX if type_name.startswith(prefix)), "activity")
    return f"{AUTH}fitness.{group}.read"


def merged_ids(type_name: str) -> tuple[str, ...]:
    """The ids of the merged streams of a type."""
    return tuple(f"derived:{type_name}:{GMS}:{name}" for name in TYPES[type_name].merged)


def manual_id(type_name: str) -> str:
    """The id of the stream that holds what a person typed in."""
    return f"raw:{type_name}:{FIT_APP}:user_input"
