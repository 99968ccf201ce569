"""A stand-in for the KAGAMINO app, to click through: sign in as a test user, connect, look, sync, disconnect.

It does nothing that the real app could not: it holds the user's ID token and calls the functions over HTTP.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from shared.clock import Clock
from shared.vocabulary import Kind

_STYLE = (
    "body{font:1rem/1.6 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1a2330}"
    "fieldset{border:1px solid #c5ccd6;border-radius:.5rem;margin:1rem 0}label{margin-right:1rem;white-space:nowrap}"
    "button{font:inherit;padding:.4rem 1rem;margin:.3rem .3rem .3rem 0}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #dde2e9}"
    "[role=status]{background:#eef4ff;padding:.6rem 1rem;border-radius:.5rem}"
)
DAYS_SHOWN = 7
ZONE = "Asia/Tokyo"


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
                Route("/data", self._data),
            ]
        )

    async def _home(self, request: Request) -> Response:
        uid = self._uid(request)
        body = _message(request.query_params.get("say", "")) + _sign_in_form(self._uids, uid)
        if uid:
            _, answer = await self._call(request, "GET", "connection")
            body += _connect_form() + _connections(answer.get("connections", []))
        return _page("The app", body)

    async def _sign_in(self, request: Request) -> Response:
        uid = (await _form(request)).get("uid", [""])[0]
        back = _home_with(f"Signed in as {uid}.")
        if uid in self._uids:
            back.set_cookie("uid", uid, httponly=True, samesite="lax")
        return back

    async def _connect(self, request: Request) -> Response:
        kinds = (await _form(request)).get("kind", [])
        status, answer = await self._call(
            request, "POST", "oauth_start", json={"provider": "google_fit", "kinds": kinds}
        )
        return RedirectResponse(answer["authorization_url"], 303) if status == 200 else _told(status, answer)

    async def _linked(self, request: Request) -> Response:
        """Where the browser's return opens the app: the code is confirmed as whoever is signed in here."""
        result, code = request.query_params.get("result", ""), request.query_params.get("code", "")
        if result != "success":
            return _home_with(f"Not connected: {result}")
        status, answer = await self._call(request, "POST", "connection/confirm", json={"code": code})
        if status != 201:
            return _told(status, answer)
        # Points from Google carry no time zone; the app knows its phone's.
        await self._call(request, "POST", "measurement/zone", json={"zone": ZONE})
        return _home_with("Connected.")

    async def _sync(self, request: Request) -> Response:
        return _told(*await self._call(request, "POST", "connection/sync", json={}))

    async def _disconnect(self, request: Request) -> Response:
        return _told(*await self._call(request, "DELETE", "connection/google_fit"))

    async def _data(self, request: Request) -> Response:
        today = self._clock.now().date() + timedelta(days=1)
        asked = {
            "kind": request.query_params.get("kind", Kind.STEPS),
            "from": str(today - timedelta(days=DAYS_SHOWN)),
            "to": str(today),
        }
        _, answer = await self._call(request, "GET", f"measurement?{urlencode(asked)}")
        text = escape(json.dumps(answer, indent=1, ensure_ascii=False))
        return _page(asked["kind"], f'<p><a href="./">Back</a></p><pre>{text}</pre>')

    async def _call(self, request: Request, method: str, path: str, **sent: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._token_for(self._uid(request))}", "Accept-Language": "en"}
        address = f"{request.url.scheme}://{request.url.netloc}/{path}"
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


def _home_with(say: str) -> RedirectResponse:
    return RedirectResponse(f"/app/?{urlencode({'say': say})}", 303)


def _told(status: int, answer: Any) -> RedirectResponse:
    return _home_with(f"{status}: {answer.get('title') or json.dumps(answer)}")


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{body}</html>"
    )


def _message(say: str) -> str:
    return f"<p role=status>{escape(say)}</p>" if say else ""


def _sign_in_form(uids: tuple[str, ...], current: str) -> str:
    buttons = "".join(
        f'<button name=uid value="{escape(uid)}"{" aria-current=true" if uid == current else ""}>{escape(uid)}</button>'
        for uid in uids
    )
    who = f"Signed in as <strong>{escape(current)}</strong>. Be somebody else:" if current else "Sign in as:"
    return f'<form method=post action="/app/sign_in"><p>{who} {buttons}</p></form>'


def _connect_form() -> str:
    boxes = "".join(f'<label><input type=checkbox name=kind value="{kind}" checked> {kind}</label> ' for kind in Kind)
    return (
        f'<form method=post action="/app/connect"><fieldset><legend>Kinds to share</legend>{boxes}</fieldset>'
        "<button>Connect Google Fit</button></form>"
    )


def _connections(connections: list[Any]) -> str:
    if not connections:
        return "<p>Nothing is connected.</p>"
    return "".join(_connection(connection) for connection in connections)


def _connection(connection: Any) -> str:
    rows = "".join(
        f'<tr><th scope=row><a href="/app/data?kind={escape(kind)}">{escape(kind)}</a><td>{escape(str(link["state"]))}'
        f"<td>{escape(str(link['last_success_at'] or '–'))}<td>{escape(str(link['last_error'] or ''))}"
        for kind, link in connection["kinds"].items()
    )
    return (
        f"<h2>{escape(connection['provider'])}: {escape(connection['state'])}</h2>"
        f"<p>Next fetch {escape(str(connection['next_sync_at']))}</p>"
        '<form method=post action="/app/sync"><button>Sync now</button></form>'
        '<form method=post action="/app/disconnect"><button>Disconnect</button></form>'
        f"<table><tr><th scope=col>Kind<th scope=col>State<th scope=col>Last fetched<th scope=col>Error{rows}</table>"
    )
