import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.cloud.http import Answer
from shared.cloud.identity import GoogleSubject
from shared.config import load
from shared.errors import NotPermitted, Refused, Unavailable
from shared.source.google_fit.oauth import CLIENT_SECRET, EXPIRY_MARGIN, GoogleAuthority
from shared.source.google_fit.scopes import SCOPES
from shared.vocabulary import Kind, Language
from tests.fakes import MemorySecrets

SETTINGS = load(
    {
        "DOCUMENTS": "sqlite:x",
        "PUBLIC_URL": "https://f.example",
        "FIREBASE_PROJECT": "p",
        "FIREBASE_API_KEY": "k",
        "SCHEDULER_ACCOUNT": "s@p",
        "TASKS_ACCOUNT": "t@p",
        "GOOGLE_CLIENT_ID": "client",
        "APP_LINK": "https://app.example",
        "DEVELOPMENT": "1",
    }
)


class Google:
    """Answers in turn, and keeps what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    async def send(self, method, url, *, form=None, **_):
        self.sent.append((method, url, dict(form or {})))
        one = self.answers.pop(0)
        if isinstance(one, Exception):
            raise one
        return one


class Believing:
    async def google_subject(self, id_token, *, nonce=None):
        if id_token != "good":
            raise NotPermitted("unauthenticated")
        return GoogleSubject(f"sub-of-{nonce}")


def ok(**fields):
    return Answer(
        200, {}, json.dumps({"access_token": "at", "expires_in": 3599, "token_type": "Bearer", **fields}).encode()
    )


def refused(error, status=400):
    return Answer(status, {}, json.dumps({"error": error, "error_description": "canary"}).encode())


@pytest.fixture
def authority(clock):
    def build(*answers):
        google = Google(*answers)
        secrets = MemorySecrets({CLIENT_SECRET: [b"client-secret"]})
        return google, GoogleAuthority(SETTINGS, http=google, secrets=secrets, identities=Believing(), clock=clock)

    return build


def exchange(a, **changes):
    given = {"verifier": "v", "redirect_uri": "https://f.example/oauth_callback", "nonce": "n", "scope_hint": ""}
    return a.exchange("code", **{**given, **changes})


def test_the_consent_url_asks_for_the_kinds_and_nothing_more(authority):
    _, a = authority()
    url = a.consent_url(
        [Kind.WEIGHT, Kind.SLEEP], state="s", challenge="c", nonce="n", redirect_uri="https://r", language=Language.JA
    )
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query.pop("scope").split() == ["openid", SCOPES[Kind.WEIGHT], SCOPES[Kind.SLEEP]]
    assert query == {
        "response_type": "code",
        "client_id": "client",
        "redirect_uri": "https://r",
        "state": "s",
        "nonce": "n",
        "code_challenge": "c",
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
        "hl": "ja",
    }


def test_every_kind_has_one_read_scope():
    assert set(SCOPES) == set(Kind)
    assert len(set(SCOPES.values())) == 8
    assert all(scope.endswith(".read") for scope in SCOPES.values())


async def test_a_grant_has_the_kinds_that_were_granted(authority, clock):
    scope = f"openid {SCOPES[Kind.WEIGHT]} https://www.googleapis.com/auth/fitness.location.read"
    google, a = authority(ok(refresh_token="rt", id_token="good", scope=scope))
    grant = await exchange(a)
    assert (grant.subject, grant.kinds, grant.refresh_token) == ("sub-of-n", {Kind.WEIGHT}, "rt")
    assert grant.access_expires_at == clock.now() + timedelta(seconds=3599) - EXPIRY_MARGIN
    ((_, url, form),) = google.sent
    assert url == "https://oauth2.googleapis.com/token"
    assert form == {
        "grant_type": "authorization_code",
        "code": "code",
        "redirect_uri": "https://f.example/oauth_callback",
        "code_verifier": "v",
        "client_id": "client",
        "client_secret": "client-secret",
    }


async def test_where_the_token_names_no_scope_the_redirect_does(authority):
    _, a = authority(ok(refresh_token="rt", id_token="good"))
    assert (await exchange(a, scope_hint=SCOPES[Kind.STEPS])).kinds == {Kind.STEPS}


async def test_a_device_code_has_no_verifier_and_an_empty_redirect(authority):
    google, a = authority(ok(refresh_token="rt", id_token="good", scope=SCOPES[Kind.STEPS]))
    await exchange(a, verifier="", redirect_uri="", nonce="")
    assert google.sent[0][2]["redirect_uri"] == ""
    assert "code_verifier" not in google.sent[0][2]


@pytest.mark.parametrize(
    ("given", "category", "code"),
    [
        (refused("invalid_grant"), Refused, "code_refused"),
        (refused("invalid_client", 401), Refused, "google_client_refused"),
        (refused("redirect_uri_mismatch"), Refused, "google_client_refused"),
        (refused("unauthorized_client", 401), Refused, "google_client_refused"),
        (Answer(429, {"retry-after": "9"}, b"{}"), Unavailable, "upstream_rate_limited"),
        (Answer(500, {}, b"<html>"), Unavailable, "upstream_unavailable"),
        (Answer(200, {}, b"not json"), Unavailable, "upstream_malformed"),
        (ok(refresh_token="rt", id_token="forged"), Refused, "code_refused"),
        (ok(refresh_token="rt"), Refused, "code_refused"),
        (Unavailable("upstream_unavailable"), Unavailable, "upstream_unavailable"),
    ],
)
async def test_a_failed_exchange_says_whose_fault_it_is_and_is_never_repeated(authority, given, category, code):
    google, a = authority(given)
    with pytest.raises(category) as raised:
        await exchange(a)
    assert raised.value.code == code
    assert "canary" not in str(raised.value)
    assert len(google.sent) == 1


@pytest.mark.parametrize(
    ("given", "category", "code"),
    [
        (refused("invalid_grant"), Refused, "token_dead"),
        (refused("invalid_client", 401), Refused, "google_client_refused"),
        (refused("deleted_client", 401), Refused, "google_client_refused"),
        (refused("something_new"), Unavailable, "upstream_unavailable"),
        (Answer(400, {}, b"<html>"), Unavailable, "upstream_unavailable"),
        (Answer(401, {}, b""), Unavailable, "upstream_unavailable"),
        (Answer(429, {}, b""), Unavailable, "upstream_rate_limited"),
    ],
)
async def test_only_invalid_grant_means_that_the_grant_is_dead(authority, given, category, code):
    _, a = authority(given)
    with pytest.raises(category) as raised:
        await a.refresh("rt")
    assert raised.value.code == code


async def test_a_refresh_waits_out_a_passing_fault(authority):
    google, a = authority(Answer(503, {}, b""), ok(scope=SCOPES[Kind.STEPS]))
    refreshed = await a.refresh("rt")
    assert (refreshed.access_token, refreshed.refresh_token, refreshed.kinds) == ("at", None, {Kind.STEPS})
    assert len(google.sent) == 2


async def test_a_refresh_that_names_no_scope_says_nothing_about_kinds(authority):
    _, a = authority(ok())
    assert (await a.refresh("rt")).kinds is None


@pytest.mark.parametrize("given", [Answer(200, {}, b"{}"), refused("invalid_token"), refused("invalid_grant")])
async def test_a_grant_that_is_gone_is_revoked(authority, given):
    google, a = authority(given)
    await a.revoke("rt")
    assert google.sent == [("POST", "https://oauth2.googleapis.com/revoke", {"token": "rt"})]


@pytest.mark.parametrize("given", [refused("invalid_request"), Answer(404, {}, b""), Answer(400, {}, b"<html>")])
async def test_a_revocation_that_is_not_confirmed_is_not_taken_for_one(authority, given):
    _, a = authority(given)
    with pytest.raises(Unavailable):
        await a.revoke("rt")


async def test_tokens_never_show(authority):
    _, a = authority(ok(refresh_token="canary-rt", id_token="good", scope=""), ok(refresh_token="canary-rt"))
    assert "canary" not in repr(await exchange(a)) + repr(await a.refresh("x"))
