"""The person's side, in the app: their sign-in is their identity."""

from dataclasses import dataclass

from shared import ids
from shared.cloud.pace import Pace
from shared.disclosure import acts as a
from shared.disclosure.file import PERSON
from shared.disclosure.model import Category, Channel, Person
from shared.disclosure.ports import Cases
from shared.disclosure.service import Desk
from shared.disclosure.stored import StoredCase
from shared.disclosure.view import mine
from shared.edge import Call, Json
from shared.errors import NotFound

MOST_LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnActs:
    """File a request, and see how it stands."""

    desk: Desk
    cases: Cases
    pace: Pace

    async def file(self, call: Call) -> Json:
        """Begin a case for whoever is signed in."""
        uid: str = call.caller.uid
        await self.pace.spend(uid)
        contact = a.Contact(
            category=Category.CUSTOMER,
            channel=Channel.APP,
            language=call.language,
            person=Person(member_id=uid),
            wishes=call.body.requests,
        )
        # Under a name of their own, so that nobody can ask for the case of somebody else by sending its id.
        name = ids.digest("request", uid, call.body.id)[:26]
        case = await self.desk.file_in_app(name, contact, uid, subject_of(uid))
        return Json(mine(StoredCase(case.id, case.file.case, case.version)), 201)

    async def listed(self, call: Call) -> Json:
        """Their cases, the newest first."""
        found = await self.cases.of_subject(subject_of(call.caller.uid), limit=MOST_LISTED)
        return Json({"requests": [mine(one) for one in found]})

    async def withdraw(self, call: Call) -> Json:
        """Take a request back. Raises NotFound `case_unknown`: it is not theirs; as the machine."""
        case = await self.desk.read(call.path["id"])
        if case.file.private.account != call.caller.uid:
            raise NotFound("case_unknown")
        case = await self.desk.do(case.id, a.Withdraw(items=call.body.items), PERSON)
        return Json(mine(StoredCase(case.id, case.file.case, case.version)))


def subject_of(uid: str) -> str:
    """How an account is called in cases and in the audit log."""
    return ids.digest("subject", uid)
