"""A person invites a relative to watch over them; the relative accepts with their own account; either ends it.

Until the relative accepts, nothing flows: the cells are REQUESTED. To accept makes the relation active and the cells
GIVEN in one commit, by the decision that was made when they were invited, and by the right, if it was a guardian's or
an agent's. Whoever fails to accept is told one and the same thing, whatever the reason.
"""

import datetime as dt
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from shared import ids
from shared.clock import Clock
from shared.consent.asking import check_right, ends_at
from shared.consent.authorities import AuthorityStore, Right
from shared.consent.ledger import Entry, Said
from shared.consent.model import Cell, Change, Decision, Giver, Method, Role, State, open_cells
from shared.consent.ports import Ledger, Standing
from shared.consent.recording import Recorder
from shared.consent.relations import Relation, RelationState, RelationStore, Stored, accepted, begun, ended
from shared.consent.service import How
from shared.errors import Conflict, Fault, InvalidInput, Refused, Unavailable
from shared.policy.model import Notice, PurposeNotice, RecipientType, Rule
from shared.policy.notices import Notices
from shared.vocabulary import Kind, Purpose

MOST_OPEN = 20
"""How many relatives, invited or accepted, a person has at most."""
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Invited:
    """What the person hands to their relative, by whatever way they like. The code is shown this once."""

    id: str
    code: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """Invite, accept, end, and see who watches whom."""

    ledger: Ledger
    recorder: Recorder
    relations: RelationStore
    authorities: AuthorityStore
    notices: Notices
    clock: Clock
    ids: ids.Ids

    async def invite(
        self,
        uid: str,
        kinds: Sequence[Kind],
        how: How,
        *,
        note: str = "",
        valid_until: dt.datetime | None = None,
        if_epoch: int | None = None,
    ) -> Invited:
        """Ask for the cells of a relative to come. Invitations that have run out are closed along with it.

        Raises InvalidInput `body_invalid` (no kind, or one twice), `purpose_unknown`, `decision_impossible`; Conflict
        `too_many_invitations`. As `Notices.agreed_to`, `asking.check_right` and `Recorder.record`. What is refused
        leaves a line in the audit log.
        """
        at = self.clock.now()
        try:
            notice = self.notices.agreed_to(how.notice, at)
            words = _watching(notice, kinds)
            ends_at("invitation", words, valid_until, at)
            stale, opened = await self._open(uid, at)
            if opened >= MOST_OPEN:
                raise Conflict("too_many_invitations", f"at most {MOST_OPEN} at a time")
            code, name = self.ids.token(), self.ids.ident()
            lasts = dt.timedelta(days=notice.rule(Rule.INVITATION_LASTS_DAYS, at))
            relation = Relation(
                subject=uid,
                state=RelationState.INVITED,
                kinds=list(kinds),
                notice=notice.ref,
                language=how.language,
                screen=how.screen,
                invited_at=at,
                expires_at=min(at + lasts, valid_until or at + lasts),
                code=_hash_of(name, code),
                valid_until=valid_until,
                note=note,
                authority=how.authority.id if how.authority else "",
            )
            asked = Stored(relation, name, "").cells

            def build(standing: Standing) -> list[Entry]:
                check_right(standing, _giving(asked), notice, how.authority, at)
                return [
                    *(entry for old in stale for entry in _ending(standing, old, State.EXPIRED, "invitation_expired")),
                    *(Entry(cell, State.REQUESTED) for cell in asked),
                ]

            along = [write for old in stale for write in ended(old, at, actor="system", reason="expired")]
            along += [*begun(name, relation, actor=_actor(how.giver)), *how.fence]
            await self.recorder.record(uid, build, how.said(notice, self.clock), if_epoch=if_epoch, along=along)
            return Invited(name, code, relation.expires_at)
        except Unavailable:
            raise
        except Fault as refused:
            await self.recorder.tell_refused(uid, refused.code, how.said(self.notices.in_force(at), self.clock))
            raise

    async def accept(self, uid: str, relation: str, code: str) -> Stored:
        """The relative, signed in as themself, accepts: what was asked for, and not withdrawn meanwhile, is given.

        Raises Refused `invitation_invalid`: it is unknown, used, expired, withdrawn, of the caller's own making, of
        somebody who may not give, or from somebody whom the caller watches over already, all alike. A line in the
        caller's audit log tells that it was refused.
        """
        for _ in range(_ATTEMPTS):
            try:
                return await self._accept(uid, relation, code)
            except Conflict:
                continue  # the person decided something meanwhile, or somebody else was accepting: look again
            except Refused as refused:
                await self.recorder.tell_refused(uid, refused.code, self._said(Giver()))
                raise
        raise Conflict("precondition_failed", "the state kept changing")

    async def _accept(self, uid: str, relation: str, code: str) -> Stored:
        found, at = await self.relations.find(relation), self.clock.now()
        if found is None or not _fits(found, uid, code, at):
            raise Refused("invitation_invalid")
        value = found.value
        # Read before anything that the epoch has to fence: two invitations from one person cannot both be accepted.
        standing = await self.ledger.standing(value.subject)
        if any(held.value.subject == value.subject for held in await self.relations.held_by(uid)):
            raise Refused("invitation_invalid")
        right = await self._right_of(value)
        entries = self._given(found, standing, right, at)
        said = Said(
            at=at,
            method=Method.INVITATION,
            notice=value.notice,
            language=value.language,
            screen=value.screen,
            giver=right.authority.giver if right else Giver(Role.SELF, evidence=f"relation:{found.id}"),
        )
        await self.recorder.record(
            value.subject,
            lambda _: entries,
            said,
            if_epoch=standing.consents.epoch,
            along=[*accepted(found, uid, at), *([right.fence] if right else [])],
        )
        now = await self.relations.find(relation)
        return now or found

    async def _right_of(self, value: Relation) -> Right | None:
        """The right by which somebody invited for the person; None where they did themself."""
        if not value.authority:
            return None
        found = await self.authorities.find(value.authority)
        if found is None:
            raise Refused("invitation_invalid")
        return Right(found.authority, found.fence)

    def _given(self, found: Stored, standing: Standing, right: Right | None, at: dt.datetime) -> list[Entry]:
        """What accepting gives; Refused `invitation_invalid` where that is nothing."""
        words = self.notices.find(found.value.notice.version).contents.purposes[Purpose.FAMILY_WATCH]
        cells = [cell for cell in found.cells if standing.consents.state_of(cell, at) is State.REQUESTED]
        try:
            authority = right.authority if right else None
            authority_until = check_right(standing, _giving(cells), self.notices.in_force(at), authority, at)
            until = ends_at("", words, found.value.valid_until, at)
        except Fault:
            raise Refused("invitation_invalid") from None
        if not cells:
            raise Refused("invitation_invalid")
        return [Entry(cell, State.GIVEN, until, authority_until) for cell in cells]

    async def end(self, uid: str, relation: str, right: Right | None = None) -> None:
        """Either side ends it, accepted or not: to the person it is withdrawn; by the relative it is invalidated. With
        `right`, the person `uid` is its subject, and its holder ends for them.

        Raises Refused `invitation_invalid`: unknown, ended, of other people, or beyond the right.
        """
        for _ in range(_ATTEMPTS):
            found = await self.relations.find(relation)
            if found is None or found.value.state is RelationState.ENDED or uid not in _sides(found):
                raise Refused("invitation_invalid")
            own = uid == found.value.subject
            giver = Giver(Role.SELF if own else Role.RELATIVE, evidence=f"relation:{found.id}")
            if right:
                if not own or not right.reaches(found.cells):
                    raise Refused("invitation_invalid")
                giver = right.authority.giver
            try:
                await self._end(
                    found, State.WITHDRAWN if own else State.INVALIDATED, "" if own else "left", giver, right
                )
            except Conflict:
                continue
            return
        raise Conflict("precondition_failed", "the state kept changing")

    async def leave_all(self, uid: str, giver: Giver, reason: str) -> None:
        """End whatever this person holds as a relative: nobody watches any more. Raises Conflict; may be repeated."""
        for held in await self.relations.held_by(uid):
            await self._end(held, State.INVALIDATED, reason, giver)

    async def _end(self, found: Stored, state: State, reason: str, giver: Giver, right: Right | None = None) -> None:
        said = self._said(giver)
        await self.recorder.record(
            found.value.subject,
            lambda standing: _ending(standing, found, state, reason),
            said,
            along=[
                *ended(found, said.at, actor=_actor(giver), reason=reason or "withdrawn"),
                *([right.fence] if right else []),
            ],
        )

    async def listed(self, uid: str) -> tuple[list[Stored], list[Stored]]:
        """Those the person made, and those they accepted; none that has ended."""
        return await self.relations.open_of(uid), await self.relations.held_by(uid)

    async def _open(self, uid: str, at: dt.datetime) -> tuple[list[Stored], int]:
        """The invitations that ran out, and how many relations are left without them."""
        found = await self.relations.open_of(uid)
        stale = [one for one in found if one.value.state is RelationState.INVITED and one.value.expires_at <= at]
        return stale, len(found) - len(stale)

    def _said(self, giver: Giver) -> Said:
        at = self.clock.now()
        return Said(at=at, method=Method.INVITATION, notice=self.notices.in_force(at).ref, giver=giver)


