"""What the consent page's routes do: open it, answer its forms with itself, serve its script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from shared import edge
from shared.cloud.tickets import Ticket, Tickets
from shared.consent.asking import Asked
from shared.consent.model import LIVE, QOLMS, Cell, CellState, Consents, Decision, Method, State
from shared.consent.page import html
from shared.consent.page.html import Message, Shown
from shared.consent.page.known import Known, card_id, hours_to_erase, kinds_of, name_of
from shared.consent.page.messages import STOP, AskPage, Filled, View
from shared.consent.page.telling import say
from shared.consent.receipts import Receipts
from shared.consent.service import Consenting, How
from shared.consent.view import stands
from shared.errors import Conflict, Fault, NotFound, Unavailable
from shared.policy.model import NoticeRef
from shared.problems import problem_of
from shared.vocabulary import Kind, Language, Purpose

LINES = 40
"""Lines of the ledger on one page of the history."""
SCREEN = "page"


class Erases(Protocol):
    """Takes in that what is stored is to be erased: `erasure.service.AskingToErase`."""

    async def request(self, uid: str, kinds: Sequence[Kind], how: How, *, if_epoch: int | None = None) -> object: ...


class Visit(NamedTuple):
    """Somebody looking at the page."""

    ticket: Ticket
    language: Language
    ask: AskPage

    @property
    def uid(self) -> str:
        return self.ticket.uid


@dataclass(frozen=True, slots=True)
class PageActs:
    """The page. Its first request bears the app's token; its forms bear a ticket, since a web view sends no more."""

    consenting: Consenting
    tickets: Tickets
    receipts: Receipts
    erasures: Erases

    async def open(self, call: edge.Call) -> edge.Reply:
        """The page, as the app opens it."""
        ask: AskPage = call.query
        ticket = await self.tickets.issue(call.caller.uid)
        return await self._page(Visit(ticket, ask.lang or call.language, ask), None)

    async def answer(self, call: edge.Call) -> edge.Reply:
        """A form of the page: do what it asks for, and answer with the page as it then is."""
        ask, filled = call.query, call.body
        visit = Visit(await self.tickets.renew(filled.ticket), ask.lang or call.language, ask)
        message = await self._act(visit, filled) if filled.do else None
        return await self._page(visit, message)

    async def script(self, call: edge.Call) -> edge.Reply:
        """The page's script."""
        return edge.Bytes(html.script(), "text/javascript; charset=utf-8")

    async def _act(self, visit: Visit, filled: Filled) -> Message:
        w, card = say(visit.language), ""
        try:
            if filled.do == STOP:
                return await self._stop(visit, filled)
            if filled.erases:
                return await self._erase(visit, filled, filled.kinds_to_erase())
            decision, cells = filled.pressed()
            card = card_id(cells[0].purpose, cells[0].recipient)
            return await self._decide(visit, filled, decision, cells)
        except Unavailable:
            raise
        except Fault as fault:
            if fault.code == "consent_stale":
                return Message("alert", w("stale"), card)
            if fault.code in ("notice_not_in_force", "notice_unknown"):
                return Message("alert", w("notice_moved"))
            return Message("alert", problem_of(fault).title(visit.language), card)

    async def _stop(self, visit: Visit, filled: Filled) -> Message:
        """Stop everything. A form that comes a second time ends nothing that was given after its page was made."""
        w = say(visit.language)
        consents = (await self.consenting.standing(visit.uid)).consents
        open_cells = [cell for cell in consents.cells.values() if self._is_open(cell)]
        if not open_cells:
            return Message("done", w("already"))
        if all(cell.epoch > filled.epoch for cell in open_cells):
            raise Conflict("consent_stale")
        await self.consenting.withdraw_all(visit.uid, self._how(visit))
        return Message("done", w("done.stop"))

    async def _erase(self, visit: Visit, filled: Filled, kinds: list[Kind]) -> Message:
        """Have what is stored of `kinds` erased, or everything. It takes the very state that the page was made from:
        what cannot be undone is not done on an older one."""
        w, chosen = say(visit.language), kinds or list(Kind)
        consents = (await self.consenting.standing(visit.uid)).consents
        found = [consents.cells.get(Cell(Purpose.QOLMS_STORE, kind, QOLMS).key) for kind in chosen]
        # Begun before the page was made, it was another erasure: all of it goes with its key, kind by kind it does not.
        if all(one and one.state in (State.ERASING, State.ERASED) and one.epoch > filled.epoch for one in found):
            return Message("done", w("already"))
        await self.erasures.request(visit.uid, kinds, self._how(visit), if_epoch=filled.epoch)
        known = await self._known(visit)
        return Message("done", w("done.erase", kinds=kinds_of(known, chosen), hours=hours_to_erase(known)))

    async def _decide(self, visit: Visit, filled: Filled, decision: Decision, cells: list[Cell]) -> Message:
        """Give, refuse or withdraw. Giving and refusing take the very state that the page was made from, giving its
        words as well; withdrawing takes no more than that the cells are still as they were shown."""
        w = say(visit.language)
        card = card_id(cells[0].purpose, cells[0].recipient)
        consents = (await self.consenting.standing(visit.uid)).consents
        if self._is_done(consents, decision, cells, filled.epoch):
            return Message("done", w("already"), card)
        if decision is Decision.WITHDRAW:
            cells = [cell for cell in cells if self._as_shown(consents, cell, filled.epoch)]
            if not cells:
                raise Conflict("consent_stale")
        await self.consenting.decide(
            visit.uid,
            [Asked(cell.purpose, cell.kind, cell.recipient, decision) for cell in cells],
            self._how(visit, filled.notice if decision is Decision.GIVE else None),
            if_epoch=None if decision is Decision.WITHDRAW else filled.epoch,
        )
        known = await self._known(visit)
        kinds, recipient = kinds_of(known, [cell.kind for cell in cells]), name_of(known, cells[0].recipient)
        left = decision is Decision.REFUSE and consents.state_of(cells[0], self._now) in LIVE
        return Message("done", w("done.leave" if left else f"done.{decision}", kinds=kinds, recipient=recipient), card)

    def _is_done(self, consents: Consents, decision: Decision, cells: list[Cell], epoch: int) -> bool:
        """Whether a form has been sent before: everything is as it asks for, by a decision after its page was made."""
        found = [consents.cells.get(cell.key) for cell in cells]
        if decision is Decision.GIVE:
            return all(one and one.as_of(self._now) in LIVE and one.epoch > epoch for one in found)
        left = self.consenting.notices.in_force(self._now).contents.version if decision is Decision.REFUSE else None
        return all(one and (not self._is_open(one) or one.declined == left) for one in found)

    def _as_shown(self, consents: Consents, cell: Cell, epoch: int) -> bool:
        found = consents.cells.get(cell.key)
        return found is not None and self._is_open(found) and found.epoch <= epoch

    def _is_open(self, cell: CellState) -> bool:
        return cell.as_of(self._now) in LIVE or cell.state is State.REQUESTED

    def _how(self, visit: Visit, notice: NoticeRef | None = None) -> How:
        return How(notice=notice, language=visit.language, screen=SCREEN, method=Method.PAGE)

    @property
    def _now(self) -> datetime:
        return self.consenting.clock.now()

    async def _page(self, visit: Visit, message: Message | None) -> edge.Page:
        known = await self._known(visit, message.card if message else "")
        ask = visit.ask
        shown = Shown(
            known, ask.view, visit.ticket, message, erase_first=message is not None and message.kind == "done"
        )
        match ask.view:
            case View.HISTORY:
                return await self._history(shown, ask.before)
            case View.RECEIPT:
                return await self._receipt(shown, ask.receipt)
            case View.NOTICE:
                return self._notice(shown, ask.version)
            case View.ERASE:
                return html.erase_page(shown)
            case View.STOP:
                return html.stop_page(shown)
            case View.CELLS:
                return html.cells_page(shown)

    async def _known(self, visit: Visit, acted: str = "") -> Known:
        """Everything that the page shows of the person: their state, and one read for each recipient it names."""
        standing = await self.consenting.standing(visit.uid)
        named = sorted({QOLMS, visit.ask.recipient, *(Cell.of_key(key).recipient for key in standing.consents.cells)})
        recipients = await self.consenting.recipients.find(visit.uid, named)
        notice = self.consenting.notices.in_force(self._now)
        stand = stands(standing.consents, notice, recipients.values(), self._now)
        return Known(
            stands=stand,
            notice=notice,
            notices=self.consenting.notices,
            recipients=recipients,
            language=visit.language,
            at=self._now,
            shown=visit.ask.recipient,
            acted=acted,
            events=standing.tail.events,
        )

    async def _history(self, shown: Shown, before: int) -> edge.Page:
        """The ledger's numbers have no gaps, so a page backwards is one forwards, turned round."""
        newest = before - 1 if before else shown.known.events
        after = max(0, newest - LINES)
        uid = shown.ticket.uid
        events = await self.consenting.history(uid, after=after, limit=newest - after) if newest > after else []
        return html.history_page(shown, events[::-1], before=before, earlier=after + 1 if after else 0)

    async def _receipt(self, shown: Shown, number: int) -> edge.Page:
        events = await self.consenting.ledger.events_of_epoch(shown.ticket.uid, number)
        if not events:
            lost = Message("alert", say(shown.known.language)("receipt.unknown"))
            return await self._history(shown._replace(view=View.HISTORY, message=lost), 0)
        return html.receipt_page(shown, events, await self.receipts.jws(shown.ticket.uid, events))

    def _notice(self, shown: Shown, version: str) -> edge.Page:
        known = shown.known
        try:
            notice = known.notices.find(version) if version else known.notice
        except NotFound:
            lost = Message("alert", say(known.language)("notice.unknown"))
            return html.notice_page(shown._replace(message=lost), known.notice)
        return html.notice_page(shown, notice)
