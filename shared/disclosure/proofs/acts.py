"""What routes of one-time links do: the page that is fetched, the button on it, and the app's own confirmation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from shared import edge
from shared.cloud.pace import Pace
from shared.disclosure.proofs.model import Use
from shared.disclosure.proofs.page import AskLink, Follow, ask_page, done_page, fault_page
from shared.disclosure.proofs.service import Proofs


@dataclass(frozen=True, slots=True)
class Acts:
    """`look` and `confirm_mail` are for a browser without a token of ours, `confirm_account` for the signed-in app."""

    proofs: Proofs
    pace: Pace

    async def look(self, call: edge.Call) -> edge.Reply:
        """The page. It looks nothing up: mail scanners and previews fetch it, and use nothing up."""
        asked: AskLink = call.query
        return ask_page(asked.token, call.language)

    async def confirm_mail(self, call: edge.Call) -> edge.Reply:
        """The button."""
        body: Follow = call.body
        await self.proofs.redeem(body.token, Use.MAIL_ADDRESS)
        return done_page(call.language)

    async def confirm_account(self, call: edge.Call) -> edge.Reply:
        """The app opened the link, and its user says that the request is theirs; so often in ten minutes."""
        body: Follow = call.body
        await self.pace.spend(call.caller.uid)
        await self.proofs.redeem(body.token, Use.ACCOUNT, account=call.caller.uid)
        return edge.Json({"confirmed": True})


def routes(acts: Acts, user: Callable[[Request], Awaitable[Any]]) -> list[edge.Route]:
    """The page of a link that proves an address, and the app's word that an account is the applicant's."""
    at = "/links/mail"
    return [
        edge.Route("GET", at, edge.anyone, acts.look, query=AskLink, fault_told=fault_page),
        edge.Route("POST", at, edge.anyone, acts.confirm_mail, body=Follow, form=True, fault_told=fault_page),
        edge.Route("POST", "/requests/proofs", user, acts.confirm_account, body=Follow),
    ]
