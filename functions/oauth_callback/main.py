"""oauth_callback: where Google sends the browser back. Parks the grant and hands the browser on to the app."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.connection.linking import Linking
from shared.connection.messages import Return
from shared.connection.page import app_link, returned_page
from shared.wiring.linking import linking
from shared.wiring.platform import platform


def back(link: Linking, target: str) -> edge.Act:
    """Redeem the state, park the grant, go on to the app."""

    async def act(call: edge.Call) -> edge.Reply:
        query: Return = call.query
        returned = await link.returned(state=query.state, code=query.code, error=query.error, scope=query.scope)
        location = app_link(target, returned)
        return edge.Redirect(location, returned_page(returned, location, call.language))

    return act


def routes() -> list[edge.Route]:
    """One way in, for browsers."""
    p = platform("oauth_callback")
    return [edge.Route("GET", "/", edge.anyone, back(linking(p), p.settings.app_link), query=Return)]


app = edge.App("oauth_callback", routes)


@functions_framework.aio.http
async def oauth_callback(request: Request) -> Response:
    """The entry point."""
    return await app(request)
