"""Codes, tokens, and how each of them dies: over HTTP, as our own client meets them."""

import base64
import datetime as dt
import hashlib
from urllib.parse import quote

import jwt
import pytest

from infra.local.google.catalogue import READ_SCOPES
from tests.local.google.conftest import REDIRECT

_VERIFIER = "v" * 50
_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).decode().rstrip("=")
_PKCE = {"code_challenge": _CHALLENGE, "code_challenge_method": "S256"}
_SLEEP, _BODY = (s for s in READ_SCOPES if "sleep" in s or "body.read" in s)


@pytest.fixture(autouse=True)
def _people(world):
    world.account("a@example.com", devices=[])
    world.account("b@example.com", devices=[])


def _code(google, scopes=None, **changes):
    where = google.world.consent(google.authorization_url(**changes), "a@example.com", scopes)
    return where.partition("&code=")[2].partition("&")[0].replace("%2F", "/")


def _redeem(google, issued, **changes):
    return google.token(**{"grant_type": "authorization_code", "code": issued, "redirect_uri": REDIRECT, **changes})


def _refresh(google, token, **changes):
    return google.token(grant_type="refresh_token", refresh_token=token, **changes)


async def test_a_code_becomes_tokens_in_googles_shape(google):
    tokens = (await _redeem(google, _code(google, **_PKCE, nonce="n-1"), code_verifier=_VERIFIER)).json()
    assert set(tokens) == {"access_token", "refresh_token", "expires_in", "scope", "token_type", "id_token"}
    assert tokens["expires_in"] == 3599
    assert tokens["token_type"] == "Bearer"
    email = "https://www.googleapis.com/auth/userinfo.email"
    assert set(tokens["scope"].split()) == {"openid", email, *READ_SCOPES}
    assert tokens["scope"].split() != ["openid", email, *READ_SCOPES]
    assert len(tokens["access_token"]) <= 2048
    assert len(tokens["refresh_token"]) <= 512


async def test_the_id_token_verifies_against_the_published_keys(google):
    tokens = (await _redeem(google, _code(google, nonce="n-1"))).json()
    keys = jwt.PyJWKSet.from_dict((await google.call("GET", "/oauth2/v3/certs")).json())
    key = keys[jwt.get_unverified_header(tokens["id_token"])["kid"]]
    # The world's clock is not the machine's.
    untimed: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    said = jwt.decode(tokens["id_token"], key, algorithms=["RS256"], audience="client", options=untimed)
    assert said["iss"] == "https://accounts.google.com"
    assert said["nonce"] == "n-1"
    assert said["email"] == "a@example.com"
    assert said["sub"] == google.world.accounts["a@example.com"].sub
    assert said["exp"] - said["iat"] == 3600
    assert said["iat"] == int(google.clock.now().timestamp())


@pytest.mark.parametrize(
    ("given", "description"), [("w" * 50, "Invalid code verifier."), ("", "Missing code verifier.")]
)
async def test_a_wrong_or_missing_verifier_is_refused_and_the_code_still_waits_for_the_right_one(
    google, given, description
):
    code = _code(google, **_PKCE)
    refused = await _redeem(google, code, code_verifier=given)
    assert refused.status == 400
    assert refused.json() == {"error": "invalid_grant", "error_description": description}
    assert (await _redeem(google, code, code_verifier=_VERIFIER)).status == 200


async def test_plain_pkce_and_a_verifier_nobody_announced(google):
    plain = _code(google, code_challenge=_VERIFIER, code_challenge_method="plain")
    assert (await _redeem(google, plain, code_verifier=_VERIFIER)).status == 200
    assert (await _redeem(google, _code(google), code_verifier=_VERIFIER)).json()["error"] == "invalid_grant"


async def test_a_code_works_once(google):
    code = _code(google)
    assert (await _redeem(google, code)).status == 200
    again = await _redeem(google, code)
    assert (again.status, again.json()["error"]) == (400, "invalid_grant")


async def test_a_code_lives_ten_minutes(google):
    code, late = _code(google), _code(google)
    google.clock.advance(dt.timedelta(minutes=9, seconds=59))
    assert (await _redeem(google, code)).status == 200
    google.clock.advance(dt.timedelta(seconds=1))
    assert (await _redeem(google, late)).json()["error"] == "invalid_grant"


