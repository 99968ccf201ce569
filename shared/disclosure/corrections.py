"""What is to be corrected, as the decider enters it (個人情報保護法 art. 34), and who was handed the old of it."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from shared.errors import InvalidInput
from shared.measurement.corrections import PointFix, check_fix
from shared.policy.model import Words
from shared.profile.model import Address, Field, Value, checked
from shared.vocabulary import Kind, Purpose

MOST_FIXES = 50


class ProfileFix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One field as it should read: `text` (a date of birth as YYYY-MM-DD), or `address`; neither: it is taken out."""

    field: Field
    text: str = ""
    address: Address | None = None


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that one item corrects. It is done as a whole, or not at all."""

    profile: tuple[ProfileFix, ...] = ()
    points: tuple[PointFix, ...] = ()

    def kinds(self) -> dict[Kind, list[PointFix]]:
        """What of each kind of measurements, in the order entered."""
        return {kind: its for kind in Kind if (its := [one for one in self.points if one.kind is kind])}


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was handed measurements of a kind that have been corrected since: they are told what to amend.

    `times` is how often, `first_at` and `last_at` when. What `contact` says is how they are reached; "" where that is
    nowhere but in the app.
    """

    recipient: str
    name: Words | None
    address: str
    contact: str
    kind: Kind
    purposes: tuple[Purpose, ...]
    times: int
    first_at: dt.datetime
    last_at: dt.datetime


def check_correction(correction: Correction, at: dt.datetime, *, here: bool) -> None:
    """`here`: something is corrected that this system holds. Raises InvalidInput `correction_invalid`: there can be no
    such correction; `body_invalid`: a field of the profile cannot read so."""
    if not here:
        raise InvalidInput("correction_invalid", "where something is corrected, and held here")
    if not 1 <= len(correction.profile) + len(correction.points) <= MOST_FIXES:
        raise InvalidInput("correction_invalid", f"1 to {MOST_FIXES} at a time")
    for field, value in profile_given(correction).items():
        if value is not None:
            checked(field, value, at)
    for fix in correction.points:
        check_fix(fix, at)


def profile_given(correction: Correction) -> Mapping[Field, Value | None]:
    """The fields and what they should read, as `profile.service` takes them. Raises InvalidInput `correction_invalid`:
    a field twice, or with what it never holds."""
    given = {one.field: _value(one) for one in correction.profile}
    if len(given) != len(correction.profile):
        raise InvalidInput("correction_invalid", "profile: each field once")
    return given


def _value(fix: ProfileFix) -> Value | None:
    if fix.address is not None and (fix.text or fix.field is not Field.ADDRESS):
        raise InvalidInput("correction_invalid", f"{fix.field}: no address")
    if fix.field is Field.ADDRESS and fix.text:
        raise InvalidInput("correction_invalid", "address: with its postal code apart")
    if fix.field is Field.BIRTH_ON and fix.text:
        try:
            return dt.date.fromisoformat(fix.text)
        except ValueError:
            raise InvalidInput("correction_invalid", "birth_on: YYYY-MM-DD") from None
    return fix.address or fix.text or None
