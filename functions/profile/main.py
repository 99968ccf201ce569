"""profile: the app user sees, gives, changes and takes back what is held of them besides measurements."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.profile.messages import AskTake, Give
from shared.wiring.platform import platform
from shared.wiring.profiles import profile_acts


def routes() -> list[edge.Route]:
    """The profile screen's."""
    p = platform("profile")
    acts, user = profile_acts(p), p.identities.app_user
    return [
        edge.Route("GET", "/", user, acts.see),
        edge.Route("PUT", "/", user, acts.give, body=Give),
        edge.Route("DELETE", "/{field}", user, acts.take, query=AskTake),
    ]


app = edge.App("profile", routes)


@functions_framework.aio.http
async def profile(request: Request) -> Response:
    """The entry point."""
    return await app(request)
