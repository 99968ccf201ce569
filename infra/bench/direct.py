"""An ASGI app called as if over HTTP, without sockets: exact counts, and no noise of a network."""

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from infra.local.gateway import Asgi
from shared import log
from shared.cloud.http import Answer


class DirectHttp:
    """As `shared.cloud.http.Http`, for one app that answers whatever host is asked."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        timeout_s: float = 20.0,
    ) -> Answer:
        """One call. It counts like one over the network."""
        log.count("http_calls")
        parts = urlsplit(url)
        body = urlencode(form or {}).encode()
        told = {**(headers or {}), "content-type": "application/x-www-form-urlencoded", "content-length": len(body)}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": parts.scheme,
            "path": _decoded(parts.path),
            "raw_path": parts.path.encode(),
            "root_path": "",
            "query_string": (parts.query or urlencode(query or {})).encode(),
            "headers": [(name.lower().encode(), str(value).encode()) for name, value in told.items()],
            "server": (parts.hostname, parts.port),
        }
        heard = _Heard()

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive, heard.take)
        return Answer(heard.status, heard.headers, bytes(heard.body))


class _Heard:
    """What the app sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    async def take(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")


def _decoded(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)
