"""How a link comes about, and how it does not."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from shared.source.google_fit.scopes import SCOPES
from shared.vocabulary import Kind
from tests.journeys.town import ALL, Returned, Town


async def test_whoever_links_all_eight_kinds_sees_data_of_each(town: Town):
    hana = town.person("hana", days=5)
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
    ken = town.person("ken", days=3)
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
    assert (await hana.come_back(used)).result == "link_invalid"
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


async def test_a_code_links_once_and_says_so_again_to_its_person_alone(town: Town):
    hana, ken = town.person("hana"), town.person("ken")
    back = await hana.come_back(await hana.consent(await hana.start()))
    first = await hana.confirm(back.code)
    await town.platform.advance(timedelta(hours=1), schedules=False)
    second, by_another = await hana.confirm(back.code), await ken.confirm(back.code)
    assert (first.status, second.status) == (201, 201)
    assert second.json["connection"]["linked_at"] == first.json["connection"]["linked_at"]
    assert (by_another.status, by_another.code) == (410, "link_invalid")
    assert await ken.connection() is None


async def test_a_code_does_not_bring_back_the_link_it_began(town: Town):
    hana = town.person("hana")
    back = await hana.come_back(await hana.consent(await hana.start()))
    await hana.confirm(back.code)
    await hana.disconnect()
    ended = await hana.confirm(back.code)
    assert (ended.status, ended.code) == (410, "link_invalid")
    await town.platform.advance(timedelta(seconds=5), schedules=False)
    await hana.link()
    replaced = await hana.confirm(back.code)
    assert (replaced.status, replaced.code) == (410, "link_invalid")


async def test_two_posts_of_a_code_at_once_link_once(town: Town):
    hana = town.person("hana")
    back = await hana.come_back(await hana.consent(await hana.start()))
    answers = await asyncio.gather(*(hana.confirm(back.code) for _ in range(4)))
    assert [answer.status for answer in answers] == [201] * 4
    assert len({answer.json["connection"]["linked_at"] for answer in answers}) == 1


async def test_a_code_is_good_for_ten_minutes_and_its_grant_is_then_revoked_at_google(town: Town):
    hana, ken = town.person("hana"), town.person("ken")
    late, in_time = [await app.come_back(await app.consent(await app.start())) for app in (hana, ken)]
    await town.platform.advance(timedelta(minutes=9, seconds=59), schedules=False)
    assert (await ken.confirm(in_time.code)).status == 201
    await town.platform.advance(timedelta(seconds=1), schedules=False)
    answer = await hana.confirm(late.code)
    assert (answer.status, answer.code) == (410, "link_invalid")
    assert await hana.connection() is None
    await town.platform.advance(timedelta(minutes=2), schedules=False)
    assert not town.granted_at_google(hana)
    assert town.granted_at_google(ken)


async def test_codes_that_were_never_given_are_answered_like_used_ones(town: Town):
    hana = town.person("hana")
    for code in ("", "x", "a" * 43, "a" * 5000, "../../x", "日本語" * 10, "\x00" * 43):
        answer = await hana.confirm(code)
        assert (answer.status, answer.code) == (410, "link_invalid")


async def test_the_code_of_an_android_device_links_directly(town: Town):
    hana = town.person("hana")
    mine = [Kind.STEPS, Kind.HEART_RATE]
    client = town.platform.settings["GOOGLE_CLIENT_ID"]
    scopes = ["openid", *(SCOPES[kind] for kind in mine)]
    code = town.world.mint_server_auth_code(hana.account.email, client, scopes)
    wish = {"provider": "google_fit", "kinds": [*mine, Kind.SLEEP], "server_auth_code": code}
    answer = await hana.call("POST", "/oauth_start", body=wish)
    assert answer.status == 201
    assert {k for k, link in answer.json["connection"]["kinds"].items() if link["granted"]} == set(mine)
    await town.settle()
    assert await hana.days(Kind.STEPS)
    again = await hana.call("POST", "/oauth_start", body=wish)
    assert (again.status, again.json["connection"]["linked_at"]) == (201, answer.json["connection"]["linked_at"])
    stolen = await town.person("ken").call("POST", "/oauth_start", body=wish)
    assert (stolen.status, stolen.code) == (410, "code_refused")
    await hana.disconnect()
    spent = await hana.call("POST", "/oauth_start", body=wish)
    assert (spent.status, spent.code) == (410, "code_refused")


async def test_an_android_code_without_lasting_permission_says_so_and_the_next_one_links(town: Town):
    hana = town.person("hana")
    client = town.platform.settings["GOOGLE_CLIENT_ID"]
    scopes = ["openid", SCOPES[Kind.STEPS]]
    town.world.mint_server_auth_code(hana.account.email, client, scopes)
    results = []
    for forced in (False, True):
        code = town.world.mint_server_auth_code(hana.account.email, client, scopes, force_refresh=forced)
        wish = {"provider": "google_fit", "kinds": [Kind.STEPS], "server_auth_code": code}
        results.append(await hana.call("POST", "/oauth_start", body=wish))
    assert [(r.status, r.code) for r in results] == [(409, "refresh_token_missing"), (201, "")]


HOSTILE = '"><script>alert(1)</script>'


async def test_the_page_behind_the_redirect_speaks_the_readers_language_and_repeats_nothing(town: Town):
    hana = town.person("hana")
    good = (await hana.consent(await hana.start())).removeprefix(town.platform.url)
    hostile = urlencode({"state": HOSTILE, "code": "CANARY", "scope": HOSTILE, "error": HOSTILE, "more": HOSTILE})
    said = {
        ("ja", f"/oauth_callback?{hostile}"): "連携できませんでした",
        ("en", f"/oauth_callback?{hostile}"): "Not connected",
        ("en-US,en;q=0.9,ja;q=0.1", f"/oauth_callback?{hostile}"): "Back to the app",
        ("ja", good): "アプリに戻って連携を完了してください。",
        ("ja", f"{good}&code=again"): "URLの指定に誤りがあります。",
    }
    for (accept, path), words in said.items():
        answer = await town.call("GET", path, headers={"Accept-Language": accept})
        page = answer.body.decode()
        assert words in page
        assert f'<html lang="{accept[:2]}">' in page
        assert "CANARY" not in page
        assert "alert" not in page + answer.headers["location"]
        assert "script" not in page
        for value in parse_qs(urlsplit(path).query).values():
            assert len(value[0]) < 5 or value[0] not in page


async def test_linking_again_with_another_google_account_begins_anew_and_lets_the_old_one_go(town: Town):
    hana, other = town.person("hana"), town.person("hanas_other_account")
    await hana.link()
    back = await hana.come_back(await hana.consent(await hana.start(), account=other.account))
    assert (await hana.confirm(back.code)).status == 201
    await town.tick()
    assert not town.granted_at_google(hana)
    assert town.granted_at_google(other)
    # the account that was let go may be linked by somebody else
    await town.person("ken", account=hana.account).link()


async def test_beginning_again_and_again_has_to_wait(town: Town):
    hana, ken = town.person("hana", devices=[]), town.person("ken", devices=[])
    for _ in range(20):
        await hana.start()
    refused = await hana.call("POST", "/oauth_start", body={"provider": "google_fit", "kinds": ["steps"]})
    assert (refused.status, refused.code) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) == 600
    await ken.start()
    await town.pass_time(timedelta(minutes=10), every=timedelta(minutes=10))
    await hana.start()
