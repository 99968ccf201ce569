"""retention: every day lets go of what has expired, and says whose papers are due."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.disclosure.days import civil_date
from shared.wiring.platform import platform
from shared.wiring.retaining import retaining


def routes() -> list[edge.Route]:
    """The daily run."""
    p = platform("retention")
    work = retaining(p)

    async def run(_: edge.Call) -> edge.Reply:
        return edge.Json(await work.run(civil_date(p.clock.now())))

    return [edge.Route("POST", "/", p.identities.scheduler, run, queue=True)]


app = edge.App("retention", routes)


@functions_framework.aio.http
async def retention(request: Request) -> Response:
    """The entry point."""
    return await app(request)
