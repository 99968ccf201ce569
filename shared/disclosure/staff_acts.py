"""The staff's side over HTTP: lists, opening a case for a reason, and doing something to it."""

from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.cloud.pace import Pace
from shared.cloud.tickets import Tickets
from shared.disclosure.codes import RequestType
from shared.disclosure.file import Actor, staff
from shared.disclosure.machine import own
from shared.disclosure.messages import OpenedAt
from shared.disclosure.ports import Lists
from shared.disclosure.service import Desk, Opened
from shared.disclosure.stored import StoredCase
from shared.disclosure.view import case_view, row
from shared.edge import Call, Json
from shared.errors import NotPermitted
from shared.staff.model import Member, Power, may


class Accesses(Protocol):
    """Where it is kept who saw whose data, and why: `audit.access.AccessLog`."""

    async def opened(self, *, staff: str, role: str, what: str, reason: str, subject: str = "", case: str = "") -> str:
        """Keep it, before anything is shown; its id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffActs:
    """Routes of staff. Callers are members that the roster knows (`staff.door`)."""

    desk: Desk
    lists: Lists
    accesses: Accesses
    openings: Tickets
    pace: Pace
    clock: Clock

    async def listed(self, call: Call) -> Json:
        """Cases that are not over, the most urgent first."""
        by, now = self._able(call, Power.SEE_WORKLIST), self.desk.moment()
        found = await self.lists.open_page(stage=call.query.stage, after=call.query.after, limit=call.query.limit)
        return Json({"cases": [row(one, by, now) for one in found], "next_after": _next(found, call.query.limit)})

    async def begin(self, call: Call) -> Json:
        """Take in a contact."""
        complaint = all(one.type is RequestType.COMPLAINT for one in call.body.contact.wishes)
        by = self._able(call, Power.TAKE_COMPLAINT if complaint else Power.TAKE_IN)
        case = await self.desk.begin(call.body.id, call.body.contact, by)
        return Json({"case": row(StoredCase(case.id, case.file.case, case.version), by, self.desk.moment())}, 201)

    async def open(self, call: Call) -> Json:
        """Show a case, for a reason that is kept; so often within ten minutes and no more."""
        by = self._able(call, Power.OPEN_CASE)
        case = await self.opened(call.path["id"], by, call.body.reason)
        ticket = await self.openings.issue(opening_of(by, case.id))
        given = OpenedAt(ticket.text, ticket.ends_at)
        return Json({"case": case_view(case, by, self.desk.moment()), "opened": given})

    async def opened(self, name: str, by: Actor, reason: str, what: str = "case") -> Opened:
        """The case, once it is on record that it, or `what` of it, was opened. Raises NotPermitted `own_case`."""
        await self.pace.spend(by.id)
        case = await self.desk.read(name)
        if own(case.file, by):
            raise NotPermitted("own_case")
        roles = "+".join(sorted(by.member.roles(self.clock.now()))) if by.member else ""
        subject = case.file.case.subject
        await self.accesses.opened(staff=by.id, role=roles, what=what, reason=reason, subject=subject, case=name)
        return case

    async def do(self, call: Call) -> Json:
        """Do something to a case that is open before one."""
        by, name = staff(call.caller), call.path["id"]
        await self.check_open(by, name, call.body.opening)
        case = await self.desk.do(name, call.body.act, by, if_version=call.body.version)
        return Json({"case": case_view(case, by, self.desk.moment())})

    async def check_open(self, by: Actor, name: str, opening: str) -> None:
        """Raises NotPermitted `page_expired`: the case is not open before them, or too long."""
        if (await self.openings.read(opening)).uid != opening_of(by, name):
            raise NotPermitted("page_expired")

    def _able(self, call: Call, power: Power) -> Actor:
        member: Member = call.caller
        if not may(member, power, self.clock.now()):
            raise NotPermitted("role_missing", str(power))
        return staff(member)


def opening_of(by: Actor, name: str) -> str:
    """What a ticket says: who has which case open before them."""
    return f"{by.id} {name}"


def _next(found: list[StoredCase], limit: int) -> str | None:
    return found[-1].id if len(found) == limit else None
