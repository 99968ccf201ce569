"""consent: the app user reads the notice, sees, gives and withdraws consent, cell by cell, and everything at once."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.consent.acts import Acts
from shared.consent.messages import AskNotice, Decide, Page
from shared.consent.page.html import fault_page
from shared.consent.page.messages import AskPage, Filled
from shared.wiring.consenting import consenting, page
from shared.wiring.platform import platform


def routes() -> list[edge.Route]:
    """The consent screen's."""
    p = platform("consent")
    service, user = consenting(p), p.identities.app_user
    acts, pages = Acts(service), page(p, service)
    return [
        edge.Route("GET", "/", user, acts.state),
        edge.Route("POST", "/", user, acts.decide, body=Decide),
        edge.Route("DELETE", "/", user, acts.withdraw_all),
        edge.Route("GET", "/history", user, acts.history, query=Page),
        edge.Route("GET", "/notice", edge.anyone, acts.notice, query=AskNotice),
        edge.Route("GET", "/page", user, pages.open, query=AskPage, fault_told=fault_page),
        edge.Route(
            "POST", "/page", edge.anyone, pages.answer, body=Filled, query=AskPage, fault_told=fault_page, form=True
        ),
        edge.Route("GET", "/page.js", edge.anyone, pages.script),
    ]


app = edge.App("consent", routes)


@functions_framework.aio.http
async def consent(request: Request) -> Response:
    """The entry point."""
    return await app(request)
