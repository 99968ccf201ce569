"""What the routes of the `consent` function do: from a typed call to a reply, and nothing else."""

from dataclasses import dataclass

from shared import edge
from shared.consent.messages import AskNotice, Decide, Page
from shared.consent.model import QOLMS, Cell, Consents
from shared.consent.ports import Prepared
from shared.consent.receipts import Receipts
from shared.consent.service import Consenting, How
from shared.consent.view import Decided, Stands, history, recorded, stands
from shared.errors import Conflict, NotFound, NotPermitted
from shared.policy.notices import FILES
from shared.policy.view import notice_view


@dataclass(frozen=True, slots=True)
class Acts:
    """The consent screen's questions and answers."""

    consenting: Consenting
    receipts: Receipts

    async def state(self, call: edge.Call) -> edge.Reply:
        """Where the person's consents stand."""
        standing = await self.consenting.standing(call.caller.uid)
        return edge.Json(await self._stands(call.caller.uid, standing.consents))

    async def decide(self, call: edge.Call) -> edge.Reply:
        """Give, refuse, withdraw. A stale decision is answered with the newer state."""
        body: Decide = call.body
        if body.on_behalf is not None:
            raise NotPermitted("authority_invalid", "on_behalf: no such right")
        how = How(notice=body.notice, language=call.language, screen=body.screen)
        try:
            prepared = await self.consenting.decide(call.caller.uid, body.changes, how, if_epoch=body.if_epoch)
        except Conflict as stale:
            if stale.code != "consent_stale":
                raise
            standing = await self.consenting.standing(call.caller.uid)
            newer = await self._stands(call.caller.uid, standing.consents)
            raise Conflict("consent_stale", stale.detail, more={"consent": newer}) from None
        return edge.Json(await self._decided(call.caller.uid, prepared))

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
