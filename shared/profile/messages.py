"""What the app sends and sees of a profile."""

import datetime as dt
from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from shared.policy.model import Notice
from shared.profile.model import (
    PURPOSES,
    Address,
    AddressText,
    Code,
    Field,
    Held,
    Line,
    MailText,
    PostalCode,
    Profile,
    Value,
)
from shared.vocabulary import Language, Purpose


class GivenAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A postal code, and all the rest of an address in one line."""

    postal_code: PostalCode
    text: AddressText


class Give(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what is given; what is left out stays as it is. `if_version` is that of what the person was looking at."""

    if_version: int
    name: Line | UnsetType = UNSET
    kana: Line | UnsetType = UNSET
    birth_on: dt.date | UnsetType = UNSET
    address: GivenAddress | UnsetType = UNSET
    phone: Line | UnsetType = UNSET
    mail: MailText | UnsetType = UNSET
    member_id: Code | UnsetType = UNSET

    def given(self) -> Mapping[Field, Value]:
        """What is given, by field."""
        found = {field: getattr(self, field) for field in Field}
        return {
            field: Address(value.postal_code, value.text) if isinstance(value, GivenAddress) else value
            for field, value in found.items()
            if value is not UNSET
        }


class AskTake(msgspec.Struct, frozen=True):
    """Which version the person was looking at when they took a field back."""

    if_version: int


class HeldFor(msgspec.Struct, frozen=True):
    """One purpose of holding it, in the reader's language, as the notice in force says it."""

    purpose: Purpose
    title: str
    why: str


class ProfileView(msgspec.Struct, frozen=True, kw_only=True):
    """What is held, and what for."""

    version: int
    profile: Profile
    held_for: list[HeldFor]


def view(held: Held, notice: Notice, language: Language) -> ProfileView:
    """What the person sees."""
    said = [(purpose, notice.contents.purposes[purpose]) for purpose in PURPOSES]
    held_for = [HeldFor(purpose, words.title.of(language), words.why.of(language)) for purpose, words in said]
    return ProfileView(version=held.number, profile=held.profile, held_for=held_for)
