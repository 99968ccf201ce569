"""What is stored is erased because its person asks for it: at once unreachable, soon gone, and provably so.

From the commit that begins an erasure its cells are ERASING: nothing can be given, fetched or stored for them until
every document is deleted, so nothing is stored behind the deleting. Then they are ERASED, and may be given anew.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from shared import ids, log
from shared.clock import Clock
from shared.cloud.documents import Documents, Expect, Write
from shared.connection.ports import Queue
from shared.consent.ledger import Entry, Said
from shared.consent.model import DECEASED, LIVE, QOLMS, Cell, Giver, Method, Role, State, open_cells
from shared.consent.ports import Standing
from shared.consent.recording import Recorder
from shared.consent.relations import RelationStore, ended
from shared.consent.service import How
from shared.erasure.model import BACKUPS_LAST, SWEEP, Erasure, Progress, StoredErasure
from shared.erasure.ports import DayEraser, Erasures, Forgetter, KeyDestroyer, ProfileEraser
from shared.erasure.writes import path_of, put, recorded
from shared.errors import Conflict, Fault, InvalidInput, Refused, Unavailable
from shared.policy.model import Rule
from shared.policy.notices import Notices
from shared.vocabulary import Kind, Purpose

PAGE = 200
"""Deleted at a time: 200 deletes and one write stay far below a commit's bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingToErase:
    """The person's side."""

    erasures: Erasures
    relations: RelationStore
    recorder: Recorder
    notices: Notices
    queue: Queue
    clock: Clock
    ids: ids.Ids

    async def request(
        self, uid: str, kinds: Sequence[Kind], how: How, *, if_epoch: int | None = None, fences: Sequence[Write] = ()
    ) -> StoredErasure:
        """Erase what is stored of `kinds`; none: everything, with the key to it, and with whatever binds relatives to
        the person. With `if_epoch` that was asked for looking at that state of the consents, and is refused on any
        other; so it is where one of `fences` does not hold.

        Raises InvalidInput `body_invalid`: a kind twice. Conflict `withdraw_first`: a kind of them is still consented
        to; `erasure_under_way`; `consent_stale`. Refused `consent_frozen`: they have died, and nobody decides under
        their name any more.
        """
        if len(set(kinds)) != len(kinds):
            raise InvalidInput("body_invalid", "kinds: each once")
        at, name = self.clock.now(), self.ids.ident()
        notice = self.notices.in_force(at)
        erasure = Erasure(
            uid=uid,
            kinds=list(kinds or Kind),
            everything=not kinds,
            state=Progress.BEGUN,
            requested_at=at,
            due_at=at + dt.timedelta(hours=notice.rule(Rule.ERASURE_WITHIN_HOURS, at)),
            again_at=at + SWEEP,
        )
        path = path_of(name)
        erasure, audit = recorded(
            erasure, path, at=at, actor="data_subject", action="erasure.begun", facts={"everything": not kinds}
        )

        def build(standing: Standing) -> list[Entry]:
            if standing.consents.frozen == DECEASED:
                raise Refused("consent_frozen", DECEASED)
            cells = [Cell(Purpose.QOLMS_STORE, kind, QOLMS) for kind in erasure.kinds]
            stands = [standing.consents.state_of(cell, at) for cell in cells]
            if State.ERASING in stands:
                raise Conflict("erasure_under_way")
            if any(state in LIVE for state in stands) or (not kinds and _anything_live(standing, at)):
                raise Conflict("withdraw_first")
            asked = [one for one in open_cells(standing.consents) if erasure.everything and one not in cells]
            waiting = [one for one in asked if standing.consents.state_of(one, at) is State.REQUESTED]
            return [
                *(Entry(cell, State.WITHDRAWN) for cell in waiting),
                *(Entry(cell, State.ERASING) for cell in cells),
            ]

        along: list[Write] = [put(path, erasure, Expect.ABSENT), audit, *fences]
        for relation in await self.relations.open_of(uid) if erasure.everything else []:
            along += ended(relation, at, actor="data_subject", reason="erased")
        await self.recorder.record(uid, build, how.said(notice, self.clock), if_epoch=if_epoch, along=along)
        await self._queue(name)
        stored = await self.erasures.find(name)
        return stored or StoredErasure(erasure, "", path)

    async def _queue(self, name: str) -> None:
        try:
            await self.queue.enqueue("erasure", "erasure/run", {"erasure": name}, name_parts=("erase", name))
        except Fault as fault:  # the next sweep finds it
            log.event("erasure.not_queued", "WARNING", code=fault.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """The work itself, a task for each erasure. Doing it again, or twice at once, changes nothing further."""

    documents: Documents
    erasures: Erasures
    days: DayEraser
    shares: Forgetter
    profiles: ProfileEraser
    keys: KeyDestroyer
    recorder: Recorder
    notices: Notices
    clock: Clock
    budget_s: float = 240

    async def run(self, name: str) -> str:
        """Delete every document, then say so in the ledger, in one commit with the evidence.

        Raises Unavailable where the store or the keys are out of reach, or time runs out: what is deleted stays so,
        and the queue sends the task again. Conflict where another worker is at it.
        """
        found = await self.erasures.find(name)
        if found is None or found.value.state is Progress.DONE:
            return "nothing_to_do"
        if found.value.everything:
            found = await self._forget_profile(await self._destroy_key(found))
        started = self.clock.monotonic_s()
        for kind in found.value.kinds:
            while writes := await self.days.deletions(found.value.uid, kind, limit=PAGE):
                if self.clock.monotonic_s() - started > self.budget_s:
                    raise Unavailable("instance_busy", retry_after_s=1)
                deleted = {**found.value.deleted, kind: found.value.deleted.get(kind, 0) + len(writes)}
                further = msgspec.structs.replace(found.value, deleted=deleted)
                versions = await self.documents.commit([put(found.path, further, found.version), *writes])
                found = StoredErasure(further, versions[0], found.path)
                log.event("erasure.progress", kind=kind, count=deleted[kind])
        await self._finish(found)
        return "erased"

    async def _destroy_key(self, found: StoredErasure) -> StoredErasure:
        """Destroy the key there is while the erasure is under way: no link that would use a newer one can begin before
        its end. So which key that is, is committed first, expecting the erasure as it was read: a worker who is late
        either fails to, or destroys no key but that one, whoever has begun anew meanwhile.
        """
        if found.value.generation is None:
            generation = await self.keys.generation(found.value.uid)
            settled = msgspec.structs.replace(found.value, generation=generation)
            versions = await self.documents.commit([put(found.path, settled, found.version)])
            found = StoredErasure(settled, versions[0], found.path)
        await self.keys.destroy(found.value.uid, found.value.generation or 0)
        return found

    async def _forget_profile(self, found: StoredErasure) -> StoredErasure:
        """Once, and expecting the erasure as it was read: what somebody who began anew has given meanwhile stays."""
        if found.value.profile_gone:
            return found
        gone = msgspec.structs.replace(found.value, profile_gone=True)
        writes = await self.profiles.forgetting(found.value.uid)
        versions = await self.documents.commit([put(found.path, gone, found.version), *writes])
        return StoredErasure(gone, versions[0], found.path)

    async def _finish(self, found: StoredErasure) -> None:
        at = self.clock.now()
        done = msgspec.structs.replace(
            found.value, state=Progress.DONE, again_at=None, finished_at=at, backups_until=at + BACKUPS_LAST
        )
        counts = [f"{kind}={count}" for kind, count in sorted(done.deleted.items())]
        done, audit = recorded(
            done,
            found.path,
            at=at,
            actor="system",
            action="erasure.done",
            facts={"documents": counts, "key_destroyed": done.everything},
        )

        def build(standing: Standing) -> list[Entry]:
            cells = (Cell(Purpose.QOLMS_STORE, kind, QOLMS) for kind in done.kinds)
            return [
                Entry(cell, State.ERASED) for cell in cells if standing.consents.state_of(cell, at) is State.ERASING
            ]

        said = Said(at=at, method=Method.SYSTEM, notice=self.notices.in_force(at).ref, giver=Giver(Role.SYSTEM))
        along: list[Write] = [put(found.path, done, found.version), audit]
        if done.everything:
            along += await self.shares.forgetting(done.uid)
        await self.recorder.record(done.uid, build, said, along=along)


def _anything_live(standing: Standing, at: dt.datetime) -> bool:
    return any(state.as_of(at) in LIVE for state in standing.consents.cells.values())
