"""The pages' routes: the list, taking in, and opening a case for a reason."""

from dataclasses import dataclass
from typing import Annotated, Protocol

import msgspec

from shared.disclosure.codes import Stage
from shared.disclosure.file import Actor, Moment
from shared.disclosure.numbers import parsed
from shared.disclosure.pages.fields import Errors, Typed, read, typed_of
from shared.disclosure.pages.frame import Frame, Said, Viewer, redirect
from shared.disclosure.pages.intake import FIELDS, TOKEN_FOR, contact_of, intake_page
from shared.disclosure.pages.opening import FIELDS as REASON_FIELDS
from shared.disclosure.pages.opening import MOST_REASON, reason_page, token_for
from shared.disclosure.pages.seats import Seat
from shared.disclosure.pages.words import words
from shared.disclosure.pages.worklist import WorklistRow, WorklistView, row_of, worklist_page
from shared.disclosure.ports import Days
from shared.disclosure.staff_acts import StaffActs, opening_of
from shared.disclosure.stored import StoredCase
from shared.edge import Call, Page, Redirect
from shared.errors import InvalidInput, NotFound, NotPermitted
from shared.ids import Ids
from shared.problems import problem_of
from shared.staff.forms import Forms
from shared.staff.model import Power, may

PAGE = 50
SCANNED = 200
"""So many cases are looked through at most for those of one type: the page then says where it stopped."""
_Id = Annotated[str, msgspec.Meta(pattern="^[a-z2-7]{26}$")]


