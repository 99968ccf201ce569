"""The gate before every endpoint: counts each call, knows whose it is, and lets faults strike."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from infra.local.google.faulty import Broken, strike
from infra.local.google.world import World

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

_ENDPOINTS = (
    ("datasets", re.compile(r"/fitness/v1/users/[^/]+/dataSources/.+/datasets/[^/]+$")),
    ("dataPointChanges", re.compile(r"/fitness/v1/users/[^/]+/dataSources/.+/dataPointChanges$")),
    ("dataSources", re.compile(r"/fitness/v1/users/[^/]+/dataSources(/.*)?$")),
    ("sessions", re.compile(r"/fitness/v1/users/[^/]+/sessions$")),
    ("auth", re.compile(r"/o/oauth2/v2/auth$")),
    ("token", re.compile(r"/token$")),
    ("revoke", re.compile(r"/revoke$")),
    ("certs", re.compile(r"/oauth2/v3/certs$")),
)


def endpoint_of(path: str) -> str | None:
    """The endpoint's name, None for what is not Google's."""
    return next((name for name, pattern in _ENDPOINTS if pattern.search(path)), None)


class Gate:
    """ASGI around the endpoints."""

    def __init__(self, app: Asgi, world: World) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        endpoint = endpoint_of(path)
        if endpoint is None:
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        email = self._email(scope, body)
        self.world.calls[endpoint, email or ""] += 1
        fault = self.world.faults.strike(endpoint, path, email)
        if fault is None:
            await self.app(scope, _replay(body), send)
            return
        # A checker around this app learns here that the answer is not meant to be a good one.
        scope.get("google.notes", set()).add(fault.kind)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self.app(scope, _replay(body), send)
            return
        broken = await strike(fault, scope, self._answer(scope, body), self.world.clock)
        await _send_broken(broken, receive, send)

    def _answer(self, scope: Scope, body: bytes) -> Callable[[], Awaitable[tuple[int, bytes]]]:
        async def ask() -> tuple[int, bytes]:
            status, chunks = 500, bytearray()

            async def keep(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                else:
                    chunks.extend(message.get("body", b""))

            await self.app(scope, _replay(body), keep)
            return status, bytes(chunks)

        return ask

    def _email(self, scope: Scope, body: bytes) -> str | None:
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                access = self.world.oauth.access(value[7:].decode("latin-1").strip())
                return access.account.email if access else None
        form = {k: v[-1] for k, v in parse_qs(body.decode("latin-1")).items()}
        oauth = self.world.oauth
        held = (
            oauth.refresh_tokens.get(form.get("refresh_token", form.get("token", "")))
            or oauth.codes.get(form.get("code", ""))
            or oauth.access_tokens.get(form.get("token", ""))
        )
        return held.account.email if held else form.get("account")


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _send_broken(broken: Broken, receive: Receive, send: Send) -> None:
    if broken.cut_at == 0 and (transport := getattr(getattr(receive, "__self__", None), "transport", None)):
        # uvicorn's request cycle: the only way to end a connection before a single byte of the answer.
        transport.abort()
        return
    headers = [(k.encode(), v.encode()) for k, v in broken.headers.items()]
    headers.append((b"content-length", str(len(broken.body)).encode()))
    await send({"type": "http.response.start", "status": broken.status, "headers": headers})
    if broken.cut_at is None:
        await send({"type": "http.response.body", "body": broken.body})
        return
    await send({"type": "http.response.body", "body": broken.body[: broken.cut_at], "more_body": True})
    # Returning now leaves the announced length unmet, which makes the server close the connection.
