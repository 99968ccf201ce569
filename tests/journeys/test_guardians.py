"""Somebody decides for somebody else: a guardian, an agent; and nobody for the dead."""

from datetime import date, timedelta

from infra.local.google.devices import scale
from shared.consent.model import Role
from shared.vocabulary import Kind
from tests.journeys.staff import at_work, cells, decide, standing
from tests.journeys.town import Town


async def test_a_guardian_gives_for_a_child_who_may_only_withdraw(town: Town):
    taro, hana = town.person("taro", devices=[]), town.person("hana", devices=[])
    async with at_work(town) as staff:
        born_on = date(2015, 4, 1)
        authority = await staff.people.authority("taro", "hana", Role.GUARDIAN, "koseki-3", born_on=born_on)
    alone = await decide(taro, "give", Kind.WEIGHT)
    assert (alone.status, alone.code) == (403, "guardian_needed")
    start = await taro.call("POST", "/oauth_start", body={"provider": "google_fit", "kinds": ["weight"]})
    assert start.code == "guardian_needed"

    query = f"?subject=taro&authority={authority}"
    seen = await standing(hana, query)
    assert seen["cells"] == []
    on_behalf = {"subject": "taro", "authority": authority}
    given = await decide(hana, "give", Kind.WEIGHT, Kind.SLEEP, seen=seen, on_behalf=on_behalf)
    assert given.status == 200, given.body
    assert {event["given_by"]["role"] for event in given.json["recorded"]} == {"guardian"}
    assert {event["given_by"]["evidence"] for event in given.json["recorded"]} == {"koseki-3"}
    assert cells(await standing(taro)) == cells(await standing(hana, query))
    assert (await standing(hana))["cells"] == []

    seen_now = await standing(hana, query)
    body = {"kinds": ["weight"], "notice": seen_now["notice"], "if_epoch": seen_now["epoch"], "on_behalf": on_behalf}
    assert (await taro.call("POST", "/consent/invitations", body={**body, "on_behalf": None})).code == "guardian_needed"
    invited = await hana.call("POST", "/consent/invitations", body=body)
    assert invited.status == 201, invited.body
    [made] = (await hana.call("GET", f"/consent/invitations{query}")).json["made"]
    assert (made["id"], made["state"]) == (invited.json["id"], "invited")
    assert (await hana.call("GET", "/consent/invitations")).json == {"made": [], "held": []}
    mio = town.person("mio", devices=[])
    code = {"code": invited.json["code"]}
    assert (await mio.call("POST", f"/consent/invitations/{made['id']}/accept", body=code)).status == 200
    assert cells(await standing(taro))["family_watch", "weight", made["recipient"]] == "given"
    assert (await hana.call("DELETE", f"/consent/invitations/{made['id']}")).code == "invitation_invalid"
    assert (await hana.call("DELETE", f"/consent/invitations/{made['id']}{query}")).status == 200
    assert cells(await standing(taro))["family_watch", "weight", made["recipient"]] == "withdrawn"

    stale = await decide(hana, "give", Kind.STEPS, seen=seen, on_behalf=on_behalf)
    assert (stale.status, stale.code) == (409, "consent_stale")
    assert cells(stale.json["consent"]) == cells(await standing(taro))
    assert (await decide(taro, "withdraw", Kind.SLEEP)).status == 200
    assert cells(await standing(hana, query))["qolms_store", "sleep", "qolms"] == "withdrawn"


async def test_without_a_right_nobody_decides_or_sees_and_the_answer_is_one(town: Town):
    hana, mallory = town.person("hana", devices=[]), town.person("mallory", devices=[])
    async with at_work(town) as staff:
        until = town.clock.now() + timedelta(days=30)
        agent, ended = [
            await staff.people.authority("hana", "ken", Role.AGENT, "power-7", valid_until=until) for _ in range(2)
        ]
        await staff.people.end_authority(ended, "letter-1")
    ken, told = town.person("ken", devices=[]), set()
    seen = await standing(hana)
    for who, subject, authority in [
        (mallory, "hana", agent),
        (mallory, "hana", "guessed"),
        (mallory, "nobody", "guessed"),
        (mallory, "hana", ""),
        (ken, "hana", ended),
        (ken, "mallory", agent),
        (hana, "hana", agent),
    ]:
        looked = await who.call("GET", f"/consent?subject={subject}&authority={authority}")
        decided = await decide(
            who, "give", Kind.WEIGHT, seen=seen, on_behalf={"subject": subject, "authority": authority}
        )
        told |= {(answer.status, answer.code, answer.json["detail"]) for answer in (looked, decided)}
    assert told == {(403, "authority_invalid", "no such right")}
    assert (await standing(hana))["epoch"] == 0


async def test_an_agent_reaches_no_further_than_the_power_of_attorney(town: Town):
    hana, ken = town.person("hana", devices=[]), town.person("ken", devices=[])
    await decide(hana, "give", Kind.WEIGHT, Kind.SLEEP)
    async with at_work(town) as staff:
        agent = await staff.people.authority(
            "hana",
            "ken",
            Role.AGENT,
            "power-7",
            valid_until=town.clock.now() + timedelta(days=30),
            kinds=[Kind.WEIGHT],
        )
    query, on_behalf = f"?subject=hana&authority={agent}", {"subject": "hana", "authority": agent}
    seen = await standing(ken, query)
    assert cells(seen) == {("qolms_store", "weight", "qolms"): "given"}
    beyond = await decide(ken, "withdraw", Kind.SLEEP, seen=seen, on_behalf=on_behalf)
    assert (beyond.status, beyond.code) == (403, "authority_invalid")
    within = await decide(ken, "withdraw", Kind.WEIGHT, seen=seen, on_behalf=on_behalf)
    assert within.status == 200, within.body
    assert cells(within.json["consent"]) == {("qolms_store", "weight", "qolms"): "withdrawn"}
    town.clock.advance(timedelta(days=30))
    assert (await ken.call("GET", f"/consent{query}")).code == "authority_invalid"


async def test_with_a_death_nothing_is_fetched_any_more_and_the_grant_is_revoked_at_google(town: Town):
    hana = town.person("hana", devices=[scale()], days=2)
    await hana.link([Kind.WEIGHT])
    assert town.granted_at_google(hana)
    async with at_work(town) as staff:
        await staff.people.deceased("hana", "certificate-9")
    calls = town.fitness_calls()
    await town.pass_time(timedelta(hours=9))
    assert town.fitness_calls() == calls
    assert not town.granted_at_google(hana)
    assert (await hana.connection())["state"] == "revoked"
    stands = await standing(hana)
    assert (stands["frozen"], set(cells(stands).values())) == ("deceased", {"invalidated"})
    for decision in ("give", "withdraw"):
        answer = await decide(hana, decision, Kind.WEIGHT)
        assert (answer.status, answer.code) == (403, "consent_frozen")
    start = await hana.call("POST", "/oauth_start", body={"provider": "google_fit", "kinds": ["weight"]})
    assert start.code == "consent_frozen"
