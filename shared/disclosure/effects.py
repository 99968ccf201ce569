"""What a request does to the person's consents: provisional freezes, and ends, all through the ledger's one writer."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.cloud.documents import Put
from shared.consent.ledger import Entry, Said
from shared.consent.model import Cell, Giver, Method, Role, State, open_cells
from shared.consent.ports import Build, Prepared, Standing
from shared.consent.recording import Recorder
from shared.consent.service import How
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import Outcome, RequestType
from shared.disclosure.ending import freezes
from shared.disclosure.model import Case, Job, Scope
from shared.disclosure.ports import Cases
from shared.disclosure.service import MOST_OF_ONE, Opened, held
from shared.disclosure.stored import path_of, plain
from shared.disclosure.working import Done, NotYet
from shared.erasure.model import Progress, StoredErasure
from shared.erasure.ports import Erasures
from shared.erasure.service import AskingToErase
from shared.errors import Conflict, Refused
from shared.policy.notices import Notices
from shared.vocabulary import Kind, Purpose

REASON = "request."
"""What the reason of a case's freeze begins with."""
LOOK_AGAIN = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Workers of jobs and tasks that touch consents and what is stored."""

    cases: Cases
    recorder: Recorder
    erasing: AskingToErase
    erasures: Erasures
    notices: Notices
    clock: Clock

    async def freeze(self, case: Opened, job: Job) -> Done | NotYet:
        """From now on nothing of the person is fetched, stored or handed on, until the case says otherwise."""
        account, reason = case.file.private.account, _reason(case.file.case)

        def build(standing: Standing) -> Sequence[Entry]:
            # Another case's freeze becomes this one's: whichever case ends, the other's is then not lost with it.
            stands = standing.consents.frozen
            ours = not stands or (stands.startswith(REASON) and stands != reason)
            return [Entry(None, State.FROZEN, reason=reason)] if ours else []

        if account:
            await self._record(account, build, case)
        return Done(auto.JobDone(name="freeze"))

    async def thaw(self, case: Opened, job: Job) -> Done | NotYet:
        """The provisional freeze ends: this case's, and no other's. Where another case of the person's still waits, the
        freeze becomes that one's; looked at again afterwards, because that one may have ended meanwhile."""
        account, reason = case.file.private.account, _reason(case.file.case)
        while account:
            heir = await self._still_frozen(case)

            def build(standing: Standing, mine: str = reason, heir: str = heir) -> Sequence[Entry]:
                if standing.consents.frozen != mine:
                    return []
                return [Entry(None, State.FROZEN, reason=heir) if heir else Entry(None, State.THAWED, reason=mine)]

            await self._record(account, build, case)
            if not heir or heir == await self._still_frozen(case):
                break
            reason = heir
        return Done(auto.JobDone(name="thaw"))

    async def _still_frozen(self, case: Opened) -> str:
        """The reason of another case of the person's that freezes what is theirs; "" where there is none."""
        others = await self.cases.of_subject(case.file.case.subject, limit=MOST_OF_ONE)
        return next((_reason(one.value) for one in others if one.id != case.id and freezes(one.value)), "")

    async def withdraw(self, case: Opened, item: str) -> Done | NotYet:
        """End what the item asks to end: what goes to others, or all handling, of the kinds in its scope."""
        one = case.file.case.items[item]
        ended: list[Cell] = []

        def build(standing: Standing) -> Sequence[Entry]:
            cells = [cell for cell in open_cells(standing.consents) if _is_meant(cell, one.type, one.scope)]
            ended[:] = cells
            return [Entry(cell, State.WITHDRAWN, reason=_reason(case.file.case)) for cell in cells]

        prepared = await self._record(case.file.private.account, build, case)
        return Done(
            auto.TaskDone(item=item, task="withdraw", proof=f"epoch {prepared.consents.epoch}", count=len(ended))
        )

    async def erase(self, case: Opened, item: str) -> Done | NotYet:
        """Have what is stored erased, and wait for the proof. Of the scope's kinds; where it names none everything,
        with the key to it. Raises Refused `held`: a legal hold stands on this or another case of the person's."""
        if case.file.case.hold or await held(self.cases, case.file.case.subject):
            raise Refused("held")
        account, one = case.file.private.account, case.file.case.items[item]
        found = await self._erasure_of(account, one.scope.kinds, since=_decided_at(case, item))
        if found is None:
            try:
                found = await self.erasing.request(
                    account, one.scope.kinds, How(method=Method.STAFF), fences=[_fence(case)]
                )
            except Conflict as under_way:
                if under_way.code != "erasure_under_way":
                    raise
                return NotYet(self.clock.now() + LOOK_AGAIN)
        if found.value.state is not Progress.DONE:
            return NotYet(self.clock.now() + LOOK_AGAIN)
        deleted = sum(found.value.deleted.values())
        return Done(auto.TaskDone(item=item, task="erase", proof=f"erasure {found.id}", count=deleted))

    async def _erasure_of(self, uid: str, kinds: Sequence[Kind], *, since: dt.datetime) -> StoredErasure | None:
        for one in await self.erasures.of(uid):
            same = one.value.everything if not kinds else (not one.value.everything and one.value.kinds == list(kinds))
            if same and one.value.requested_at >= since:
                return one
        return None

    async def _record(self, uid: str, build: Build, case: Opened) -> Prepared:
        at = self.clock.now()
        giver = Giver(Role.SELF, evidence=case.file.case.number)
        said = Said(at=at, method=Method.STAFF, notice=self.notices.in_force(at).ref, giver=giver)
        return await self.recorder.record(uid, build, said, along=[_fence(case)])


def _fence(case: Opened) -> Put:
    """Nothing is done where somebody else has moved the case on: whoever was slow would freeze, end or erase anew."""
    return Put(path_of(case.id), plain(case.file.case), case.version)


def _reason(case: Case) -> str:
    return f"{REASON}{case.number}"


def _decided_at(case: Opened, item: str) -> dt.datetime:
    decision = case.file.case.items[item].decision
    if decision is None or decision.outcome not in (Outcome.FULL, Outcome.PARTIAL):
        raise Conflict("case_moved_on", "not decided")
    return decision.at


def _is_meant(cell: Cell, request: RequestType, scope: Scope) -> bool:
    if scope.kinds and cell.kind not in scope.kinds:
        return False
    return request is not RequestType.STOP or cell.purpose is not Purpose.QOLMS_STORE
