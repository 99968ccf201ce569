"""A store, keys, a carrier that tells what it took, and a queue: what mail stands on, each call through a passage."""

import datetime as dt
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from shared.clock import ManualClock
from shared.cloud.documents import settle
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.vault import WRAPPING_KEY, DataKeys, DataSealing
from shared.mail.model import Letter, StoredMessage
from shared.mail.service import Outbox, Queued, Sending
from shared.mail.store import MessageStore
from shared.mail.tick import MailTally, Ticking
from tests.fakes import MemorySecrets, SeededIds
from tests.faults.passage import KilledHere, Medium, Passage

OWNER, ABOUT = "case.abc", "cases/abc"
LETTER = Letter(to="canary-hana@example.com", subject="canary 件名", text="canary 本文")


class Told(NamedTuple):
    text: str
    receipt: str


@dataclass
class Ses:
    """The carrier and what it tells. `faults` are raised by the next sendings, one each."""

    tells: bool = True
    sent: list[str] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    news: dict[str, str] = field(default_factory=dict)
    away: bool = False
    numbers: int = 0

    async def send(self, *, ident: str, to: str, subject: str, text: str, attachments: Any) -> str:
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append(ident)
        self.letters.append(Letter(to=to, subject=subject, text=text))
        provider_id = f"ses-{len(self.sent)}"
        if self.tells:
            self.tell("Send", ident, provider_id)
        return provider_id

    def tell(self, what: str, ident: str, provider_id: str = "", **more: Any) -> None:
        mail = {"messageId": provider_id, "tags": {"message": [ident]}, "destination": [LETTER.to]}
        self.publish(json.dumps({"eventType": what, "mail": mail, **more}))

    def publish(self, text: str) -> None:
        self.numbers += 1
        self.news[f"r{self.numbers}"] = json.dumps({"Type": "Notification", "Message": text})

    async def receive(self) -> list[Told]:
        return [Told(text, receipt) for receipt, text in list(self.news.items())[:10]]

    async def done(self, receipt: str) -> None:
        self.news.pop(receipt, None)


@dataclass
class Tasks:
    """A queue: equal names collapse, what fails comes again."""

    names: set[tuple[str, ...]] = field(default_factory=set)
    waiting: list[tuple[str, dt.datetime | None]] = field(default_factory=list)

    async def enqueue(
        self, queue: str, path: str, payload: Mapping[str, Any], *, name_parts: Any, schedule_at: Any = None
    ) -> bool:
        assert (queue, path) == ("mail", "mail/send")
        if name_parts in self.names:
            return False
        self.names.add(name_parts)
        self.waiting.append((payload["message"], schedule_at))
        return True


@dataclass(eq=False)
class Process:
    name: str = "worker"
    dead: bool = False


class Through:
    """A port, each call of which goes through the passage."""

    def __init__(self, real: Any, process: Process, medium: Medium, passage: Passage, prefix: str = "") -> None:
        self._to = real, process, medium, passage, prefix

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        real, process, medium, passage, prefix = self._to

        async def call(*arguments: Any, **more: Any) -> Any:
            return await passage.through(
                process, medium, f"{prefix}{name}", lambda: getattr(real, name)(*arguments, **more)
            )

        return call


class World:
    """Everything, at one moment."""

    def __init__(self, clock: ManualClock, *, tells: bool = True) -> None:
        self.documents, self.key_documents = SqliteDocuments(":memory:"), SqliteDocuments(":memory:")
        self.clock, self.ids = clock, SeededIds()
        self.ses, self.tasks, self.passage = Ses(tells), Tasks(), Passage()
        self.keys = DataKeys(self.key_documents, MemorySecrets({WRAPPING_KEY: [b"w" * 32]}))
        self.messages = MessageStore(self.documents)

    async def close(self) -> None:
        await self.documents.close()
        await self.key_documents.close()

    def parts(self, process: Process) -> dict[str, Any]:
        documents: Any = Through(self.documents, process, "store", self.passage)
        return {
            "messages": MessageStore(documents),
            "commit": partial(settle, documents),
            "queue": Through(self.tasks, process, "queue", self.passage),
            "clock": self.clock,
        }

    def sealing(self, process: Process) -> Any:
        return Through(DataSealing(self.keys, use="mail"), process, "secrets", self.passage)

    def outbox(self, process: Process | None = None) -> Outbox:
        one = process or Process()
        return Outbox(**self.parts(one), sealing=self.sealing(one), ids=self.ids)

    def sending(self, process: Process | None = None) -> Sending:
        one = process or Process()
        # A sending is like a commit: its outcome may be unknown.
        carrier: Any = Through(self.ses, one, "http", self.passage, prefix="commit by ")
        return Sending(**self.parts(one), sealing=self.sealing(one), carrier=carrier)

    def ticking(self, process: Process | None = None) -> Ticking:
        one = process or Process()
        news: Any = Through(self.ses, one, "http", self.passage)
        return Ticking(**self.parts(one), news=news)

    async def queued(self, letter: Letter = LETTER, *, keep: dt.timedelta = dt.timedelta(days=365)) -> Queued:
        """A letter, queued and committed, whose task nobody has delivered yet."""
        await self.keys.ensure(OWNER)
        queued = await self.outbox().queued(
            letter, about=ABOUT, owner=OWNER, template="acknowledged", forget_at=self.clock.now() + keep
        )
        await self.documents.commit(queued.writes)
        await self.outbox().hand_over([queued.id])
        return queued

    async def deliver(self, process: Process | None = None) -> list[str]:
        """Every task that is due, each once; what fails comes again."""
        outcomes = []
        due = [one for one in self.tasks.waiting if one[1] is None or one[1] <= self.clock.now()]
        self.tasks.waiting = [one for one in self.tasks.waiting if one not in due]
        for name, _ in due:
            try:
                outcomes.append(await self.sending(process).send(name))
            except (Exception, KilledHere) as failed:
                outcomes.append(type(failed).__name__)
                self.tasks.waiting.append((name, self.clock.now() + dt.timedelta(seconds=10)))
        return outcomes

    async def pass_time(self, by: dt.timedelta) -> None:
        """Ticks every five minutes, and what comes of them."""
        until = self.clock.now() + by
        while self.clock.now() < until:
            self.clock.advance(dt.timedelta(minutes=5))
            await self.tick()
            await self.deliver()

    async def tick(self) -> MailTally:
        return await self.ticking().tick()

    async def stands(self, name: str) -> StoredMessage:
        found = await self.messages.find(name)
        assert found is not None
        return found
