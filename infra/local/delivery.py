"""Delivers tasks over HTTP as Cloud Tasks does: at least once, with its headers and its OIDC token."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import aiohttp
from google.cloud import tasks_v2

from infra.local.tasks import Entry, LocalTasks
from shared.clock import Clock, ManualClock

ServiceToken = Callable[[str, str], str]
"""(service account's e-mail, audience) to a signed token."""


class Delivery:
    """Takes due tasks and posts them.

    `duplicate_every=n` sends each n-th task twice on purpose, by turns side by side and one after the other: at least
    once is what Cloud Tasks promises, and what handlers must bear.
    """

    def __init__(
        self, tasks: LocalTasks, *, service_token: ServiceToken, clock: Clock, duplicate_every: int = 0
    ) -> None:
        self._tasks = tasks
        self._service_token = service_token
        self._clock = clock
        self.duplicate_every = duplicate_every
        self.counts: Counter[str] = Counter()
        self._session: aiohttp.ClientSession | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._started_at: dict[str, float] = {}

    async def drain(self) -> int:
        """Deliver everything that is due now, and what that makes due now, until it is quiet; how many deliveries.

        Time does not move, so a delivery that failed waits for its backoff. The queue's rate is not kept: it would
        need time to pass.
        """
        before = self.counts["deliveries"]
        while True:
            self._tasks.changed.clear()
            self._start_due()
            if not self._under_way:
                break
            await self._tasks.changed.wait()
        return self.counts["deliveries"] - before

    async def run_until(self, instant: datetime) -> int:
        """Move a manual clock to `instant`, delivering each task when its time comes; how many deliveries."""
        clock = self._clock
        assert isinstance(clock, ManualClock), "only simulated time can be moved"
        deliveries = await self.drain()
        while (due := self._tasks.next_due()) is not None and due <= instant:
            clock.set(max(due, clock.now()))
            deliveries += await self.drain()
        clock.set(max(instant, clock.now()))
        return deliveries

    async def run(self) -> None:
        """Deliver as real time passes, until cancelled, keeping to each queue's rate."""
        while True:
            self._tasks.changed.clear()
            self._start_due(paced=True)
            due = self._tasks.next_due()
            wait_s = 1.0 if due is None else min(1.0, max(0.01, (due - self._clock.now()).total_seconds()))
            try:
                async with asyncio.timeout(wait_s):
                    await self._tasks.changed.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Break off what is under way; at-least-once means it comes again, for those who persist."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _start_due(self, *, paced: bool = False) -> int:
        taken = self._tasks.take_due()
        for entry in taken:
            delay_s = self._pace(entry) if paced else 0.0
            self._under_way += 1
            running = asyncio.create_task(self._deliver(entry, delay_s))
            self._running.add(running)
            running.add_done_callback(self._running.discard)
        return len(taken)

    def _pace(self, entry: Entry) -> float:
        """Seconds to wait so that the entry's queue starts no more per second than it may."""
        now = self._clock.monotonic_s()
        start = max(now, self._started_at.get(entry.queue, 0.0) + 1 / self._tasks.per_second(entry))
        self._started_at[entry.queue] = start
        return start - now

    async def _deliver(self, entry: Entry, delay_s: float) -> None:
        self.counts["tasks"] += 1
        turn, remainder = divmod(self.counts["tasks"], self.duplicate_every or 1)
        duplicate = bool(self.duplicate_every) and remainder == 0
        status = 0
        try:
            await asyncio.sleep(delay_s)
            if duplicate and turn % 2:
                status, _ = await asyncio.gather(self._post(entry), self._post(entry))
            else:
                status = await self._post(entry)
                if duplicate:
                    await self._post(entry)
        finally:
            self._under_way -= 1
            self._tasks.done(entry, status)

    async def _post(self, entry: Entry) -> int:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False)
        request = entry.task.http_request
        self.counts["deliveries"] += 1
        try:
            async with self._session.request(
                tasks_v2.HttpMethod(int(request.http_method) or tasks_v2.HttpMethod.POST).name,
                request.url,
                data=request.body,
                headers=self._headers(entry),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=entry.task.dispatch_deadline.total_seconds()),
            ) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = 0
        self.counts[f"status_{status}"] += 1
        return status

    def _headers(self, entry: Entry) -> dict[str, str]:
        task = entry.task
        headers = {
            **dict(task.http_request.headers),
            "User-Agent": "Google-Cloud-Tasks",
            "X-CloudTasks-QueueName": entry.queue.rpartition("/")[2],
            "X-CloudTasks-TaskName": task.name.rpartition("/")[2],
            "X-CloudTasks-TaskRetryCount": str(task.dispatch_count),
            "X-CloudTasks-TaskExecutionCount": str(entry.responses),
            "X-CloudTasks-TaskETA": f"{entry.due_at.timestamp():.6f}",
        }
        if entry.last_status:
            headers["X-CloudTasks-TaskPreviousResponse"] = str(entry.last_status)
        token = task.http_request.oidc_token
        if token.service_account_email:
            audience = token.audience or task.http_request.url
            headers["Authorization"] = f"Bearer {self._service_token(token.service_account_email, audience)}"
        return headers
