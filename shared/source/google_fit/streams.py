"""Which of a person's data sources to read, so that nothing is missed and nothing counts twice."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shared import log
from shared.errors import Refused, Unavailable
from shared.source.google_fit import wire
from shared.vocabulary import Kind

PLATFORM = "com.google.android.gms"
"""The app whose streams are merged out of all the others'."""

LONGEST_ID = 1000
"""In bytes. Apps have a say in their streams' ids; ids name fields of the connection's document, which end at 1,500."""

MOST_STREAMS = 16
"""Of one kind. Each costs two calls a visit, of which a user has 300 a minute for all kinds; apps make as many as they
like."""

PREFERRED: dict[Kind, tuple[str, ...]] = {
    # What the Fit app shows: raw and merged steps with the overlap of phone and watch taken out.
    Kind.STEPS: ("estimated_steps", "merge_step_deltas"),
    Kind.BLOOD_GLUCOSE: ("merged",),
    Kind.BLOOD_PRESSURE: ("merged",),
    Kind.WEIGHT: ("merge_weight",),
    Kind.HEART_RATE: ("merge_heart_rate_bpm",),
    Kind.BODY_TEMPERATURE: ("merged",),
    Kind.OXYGEN_SATURATION: ("merged",),
    Kind.SLEEP: ("merged",),  # by analogy; Google names none, and any other merged stream is found below
}
"""Names of the platform's own streams of each kind, the best first."""

ORDER: dict[Kind, tuple[tuple[str, str], ...]] = {
    Kind.STEPS: (("steps", "integer"),),
    Kind.BLOOD_GLUCOSE: (
        ("blood_glucose_level", "floatPoint"),
        ("temporal_relation_to_meal", "integer"),
        ("meal_type", "integer"),
        ("temporal_relation_to_sleep", "integer"),
        ("blood_glucose_specimen_source", "integer"),
    ),
    Kind.BLOOD_PRESSURE: (
        ("blood_pressure_systolic", "floatPoint"),
        ("blood_pressure_diastolic", "floatPoint"),
        ("body_position", "integer"),
        ("blood_pressure_measurement_location", "integer"),
    ),
    Kind.WEIGHT: (("weight", "floatPoint"),),
    Kind.HEART_RATE: (("bpm", "floatPoint"),),
    Kind.BODY_TEMPERATURE: (("body_temperature", "floatPoint"), ("body_temperature_measurement_location", "integer")),
    Kind.OXYGEN_SATURATION: (
        ("oxygen_saturation", "floatPoint"),
        ("supplemental_oxygen_flow_rate", "floatPoint"),
        ("oxygen_therapy_administration_mode", "integer"),
        ("oxygen_saturation_system", "integer"),
        ("oxygen_saturation_measurement_method", "integer"),
    ),
    Kind.SLEEP: (("sleep_segment_type", "integer"),),
}
"""Name and format of each value as Google advertises them, in the order of `model.FIELDS`."""


class Stream(NamedTuple):
    """One data source: its id, its data type, and its fields as (name, format, optional)."""

    id: str
    data_type: str
    fields: tuple[tuple[str, str, bool], ...]


def decode_sources(body: bytes) -> list[Stream]:
    """Read the answer of dataSources.list. Sources whose id has not Google's form, or is too long, are left out.

    Raises:
        Unavailable: `upstream_malformed`.
    """
    try:
        answer = msgspec.json.decode(body, type=wire.DataSources)
    except (ValueError, RecursionError) as fault:
        raise Unavailable("upstream_malformed", type(fault).__name__) from fault
    streams = [
        Stream(s.data_stream_id, s.data_type.name, tuple((f.name, f.format, f.optional) for f in s.data_type.field))
        for s in answer.data_source
    ]
    usable = [s for s in streams if s.id.startswith(("raw:", "derived:")) and len(s.id.encode()) <= LONGEST_ID]
    if len(usable) < len(streams):
        log.event("google.stream_unusable", "WARNING", count=len(streams) - len(usable))
    return usable


def type_names(kind: Kind) -> tuple[str, ...]:
    """The data types that `kind` may be recorded as: for sleep, also the old-style activity segments."""
    return (wire.TYPES[kind], wire.ACTIVITY) if kind is Kind.SLEEP else (wire.TYPES[kind],)


def preferred_stream(kind: Kind) -> str:
    """The stream to try where Google does not list any."""
    return f"derived:{wire.TYPES[kind]}:{PLATFORM}:{PREFERRED[kind][0]}"


def choose_stream(kind: Kind, streams: Sequence[Stream]) -> tuple[str, ...]:
    """The ids of the streams that together hold `kind` once: none where the person has none of it.

    The platform's merged stream alone, if there is one; else all raw streams; else one derived by an app. Sleep
    falls back on old-style activity segments only where there is no stream of sleep segments, since the same night
    is often in both: here is where it is kept from counting twice.
    """
    of_type = sorted(s.id for s in streams if s.data_type == wire.TYPES[kind])
    if of_type or kind is not Kind.SLEEP:
        return _choose(wire.TYPES[kind], PREFERRED[kind], of_type)
    activities = sorted(s.id for s in streams if s.data_type == wire.ACTIVITY)
    return _choose(wire.ACTIVITY, ("merge_activity_segments",), activities)


def _choose(data_type: str, preferred: Sequence[str], ids: list[str]) -> tuple[str, ...]:
    platform = f"derived:{data_type}:{PLATFORM}:"
    for name in preferred:
        if platform + name in ids:
            return (platform + name,)
    # "resting_heart_rate<-merge_heart_rate_bpm" says less than what it was made from.
    merged = [i for i in ids if i.startswith(platform) and "<-" not in i]
    if merged:
        return (min(merged, key=lambda i: ("merge" not in i, i)),)
    raw = [i for i in ids if i.startswith("raw:")]
    if len(raw) > MOST_STREAMS:
        log.event("google.stream_unusable", "WARNING", count=len(raw) - MOST_STREAMS)
    return tuple(raw[:MOST_STREAMS] or ids[:1])


def check_fields(kind: Kind, stream: Stream) -> None:
    """Make sure that the values stand where we read them: the advertised order is the authority, not our table.

    Fields that are advertised beyond ours are fine while they are optional. A kind with one field has no order; its
    name may differ, its format may not.

    Raises:
        Refused: `field_order_changed`: reading on would put numbers under wrong names.
    """
    if stream.data_type == wire.ACTIVITY:
        ours: tuple[tuple[str, str], ...] = (("activity", "integer"),)
    else:
        ours = ORDER[kind]
    for position, (name, form, optional) in enumerate(stream.fields):
        if position >= len(ours):
            fits = optional
        else:
            fits = form == ours[position][1] and (len(ours) == 1 or name == ours[position][0])
        if not fits:
            raise Refused("field_order_changed", f"{stream.data_type}: {name} ({form}) at position {position}")
