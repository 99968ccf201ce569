"""What a person decides takes effect at once, and only for what they decided."""

from datetime import timedelta

from infra.local.google.devices import cuff, scale
from shared.vocabulary import Kind
from tests.journeys.town import ALL, Town

OTHERS = tuple(kind for kind in ALL if kind not in (Kind.HEART_RATE, Kind.STEPS))


async def test_two_kinds_withdrawn_stop_at_once_and_the_others_go_on(town: Town):
    hana = town.person("hana")
    await hana.link()
    before = {kind: await hana.points(kind) for kind in ALL}
    asked = {kind: town.asked_for(kind) for kind in ALL}
    answer = await hana.decide("withdraw", Kind.HEART_RATE, Kind.STEPS)
    assert answer.status == 200
    assert await hana.storing(Kind.STEPS) == "withdrawn"
    await town.pass_time(timedelta(hours=18))
    for kind in ALL:
        stopped = kind in (Kind.HEART_RATE, Kind.STEPS)
        link = await hana.kind(kind)
        assert link["consented"] != stopped
        assert link["state"] == ("paused" if stopped else "active")
        assert (town.asked_for(kind) == asked[kind]) == stopped
    assert {k: await hana.points(k) for k in (Kind.HEART_RATE, Kind.STEPS)} == {
        k: before[k] for k in (Kind.HEART_RATE, Kind.STEPS)
    }
    after = {kind: await hana.points(kind) for kind in OTHERS}
    assert len(after[Kind.BLOOD_PRESSURE]) > len(before[Kind.BLOOD_PRESSURE])
    assert all(after[kind][: len(before[kind])] == before[kind] for kind in OTHERS)


async def test_what_is_given_again_resumes_and_fills_the_gap(town: Town):
    hana = town.person("hana", devices=[cuff(), scale()], days=3)
    await hana.link()
    await hana.decide("withdraw", Kind.BODY_TEMPERATURE)
    before = await hana.points(Kind.BODY_TEMPERATURE)
    await town.pass_time(timedelta(days=2))
    assert await hana.points(Kind.BODY_TEMPERATURE) == before
    assert (await hana.decide("give", Kind.BODY_TEMPERATURE)).status == 200
    await town.pass_time(timedelta(hours=3))
    after = await hana.points(Kind.BODY_TEMPERATURE)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2  # one a morning
    assert (await hana.kind(Kind.BODY_TEMPERATURE))["state"] == "active"


async def test_work_that_waits_in_the_queue_is_overtaken_by_a_withdrawal(town: Town):
    hana = town.person("hana", devices=[cuff()], days=3)
    back = await hana.come_back(await hana.consent(await hana.start()))
    assert (await hana.confirm(back.code)).status == 201  # its first fetch is queued
    await hana.decide("withdraw", Kind.BLOOD_PRESSURE)
    await town.settle()
    assert await hana.points(Kind.BLOOD_PRESSURE) == []
    assert town.asked_for(Kind.BLOOD_PRESSURE) == 0
    assert await hana.points(Kind.BODY_TEMPERATURE)


