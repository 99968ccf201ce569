"""A mail is queued in the commit of what it tells of, and sent until it is sent: at least once, and never lost.

Before a sending its mail is committed as being sent, and held for a while. Where SES took it and nobody could say so
(the answer was lost, the process died, the store was away), news of it comes by SES's events, and marks it as sent;
only where none has come when the hold is over it goes out again. So somebody may get a letter twice, and nobody never.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from shared import ids, log
from shared.clock import Clock
from shared.cloud.documents import Expect, Write
from shared.errors import Conflict, Fault, NotFound, OutcomeUnknown, Refused, Unavailable
from shared.mail.model import (
    HELD,
    LOST,
    MOST_ATTEMPTS,
    OPEN,
    WATCHED,
    Letter,
    Message,
    State,
    StoredMessage,
    backoff,
    checked,
)
from shared.mail.ports import Carrier, Commit, Messages, Queue, Sealing
from shared.mail.writes import moved, path_of, put, recorded

HOPELESS = frozenset(
    {"BadRequestException", "InvalidParameterValue", "key_destroyed", "key_missing", "mail_forgotten", "seal_broken"}
)
"""What SES says of a mail that it will never take, and what says that nobody can open it. The rest can be mended."""


class Queued(NamedTuple):
    """A mail that will be there once `writes` are committed."""

    id: str
    writes: list[Write]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """For whoever has something to tell somebody."""

    messages: Messages
    sealing: Sealing
    commit: Commit
    queue: Queue
    clock: Clock
    ids: ids.Ids

    async def queued(self, letter: Letter, *, about: str, owner: str, template: str, forget_at: dt.datetime) -> Queued:
        """What queues `letter`, for the commit of what it tells of. After that commit: `hand_over`.

        `owner` names the data key it is sealed under, which must be there; `about` is by what `MessageStore.of` finds
        it; at `forget_at` its content is erased.

        Raises InvalidInput as `model.checked`; NotFound `key_missing`, Refused `key_destroyed`.
        """
        at, name = self.clock.now(), self.ids.ident()
        path = path_of(name)
        sealed = await self.sealing.seal(owner, msgspec.msgpack.encode(checked(letter)), path)
        message = Message(
            about=about,
            owner=owner,
            template=template,
            sealed=sealed,
            state=State.QUEUED,
            queued_at=at,
            due_at=at,
            forget_at=forget_at,
        )
        message, audit = recorded(message, path, at=at, action="mail.queued", facts={})
        return Queued(name, [put(path, message, Expect.ABSENT), audit])

    async def hand_over(self, names: Sequence[str]) -> None:
        """Have these sent now. Never fails: what is lost here is found by the next tick."""
        for name in names:
            await enqueue(self.queue, name, "0")

    async def again(self, name: str, *, actor: str) -> None:
        """Send one anew that did not arrive, once what kept it is mended.

        Raises NotFound `mail_unknown`. Refused `mail_forgotten`. Conflict `precondition_failed`: it is on its way.
        """
        found = await self.messages.find(name)
        if found is None:
            raise NotFound("mail_unknown")
        if found.value.sealed is None:
            raise Refused("mail_forgotten")
        if found.value.state not in LOST:
            raise Conflict("precondition_failed", "it is on its way, or has arrived")
        at = self.clock.now()
        _, writes, witness = moved(
            found, at, "mail.again", actor=actor, state=State.QUEUED, due_at=at, attempts=0, reason=""
        )
        await self.commit(writes, witness=witness)
        await enqueue(self.queue, name, at.isoformat())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The work itself, a task for each mail. Doing it again, or twice at once, sends nothing twice."""

    messages: Messages
    sealing: Sealing
    carrier: Carrier
    commit: Commit
    queue: Queue
    clock: Clock

    async def send(self, name: str) -> str:
        """Try to send one mail; how that went, in a word.

        Raises Unavailable where the store is out of reach, Conflict where somebody else is at it: it comes again.
        """
        found = await self.messages.find(name)
        if found is None or found.value.state not in OPEN:
            return "nothing_to_do"
        if found.value.due_at is not None and found.value.due_at > self.clock.now():
            return "not_yet"
        if found.value.attempts >= MOST_ATTEMPTS:  # whose outcomes stayed unknown to the last
            return await self._give_up(found, "outcome_unknown")
        held = await self._hold(found)
        try:
            provider_id = await self._carry(held)
        except OutcomeUnknown as fault:
            log.event("mail.outcome_unknown", "WARNING", code=fault.code, attempt=held.value.attempts)
            return "outcome_unknown"
        except (Unavailable, Refused, NotFound) as fault:
            return await self._not_sent(held, fault)
        at = self.clock.now()
        await self._move(
            held,
            "mail.sent",
            state=State.SENT,
            due_at=None,
            provider_id=provider_id,
            reason="",
            watched_until=at + WATCHED,
        )
        return "sent"

    async def _hold(self, found: StoredMessage) -> StoredMessage:
        """Commit that it is being sent, before it is. Nobody else tries until the hold is over.

        From here on news of it may come, also where we never learn that it was taken.
        """
        at = self.clock.now()
        return await self._move(
            found,
            "mail.sending",
            state=State.SENDING,
            due_at=at + HELD,
            attempts=found.value.attempts + 1,
            watched_until=at + WATCHED,
        )

    async def _carry(self, held: StoredMessage) -> str:
        sealed = held.value.sealed
        if sealed is None:
            raise Refused("mail_forgotten")
        plain = await self.sealing.open(held.value.owner, sealed, held.path)
        letter = msgspec.msgpack.decode(plain, type=Letter)
        attachments = [(one.name, one.content) for one in letter.attachments]
        return await self.carrier.send(
            ident=held.id, to=letter.to, subject=letter.subject, text=letter.text, attachments=attachments
        )

    async def _not_sent(self, held: StoredMessage, fault: Fault) -> str:
        """It was not taken: later, or never."""
        said = str(fault.more.get("said", fault.code))
        if said in HOPELESS or held.value.attempts >= MOST_ATTEMPTS:
            return await self._give_up(held, said)
        due_at = self.clock.now() + backoff(held.value.attempts)
        await self._move(held, "mail.put_off", state=State.QUEUED, due_at=due_at, reason=said)
        if isinstance(fault, Refused):  # our set-up is at fault, or our standing: a person hears of it at once
            log.event("mail.refused", "ERROR", code=said, attempt=held.value.attempts)
        else:
            log.event("mail.put_off", "WARNING", code=said, attempt=held.value.attempts)
        await enqueue(self.queue, held.id, due_at.isoformat(), schedule_at=due_at)
        return "put_off"

    async def _give_up(self, found: StoredMessage, reason: str) -> str:
        """A person has to look: the case shows it, and an alert tells of it."""
        await self._move(found, "mail.failed", state=State.FAILED, due_at=None, reason=reason)
        log.event("mail.given_up", "ERROR", code=reason, attempt=found.value.attempts)
        return "given_up"

    async def _move(self, found: StoredMessage, action: str, **changes: Any) -> StoredMessage:
        """Commit a change; the mail as it stands then."""
        changed, writes, witness = moved(found, self.clock.now(), action, **changes)
        versions = await self.commit(writes, witness=witness)
        if versions:
            return StoredMessage(changed, versions[0], found.path)
        seen = await self.messages.find(found.id)
        if seen is None or seen.value.audit != changed.audit:
            raise Conflict("precondition_failed")
        return seen


async def enqueue(queue: Queue, name: str, slot: str, *, schedule_at: dt.datetime | None = None) -> None:
    """Have one mail sent. Never fails: what is lost here is found by the next tick."""
    try:
        await queue.enqueue(
            "mail", "mail/send", {"message": name}, name_parts=("mail", name, slot), schedule_at=schedule_at
        )
    except Fault as fault:
        log.event("mail.not_queued", "WARNING", code=fault.code)