class Seek(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The search: a case number, as people write it."""

    number: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has just been done, told once on the page behind it."""

    done: Annotated[str, msgspec.Meta(pattern="^[a-z_]{0,32}$")] = ""


class Listing(Protocol):
    """Where lists are read: `store.CaseStore`."""

    async def worklist(self, *, stage: Stage | None, days: Days, after: str, limit: int) -> list[StoredCase]: ...
    async def how_many(self, *, stage: Stage | None, days: Days) -> int: ...
    async def numbered(self, number: str) -> StoredCase | None: ...
    async def find(self, name: str) -> StoredCase | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What members of staff see first. Callers are `Seat`s."""

    frame: Frame
    staff: StaffActs
    lists: Listing
    forms: Forms
    ids: Ids

    def viewer(self, call: Call, here: str) -> Viewer:
        """Who is looking."""
        return Viewer(call.caller.member, call.language, self.staff.clock.now(), here)

    def able(self, seat: Seat, power: Power) -> Actor:
        """The member, acting. Raises NotPermitted `role_missing`."""
        if not may(seat.member, power, self.staff.clock.now()):
            raise NotPermitted("role_missing", str(power))
        return seat.by

    async def worklist(self, call: Call) -> Page:
        """GET /. At most three queries, however many cases there are."""
        by, now, view = self.able(call.caller, Power.SEE_WORKLIST), self.staff.desk.moment(), call.query
        rows, further = await self._rows(view, by, now)
        # How many of one type there are, no index tells.
        total = None if view.type else await self.lists.how_many(stage=view.at, days=view.days(now.today))
        here = self.viewer(call, view.address("", after=view.after))
        return worklist_page(self.frame, here, rows, view, total=total, further=further)

    async def _rows(self, view: WorklistView, by: Actor, now: Moment) -> tuple[list[WorklistRow], str]:
        limit = SCANNED if view.type else PAGE
        found = await self.lists.worklist(stage=view.at, days=view.days(now.today), after=view.after, limit=limit)
        rows: list[WorklistRow] = []
        for number, one in enumerate(found, 1):
            row = row_of(one, by, now)
            if not view.type or view.type in (type_ for type_, _ in row.requests):
                rows.append(row)
            if len(rows) == PAGE and number < len(found):
                return rows, one.id
        return rows, found[-1].id if len(found) == limit else ""

    async def search(self, call: Call) -> Page | Redirect:
        """GET /search: to the case of that number, or why there is none."""
        by, now = self.able(call.caller, Power.SEE_WORKLIST), self.staff.desk.moment()
        try:
            found = await self.lists.numbered(parsed(call.query.number))
            if found is None:
                raise NotFound("case_unknown")
        except (InvalidInput, NotFound) as fault:
            view, problem = WorklistView(), problem_of(fault)
            rows, further = await self._rows(view, by, now)
            return worklist_page(
                self.frame,
                self.viewer(call, "/"),
                rows,
                view,
                total=await self.lists.how_many(stage=None, days=Days()),
                further=further,
                status=problem.status,
                wrong=problem.title(call.language),
                sought=call.query.number,
            )
        return redirect(f"{self.frame.base}/cases/{found.id}", call.language)

    async def intake(self, call: Call) -> Page:
        """GET /cases/new."""
        self.able(call.caller, Power.TAKE_IN)
        token = await self.forms.token(call.caller.member, TOKEN_FOR)
        return intake_page(self.frame, self.viewer(call, "/cases/new"), ident=self.ids.ident(), token=token)

    async def take_in(self, call: Call) -> Page | Redirect:
        """POST /cases/new: begins the case, once, or shows the form again with what is wrong."""
        by, w, typed = self.able(call.caller, Power.TAKE_IN), words(call.language), typed_of(call.body)
        await self.forms.check(call.caller.member, TOKEN_FOR, call.body.form_token)
        values, errors = read(FIELDS, typed, w)
        if not errors:
            try:
                ident = msgspec.convert(call.body.id, _Id)
                contact = contact_of(values, await self._about(values["about_number"]))
                case = await self.staff.desk.begin(ident, contact, by)
                return redirect(f"{self.frame.base}/cases/{case.id}?done=begun", call.language)
            except (InvalidInput, NotFound) as fault:
                errors = [*wrong_with(fault, call)]
        viewer = self.viewer(call, "/cases/new")
        token = await self.forms.token(call.caller.member, TOKEN_FOR)
        return intake_page(self.frame, viewer, ident=call.body.id, token=token, typed=typed, errors=errors, status=400)

    async def _about(self, number: str) -> str:
        if not number:
            return ""
        found = await self.lists.numbered(parsed(number))
        if found is None:
            raise NotFound("case_unknown", "about_number")
        return found.id

    async def ask_reason(
        self,
        call: Call,
        name: str,
        *,
        lapsed: bool = False,
        errors: Errors = (),
        typed: Typed | None = None,
    ) -> Page:
        """Why a case is to be opened. Raises NotFound `case_unknown`."""
        self.able(call.caller, Power.OPEN_CASE)
        found = await self.lists.find(name)
        if found is None:
            raise NotFound("case_unknown")
        token = await self.forms.token(call.caller.member, token_for(name))
        begun = getattr(call.query, "done", "") == "begun"
        return reason_page(
            self.frame,
            self.viewer(call, f"/cases/{name}"),
            case=name,
            number=found.value.number,
            token=token,
            said=Said("intake.done", {"number": found.value.number}) if begun else None,
            typed=typed,
            errors=errors,
            lapsed=lapsed,
            status=403 if lapsed else 400 if errors else 200,
        )

    async def open(self, call: Call) -> Page | Redirect:
        """POST /cases/{id}/reason: on record first, then open for an hour."""
        by, name, w = self.able(call.caller, Power.OPEN_CASE), call.path["id"], words(call.language)
        await self.forms.check(call.caller.member, token_for(name), call.body.form_token)
        values, errors = read(REASON_FIELDS, typed_of(call.body), w)
        reason = " ".join(part for part in (w(f"why.{values['why']}"), values["detail"]) if part) if not errors else ""
        if not errors and (len(reason) > MOST_REASON or (values["why"] == "other" and not values["detail"])):
            errors = [("f-detail", w("reason.detail_needed", most=MOST_REASON))]
        if errors:
            return await self.ask_reason(call, name, errors=errors, typed=typed_of(call.body))
        await self.staff.opened(name, by, reason)
        ticket = await self.staff.openings.issue(opening_of(by, name))
        cookies = call.caller.opened(name, ticket.text)
        return redirect(f"{self.frame.base}/cases/{name}", call.language, cookies)


def wrong_with(fault: InvalidInput | NotFound, call: Call) -> Errors:
    """A fault as an error of the field that it names, or of the form as a whole."""
    field = {"person": "name", "requests": "types", "agent": "agent_name", "first": "first", "about": "about_number"}
    named = fault.detail.partition(":")[0]
    return [
        (f"f-{field.get(named, named if named.isidentifier() else 'name')}", problem_of(fault).title(call.language))
    ]
