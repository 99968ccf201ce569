"""Things that belong to one event loop: gRPC channels and HTTP sessions break when another loop touches them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_closing: dict[asyncio.AbstractEventLoop, list[Callable[[], Awaitable[Any]]]] = {}


class PerLoop(Generic[T]):
    """One `T` for each event loop, built on first use inside it and closed by `close_all`.

    Building at import would bind the thing to no loop, or to one that is gone after the server has forked.
    """

    def __init__(self, build: Callable[[], T], close: Callable[[T], Awaitable[Any]]) -> None:
        self._build = build
        self._close = close
        self._built: dict[asyncio.AbstractEventLoop, T] = {}

    def get(self) -> T:
        """The running loop's own. Not to be kept longer than the call at hand."""
        loop = asyncio.get_running_loop()
        if loop not in self._built:
            self._forget_dead_loops()
            self._built[loop] = self._build()
            _closing.setdefault(loop, []).append(self.close)
        return self._built[loop]

    async def close(self) -> None:
        """Close the running loop's own, if there is one. The next `get` builds another."""
        thing = self._built.pop(asyncio.get_running_loop(), None)
        if thing is not None:
            await self._close(thing)

    def _forget_dead_loops(self) -> None:
        for loop in [loop for loop in self._built if loop.is_closed()]:
            del self._built[loop]
            _closing.pop(loop, None)


async def close_all() -> None:
    """Close everything that was built in the running loop, newest first. For whoever ends the loop in good order."""
    for close in reversed(_closing.pop(asyncio.get_running_loop(), [])):
        await close()