def _watching(notice: Notice, kinds: Sequence[Kind]) -> PurposeNotice:
    """The words about watching over. Raises InvalidInput where these kinds cannot be asked for under them."""
    if not kinds or len(set(kinds)) != len(kinds):
        raise InvalidInput("body_invalid", "kinds: at least one, each once")
    words = notice.contents.purposes.get(Purpose.FAMILY_WATCH)
    if words is None or words.recipient is not RecipientType.RELATIVE:
        raise InvalidInput("purpose_unknown", "family_watch: not in this notice")
    if not all(words.may_touch(kind) for kind in kinds):
        raise InvalidInput("decision_impossible", "kinds: the purpose may never touch one of them")
    return words


def _fits(found: Stored, uid: str, code: str, at: dt.datetime) -> bool:
    value = found.value
    right_code = hmac.compare_digest(value.code, _hash_of(found.id, code))
    return right_code and value.state is RelationState.INVITED and at < value.expires_at and uid != value.subject


def _actor(giver: Giver) -> str:
    return "data_subject" if giver.role is Role.SELF else giver.role.value


def _giving(cells: Sequence[Cell]) -> list[Change]:
    return [Change(*cell, Decision.GIVE) for cell in cells]


def _ending(standing: Standing, found: Stored, state: State, reason: str) -> list[Entry]:
    return [Entry(cell, state, reason=reason) for cell in open_cells(standing.consents, found.recipient)]


def _sides(found: Stored) -> tuple[str, ...]:
    return tuple(side for side in (found.value.subject, found.value.relative) if side)


def _hash_of(relation: str, code: str) -> str:
    return ids.digest("invitation", relation, code)
