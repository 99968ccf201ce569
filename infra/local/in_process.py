"""Calling an ASGI app in this process as if over HTTP: exact counts, and no noise of a network."""

from collections.abc import Mapping, MutableMapping
from json import dumps
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from infra.local.gateway import Asgi
from shared import log
from shared.cloud.http import MAX_BYTES, Answer
from shared.errors import Unavailable

FORM = "application/x-www-form-urlencoded"


async def call(
    app: Asgi, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """One request. Redirects are not followed.

    Raises:
        Unavailable: as `shared.cloud.http.Http` has it, where the app hangs up, stops halfway or sends too much.
    """
    parts = urlsplit(url)
    host = parts.hostname or "in.process"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme or "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in {"host": host, **(headers or {})}.items()],
        "server": (host, parts.port or 443),
        "client": ("127.0.0.1", 1),
    }
    line = _Line(body)
    await app(scope, line.receive, line.send)
    return line.answer()


class InProcessHttp:
    """As `shared.cloud.http.Http`, for one app that answers whatever host is asked. Calls count as over a network."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
        timeout_s: float = 20.0,
    ) -> Answer:
        """As `Http.send`; how long an answer takes is for the caller to bound."""
        log.count("http_calls")
        media, body = ("application/json", dumps(json)) if json is not None else (FORM, urlencode(form or {}))
        given = {**(headers or {}), "content-type": media}
        return await call(self._app, method, url, headers=given, body=body.encode())


class _Line:
    """One request's line to the app: what it sends back, and whether it hung up."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._asked = self._aborted = self._complete = False
        self._status = 0
        self._headers: dict[str, str] = {}
        self._received = bytearray()

    @property
    def transport(self) -> "_Line":
        """What an app under uvicorn finds to hang up with."""
        return self

    def abort(self) -> None:
        self._aborted = True

    async def receive(self) -> MutableMapping[str, Any]:
        if self._asked:
            return {"type": "http.disconnect"}
        self._asked = True
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {name.decode().lower(): value.decode() for name, value in message.get("headers", [])}
        else:
            self._received += message.get("body", b"")
            self._complete = not message.get("more_body", False)

    def answer(self) -> Answer:
        if self._aborted or not self._complete:
            raise Unavailable("upstream_unavailable", "ClientPayloadError")
        if len(self._received) > MAX_BYTES:
            raise Unavailable("upstream_malformed", f"an answer of more than {MAX_BYTES} bytes")
        return Answer(self._status, self._headers, bytes(self._received))
