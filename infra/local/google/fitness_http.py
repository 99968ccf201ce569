"""The Fitness REST API, version 1, reading only: data sources, datasets, changes, sessions."""

import base64
import datetime as dt
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.local.google.answers import answer, document, failure
from infra.local.google.catalogue import scope_of
from infra.local.google.points import Point, Stream
from infra.local.google.sessions import Session
from infra.local.google.tokens import Access
from infra.local.google.world import World

_DATASET = re.compile(r"(\d{1,19})-(\d{1,19})")
_FITNESS = "https://www.googleapis.com/auth/fitness."
_INT32 = 2**31 - 1
TOP = 2**63 - 1
"""A page token that leads to the first page: below any end."""


class _Call(NamedTuple):
    """A data request whose caller is known."""

    request: Request
    world: World
    access: Access


Handler = Callable[[_Call], Response]


class _Refused(Exception):
    def __init__(self, response: Response) -> None:
        self.response = response


def routes(world: World) -> list[Route]:
    """Where the API is found."""
    root = "/fitness/v1/users/{user}"

    def at(path: str, handler: Handler) -> Route:
        return Route(root + path, _guarded(world, handler), methods=["GET"])

    return [
        at("/dataSources", _list_sources),
        at("/dataSources/{source:path}/datasets/{dataset}", _dataset),
        at("/dataSources/{source:path}/dataPointChanges", _changes),
        at("/dataSources/{source:path}", _one_source),
        at("/sessions", _sessions),
    ]


