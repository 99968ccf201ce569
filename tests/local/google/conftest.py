"""A small world, and the app around it held to Google's discovery document."""

import datetime as dt
from urllib.parse import quote, urlencode

import pytest

from infra.local.google import World, create_app
from infra.local.google.catalogue import READ_SCOPES
from infra.local.google.signing import SigningKey
from shared.clock import ManualClock
from tests.local.google.calling import Answer, call
from tests.local.google.discovery import DiscoveryCheck

NOW = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)  # noon in Tokyo
REDIRECT = "https://app.example/oauth_callback"
_KEY = SigningKey("a" * 40)


class Google:
    """The world over HTTP, and shorthand for what tests do all the time."""

    def __init__(self, world: World, clock: ManualClock) -> None:
        self.world = world
        self.clock = clock
        self.check = DiscoveryCheck(create_app(world))
        world.client("client", "secret", [REDIRECT])

    def authorization_url(self, scopes=READ_SCOPES, **changes: str) -> str:
        query = {
            "client_id": "client",
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": " ".join(["openid", "email", *scopes]),
            "state": "xyz",
            "access_type": "offline",
            "prompt": "consent",
            **changes,
        }
        return "/o/oauth2/v2/auth?" + urlencode({k: v for k, v in query.items() if v})

    async def call(self, method: str, url: str, **parts) -> Answer:
        return await call(self.check, method, url, **parts)

    async def token(self, **form: str) -> Answer:
        basics = {"client_id": "client", "client_secret": "secret"}
        return await self.call("POST", "/token", form={k: v for k, v in (basics | form).items() if v})

    async def linked(self, email: str, scopes=READ_SCOPES) -> dict:
        code = self.world.mint_server_auth_code(email, "client", ["openid", "email", *scopes])
        answer = await self.token(grant_type="authorization_code", code=code)
        return dict(answer.json())

    async def fit(self, access_token: str, path: str) -> Answer:
        return await self.call(
            "GET", f"/fitness/v1/users/me/{path}", headers={"authorization": f"Bearer {access_token}"}
        )


def stream_path(stream_id: str, tail: str = "") -> str:
    return f"dataSources/{quote(stream_id, safe='')}{tail}"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def world(clock: ManualClock) -> World:
    return World(clock, signing_key=_KEY)


@pytest.fixture
def google(world: World, clock: ManualClock):
    google = Google(world, clock)
    yield google
    google.check.verify()
