"""The edge: where HTTP becomes typed calls, and where faults become problem documents (RFC 9457) or queue language.

A function's main.py lists `Route`s; `App` finds the one that fits, learns who calls, decodes the body into its type,
runs the act, and writes one log line with the cost. Nothing else in the project knows a status code.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared import log
from shared.bodies import Limits, read_body
from shared.clock import process_clock
from shared.errors import Conflict, Fault, InvalidInput, NotFound, Unavailable
from shared.ids import RandomIds
from shared.problems import problem_of
from shared.replies import HEADERS, Bytes, Cookie, Json, Page, Redirect, Reply, cookie_name, respond
from shared.vocabulary import Language

__all__ = [
    "LANGUAGE", "Act", "App", "Bytes", "Call", "Cookie", "Json", "Limits", "Page", "Redirect", "Reply", "Route",
    "anyone", "language_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One request, checked and typed. `body` and `query` are instances of the route's types, or None without one."""

    caller: Any
    path: Mapping[str, str]
    query: Any
    body: Any
    language: Language


LANGUAGE = "lang"
"""The cookie that keeps which language a reader chose."""
Act = Callable[[Call], Awaitable[Reply]]
"""What a route does: a coroutine from a typed call to a reply."""


async def anyone(request: Request) -> None:
    """The caller of a route that a browser reaches without a token of ours."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way in. `pattern` is a path below the function, `{name}` matching one segment.

    `caller` learns who calls, or raises NotPermitted. With `queue` the caller is Cloud Tasks or Cloud Scheduler:
    what can never succeed is then acknowledged with 2xx and logged for a person, so that it is not sent again.
    `fault_told` is what a person's browser gets for a fault, in place of a problem document.
    With `form` the body is one that a page's form sends, not JSON; with `files` one that may send files as well.
    """

    method: str
    pattern: str
    caller: Callable[[Request], Awaitable[Any]]
    act: Act
    body: type | None = None
    query: type | None = None
    queue: bool = False
    fault_told: Callable[[Fault, Language], Reply] | None = None
    form: bool = False
    files: Limits | None = None

    def match(self, path: str) -> dict[str, str] | None:
        """The path's parameters, or None where it is not this route's."""
        wanted, got = self.pattern.strip("/").split("/"), path.strip("/").split("/")
        if len(wanted) != len(got):
            return None
        found: dict[str, str] = {}
        for want, have in zip(wanted, got, strict=True):
            if want.startswith("{") and have:
                found[want[1:-1]] = have
            elif want != have:
                return None
        return found


class App:
    """A function's routes behind one entry point. `routes` is called on the first request, inside the event loop."""

    def __init__(self, name: str, routes: Callable[[], Sequence[Route]]) -> None:
        self._name = name
        self._build = routes
        self._routes: Sequence[Route] | None = None

    async def __call__(self, request: Request) -> Response:
        clock = process_clock()
        started = clock.monotonic_s()
        cost = log.open_account(request.headers.get("x-cloud-trace-context", "").partition("/")[0][:64])
        language = _language(request)
        route: Route | None = None
        outcome = "ok"
        try:
            route, path = self._route(request)
            response = respond(await route.act(await _call(route, path, request, language)))
        except Fault as fault:
            outcome = fault.code
            response = _fault_response(fault, language, route)
        except ClientDisconnect:
            outcome = "client_gone"
            response = Response(status_code=499)
        except Exception as unexpected:
            outcome = "unexpected"
            log.unexpected(unexpected, function=self._name)
            response = _fault_response(Unavailable("unexpected"), language, route)
        response.headers.update({k: v for k, v in HEADERS.items() if k not in response.headers})
        log.event(
            "request",
            function=self._name,
            method=request.method,
            route=route.pattern if route else "",
            status=response.status_code,
            outcome=outcome,
            duration_ms=round((clock.monotonic_s() - started) * 1000),
            cost=dict(cost),
        )
        return response

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        if self._routes is None:
            self._routes = self._build()
        found = [(route, path) for route in self._routes if (path := route.match(request.scope["path"])) is not None]
        if not found:
            raise NotFound("no_such_route")
        # "/confirm" is one address and "/{provider}" another, though both patterns fit it.
        least = min(len(path) for _, path in found)
        methods = {route.method: (route, path) for route, path in found if len(path) == least}
        if request.method not in methods:
            raise InvalidInput("method_not_allowed", ", ".join(sorted(methods)))
        return methods[request.method]


async def _call(route: Route, path: dict[str, str], request: Request, language: Language) -> Call:
    caller = await route.caller(request)
    query = _query(route.query, request) if route.query else None
    body = await read_body(request, route.body, form=route.form, files=route.files) if route.body else None
    return Call(caller, path, query, body, language)


def _query(into: type, request: Request) -> Any:
    pairs = request.query_params.multi_items()
    if len({name for name, _ in pairs}) != len(pairs):
        raise InvalidInput("query_invalid", "a parameter is given more than once")
    try:
        # Struct fields that are Python keywords carry a trailing underscore in code, never on the wire.
        return msgspec.convert(dict(pairs), into, strict=False)
    except msgspec.ValidationError as wrong:
        raise InvalidInput("query_invalid", _short(wrong)) from None


def _short(wrong: Exception) -> str:
    return str(wrong)[:200]


def _language(request: Request) -> Language:
    """What the reader chose on a page of ours, else what their browser or app prefers."""
    chosen = request.cookies.get(cookie_name(LANGUAGE), "")
    return Language(chosen) if chosen in list(Language) else language_of(request.headers.get("accept-language", ""))


def language_of(accept: str) -> Language:
    """Japanese, unless the reader's browser or app ranks English above it."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept.split(",")[:20]):
        tag, _, q = part.strip().partition(";q=")
        try:
            weight = float(q) if q else 1.0
        except ValueError:
            continue
        ranked.append((-weight, position, tag.strip().lower()[:2]))
    for _, _, tag in sorted(ranked):
        if tag in (Language.JA, Language.EN):
            return Language(tag)
    return Language.JA


def _fault_response(fault: Fault, language: Language, route: Route | None) -> Response:
    status = problem_of(fault).status
    if route and route.fault_told:
        told = respond(route.fault_told(fault, language))
        if told.status_code == status:
            told.headers.update(_fault_headers(fault, status))
        return told
    queue = route is not None and route.queue
    if queue and not isinstance(fault, Unavailable | Conflict) and status not in (401, 403):
        log.event("task.parked", "ERROR", code=fault.code)
        return Response(msgspec.json.encode({"parked": fault.code}), 200, media_type="application/json")
    if queue and isinstance(fault, Conflict):
        # The queue's only word for "later" is 5xx or 429; 409 would be retried as well, but counted as an error.
        status = 503
    return _problem(fault, status, language)


def _fault_headers(fault: Fault, status: int) -> dict[str, str]:
    headers = {}
    if fault.retry_after_s is not None:
        headers["retry-after"] = str(fault.retry_after_s)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if fault.code == "method_not_allowed":
        headers["allow"] = fault.detail
    return headers


def _problem(fault: Fault, status: int, language: Language) -> Response:
    problem = problem_of(fault)
    document = {
        **fault.more,
        "type": f"urn:kagamino:problem:{fault.code}",
        "code": fault.code,
        "status": status,
        "title": problem.title(language),
        "detail": fault.detail,
        "instance": f"urn:kagamino:request:{RandomIds().ident()}",
    }
    headers = _fault_headers(fault, status)
    return Response(msgspec.json.encode(document), status, headers, media_type="application/problem+json")
