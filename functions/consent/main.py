"""consent: the app user reads the notice, sees, gives and withdraws consent, cell by cell, and everything at once."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.consent.acts import Acts
from shared.consent.family_acts import FamilyActs
from shared.consent.messages import Accept, AskNotice, AskState, Decide, Invite, Page
from shared.consent.receipt_acts import AskExport
from shared.release.messages import AskProvisions
from shared.wiring.consenting import consenting, invitations, inviting_pace, provision_acts, rights
from shared.wiring.platform import platform
from shared.wiring.receipts import receipt_acts


def routes() -> list[edge.Route]:
    """The consent screen's."""
    p = platform("consent")
    c, user = consenting(p), p.identities.app_user
    given = receipt_acts(p, c)
    acts = Acts(c, given.exports.receipts, rights(p))
    family = FamilyActs(invitations(p), inviting_pace(p))
    return [
        edge.Route("GET", "/", user, acts.state, query=AskState),
        edge.Route("POST", "/", user, acts.decide, body=Decide),
        edge.Route("DELETE", "/", user, acts.withdraw_all),
        edge.Route("GET", "/history", user, acts.history, query=Page),
        edge.Route("GET", "/notice", edge.anyone, acts.notice, query=AskNotice),
        edge.Route("GET", "/receipts/{id}", user, given.receipt),
        edge.Route("GET", "/keys", edge.anyone, given.keys),
        edge.Route("GET", "/export", user, given.export, query=AskExport),
        edge.Route("GET", "/provisions", user, provision_acts(p, c).listed, query=AskProvisions),
        edge.Route("POST", "/invitations", user, family.invite, body=Invite),
        edge.Route("GET", "/invitations", user, family.listed),
        edge.Route("POST", "/invitations/{id}/accept", user, family.accept, body=Accept),
        edge.Route("DELETE", "/invitations/{id}", user, family.end),
    ]


app = edge.App("consent", routes)


@functions_framework.aio.http
async def consent(request: Request) -> Response:
    """The entry point."""
    return await app(request)
