"""The ports as a worker gets them: real documents, the simulated Google, memory for queue and secrets, all through the
passage."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from shared.cloud.documents import Document, Documents, Query, Write
from shared.cloud.http import MAX_BYTES, Answer
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
        self._app = app
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
        query: Mapping[str, str] | None = None,
        timeout_s: float = 20.0,
    ) -> Answer:
        parts = urlsplit(url)
        asked = "&".join(filter(None, [parts.query, urlencode(dict(query or {}))]))
        body = urlencode(dict(form)).encode() if form is not None else b""
        given = {"content-type": "application/x-www-form-urlencoded"} if form is not None else {}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": parts.scheme,
            "path": _unquoted(parts.path),
            "raw_path": parts.path.encode(),
            "root_path": "",
            "query_string": asked.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in {**(headers or {}), **given}.items()],
            "server": (parts.hostname, parts.port or 443),
            "client": ("127.0.0.1", 1),
        }

        async def act() -> Answer:
            line = _Line(body)
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._app(scope, line.receive, line.send)
            except TimeoutError:
                raise Unavailable("upstream_unavailable", "TimeoutError") from None
            finally:
                self._watch.google_moved()
            return line.answer()

        answer = await self._passage.through(self._worker, "http", f"{method} {parts.path}", act)
        self._watch.returned(self._worker, parts.path, answer)
        return answer


@dataclass
class _Line:
    """One request's line to the app: what it sends back, and whether it hung up."""

    body: bytes
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    complete: bool = False
    aborted: bool = False
    _asked: bool = False

    @property
    def transport(self) -> "_Line":
        return self

    def abort(self) -> None:
        self.aborted = True

    async def receive(self) -> dict[str, Any]:
        if self._asked:
            return {"type": "http.disconnect"}
        self._asked = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            self.received += message.get("body", b"")
            self.complete = not message.get("more_body", False)

    def answer(self) -> Answer:
        if self.aborted or not self.complete:
            raise Unavailable("upstream_unavailable", "ClientPayloadError")
        if len(self.received) > MAX_BYTES:
            raise Unavailable("upstream_malformed", f"an answer of more than {MAX_BYTES} bytes")
        headers = {k.decode().lower(): v.decode() for k, v in self.headers}
        return Answer(self.status, headers, bytes(self.received))


def _unquoted(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)


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
