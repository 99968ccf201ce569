"""Where a story is played: the running platform, the people on it, and everything counted meanwhile."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from infra.demo import steps
from infra.demo.costs import FunctionLog
from infra.demo.people import Person, Words
from infra.demo.phone import Phone
from infra.demo.telling import Telling
from infra.local.google import World
from infra.local.platform import Platform
from shared.clock import ManualClock, SystemClock

DUPLICATE_EVERY = 6
"""Every so manyth task arrives twice, as Cloud Tasks may do."""


@dataclass(frozen=True)
class Check:
    """One thing that had to come true, and what was seen."""

    what: Words
    good: bool
    seen: Words


@dataclass
class Stage:
    """The parts. `checks` fill up as the story goes; `seconds` are real ones."""

    platform: Platform
    clock: ManualClock
    world: World
    log: FunctionLog
    telling: Telling
    people: Sequence[Person]
    phones: Mapping[str, Phone]
    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def person(self, uid: str) -> Person:
        """The one of that name."""
        return next(person for person in self.people if person.uid == uid)

    def check(self, what: Words, seen: Words, *, good: bool) -> None:
        """Note whether something came true."""
        self.checks.append(Check(what, good, seen))

    async def link(self, person: Person) -> dict[str, Any]:
        """The person connects Google Fit in the app, and the app tells where they are."""
        phone = self.phones[person.uid]
        linked: dict[str, Any] = await phone.link(person.asked, person.account.email, person.ticked)
        await phone.tell_zone(person.zone)
        return linked

    async def drain(self, what: Words) -> None:
        """Let the queue work off what is due now."""
        self.telling.begins(what)
        self.log.heard = lambda: self.telling.notes(
            steps.VISITS.filled(visits=self.log.requests["sync_user"], calls=self.log.total("google_calls"))
        )
        await self.platform.drain()
        self.log.heard = lambda: None

    async def pass_until(self, at: datetime) -> None:
        """Let simulated time pass, schedules and tasks included."""
        while self.clock.now() < at:
            await self.platform.advance(min(timedelta(hours=1), at - self.clock.now()))
            self.telling.steps()

    @contextlib.contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Note how long a part takes on this machine."""
        began = _MACHINE.monotonic_s()
        yield
        self.seconds[part] = round(self.seconds.get(part, 0.0) + _MACHINE.monotonic_s() - began, 2)


_MACHINE = SystemClock()


@contextlib.asynccontextmanager
async def staged(
    folder: Path, world: World, clock: ManualClock, people: Sequence[Person], telling: Telling, settings: dict[str, str]
) -> AsyncIterator[Stage]:
    """Start everything on SQLite in `folder`, with the functions' lines going to functions.log there."""
    log = FunctionLog(folder / "functions.log")
    platform = Platform(
        clock,
        documents=f"sqlite:{folder / 'documents.db'}",
        world=world,
        settings=settings,
        duplicate_every=DUPLICATE_EVERY,
    )
    with log.listening():
        async with platform, aiohttp.ClientSession() as session:
            phones = {p.uid: Phone(platform.url, session, partial(platform.issuer.token_for, p.uid)) for p in people}
            yield Stage(platform, clock, world, log, telling, people, phones)