async def test_the_redirect_address_must_be_the_one_of_the_consent(google):
    for other in (f"{REDIRECT}/", "", "https://evil.example"):
        refused = await _redeem(google, _code(google), redirect_uri=other)
        assert (refused.status, refused.json()["error"]) == (400, "redirect_uri_mismatch")


async def test_a_server_auth_code_has_no_redirect_address_and_no_verifier(google):
    code = google.world.mint_server_auth_code("a@example.com", "client", ["openid", *READ_SCOPES])
    assert (await _redeem(google, code)).json()["error"] == "redirect_uri_mismatch"
    tokens = (await google.token(grant_type="authorization_code", code=code)).json()
    assert "refresh_token" in tokens


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_secret": ""}, 400, "invalid_request"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": ""}, 400, "invalid_request"),
        ({"code": ""}, 400, "invalid_request"),
        ({"code": "4/never-issued"}, 400, "invalid_grant"),
    ],
)
async def test_what_is_wrong_with_a_token_request_is_told_in_googles_words(google, form, status, error):
    refused = await _redeem(google, _code(google), **form)
    assert (refused.status, refused.json()["error"]) == (status, error)
    assert set(refused.json()) == {"error", "error_description"}


async def test_the_client_may_authenticate_with_a_basic_header(google):
    google.world.client("odd:id", "s:e/c", [REDIRECT])
    basic = base64.b64encode(f"{quote('odd:id', safe='')}:{quote('s:e/c', safe='')}".encode()).decode()
    code = google.world.mint_server_auth_code("a@example.com", "odd:id", ["openid"])
    form = {"grant_type": "authorization_code", "code": code}
    answer = await google.call("POST", "/token", form=form, headers={"authorization": f"Basic {basic}"})
    assert answer.status == 200
    broken = await google.call("POST", "/token", form=form, headers={"authorization": "Basic %%%"})
    assert broken.json()["error"] == "invalid_request"


async def test_another_clients_code_is_refused(google):
    google.world.client("other", "secret", [REDIRECT])
    assert (await _redeem(google, _code(google), client_id="other")).json()["error"] == "invalid_grant"


async def test_another_clients_refresh_token_is_unauthorized(google):
    google.world.client("other", "secret", [REDIRECT])
    tokens = await google.linked("a@example.com")
    refused = await _refresh(google, tokens["refresh_token"], client_id="other")
    assert (refused.status, refused.json()["error"]) == (401, "unauthorized_client")


async def test_a_partial_grant_lists_only_what_was_ticked(google):
    tokens = (await _redeem(google, _code(google, scopes=[_SLEEP]))).json()
    assert {s for s in tokens["scope"].split() if "fitness" in s} == {_SLEEP}


async def test_a_returning_person_yields_a_refresh_token_only_with_prompt_consent(google):
    first = (await _redeem(google, _code(google, prompt=""))).json()
    second = (await _redeem(google, _code(google, prompt=""))).json()
    third = (await _redeem(google, _code(google))).json()
    online = (await _redeem(google, _code(google, access_type=""))).json()
    assert ["refresh_token" in t for t in (first, second, third, online)] == [True, False, True, False]


async def test_earlier_grants_are_merged_on_request_only(google):
    await _redeem(google, _code(google, scopes=[_SLEEP]))
    alone = (await _redeem(google, _code(google, scopes=[_BODY]))).json()
    assert _SLEEP not in alone["scope"].split()
    merged = (await _redeem(google, _code(google, scopes=[_BODY], include_granted_scopes="true"))).json()
    assert {_SLEEP, _BODY} <= set(merged["scope"].split())


async def test_a_refresh_returns_no_new_refresh_token_and_the_scopes_of_its_own_grant(google):
    tokens = await google.linked("a@example.com", [_SLEEP])
    await google.linked("a@example.com", READ_SCOPES)
    fresh = (await _refresh(google, tokens["refresh_token"])).json()
    assert "refresh_token" not in fresh
    assert {s for s in fresh["scope"].split() if "fitness" in s} == {_SLEEP}
    assert fresh["access_token"] != tokens["access_token"]


