"""How many long histories one instance holds in memory at a time, so that a hundred users in flight stay small.

A visit that only follows feeds brings what a watch measured since the last one. A visit that reads windows (a first
link, the daily reading again of the overlap) brings weeks at once, ten times as much: those wait for a place, and
hold nothing while they wait.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from shared.connection.model import Connection, KindLink
from shared.errors import Unavailable
from shared.sync.model import REREAD_EVERY


def reads_long(connection: Connection, now: datetime) -> bool:
    """Whether a visit now is to read windows of some kind."""
    if connection.streams_checked_at is None:
        return True
    return any(_reads_long(connection.kinds[kind], now) for kind in connection.permitted(now))


def _reads_long(link: KindLink, now: datetime) -> bool:
    if not link.streams:
        # Without streams there is nothing to read, unless the kind has just begun anew.
        return link.revisiting and link.cursor_ns > 0
    if link.rereading_ns is not None:
        return True
    followed = link.feeding and link.reread_at is not None and now < link.reread_at + REREAD_EVERY
    return not followed or (link.reached_ns or 0) > link.floor_ns


class Room:
    """Places for long visits. One waits `wait_s` at most, well within what the task has left after its own work."""

    def __init__(self, places: int = 8, *, wait_s: float = 30) -> None:
        self._places = asyncio.Semaphore(places)
        self._wait_s = wait_s

    @asynccontextmanager
    async def place(self, connection: Connection, now: datetime) -> AsyncIterator[None]:
        """Hold a place for the block, if the visit is a long one. Raises Unavailable `instance_busy`."""
        if not reads_long(connection, now):
            yield
            return
        try:
            async with asyncio.timeout(self._wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable("instance_busy", "this instance reads enough at once", retry_after_s=10) from None
        try:
            yield
        finally:
            self._places.release()
