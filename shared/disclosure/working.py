"""What the system does about a case: its jobs, one by one, each with the commit that says it is done.

A job may be begun any number of times, and by two workers at once: what it does can be done again without harm, and
only one commit takes it off the case.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from shared import log
from shared.clock import Clock
from shared.cloud.documents import Write
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.file import SYSTEM
from shared.disclosure.machine import after
from shared.disclosure.model import Case, Job
from shared.disclosure.service import Desk, Opened
from shared.errors import Conflict, Fault, Unavailable

FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(hours=6)
STUCK_AFTER = 8
"""Attempts after which a person has to look: the pauses between them add up to about half a day."""


class Done(NamedTuple):
    """What a job came to: the act that records it, writes that belong into its commit, and the mails among them."""

    act: a.Act
    along: Sequence[Write] = ()
    mails: tuple[str, ...] = ()


class Post(Protocol):
    """Who carries mails: `mail.service.Outbox`."""

    async def hand_over(self, names: Sequence[str]) -> None:
        """Have these sent now. Never fails: the mails' own tick finds what is lost here."""
        ...


class NotYet(NamedTuple):
    """It is under way elsewhere: look again then. Not a failed attempt."""

    until: dt.datetime


class Worker(Protocol):
    """Does jobs of one name."""

    async def __call__(self, case: Opened, job: Job) -> Done | NotYet:
        """Do it, or find it done. Raises a fault where it cannot be done now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Does what waits for the system. `workers` by the job's name."""

    desk: Desk
    clock: Clock
    workers: Mapping[str, Worker]
    post: Post
    budget_s: float = 400
    most_jobs: int = field(default=50)

    async def run(self, name: str) -> str:
        """Do all that is due for one case. Raises Conflict where somebody else is at it: the queue comes back."""
        started = self.clock.monotonic_s()
        case = await self._time_passed(await self.desk.read(name))
        for number in range(self.most_jobs):
            job = _due(case.file.case, self.clock.now())
            if job is None:
                return "done" if number else "nothing_to_do"
            if self.clock.monotonic_s() - started > self.budget_s:
                raise Unavailable("instance_busy", retry_after_s=1)
            case = await self._do(case, job)
        raise Unavailable("instance_busy", retry_after_s=1)

    async def _time_passed(self, case: Opened) -> Opened:
        now = self.desk.moment()
        if after(case.file, auto.Tick(), SYSTEM, now).case == case.file.case:
            return case
        return await self.desk.do(case.id, auto.Tick(), SYSTEM, if_version=case.version)

    async def _do(self, case: Opened, job: Job) -> Opened:
        try:
            done = await self.workers[job.name](case, job)
            if isinstance(done, NotYet):
                delayed = auto.JobDelayed(name=job.name, item=job.item, until=done.until)
                return await self.desk.do(case.id, delayed, SYSTEM, if_version=case.version)
            after_it = await self.desk.do(case.id, done.act, SYSTEM, if_version=case.version, along=done.along)
        except Fault as fault:
            if isinstance(fault, Conflict) and (await self.desk.read(case.id)).version != case.version:
                raise  # somebody else was faster: the queue comes back
            return await self._later(case, job, fault)
        await self.post.hand_over(done.mails)
        return after_it

    async def _later(self, case: Opened, job: Job, fault: Fault) -> Opened:
        """Nothing is dropped: what cannot be done is tried again, ever more rarely, and in the end a person looks."""
        stuck = job.attempt + 1 >= STUCK_AFTER
        log.event(
            "case.job_stuck" if stuck else "case.job_delayed",
            "ERROR" if stuck else "WARNING",
            action=job.name,
            attempt=job.attempt + 1,
            code=fault.code,
        )
        pause = min(FIRST_PAUSE * 3**job.attempt, LONGEST_PAUSE)
        delayed = auto.JobDelayed(name=job.name, item=job.item, until=self.clock.now() + pause, problem=fault.code)
        return await self.desk.do(case.id, delayed, SYSTEM, if_version=case.version)


def _due(case: Case, at: dt.datetime) -> Job | None:
    return next((job for job in case.jobs if job.not_before is None or job.not_before <= at), None)