async def test_an_access_token_lives_an_hour_of_world_time(google):
    token = (await google.linked("a@example.com"))["access_token"]
    google.clock.advance(dt.timedelta(minutes=59, seconds=59))
    assert (await google.fit(token, "dataSources")).status == 200
    google.clock.advance(dt.timedelta(seconds=1))
    dead = await google.fit(token, "dataSources")
    assert dead.status == 401
    assert dead.json()["error"]["errors"][0]["reason"] == "authError"


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
async def test_revoking_either_token_ends_the_whole_grant_and_nobody_elses(google, which):
    first, second = await google.linked("a@example.com"), await google.linked("a@example.com", [_SLEEP])
    other = await google.linked("b@example.com")
    waiting = _code(google)
    assert (await google.call("POST", "/revoke", form={"token": first[which]})).status == 200
    for tokens in (first, second):
        assert (await google.fit(tokens["access_token"], "dataSources")).status == 401
        refused = await _refresh(google, tokens["refresh_token"])
        assert refused.status == 400
        assert refused.json() == {
            "error": "invalid_grant",
            "error_description": "Token has been expired or revoked.",
        }
    assert (await _redeem(google, waiting)).json()["error"] == "invalid_grant"
    assert (await _refresh(google, other["refresh_token"])).status == 200
    again = await google.call("POST", "/revoke", form={"token": first[which]})
    assert (again.status, again.json()["error"]) == (400, "invalid_token")


async def test_the_person_may_revoke_at_google(google):
    tokens = await google.linked("a@example.com")
    google.world.revoke("a@example.com")
    assert (await _refresh(google, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert "refresh_token" in (await _redeem(google, _code(google, prompt=""))).json()


async def test_strict_rotation_kills_the_old_token_at_once(google):
    google.world.oauth.rotation = "strict"
    old = (await google.linked("a@example.com"))["refresh_token"]
    new = (await _refresh(google, old)).json()["refresh_token"]
    assert (await _refresh(google, old)).status == 400
    assert (await _refresh(google, new)).status == 200


async def test_rotation_with_grace_keeps_the_old_token_until_the_new_one_is_used(google):
    google.world.oauth.rotation = "grace"
    old = (await google.linked("a@example.com"))["refresh_token"]
    await _refresh(google, old)  # the answer is lost
    new = (await _refresh(google, old)).json()["refresh_token"]
    assert (await _refresh(google, new)).status == 200
    assert (await _refresh(google, old)).status == 400


async def test_a_time_limited_grant_says_when_it_ends_and_does(google):
    google.world.oauth.refresh_lifetime = dt.timedelta(days=7)
    tokens = await google.linked("a@example.com")
    assert tokens["refresh_token_expires_in"] == 604_800
    google.clock.advance(dt.timedelta(days=6))
    assert (await _refresh(google, tokens["refresh_token"])).json()["refresh_token_expires_in"] == 86_400
    google.clock.advance(dt.timedelta(days=1))
    assert (await _refresh(google, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_refresh_token_unused_for_half_a_year_dies(google):
    tokens = await google.linked("a@example.com")
    google.clock.advance(dt.timedelta(days=180))
    assert (await _refresh(google, tokens["refresh_token"])).status == 200
    google.clock.advance(dt.timedelta(days=183))
    assert (await _refresh(google, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_the_hundred_and_first_refresh_token_silently_drops_the_oldest(google):
    held = [(await google.linked("a@example.com", [_SLEEP]))["refresh_token"] for _ in range(101)]
    assert (await _refresh(google, held[0])).json()["error"] == "invalid_grant"
    assert (await _refresh(google, held[1])).status == 200
    assert (await _refresh(google, held[100])).status == 200


@pytest.mark.parametrize(("word", "status"), [("admin_policy_enforced", 400), ("deleted_client", 401)])
async def test_an_account_may_refuse_to_refresh_for_its_own_reason(google, word, status):
    tokens = await google.linked("a@example.com")
    google.world.accounts["a@example.com"].refresh_refusal = word
    refused = await _refresh(google, tokens["refresh_token"])
    assert (refused.status, refused.json()["error"]) == (status, word)


async def test_tokeninfo_tells_the_scopes_of_a_live_token_only(google):
    tokens = await google.linked("a@example.com", [_SLEEP])
    told = (await google.call("GET", f"/tokeninfo?access_token={tokens['access_token']}")).json()
    assert set(told["scope"].split()) == set(tokens["scope"].split())
    assert (await google.call("GET", "/tokeninfo?access_token=x")).status == 400
