"""How a link ends, and begins again."""

import asyncio
from datetime import timedelta

from infra.local.google import Fault
from infra.local.google.devices import cuff, scale
from shared.vocabulary import Kind
from tests.journeys.town import Town


async def test_disconnecting_revokes_at_google_stops_and_leaves_data_readable(town: Town):
    hana = town.person("hana", devices=[scale(), cuff()], days=3)
    await hana.link()
    before = await hana.points(Kind.WEIGHT)
    assert (await hana.disconnect()).status == 200
    assert not town.granted_at_google(hana)
    connection = await hana.connection()
    assert (connection["state"], connection["next_sync_at"]) == ("revoked", None)
    calls = town.google_calls()
    await town.pass_time(timedelta(days=3), every=timedelta(hours=12))
    assert town.google_calls() == calls
    assert await hana.points(Kind.WEIGHT, back=14) == before
    for again in (await hana.disconnect(), await hana.sync_now()):
        assert (again.status, again.code) == (404, "not_connected")


async def test_revoking_is_tried_again_until_google_confirms(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    town.world.faults.add(Fault("status", endpoint="revoke", times=None, status=503))
    assert (await hana.disconnect()).status == 200
    await town.pass_time(timedelta(hours=5), every=timedelta(minutes=30))
    assert town.granted_at_google(hana)
    assert (await hana.connection())["state"] == "revoked"
    town.world.faults.clear()
    await town.pass_time(timedelta(hours=2), every=timedelta(minutes=30))
    assert not town.granted_at_google(hana)
    revocations = town.world.calls["revoke", hana.account.email]
    await town.pass_time(timedelta(days=2), every=timedelta(hours=6))
    assert town.world.calls["revoke", hana.account.email] == revocations


async def test_a_grant_that_is_dead_at_google_already_counts_as_revoked(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    town.world.revoke(hana.account.email)
    assert (await hana.disconnect()).status == 200
    calls = town.google_calls()
    await town.pass_time(timedelta(days=1), every=timedelta(hours=6))
    assert town.google_calls() == calls


async def test_a_link_that_needs_its_person_can_be_ended_too(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    town.world.revoke(hana.account.email)
    await town.pass_time(timedelta(hours=3))
    assert (await hana.disconnect()).status == 200
    assert (await hana.connection())["state"] == "revoked"


async def test_linking_again_after_the_end_continues(town: Town):
    hana = town.person("hana", devices=[cuff()], days=3)
    await hana.link()
    before = await hana.points(Kind.BODY_TEMPERATURE)
    await hana.disconnect()
    await town.pass_time(timedelta(days=2), every=timedelta(hours=12))
    connection = await hana.link()
    assert connection["state"] == "active"
    after = await hana.points(Kind.BODY_TEMPERATURE)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2
    await town.pass_time(timedelta(hours=12))
    assert town.granted_at_google(hana)  # what was left to revoke is not the new link


async def test_linking_again_before_the_old_grant_is_revoked_keeps_the_new_link(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    down = town.world.faults.add(Fault("status", endpoint="revoke", times=None, status=503))
    await hana.disconnect()
    await town.pass_time(timedelta(seconds=5))
    await hana.link()
    town.world.faults.clear(down)
    await town.pass_time(timedelta(hours=9))
    assert town.granted_at_google(hana)
    connection = await hana.connection()
    assert (connection["state"], connection["last_error"]) == ("active", None)


async def test_once_ended_the_google_account_may_be_linked_by_another_user(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    await hana.disconnect()
    await town.pass_time(timedelta(seconds=5))
    ken = town.person("ken", account=hana.account)
    await ken.link()
    assert (await ken.connection())["state"] == "active"
    assert (await hana.connection())["state"] == "revoked"


async def test_two_taps_on_disconnect_at_once_end_it_once(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    answers = await asyncio.gather(*(hana.call("DELETE", "/connection/google_fit") for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 404, 404]
    await town.settle()
    assert not town.granted_at_google(hana)


async def test_another_google_account_leaves_what_the_first_one_brought(town: Town):
    hana = town.person("hana", devices=[scale(), cuff()], days=5)
    await hana.link()
    before = {kind: await hana.points(kind) for kind in (Kind.WEIGHT, Kind.BLOOD_PRESSURE)}
    assert all(before.values())
    first, other = hana.account, town.person("hana2", devices=[scale()], days=5)
    hana.account = other.account
    await hana.link()
    await town.pass_time(timedelta(days=1), every=timedelta(hours=6))
    after = {kind: await hana.points(kind) for kind in before}
    assert after[Kind.BLOOD_PRESSURE] == before[Kind.BLOOD_PRESSURE]
    assert [one for one in before[Kind.WEIGHT] if one not in after[Kind.WEIGHT]] == []
    assert len(after[Kind.WEIGHT]) > len(before[Kind.WEIGHT])
    hana.account = first
    assert not town.granted_at_google(hana), "the grant of the account that is left is revoked"
