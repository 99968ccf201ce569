"""consent: the app user sees what is consented to, gives and withdraws, cell by cell."""

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.connection.store import ConnectionStore
from shared.consent.model import Change, Decision
from shared.consent.service import Consenting
from shared.consent.store import ConsentStore
from shared.wiring.platform import platform


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `changes` or none. `if_epoch` is the state the person was looking at: needed to give, so that what was
    decided offline never gives again what was withdrawn meanwhile. Withdrawing is never kept waiting."""

    changes: list[Change]
    if_epoch: int | None = None

    def __post_init__(self) -> None:
        """Say what is missing."""
        if self.if_epoch is None and any(change.decision is Decision.GIVE for change in self.changes):
            raise ValueError("if_epoch: needed to give")


def routes() -> list[edge.Route]:
    """See, and decide."""
    p = platform("consent")
    user = p.identities.app_user
    consenting = Consenting(ConsentStore(p.documents), ConnectionStore(p.documents, p.clock), p.commit, p.clock)

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
