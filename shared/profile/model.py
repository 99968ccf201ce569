"""What is held of a person besides measurements, as the person gave it; what may be held at all; and what changed.

Values are kept as they were typed, composed (NFC) and without surrounding blanks. They are folded only to be compared
(`shared.folding`), never to be stored.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from shared.audit.model import Head
from shared.errors import InvalidInput, Refused
from shared.vocabulary import Purpose

PURPOSES = (Purpose.INQUIRY, Purpose.REQUEST_HANDLING)
"""What it is held for, as the notice says: answering inquiries and handling requests. Nothing else."""
MAY_READ = frozenset({*PURPOSES, Purpose.SELF_ACCESS})
"""What it may be opened for: those, and showing people their own."""
CHANGES_KEPT = 100
"""So many changes back what stood before is kept."""
EARLIEST_BIRTH = dt.date(1900, 1, 1)
_TOKYO = ZoneInfo("Asia/Tokyo")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")

Line: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
MailText: TypeAlias = Annotated[str, msgspec.Meta(min_length=3, max_length=254)]
AddressText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
PostalCode: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9]{3}-?[0-9]{4}$")]
Code: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z._-]{1,64}$")]


class Field(StrEnum):
    """What may be held."""

    NAME = "name"
    KANA = "kana"
    BIRTH_ON = "birth_on"
    ADDRESS = "address"
    PHONE = "phone"
    MAIL = "mail"
    MEMBER_ID = "member_id"


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where somebody lives: the postal code, and all the rest in one line."""

    postal_code: PostalCode
    text: AddressText


Value: TypeAlias = str | dt.date | Address


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of one person, or what somebody states about themselves; None where nothing is."""

    name: str | None = None
    kana: str | None = None
    birth_on: dt.date | None = None
    address: Address | None = None
    phone: str | None = None
    mail: str | None = None
    member_id: str | None = None

    def values(self) -> dict[Field, Value]:
        """What there is, by field."""
        return {field: value for field in Field if (value := getattr(self, field)) is not None}


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A person's profile as it stands. `number` counts the changes ever made: 0 where nothing was ever given.

    `index` says, sealed, where they stand in the index; `version` fences writes.
    """

    profile: Profile = Profile()
    number: int = 0
    index: bytes = b""
    audit: Head = Head()
    version: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change: what stood before in the fields it touched. What came after stands before the next, or now."""

    number: int
    at: dt.datetime
    actor: str
    fields: list[Field]
    before: Profile


def changed(profile: Profile, given: Mapping[Field, Value | None], at: dt.datetime) -> Profile:
    """`profile` with what is `given` in its fields; None takes one out.

    Raises InvalidInput `body_invalid`: a value cannot be what its field means; the detail names the field.
    """
    clean = {field.value: None if value is None else checked(field, value, at) for field, value in given.items()}
    return msgspec.structs.replace(profile, **clean)


def touched(before: Profile, after: Profile) -> list[Field]:
    """The fields in which they differ, in order."""
    return [field for field in Field if getattr(before, field) != getattr(after, field)]


def checked(field: Field, value: Value, at: dt.datetime) -> Value:
    """The value as it is kept. Raises InvalidInput `body_invalid`."""
    match value:
        case dt.date():
            # A person is born where it is a day already, whatever UTC says; here that is Japan.
            if not EARLIEST_BIRTH <= value <= at.astimezone(_TOKYO).date():
                raise InvalidInput("body_invalid", f"{field}: not a date of birth")
            return value
        case Address(postal_code, text):
            return Address(postal_code, _text(field, text))
        case str():
            text = _text(field, value)
            if not _FITS.get(field, bool)(text):
                raise InvalidInput("body_invalid", f"{field}: not readable as one")
            return text


def may_open(purpose: Purpose) -> None:
    """Raises Refused `consent_missing`: what is held is not held for this purpose."""
    if purpose not in MAY_READ:
        raise Refused("consent_missing", f"a profile is not held for {purpose}")


def _text(field: Field, raw: str) -> str:
    text = unicodedata.normalize("NFC", raw).strip()
    if not text or any(unicodedata.category(each) in _UNSEEN for each in text):
        raise InvalidInput("body_invalid", f"{field}: empty, or with characters that cannot be seen")
    return text


def _phone(text: str) -> bool:
    digits = [each for each in unicodedata.normalize("NFKC", text) if each.isdigit()]
    return 9 <= len(digits) <= 15 and not any(each.isalpha() for each in text)


def _mail(text: str) -> bool:
    return _MAIL.fullmatch(unicodedata.normalize("NFKC", text)) is not None


_FITS = {Field.PHONE: _phone, Field.MAIL: _mail}
