"""Measurements are handed on: by the gate's permit, and never without a record that comes before the first byte (I6).

The order is the promise. Gate; read and encode; one commit of the record, which fails where any decision about the
person was recorded since the gate was asked; then the gate once more, of what is stored by then. So in the order of
commits no record follows the withdrawal of what it rests on, and nothing is sent without its record. What is withdrawn
after that last look has been sent already, so far as anybody can tell: it cannot be called back, and stands on record.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from shared import ids, log
from shared.clock import Clock
from shared.consent.gate import Permit, admit
from shared.consent.model import Consents, key_of
from shared.consent.ports import Commit
from shared.errors import Conflict, Fault, NotPermitted, Refused
from shared.measurement.service import DaySummaries, PointsPage
from shared.release.model import KEPT_FOR, Form, Provision
from shared.release.ports import Desk, Fenced, Reader, Whom
from shared.release.provisions import ProvisionStore, Recorded, recorded, stopped
from shared.vocabulary import Kind, Purpose

_ATTEMPTS = 4
_TURNS = 20
"""How often others who are given something of the same person, by the same recipient, are let go first."""

Answer = DaySummaries | PointsPage


class Question(NamedTuple):
    """What is asked for. `read` answers it, for whoever holds the permit."""

    purpose: Purpose
    kind: Kind
    read: Callable[[Permit], Awaitable[Answer]]


class Released(NamedTuple):
    """Exactly the bytes that may be sent now, and the record of it."""

    body: bytes
    record: Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Releasing:
    """The use case, over its ports."""

    desk: Desk
    ledger: Fenced
    provisions: ProvisionStore
    commit: Commit
    clock: Clock
    ids: ids.Ids

    async def release(self, reader: Reader, person: str, question: Question) -> Released:
        """What may be sent. Asked again, it is handed on again, and recorded again.

        Raises NotFound `person_unknown`; Refused `consent_missing`, with the gate's reason as detail; NotPermitted
        `caller_unknown`: the recipient ended meanwhile; Conflict `precondition_failed`: decisions kept coming; and
        whatever reading raises. Of `OutcomeUnknown` the record may exist: nothing is sent.
        """
        whom = await self.desk.whom(reader, person)
        for _ in range(_ATTEMPTS):
            try:
                released = await self._prepared(reader, whom, question)
            except Conflict:
                continue  # something was decided meanwhile: ask the gate anew, and read anew
            await self._look_again(reader, whom, question, released.record)
            return released
        raise Conflict("precondition_failed", "the state kept changing")

    async def _prepared(self, reader: Reader, whom: Whom, question: Question) -> Released:
        consents, fence = await self.ledger.fenced(whom.subject)
        permit = self._admitted(whom, question, consents)
        answer = await question.read(permit)
        body = msgspec.json.encode(msgspec.structs.replace(answer, salt=self.ids.token()))
        form, count = _of(answer)
        for _ in range(_TURNS):
            permit = self._admitted(whom, question, consents)  # time goes on, and ends things too
            chain = await self.provisions.chain(whom.subject, whom.recipient)
            record = Provision(
                subject=whom.subject,
                recipient=whom.recipient,
                account=reader.account,
                purpose=permit.purpose,
                kind=permit.kind,
                form=form,
                first=answer.first,
                last=answer.last,
                count=count,
                epoch=permit.epoch,
                notice=consents.cells[key_of(permit.purpose, permit.kind, permit.recipient)].notice,
                sha256=hashlib.sha256(body).hexdigest(),
                size_bytes=len(body),
                number=chain.length + 1,
                at=self.clock.now(),
                kept_until=self.clock.now() + KEPT_FOR,
            )
            name = self.ids.ident()
            writes, witness = recorded(name, record, chain)
            try:
                await self.commit([*writes, *fence], witness=witness)
            except Conflict:
                if (await self.ledger.fenced(whom.subject))[1] != fence:
                    raise
                continue  # nothing was decided: another record of the same chain was first
            return Released(body, Recorded(name, record))
        raise Conflict("precondition_failed", "too many at once")

    def _admitted(self, whom: Whom, question: Question, consents: Consents) -> Permit:
        now = self.clock.now()
        return admit(whom.subject, consents, question.purpose, question.kind, whom.recipient, now)

    async def _look_again(self, reader: Reader, whom: Whom, question: Question, record: Recorded) -> None:
        """The recipient and the gate once more, as they stand behind the record. The gate comes last of all."""
        try:
            if not await self.desk.still(reader):
                raise NotPermitted("caller_unknown")
            consents, _ = await self.ledger.fenced(whom.subject)
            self._admitted(whom, question, consents)
        except (NotPermitted, Refused) as ended:
            log.event("release.stopped", "NOTICE", kind=question.kind, code=ended.code)
            await self._stop(whom, record)
            raise

    async def _stop(self, whom: Whom, record: Recorded) -> None:
        """Say of the record that nothing was sent. Where that cannot be said, nothing is sent all the same."""
        for _ in range(_TURNS):
            try:
                chain = await self.provisions.chain(whom.subject, whom.recipient)
                writes, witness = stopped(record.id, record.value, chain, self.clock.now())
                await self.commit(writes, witness=witness)
            except Conflict:
                continue
            except Fault as fault:
                log.event("release.stop_not_kept", "WARNING", code=fault.code)
            return


def _of(answer: Answer) -> tuple[Form, int]:
    """In which form an answer tells measurements, and how many days or points of it."""
    if isinstance(answer, DaySummaries):
        return Form.SUMMARIES, len(answer.days)
    return Form.POINTS, len(answer.points)
