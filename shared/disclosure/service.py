"""The desk: cases are begun, looked at and moved on. Each is one commit, with its line in the audit log and with
whatever the system is to do about it; so nothing that was promised can be forgotten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from shared import log
from shared.audit.model import Fact
from shared.clock import Clock
from shared.cloud.documents import Expect, Write
from shared.cloud.seal import Key
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure import taking_in
from shared.disclosure.codes import Stage
from shared.disclosure.days import check_days, civil_date
from shared.disclosure.ending import settled
from shared.disclosure.file import Actor, File, Moment
from shared.disclosure.machine import action_of, after
from shared.disclosure.model import Case
from shared.disclosure.numbers import fresh
from shared.disclosure.ports import CaseKeys, Cases, Commit, Queue
from shared.disclosure.scrubbing import scrubbed
from shared.disclosure.stored import StoredCase, key_name, numbered, opened, written
from shared.errors import Conflict, Fault, NotFound, Refused
from shared.ids import Ids
from shared.policy.model import Rule
from shared.policy.notices import Notices

_ATTEMPTS = 5


class Closes(Protocol):
    """Closes the links of a case: `proofs.service.Closing`."""

    async def revoking(self, case: str, *, by: str) -> list[Write]:
        """The writes that close those that are open."""
        ...


class Opened(NamedTuple):
    """A case, opened: its id, its version, and what it holds."""

    id: str
    version: str
    file: File


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Whatever is done to a case goes through here."""

    cases: Cases
    keys: CaseKeys
    commit: Commit
    queue: Queue
    notices: Notices
    clock: Clock
    ids: Ids
    links: Closes | None = None

    def moment(self) -> Moment:
        """Now, and what the notice in force says."""
        at = self.clock.now()
        notice = self.notices.in_force(at)
        return Moment(
            at=at,
            today=civil_date(at),
            fee_yen=lambda request, on: notice.fee_yen(request, notice.start_of(on)),
            kept_years=notice.rule(Rule.PAPER_KEPT_YEARS, at),
        )

    async def begin(self, name: str, contact: a.Contact, by: Actor) -> Opened:
        """The case that a contact begins, under the id `name`; the same one again where it was begun under it already.

        Raises as `taking_in.opened` and `check_days`; NotFound `case_unknown`: a complaint is about no case there is.
        """
        now = self.moment()
        contact, _ = scrubbed(contact)
        check_days(contact)
        if contact.about and await self.cases.find(contact.about) is None:
            raise NotFound("case_unknown", "about")
        return await self._begun(name, lambda number: taking_in.opened(number, contact, by, now), by, now)

    async def file_in_app(self, name: str, contact: a.Contact, uid: str, subject: str) -> Opened:
        """The case that an app user begins for themselves. Raises as `begin`."""
        now, by = self.moment(), Actor("data_subject")
        contact, _ = scrubbed(contact)
        check_days(contact)
        return await self._begun(
            name, lambda number: taking_in.filed_in_app(number, contact, uid, subject, now), by, now
        )

    async def _begun(self, name: str, make: Callable[[str], File], by: Actor, now: Moment) -> Opened:
        if await self.cases.find(name) is not None:
            return await self.read(name)
        number = fresh(self.ids)
        file: File = settled(make(number), now)
        key = await self.keys.ensure(key_name(name))
        facts: dict[str, Fact] = {"category": file.case.category, "channel": file.case.channel, **_standing(file)}
        writes, witness = written(name, file, key, Expect.ABSENT, at=now.at, by=by, action="case.begun", facts=facts)
        try:
            await self.commit([*writes, numbered(number, name)], witness=witness)
        except Conflict:
            # Sent twice, or a number that is taken: where the case is there, it was begun already.
            return await self.read(name)
        await self.wake(name, file)
        return await self.read(name)

    async def read(self, name: str) -> Opened:
        """The case, opened; of one whose papers are destroyed, what stays. Raises NotFound `case_unknown`.

        Whoever shows it to somebody records that first.
        """
        found = await self._found(name)
        return Opened(found.id, found.version, opened(found, await self._key(found.value, name)))

    async def _key(self, case: Case, name: str) -> Key | None:
        """None once it is destroyed, as only a case's that is destroyed may be."""
        if case.stage is Stage.DESTROYED:
            return None
        try:
            return await self.keys.key(key_name(name))
        except Refused as refused:
            if case.destroying and refused.code == "key_destroyed":
                return None
            raise

    async def do(
        self, name: str, act: a.Act, by: Actor, *, if_version: str | None = None, along: Sequence[Write] = ()
    ) -> Opened:
        """Do it, in one commit with its line in the audit log and the writes `along`.

        With `if_version` it was decided looking at that state of the case, and is refused on any other; without, it is
        done to whatever state there is, again and again until nobody was faster.

        Raises as `machine.after` and `check_days`; NotFound `case_unknown`; Conflict `case_moved_on`: somebody else was
        faster.
        """
        act, _ = scrubbed(act)
        check_days(act)
        for _ in range(_ATTEMPTS):
            before = await self.read(name)
            if if_version is not None and before.version != if_version:
                raise Conflict("case_moved_on", "somebody else was faster")
            now = self.moment()
            file = after(before.file, act, by, now)
            if isinstance(act, a.SignDestruction | auto.BeginDestruction):
                await self._check_nothing_stops_it(name, file.case.subject)
            key = await self._key(before.file.case, name)
            writes, witness = written(
                name, file, key, before.version, at=now.at, by=by, action=action_of(act), facts=_facts(act, file)
            )
            closing = await self._closing(before, act, file, by)
            try:
                await self.commit([*writes, *along, *closing], witness=witness)
            except Conflict:
                if if_version is not None or along:
                    raise Conflict("case_moved_on", "somebody else was faster") from None
                continue
            await self.wake(name, file)
            return await self.read(name)
        raise Conflict("case_moved_on", "the state kept changing")

    async def _check_nothing_stops_it(self, name: str, subject: str) -> None:
        """Raises Conflict `not_due`: a complaint about it is open, or a hold stands on another case of the person's."""
        if any(one.value.open for one in await self.cases.about(name)):
            raise Conflict("not_due", "a complaint about it is open")
        if await held(self.cases, subject):
            raise Conflict("not_due", "a hold stands on another case of the person's")

    async def doing(self, name: str, act: a.Act, by: Actor) -> list[Write]:
        """The writes that do it to the case as it stands, for a commit of something that must not happen without it.
        That commit ends in Conflict where the case moved on meanwhile. Raises as `do`."""
        before, now = await self.read(name), self.moment()
        act, _ = scrubbed(act)
        check_days(act)
        file = after(before.file, act, by, now)
        key = await self._key(before.file.case, name)
        writes, _ = written(
            name, file, key, before.version, at=now.at, by=by, action=action_of(act), facts=_facts(act, file)
        )
        return writes

    async def _closing(self, before: Opened, act: a.Act, file: File, by: Actor) -> list[Write]:
        """With an agent's right, and with the case itself, its links end: in the very same commit."""
        ends = isinstance(act, a.RevokeAgency) or (before.file.case.open and not file.case.open)
        return await self.links.revoking(before.id, by=by.id) if ends and self.links else []

    async def wake(self, name: str, file: File) -> None:
        """Have the system look at a case that waits for it. A task that is lost is made up for by the next sweep."""
        if not file.case.jobs:
            return
        try:
            await self.queue.enqueue(
                "cases", "case_work/run", {"case": name}, name_parts=("case", name, str(file.case.audit.length))
            )
        except Fault as fault:
            log.event("case.not_queued", "WARNING", code=fault.code)

    async def _found(self, name: str) -> StoredCase:
        found = await self.cases.find(name)
        if found is None:
            raise NotFound("case_unknown")
        return found


MOST_OF_ONE = 100
"""Cases of one person that are looked at together."""


async def held(cases: Cases, subject: str) -> bool:
    """Whether a legal hold stands on any case of the person's."""
    found = await cases.of_subject(subject, limit=MOST_OF_ONE) if subject else []
    return any(one.value.hold for one in found)


def _facts(act: a.Act, file: File) -> dict[str, Fact]:
    """What the audit log says of an act: codes and counts, and none of the words."""
    facts = _standing(file)
    if isinstance(act, a.OfItem):
        facts["item"] = act.item
    for field in (
        "name",
        "task",
        "letter",
        "strength",
        "outcome",
        "ground",
        "proof",
        "count",
        "sha256",
        "allowed",
        "certificate",
        "problem",
    ):
        value = getattr(act, field, None)
        if isinstance(value, str | int) and value != "" and not isinstance(act, a.RecordEvidence | a.RegisterDelivery):
            facts[field] = value
    return facts


def _standing(file: File) -> dict[str, Fact]:
    steps = [f"{name}:{item.type}:{item.step}" for name, item in file.case.items.items()]
    return {"number": file.case.number, "stage": file.case.stage, "items": steps}
