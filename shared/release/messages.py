"""What recipients ask, and what people ask about them."""

import datetime as dt
from typing import Annotated

import msgspec

from shared.vocabulary import Kind, Purpose

Name = Annotated[str, msgspec.Meta(max_length=64, pattern="^[0-9a-z]+$")]


class AskPeople(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom one may read: the page behind the one that ended with `after`."""

    after: Annotated[str, msgspec.Meta(max_length=64, pattern="^[0-9a-z]*$")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100


class AskSummaries(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Of whom, for which purpose, and what. Civil dates, both included."""

    person: Name
    purpose: Purpose
    kind: Kind
    from_: dt.date
    to: dt.date
    zone: str | None = None


class AskPoints(AskSummaries, frozen=True, forbid_unknown_fields=True):
    """As `AskSummaries`, a page at a time."""

    page_token: str | None = None


class AskProvisions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was handed on of one: the page behind the provision named `after`, newest first."""

    after: Annotated[str, msgspec.Meta(max_length=64, pattern="^[0-9a-z]*$")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
