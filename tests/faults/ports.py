"""The ports as a worker gets them: real documents, the simulated Google, memory for queue and secrets, all through the
passage."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from infra.local.in_process import InProcessHttp
from shared.cloud.documents import Document, Documents, Query, Write
from shared.cloud.http import Answer
from shared.errors import Unavailable
from shared.ids import digest
from tests.faults.copied import Worker
from tests.faults.passage import Passage
from tests.faults.watch import Watch

T = TypeVar("T")


class PassingDocuments:
    """The real store; what is committed is told to the watch."""

    def __init__(self, worker: Worker, real: Documents, passage: Passage, watch: Watch) -> None:
        self._worker = worker
        self._real = real
        self._passage = passage
        self._watch = watch

    async def get(self, path: str) -> Document | None:
        return await self._through(f"get {path}", lambda: self._real.get(path))

    async def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        return await self._through(f"get_many {len(paths)}", lambda: self._real.get_many(paths))

    async def query(self, query: Query) -> list[Document]:
        return await self._through(f"query {query.collection}", lambda: self._real.query(query))

    async def count(self, query: Query) -> int:
        return await self._through(f"count {query.collection}", lambda: self._real.count(query))

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        async def act() -> list[str]:
            versions = await self._real.commit(writes)
            self._watch.committed(self._worker, writes)
            return versions

        return await self._through(f"commit {' '.join(w.path for w in writes)}", act)

    async def close(self) -> None:
        """It is the stage's to close."""

    async def _through(self, what: str, act: Callable[[], Awaitable[T]]) -> T:
        return await self._passage.through(self._worker, "store", what, act)


class PassingHttp:
    """`shared.cloud.http.Http` to the simulated Google's app in this process. What Google returned is told to the
    watch. `patience_s` is how long a slow answer is waited for in real time."""

    def __init__(self, worker: Worker, app: Any, passage: Passage, watch: Watch, patience_s: float = 30.0) -> None:
        self._worker = worker
        self._real = InProcessHttp(app)
        self._passage = passage
        self._watch = watch
        self._patience_s = patience_s

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
        timeout_s: float = 20.0,
    ) -> Answer:
        path = urlsplit(url).path

        async def act() -> Answer:
            try:
                async with asyncio.timeout(self._patience_s):
                    return await self._real.send(method, url, headers=headers, form=form, json=json)
            except TimeoutError:
                raise Unavailable("upstream_unavailable", "TimeoutError") from None
            finally:
                self._watch.google_moved()

        answer = await self._passage.through(self._worker, "http", f"{method} {path}", act)
        self._watch.returned(self._worker, path, answer)
        return answer


@dataclass(frozen=True)
class Secret:
    """One version of a secret."""

    value: bytes = field(repr=False)
    version: str = "1"


SECRETS = {
    "oauth-client-secret": b"canary-client-secret-7f3a",
    "token-key": bytes(range(32)),
    "wrapping-key": bytes(range(32, 64)),
}


class PassingSecrets:
    """Secrets in memory, none kept by the worker: every use is an I/O that may fail."""

    def __init__(self, worker: Worker, passage: Passage) -> None:
        self._worker = worker
        self._passage = passage

    async def get(self, name: str) -> Secret:
        async def act() -> Secret:
            return Secret(SECRETS[name])

        return await self._passage.through(self._worker, "secrets", name, act)

    async def get_version(self, name: str, version: str) -> bytes:
        return (await self.get(name)).value


@dataclass
class Task:
    """One task. `attempts` counts deliveries."""

    name: str
    queue: str
    function_path: str
    payload: dict[str, str | int]
    due_at: datetime
    attempts: int = 0


RETRIES = {"sync": (8, 10, 900), "revocation": (40, 30, 3600)}
"""Attempts, least and most seconds between them, as the manifest says."""


class MemoryQueue:
    """Cloud Tasks: names collapse while a task waits and for an hour after; delivery is at least once."""

    def __init__(self) -> None:
        self.waiting: dict[str, Task] = {}
        self.gone: dict[str, datetime] = {}
        self.ever: list[Task] = []
        self.delivered: list[tuple[datetime, str]] = []
        self.given_up: list[Task] = []

    def add(self, task: Task, now: datetime) -> bool:
        if task.name in self.waiting or (task.name in self.gone and now < self.gone[task.name] + timedelta(hours=1)):
            return False
        self.waiting[task.name] = task
        self.ever.append(task)
        return True

    def take(self, now: datetime) -> Task | None:
        due = [task for task in self.waiting.values() if task.due_at <= now]
        return min(due, key=lambda task: task.due_at) if due else None

    def done(self, task: Task, now: datetime) -> None:
        self.waiting.pop(task.name, None)
        self.gone[task.name] = now

    def again(self, task: Task, now: datetime) -> None:
        attempts, least_s, most_s = RETRIES[task.queue]
        if task.attempts >= attempts:
            self.given_up.append(task)
            self.done(task, now)
            return
        task.due_at = now + timedelta(seconds=min(most_s, least_s * 2 ** (task.attempts - 1)))


class PassingQueue:
    """The queue as a worker reaches it."""

    def __init__(self, worker: Worker, queue: MemoryQueue, passage: Passage, clock: Any) -> None:
        self._worker = worker
        self._queue = queue
        self._passage = passage
        self._clock = clock

    async def enqueue(
        self,
        queue: str,
        function_path: str,
        payload: Mapping[str, str | int],
        *,
        name_parts: tuple[str, ...],
        schedule_at: datetime | None = None,
    ) -> bool:
        json.dumps(dict(payload))
        now = self._clock.now()
        task = Task(digest(*name_parts), queue, function_path, dict(payload), schedule_at or now)

        async def act() -> bool:
            return self._queue.add(task, now)

        return await self._passage.through(self._worker, "queue", f"enqueue {queue}", act)
