"""Whether what an applicant states agrees with what is held (the policy's 開示等の手続き, 3).

The desk learns whether there is a strong match, and then, once for each case, which of the stated fields agree. It
never learns what is held. Below a strong match it learns nothing at all: somebody whose name and birth date are held,
and somebody of whom nothing is, get the same answer, from the same reads, at the same beat of the clock. So nobody can
look for accounts here, nor find a field by varying it:

* a match is strong by birth date, name (or its reading), and one of address, phone and mail. Whoever knows all of that
  of somebody has little left to find out;
* after a strong match the case is settled: no further answer, so no second guess at a field that differs;
* a case has `PER_CASE` attempts in all, and a member of staff a bounded number in ten minutes;
* every attempt is on record with the fields that were stated, and those that were varied since the one before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec

from shared.clock import Clock
from shared.errors import InvalidInput
from shared.profile.blind import folded
from shared.profile.model import Address, Field, Profile, Value
from shared.vocabulary import Purpose

PER_CASE = 5
COMPARED = 4
"""So many accounts are opened for each attempt, whether or not there are any."""
BEAT_S = 0.5
"""Answers leave at multiples of this: what took longer for somebody than for nobody does not show."""
REACHES = (Field.ADDRESS, Field.PHONE, Field.MAIL)


class Agreement(StrEnum):
    """What came of comparing one field."""

    AGREED = "agreed"
    DIFFERS = "differs"
    NOT_HELD = "not_held"


class Strength(StrEnum):
    """How well what is stated agrees with what is held. `WEAK` is never told: it looks like `NONE`."""

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk learns. `fields` are those that were stated; below a strong match all of them are `not_held`.

    `reference` leads to the account, or to nobody, and is of one size: it is for the case to keep, and `References`
    opens it for that case alone.
    """

    strength: Strength
    fields: dict[Field, Agreement]
    reference: bytes


class Finder(Protocol):
    """Where accounts are found: `blind.BlindIndex`."""

    async def candidates(self, stated: Profile, *, most: int) -> list[str]:
        """Exactly `most` accounts, nobody's where there are not as many."""
        ...


class Opener(Protocol):
    """Where profiles are opened: `store.ProfileStore`."""

    async def several(self, uids: Sequence[str], purpose: Purpose) -> list[Profile]:
        """What is held of each, for the same price whether there is anybody or nobody."""
        ...


class Sealer(Protocol):
    """What hides accounts from the desk: `references.References`."""

    async def seal(self, case: str, uids: Sequence[str]) -> bytes:
        """A reference to these accounts, for one case."""
        ...


class Try(Protocol):
    """One attempt, begun."""

    async def end(self, stated: Profile, answer: Answer) -> None:
        """Commit it with its audit entry, before anybody is answered. Raises Conflict: another one was faster."""
        ...


class Tries(Protocol):
    """Where attempts are kept: `attempts.Attempts`."""

    async def begin(self, case: str, staff: str) -> Try:
        """Take one of the staff member's attempts, and see what the case has left.

        Raises Unavailable `too_many_requests`; Refused `match_attempts_spent`, `match_settled`.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The desk's question."""

    finder: Finder
    opener: Opener
    sealer: Sealer
    tries: Tries
    clock: Clock

    async def match(self, case: str, staff: str, stated: Profile) -> Answer:
        """Compare what the applicant of `case` states with what is held.

        Raises InvalidInput `match_too_little`: no match could be strong on this, whatever is held; it costs nothing.
        Unavailable `too_many_requests`; Refused `match_attempts_spent`, `match_settled`; Conflict `precondition_failed`
        where two asked at once.
        """
        if not enough(stated):
            raise InvalidInput("match_too_little", "birth_on; name or kana; and one of address, phone, mail")
        began_s = self.clock.monotonic_s()
        attempt = await self.tries.begin(case, staff)
        uids = await self.finder.candidates(stated, most=COMPARED)
        held = await self.opener.several(uids, Purpose.REQUEST_HANDLING)
        compared = [compare(stated, one) for one in held]
        strong = [n for n, fields in enumerate(compared) if strength_of(fields) is Strength.STRONG]
        reference = await self.sealer.seal(case, [uids[n] for n in strong])
        answer = Answer(
            strength=Strength.STRONG if strong else Strength.NONE,
            fields=max((compared[n] for n in strong), key=_agreeing, default=compare(stated, Profile())),
            reference=reference,
        )
        await attempt.end(stated, answer)
        await self.clock.sleep(-(self.clock.monotonic_s() - began_s) % BEAT_S)
        return answer


def stated(
    *,
    name: str = "",
    kana: str = "",
    birth_on: Value | None = None,
    postal_code: str = "",
    address: str = "",
    phone: str = "",
    mail: str = "",
    member_id: str = "",
) -> Profile:
    """What a form says, as it can be compared; "" where it says nothing."""
    said: dict[Field, Value | None] = {
        Field.NAME: name,
        Field.KANA: kana,
        Field.BIRTH_ON: birth_on,
        Field.ADDRESS: Address(postal_code, address) if address else None,
        Field.PHONE: phone,
        Field.MAIL: mail,
        Field.MEMBER_ID: member_id,
    }
    return Profile(**{field.value: value for field, value in said.items() if value and folded(field, value).strip()})  # type: ignore[arg-type]


def compare(stated: Profile, held: Profile) -> dict[Field, Agreement]:
    """Field by field, of what is stated."""
    has = held.values()
    return {field: _agreement(field, value, has.get(field)) for field, value in stated.values().items()}


def strength_of(fields: Mapping[Field, Agreement]) -> Strength:
    """The rule: strong is birth date, name or reading, and a way to reach them; weak is anything less than that."""
    agreed = {field for field, agreement in fields.items() if agreement is Agreement.AGREED}
    if Field.BIRTH_ON in agreed and agreed & {Field.NAME, Field.KANA} and agreed & set(REACHES):
        return Strength.STRONG
    return Strength.WEAK if agreed else Strength.NONE


def enough(stated: Profile) -> bool:
    """Whether a match could be strong on this."""
    return strength_of(dict.fromkeys(stated.values(), Agreement.AGREED)) is Strength.STRONG


def _agreement(field: Field, said: Value, has: Value | None) -> Agreement:
    if has is None:
        return Agreement.NOT_HELD
    if isinstance(said, Address) and isinstance(has, Address):
        return _addresses(said, has)
    return Agreement.AGREED if folded(field, said) == folded(field, has) else Agreement.DIFFERS


def _addresses(said: Address, has: Address) -> Agreement:
    # People leave the postal code out, and towns are given new ones: it can contradict an address, not replace it.
    (code, text), (held_code, held_text) = (folded(Field.ADDRESS, one).split(" ", 1) for one in (said, has))
    if text != held_text or (code and held_code and code != held_code):
        return Agreement.DIFFERS
    return Agreement.AGREED


def _agreeing(fields: Mapping[Field, Agreement]) -> int:
    return sum(agreement is Agreement.AGREED for agreement in fields.values())
