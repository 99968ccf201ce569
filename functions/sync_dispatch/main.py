"""sync_dispatch: one tick of the scheduler. Everyone who is due becomes a task."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.connection.store import ConnectionStore
from shared.erasure.store import ErasureStore
from shared.sync.dispatch import Dispatching
from shared.wiring.platform import platform
from shared.wiring.queue import queue

TICK_S = 300


def routes() -> list[edge.Route]:
    """One way in, for Cloud Scheduler."""
    p = platform("sync_dispatch")
    dispatching = Dispatching(
        documents=p.documents,
        connections=ConnectionStore(p.documents, p.clock),
        erasures=ErasureStore(p.documents),
        queue=queue(p),
        clock=p.clock,
        shards=p.settings.due_shards,
        tick_s=TICK_S,
        budget_s=p.settings.dispatch_budget_s,
    )

    async def tick(_: edge.Call) -> edge.Reply:
        return edge.Json(await dispatching.tick())

    return [edge.Route("POST", "/", p.identities.scheduler, tick, queue=True)]


app = edge.App("sync_dispatch", routes)


@functions_framework.aio.http
async def sync_dispatch(request: Request) -> Response:
    """The entry point."""
    return await app(request)
