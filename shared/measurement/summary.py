"""What a civil day amounts to, kind by kind: the shapes that are answered; `tally` fills them.

Every summary says from how many points it was made and how many of them were entered by hand, and names its units.
A day without a complete reading has no summary.
"""

import datetime as dt
from typing import TypeAlias

import msgspec

MG_PER_DL_PER_MMOL_PER_L = 18.0
"""As Google converts glucose (facts: Fit data types); the molar mass would give 18.0156."""


class Spread(msgspec.Struct, frozen=True):
    """The least, the mean and the greatest value of a day."""

    min: float
    mean: float
    max: float


class _DaySummary(msgspec.Struct, frozen=True, kw_only=True):
    on: dt.date
    points: int
    entered_by_hand: int


class StepsDay(_DaySummary, frozen=True, kw_only=True):
    """`points` are the intervals that touch the day, those that reach over a midnight included."""

    steps: int


class HeartRateDay(_DaySummary, frozen=True, kw_only=True):
    """Beats per minute."""

    bpm: Spread


class BloodGlucoseDay(_DaySummary, frozen=True, kw_only=True):
    """mg/dL is mmol/L times the factor that stands beside it."""

    mmol_per_l: Spread
    mg_per_dl: Spread
    mg_per_dl_per_mmol_per_l: float


class BloodPressureDay(_DaySummary, frozen=True, kw_only=True):
    """Of the `pairs` that have both values; `points` counts the others as well."""

    pairs: int
    systolic_mmhg: Spread
    diastolic_mmhg: Spread


class WeightDay(_DaySummary, frozen=True, kw_only=True):
    """`last_kg` is what the scale said last on the day, at `last_at` (RFC 3339 in the person's zone)."""

    last_kg: float
    last_at: str
    min_kg: float
    max_kg: float


class BodyTemperatureDay(_DaySummary, frozen=True, kw_only=True):
    """Wherever on the body it was taken."""

    celsius: Spread


class OxygenSaturationDay(_DaySummary, frozen=True, kw_only=True):
    """Per cent of haemoglobin that carries oxygen (SpO2)."""

    percent: Spread


class Stages(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes per stage. `unrecognised` is of stages we have no word for; `not_recorded` what no segment covers."""

    awake: float
    light: float
    deep: float
    rem: float
    asleep_unspecified: float
    out_of_bed: float
    unrecognised: float
    not_recorded: float


class Sleep(msgspec.Struct, frozen=True, kw_only=True):
    """One night or nap; times are RFC 3339 in the person's zone.

    `asleep_minutes` is light, deep, REM and unspecified sleep; where `stages_minutes` is null only the frame is known,
    and the whole of it counts as sleep. `origins` are those it was told by, best first.
    """

    start: str
    end: str
    total_minutes: float
    asleep_minutes: float
    stages_minutes: Stages | None
    origins: tuple[str, ...]


class SleepDay(_DaySummary, frozen=True, kw_only=True):
    """The sleeps a person woke up from on this day: the longest, and the others as naps, ascending."""

    asleep_minutes: float
    main: Sleep
    naps: list[Sleep]


DaySummary: TypeAlias = (
    StepsDay
    | HeartRateDay
    | BloodGlucoseDay
    | BloodPressureDay
    | WeightDay
    | BodyTemperatureDay
    | OxygenSaturationDay
    | SleepDay
)
