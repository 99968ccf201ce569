"""An HTTP server inside a running event loop, started and stopped by it."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    """Signals are the business of whoever runs the loop. It ends at once when told so and nothing is under way, where
    uvicorn looks every tenth of a second, and then waits another for connections that may not be there.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    def end(self) -> None:
        self.should_exit = True
        self._told.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # brings the time in every answer's `date` up to date
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # idle connections are gone after this
        if state.connections or state.tasks:
            await super().shutdown(sockets)


class HttpServer:
    """Serves an ASGI app on this machine. The address is known, and taken, from the start."""

    def __init__(self, port: int = 0) -> None:
        # With the protocol named: asyncio turns off delayed sending only for what it knows to be TCP, and without
        # that every answer takes 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
            # Only who listens keeps others away: an address that can be used again is bound more than once.
            self._socket.listen()
        except OSError:
            self._socket.close()
            raise
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self, app: Any) -> None:
        """Serve; return once it answers."""
        config = uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._serving.done():
                await self._serving
                raise RuntimeError("the server ended before it began")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Finish the requests under way, for two seconds at most, and stop."""
        if self._server is not None and self._serving is not None:
            self._server.end()
            await self._serving
        self._socket.close()
