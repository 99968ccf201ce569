"""Identity-Aware Proxy for one machine: test staff sign in by a click, and what they open bears the signed header.

As in the cloud it stands before the functions that staff call, and adds nothing to calls that do not come through a
signed-in browser: an app's own requests, and whoever tries to go round it, reach the function as they are.
"""

from collections.abc import Callable
from html import escape
from typing import NamedTuple
from urllib.parse import parse_qs, quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from infra.demo.people import Words
from infra.local.app_pages import page
from infra.local.app_words import in_language
from infra.local.gateway import Asgi, Receive, Scope, Send
from infra.local.issuer import staff_sub
from infra.roster import ROLES, rostering
from shared.clock import Clock
from shared.cloud.documents import Documents
from shared.edge import language_of
from shared.ids import Ids
from shared.staff.model import Role, day_of
from shared.staff.service import Person
from shared.vocabulary import Language

HEADER = b"x-goog-iap-jwt-assertion"
COOKIE = "iap_session"
PEOPLES = ("/requests", "/links/")
"""What the balancer sends round the proxy: infra/decisions/0016, 0018."""
_ADMINISTRATOR = "admin@kagamino.example"
_TITLE = Words("担当者のサインイン（模擬）", "Staff sign-in (simulated)")
_ABOUT = Words(
    "本番では Identity-Aware Proxy がここに立ちます。担当者を選んでください。",
    "In production Identity-Aware Proxy stands here. Choose a member of staff.",
)
_SIGNED_IN = Words("{0} としてサインインしています。", "You are signed in as {0}.")
_SIGN_OUT = Words("サインアウト", "Sign out")


class Colleague(NamedTuple):
    """A member of staff to sign in as."""

    name: str
    email: str
    roles: tuple[Role, ...]


TEST_STAFF = (
    Colleague("鈴木 花子", "suzuki@kagamino.example", (Role.WINDOW,)),
    Colleague("小林 海", "kobayashi@kagamino.example", (Role.WINDOW,)),
    Colleague("佐藤 健", "sato@kagamino.example", (Role.VERIFIER,)),
    Colleague("高橋 みのり", "takahashi@kagamino.example", (Role.DECIDER,)),
    Colleague("山本 翼", "yamamoto@kagamino.example", (Role.WINDOW, Role.VERIFIER, Role.DECIDER)),
    Colleague("田中 一郎", "tanaka@kagamino.example", (Role.MANAGER,)),
    Colleague("伊藤 直子", "ito@kagamino.example", (Role.AUDITOR,)),
)
STRANGER = "stranger@kagamino.example"
"""An account that the proxy lets through and that nobody has registered."""


async def register_test_staff(documents: Documents, clock: Clock) -> dict[str, str]:
    """Put everybody on the roster, with their roles, from today on; their ids by e-mail address. Who is on it stays as
    they are."""
    use = rostering(documents, clock)
    ids = {one.email: one.id for one in (await use.listed()).members}
    for one in TEST_STAFF:
        if one.email in ids:
            continue
        languages = (Language.JA, Language.EN)
        person = Person(sub=staff_sub(one.email), email=one.email, name=one.name, languages=languages)
        ids[one.email] = await use.register(person, by=_ADMINISTRATOR, evidence="local")
        for role in one.roles:
            await use.give(ids[one.email], role, day_of(clock.now()), by=_ADMINISTRATOR, evidence="local")
    return ids


class StaffProxy:
    """Signs staff in at /staff/, and stands before each function that staff call."""

    def __init__(self, *, assertion_for: Callable[[str], str], ids: Ids) -> None:
        self._assertion_for = assertion_for
        self._ids = ids
        self._sessions: dict[str, str] = {}

    def routes(self) -> Starlette:
        """To be mounted at /staff."""
        return Starlette(
            routes=[
                Route("/", self._home),
                Route("/sign_in", self._sign_in, methods=["POST"]),
                Route("/sign_out", self._sign_out, methods=["POST"]),
            ]
        )

    def before(self, name: str, app: Asgi) -> Asgi:
        """The function `name`, behind the proxy."""

        async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope)
            email = self._sessions.get(request.cookies.get(COOKIE, ""), "")
            if HEADER.decode() in request.headers:
                await app(scope, receive, send)  # a call that goes round the proxy: the function must judge it
            elif email:
                kept = [(key, value) for key, value in scope["headers"] if not key.startswith(b"x-goog-")]
                assertion = (HEADER, self._assertion_for(email).encode())
                await app({**scope, "headers": [*kept, assertion]}, receive, send)
            elif request.method == "GET" and _is_a_browsers(request) and not scope["path"].startswith(PEOPLES):
                query = f"?{request.url.query}" if request.url.query else ""
                to = quote(f"/{name}{scope['path']}{query}", safe="")
                await RedirectResponse(f"/staff/?to={to}", 302)(scope, receive, send)
            else:
                await app(scope, receive, send)

        return proxied

    async def _home(self, request: Request) -> Response:
        language = language_of(f"{request.query_params.get('lang', '')},{request.headers.get('accept-language', '')}")
        to = escape(request.query_params.get("to", "/disclosure/"))
        email = self._sessions.get(request.cookies.get(COOKIE, ""), "")
        who = ""
        if email:
            who = (
                f"<p role=status>{escape(in_language(_SIGNED_IN, language, email))}</p>"
                f'<form method=post action="/staff/sign_out"><button>{in_language(_SIGN_OUT, language)}</button></form>'
            )
        buttons = "".join(
            f"<p><button name=email value={escape(one.email)}>{escape(one.name)}</button> {_roles(one, language)}</p>"
            for one in (*TEST_STAFF, Colleague(STRANGER, STRANGER, ()))
        )
        body = (
            f"<p>{in_language(_ABOUT, language)}</p>{who}"
            f'<form method=post action="/staff/sign_in"><input type=hidden name=to value="{to}">{buttons}</form>'
        )
        return HTMLResponse(page(in_language(_TITLE, language), body, language, dict(request.query_params)))

    async def _sign_in(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        email, to = form.get("email", [""])[0], form.get("to", ["/disclosure/"])[0]
        back = RedirectResponse(to if to.startswith("/") and not to.startswith("//") else "/disclosure/", 303)
        if email in (*(one.email for one in TEST_STAFF), STRANGER):
            back.set_cookie(COOKIE, self.session(email), httponly=True, samesite="lax")
        return back

    async def _sign_out(self, request: Request) -> Response:
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        return RedirectResponse("/staff/", 303)

    def session(self, email: str) -> str:
        """What a browser that is signed in as this account brings in the cookie `COOKIE`."""
        token = self._ids.token()
        self._sessions[token] = email
        return token


def _is_a_browsers(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and "authorization" not in request.headers


def _roles(one: Colleague, language: Language) -> str:
    return escape("・".join(ROLES[role] for role in one.roles) if language is Language.JA else ", ".join(one.roles))
