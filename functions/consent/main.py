"""consent: the app user sees what is consented to, gives and withdraws, cell by cell."""

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.connection.store import ConnectionStore
from shared.consent.model import Change
from shared.consent.service import Consenting
from shared.consent.store import ConsentStore
from shared.wiring.base import base


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `changes` or none. `if_epoch` is the state the person was looking at."""

    changes: list[Change]
    if_epoch: int | None = None


def routes() -> list[edge.Route]:
    """See, and decide."""
    b = base("consent")
    user = b.identities.app_user
    consenting = Consenting(ConsentStore(b.documents), ConnectionStore(b.documents, b.clock), b.commit, b.clock)

    async def state(call: edge.Call) -> edge.Reply:
        return edge.Json(await consenting.state(call.caller.uid))

    async def decide(call: edge.Call) -> edge.Reply:
        body: Decide = call.body
        return edge.Json(await consenting.decide(call.caller.uid, tuple(body.changes), if_epoch=body.if_epoch))

    return [
        edge.Route("GET", "/", user, state),
        edge.Route("POST", "/", user, decide, body=Decide),
    ]


app = edge.App("consent", routes)


@functions_framework.aio.http
async def consent(request: Request) -> Response:
    """The entry point."""
    return await app(request)
