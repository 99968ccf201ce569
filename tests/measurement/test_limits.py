"""The table of what is possible covers every field of every kind, and nothing a living person may show is outside."""

from shared.measurement.limits import LIMITS, REQUIRED
from shared.measurement.model import FIELDS
from shared.vocabulary import Kind


def test_every_field_of_every_kind_has_limits() -> None:
    assert {kind: len(limits) for kind, limits in LIMITS.items()} == {kind: len(FIELDS[kind]) for kind in Kind}
    assert all(limit.least < limit.most for limits in LIMITS.values() for limit in limits)


def test_a_crisis_is_possible() -> None:
    crisis = {
        Kind.BLOOD_PRESSURE: (290, 180),
        Kind.BLOOD_GLUCOSE: (55,),
        Kind.HEART_RATE: (280,),
        Kind.BODY_TEMPERATURE: (42,),
        Kind.OXYGEN_SATURATION: (40,),
        Kind.WEIGHT: (500,),
    }
    for kind, values in crisis.items():
        for value, limit in zip(values, LIMITS[kind], strict=False):
            assert limit.least <= value <= limit.most, kind


def test_only_enums_and_the_flow_of_oxygen_may_be_missing() -> None:
    optional = {field.name for kind in Kind for field in FIELDS[kind][REQUIRED[kind] :]}
    assert optional == {
        "relation_to_meal", "meal_type", "relation_to_sleep", "specimen", "body_position", "measurement_location",
        "supplemental_flow_l_per_min", "therapy_mode", "system", "method",
    }  # fmt: skip
