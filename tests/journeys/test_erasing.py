"""What a person asks to be erased is gone, and nothing of it comes back by itself."""

from datetime import timedelta

from infra.local.google.devices import cuff, scale
from shared.vocabulary import Kind
from tests.journeys.staff import at_work
from tests.journeys.town import ALL, Town

WEIGHT, PRESSURE = Kind.WEIGHT, Kind.BLOOD_PRESSURE


async def test_a_withdrawn_kind_is_erased_and_the_others_stay(town: Town):
    hana = town.person("hana", devices=[scale(), cuff()], days=3)
    await hana.link()
    pressure = await hana.points(PRESSURE)
    assert await hana.points(WEIGHT)
    await hana.decide("withdraw", WEIGHT)
    assert (await hana.call("GET", "/consent")).json["erasable"] == ["weight"]
    assert await hana.points(WEIGHT), "withdrawing erases nothing"

    asked = await hana.call("POST", "/erasure", body={"kinds": ["weight"]})
    assert asked.status == 202
    assert asked.json["state"] == "begun"
    assert await hana.storing(WEIGHT) == "erasing"
    early = await hana.decide("give", WEIGHT)
    assert (early.status, early.code) == (409, "erasure_under_way")
    await town.settle()

    [done] = (await hana.call("GET", "/erasure")).json["erasures"]
    assert (done["id"], done["state"], done["kinds"]) == (asked.json["id"], "done", ["weight"])
    assert done["finished_at"] <= done["due_at"]
    assert await hana.points(WEIGHT) == []
    assert await hana.storing(WEIGHT) == "erased"
    assert (await hana.call("GET", "/consent")).json["erasable"] == []
    await town.pass_time(timedelta(hours=6))
    assert await hana.points(WEIGHT) == [], "nothing of it comes back"
    assert (await hana.points(PRESSURE))[: len(pressure)] == pressure


async def test_what_was_erased_can_be_given_anew_and_is_fetched_anew(town: Town):
    hana = town.person("hana", devices=[scale(), cuff()], days=3)
    await hana.link()
    before = await hana.points(WEIGHT)
    await hana.decide("withdraw", WEIGHT)
    await hana.call("POST", "/erasure", body={"kinds": ["weight"]})
    await town.settle()
    assert (await hana.decide("give", WEIGHT)).status == 200
    await town.pass_time(timedelta(hours=3))
    assert (await hana.points(WEIGHT))[: len(before)] == before


async def test_everything_is_erased_with_the_key_to_it_and_the_person_may_begin_anew(town: Town):
    hana, ken = town.person("hana", devices=[scale(), cuff()], days=3), town.person("ken", devices=[scale()], days=2)
    await hana.link()
    await ken.link()
    kens = await ken.points(WEIGHT)
    early = await hana.call("POST", "/erasure", body={"kinds": None})
    assert (early.status, early.code) == (409, "withdraw_first")
    await hana.call("DELETE", "/consent")
    assert (await hana.call("POST", "/erasure", body={"kinds": None})).status == 202
    await town.settle()
    [done] = (await hana.call("GET", "/erasure")).json["erasures"]
    assert (done["state"], done["everything"]) == ("done", True)
    assert not town.granted_at_google(hana)
    for kind in ALL:
        assert await hana.points(kind) == []
    assert await ken.points(WEIGHT) == kens

    await town.pass_time(timedelta(seconds=5))
    await hana.link()
    assert await hana.points(WEIGHT)


async def test_a_link_that_was_begun_before_cannot_come_about_while_everything_is_erased_nor_after(town: Town):
    hana = town.person("hana", devices=[scale()], days=2)
    await hana.link()
    begun = await hana.come_back(await hana.consent(await hana.start()))
    await hana.call("DELETE", "/consent")
    assert (await hana.call("POST", "/erasure", body={"kinds": None})).status == 202
    anew = await hana.call("POST", "/oauth_start", body={"provider": "google_fit", "kinds": ["weight"]})
    assert (anew.status, anew.code) == (409, "erasure_under_way")
    for _ in ("meanwhile", "afterwards"):
        late = await hana.confirm(begun.code)
        assert (late.status, late.code) == (410, "link_invalid")
        await town.settle()
    assert await hana.storing(WEIGHT) == "erased"
    await hana.link()
    assert await hana.points(WEIGHT)


async def test_what_is_consented_to_is_not_erased(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    refused = await hana.call("POST", "/erasure", body={"kinds": ["weight", "sleep"]})
    assert (refused.status, refused.code) == (409, "withdraw_first")
    assert (await hana.call("GET", "/erasure")).json["erasures"] == []
    assert await hana.points(WEIGHT)


async def test_one_erasure_at_a_time_and_nobody_sees_anothers(town: Town):
    hana, ken = town.person("hana", devices=[scale()]), town.person("ken", devices=[])
    await hana.link()
    await hana.decide("withdraw", WEIGHT)
    assert (await hana.call("POST", "/erasure", body={"kinds": ["weight"]})).status == 202
    again = await hana.call("POST", "/erasure", body={"kinds": ["weight"]})
    assert (again.status, again.code) == (409, "erasure_under_way")
    assert (await ken.call("GET", "/erasure")).json["erasures"] == []


async def test_withdrawing_what_is_being_erased_does_not_call_the_erasure_off(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    await hana.decide("withdraw", WEIGHT)
    await hana.call("POST", "/erasure", body={"kinds": ["weight"]})
    for decision in ("withdraw", "refuse"):
        assert (await hana.decide(decision, WEIGHT)).status == 200
        assert await hana.storing(WEIGHT) == "erasing"
    early = await hana.decide("give", WEIGHT)
    assert (early.status, early.code) == (409, "erasure_under_way")
    await town.settle()
    assert await hana.storing(WEIGHT) == "erased"
    assert await hana.points(WEIGHT) == []


async def test_under_the_name_of_somebody_who_died_nothing_is_erased(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    async with at_work(town) as staff:
        await staff.people.deceased("hana", "koseki-9")
    for kinds in (["weight"], None):
        refused = await hana.call("POST", "/erasure", body={"kinds": kinds})
        assert (refused.status, refused.code) == (403, "consent_frozen")
    assert (await hana.call("GET", "/erasure")).json["erasures"] == []


async def test_an_erasure_whose_task_was_lost_is_found_by_the_tick(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    await hana.decide("withdraw", WEIGHT)
    await hana.call("POST", "/erasure", body={"kinds": ["weight"]})
    assert town.platform.tasks.take_due(), "a worker takes it, and dies"
    assert await hana.storing(WEIGHT) == "erasing"
    await town.pass_time(timedelta(minutes=30), every=timedelta(minutes=5))
    assert await hana.storing(WEIGHT) == "erased"
