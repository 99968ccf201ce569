"""Tasks are delivered at least once, and ticks may run twice: nothing comes of it (I2)."""

import asyncio
from datetime import timedelta

import pytest

from infra.local.google.devices import cuff, scale, watch
from shared.vocabulary import Kind
from tests.journeys.town import ALL, Town


@pytest.mark.parametrize("duplicate_every", [1, 3])
async def test_tasks_delivered_twice_change_nothing(town: Town):
    hana = town.person("hana", devices=[scale(), cuff(), watch(habits=("steps", "sleep"))], days=3)
    await hana.link()
    await town.pass_time(timedelta(hours=12))
    assert town.platform.delivery.counts["deliveries"] > town.platform.delivery.counts["tasks"]
    for kind in ALL:
        points = await hana.points(kind)
        assert len({(p["start"], p["end"], p["origin"], p["name"]) for p in points}) == len(points)
        assert (await hana.kind(kind))["last_error"] is None
    stream = next(s for i, s in hana.account.streams.items() if i.endswith(":estimated_steps"))
    assert [p["values"]["count"] for p in await hana.points(Kind.STEPS)] == [p.values[0] for p in stream.points]
    assert set(town.platform.delivery.counts) <= {"tasks", "deliveries", "status_200", "status_503"}


@pytest.mark.parametrize("duplicate_every", [1])
async def test_revocations_delivered_twice_revoke_once(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    await hana.disconnect()
    await town.pass_time(timedelta(hours=3))
    assert not town.granted_at_google(hana)
    assert town.world.calls["revoke", hana.account.email] == 1
    assert (await hana.connection())["state"] == "revoked"


async def test_two_ticks_at_once_queue_everyone_once(town: Town):
    people = [town.person(f"user{n}", devices=[scale()]) for n in range(3)]
    for app in people:
        await app.link([Kind.WEIGHT])
    await town.platform.advance(timedelta(hours=3), schedules=False)
    token = town.service_token("scheduler", "sync_dispatch")
    ticks = await asyncio.gather(*(town.call("POST", "/sync_dispatch", token=token) for _ in range(2)))
    assert [tick.json["due"] for tick in ticks] == [3, 3]
    assert sum(tick.json["queued"] for tick in ticks) == 3
    before = town.platform.delivery.counts["deliveries"]
    await town.platform.advance(timedelta(minutes=5), schedules=False)
    assert town.platform.delivery.counts["deliveries"] - before == 3
    again = await town.call("POST", "/sync_dispatch", token=town.service_token("scheduler", "sync_dispatch"))
    assert again.json["due"] == 0


async def test_a_task_run_again_long_after_fetches_nothing(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    calls = town.google_calls()
    task = {"uid": "hana", "provider": "google_fit"}
    for _ in range(3):
        answer = await town.call("POST", "/sync_user", body=task, token=town.service_token("tasks", "sync_user"))
        assert (answer.status, answer.json["outcome"]) == (200, "not_due")
    assert town.google_calls() == calls
