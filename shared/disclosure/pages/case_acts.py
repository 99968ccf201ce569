"""The pages' routes of one case, once it is open before somebody: looking at it, and everything that is done to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.audit.model import Entry
from shared.disclosure import acts as a
from shared.disclosure.pages.act_forms import ELSEWHERE, EVERY, KEPT, Sheet, made, offered
from shared.disclosure.pages.acts import Pages
from shared.disclosure.pages.case import Shown, act_page, case_page
from shared.disclosure.pages.entry import entry_page, read_twice
from shared.disclosure.pages.fields import Errors, Kind, Typed, id_of, label_of, read, typed_body, typed_of
from shared.disclosure.pages.frame import Said, redirect
from shared.disclosure.pages.opening import conflict_page, token_for
from shared.disclosure.pages.told import events_of
from shared.disclosure.pages.words import Words, words
from shared.disclosure.service import Opened
from shared.disclosure.stored import path_of
from shared.disclosure.view import CaseView, case_view, possible
from shared.edge import Call, Page, Redirect
from shared.errors import Conflict, Fault, InvalidInput, NotFound, NotPermitted, Refused
from shared.mail.model import StoredMessage, view
from shared.problems import problem_of
from shared.staff.model import Power
from shared.staff.ports import Rosters

EVENTS = 100
"""So much of a case's history is shown."""
TOLD = frozenset({*KEPT, *ELSEWHERE})
"""What can have been done by a form of these pages."""
HARMLESS = frozenset({"case.letter_set", "case.job_done", "case.job_delayed"})
"""What the system does to a case meanwhile without changing anything that anybody decides on."""


class History(Protocol):
    """Where a case's stream of the audit log is read."""

    async def __call__(self, stream: str, *, after: int, limit: int) -> list[Entry]: ...


class Mails(Protocol):
    """Where mails are read: `mail.store.MessageStore`."""

    async def of(self, about: str) -> list[StoredMessage]: ...


