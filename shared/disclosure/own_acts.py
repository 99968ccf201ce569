"""The person's side, in the app: their sign-in is their identity."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared import ids
from shared.cloud.pace import Pace
from shared.disclosure import acts as a
from shared.disclosure.codes import Category, Channel, Stage, Step
from shared.disclosure.file import PERSON
from shared.disclosure.handing import HANDED, parts_of
from shared.disclosure.model import Item, Person
from shared.disclosure.ports import Cases
from shared.disclosure.service import Desk, Opened
from shared.disclosure.shelf import Shelf
from shared.disclosure.stored import StoredCase
from shared.disclosure.view import mine
from shared.edge import Bytes, Call, Json
from shared.errors import NotFound

MOST_LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnActs:
    """File a request, and see how it stands."""

    desk: Desk
    cases: Cases
    pace: Pace
    shelf: Shelf

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
        case = await self._theirs(call)
        case = await self.desk.do(case.id, a.Withdraw(items=call.body.items), PERSON)
        return Json(mine(StoredCase(case.id, case.file.case, case.version)))

    async def result(self, call: Call) -> Bytes:
        """What is handed over, to whoever is signed in as its person: their sign-in is the proof of delivery, recorded
        before the first byte. It can be fetched again until the case rests.

        Raises NotFound `case_unknown`: it is not theirs, or there is no such thing in it.
        """
        case = await self._theirs(call)
        name, part = call.path["item"], call.path["part"]
        item = case.file.case.items.get(name)
        known = item is not None and part in {str(number) for number in range(1, parts_of(item) + 1)}
        if item is None or not known or case.file.case.stage not in (Stage.HANDLING, Stage.ANSWERED):
            raise NotFound("case_unknown")
        pieces = self.shelf.read(case.id, f"result.{name}.{part}")
        first = await anext(pieces)  # so that what is not there is told before anything is said to be delivered
        if item.step is Step.NOTIFYING:
            today = self.desk.moment().today
            await self.desk.do(case.id, a.RegisterDelivery(items=(name,), on=today, proof="app sign-in"), PERSON)
        media, ending = HANDED[item.type]
        kept = {"content-disposition": f'attachment; filename="{case.file.case.number}-{name}-{part}.{ending}"'}
        return Bytes(again(first, pieces), media, kept)

    async def letter(self, call: Call) -> Bytes:
        """A paper of a letter to them. What it answers, and hands nothing over of, is told with it: that is recorded
        before the first byte. Raises NotFound `case_unknown`: it is not theirs, or there is no such paper."""
        case = await self._theirs(call)
        name, part = call.path["letter"], call.path["part"]
        letter = case.file.case.letters.get(name)
        if letter is None or part not in {str(number) for number, _ in enumerate(letter.papers, 1)}:
            raise NotFound("case_unknown")
        pieces = self.shelf.read(case.id, f"{name}.{part}")
        first = await anext(pieces)
        told = tuple(one for one in letter.items if self._is_told(case.file.case.items[one]))
        if told:
            today = self.desk.moment().today
            await self.desk.do(case.id, a.RegisterDelivery(items=told, on=today, proof="app sign-in"), PERSON)
        kept = {"content-disposition": f'attachment; filename="{case.file.case.number}-{name}-{part}.pdf"'}
        return Bytes(again(first, pieces), "application/pdf", kept)

    @staticmethod
    def _is_told(item: Item) -> bool:
        return item.step is Step.NOTIFYING and not parts_of(item)

    async def _theirs(self, call: Call) -> Opened:
        case = await self.desk.read(call.path["id"])
        if case.file.private.account != call.caller.uid:
            raise NotFound("case_unknown")
        return case


async def again(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """All of it, where the first piece was taken already."""
    yield first
    async for piece in rest:
        yield piece


def subject_of(uid: str) -> str:
    """How an account is called in cases and in the audit log."""
    return ids.digest("subject", uid)