def bearer(request: Request) -> str:
    """The access token a request carries, "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.query_params.get("access_token", "")


def _guarded(world: World, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        access = world.oauth.access(bearer(request))
        if access is None:
            return failure(
                401,
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
                "valid authentication credential.",
                headers={"www-authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
            )
        reason = world.quota.spend(access.account.sub, world.clock.now())
        if reason:
            return failure(
                world.quota.status, "Quota exceeded for quota metric 'Queries' of service 'fitness'.", reason
            )
        if not any(s.startswith(_FITNESS) for s in access.scopes):
            return _scope_missing()
        if request.path_params["user"] != "me":
            return failure(403, "Only the authenticated user's own data may be read.")
        if world.auto_live:
            access.account.live(world.clock.now())
        try:
            return handler(_Call(request, world, access))
        except _Refused as refused:
            return refused.response

    return endpoint


def _scope_missing() -> Response:
    return failure(
        403,
        "Request had insufficient authentication scopes.",
        "insufficientPermissions",
        {"www-authenticate": 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"'},
    )


def _list_sources(call: _Call) -> Response:
    wanted = call.request.query_params.getlist("dataTypeName")
    seen = [
        s.source
        for s in sorted(call.access.account.streams.values(), key=lambda s: s.id)
        if scope_of(s.type_name) in call.access.scopes and (not wanted or s.type_name in wanted) and not s.private
    ]
    return document({"dataSource": seen} if seen else {})


def _one_source(call: _Call) -> Response:
    return document(_stream(call).source)


def _stream(call: _Call) -> Stream:
    stream_id = call.request.path_params["source"]
    parts = stream_id.split(":")
    if len(parts) < 3 or parts[0] not in ("raw", "derived"):
        raise _Refused(failure(400, f"Unable to parse DataSourceId: {stream_id}"))
    if scope_of(parts[1]) not in call.access.scopes:
        raise _Refused(_scope_missing())
    stream = call.access.account.streams.get(stream_id)
    if stream is None:
        raise _Refused(failure(404, f"DataSourceId not found: {stream_id}"))
    if stream.private:
        raise _Refused(failure(403, f"Cannot read from private data source: {stream_id}"))
    return stream


def _limit(call: _Call) -> int:
    given = call.request.query_params.get("limit")
    if given is None:
        return call.world.page_ceiling
    if not given.isdecimal() or not 0 < int(given) <= _INT32:
        raise _Refused(failure(400, f"Invalid value at 'limit': {given}"))
    return min(int(given), call.world.page_ceiling)


def token_for(position: int, again: int = 0) -> str:
    """An opaque page token. `again` makes another token of the same meaning."""
    return base64.urlsafe_b64encode(f"{position}~{again}".encode()).decode().rstrip("=")


def position_of(token: str) -> int:
    """What `token_for` was given.

    Raises:
        ValueError: it is none of ours.
    """
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    return int(text.partition("~")[0])


def _position(call: _Call) -> int | None:
    token = call.request.query_params.get("pageToken")
    if not token:
        return None
    try:
        return position_of(token)
    except ValueError:
        raise _Refused(failure(400, "Invalid page token.")) from None


def _dataset(call: _Call) -> Response:
    stream = _stream(call)
    span = _DATASET.fullmatch(call.request.path_params["dataset"])
    if span is None or int(span[1]) > int(span[2]) or int(span[2]) > TOP:
        raise _Refused(failure(400, f"Invalid dataset ID: {call.request.path_params['dataset']}"))
    page = stream.page(int(span[1]), int(span[2]), _limit(call), _position(call))
    more = "" if page.below_end_ns is None else f',"nextPageToken":"{token_for(page.below_end_ns)}"'
    points = f',"point":[{_written(stream, page.points)}]' if page.points else ""
    return answer(
        f'{{"minStartTimeNs":"{int(span[1])}","maxEndTimeNs":"{int(span[2])}","dataSourceId":{stream.quoted_id}'
        f"{points}{more}}}"
    )


def _changes(call: _Call) -> Response:
    stream = _stream(call)
    page = stream.changes(_position(call) or 0, _limit(call))
    return answer(
        f'{{"dataSourceId":{stream.quoted_id},"insertedDataPoint":[{_written(stream, page.inserted)}],'
        f'"deletedDataPoint":[{_written(stream, page.deleted)}],"nextPageToken":"{token_for(page.position)}"}}'
    )


def _written(stream: Stream, points: Sequence[Point]) -> str:
    return ",".join(p.encode(stream.type_name, with_origin=stream.merges) for p in points)


def _sessions(call: _Call) -> Response:
    start, end = _time(call, "startTime"), _time(call, "endTime")
    visible = _visible(call)
    if start is not None or end is not None:
        # Two readings of endTime are documented: a session may end up to a day behind it, or none may. Here none may:
        # whoever counts on more finds out.
        ended = [s for s in call.access.account.sessions.between(start, end) if end is None or s.end_ms <= end]
        found = [s.document() for s in ended if visible(s)]
        return document({"session": found, "deletedSession": []})
    now_ms = round(call.world.clock.now().timestamp() * 1000)
    changed = call.access.account.sessions.since(_position(call), now_ms)
    with_deleted = call.request.query_params.get("includeDeleted") == "true"
    return document(
        {
            "session": [s.document() for s in changed.live if visible(s)],
            "deletedSession": [s.document() for s in changed.deleted if visible(s)] if with_deleted else [],
            "nextPageToken": token_for(changed.position),
        }
    )


def _visible(call: _Call) -> Callable[[Session], bool]:
    sleep, activity = f"{_FITNESS}sleep.read" in call.access.scopes, f"{_FITNESS}activity.read" in call.access.scopes
    if not sleep and not activity:
        raise _Refused(_scope_missing())
    wanted = call.request.query_params.getlist("activityType")
    if any(not w.isdecimal() for w in wanted):
        raise _Refused(failure(400, "Invalid value at 'activityType'."))
    types = {int(w) for w in wanted}
    return lambda s: (sleep if s.is_sleep else activity) and (not types or s.activity in types)


def _time(call: _Call, name: str) -> int | None:
    text = call.request.query_params.get(name)
    if text is None:
        return None
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or "T" not in text.upper():
        raise _Refused(failure(400, f"Invalid value for {name}: {text}"))
    return round(at.timestamp() * 1000)
