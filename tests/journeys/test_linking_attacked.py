"""Whoever sends their own consent link to somebody else gains nothing, and costs them nothing."""

from datetime import timedelta

from shared.vocabulary import Kind
from tests.journeys.town import Town


async def test_a_victims_consent_to_an_attackers_link_yields_nothing_and_is_revoked(town: Town):
    mallory, victim = town.person("mallory"), town.person("victim")
    bait = await mallory.start()
    back = await victim.come_back(await victim.consent(bait))
    assert back.result == "success"  # it says nothing about who started
    opened = await victim.confirm(back.code)  # the link opens the victim's app, which posts what it was given
    assert (opened.status, opened.code) == (410, "link_invalid")
    assert await mallory.connection() is None
    assert await victim.connection() is None
    assert town.granted_at_google(victim)
    await town.platform.advance(timedelta(minutes=12), schedules=False)
    assert not town.granted_at_google(victim)
    await town.pass_time(timedelta(hours=6))
    assert town.fitness_calls() == 0
    assert await mallory.days(Kind.STEPS) == {}


async def test_a_victim_who_is_linked_already_keeps_their_own_link(town: Town):
    mallory, victim = town.person("mallory"), town.person("victim")
    await victim.link()
    back = await victim.come_back(await victim.consent(await mallory.start()))
    assert (back.result, back.code) == ("account_linked_elsewhere", "")
    await town.pass_time(timedelta(hours=24))
    assert await mallory.connection() is None
    connection = await victim.connection()
    assert connection["state"] == "active"
    assert connection["last_error"] is None
    assert connection["last_success_at"] > (town.clock.now() - timedelta(hours=4)).isoformat()[:19]


async def test_a_victim_who_links_meanwhile_keeps_their_link_when_the_parked_grant_is_due(town: Town):
    mallory, victim = town.person("mallory"), town.person("victim")
    await victim.come_back(await victim.consent(await mallory.start()))
    await victim.link()
    await town.pass_time(timedelta(hours=9))
    assert town.granted_at_google(victim)
    assert (await victim.connection())["state"] == "active"


async def test_an_attacker_who_consents_first_cannot_hand_their_account_to_a_victim(town: Town):
    """The other way round: a victim whose app is made to post the attacker's code gets no foreign data."""
    mallory, victim = town.person("mallory"), town.person("victim")
    back = await mallory.come_back(await mallory.consent(await mallory.start()))
    refused = await victim.confirm(back.code)
    assert (refused.status, refused.code) == (410, "link_invalid")
    assert await victim.connection() is None
    assert (await mallory.confirm(back.code)).status == 201  # it was not spent by the attempt


async def test_a_google_account_that_is_another_users_is_refused(town: Town):
    hana, ken = town.person("hana"), town.person("ken")
    await hana.link()
    back = await ken.come_back(await ken.consent(await ken.start(), account=hana.account))
    assert back.result == "account_linked_elsewhere"
    assert await ken.connection() is None
    await town.tick()
    assert (await hana.connection())["state"] == "active"


async def test_of_two_users_who_race_for_one_google_account_one_gets_it(town: Town):
    hana, ken = town.person("hana"), town.person("ken")
    backs = [await app.come_back(await app.consent(await app.start(), account=hana.account)) for app in (hana, ken)]
    assert [back.result for back in backs] == ["success", "success"]
    assert (await ken.confirm(backs[1].code)).status == 201
    lost = await hana.confirm(backs[0].code)
    assert (lost.status, lost.code) == (409, "account_linked_elsewhere")
    await town.pass_time(timedelta(hours=3))
    assert (await ken.connection())["state"] == "active"


async def test_a_link_is_bound_to_the_one_who_started_whatever_else_they_start(town: Town):
    hana = town.person("hana")
    urls = [await hana.start([Kind.STEPS]), await hana.start([Kind.SLEEP])]
    for url, kind in zip(urls, (Kind.STEPS, Kind.SLEEP), strict=True):
        back = await hana.come_back(await hana.consent(url))
        answer = await hana.confirm(back.code)
        granted = {k for k, link in answer.json["connection"]["kinds"].items() if link["granted"]}
        assert granted == {kind}


async def test_a_state_cannot_be_moved_into_another_consent(town: Town):
    """Mallory's state under the victim's consent: PKCE and nonce are the attempt's, so Google's code fits no other."""
    mallory, victim = town.person("mallory"), town.person("victim")
    theirs = await mallory.start()
    states = [url.partition("state=")[2].partition("&")[0] for url in (theirs, await victim.start())]
    location = (await victim.consent(theirs)).replace(states[0], states[1])
    assert (await victim.come_back(location)).result == "code_refused"
    assert await victim.connection() is None
