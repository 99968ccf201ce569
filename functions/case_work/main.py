"""case_work: what the system does about cases by itself; letters, reminders, freezes, and carrying out."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.disclosure.messages import Run
from shared.wiring.case_work import sweeping, working
from shared.wiring.platform import platform


def routes() -> list[edge.Route]:
    """A task for one case; and the sweep that finds those whose task was lost, or whose day has come."""
    p = platform("case_work")
    work, sweep = working(p), sweeping(p)

    async def run(call: edge.Call) -> edge.Reply:
        return edge.Json({"outcome": await work.run(call.body.case)})

    async def swept(_: edge.Call) -> edge.Reply:
        return edge.Json({"woken": await sweep.run()})

    return [
        edge.Route("POST", "/run", p.identities.tasks, run, body=Run, queue=True),
        edge.Route("POST", "/", p.identities.scheduler, swept, queue=True),
    ]


app = edge.App("case_work", routes)


@functions_framework.aio.http
async def case_work(request: Request) -> Response:
    """The entry point."""
    return await app(request)
