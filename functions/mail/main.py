"""mail: the queue has one mail sent; the clock has news of mails taken in, and those found that nobody sent."""

from typing import Annotated

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.cloud.aws import Aws
from shared.wiring.mailing import sending, ticking
from shared.wiring.platform import platform


class Send(msgspec.Struct, frozen=True):
    """From the queue: send one mail."""

    message: Annotated[str, msgspec.Meta(max_length=64, pattern="^[0-9a-z]+$")]


def routes() -> list[edge.Route]:
    """One for the queue, one for the clock."""
    p = platform("mail")
    aws = Aws(p.settings, function="mail", http=p.http, clock=p.clock)
    work, clock = sending(p, aws), ticking(p, aws)

    async def send(call: edge.Call) -> edge.Reply:
        return edge.Json({"outcome": await work.send(call.body.message)})

    async def tick(_: edge.Call) -> edge.Reply:
        return edge.Json(await clock.tick())

    return [
        edge.Route("POST", "/", p.identities.scheduler, tick, queue=True),
        edge.Route("POST", "/send", p.identities.tasks, send, body=Send, queue=True),
    ]


app = edge.App("mail", routes)


@functions_framework.aio.http
async def mail(request: Request) -> Response:
    """The entry point."""
    return await app(request)
