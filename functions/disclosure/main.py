"""disclosure: the support desk takes in and decides requests about personal data; app users file their own."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.disclosure.messages import AskList, Begin, Do, FileRequest, Open, TakeBack
from shared.wiring.desk import door, own_acts, staff_acts
from shared.wiring.handing import link_routes, printed_routes
from shared.wiring.platform import platform
from shared.wiring.staff_pages import staff_pages


def routes() -> list[edge.Route]:
    """Staff's by what Identity-Aware Proxy signs, the app's by Firebase's token."""
    p = platform("disclosure")
    at_door, staff, own, user = door(p), staff_acts(p), own_acts(p), p.identities.app_user
    return [
        edge.Route("POST", "/requests", user, own.file, body=FileRequest),
        edge.Route("GET", "/requests", user, own.listed),
        edge.Route("POST", "/requests/{id}/withdraw", user, own.withdraw, body=TakeBack),
        edge.Route("GET", "/requests/{id}/results/{item}/{part}", user, own.result),
        edge.Route("GET", "/requests/{id}/letters/{letter}/{part}", user, own.letter),
        edge.Route("GET", "/cases", at_door.member, staff.listed, query=AskList),
        edge.Route("POST", "/cases", at_door.poster, staff.begin, body=Begin),
        edge.Route("POST", "/cases/{id}/open", at_door.poster, staff.open, body=Open),
        edge.Route("POST", "/cases/{id}/acts", at_door.poster, staff.do, body=Do),
        *printed_routes(p, staff),
        *link_routes(p),
        *staff_pages(p),
    ]


app = edge.App("disclosure", routes)


@functions_framework.aio.http
async def disclosure(request: Request) -> Response:
    """The entry point."""
    return await app(request)
