"""consent: the app user reads the notice, sees, gives and withdraws consent, in the app's own screens or on a page."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.consent.acts import Acts
from shared.consent.family_acts import FamilyActs
from shared.consent.messages import Accept, AskNotice, AskState, Decide, Invite, Page
from shared.consent.page.html import fault_page
from shared.consent.page.messages import AskPage, Filled
from shared.consent.receipt_acts import AskExport
from shared.release.messages import AskProvisions
from shared.wiring.consent_page import consent_page
from shared.wiring.consenting import consenting, invitations, inviting_pace, provision_acts, rights
from shared.wiring.platform import platform
from shared.wiring.receipts import receipt_acts


def routes() -> list[edge.Route]:
    """The consent screen's."""
    p = platform("consent")
    c, user = consenting(p), p.identities.app_user
    given = receipt_acts(p, c)
    acts = Acts(c, given.exports.receipts, rights(p))
    family = FamilyActs(invitations(p), acts.rights, inviting_pace(p))
    pages = consent_page(p, c, given.exports.receipts)
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
        edge.Route("GET", "/invitations", user, family.listed, query=AskState),
        edge.Route("POST", "/invitations/{id}/accept", user, family.accept, body=Accept),
        edge.Route("DELETE", "/invitations/{id}", user, family.end, query=AskState),
        edge.Route("GET", "/page", user, pages.open, query=AskPage, fault_told=fault_page),
        edge.Route("POST", "/page", edge.anyone, pages.answer, Filled, AskPage, fault_told=fault_page, form=True),
        edge.Route("GET", "/page.js", edge.anyone, pages.script),
    ]


app = edge.App("consent", routes)


@functions_framework.aio.http
async def consent(request: Request) -> Response:
    """The entry point."""
    return await app(request)
