"""What the clock does for mails: takes in what became of them, finds those whose task was lost, erases old content."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from shared import log
from shared.clock import Clock
from shared.errors import Conflict, Fault
from shared.mail.events import Event, Happened, read
from shared.mail.model import LOST, OPEN, State, StoredMessage
from shared.mail.ports import Commit, Messages, News, Queue, Told
from shared.mail.service import enqueue
from shared.mail.writes import moved

LATE = dt.timedelta(minutes=2)
"""A mail that nobody has tried so long after its time has lost its task."""
WINDOW_S = 900
PAGE = 200


@dataclass(slots=True)
class MailTally:
    """What a tick did."""

    news: int = 0
    queued: int = 0
    forgotten: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticking:
    """One tick. Safe to run twice at once, and to be broken off anywhere."""

    messages: Messages
    news: News
    commit: Commit
    queue: Queue
    clock: Clock
    budget_s: float = 60

    async def tick(self) -> MailTally:
        """Take in the news first, so that what was sent after all is not sent again; then sweep, then forget."""
        tally = MailTally()
        try:
            await self._take_in(tally)
        except Fault as fault:
            # Letters come before tidiness: those that nobody has sent are queued all the same.
            log.event("mail.news_unread", "WARNING", code=fault.code)
        await self._sweep(tally)
        await self._forget(tally)
        return tally

    async def _take_in(self, tally: MailTally) -> None:
        started = self.clock.monotonic_s()
        while await self.messages.any_watched(self.clock.now()):
            told = await self.news.receive()
            for one in told:
                if await self._settled(one):
                    await self.news.done(one.receipt)
                    tally.news += 1
            if not told or self.clock.monotonic_s() - started > self.budget_s:
                return

    async def _settled(self, told: Told) -> bool:
        """Whether this news is done with. What cannot be read stays, and SQS puts it aside after a few times."""
        event = read(told.text)
        if event is None:
            log.event("mail.news_unreadable", "ERROR")
            return False
        found = await self.messages.find(event.message) if event.message else None
        if found is None:
            return True
        changes = after(found, event)
        if changes:
            _, writes, witness = moved(found, self.clock.now(), f"mail.{event.happened}", **changes)
            try:
                await self.commit(writes, witness=witness)
            except Conflict:
                return False  # it moved meanwhile; SQS tells again
        if event.happened in (Happened.BOUNCE, Happened.REJECT, Happened.COMPLAINT):
            log.event("mail.bounced", "WARNING", code=event.reason or event.happened)
        return True

    async def _sweep(self, tally: MailTally) -> None:
        at = self.clock.now()
        window = str(int(at.timestamp()) // WINDOW_S)
        for one in await self.messages.due(at - LATE, limit=PAGE):
            await enqueue(self.queue, one.id, window)
            tally.queued += 1

    async def _forget(self, tally: MailTally) -> None:
        at = self.clock.now()
        for one in await self.messages.to_forget(at, limit=PAGE):
            unsent = one.value.state in OPEN
            state, reason = (State.FAILED, "mail_forgotten") if unsent else (one.value.state, one.value.reason)
            _, writes, witness = moved(
                one, at, "mail.forgotten", state=state, reason=reason, sealed=None, forget_at=None, due_at=None
            )
            try:
                await self.commit(writes, witness=witness)
            except Conflict:
                continue
            if unsent:
                log.event("mail.given_up", "ERROR", code="mail_forgotten", attempt=one.value.attempts)
            tally.forgotten += 1


def after(found: StoredMessage, event: Event) -> dict[str, Any]:
    """What an event changes; nothing where it is old news. Events come in any order, and more than once."""
    one = found.value
    if one.state in OPEN and one.provider_id and event.provider_id == one.provider_id:
        return {}  # of the sending before this one: it is being sent anew because that did not arrive
    arrived = {"provider_id": event.provider_id or one.provider_id, "due_at": None}
    match event.happened:
        case Happened.SEND if one.state in OPEN:
            return {**arrived, "state": State.SENT, "reason": ""}
        case Happened.DELIVERY if one.state in {*OPEN, State.SENT}:
            return {**arrived, "state": State.DELIVERED, "reason": ""}
        case Happened.BOUNCE if one.state not in LOST:
            return {**arrived, "state": State.BOUNCED, "reason": event.reason}
        case Happened.REJECT if one.state not in LOST:
            return {**arrived, "state": State.FAILED, "reason": event.reason}
        case Happened.COMPLAINT if not one.complained:
            return {"complained": True}
        case _:
            return {}
