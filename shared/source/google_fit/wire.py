"""The shapes of Google Fit's answers, as msgspec decodes them (discovery document fitness v1, revision 20250819).

Each point exists in two shapes. The typed one, made per kind from `FIELDS` and `LIMITS`, accepts exactly the points
that need no second look, and checks them while decoding, which costs next to nothing. `LoosePoint` accepts whatever
can be understood, one point at a time, so that what cannot be is set aside alone and with its reason.

int64 comes as a decimal string, as proto3's JSON mapping has it; `strict=False` reads those as exact integers (never
through floats: "1.4e18" is refused) and plain integers too.
"""

from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct, field

from shared.measurement.limits import LIMITS, REQUIRED
from shared.measurement.model import FIELDS
from shared.vocabulary import Kind

TYPES: dict[Kind, str] = {
    Kind.STEPS: "com.google.step_count.delta",
    Kind.BLOOD_GLUCOSE: "com.google.blood_glucose",
    Kind.BLOOD_PRESSURE: "com.google.blood_pressure",
    Kind.WEIGHT: "com.google.weight",
    Kind.HEART_RATE: "com.google.heart_rate.bpm",
    Kind.BODY_TEMPERATURE: "com.google.body.temperature",
    Kind.OXYGEN_SATURATION: "com.google.oxygen_saturation",
    Kind.SLEEP: "com.google.sleep.segment",
}
"""Each kind's data type at Google."""

ACTIVITY = "com.google.activity.segment"
"""Where sleep was kept before sleep segments existed."""

INT64 = 2**63 - 1
Millis = Annotated[int, Meta(ge=0, le=INT64)]
MOST_TOKEN = 4096
PageToken = Annotated[str, Meta(max_length=MOST_TOKEN)]
"""A feed's token is kept with the connection, whose document must not outgrow the store."""


class LooseValue(Struct, gc=False):
    """One value in any form; texts and maps say nothing that a kind of ours has a field for."""

    intVal: int | None = None  # noqa: N815 (Google's name)
    fpVal: float | None = None  # noqa: N815 (Google's name)


class LoosePoint(Struct, gc=False, rename="camel"):
    """One point, with every check still to be made."""

    start_time_nanos: int
    end_time_nanos: int
    data_type_name: str
    value: list[LooseValue] = []
    origin_data_source_id: str = ""
    modified_time_millis: Millis = 0


class Timed(Struct, gc=False, rename="camel"):
    """Just the start, of a point that is otherwise unreadable."""

    start_time_nanos: int


class RawDataset(Struct, rename="camel"):
    """A dataset whose points are still text."""

    point: list[Raw] = []
    data_source_id: str = ""
    next_page_token: PageToken = ""


class RawChanges(Struct, rename="camel"):
    """The answer of dataPointChanges."""

    inserted_data_point: list[Raw] = []
    deleted_data_point: list[Raw] = []
    data_source_id: str = ""
    next_page_token: PageToken = ""


class Application(Struct, rename="camel"):
    """Who wrote a session."""

    package_name: str = ""


class Session(Struct, rename="camel"):
    """A session of any activity. Its name and description are the person's own words and are not read."""

    id: str
    activity_type: int = 0
    start_time_millis: int = 0
    end_time_millis: int = 0
    modified_time_millis: Millis = 0
    application: Application | None = None


class SessionTimed(Struct, rename="camel"):
    """Just the start of a session that is otherwise unreadable."""

    start_time_millis: int | None = None


class SessionTyped(Struct, rename="camel"):
    """Just the type of a session that is otherwise unreadable."""

    activity_type: int


class RawSessions(Struct, rename="camel"):
    """The answer of sessions.list."""

    session: list[Raw] = []
    deleted_session: list[Raw] = []
    next_page_token: PageToken = ""


class WireField(Struct):
    """One field a data source advertises."""

    name: str
    format: str
    optional: bool = False


class DataType(Struct):
    """A data source's type."""

    name: str
    field: list[WireField] = []


class DataSource(Struct, rename="camel"):
    """A data source."""

    data_stream_id: str
    data_type: DataType


class DataSources(Struct, rename="camel"):
    """The answer of dataSources.list."""

    data_source: list[DataSource] = []


@cache
def typed_dataset(kind: Kind) -> "msgspec.json.Decoder[Any]":
    """A decoder of a list of `kind`'s points, as objects with s, e, o, m (start, end, origin, modified), v.a.v, v.b.v
    and so on (the values). Times are left to check. Raises ValidationError where some point needs a second look.
    """
    # In the order Google sends them: msgspec looks for a key where the last one left off.
    point = msgspec.defstruct(
        f"{kind.name.title()}Point",
        [
            ("s", int, field(name="startTimeNanos")),
            ("e", int, field(name="endTimeNanos")),
            ("t", Literal[TYPES[kind]], field(name="dataTypeName")),
            ("o", Annotated[str, Meta(min_length=1)], field(name="originDataSourceId")),
            ("v", _typed_values(kind), field(name="value")),
            ("m", Millis, field(name="modifiedTimeMillis", default=0)),
        ],
        gc=False,
        kw_only=True,
    )
    return msgspec.json.Decoder(list[point], strict=False)  # type: ignore[valid-type]


def _typed_values(kind: Kind) -> Any:
    """The list of values as a struct: a list shorter than a struct's fields leaves the rest at their defaults."""
    names = "abcde"[: len(FIELDS[kind])]
    values = [_typed_value(kind, i) for i in range(len(names))]
    fields: list[Any] = [
        (name, value) if i < REQUIRED[kind] else (name, value, value())
        for i, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    return msgspec.defstruct(f"{kind.name.title()}Values", fields, array_like=True, gc=False, frozen=True)


def _typed_value(kind: Kind, i: int) -> Any:
    whole, limit = FIELDS[kind][i].whole, LIMITS[kind][i]
    number = Annotated[int if whole else float, Meta(ge=limit.least, le=limit.most)]  # type: ignore[valid-type]
    ours, other = ("intVal", "fpVal") if whole else ("fpVal", "intVal")
    value = (
        ("v", number, field(name=ours)) if i < REQUIRED[kind] else ("v", number | None, field(name=ours, default=None))
    )
    # A number under the other name needs a second look: null is all that is let through.
    fields: list[Any] = [value, ("x", None, field(name=other, default=None))]
    return msgspec.defstruct("Value", fields, gc=False, frozen=True)