async def test_with_nothing_left_the_link_ends_and_is_revoked_and_what_is_given_later_needs_a_new_one(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    assert town.granted_at_google(hana)
    await hana.decide("withdraw", *ALL)
    await town.settle()
    assert not town.granted_at_google(hana)
    connection = await hana.connection()
    assert (connection["state"], connection["next_sync_at"]) == ("revoked", None)
    calls = town.google_calls()
    asked = await hana.sync_now()
    assert (asked.status, asked.code) == (404, "not_connected")
    await town.pass_time(timedelta(hours=12))
    assert town.google_calls() == calls
    await hana.decide("give", Kind.WEIGHT)
    assert (await hana.connection())["state"] == "revoked"
    await hana.link([Kind.WEIGHT])
    assert (await hana.kind(Kind.WEIGHT))["last_success_at"]


async def test_when_the_last_consent_runs_out_the_grant_goes_as_with_a_withdrawal(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link([Kind.WEIGHT])
    seen = (await hana.call("GET", "/consent")).json
    until = (town.clock.now() + timedelta(hours=5)).isoformat()
    change = {
        "purpose": "qolms_store",
        "kind": "weight",
        "recipient": "qolms",
        "decision": "give",
        "valid_until": until,
    }
    body = {"changes": [change], "notice": seen["notice"], "if_epoch": seen["epoch"]}
    assert (await hana.call("POST", "/consent", body=body)).status == 200
    before = await hana.points(Kind.WEIGHT)
    await town.pass_time(timedelta(hours=4))
    assert town.granted_at_google(hana)
    assert (await hana.connection())["state"] == "active"
    asked = town.asked_for(Kind.WEIGHT)
    await town.pass_time(timedelta(hours=14))
    assert not town.granted_at_google(hana)
    assert (await hana.connection())["state"] == "revoked"
    assert town.asked_for(Kind.WEIGHT) == asked, "nothing is fetched that nobody consents to"
    assert await hana.points(Kind.WEIGHT) == before, "what is stored is the person's own until it is erased"


async def test_stopping_everything_ends_the_link_in_one_act_and_asks_about_what_is_stored(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    before = await hana.points(Kind.WEIGHT)
    stopped = await hana.call("DELETE", "/consent")
    assert stopped.status == 200
    assert {line["state"] for line in stopped.json["recorded"]} == {"withdrawn"}
    assert set(stopped.json["consent"]["erasable"]) == set(ALL)
    await town.settle()
    assert not town.granted_at_google(hana)
    assert (await hana.connection())["state"] == "revoked"
    assert await hana.points(Kind.WEIGHT) == before
    again = await hana.call("DELETE", "/consent")
    assert (again.status, again.code) == (404, "nothing_given")


async def test_what_was_withdrawn_while_linking_is_not_given_by_confirming(town: Town):
    hana = town.person("hana", devices=[cuff(), scale()])
    await hana.decide("give", *ALL)
    back = await hana.come_back(await hana.consent(await hana.start()))
    await hana.decide("withdraw", Kind.WEIGHT)
    refused = await hana.confirm(back.code)
    assert (refused.status, refused.code) == (410, "link_invalid")
    await hana.link()
    assert (await hana.kind(Kind.WEIGHT))["consented"]


async def test_confirming_a_link_of_which_everything_was_withdrawn_links_nothing(town: Town):
    hana = town.person("hana", devices=[cuff()])
    await hana.decide("give", *ALL)
    back = await hana.come_back(await hana.consent(await hana.start()))
    await hana.call("DELETE", "/consent")
    refused = await hana.confirm(back.code)
    assert (refused.status, refused.code) == (410, "link_invalid")
    assert await hana.connection() is None
    await town.pass_time(timedelta(minutes=15), every=timedelta(minutes=5))
    assert not town.granted_at_google(hana), "a grant that nobody may use is revoked"


async def test_a_decision_made_on_an_older_state_is_refused(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link([Kind.WEIGHT])
    seen = (await hana.call("GET", "/consent")).json["epoch"]
    assert seen == 1
    assert (await hana.decide("withdraw", Kind.WEIGHT, if_epoch=seen)).json["consent"]["epoch"] == 2
    for decision in ("give", "withdraw"):
        stale = await hana.decide(decision, Kind.WEIGHT, if_epoch=seen)
        assert (stale.status, stale.code) == (409, "consent_stale")
        assert stale.json["consent"]["epoch"] == 2, "the newer state comes along"
    assert await hana.storing(Kind.WEIGHT) == "withdrawn"
    assert (await hana.decide("give", Kind.WEIGHT, if_epoch=2)).status == 200


async def test_nothing_is_consented_to_before_anything_was_decided(town: Town):
    hana = town.person("hana", devices=[])
    stands = (await hana.call("GET", "/consent")).json
    assert (stands["epoch"], stands["cells"], stands["erasable"], stands["frozen"]) == (0, [], [], None)
    asked = {one["purpose"]: one["why"] for one in stands["pending"]}
    assert asked == dict.fromkeys(
        ("qolms_store", "health_guidance", "online_consult", "family_watch"), "new_purpose"
    ), "what stands on consent, and nothing else"


async def test_all_changes_of_one_decision_take_effect_or_none(town: Town):
    hana = town.person("hana", devices=[])
    fine = {"purpose": "qolms_store", "kind": "steps", "recipient": "qolms", "decision": "give"}
    wrong = [
        ([], "body_invalid"),
        ([fine, {**fine, "decision": "withdraw"}], "body_invalid"),
        ([fine, {**fine, "kind": "sleep", "recipient": "somebody"}], "recipient_unknown"),
        ([fine, {**fine, "kind": "location"}], "kind_unknown"),
        ([fine, {**fine, "kind": "sleep", "purpose": "advertising"}], "purpose_unknown"),
        ([fine, {**fine, "kind": "sleep", "decision": "maybe"}], "body_invalid"),
    ]
    notice = (await hana.call("GET", "/consent")).json["notice"]
    for changes, code in wrong:
        answer = await hana.call("POST", "/consent", body={"changes": changes, "notice": notice, "if_epoch": 0})
        assert (answer.status, answer.code) == (400, code)
    assert (await hana.call("GET", "/consent")).json["epoch"] == 0


async def test_consent_given_without_a_link_and_grants_without_consent_fetch_nothing(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.decide("give", Kind.WEIGHT)
    await town.pass_time(timedelta(hours=6))
    assert await hana.connection() is None
    assert town.google_calls() == 0


async def test_pull_to_refresh_brings_what_is_new_at_most_once_a_minute(town: Town):
    hana = town.person("hana", devices=[cuff()], days=2)
    await hana.link()
    before = await hana.points(Kind.BLOOD_PRESSURE)
    await town.platform.advance(timedelta(hours=15), schedules=False)
    assert (await hana.sync_now()).status == 202
    assert len(await hana.points(Kind.BLOOD_PRESSURE)) > len(before)
    again = await hana.sync_now()
    assert (again.status, again.code) == (429, "too_many_requests")
    wait_s = int(again.headers["retry-after"])
    assert 0 < wait_s <= 61
    refreshes = town.world.calls["token", hana.account.email]
    await town.platform.advance(timedelta(seconds=wait_s), schedules=False)
    assert (await hana.sync_now()).status == 202
    connection = await hana.connection()
    assert connection["last_success_at"] == town.clock.now().isoformat().replace("+00:00", "Z")
    assert connection["last_error"] is None
    assert town.world.calls["token", hana.account.email] == refreshes  # an access token lasts an hour


async def test_pull_to_refresh_needs_a_link(town: Town):
    hana = town.person("hana", devices=[])
    answer = await hana.sync_now()
    assert (answer.status, answer.code) == (404, "not_connected")


async def test_giving_needs_the_state_that_was_looked_at_and_withdrawing_does_not(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link()
    change = {"purpose": "qolms_store", "kind": "weight", "recipient": "qolms"}
    withdrawn = await hana.call("POST", "/consent", body={"changes": [{**change, "decision": "withdraw"}]})
    assert withdrawn.status == 200
    replayed = await hana.call("POST", "/consent", body={"changes": [{**change, "decision": "give"}]})
    assert (replayed.status, replayed.code) == (400, "body_invalid")
    assert "if_epoch and notice" in replayed.json["detail"]
    assert not (await hana.connection())["kinds"]["weight"]["consented"]
