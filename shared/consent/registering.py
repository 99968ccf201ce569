"""What staff register about people, on evidence: who may decide for them, when they were born, that they have died.

Each is one commit in the person's ledger. A date of birth or a guardian says nothing to consents that stand; a date by
which the person is under age ends what they gave alone. A death ends everything: cells, links, relations, rights.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from shared import ids
from shared.audit.evidence import check_evidence
from shared.clock import Clock
from shared.cloud.documents import Write
from shared.consent.asking import of_age_at
from shared.consent.authorities import (
    AuthorityStore,
    Registered,
    Stored,
    check_born_on,
    check_registration,
    ended,
    registered,
)
from shared.consent.invitations import Invitations
from shared.consent.ledger import Entry, Said
from shared.consent.model import DECEASED, LIVE, Cell, Giver, Method, Role, State, open_cells
from shared.consent.ports import Build, Ledger, Standing
from shared.consent.recording import Recorder
from shared.consent.relations import RelationStore
from shared.consent.relations import Stored as Relation
from shared.consent.relations import ended as relation_ended
from shared.errors import Conflict, NotFound, Refused
from shared.policy.model import Notice
from shared.policy.notices import Notices
from shared.vocabulary import Kind, Purpose

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Registering:
    """Staff's acts about people."""

    ledger: Ledger
    recorder: Recorder
    authorities: AuthorityStore
    relations: RelationStore
    invitations: Invitations
    notices: Notices
    clock: Clock
    ids: ids.Ids

    async def authority(
        self,
        subject: str,
        holder: str,
        role: Role,
        evidence: str,
        *,
        valid_until: dt.datetime | None = None,
        purposes: Sequence[Purpose] = (),
        kinds: Sequence[Kind] = (),
        born_on: dt.date | None = None,
    ) -> str:
        """Register that `holder` may decide for `subject`; the record's id. A guardian takes the subject's date of
        birth, unless it is known already.

        Raises as `authorities.check_registration` and `born`.
        """
        at = self.clock.now()
        notice, name = self.notices.in_force(at), self.ids.ident()
        value = Registered(
            subject=subject,
            holder=holder,
            role=role,
            evidence=evidence,
            registered_at=at,
            valid_until=valid_until,
            purposes=tuple(purposes),
            kinds=tuple(kinds),
        )
        if born_on is not None:
            check_born_on(born_on, notice, at)

        def build(standing: Standing) -> list[Entry]:
            _check_alive(standing)
            check_registration(value, born_on or standing.born_on, notice)
            return _under_age(standing, born_on, notice, at)

        await self.recorder.record(
            subject, build, self._said(evidence, at), along=registered(name, value), born_on=born_on
        )
        return name

    async def end_authority(self, authority: str, evidence: str, reason: str = "authority_ended") -> None:
        """End a right, and what was given by it. Raises NotFound `not_registered`; InvalidInput `evidence_missing`."""
        check_evidence(evidence)
        for _ in range(_ATTEMPTS):
            found = await self.authorities.find(authority)
            if found is None:
                raise NotFound("not_registered", "authority")
            if found.value.ended_at is not None:
                return
            subject, at = found.value.subject, self.clock.now()
            standing = await self.ledger.standing(subject)
            given = [Entry(cell, State.INVALIDATED, reason=reason) for cell in await self._given_by(found, standing)]
            try:
                await self.recorder.record(
                    subject,
                    _just(given),
                    self._said(evidence, at),
                    if_epoch=standing.consents.epoch,
                    along=ended(found, at),
                )
            except Conflict:
                continue  # something was decided meanwhile, by this right perhaps
            return
        raise Conflict("precondition_failed", "the state kept changing")

    async def _given_by(self, found: Stored, standing: Standing) -> list[Cell]:
        """The cells that are live by the word of this right: who gave them stands in their newest event."""
        live = {state.number: key for key, state in standing.consents.cells.items() if state.state in LIVE}
        events = await self.ledger.events_numbered(found.value.subject, sorted(live))
        return [Cell.of_key(event.cell) for event in events if event.giver.authority == found.id]

    async def born(self, subject: str, born_on: dt.date, evidence: str) -> None:
        """Register a date of birth. By one that is new, and under age, nothing stands that was given before.

        Raises InvalidInput `evidence_missing`, `registration_invalid`; Refused `consent_frozen`: deceased.
        """
        at = self.clock.now()
        notice = self.notices.in_force(at)
        check_evidence(evidence)
        check_born_on(born_on, notice, at)

        def build(standing: Standing) -> list[Entry]:
            _check_alive(standing)
            return _under_age(standing, born_on, notice, at)

        await self.recorder.record(subject, build, self._said(evidence, at), born_on=born_on)

    async def deceased(self, subject: str, evidence: str) -> None:
        """Register a death. In one commit everything of the person's own ends and freezes; then what they were to
        others. It may be repeated, and takes up where it was cut.

        Links end as well, and their grants are revoked at the provider: no purpose remains for them, and nobody will
        come back. What is stored stays, frozen, for those who may lawfully ask for it.

        Raises InvalidInput `evidence_missing`.
        """
        check_evidence(evidence)
        await self._freeze(subject, evidence)
        said = self._said(evidence, self.clock.now())
        await self.invitations.leave_all(subject, said.giver, "relative_deceased")
        for held in await self.authorities.held_by(subject):
            await self.end_authority(held.id, evidence, "holder_deceased")

    async def _freeze(self, subject: str, evidence: str) -> None:
        for _ in range(_ATTEMPTS):
            standing, at = await self.ledger.standing(subject), self.clock.now()
            if standing.consents.frozen == DECEASED:
                return
            entries = [Entry(c, State.INVALIDATED, reason=DECEASED) for c in open_cells(standing.consents)]
            entries.append(Entry(None, State.FROZEN, reason=DECEASED))
            along = [
                *(w for one in await self.relations.open_of(subject) for w in _closed(one, at)),
                *(w for one in await self.authorities.over(subject) if not one.authority.ended for w in ended(one, at)),
            ]
            try:
                await self.recorder.record(
                    subject,
                    _just(entries),
                    self._said(evidence, at),
                    if_epoch=standing.consents.epoch,
                    along=along,
                )
            except Conflict:
                continue
            return
        raise Conflict("precondition_failed", "the state kept changing")

    async def alive(self, subject: str, evidence: str) -> None:
        """The death was registered by mistake. The person can decide again; what ended stays ended, and is asked anew.

        Raises NotFound `not_registered`: no death is registered. InvalidInput `evidence_missing`.
        """
        check_evidence(evidence)

        def build(standing: Standing) -> list[Entry]:
            if standing.consents.frozen != DECEASED:
                raise NotFound("not_registered", "deceased")
            return [Entry(None, State.THAWED, reason="registered_by_mistake")]

        await self.recorder.record(subject, build, self._said(evidence, self.clock.now()))

    def _said(self, evidence: str, at: dt.datetime) -> Said:
        giver = Giver(Role.STAFF, evidence=evidence)
        return Said(at=at, method=Method.STAFF, notice=self.notices.in_force(at).ref, giver=giver)


def _just(entries: Sequence[Entry]) -> Build:
    """Record these. They were read together with the epoch that the commit expects."""
    return lambda _: entries


def _closed(found: Relation, at: dt.datetime) -> list[Write]:
    return relation_ended(found, at, actor="staff", reason=DECEASED)


def _check_alive(standing: Standing) -> None:
    if standing.consents.frozen == DECEASED:
        raise Refused("consent_frozen", DECEASED)


def _under_age(standing: Standing, born_on: dt.date | None, notice: Notice, at: dt.datetime) -> list[Entry]:
    """What a date of birth ends, where it is news: everything, if the person is under age by it."""
    comes_of_age = of_age_at(born_on, notice, at)
    if born_on == standing.born_on or comes_of_age is None or at >= comes_of_age:
        return []
    return [Entry(cell, State.INVALIDATED, reason="under_age") for cell in open_cells(standing.consents)]
