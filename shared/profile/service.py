"""The person gives, changes and takes back what is held of them; the desk corrects it for them, on a request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.audit.model import Fact
from shared.clock import Clock
from shared.cloud.documents import Write
from shared.consent.model import DECEASED, QOLMS, Cell, State
from shared.consent.ports import Commit
from shared.errors import Conflict, InvalidInput, Refused
from shared.profile.model import Address, Change, Field, Held, Profile, Value, changed, touched
from shared.profile.ports import ConsentReader, Holdings
from shared.vocabulary import Kind, Purpose

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class By:
    """Who changes it: the person, unless said otherwise; `facts` name the case, as an id, where there is one."""

    actor: str = "data_subject"
    facts: Mapping[str, Fact] = field(default_factory=dict)


THE_PERSON = By()


class Prepared(NamedTuple):
    """A change that is not committed yet: what is held, and would be. `witness` is None where they are the same."""

    held: Held
    after: Profile
    writes: Sequence[Write] = ()
    witness: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """What is held, for the person themselves and for handling their requests."""

    holdings: Holdings
    consents: ConsentReader
    commit: Commit
    clock: Clock
    has_number: Callable[[str], bool]
    """Whether a text holds what may be a My Number, which is kept nowhere (番号法 art. 20)."""

    async def see(self, uid: str, purpose: Purpose = Purpose.SELF_ACCESS) -> Held:
        """What is held now. Raises Refused `consent_missing`: it is not held for `purpose`; `key_destroyed`."""
        return await self.holdings.held(uid, purpose)

    async def changes(self, uid: str, purpose: Purpose = Purpose.SELF_ACCESS) -> list[Change]:
        """What stood before each change that is kept, the newest first. Raises as `see`."""
        return await self.holdings.changes(uid, purpose)

    async def change(
        self, uid: str, given: Mapping[Field, Value | None], *, if_version: int, by: By = THE_PERSON
    ) -> Held:
        """Hold what is given; None in a field takes out what was there. What changes nothing commits nothing.

        Raises InvalidInput `body_invalid`; Conflict `profile_stale` (what is held is another version than was looked
        at), `erasure_under_way`; Refused `consent_frozen`: they have died, and nobody speaks under their name any more.
        """
        for _ in range(_ATTEMPTS):
            prepared = await self.prepare(uid, given, if_version=if_version, by=by)
            if prepared.witness is None:
                return prepared.held
            try:
                await self.commit(prepared.writes, witness=prepared.witness)
            except Conflict:
                continue  # another change, an erasure, or somebody else whose phone is the same
            return await self.holdings.held(uid, _purpose(by))
        raise Conflict("precondition_failed", "it kept changing")

    async def prepare(
        self, uid: str, given: Mapping[Field, Value | None], *, if_version: int | None, by: By
    ) -> Prepared:
        """What a change would commit, for whoever has more to commit with it. Without `if_version` it goes over
        whatever is held. Raises as `change`."""
        # In this order: whoever sees what an erasure left behind also sees the erasure.
        held = await self.holdings.held(uid, _purpose(by))
        await self._check_open(uid)
        if if_version is not None and held.number != if_version:
            raise Conflict("profile_stale", f"the version is {held.number}")
        after = changed(held.profile, given, self.clock.now())
        if not (fields := touched(held.profile, after)):
            return Prepared(held, after)
        self._check_numbers(after, fields)
        writes, witness = await self.holdings.changing(uid, held, after, by)
        return Prepared(held, after, writes, witness)

    def _check_numbers(self, after: Profile, fields: Sequence[Field]) -> None:
        for one in fields:
            value = getattr(after, one)
            text = f"{value.postal_code} {value.text}" if isinstance(value, Address) else value
            if isinstance(text, str) and self.has_number(text):
                raise InvalidInput("body_invalid", f"{one}: this may be a My Number, which is not kept")

    async def _check_open(self, uid: str) -> None:
        consents, at = await self.consents.consents(uid), self.clock.now()
        if consents.frozen == DECEASED:
            raise Refused("consent_frozen", DECEASED)
        states = [consents.state_of(Cell(Purpose.QOLMS_STORE, kind, QOLMS), at) for kind in Kind]
        if all(state is State.ERASING for state in states):
            raise Conflict("erasure_under_way")


def _purpose(by: By) -> Purpose:
    return Purpose.SELF_ACCESS if by is THE_PERSON else Purpose.REQUEST_HANDLING
