"""The only place that reads the time. Everything else is handed a `Clock`."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that only grow, for measuring spans within one process."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until moved: for tests and for the simulated days of the demo.

    Sleeping moves nothing and returns after one turn of the event loop: a simulated world does not wait.
    """

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def monotonic_s(self) -> float:
        return self._at.timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def advance(self, by: timedelta) -> None:
        """Move time forward by `by`."""
        self._at += by

    def set(self, at: datetime) -> None:
        """Move time to `at`."""
        self._at = at


_process_clock: Clock = SystemClock()


def process_clock() -> Clock:
    """The clock this process runs on. Functions' mains ask for it once and pass it on."""
    return _process_clock


def install(clock: Clock) -> None:
    """Run this process on another clock. For the local platform, which simulates days in seconds."""
    global _process_clock
    _process_clock = clock
