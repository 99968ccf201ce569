"""A simulated Google that answers quickly, after a wait: `python -m infra.bench.google`, in a process of its own.

Its answers are those of the simulated world, kept once made, so that what is measured is who asks, not who answers.
Below /_bench the bench opens accounts, lets devices upload, sets the wait and reads what was asked.
"""

import asyncio
import json
import time
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from infra.bench.people import granted
from infra.local.gateway import Asgi, Receive, Scope, Send
from infra.local.google import Quota, World, create_app
from infra.local.server import HttpServer
from shared.clock import ManualClock

Message = MutableMapping[str, Any]


@dataclass
class Replayed:
    """ASGI around the world: waits, then answers as the world did the first time. Only reads are kept.

    Bounds of time beyond the world's now are taken for now: no answer differs by them.
    """

    world: World
    app: Asgi
    wait_s: float = 0.0
    asked: list[tuple[str, float]] = field(default_factory=list)
    _kept: dict[tuple[str, str], list[Message]] = field(default_factory=dict)

    def forget(self) -> None:
        """The world has moved on."""
        self._kept.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        started = time.perf_counter()
        what = self._asked_for(scope)
        if scope["method"] == "GET":
            messages = await self._answer(self._who(scope), what, scope, receive)
        else:
            messages = await _recorded(self.app, scope, receive)
        await asyncio.sleep(max(0.0, started + self.wait_s - time.perf_counter()))
        for message in messages:
            await send(message)
        self.asked.append((what, time.perf_counter() - started))

    async def _answer(self, who: str, what: str, scope: Scope, receive: Receive) -> list[Message]:
        if (who, what) not in self._kept:
            answer = await _recorded(self.app, scope, receive)
            if answer[0]["status"] != 200:
                return answer
            self._kept[who, what] = answer
        return self._kept[who, what]

    def _asked_for(self, scope: Scope) -> str:
        path, now_ns = str(scope["path"]), int(self.world.clock.now().timestamp()) * 1_000_000_000
        front, _, span = path.rpartition("/")
        start, dash, end = span.partition("-")
        if front.endswith("/datasets") and dash:
            path = f"{front}/{start}-{min(int(end), now_ns)}"
        query = [one for one in parse_qsl(scope["query_string"].decode()) if one[0] != "endTime"]
        return f"{path}?{json.dumps(query)}"

    def _who(self, scope: Scope) -> str:
        bearer = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        access = self.world.oauth.access(bearer.decode().partition(" ")[2])
        return access.account.email if access else ""


async def _recorded(app: Asgi, scope: Scope, receive: Receive) -> list[Message]:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said


class Control:
    """What the bench asks of this process."""

    def __init__(self, world: World, replayed: Replayed) -> None:
        self._world = world
        self._replayed = replayed

    def app(self) -> Starlette:
        """To be mounted at /_bench."""
        return Starlette(
            routes=[
                Route("/_bench/open", self._open, methods=["POST"]),
                Route("/_bench/upload", self._upload, methods=["POST"]),
                Route("/_bench/wait", self._wait, methods=["POST"]),
                Route("/_bench/asked", self._asked, methods=["POST"]),
            ]
        )

    async def _open(self, request: Request) -> JSONResponse:
        """Accounts with a history that ends a while ago, and grants for `users` spread over them."""
        told = await request.json()
        clock = self._world.clock
        assert isinstance(clock, ManualClock)
        now = datetime.now(UTC)
        clock.set(now - timedelta(hours=told["held_back_hours"]))
        emails = [f"{told['prefix']}-{n}@example.com" for n in range(told["accounts"])]
        for email in emails:
            self._world.account(email, history=timedelta(days=told["days"]))
        clock.set(now)
        return JSONResponse([granted(self._world, emails[n % len(emails)]) for n in range(told["users"])])

    async def _upload(self, request: Request) -> JSONResponse:
        """Every device uploads what it measured in the next `hours` of what was held back."""
        until = datetime.fromisoformat((await request.json())["until"])
        self._replayed.forget()
        return JSONResponse(self._world.live(until))

    async def _wait(self, request: Request) -> JSONResponse:
        self._replayed.wait_s = (await request.json())["seconds"]
        return JSONResponse({})

    async def _asked(self, request: Request) -> JSONResponse:
        """What was asked since the last time this was, and how long each answer took in seconds."""
        asked, self._replayed.asked = self._replayed.asked, []
        return JSONResponse(asked)


async def serve() -> None:
    """Serve until the standard input closes, having told the address on the standard output."""
    world = World(ManualClock(datetime.now(UTC)), quota=Quota(per_user_per_minute=None))
    replayed = Replayed(world, create_app(world))
    control = Control(world, replayed).app()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (control if scope["path"].startswith("/_bench/") else replayed)(scope, receive, send)

    server = HttpServer()
    await server.start(app)
    print(server.url, flush=True)
    await asyncio.to_thread(input)


if __name__ == "__main__":
    with suppress(EOFError):  # the bench closes the input to end this
        asyncio.run(serve())
