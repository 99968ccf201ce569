"""Calls an ASGI app in process: enough of a browser and of an API client for these tests, and nothing that hides."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode, urlsplit


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def sent_to(self) -> dict[str, str]:
        """The query of the address a redirect leads to."""
        return {k: v[-1] for k, v in parse_qs(urlsplit(self.headers["location"]).query).items()}


async def call(
    app: Any,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str | Sequence[str]] | None = None,
    value: object = None,
) -> Answer:
    """One request; `form` is sent url-encoded, `value` as JSON."""
    sent = {k.lower(): v for k, v in (headers or {}).items()}
    body = b""
    if form is not None:
        body = urlencode(form, doseq=True).encode()
        sent["content-type"] = "application/x-www-form-urlencoded"
    elif value is not None:
        body = json.dumps(value).encode()
        sent["content-type"] = "application/json"
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "server": ("google.test", 80),
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in {"host": "google.test", **sent}.items()],
    }
    status, got, chunks, asked = 0, {}, bytearray(), False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            got.update({k.decode().lower(): v.decode() for k, v in message["headers"]})
        else:
            chunks.extend(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(status, got, bytes(chunks))
