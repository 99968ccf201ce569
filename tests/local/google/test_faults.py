"""Bad days, in process: each fault does what its name says, to whom and as often as told."""

import datetime as dt
import json
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import pytest

from infra.local.google import Fault
from infra.local.google import catalogue as c
from infra.local.google.devices import watch
from infra.local.google.faults import KINDS
from shared.errors import Unavailable
from tests.local.google.conftest import stream_path

_HEART = c.merged_ids(c.HEART_RATE)[0]
_SET = stream_path(_HEART, "/datasets/0-4000000000000000000")


@pytest.fixture
async def token(google, world):
    world.account("a@example.com", devices=[watch()], history=dt.timedelta(days=1))
    world.account("b@example.com", devices=[watch()], history=dt.timedelta(days=1))
    return (await google.linked("a@example.com"))["access_token"]


@pytest.fixture
def strike(world):
    return lambda kind, **how: world.faults.add(Fault(kind, **how))


async def test_a_fault_counts_down_and_is_gone(google, token, strike, world):
    strike("status", status=503, times=2)
    answers = [(await google.fit(token, _SET)).status for _ in range(3)]
    assert answers == [503, 503, 200]
    assert world.faults.active == []


async def test_a_fault_without_a_count_lasts_until_cleared(google, token, strike, world):
    fault = strike("status", status=500, times=None)
    assert [(await google.fit(token, _SET)).status for _ in range(3)] == [500, 500, 500]
    world.faults.clear(fault)
    assert (await google.fit(token, _SET)).status == 200


async def test_a_fault_may_wait_its_turn(google, token, strike):
    strike("status", status=500, skip=2)
    assert [(await google.fit(token, _SET)).status for _ in range(4)] == [200, 200, 500, 200]


async def test_a_fault_strikes_its_account_and_endpoint_only(google, token, strike):
    other = (await google.linked("b@example.com"))["access_token"]
    strike("status", status=500, endpoint="datasets", account="a@example.com", times=None)
    assert (await google.fit(other, _SET)).status == 200
    assert (await google.fit(token, "dataSources")).status == 200
    assert (await google.fit(token, _SET)).status == 500


async def test_a_pattern_may_name_one_stream(google, token, strike):
    strike("status", status=500, endpoint="*com.google.sleep.segment*", times=None)
    assert (await google.fit(token, _SET)).status == 200
    sleep = stream_path(c.merged_ids(c.SLEEP)[0], "/datasets/0-1")
    assert (await google.fit(token, sleep)).status == 500


async def test_the_token_endpoint_knows_whose_token_it_is(google, token, strike):
    mine, other = await google.linked("a@example.com"), await google.linked("b@example.com")
    strike("status", status=503, endpoint="token", account="a@example.com", times=None)

    async def refresh(tokens):
        return (await google.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])).status

    assert [await refresh(mine), await refresh(other)] == [503, 200]


async def test_a_429_may_carry_retry_after_in_seconds_as_a_date_or_not_at_all(google, token, strike, clock):
    strike("status", retry_after=7)
    strike("status", retry_after="date", retry_after_s=90)
    strike("status")
    seconds, date, none = [await google.fit(token, _SET) for _ in range(3)]
    assert [a.status for a in (seconds, date, none)] == [429, 429, 429]
    assert seconds.headers["retry-after"] == "7"
    assert parsedate_to_datetime(date.headers["retry-after"]) == clock.now() + dt.timedelta(seconds=90)
    assert "retry-after" not in none.headers
    assert none.json()["error"]["errors"][0]["reason"] == "rateLimitExceeded"


async def test_a_status_may_give_its_reason(google, token, strike):
    strike("status", status=403, reason="accessNotConfigured")
    error = (await google.fit(token, _SET)).json()["error"]
    assert (error["code"], error["errors"][0]["reason"]) == (403, "accessNotConfigured")


async def test_a_fault_after_the_effect_lets_the_request_happen(google, token, strike, world):
    world.oauth.rotation = "strict"
    old = (await google.linked("a@example.com"))["refresh_token"]
    strike("status", endpoint="token", status=500, after=True)
    lost = await google.token(grant_type="refresh_token", refresh_token=old)
    again = await google.token(grant_type="refresh_token", refresh_token=old)
    assert (lost.status, again.json()["error"]) == (500, "invalid_grant")


async def test_slow_is_slow_and_otherwise_well(google, token, strike):
    strike("slow", seconds=0.01)
    assert (await google.fit(token, _SET)).status == 200


async def test_an_error_page_comes_with_200(google, token, strike):
    strike("html")
    page = await google.fit(token, _SET)
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")


async def test_a_malformed_body_has_a_matching_length_and_no_end(google, token, strike):
    strike("malformed")
    page = await google.fit(token, _SET)
    assert int(page.headers["content-length"]) == len(page.body)
    with pytest.raises(json.JSONDecodeError):
        page.json()


async def test_a_truncated_body_ends_before_what_was_announced(google, token, strike):
    strike("truncated")
    with pytest.raises(Unavailable, match="upstream_unavailable"):
        await google.fit(token, _SET)


async def test_a_repeated_page_token_is_the_one_that_was_sent(google, token, strike):
    first = (await google.fit(token, f"{_SET}?limit=100")).json()
    strike("repeated_token")
    again = (await google.fit(token, f"{_SET}?{urlencode({'limit': 100, 'pageToken': first['nextPageToken']})}")).json()
    assert again["nextPageToken"] == first["nextPageToken"]
    assert again["point"] != first["point"]


@pytest.mark.parametrize("tail", ["/datasets/0-4000000000000000000", "/dataPointChanges"])
async def test_an_empty_page_leads_on_to_the_page_that_should_have_come(google, token, strike, tail):
    path = stream_path(_HEART, tail)
    good = (await google.fit(token, f"{path}?limit=100")).json()
    for sent in ("", good["nextPageToken"]):
        query = {"limit": 100, "pageToken": sent}
        due = (await google.fit(token, f"{path}?{urlencode(query)}")).json()
        strike("empty_page")
        empty = (await google.fit(token, f"{path}?{urlencode(query)}")).json()
        assert not empty.get("point")
        assert not empty.get("insertedDataPoint")
        assert empty["nextPageToken"] not in ("", sent)
        query["pageToken"] = empty["nextPageToken"]
        assert (await google.fit(token, f"{path}?{urlencode(query)}")).json() == due


async def test_nan_oversized_deep_and_duplicate_keys(google, token, strike):
    for kind in ("nan", "oversized", "deep", "duplicate_keys"):
        strike(kind)
    nan, oversized, deep, twin = [await google.fit(token, _SET) for _ in range(4)]
    assert b'"fpVal": NaN' in nan.body
    assert len(oversized.body) > 1 << 20
    assert len(oversized.json()["point"]) > 1000
    assert deep.body.count(b"[") == 100_000
    assert twin.body.count(b'"minStartTimeNs"') == 2


async def test_any_answer_can_be_put_in_googles_mouth(google, token, strike):
    strike("answer", status=418, body='{"tea": true}')
    said = await google.fit(token, _SET)
    assert (said.status, said.json()) == (418, {"tea": True})


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_cannot_be_spoiled_into_a_page(google, strike, kind):
    strike(kind, seconds=0.0)
    try:
        refusal = await google.fit("nonsense", _SET)
    except Unavailable:
        return
    assert refusal.status != 200 or b'"point"' not in refusal.body


def test_a_fault_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="gremlins"):
        Fault("gremlins")  # type: ignore[arg-type] # the mistake under test
