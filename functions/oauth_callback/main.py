"""oauth_callback: where Google sends the browser back. Parks the grant and hands the browser on to the app."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.connection.messages import Return
from shared.connection.page import app_link, returned_page
from shared.connection.steps import Returned
from shared.errors import Fault
from shared.vocabulary import Language
from shared.wiring.linking import linking
from shared.wiring.platform import platform


def routes() -> list[edge.Route]:
    """One way in, for browsers: redeem the state, park the grant, go on to the app, whatever happened."""
    p = platform("oauth_callback")
    link = linking(p)

    async def back(call: edge.Call) -> edge.Reply:
        query: Return = call.query
        returned = await link.returned(state=query.state, code=query.code, error=query.error, scope=query.scope)
        return to_the_app(returned, call.language)

    def to_the_app(returned: Returned, language: Language) -> edge.Reply:
        location = app_link(p.settings.app_link, returned)
        return edge.Redirect(location, returned_page(returned, location, language))

    def told(fault: Fault, language: Language) -> edge.Reply:
        return to_the_app(Returned(fault.code), language)

    return [edge.Route("GET", "/", edge.anyone, back, query=Return, fault_told=told)]


app = edge.App("oauth_callback", routes)


@functions_framework.aio.http
async def oauth_callback(request: Request) -> Response:
    """The entry point."""
    return await app(request)
