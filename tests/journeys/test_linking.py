"""How a link comes about, and how it does not."""

from datetime import timedelta

from shared.vocabulary import Kind
from tests.journeys.town import ALL, Returned, Town


async def test_whoever_links_all_eight_kinds_sees_data_of_each(town: Town):
    hana = town.person("hana")
    connection = await hana.link()
    assert connection["state"] == "active"
    for kind in ALL:
        seen = await hana.kind(kind)
        assert seen["granted"]
        assert seen["consented"]
        assert seen["last_success_at"]
        assert seen["last_error"] is None
        assert len(await hana.days(kind)) >= 3, kind


async def test_three_of_eight_ticked_is_success_for_three_and_the_others_are_never_asked_for(town: Town):
    ken = town.person("ken")
    mine = (Kind.STEPS, Kind.WEIGHT, Kind.SLEEP)
    await ken.link(tick=mine)
    await town.pass_time(timedelta(hours=9))
    for kind in ALL:
        seen = await ken.kind(kind)
        assert seen["granted"] == (kind in mine)
        assert seen["consented"] == (kind in mine)
        assert bool(await ken.days(kind)) == (kind in mine)
        assert seen["state"] == ("active" if kind in mine else "paused")
        assert bool(town.asked_for(kind)) == (kind in mine), kind
    assert (await ken.connection())["state"] == "active"


async def test_refused_consent_links_nothing_and_says_so(town: Town):
    hana = town.person("hana")
    back = await hana.come_back(await hana.consent(await hana.start(), deny=True))
    assert back == Returned("link_denied", "")
    assert await hana.connection() is None


async def test_ticking_nothing_links_nothing_and_says_so(town: Town):
    hana = town.person("hana")
    back = await hana.come_back(await hana.consent(await hana.start(), tick=[]))
    assert back == Returned("no_kind_granted", "")


async def test_a_grant_without_a_refresh_token_says_what_to_do(town: Town):
    hana = town.person("hana")
    url = (await hana.start()).replace("access_type=offline", "access_type=online")
    back = await hana.come_back(await hana.consent(url))
    assert back == Returned("refresh_token_missing", "")
    assert await hana.connection() is None


async def test_every_state_that_is_not_good_gets_one_and_the_same_answer(town: Town):
    hana = town.person("hana")
    used = await hana.consent(await hana.start())
    assert (await hana.come_back(used)).result == "success"
    stale = await hana.consent(await hana.start())
    await town.platform.advance(timedelta(minutes=10), schedules=False)
    path = "/oauth_callback"
    unknown = f"{path}?state={'a' * 43}&code=x&scope=y"
    malformed = [f"{path}?state={state}&code=x" for state in ("", "short", "%00" * 43, "a" * 5000, "日本" * 20)]
    exact = town.platform.url
    answers = set()
    for location in [used, stale, f"{exact}{unknown}", *(f"{exact}{m}" for m in malformed), f"{exact}{path}"]:
        answer = await town.call("GET", location.removeprefix(exact))
        answers.add((answer.status, answer.headers["location"], answer.body))
    assert len(answers) == 1
    assert "result=link_invalid" in answers.pop()[1]
