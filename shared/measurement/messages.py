"""What the app sends about measurements."""

import datetime as dt
from typing import Literal

import msgspec

from shared.vocabulary import Kind


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Civil dates, both included."""

    kind: Kind
    from_: dt.date
    to: dt.date
    zone: str | None = None
    resolution: Literal["day", "point"] = "day"
    page_token: str | None = None


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `since` on (now, where it is left out) the person lives in `zone`."""

    zone: str
    since: dt.datetime | None = None
