"""oauth_start: begin linking. The app user gets Google's consent URL, or is linked directly by a device's code."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.cloud.identity import AppUser
from shared.cloud.pace import Pace
from shared.connection.linking import Linking
from shared.connection.messages import Start
from shared.connection.view import view
from shared.wiring.linking import linking
from shared.wiring.platform import platform


def start(link: Linking, pace: Pace) -> edge.Act:
    """Mint a state, or link directly."""

    async def act(call: edge.Call) -> edge.Reply:
        user: AppUser = call.caller
        body: Start = call.body
        await pace.spend(user.uid)
        if body.server_auth_code is None:
            return edge.Json(await link.start(user.uid, body.provider, body.kinds, call.language, body.notice))
        connection = await link.link_with_device_code(
            user.uid, body.provider, body.kinds, body.server_auth_code, body.notice
        )
        return edge.Json({"connection": view(connection, link.clock.now())}, 201)

    return act


def routes() -> list[edge.Route]:
    """One way in."""
    p = platform("oauth_start")
    pace = Pace(p.documents, p.clock, "linking", p.settings.link_attempts)
    return [edge.Route("POST", "/", p.identities.app_user, start(linking(p), pace), body=Start)]


app = edge.App("oauth_start", routes)


@functions_framework.aio.http
async def oauth_start(request: Request) -> Response:
    """The entry point."""
    return await app(request)
