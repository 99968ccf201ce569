"""Google on its bad days, and what it costs whom."""

from datetime import timedelta

import pytest

from infra.local.google import Fault
from infra.local.google import catalogue as c
from infra.local.google.devices import cuff, scale, watch
from infra.local.google.faults import FaultKind
from shared.vocabulary import Kind
from tests.journeys.town import App, Town

INTERVAL = timedelta(hours=3)


async def fresh(app: App) -> bool:
    """Whether a person's data is at most two intervals old, and nothing is wrong."""
    connection = await app.connection()
    since = (app.town.clock.now() - 2 * INTERVAL).isoformat()[:19]
    errors = [connection["last_error"], *(kind["last_error"] for kind in connection["kinds"].values())]
    return connection["state"] == "active" and connection["last_success_at"] >= since and not any(errors)


async def test_a_revoked_token_is_told_and_then_all_is_quiet_until_the_person_links_again(town: Town):
    hana = town.person("hana")
    await hana.link()
    town.world.revoke(hana.account.email)
    await town.pass_time(INTERVAL)
    connection = await hana.connection()
    assert connection["state"] == "needs_reauth"
    assert connection["last_error"] == "token_dead"
    assert connection["next_sync_at"] is None
    assert {kind["state"] for kind in connection["kinds"].values()} == {"needs_reauth"}
    calls = town.google_calls()
    await town.pass_time(timedelta(days=4), every=timedelta(hours=12))
    assert town.google_calls() == calls
    asked = await hana.sync_now()
    assert (asked.status, asked.code) == (409, "needs_reauth")
    assert town.google_calls() == calls
    assert await hana.days(Kind.STEPS)  # what is stored stays readable


async def test_linking_again_continues_and_fetches_only_the_gap(town: Town):
    hana = town.person("hana", devices=[scale(), watch(habits=("steps",))], days=5)
    await hana.link()
    await town.pass_time(INTERVAL)
    town.world.revoke(hana.account.email)
    await town.pass_time(timedelta(hours=12))
    before = await hana.points(Kind.STEPS)
    town.heard.paths.clear()
    await hana.link()
    assert town.asked_for(Kind.STEPS) > 0
    assert not [path for path in town.heard.paths if "/datasets/" in path and c.STEPS in path]
    after = await hana.points(Kind.STEPS)
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert await fresh(hana)


async def test_a_wrong_client_secret_changes_nobodys_state(town: Town):
    hana, ken = town.person("hana"), town.person("ken", devices=[scale()])
    for app in (hana, ken):
        await app.link()
    client = town.platform.settings["GOOGLE_CLIENT_ID"]
    right = town.world.oauth.clients[client]
    town.world.client(client, "rotated at Google, not here", right.redirect_uris)
    await town.pass_time(timedelta(hours=9))
    for app in (hana, ken):
        connection = await app.connection()
        assert connection["state"] == "active"
        assert connection["last_error"] == "google_client_refused"
    yui = town.person("yui", devices=[scale()])
    assert (await yui.come_back(await yui.consent(await yui.start()))).result == "google_client_refused"
    wish = {"provider": "google_fit", "kinds": ["weight"], "server_auth_code": "4/0x"}
    direct = await yui.call("POST", "/oauth_start", body=wish)
    assert (direct.status, direct.code) == (503, "google_client_refused")
    town.world.oauth.clients[client] = right
    await town.pass_time(2 * INTERVAL)
    assert await fresh(hana)
    assert await fresh(ken)


async def test_a_scope_withdrawn_for_one_kind_stops_this_kind_only_and_linking_again_resumes_it(town: Town):
    hana = town.person("hana")
    await hana.link()
    gone = town.world.faults.add(
        Fault("status", endpoint=f"*{c.HEART_RATE}*", times=None, status=403, reason="insufficientPermissions")
    )
    await town.pass_time(INTERVAL)
    stopped = await hana.kind(Kind.HEART_RATE)
    assert (stopped["granted"], stopped["state"], stopped["last_error"]) == (False, "paused", "scope_missing")
    asked = town.asked_for(Kind.HEART_RATE)
    before = await hana.points(Kind.STEPS)
    await town.pass_time(timedelta(hours=9))
    assert town.asked_for(Kind.HEART_RATE) == asked
    assert len(await hana.points(Kind.STEPS)) > len(before)
    assert (await hana.connection())["state"] == "active"
    assert (await hana.kind(Kind.STEPS))["last_error"] is None
    town.world.faults.clear(gone)
    await hana.link()
    await town.settle()
    assert (await hana.kind(Kind.HEART_RATE))["state"] == "active"
    newest = max(p["start"] for p in await hana.points(Kind.HEART_RATE))
    assert newest > (town.clock.now() + timedelta(hours=7)).isoformat()[:16]


