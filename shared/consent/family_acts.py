"""What the routes about relatives do: invite, accept, end, and see who watches whom."""

import datetime as dt
from dataclasses import dataclass

import msgspec

from shared import edge
from shared.cloud.pace import Pace
from shared.consent.authorities import Rights
from shared.consent.invitations import Invitations
from shared.consent.messages import Accept, Invite
from shared.consent.relations import Relation, RelationState, Stored
from shared.consent.service import How
from shared.vocabulary import Kind

EXPIRED = "expired"


class RelationView(msgspec.Struct, frozen=True, kw_only=True):
    """A relation, or an invitation to one. `state` is invited, expired or active. What flows is what `GET /consent` has
    for `recipient`; `kinds` are those that were asked for. `note` is for the person, and whoever may
    decide for them."""

    id: str
    recipient: str
    state: str
    kinds: list[Kind]
    note: str | None
    invited_at: dt.datetime
    expires_at: dt.datetime | None
    accepted_at: dt.datetime | None


class Relations(msgspec.Struct, frozen=True):
    """Who watches whom: those the person invited, and those who invited the person."""

    made: list[RelationView]
    held: list[RelationView]


@dataclass(frozen=True, slots=True)
class FamilyActs:
    """Questions and answers about relatives."""

    invitations: Invitations
    rights: Rights
    pace: Pace

    async def invite(self, call: edge.Call) -> edge.Reply:
        """Make an invitation, and tell its code this once."""
        body: Invite = call.body
        await self.pace.spend(call.caller.uid)
        uid, right = await self.rights.whose(call.caller.uid, body.on_behalf)
        how = How(notice=body.notice, language=call.language, screen=body.screen, right=right)
        made = await self.invitations.invite(
            uid, body.kinds, how, note=body.note, valid_until=body.valid_until, if_epoch=body.if_epoch
        )
        return edge.Json(made, 201)

    async def accept(self, call: edge.Call) -> edge.Reply:
        """Accept one."""
        body: Accept = call.body
        accepted = await self.invitations.accept(call.caller.uid, call.path["id"], body.code)
        return edge.Json(self._view(accepted, own=False))

    async def listed(self, call: edge.Call) -> edge.Reply:
        """Both sides. For somebody else, what their right reaches of what the person made."""
        uid, right = await self.rights.whose(call.caller.uid, call.query)
        made, held = await self.invitations.listed(uid)
        if right:
            made, held = [one for one in made if right.reaches(one.cells)], []
        return edge.Json(
            Relations([self._view(one, own=True) for one in made], [self._view(one, own=False) for one in held])
        )

    async def end(self, call: edge.Call) -> edge.Reply:
        """End one, from either side."""
        uid, right = await self.rights.whose(call.caller.uid, call.query)
        await self.invitations.end(uid, call.path["id"], right)
        return edge.Json({"ended": True})

    def _view(self, found: Stored, *, own: bool) -> RelationView:
        value: Relation = found.value
        invited = value.state is RelationState.INVITED
        over = invited and value.expires_at <= self.invitations.clock.now()
        return RelationView(
            id=found.id,
            recipient=found.recipient,
            state=EXPIRED if over else value.state.value,
            kinds=value.kinds,
            note=(value.note or None) if own else None,
            invited_at=value.invited_at,
            expires_at=value.expires_at if invited else None,
            accepted_at=value.accepted_at,
        )
