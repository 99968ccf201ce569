"""A stand-in for the KAGAMINO app, to click through: sign in as a test user, connect, look, sync, decide, disconnect.

It does nothing that the real app could not: it holds the user's ID token and calls the functions over HTTP.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from infra.local import app_pages as pages
from infra.local.app_words import APP, in_language
from shared.clock import Clock
from shared.consent.model import QOLMS
from shared.edge import language_of
from shared.vocabulary import Kind, Language, Purpose

DAYS_SHOWN = 7
DECIDED = {"give": "given", "withdraw": "withdrawn"}
_CODE = re.compile(r"[A-Za-z0-9_-]{20,200}")
"""What may stand in a line that somebody copies into a shell."""
_TICKET = re.compile(r'name="ticket" value="([A-Za-z0-9_-]+)"')


class StandInApp:
    """The app of every test user in `uids`, each signed in by a click."""

    def __init__(self, uids: tuple[str, ...], *, token_for: Callable[[str], str], clock: Clock) -> None:
        self._uids = uids
        self._token_for = token_for
        self._clock = clock

    def routes(self) -> Starlette:
        """To be mounted at /app."""
        return Starlette(
            routes=[
                Route("/", self._home),
                Route("/sign_in", self._sign_in, methods=["POST"]),
                Route("/connect", self._connect, methods=["POST"]),
                Route("/linked", self._linked),
                Route("/sync", self._sync, methods=["POST"]),
                Route("/disconnect", self._disconnect, methods=["POST"]),
                Route("/consent", self._decide, methods=["POST"]),
                Route("/data", self._data),
            ],
            exception_handlers={
                404: _failing(404, "no_such_route"),
                405: _failing(405, "method_not_allowed"),
                500: _failing(500, "unexpected"),
            },
        )

    async def _home(self, request: Request) -> Response:
        uid, language = self._uid(request), _language(request)
        body = pages.message(request.query_params.get("say", ""), language)
        body += pages.sign_in_form(self._uids, uid, language)
        if uid:
            _, answer = await self._call(request, "GET", "connection")
            body += pages.connect_form(language) + pages.connections(answer.get("connections", []), language)
            _, stands = await self._call(request, "GET", "consent")
            body += pages.consents(stands, language) if stands.get("cells") else ""
            body += pages.to_consent_page(await self._ticket(request), language)
        return _page(request, in_language(APP, language), body)

    async def _sign_in(self, request: Request) -> Response:
        uid = (await _form(request)).get("uid", [""])[0]
        back = RedirectResponse("/app/", 303)
        if uid in self._uids:
            back.set_cookie("uid", uid, httponly=True, samesite="lax")
        return back

    async def _connect(self, request: Request) -> Response:
        kinds = (await _form(request)).get("kind", [])
        status, answer = await self._call(
            request, "POST", "oauth_start", json={"provider": "google_fit", "kinds": kinds}
        )
        return RedirectResponse(answer["authorization_url"], 303) if status == 200 else _home_with(answer["code"])

    async def _linked(self, request: Request) -> Response:
        """Where the browser's return opens the app: the code is confirmed as whoever is signed in here. Where that is
        nobody, or not the one who started, it is shown: they may have started in a terminal."""
        result, code = request.query_params.get("result", ""), request.query_params.get("code", "")
        if result != "success":
            return _home_with(result or "unexpected")
        if not _CODE.fullmatch(code):
            return _home_with("link_invalid")
        if not self._uid(request):
            return _to_confirm(request, code, "waiting", 200)
        status, answer = await self._call(request, "POST", "connection/confirm", json={"code": code})
        if status != 201:
            refused = answer["code"] == "link_invalid"
            return _to_confirm(request, code, "refused", status) if refused else _home_with(answer["code"])
        # Points from Google carry no time zone; the app knows its phone's.
        await self._call(request, "POST", "measurement/zone", json={"zone": pages.ZONE})
        return _home_with("connected")

    async def _sync(self, request: Request) -> Response:
        status, answer = await self._call(request, "POST", "connection/sync", json={})
        return _home_with("queued" if status == 202 else answer["code"])

    async def _disconnect(self, request: Request) -> Response:
        status, answer = await self._call(request, "DELETE", "connection/google_fit")
        return _home_with("disconnected" if status == 200 else answer["code"])

    async def _decide(self, request: Request) -> Response:
        """One decision, made looking at the state that the page showed."""
        form = await _form(request)
        decision, _, kind = form.get("change", [""])[0].partition(" ")
        change = {"purpose": Purpose.QOLMS_STORE, "kind": kind, "recipient": QOLMS, "decision": decision}
        epoch, notice = form.get("epoch", [""])[0], form.get("notice", [""])[0].split()
        asked = {
            "changes": [change],
            "if_epoch": int(epoch) if epoch.isdecimal() else None,
            "notice": dict(zip(("version", "sha256"), notice, strict=True)) if len(notice) == 2 else None,
            "screen": "stand-in",
        }
        status, answer = await self._call(request, "POST", "consent", json=asked)
        return _home_with(DECIDED[decision] if status == 200 else answer["code"])

    async def _data(self, request: Request) -> Response:
        language, today = _language(request), self._clock.now().date() + timedelta(days=1)
        asked = {
            "kind": request.query_params.get("kind", Kind.STEPS),
            "from": str(today - timedelta(days=DAYS_SHOWN)),
            "to": str(today),
        }
        status, answer = await self._call(request, "GET", f"measurement?{urlencode(asked)}")
        if status != 200:
            return _failed(request, status, answer["code"])
        body = pages.back(language) + pages.answered(answer, DAYS_SHOWN, language)
        return _page(request, pages.kind_name(Kind(asked["kind"]), language), body)

    async def _ticket(self, request: Request) -> str:
        """What the consent page's forms carry, so that a browser can open it: only a web view sends the token along.
        "" where there is none now."""
        headers = {"Authorization": f"Bearer {self._token_for(self._uid(request))}"}
        address = f"{_origin(request)}/consent/page"
        async with aiohttp.ClientSession() as session, session.get(address, headers=headers) as answer:
            found = _TICKET.search(await answer.text())
        return found[1] if found else ""

    async def _call(self, request: Request, method: str, path: str, **sent: Any) -> tuple[int, Any]:
        token = self._token_for(self._uid(request))
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": _language(request)}
        address = f"{_origin(request)}/{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, address, headers=headers, **sent) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    def _uid(self, request: Request) -> str:
        uid = request.cookies.get("uid", "")
        return uid if uid in self._uids else ""


async def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((await request.body()).decode())


def _language(request: Request) -> Language:
    """As the address asks, else as it asked before, else as the browser ranks them."""
    asked = request.query_params.get("lang", ""), request.cookies.get("lang", "")
    return language_of(",".join([*asked, request.headers.get("accept-language", "")]))


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _to_confirm(request: Request, code: str, say: str, status: int) -> HTMLResponse:
    language = _language(request)
    body = pages.message(say, language) + pages.to_confirm(code, _origin(request), language) + pages.back(language)
    return _page(request, in_language(APP, language), body, status)


def _home_with(say: str) -> RedirectResponse:
    return RedirectResponse(f"/app/?{urlencode({'say': say})}", 303)


def _page(request: Request, title: str, body: str, status: int = 200) -> HTMLResponse:
    language = _language(request)
    shown = HTMLResponse(pages.page(title, body, language, dict(request.query_params)), status)
    if "lang" in request.query_params:
        shown.set_cookie("lang", language, samesite="lax")
    return shown


def _failed(request: Request, status: int, code: str) -> HTMLResponse:
    language = _language(request)
    return _page(request, in_language(APP, language), pages.message(code, language) + pages.back(language), status)


def _failing(status: int, code: str) -> Callable[[Request, Exception], Response]:
    return lambda request, _: _failed(request, status, code)
