"""Tokens that rotate and end, limits that are reached, set-up that is broken: who notices what."""

from datetime import timedelta
from typing import Literal

import pytest
from google.cloud.secretmanager_v1 import SecretVersion

from infra.local.google import catalogue as c
from infra.local.google.devices import cuff, scale
from shared.vocabulary import Kind
from tests.journeys.town import App, Town


async def untroubled(app: App) -> bool:
    """Whether a person's data was fetched within two intervals, and nothing is wrong."""
    connection = await app.connection()
    since = (app.town.clock.now() - timedelta(hours=6)).isoformat()[:19]
    errors = [connection["last_error"], *(kind["last_error"] for kind in connection["kinds"].values())]
    return connection["state"] == "active" and connection["last_success_at"] >= since and not any(errors)


@pytest.mark.parametrize("rotation", ["grace", "strict"])
async def test_refresh_tokens_that_rotate_are_kept_up_with(town: Town, rotation: Literal["grace", "strict"]):
    town.world.oauth.rotation = rotation
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    for _ in range(3):
        await town.pass_time(timedelta(hours=9))
        assert await untroubled(hana)
    assert (await hana.disconnect()).status == 200
    assert not town.granted_at_google(hana)


async def test_a_permission_that_google_ends_after_a_week_asks_for_the_person(town: Town):
    town.world.oauth.refresh_lifetime = timedelta(days=7)
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    await town.pass_time(timedelta(days=6), every=timedelta(hours=12))
    assert await untroubled(hana)
    await town.pass_time(timedelta(days=1, hours=6))
    assert (await hana.connection())["state"] == "needs_reauth"
    await hana.link()
    assert await untroubled(hana)


@pytest.mark.parametrize("status", [403, 429])
async def test_under_googles_limit_per_minute_everything_arrives_in_the_end(town: Town, status: Literal[403, 429]):
    town.world.quota.per_user_per_minute = 12
    town.world.quota.status = status
    hana = town.person("hana", devices=[scale(), cuff()], days=3)
    await hana.link()
    assert (await hana.connection())["state"] == "active"
    await town.pass_time(timedelta(hours=3), every=timedelta(minutes=5))
    for kind, type_name in ((Kind.WEIGHT, c.WEIGHT), (Kind.BODY_TEMPERATURE, c.TEMPERATURE)):
        stream = hana.account.streams[c.merged_ids(type_name)[0]]
        assert len(await hana.points(kind)) == len(stream.points)


async def test_when_the_projects_day_is_used_up_nobody_is_to_blame_and_the_next_day_goes_on(town: Town):
    people = [town.person(uid, devices=[scale()]) for uid in ("hana", "ken")]
    for app in people:
        await app.link()
    town.world.quota.per_project_per_day = 0
    await town.pass_time(timedelta(hours=3))
    calls = town.fitness_calls()
    await town.pass_time(timedelta(hours=4), every=timedelta(minutes=20))
    assert town.fitness_calls() - calls <= 2 * 5 * 8  # people, hours, kinds: no more than once an hour each
    for app in people:
        connection = await app.connection()
        assert connection["state"] == "active"
        assert "upstream_rate_limited" in {
            connection["last_error"],
            *(k["last_error"] for k in connection["kinds"].values()),
        }
    town.world.quota.per_project_per_day = None
    await town.pass_time(timedelta(hours=6))
    assert all([await untroubled(app) for app in people])


async def test_a_secret_that_is_switched_off_stops_fetching_and_costs_nobody_their_link(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    off, on = SecretVersion.State.DISABLED, SecretVersion.State.ENABLED
    town.platform.secrets.set_state("oauth-client-secret", "1", off)
    await town.pass_time(timedelta(hours=9))
    connection = await hana.connection()
    assert (connection["state"], connection["last_error"]) == ("active", "secret_version_gone")
    wish = {"provider": "google_fit", "kinds": ["weight"], "server_auth_code": "4/0x"}
    answer = await hana.call("POST", "/oauth_start", body=wish)
    assert (answer.status, answer.code) == (500, "secret_version_gone")
    town.platform.secrets.set_state("oauth-client-secret", "1", on)
    await town.pass_time(timedelta(hours=6))
    assert await untroubled(hana)