Act = typed_body("Act", EVERY, "form_token", "state", "act", item="")


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePages:
    """Callers are `Seat`s, whose browser brings the ticket of an opening."""

    pages: Pages
    history: History
    mails: Mails
    rosters: Rosters

    async def case(self, call: Call) -> Page:
        """GET /cases/{id}: the page, or first the question why."""
        name = call.path["id"]
        self.pages.able(call.caller, Power.OPEN_CASE)
        if not await self._is_open(call):
            return await self.pages.ask_reason(call, name)
        said = Said(f"did.{call.query.done}") if call.query.done in TOLD else None
        return await self.shown(call, await self.pages.staff.desk.read(name), said=said)

    async def shown(self, call: Call, opened: Opened, *, said: Said | None = None, errors: Errors = ()) -> Page:
        """The case page."""
        seen = await self._seen(call, opened)
        token = await self.pages.forms.token(call.caller.member, token_for(opened.id))
        viewer = self.pages.viewer(call, f"/cases/{opened.id}")
        return case_page(self.pages.frame, viewer, seen, token=token, said=said, errors=errors)

    async def do(self, call: Call) -> Page | Redirect:
        """POST /cases/{id}/do: one act, decided on the state that the form was made of."""
        name, typed = call.path["id"], typed_of(call.body)
        if (question := await self.refused_entry(call)) is not None:
            return question
        before = await self.pages.staff.desk.read(name)
        sheet = self._sheet(call, before, call.body.act, call.body.item)
        if sheet is None or not await self.as_seen(call, before):
            return await self.conflict(call, call.body.act, typed)
        values, errors = read(sheet.fields, typed, words(call.language), sheet.form)
        status = 400
        if not errors:
            try:
                act = made(sheet.act, sheet.item, values)
                return await self._done(call, act, sheet.act, before)
            except (InvalidInput, NotPermitted, Conflict, Refused) as fault:
                if fault.code == "case_moved_on":
                    return await self.conflict(call, sheet.act, typed)
                errors, status = [(_named(fault, sheet), _said(fault, call))], problem_of(fault).status
        token = await self.pages.forms.token(call.caller.member, token_for(name))
        viewer, view = self.pages.viewer(call, f"/cases/{name}"), self.view(call, before)
        return act_page(
            self.pages.frame,
            viewer,
            view,
            sheet,
            state=_state(before),
            token=token,
            typed=typed,
            errors=errors,
            status=status,
        )

    async def entry(self, call: Call) -> Page:
        """GET /cases/{id}/entry: the form's two columns."""
        name = call.path["id"]
        if not await self._is_open(call):
            return await self.pages.ask_reason(call, name)
        opened = await self.pages.staff.desk.read(name)
        self.check_possible(call, opened, "enter_form")
        token = await self.pages.forms.token(call.caller.member, token_for(name))
        viewer = self.pages.viewer(call, f"/cases/{name}/entry")
        return entry_page(self.pages.frame, viewer, self.view(call, opened), state=_state(opened), token=token)

    async def enter(self, call: Call) -> Page | Redirect:
        """POST /cases/{id}/entry: what both columns say, or where they differ."""
        name, typed = call.path["id"], typed_of(call.body)
        if (question := await self.refused_entry(call)) is not None:
            return question
        opened = await self.pages.staff.desk.read(name)
        if not await self.as_seen(call, opened):
            return await self.conflict(call, "enter_form", {})
        act, errors = read_twice(typed, words(call.language))
        if act is not None:
            try:
                return await self._done(call, act, "enter_form", opened)
            except (InvalidInput, Conflict) as fault:
                if fault.code == "case_moved_on":
                    return await self.conflict(call, "enter_form", {})
                errors = [(id_of("name", "first"), _said(fault, call))]
        token = await self.pages.forms.token(call.caller.member, token_for(name))
        viewer = self.pages.viewer(call, f"/cases/{name}/entry")
        return entry_page(
            self.pages.frame,
            viewer,
            self.view(call, opened),
            state=_state(opened),
            token=token,
            typed=typed,
            errors=errors,
            status=400,
        )

    async def _is_open(self, call: Call) -> bool:
        ticket = call.caller.openings.get(call.path["id"], "")
        try:
            await self.pages.staff.check_open(call.caller.by, call.path["id"], ticket)
        except NotPermitted:
            return False
        return True

    async def refused_entry(self, call: Call) -> Page | None:
        """The question why, where the case is open no more. Raises NotPermitted `page_expired`: no form of ours."""
        await self.pages.forms.check(call.caller.member, token_for(call.path["id"]), call.body.form_token)
        return None if await self._is_open(call) else await self.pages.ask_reason(call, call.path["id"], lapsed=True)

    async def opened(self, call: Call) -> Opened:
        if not await self._is_open(call):
            raise NotPermitted("page_expired")
        return await self.pages.staff.desk.read(call.path["id"])

    async def as_seen(self, call: Call, before: Opened) -> bool:
        """Whether the case is as the form showed it, but for what the system did on its own."""
        length, told = before.file.case.audit.length, call.body.state
        if not told.isdecimal() or int(told) > length:
            return False
        since = await self.history(f"case.{before.id}", after=int(told), limit=EVENTS) if int(told) < length else []
        return all(one.action in HARMLESS for one in since)

    async def _done(self, call: Call, act: a.Act, what: str, before: Opened) -> Redirect:
        name = call.path["id"]
        await self.pages.staff.desk.do(name, act, call.caller.by, if_version=before.version)
        return redirect(f"{self.pages.frame.base}/cases/{name}?done={what}", call.language)

    async def conflict(self, call: Call, act: str, typed: Typed) -> Page:
        """What was not done, beside how the case stands now."""
        w, seen = words(call.language), await self._seen(call, await self.pages.staff.desk.read(call.path["id"]))
        if act not in TOLD:
            raise NotFound("no_such_route")
        viewer = self.pages.viewer(call, f"/cases/{call.path['id']}")
        return conflict_page(self.pages.frame, viewer, seen.view, seen.events, act=act, typed=_in_words(typed, w))

    async def _seen(self, call: Call, opened: Opened) -> Shown:
        by, now, case = call.caller.by, self.pages.staff.desk.moment(), opened.file.case
        names = {one.id: one.name for one in (await self.rosters.read()).value.members}
        seen = {one.id: str(one.item.type) for one in self.view(call, opened).items}
        entries = await self.history(f"case.{opened.id}", after=max(0, case.audit.length - EVENTS), limit=EVENTS)
        events = events_of(entries, seen, case.items.keys() - seen.keys(), names)
        mails = [view(one) for one in await self.mails.of(path_of(opened.id))]
        ticket = call.caller.openings.get(opened.id, "")
        until = (await self.pages.staff.openings.read(ticket)).ends_at
        return Shown(opened, by, now, events, mails, names, until)

    def view(self, call: Call, opened: Opened) -> CaseView:
        return case_view(opened, call.caller.by, self.pages.staff.desk.moment())

    def _sheet(self, call: Call, opened: Opened, act: str, item: str) -> Sheet | None:
        sheets: Sequence[Sheet] = offered(opened, call.caller.by, self.pages.staff.desk.moment())
        return next((one for one in sheets if (one.act, one.item) == (act, item)), None)

    def check_possible(self, call: Call, opened: Opened, act: str) -> None:
        if act not in possible(opened, call.caller.by, self.pages.staff.desk.moment()):
            raise Conflict("case_moved_on", act)


def _named(fault: Fault, sheet: Sheet) -> str:
    """The id of the field that a fault speaks of, or of the form as a whole."""
    names = [field.name for field in sheet.fields]
    named = fault.detail.partition(":")[0]
    return id_of(named, sheet.form) if named in names else "form"


def _said(fault: Fault, call: Call) -> str:
    return problem_of(fault).title(call.language)


def _state(opened: Opened) -> int:
    """What a form says of the case that it was made of: how long its history is."""
    return opened.file.case.audit.length


def _in_words(typed: Typed, w: Words) -> list[tuple[str, str]]:
    """What was typed and chosen, as its form named it."""
    found = []
    for field in EVERY:
        value = typed.get(field.name, "")
        chosen = [value] if isinstance(value, str) else value
        if field.kind in (Kind.SELECT, Kind.ONE, Kind.SEVERAL):
            texts = dict(field.options(w)) if field.options else {}
            chosen = [texts[one] for one in chosen if one and one in texts]
        if any(chosen) and field.kind is not Kind.TICK:
            found.append((w(label_of(field.name)), w("frame.comma").join(chosen)))
    return found
