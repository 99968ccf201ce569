"""What the routes of the `consent` function do: from a typed call to a reply, and nothing else."""

from dataclasses import dataclass

import msgspec

from shared import edge
from shared.consent.authorities import Right, Rights, within
from shared.consent.messages import AskNotice, AskState, Decide, Page
from shared.consent.model import QOLMS, Cell, Consents
from shared.consent.ports import Prepared
from shared.consent.receipts import Receipts
from shared.consent.service import Consenting, How
from shared.consent.view import Decided, Stands, history, recorded, stands
from shared.errors import Conflict, NotFound
from shared.policy.notices import FILES
from shared.policy.view import notice_view


@dataclass(frozen=True, slots=True)
class Acts:
    """The consent screen's questions and answers."""

    consenting: Consenting
    receipts: Receipts
    rights: Rights

    async def state(self, call: edge.Call) -> edge.Reply:
        """Where the person's consents stand."""
        asked: AskState = call.query
        uid, right = await self.rights.whose(call.caller.uid, asked)
        standing = await self.consenting.standing(uid)
        return edge.Json(_seen(await self._stands(uid, standing.consents), right))

    async def decide(self, call: edge.Call) -> edge.Reply:
        """Give, refuse, withdraw. A stale decision is answered with the newer state."""
        body: Decide = call.body
        uid, right = await self.rights.whose(call.caller.uid, body.on_behalf)
        how = How(notice=body.notice, language=call.language, screen=body.screen, right=right)
        try:
            prepared = await self.consenting.decide(uid, body.changes, how, if_epoch=body.if_epoch)
        except Conflict as stale:
            if stale.code != "consent_stale":
                raise
            standing = await self.consenting.standing(uid)
            newer = _seen(await self._stands(uid, standing.consents), right)
            raise Conflict("consent_stale", stale.detail, more={"consent": newer}) from None
        decided = await self._decided(uid, prepared)
        return edge.Json(msgspec.structs.replace(decided, consent=_seen(decided.consent, right)))

    async def withdraw_all(self, call: edge.Call) -> edge.Reply:
        """Stop everything."""
        prepared = await self.consenting.withdraw_all(call.caller.uid, How(language=call.language))
        return edge.Json(await self._decided(call.caller.uid, prepared))

    async def history(self, call: edge.Call) -> edge.Reply:
        """A page of the ledger."""
        asked: Page = call.query
        events = await self.consenting.history(call.caller.uid, after=asked.after, limit=asked.limit + 1)
        return edge.Json(history(events, asked.limit))

    async def notice(self, call: edge.Call) -> edge.Reply:
        """A notice: in the reader's language, or one of its files byte for byte."""
        asked: AskNotice = call.query
        notices = self.consenting.notices
        notice = notices.find(asked.version) if asked.version else notices.in_force(self.consenting.clock.now())
        if asked.file:
            if asked.file not in FILES:
                raise NotFound("notice_unknown", f"file: one of {', '.join(FILES)}")
            return edge.Bytes(notice.files[asked.file], "text/plain; charset=utf-8")
        return edge.Json(notice_view(notice, asked.lang or call.language))

    async def _decided(self, uid: str, prepared: Prepared) -> Decided:
        return Decided(
            consent=await self._stands(uid, prepared.consents),
            recorded=recorded(prepared),
            receipt=str(prepared.consents.epoch),
            jws=await self.receipts.jws(uid, prepared.events),
        )

    async def _stands(self, uid: str, consents: Consents) -> Stands:
        at = self.consenting.clock.now()
        named = sorted({QOLMS, *(Cell.of_key(key).recipient for key in consents.cells)})
        recipients = await self.consenting.recipients.find(uid, named)
        return stands(consents, self.consenting.notices.in_force(at), recipients.values(), at)


def _seen(stands: Stands, right: Right | None) -> Stands:
    return within(stands, right.authority) if right else stands
