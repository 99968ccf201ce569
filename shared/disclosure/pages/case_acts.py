"""The pages' routes of one case, once it is open before somebody: looking at it, and everything that is done to it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from shared.audit.model import Entry
from shared.bodies import Upload
from shared.clock import Clock
from shared.disclosure import acts as a
from shared.disclosure.intake.uploads import ScanKind, accepted, headers
from shared.disclosure.model import Scan
from shared.disclosure.own_acts import subject_of
from shared.disclosure.pages.act_forms import ELSEWHERE, EVERY, KEPT, Sheet, made, offered
from shared.disclosure.pages.acts import Pages
from shared.disclosure.pages.case import SCAN, Shown, act_page, case_page, match_page
from shared.disclosure.pages.entry import entry_page, read_twice
from shared.disclosure.pages.fields import Typed, id_of, label_of, read, typed_body, typed_of
from shared.disclosure.pages.frame import Said, redirect
from shared.disclosure.pages.opening import conflict_page, token_for
from shared.disclosure.pages.told import events_of
from shared.disclosure.pages.words import words
from shared.disclosure.service import Opened
from shared.disclosure.shelf import Shelf
from shared.disclosure.stored import path_of
from shared.disclosure.view import CaseView, case_view, possible
from shared.edge import Bytes, Call, Page, Redirect
from shared.errors import Conflict, Fault, InvalidInput, NotFound, NotPermitted, Refused
from shared.mail.model import StoredMessage, view
from shared.problems import problem_of
from shared.profile.matching import Answer, Strength, stated
from shared.profile.model import Profile
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


class Matches(Protocol):
    """The desk's question: `profile.matching.Matching`."""

    async def match(self, case: str, staff: str, stated: Profile) -> Answer: ...


class Opens(Protocol):
    """What opens the answer: `profile.references.References`."""

    async def open(self, case: str, reference: bytes) -> tuple[str, ...]: ...


class ScanForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Papers to be put into the case."""

    form_token: str
    state: str
    kind: str = ""
    files: list[Upload] = []


Act = typed_body("Act", EVERY, "form_token", "state", "act", item="")


class MatchForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the applicant is to be compared with what is held."""

    form_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePages:
    """Callers are `Seat`s, whose browser brings the ticket of an opening."""

    pages: Pages
    history: History
    mails: Mails
    rosters: Rosters
    shelf: Shelf
    matching: Matches
    references: Opens
    clock: Clock

    async def case(self, call: Call) -> Page:
        """GET /cases/{id}: the page, or first the question why."""
        name = call.path["id"]
        self.pages.able(call.caller, Power.OPEN_CASE)
        if not await self._is_open(call):
            return await self.pages.ask_reason(call, name)
        seen = await self._seen(call, await self.pages.staff.desk.read(name))
        said = Said(f"did.{call.query.done}") if call.query.done in TOLD else None
        token = await self.pages.forms.token(call.caller.member, token_for(name))
        return case_page(self.pages.frame, self.pages.viewer(call, f"/cases/{name}"), seen, token=token, said=said)

    async def do(self, call: Call) -> Page | Redirect:
        """POST /cases/{id}/do: one act, decided on the state that the form was made of."""
        name, typed = call.path["id"], typed_of(call.body)
        if (question := await self._refused_entry(call)) is not None:
            return question
        before = await self.pages.staff.desk.read(name)
        sheet = self._sheet(call, before, call.body.act, call.body.item)
        if sheet is None or not await self._as_seen(call, before):
            return await self._conflict(call, call.body.act, typed)
        values, errors = read(sheet.fields, typed, words(call.language), sheet.form)
        status = 400
        if not errors:
            try:
                act = made(sheet.act, sheet.item, values)
                return await self._done(call, act, sheet.act, before)
            except (InvalidInput, NotPermitted, Conflict, Refused) as fault:
                if fault.code == "case_moved_on":
                    return await self._conflict(call, sheet.act, typed)
                errors, status = [(_named(fault, sheet), _said(fault, call))], problem_of(fault).status
        token = await self.pages.forms.token(call.caller.member, token_for(name))
        viewer, view = self.pages.viewer(call, f"/cases/{name}"), self._view(call, before)
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
        self._check_possible(call, opened, "enter_form")
        token = await self.pages.forms.token(call.caller.member, token_for(name))
        viewer = self.pages.viewer(call, f"/cases/{name}/entry")
        return entry_page(self.pages.frame, viewer, self._view(call, opened), state=_state(opened), token=token)

    async def enter(self, call: Call) -> Page | Redirect:
        """POST /cases/{id}/entry: what both columns say, or where they differ."""
        name, typed = call.path["id"], typed_of(call.body)
        if (question := await self._refused_entry(call)) is not None:
            return question
        opened = await self.pages.staff.desk.read(name)
        if not await self._as_seen(call, opened):
            return await self._conflict(call, "enter_form", {})
        act, errors = read_twice(typed, words(call.language))
        if act is not None:
            try:
                return await self._done(call, act, "enter_form", opened)
            except (InvalidInput, Conflict) as fault:
                if fault.code == "case_moved_on":
                    return await self._conflict(call, "enter_form", {})
                errors = [(id_of("name", "first"), _said(fault, call))]
        token = await self.pages.forms.token(call.caller.member, token_for(name))
        viewer = self.pages.viewer(call, f"/cases/{name}/entry")
        return entry_page(
            self.pages.frame,
            viewer,
            self._view(call, opened),
            state=_state(opened),
            token=token,
            typed=typed,
            errors=errors,
            status=400,
        )

    async def match(self, call: Call) -> Page | Redirect:
        """POST /cases/{id}/match: whether what is stated agrees with what is held. Where it does, strongly and with one
        account alone, the case keeps which; nobody at the desk is told."""
        name = call.path["id"]
        if (question := await self._refused_entry(call)) is not None:
            return question
        opened = await self.pages.staff.desk.read(name)
        self._check_possible(call, opened, "match_account")
        person = opened.file.private.person
        profile = stated(
            name=person.name,
            kana=person.kana,
            birth_on=person.born_on,
            # Who has moved is held under where they lived.
            postal_code="" if person.registered_address else person.postal_code,
            address=person.registered_address or person.address,
            phone=person.phone,
            mail=person.mail,
            member_id=person.member_id,
        )
        answer = await self.matching.match(name, call.caller.by.id, profile)
        accounts = await self.references.open(name, answer.reference) if answer.strength is Strength.STRONG else ()
        if len(accounts) == 1:
            act = a.MatchAccount(account=accounts[0], subject=subject_of(accounts[0]))
            opened = await self.pages.staff.desk.do(name, act, call.caller.by)
        viewer = self.pages.viewer(call, f"/cases/{name}")
        return match_page(self.pages.frame, viewer, self._view(call, opened), answer, matched=len(accounts) == 1)

    async def scan(self, call: Call) -> Page | Redirect:
        """POST /cases/{id}/scans: papers, each looked through, sealed and put into the case in one commit."""
        name, w = call.path["id"], words(call.language)
        if (question := await self._refused_entry(call)) is not None:
            return question
        opened = await self.pages.staff.desk.read(name)
        self._check_possible(call, opened, "add_scan")
        values, errors = read(SCAN, {"kind": call.body.kind}, w, "scan")
        if errors or not call.body.files:
            raise InvalidInput("field_missing", "files")
        if not await self._as_seen(call, opened):
            return await self._conflict(call, "add_scan", {})
        for upload in call.body.files:
            one = await accepted(upload.content, self.clock)
            place = f"s{len(opened.file.case.scans) + 1}"
            put = await self.shelf.put(name, f"scan.{place}", one.content)
            scan = Scan(
                kind=values["kind"],
                media_type=one.kind,
                pages=one.pages,
                size_bytes=len(one.content),
                sha256=one.sha256,
                by=call.caller.by.id,
                at=self.clock.now(),
            )
            act = a.AddScan(name=place, scan=scan)
            try:
                opened = await self.pages.staff.desk.do(
                    name, act, call.caller.by, if_version=opened.version, along=put.writes
                )
            except Conflict as fault:
                if fault.code != "case_moved_on":
                    raise
                return await self._conflict(call, "add_scan", {})
        return redirect(f"{self.pages.frame.base}/cases/{name}?done=add_scan", call.language)

    async def scanned(self, call: Call) -> Bytes:
        """GET /cases/{id}/scans/{name}: a paper, for whoever has the case open."""
        opened = await self._opened(call)
        scan = self._view(call, opened).scans.get(call.path["name"])
        if scan is None:
            raise NotFound("blob_missing")
        pieces = await _begun(self.shelf.read(opened.id, f"scan.{call.path['name']}"))
        how = headers(ScanKind(scan.media_type), f"{opened.file.case.number}-{call.path['name']}")
        return Bytes(pieces, scan.media_type, _beside_type(how))

    async def letter(self, call: Call) -> Bytes:
        """GET /cases/{id}/letters/{letter}/{number}: a letter's paper, to be looked at and printed."""
        opened = await self._opened(call)
        letter, number = opened.file.case.letters.get(call.path["letter"]), call.path["number"]
        if letter is None or number not in map(str, range(1, len(letter.papers) + 1)):
            raise NotFound("blob_missing")
        pieces = await _begun(self.shelf.read(opened.id, f"{call.path['letter']}.{number}"))
        stem = f"{opened.file.case.number}-{call.path['letter']}-{number}"
        return Bytes(
            pieces, ScanKind.PDF, {k: v for k, v in headers(ScanKind.PDF, stem).items() if k != "content-type"}
        )

    async def _is_open(self, call: Call) -> bool:
        ticket = call.caller.openings.get(call.path["id"], "")
        try:
            await self.pages.staff.check_open(call.caller.by, call.path["id"], ticket)
        except NotPermitted:
            return False
        return True

    async def _refused_entry(self, call: Call) -> Page | None:
        """The question why, where the case is open no more. Raises NotPermitted `page_expired`: no form of ours."""
        await self.pages.forms.check(call.caller.member, token_for(call.path["id"]), call.body.form_token)
        return None if await self._is_open(call) else await self.pages.ask_reason(call, call.path["id"], lapsed=True)

    async def _opened(self, call: Call) -> Opened:
        if not await self._is_open(call):
            raise NotPermitted("page_expired")
        return await self.pages.staff.desk.read(call.path["id"])

    async def _as_seen(self, call: Call, before: Opened) -> bool:
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

    async def _conflict(self, call: Call, act: str, typed: Typed) -> Page:
        """What was not done, beside how the case stands now."""
        w, seen = words(call.language), await self._seen(call, await self.pages.staff.desk.read(call.path["id"]))
        kept = ("form_token", "state", "act", "item")
        said = [
            (w(label_of(key)), value if isinstance(value, str) else w("frame.comma").join(value))
            for key, value in typed.items()
            if value and key not in kept
        ]
        if act not in TOLD:
            raise NotFound("no_such_route")
        viewer = self.pages.viewer(call, f"/cases/{call.path['id']}")
        return conflict_page(self.pages.frame, viewer, seen.view, seen.events, act=act, typed=said)

    async def _seen(self, call: Call, opened: Opened) -> Shown:
        by, now, case = call.caller.by, self.pages.staff.desk.moment(), opened.file.case
        names = {one.id: one.name for one in (await self.rosters.read()).value.members}
        seen = {one.id: str(one.item.type) for one in self._view(call, opened).items}
        entries = await self.history(f"case.{opened.id}", after=max(0, case.audit.length - EVENTS), limit=EVENTS)
        events = events_of(entries, seen, case.items.keys() - seen.keys(), names)
        mails = [view(one) for one in await self.mails.of(path_of(opened.id))]
        ticket = call.caller.openings.get(opened.id, "")
        until = (await self.pages.staff.openings.read(ticket)).ends_at
        return Shown(opened, by, now, events, mails, names, until)

    def _view(self, call: Call, opened: Opened) -> CaseView:
        return case_view(opened, call.caller.by, self.pages.staff.desk.moment())

    def _sheet(self, call: Call, opened: Opened, act: str, item: str) -> Sheet | None:
        sheets: Sequence[Sheet] = offered(opened, call.caller.by, self.pages.staff.desk.moment())
        return next((one for one in sheets if (one.act, one.item) == (act, item)), None)

    def _check_possible(self, call: Call, opened: Opened, act: str) -> None:
        if act not in possible(opened, call.caller.by, self.pages.staff.desk.moment()):
            raise Conflict("case_moved_on", act)


def _named(fault: Fault, sheet: Sheet) -> str:
    """The id of the field that a fault speaks of, or of the form as a whole."""
    names = [field.name for field in sheet.fields]
    named = fault.detail.partition(":")[0]
    return id_of(named, sheet.form) if named in names else "form"


def _said(fault: Fault, call: Call) -> str:
    return problem_of(fault).title(call.language)


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same, once its beginning is there: what is missing is told before anything is sent."""
    first = await anext(pieces)

    async def again() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return again()


def _beside_type(said: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in said.items() if name != "content-type"}


def _state(opened: Opened) -> int:
    """What a form says of the case that it was made of: how long its history is."""
    return opened.file.case.audit.length
