"""Cloud Scheduler on one machine: calls functions when the manifest's schedules fire, with its OIDC token."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import aiohttp

from infra.local.cron import Cron
from infra.local.delivery import ServiceToken
from infra.manifest import Manifest
from shared.clock import Clock


@dataclass(slots=True)
class Job:
    """One schedule: the function it calls, when next, and how long a call may take."""

    name: str
    function: str
    cron: Cron
    deadline_s: float
    next_at: datetime


def jobs_of(manifest: Manifest, now: datetime) -> list[Job]:
    """The manifest's schedules, each waiting for its first firing after `now`."""
    zone = ZoneInfo(manifest.time_zone)
    jobs = []
    for name, schedule in manifest.schedules.items():
        cron = Cron(schedule.cron, zone)
        jobs.append(Job(name, schedule.function, cron, schedule.deadline, cron.after(now)))
    return jobs


class Scheduler:
    """Fires jobs one after another. A job that was missed several times fires once."""

    def __init__(
        self, jobs: Iterable[Job], *, url: str, account: str, service_token: ServiceToken, clock: Clock
    ) -> None:
        self._jobs = list(jobs)
        self._url = url
        self._account = account
        self._service_token = service_token
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self.statuses: Counter[tuple[str, int]] = Counter()

    def next_at(self) -> datetime | None:
        """When the next job fires; None when there are no jobs."""
        return min((job.next_at for job in self._jobs), default=None)

    async def fire_due(self) -> None:
        """Fire every job whose time has come."""
        for job in self._jobs:
            now = self._clock.now()
            if job.next_at <= now:
                planned, job.next_at = job.next_at, job.cron.after(now)
                await self._call(job, planned)

    async def fire(self, function: str) -> int:
        """Call `function` as its schedule would, now; the HTTP status, 0 without an answer.

        Raises:
            KeyError: no schedule calls this function.
        """
        job = next((job for job in self._jobs if job.function == function), None)
        if job is None:
            raise KeyError(f"no schedule calls {function}")
        return await self._call(job, self._clock.now())

    async def run(self) -> None:
        """Fire jobs as real time passes, until cancelled."""
        while (upcoming := self.next_at()) is not None:
            await asyncio.sleep(max(0.0, (upcoming - self._clock.now()).total_seconds()))
            await self.fire_due()

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, job: Job, planned: datetime) -> int:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        target = f"{self._url}/{job.function}"
        headers = {
            "User-Agent": "Google-Cloud-Scheduler",
            "X-CloudScheduler": "true",
            "X-CloudScheduler-JobName": job.name,
            "X-CloudScheduler-ScheduleTime": planned.isoformat(),
            "Authorization": f"Bearer {self._service_token(self._account, target)}",
        }
        limit = aiohttp.ClientTimeout(total=job.deadline_s)
        try:
            async with self._session.post(target, headers=headers, timeout=limit) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = 0
        self.statuses[job.function, status] += 1
        return status
