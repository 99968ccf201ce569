"""Before the first notice is in force there is nothing to agree to; on its day it is served, without a deploy."""

import datetime as dt
from datetime import timedelta

import pytest

from shared.clock import ManualClock
from tests.journeys.staff import standing
from tests.journeys.town import Town
from tests.policy.written import FIRST

FIRST_AT = dt.datetime(2026, 9, 30, 15, tzinfo=dt.UTC)  # midnight in Tokyo


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(FIRST_AT - timedelta(hours=1))


async def test_nothing_can_be_decided_before_there_are_words_for_it(town: Town):
    hana = town.person("hana", devices=[])
    early = await town.call("GET", "/consent/notice")
    assert (early.status, early.code) == (409, "notice_not_in_force")
    assert (await town.call("GET", f"/consent/notice?version={FIRST}")).json["in_force_from"] == "2026-10-01"
    begun = await hana.call("POST", "/oauth_start", body={"provider": "google_fit", "kinds": ["weight"]})
    assert (begun.status, begun.code) == (409, "notice_not_in_force")
    await town.platform.advance(timedelta(hours=1), schedules=False)
    assert (await town.call("GET", "/consent/notice")).json["version"] == FIRST
    assert (await standing(hana))["notice"]["version"] == FIRST
