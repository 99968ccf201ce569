"""audit_checkpoint: a tick of the scheduler. Every day that is over is sealed in the store that nobody can rewrite."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.wiring.auditing import sealing
from shared.wiring.platform import platform


def routes() -> list[edge.Route]:
    """One way in, for Cloud Scheduler."""
    p = platform("audit_checkpoint")
    work = sealing(p)

    async def seal(_: edge.Call) -> edge.Reply:
        return edge.Json(await work.run())

    return [edge.Route("POST", "/", p.identities.scheduler, seal, queue=True)]


app = edge.App("audit_checkpoint", routes)


@functions_framework.aio.http
async def audit_checkpoint(request: Request) -> Response:
    """The entry point."""
    return await app(request)
