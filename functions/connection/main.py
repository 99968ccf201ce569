"""connection: the app user lists links, confirms one, syncs now, disconnects; the queue revokes what is left over."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.connection.messages import Confirm, Revoke, Sync
from shared.connection.view import view
from shared.errors import NotFound
from shared.vocabulary import Provider
from shared.wiring.linking import connections, linking
from shared.wiring.platform import platform


def routes() -> list[edge.Route]:
    """Four for the app, one for the queue."""
    p = platform("connection")
    link, conn, user = linking(p), connections(p), p.identities.app_user

    async def describe(call: edge.Call) -> edge.Reply:
        return edge.Json({"connections": await conn.describe(call.caller.uid)})

    async def confirm(call: edge.Call) -> edge.Reply:
        return edge.Json({"connection": view(await link.confirm(call.caller.uid, call.body.code), p.clock.now())}, 201)

    async def sync(call: edge.Call) -> edge.Reply:
        await conn.sync_now(call.caller.uid, call.body.provider)
        return edge.Json({"queued": True}, 202)

    async def disconnect(call: edge.Call) -> edge.Reply:
        if call.path["provider"] not in set(Provider):
            raise NotFound("not_connected")
        await conn.disconnect(call.caller.uid, Provider(call.path["provider"]))
        return edge.Json({"disconnected": True})

    async def revoke(call: edge.Call) -> edge.Reply:
        return edge.Json({"outcome": await conn.revoke_due(call.body.grant)})

    return [
        edge.Route("GET", "/", user, describe),
        edge.Route("POST", "/confirm", user, confirm, body=Confirm),
        edge.Route("POST", "/sync", user, sync, body=Sync),
        edge.Route("DELETE", "/{provider}", user, disconnect),
        edge.Route("POST", "/revoke_due", p.identities.tasks, revoke, body=Revoke, queue=True),
    ]


app = edge.App("connection", routes)


@functions_framework.aio.http
async def connection(request: Request) -> Response:
    """The entry point."""
    return await app(request)
