"""The gate that every I/O of every worker goes through: it counts them, makes one go wrong, says whose turn it is."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from shared.errors import OutcomeUnknown, Unavailable

T = TypeVar("T")

Medium = Literal["store", "http", "queue", "secrets"]
Mode = Literal["before", "after", "unknown", "dies", "outage"]
"""How one I/O goes wrong.

before   fails, and had no effect
after    has its effect, and fails (a commit: with its outcome unknown)
unknown  has no effect, but looks as if it might have had (commits alone)
dies     has its effect, and the process ends there
outage   fails without effect, and so does every later one of the same medium until the worker's request is over
"""
MODES: tuple[Mode, ...] = ("before", "after", "unknown", "dies", "outage")

FAILURES: dict[Medium, str] = {
    "store": "store_unavailable",
    "http": "upstream_unavailable",
    "queue": "queue_unavailable",
    "secrets": "secrets_unavailable",
}


class KilledHere(BaseException):
    """The process is gone. Nothing in it may catch this, and nothing it does afterwards counts."""


class Process(Protocol):
    """Whoever does I/O."""

    name: str
    dead: bool


@dataclass(frozen=True)
class Strike:
    """What shall go wrong at the `at`-th I/O."""

    at: int
    mode: Mode


@dataclass
class Turns:
    """A schedule: who may do how many I/Os (None: as many as it likes), one after another.

    Whoever is done gives its turn to the next; when the schedule is at its end, everybody goes on in its order.
    """

    segments: deque[tuple[Process, int | None]]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    at_first_switch: Callable[[], None] | None = None

    def whose(self) -> Process | None:
        return self.segments[0][0] if self.segments else None

    async def wait_for(self, process: Process) -> None:
        while self.segments and self.segments[0][0] is not process:
            self.changed.clear()
            await self.changed.wait()

    def spent(self, process: Process) -> None:
        if self.segments and self.segments[0][0] is process and self.segments[0][1] is not None:
            left = self.segments[0][1] - 1
            self.segments[0] = (process, left)
            if left <= 0:
                self._next()

    def over(self, process: Process) -> None:
        """`process` has ended: its turns are nobody's."""
        self.segments = deque(s for s in self.segments if s[0] is not process)
        self.changed.set()

    def _next(self) -> None:
        self.segments.popleft()
        self.changed.set()
        if self.at_first_switch is not None:
            self.at_first_switch()
            self.at_first_switch = None


class Passage:
    """Counts and breaks. One I/O at a time, so that what is between two of them is one step."""

    def __init__(self) -> None:
        self.trace: list[tuple[Medium, str]] = []
        self.whose: list[str] = []
        self.strike: Strike | None = None
        self.struck: str = ""
        self.turns: Turns | None = None
        self._outage: tuple[Process, Medium] | None = None
        self._one = asyncio.Lock()

    def done_by(self, process: Process) -> list[tuple[Medium, str]]:
        """The I/Os of one process."""
        return [io for io, name in zip(self.trace, self.whose, strict=True) if name == process.name]

    async def through(self, process: Process, medium: Medium, what: str, act: Callable[[], Awaitable[T]]) -> T:
        """Do `act`, unless this is where something goes wrong."""
        if self.turns is None:
            async with self._one:
                return await self._pass(process, medium, what, act)
        while True:
            await self.turns.wait_for(process)
            async with self._one:
                if self.turns.whose() not in (process, None):
                    continue
                try:
                    return await self._pass(process, medium, what, act)
                finally:
                    self.turns.spent(process)

    async def _pass(self, process: Process, medium: Medium, what: str, act: Callable[[], Awaitable[T]]) -> T:
        if process.dead:
            raise KilledHere
        self.trace.append((medium, what))
        self.whose.append(process.name)
        mode = self._mode(process, medium, len(self.trace))
        commit = what.startswith("commit")
        if mode in ("before", "outage") or (mode == "unknown" and not commit):
            raise Unavailable(FAILURES[medium], "made to fail")
        if mode == "unknown":
            raise OutcomeUnknown("commit_unknown", "made to look so")
        result = await act()
        if mode == "after":
            raise OutcomeUnknown("commit_unknown", "made so") if commit else Unavailable(FAILURES[medium], "made to")
        if mode == "dies":
            process.dead = True
            raise KilledHere
        return result

    def _mode(self, process: Process, medium: Medium, number: int) -> Mode | None:
        if self._outage == (process, medium):
            return "outage"
        if self.strike is None or self.strike.at != number:
            return None
        self.struck = f"{number} {medium} {self.trace[-1][1]}"
        if self.strike.mode == "outage":
            self._outage = (process, medium)
        return self.strike.mode
