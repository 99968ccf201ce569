"""People see what was handed on of them, to whom, when and for what: never what it said."""

import datetime as dt
from dataclasses import dataclass

import msgspec

from shared import edge
from shared.consent.ports import Recipients
from shared.consent.view import RecipientView
from shared.errors import InvalidInput
from shared.release.messages import AskProvisions
from shared.release.model import Form, ProvisionState
from shared.release.provisions import ProvisionStore, Recorded
from shared.release.shares import ShareStore
from shared.vocabulary import Kind, Purpose


class ProvisionView(msgspec.Struct, frozen=True, kw_only=True):
    """One handing on. `count` is how many days or points; `sha256` is of the body that was sent."""

    id: str
    at: dt.datetime
    recipient: str
    purpose: Purpose
    kind: Kind
    form: Form
    first: dt.date = msgspec.field(name="from")
    last: dt.date = msgspec.field(name="to")
    count: int
    notice: str
    epoch: int
    sha256: str
    state: ProvisionState


class KnownAs(msgspec.Struct, frozen=True):
    """The name that one recipient knows the person by. To tell an institution that name is to say who one is."""

    recipient: str
    person: str


class Provisions(msgspec.Struct, frozen=True):
    """A page, newest first; `next_after` is None on the last one. `known_as`: to whom something is, or lately was,
    given."""

    provisions: list[ProvisionView]
    known_as: list[KnownAs]
    recipients: list[RecipientView]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class ProvisionActs:
    """The person's questions about it."""

    provisions: ProvisionStore
    shares: ShareStore
    recipients: Recipients

    async def listed(self, call: edge.Call) -> edge.Reply:
        """A page of what was handed on of the caller. Raises InvalidInput `query_invalid`."""
        asked: AskProvisions = call.query
        uid = call.caller.uid
        found = await self.provisions.of_person(uid, after=asked.after, limit=asked.limit + 1)
        if found is None:
            raise InvalidInput("query_invalid", "after: none of yours")
        shown, more = found[: asked.limit], len(found) > asked.limit
        known_as = [KnownAs(one.recipient, one.handle) for one in await self.shares.of_person(uid)]
        named = {one.value.recipient for one in shown} | {one.recipient for one in known_as}
        found_of = await self.recipients.find(uid, sorted(named))
        views = [RecipientView(one.id, one.type, one.name, one.active) for one in found_of.values()]
        return edge.Json(Provisions([_view(one) for one in shown], known_as, views, shown[-1].id if more else None))


def _view(found: Recorded) -> ProvisionView:
    one = found.value
    return ProvisionView(
        id=found.id,
        at=one.at,
        recipient=one.recipient,
        purpose=one.purpose,
        kind=one.kind,
        form=one.form,
        first=one.first,
        last=one.last,
        count=one.count,
        notice=one.notice,
        epoch=one.epoch,
        sha256=one.sha256,
        state=one.state,
    )