@pytest.mark.parametrize("endpoint", ["dataSources", "dataPointChanges"])
@pytest.mark.parametrize("wording", ["seconds", "date"])
async def test_retry_after_is_honoured(town: Town, wording: str, endpoint: str):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    wait = timedelta(hours=5)
    limit = Fault("status", endpoint=endpoint, status=429, retry_after="date", retry_after_s=int(wait.total_seconds()))
    if wording == "seconds":
        limit.retry_after = limit.retry_after_s
    town.world.faults.add(limit)
    await town.pass_time(INTERVAL)
    connection = await hana.connection()
    assert connection["state"] == "active"
    errors = {connection["last_error"], *(kind["last_error"] for kind in connection["kinds"].values())}
    assert "upstream_rate_limited" in errors
    calls = town.fitness_calls()
    await town.pass_time(wait - timedelta(minutes=30), every=timedelta(minutes=30))
    assert town.fitness_calls() == calls
    await town.pass_time(timedelta(hours=1))
    assert town.fitness_calls() > calls
    assert await fresh(hana)


async def test_after_an_hour_of_500s_everyone_is_fresh_within_two_intervals(town: Town):
    people = [town.person(uid, devices=[scale(), cuff()]) for uid in ("hana", "ken", "yui")]
    for app in people:
        await app.link()
    await town.pass_time(INTERVAL - timedelta(minutes=30))
    town.world.faults.add(Fault("status", times=None, status=500))
    calls = town.google_calls()
    await town.pass_time(timedelta(hours=1), every=timedelta(minutes=5))
    for app in people:
        connection = await app.connection()
        assert connection["state"] == "active"
        assert connection["last_error"] == "upstream_unavailable"
    assert town.google_calls() - calls < 3 * 8 * 3 * 8  # people, kinds, tries in place, visits that back off
    town.world.faults.clear()
    await town.pass_time(2 * INTERVAL, every=timedelta(minutes=30))
    assert all([await fresh(app) for app in people])


async def test_google_is_down_while_somebody_links(town: Town):
    hana = town.person("hana", devices=[scale()])
    location = await hana.consent(await hana.start())
    town.world.faults.add(Fault("status", endpoint="token", times=None, status=503))
    assert (await hana.come_back(location)).result == "upstream_unavailable"
    town.world.faults.clear()
    assert (await hana.come_back(location)).result == "link_invalid"  # a state is used up by its first return
    await hana.link()


BROKEN: tuple[FaultKind, ...] = (
    "dropped",
    "truncated",
    "malformed",
    "html",
    "repeated_token",
    "empty_page",
    "nan",
    "oversized",
    "deep",
    "duplicate_keys",
)


@pytest.mark.parametrize(
    ("kind", "endpoint"),
    [
        *((kind, "datasets") for kind in BROKEN),
        *((kind, "dataPointChanges") for kind in BROKEN),
        *((kind, endpoint) for kind in ("truncated", "html", "deep") for endpoint in ("dataSources", "sessions")),
    ],
)
async def test_broken_answers_lose_nothing_and_invent_nothing(town: Town, kind: FaultKind, endpoint: str):
    hana = town.person("hana", devices=[scale(), watch(habits=("sleep",))], days=3)
    town.world.faults.add(Fault(kind, endpoint=endpoint, times=4))
    await hana.link([Kind.WEIGHT, Kind.SLEEP])
    await town.pass_time(2 * INTERVAL, every=timedelta(minutes=15))
    town.world.faults.clear()
    await town.pass_time(timedelta(hours=27), every=INTERVAL)  # whatever was set aside is read once more
    weights = [p.values[0] for p in hana.account.streams[c.merged_ids(c.WEIGHT)[0]].points]
    assert [p["values"]["kg"] for p in await hana.points(Kind.WEIGHT)] == weights
    nights = [p for p in await hana.points(Kind.SLEEP) if p["name"]]
    assert [p["name"] for p in nights] == [s.id for s in hana.account.sessions.all()]
    assert await fresh(hana)
