"""erasure: the app user asks for what is stored to be erased, and sees how far that is; the queue carries it out."""

from typing import Annotated

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.consent.service import How
from shared.erasure.model import view
from shared.vocabulary import Kind
from shared.wiring.asking_to_erase import asking_to_erase
from shared.wiring.erasing import erasing
from shared.wiring.platform import platform


class Erase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Erase what is stored of these kinds; null: everything, with the key to it."""

    kinds: Annotated[list[Kind], msgspec.Meta(min_length=1)] | None


class Run(msgspec.Struct, frozen=True):
    """From the queue: carry an erasure out."""

    erasure: Annotated[str, msgspec.Meta(max_length=64, pattern="^[0-9a-z]+$")]


def routes() -> list[edge.Route]:
    """Two for the app, one for the queue."""
    p = platform("erasure")
    asking, work, user = asking_to_erase(p), erasing(p), p.identities.app_user

    async def seen(call: edge.Call) -> edge.Reply:
        return edge.Json({"erasures": [view(one) for one in await asking.erasures.of(call.caller.uid)]})

    async def ask(call: edge.Call) -> edge.Reply:
        asked = await asking.request(call.caller.uid, call.body.kinds or [], How(language=call.language))
        return edge.Json(view(asked), 202)

    async def run(call: edge.Call) -> edge.Reply:
        return edge.Json({"outcome": await work.run(call.body.erasure)})

    return [
        edge.Route("GET", "/", user, seen),
        edge.Route("POST", "/", user, ask, body=Erase),
        edge.Route("POST", "/run", p.identities.tasks, run, body=Run, queue=True),
    ]


app = edge.App("erasure", routes)


@functions_framework.aio.http
async def erasure(request: Request) -> Response:
    """The entry point."""
    return await app(request)
