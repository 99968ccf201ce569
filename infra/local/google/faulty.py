"""What each fault turns an answer into."""

import datetime as dt
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from infra.local.google.answers import failure
from infra.local.google.faults import Fault
from infra.local.google.fitness_http import TOP, position_of, token_for
from shared.clock import Clock

_JSON = {"content-type": "application/json; charset=UTF-8"}
_HTML = (
    b"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Error 502 (Server Error)!!1</title>"
    b"<p><b>502.</b> <ins>That\xe2\x80\x99s an error.</ins><p>The server encountered a temporary error."
)
_MESSAGES = {429: "Quota exceeded.", 500: "Internal error encountered.", 503: "The service is currently unavailable."}


@dataclass(frozen=True, slots=True)
class Broken:
    """What goes out instead. `cut_at` closes the connection after so many bytes; 0: before any."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: dict(_JSON))
    cut_at: int | None = None


async def strike(
    fault: Fault, scope: Mapping[str, Any], ask: Callable[[], Awaitable[tuple[int, bytes]]], clock: Clock
) -> Broken:
    """Build the broken answer. `ask` gets the good one, with its effect, at most once."""
    if fault.kind in ("status", "answer", "dropped", "html"):
        if fault.after:
            await ask()
        return _without(fault, clock)
    query = parse_qs(scope.get("query_string", b"").decode())
    if fault.kind == "empty_page":
        return _empty_page(*await ask(), query.get("pageToken", [""])[-1], scope["path"])
    status, body = await ask()
    return _spoiled(fault, status, body, query.get("pageToken", [""])[-1])


def _without(fault: Fault, clock: Clock) -> Broken:
    if fault.kind == "dropped":
        return Broken(b"{}", cut_at=0)
    if fault.kind == "html":
        return Broken(_HTML, headers={"content-type": "text/html; charset=UTF-8"})
    headers = dict(_JSON)
    if fault.retry_after == "date":
        later = (clock.now() + dt.timedelta(seconds=fault.retry_after_s)).astimezone(dt.UTC)
        headers["retry-after"] = format_datetime(later, usegmt=True)
    elif fault.retry_after is not None:
        headers["retry-after"] = str(fault.retry_after)
    if fault.kind == "answer":
        return Broken(fault.body.encode(), fault.status, headers)
    written = failure(fault.status, _MESSAGES.get(fault.status, "Refused."), fault.reason)
    return Broken(bytes(written.body), fault.status, headers)


def _empty_page(status: int, body: bytes, token: str, path: str) -> Broken:
    page = json.loads(body)
    if status != 200:
        return Broken(body, status)
    for name in ("point", "insertedDataPoint", "deletedDataPoint", "session", "deletedSession"):
        page.pop(name, None)
    start = TOP if "/datasets/" in path else 0
    page["nextPageToken"] = token_for(position_of(token) if token else start, again=len(token) + 1)
    return Broken(json.dumps(page, ensure_ascii=False).encode())


def _spoiled(fault: Fault, status: int, body: bytes, token: str) -> Broken:
    half = max(1, len(body) // 2)
    if fault.kind == "truncated":
        return Broken(body, status, cut_at=half)
    spoil: dict[str, Callable[[], bytes]] = {
        "malformed": lambda: body[:half],
        "repeated_token": lambda: _with_token(body, token or "repeated"),
        "nan": lambda: _with_nan(body),
        "oversized": lambda: body.rstrip()[:-1] + b" " * fault.size + b"}",
        "deep": lambda: b'{"point":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "duplicate_keys": lambda: _with_twin(body),
    }
    return Broken(spoil[fault.kind](), status)


def _with_token(body: bytes, token: str) -> bytes:
    return json.dumps({**json.loads(body), "nextPageToken": token}, ensure_ascii=False).encode()


def _with_nan(body: bytes) -> bytes:
    page = json.loads(body)
    points = page.get("point") or page.get("insertedDataPoint") or []
    if points:
        points[len(points) // 2]["value"][0] = {"fpVal": float("nan"), "mapVal": []}
    return json.dumps(page, ensure_ascii=False).encode()


def _with_twin(body: bytes) -> bytes:
    rest = body.strip().removeprefix(b"{")
    return b"{" + rest.partition(b":")[0] + b":null," + rest
