"""The story from end to end, on the embedded store and on Firestore."""

from datetime import timedelta

import pytest

from infra.local.google import Fault
from infra.local.google import catalogue as c
from infra.local.google.devices import cuff, scale, watch
from shared.vocabulary import Kind
from tests.journeys.town import Town

pytestmark = pytest.mark.parametrize("store", ["sqlite", "firestore"], indirect=True)


async def test_three_people_from_their_first_tap_to_their_last(town: Town):
    hana = town.person("hana", devices=[scale(), cuff(), watch(habits=("sleep",))], days=2)
    ken = town.person("ken", devices=[scale(), cuff()], days=2)
    late = watch(habits=("steps",), offline=True)
    yui = town.person("yui", devices=[late], days=2)
    await hana.link()
    await ken.link(tick=[Kind.WEIGHT])
    await yui.link([Kind.STEPS])
    assert await hana.days(Kind.SLEEP)
    assert await ken.days(Kind.WEIGHT)
    assert await ken.days(Kind.BLOOD_PRESSURE) == {}
    assert await yui.points(Kind.STEPS) == []

    yui.account.upload_late(late, town.clock.now())
    town.world.revoke(ken.account.email)
    await hana.decide("withdraw", Kind.BLOOD_PRESSURE)
    pressure = await hana.points(Kind.BLOOD_PRESSURE)
    await town.pass_time(timedelta(hours=15))
    assert len(await yui.points(Kind.STEPS)) > 20
    assert (await ken.connection())["state"] == "needs_reauth"
    assert await hana.points(Kind.BLOOD_PRESSURE) == pressure

    point = hana.account.find(c.WEIGHT)
    hana.account.correct(c.WEIGHT, point, [70.25], town.clock.now())
    await hana.refresh()
    assert (await hana.points(Kind.WEIGHT))[-1]["values"] == {"kg": 70.25}

    await ken.link([Kind.WEIGHT])
    assert (await ken.connection())["state"] == "active"
    assert (await yui.disconnect()).status == 200
    assert not town.granted_at_google(yui)
    assert len(await yui.points(Kind.STEPS)) > 20


async def test_attacked_replayed_and_raced_the_outcome_is_the_same(town: Town):
    mallory, hana = town.person("mallory", devices=[]), town.person("hana", devices=[scale()])
    bait = await hana.consent(await mallory.start())
    back = await hana.come_back(bait)
    assert (await hana.come_back(bait)).result == "link_invalid"
    assert (await hana.confirm(back.code)).code == "link_invalid"
    await hana.link()
    await town.pass_time(timedelta(hours=6))
    assert await mallory.connection() is None
    assert (await hana.connection())["state"] == "active"
    stale = await hana.decide("withdraw", Kind.WEIGHT, if_epoch=0)
    assert (stale.status, stale.code) == (409, "consent_stale")


@pytest.mark.parametrize("duplicate_every", [1])
async def test_twice_delivered_with_google_failing_everyone_gets_fresh(town: Town):
    people = [town.person(uid, devices=[scale(), cuff()], days=2) for uid in ("hana", "ken")]
    for app in people:
        await app.link()
    town.world.faults.add(Fault("status", times=40, status=500))
    await town.pass_time(timedelta(hours=24), every=timedelta(hours=1))
    for app in people:
        connection = await app.connection()
        assert (connection["state"], connection["last_error"]) == ("active", None)
        stream = app.account.streams[c.merged_ids(c.PRESSURE)[0]]
        seen = [p["values"]["systolic_mmhg"] for p in await app.points(Kind.BLOOD_PRESSURE)]
        assert seen == [p.values[0] for p in stream.points][: len(seen)]
        assert len(seen) >= len(stream.points) - 1
