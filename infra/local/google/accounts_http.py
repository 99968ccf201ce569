"""The consent screen, the token, revocation and key endpoints."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from infra.local.google import consent_page
from infra.local.google.answers import document
from infra.local.google.consent import ConsentRequest, Refusal, decide, hinted, read_request
from infra.local.google.tokens import OAuthError, in_googles_order
from infra.local.google.world import World

_POLICY = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'", "cache-control": "no-store"}


def routes(world: World) -> list[Route]:
    """Where OAuth is found. Google spreads these over three hosts; their paths do not collide."""
    at = _Endpoints(world)
    return [
        Route("/o/oauth2/v2/auth", at.screen, methods=["GET", "POST"]),
        Route("/token", at.token, methods=["POST"]),
        Route("/revoke", at.revoke, methods=["POST"]),
        Route("/oauth2/v3/certs", at.certs, methods=["GET"]),
        Route("/tokeninfo", at.tokeninfo, methods=["GET"]),
    ]


class _Endpoints:
    def __init__(self, world: World) -> None:
        self.world = world

    async def screen(self, request: Request) -> Response:
        asked = read_request(request.query_params, self.world.oauth.clients)
        language = consent_page.language_of(request.query_params.get("hl"), request.headers.get("accept-language", ""))
        if isinstance(asked, Refusal):
            return HTMLResponse(consent_page.refusal(asked, language), asked.status, _POLICY)
        if request.method == "POST":
            return await _decided(self.world, request, asked, language)
        if "none" in asked.prompts:
            return _silent(self.world, asked)
        return HTMLResponse(consent_page.screen(asked, self.world.accounts.values(), language), headers=_POLICY)

    async def token(self, request: Request) -> Response:
        form = dict(await _form(request))
        client_id, secret = _credentials(request, form)
        try:
            answered = self.world.oauth.exchange(form, client_id, secret)
        except OAuthError as refused:
            return document(refused.body, refused.status)
        return document(answered, headers={"cache-control": "no-cache, no-store", "pragma": "no-cache"})

    async def revoke(self, request: Request) -> Response:
        form = dict(await _form(request))
        try:
            self.world.oauth.revoke(form.get("token") or request.query_params.get("token", ""))
        except OAuthError as refused:
            return document(refused.body, refused.status)
        return document({})

    async def certs(self, _: Request) -> Response:
        return document(self.world.oauth.key.jwks, headers={"cache-control": "public, max-age=19000"})

    async def tokeninfo(self, request: Request) -> Response:
        access = self.world.oauth.access(request.query_params.get("access_token", ""))
        if access is None:
            return document({"error": "invalid_token", "error_description": "Invalid Value"}, 400)
        left = round((access.expires_at - self.world.clock.now()).total_seconds())
        return document(
            {
                "azp": access.client_id,
                "aud": access.client_id,
                "sub": access.account.sub,
                "scope": in_googles_order(access.scopes),
                "expires_in": str(left),
                "access_type": "offline",
            }
        )


async def _decided(world: World, request: Request, asked: ConsentRequest, language: int) -> Response:
    """What the form leads to; the screen again, where it says too little: allowing needs somebody who allows."""
    pairs = await _form(request)
    form = dict(pairs)
    account, decision = world.accounts.get(form.get("account", "")), form.get("decision")
    if decision not in ("allow", "deny") or (decision == "allow" and account is None):
        again = consent_page.screen(asked, world.accounts.values(), language, missing=True)
        return HTMLResponse(again, 400, _POLICY)
    ticked = [value for name, value in pairs if name == "scope"]
    return RedirectResponse(decide(world.oauth, asked, account, ticked, allow=decision == "allow"), 302)


def _silent(world: World, asked: ConsentRequest) -> Response:
    account = hinted(asked, world.accounts.values())
    granted = world.oauth.granted.get((account.sub, asked.client.client_id)) if account else None
    return RedirectResponse(decide(world.oauth, asked, account, granted or (), allow=granted is not None), 302)


async def _form(request: Request) -> list[tuple[str, str]]:
    return parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)


def _credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """From the body, or from a basic Authorization header."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return unquote(client_id), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")
