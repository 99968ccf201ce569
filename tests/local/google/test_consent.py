"""The consent screen: what Google refuses to show it for, what the person sees, and what a decision leads to."""

import re

import pytest

from infra.local.google.catalogue import READ_SCOPES
from infra.local.google.consent import Refusal
from tests.local.google.conftest import REDIRECT


@pytest.fixture(autouse=True)
def _people(world):
    world.account("hanako@example.com", name="鏡野 花子", devices=[])
    world.account("taro@example.com", name="<b>Taro</b>", devices=[])


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": ""}, 400, "invalid_request"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"redirect_uri": ""}, 400, "invalid_request"),
        ({"redirect_uri": f"{REDIRECT}/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": f"{REDIRECT}?x=1"}, 400, "redirect_uri_mismatch"),
        ({"response_type": ""}, 400, "invalid_request"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"scope": ""}, 400, "invalid_request"),
        ({"scope": "openid https://www.googleapis.com/auth/fitness.everything"}, 400, "invalid_scope"),
        ({"access_type": "sometimes"}, 400, "invalid_request"),
        ({"prompt": "none consent"}, 400, "invalid_request"),
        ({"prompt": "maybe"}, 400, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, 400, "invalid_request"),
        ({"code_challenge": "c" * 43, "code_challenge_method": "S512"}, 400, "invalid_request"),
        ({"code_challenge_method": "S256"}, 400, "invalid_request"),
        ({"include_granted_scopes": "yes"}, 400, "invalid_request"),
    ],
)
async def test_a_faulty_request_gets_an_error_page_and_never_a_redirect(google, changes, status, error):
    url = google.authorization_url(**changes)
    shown = await google.call("GET", url)
    assert shown.status == status
    assert "location" not in shown.headers
    assert error in shown.body.decode()
    with pytest.raises(Refusal, match=error):
        google.world.consent(url, "hanako@example.com")


async def test_the_page_offers_every_account_and_every_scope_unticked(google):
    page = (await google.call("GET", google.authorization_url())).body.decode()
    assert re.findall(r'name="account" value="([^"]+)"', page) == ["hanako@example.com", "taro@example.com"]
    assert re.findall(r'name="scope" value="([^"]+)"', page) == list(READ_SCOPES)
    assert "checked" not in page
    assert page.count("required") == 2
    assert "<b>Taro</b>" not in page
    assert not re.search(r'(src|href)="', page)


@pytest.mark.parametrize(
    ("changes", "accept", "words"),
    [
        ({}, "", "血圧データの表示"),
        ({}, "en-GB,en;q=0.9,ja;q=0.8", "See your blood pressure data"),
        ({"hl": "ja"}, "en", "血圧データの表示"),
        ({"hl": "en"}, "ja", "See your blood pressure data"),
        ({}, "fr,de", "血圧データの表示"),
    ],
)
async def test_the_page_speaks_the_persons_language(google, changes, accept, words):
    page = await google.call("GET", google.authorization_url(**changes), headers={"accept-language": accept})
    assert words in page.body.decode()


@pytest.mark.parametrize("by", ["email", "sub"])
async def test_whom_the_login_hint_names_is_preselected(google, by):
    hint = getattr(google.world.accounts["taro@example.com"], by)
    page = (await google.call("GET", google.authorization_url(login_hint=hint))).body.decode()
    assert re.findall(r'value="([^"]+)"[^>]* checked', page) == ["taro@example.com"]


async def test_a_login_hint_that_names_nobody_preselects_nobody(google):
    page = (await google.call("GET", google.authorization_url(login_hint="stranger@example.com"))).body.decode()
    assert "checked" not in page


async def test_whoever_allows_without_being_anybody_is_asked_again_in_their_language(google):
    url = google.authorization_url(hl="en")
    page = (await google.call("POST", url, form={"scope": READ_SCOPES, "decision": "allow"})).body.decode()
    assert "Choose an account to continue." in page
    assert re.findall(r'name="scope" value="([^"]+)"', page) == list(READ_SCOPES)
    assert 'role="alert"' not in (await google.call("GET", url)).body.decode()


async def test_declining_needs_nobody(google):
    back = await google.call("POST", google.authorization_url(), form={"decision": "deny"})
    assert back.sent_to() == {"error": "access_denied", "state": "xyz"}


async def test_continuing_leads_back_with_code_state_and_the_ticked_scopes(google):
    form = {"account": "taro@example.com", "scope": READ_SCOPES[:3], "decision": "allow"}
    back = await google.call("POST", google.authorization_url(), form=form)
    assert back.status == 302
    assert back.headers["location"].startswith(f"{REDIRECT}?")
    said = back.sent_to()
    assert said["state"] == "xyz"
    assert {s for s in said["scope"].split() if "fitness" in s} == set(READ_SCOPES[:3])
    tokens = await google.token(grant_type="authorization_code", code=said["code"], redirect_uri=REDIRECT)
    assert tokens.status == 200


async def test_ticking_nothing_still_tells_who_the_person_is(google):
    back = await google.call(
        "POST", google.authorization_url(), form={"account": "taro@example.com", "decision": "allow"}
    )
    assert "fitness" not in back.sent_to()["scope"]


async def test_ticking_nothing_where_nothing_else_was_asked_is_a_refusal(google):
    url = google.authorization_url(scope=" ".join(READ_SCOPES))
    back = await google.call("POST", url, form={"account": "taro@example.com", "decision": "allow"})
    assert back.sent_to() == {"error": "access_denied", "state": "xyz"}


async def test_a_scope_that_was_not_asked_for_cannot_be_ticked(google):
    form = {"account": "taro@example.com", "scope": READ_SCOPES, "decision": "allow"}
    back = await google.call("POST", google.authorization_url(scopes=READ_SCOPES[:1]), form=form)
    assert {s for s in back.sent_to()["scope"].split() if "fitness" in s} == {READ_SCOPES[0]}


async def test_cancelling_leads_back_with_access_denied(google):
    form = {"account": "hanako@example.com", "scope": READ_SCOPES, "decision": "deny"}
    back = await google.call("POST", google.authorization_url(), form=form)
    assert back.sent_to() == {"error": "access_denied", "state": "xyz"}


@pytest.mark.parametrize("form", [{"decision": "allow"}, {"account": "hanako@example.com"}, {"account": "x@y"}])
async def test_a_decision_without_a_person_or_an_answer_decides_nothing(google, form):
    assert (await google.call("POST", google.authorization_url(), form=form)).status == 400


async def test_prompt_none_works_silently_only_for_who_agreed_before(google):
    url = google.authorization_url(prompt="none", login_hint="hanako@example.com")
    assert (await google.call("GET", url)).sent_to()["error"] == "interaction_required"
    google.world.consent(google.authorization_url(), "hanako@example.com", READ_SCOPES[:2])
    said = (await google.call("GET", url)).sent_to()
    assert {s for s in said["scope"].split() if "fitness" in s} == set(READ_SCOPES[:2])
