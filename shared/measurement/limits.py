"""What a measurement can possibly be, and the closed list of reasons for setting a point aside.

The limits tell a broken reading from a rare one, not a healthy person from an ill one: whatever a living person's
device may show has to pass. A limit is None where the source's own type already bounds the value.
"""

from enum import StrEnum
from typing import NamedTuple

from shared.vocabulary import Kind


class Reason(StrEnum):
    """Why a point was set aside. Listed in the order in which they are looked for: the first that holds is given."""

    MALFORMED = "malformed_point"
    """It is not a point: a time or a value is missing its form."""
    WRONG_TYPE = "wrong_type"
    """It is of another data type than was asked for; a summary, for one, has other fields in other places."""
    TOO_OLD = "too_old"
    """It starts before `EARLIEST_NS`."""
    IN_FUTURE = "in_future"
    """It ends more than `LEEWAY_NS` after now."""
    END_BEFORE_START = "end_before_start"
    """It ends before it starts."""
    VALUE_MISSING = "value_missing"
    """A value without which the point says nothing is absent or unset."""
    IMPOSSIBLE = "impossible_value"
    """A value lies outside `LIMITS`, or the point lasts longer than `LONGEST_NS`."""


class Limit(NamedTuple):
    """The least and the most a value can be, both possible."""

    least: int
    most: int


EARLIEST_NS = 946_684_800_000_000_000
"""2000-01-01T00:00Z. No wearable is older; earlier times come from devices whose clock was never set."""

LEEWAY_NS = 86_400_000_000_000
"""A day: a device that takes local time for UTC is at most 14 hours ahead, and ours is never far off."""

_INT32 = 2**31 - 1
_ENUM = Limit(0, _INT32)  # Fit's integers are int32; 0 is unset, unknown numbers are kept, negative ones mean nothing

LIMITS: dict[Kind, tuple[Limit, ...]] = {
    # Health Connect and Health API v4: 0..1,000,000 steps in one record.
    Kind.STEPS: (Limit(0, 1_000_000),),
    # Health Connect stops at 50 mmol/L (900 mg/dL). Survivors of a hyperosmolar crisis have been measured above
    # that, and laboratory values are entered by hand, so 60.
    Kind.BLOOD_GLUCOSE: (Limit(0, 60), _ENUM, _ENUM, _ENUM, _ENUM),
    # Health Connect: systolic 20..200, diastolic 10..180. A hypertensive crisis exceeds both, and it is the very
    # reading that must not be lost; cuffs measure up to 300 mmHg (ISO 81060-2 devices: 260 to 300).
    Kind.BLOOD_PRESSURE: (Limit(20, 300), Limit(10, 200), _ENUM, _ENUM),
    # Health Connect: 0..1000 kg.
    Kind.WEIGHT: (Limit(0, 1000),),
    # Health Connect and Health API v4: 1..300 per minute. 0 is a sensor off the wrist.
    Kind.HEART_RATE: (Limit(1, 300),),
    # Health Connect allows 0..100 °C. The coldest survivor had 11.8 °C in hospital; nobody wears a watch then. Skin
    # at the wrist or toe falls to about 20 °C; 45 °C is above any survivable fever.
    Kind.BODY_TEMPERATURE: (Limit(20, 45), _ENUM),
    # A percentage. Oxygen flow: high-flow therapy ends at 60 to 80 L/min.
    Kind.OXYGEN_SATURATION: (Limit(0, 100), Limit(0, 100), _ENUM, _ENUM, _ENUM),
    # Stages are numbered from 1; 0 is unset, and a segment without a stage says nothing.
    Kind.SLEEP: (Limit(1, _INT32),),
}
"""Per kind and field, in the order of `model.FIELDS` and in its units."""

LONGEST_NS: dict[Kind, int] = {
    # Trackers report by the minute to the day; reading civil days looks back as far as this for what reaches into them.
    Kind.STEPS: 48 * 3_600_000_000_000,
    # A night that a tracker forgot to end; longer ones are sessions nobody closed.
    Kind.SLEEP: 36 * 3_600_000_000_000,
}
"""How long one point of a kind can last, where there is a bound."""

REQUIRED: dict[Kind, int] = {kind: 2 if kind is Kind.BLOOD_PRESSURE else 1 for kind in Kind}
"""How many of a kind's fields, from the first, a point must have to say anything."""
