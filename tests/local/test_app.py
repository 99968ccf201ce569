"""The stand-in for the app, clicked through as a person would, on the real functions and the simulated Google."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import aiohttp
import pytest

from infra.demo.people import Words
from infra.demo.words import KINDS, STATES
from infra.local import app_words
from infra.local.app import StandInApp
from infra.local.platform import Platform
from shared.clock import ManualClock
from shared.problems import PROBLEMS

SCOPES = [f"https://www.googleapis.com/auth/fitness.{part}.read" for part in ("activity", "sleep")]
JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff\uff01-\uff5e]")
NAMES = "KAGAMINO|Google|Fit|URL|GET|measurement|hana|ken|HANA"
ENGLISH = re.compile(rf"\b(?!(?:{NAMES})\b)[A-Za-z]+", re.ASCII)
NAMED = app_words.SAID | app_words.CONSENTS
WORDS = [words for words in (*vars(app_words).values(), *NAMED.values()) if isinstance(words, Words)]
CODE = "q3-_" * 10
PAGES = [
    "",
    "?say=disconnected",
    "?say=link_denied",
    "?say=<b>Call+this+number",
    f"linked?result=success&code={CODE}",
    "linked?result=success&code=';curl+evil'",
    "linked?result=link_denied",
    "data?kind=steps",
    "data?kind=sleep",
    "data?kind=<b>horoscope",
    "sync",
    "nowhere",
]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    clock = ManualClock(datetime(2026, 11, 22, 9, 32, tzinfo=UTC))
    made = Platform(clock, documents=f"sqlite:{tmp_path / 'db'}")
    made.world.account("hana@example.com", history=timedelta(days=3))
    made.mount("app", StandInApp(("hana", "ken"), token_for=made.issuer.token_for, clock=clock).routes())
    async with made:
        yield made


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def click(browser: aiohttp.ClientSession, address: object, **form: object) -> tuple[str, str]:
    """Send a form and follow where it leads: the address arrived at, and the page."""
    async with browser.post(str(address), data=form) as page:
        return str(page.url), await page.text()


async def connect(platform: Platform, browser: aiohttp.ClientSession, decision: str = "allow") -> tuple[str, str]:
    await click(browser, f"{platform.url}/app/sign_in", uid="hana")
    consent, _ = await click(browser, f"{platform.url}/app/connect", kind="steps")
    fields = {"account": "hana@example.com", "scope": SCOPES[0], "decision": decision}
    return await click(browser, consent, **fields)


async def test_a_person_connects_and_sees_their_steps(platform: Platform, browser: aiohttp.ClientSession) -> None:
    _, page = await connect(platform, browser)
    assert "連携が完了しました。" in page
    assert "Google Fit：連携中" in page
    assert ">歩数</a>" in page
    await platform.drain()
    async with browser.get(f"{platform.url}/app/data?kind=steps") as answer:
        assert '"steps":' in (await answer.text()).replace("&quot;", '"')


async def test_a_person_who_cancels_at_google_is_told(platform: Platform, browser: aiohttp.ClientSession) -> None:
    _, page = await connect(platform, browser, "deny")
    assert PROBLEMS["link_denied"].ja in page


def shown(page: str, pattern: str) -> list[str]:
    return [unescape(found) for found in re.findall(pattern, page)]


async def started_elsewhere(platform: Platform, uid: str) -> str:
    """The address of the consent screen for a link that began in a terminal."""
    asked = {"provider": "google_fit", "kinds": ["steps"]}
    headers = {"Authorization": f"Bearer {platform.issuer.token_for(uid)}"}
    async with aiohttp.request("POST", f"{platform.url}/oauth_start", json=asked, headers=headers) as answer:
        return str((await answer.json())["authorization_url"])


@pytest.mark.parametrize("signed_in", ["", "ken"])
async def test_whoever_began_in_a_terminal_is_given_the_code_and_the_command(
    platform: Platform, browser: aiohttp.ClientSession, signed_in: str
) -> None:
    if signed_in:
        await click(browser, f"{platform.url}/app/sign_in", uid=signed_in)
    consent = await started_elsewhere(platform, "hana")
    fields = {"account": "hana@example.com", "scope": SCOPES[0], "decision": "allow"}
    address, page = await click(browser, consent, **fields)
    assert app_words.SAID["refused" if signed_in else "waiting"].ja in page
    assert app_words.WHO_CONFIRMS.ja in page
    code, command = shown(page, r"<pre class=copy>([^<]*)</pre>")
    assert f"code={code}" in address
    assert f"{platform.url}/connection/confirm" in command
    assert f'{{"code":"{code}"}}' in command
    headers = {"Authorization": f"Bearer {platform.issuer.token_for('hana')}"}
    async with browser.post(f"{platform.url}/connection/confirm", json={"code": code}, headers=headers) as answer:
        assert answer.status == 201


async def test_no_command_carries_what_an_address_brings(platform: Platform, browser: aiohttp.ClientSession) -> None:
    async with browser.get(f"{platform.url}/app/linked?result=success&code=';curl evil;'") as answer:
        page = await answer.text()
    assert PROBLEMS["link_invalid"].ja in page
    assert "curl" not in page


async def decide(platform: Platform, browser: aiohttp.ClientSession, change: str, page: str) -> str:
    (epoch,), (notice,) = (shown(page, rf'name={name} value="([^"]+)"') for name in ("epoch", "notice"))
    return (await click(browser, f"{platform.url}/app/consent", change=change, epoch=epoch, notice=notice))[1]


async def test_a_person_withdraws_a_kind_and_gives_it_again(platform: Platform, browser: aiohttp.ClientSession) -> None:
    await click(browser, f"{platform.url}/app/sign_in", uid="hana")
    async with browser.get(f"{platform.url}/app/") as answer:
        assert "/app/consent" not in await answer.text()
    _, page = await connect(platform, browser)
    buttons = shown(page, r'name=change value="([^"]+)"')
    assert buttons == ["withdraw steps", *(f"give {kind}" for kind in list(KINDS)[1:])]
    page = await decide(platform, browser, "give sleep", page)

    withdrawn = await decide(platform, browser, "withdraw steps", page)
    assert app_words.SAID["withdrawn"].ja in withdrawn
    assert STATES["revoked"].ja in withdrawn, "Google granted nothing else"

    # A page that was left open shows an older state: what it says cannot undo a newer decision.
    assert PROBLEMS["consent_stale"].ja in await decide(platform, browser, "give steps", page)
    given = await decide(platform, browser, "give steps", withdrawn)
    assert app_words.SAID["given"].ja in given
    assert STATES["revoked"].ja in given, "it takes a new link"
    _, page = await connect(platform, browser)
    assert STATES["active"].ja in page


@pytest.mark.parametrize("form", [{}, {"change": "give steps"}, {"change": "burn steps", "epoch": "1"}])
async def test_a_decision_that_says_too_little_is_refused(
    platform: Platform, browser: aiohttp.ClientSession, form: dict[str, str]
) -> None:
    await connect(platform, browser)
    _, page = await click(browser, f"{platform.url}/app/consent", **form)
    assert PROBLEMS["body_invalid"].ja in page


async def test_a_person_syncs_and_disconnects(platform: Platform, browser: aiohttp.ClientSession) -> None:
    await connect(platform, browser)
    await platform.drain()
    _, page = await click(browser, f"{platform.url}/app/sync")
    assert app_words.SAID["queued"].ja in page
    _, page = await click(browser, f"{platform.url}/app/disconnect")
    assert app_words.SAID["disconnected"].ja in page
    assert "連携を解除する" not in page
    await platform.drain()
    assert platform.world.counters()["revoke"]


async def test_only_test_users_are_signed_in(platform: Platform, browser: aiohttp.ClientSession) -> None:
    await click(browser, f"{platform.url}/app/sign_in", uid="<b>mallory")
    async with browser.get(f"{platform.url}/app/") as answer:
        page = await answer.text()
    assert app_words.SIGN_IN.ja in page
    assert "mallory" not in page
    _, page = await click(browser, f"{platform.url}/app/sync")
    assert PROBLEMS["unauthenticated"].ja in page


def test_every_word_is_there_in_both_languages() -> None:
    other = app_words.OTHER_LANGUAGE
    assert len(WORDS) > 10
    for words in {*WORDS, *KINDS.values()} - {other}:
        assert JAPANESE.search(words.ja)
        assert not ENGLISH.search(words.ja)
        assert words.en
        assert not JAPANESE.search(words.en)
        assert re.findall(r"{\d}", words.ja) == re.findall(r"{\d}", words.en)


def seen(page: str) -> str:
    """What is read of a page: neither its style, nor what a function answered, nor the way to the other language."""
    return re.sub(r"<style>.*?</style>|<pre.*?</pre>|<nav>.*?</nav>|<[^>]*>", "\n", page, flags=re.DOTALL)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("connected", [False, True])
async def test_every_page_is_in_the_readers_language_alone(
    platform: Platform, browser: aiohttp.ClientSession, path: str, connected: bool
) -> None:
    if connected:
        await connect(platform, browser)
        await platform.drain()
    for accept, language, alien in [("", "ja", ENGLISH), ("en-GB,en;q=0.9,ja;q=0.8", "en", JAPANESE)]:
        async with browser.get(f"{platform.url}/app/{path}", headers={"accept-language": accept}) as answer:
            page = await answer.text()
        assert f'<html lang="{language}">' in page
        assert JAPANESE.search(seen(page)) if language == "ja" else ENGLISH.search(seen(page))
        assert not alien.search(seen(page))
        assert "<b>" not in page


async def test_whoever_changes_the_language_keeps_it(platform: Platform, browser: aiohttp.ClientSession) -> None:
    async with browser.get(f"{platform.url}/app/?say=connected") as answer:
        switch = re.search(r'<a href="([^"]+)" lang="en"', await answer.text())
    assert switch
    async with browser.get(f"{platform.url}/app/{switch[1].replace('&amp;', '&')}") as answer:
        assert app_words.SAID["connected"].en in await answer.text()
    await click(browser, f"{platform.url}/app/sign_in", uid="hana")
    consent, page = await click(browser, f"{platform.url}/app/connect", kind="steps")
    assert "hl=en" in consent
    assert '<html lang="en">' in page
    _, page = await click(browser, f"{platform.url}/app/sync")
    assert PROBLEMS["not_connected"].en in page
    async with browser.get(f"{platform.url}/app/?lang=ja") as answer:
        assert app_words.CONNECT.ja in await answer.text()


async def test_a_person_opens_the_consent_page(platform: Platform, browser: aiohttp.ClientSession) -> None:
    _, home = await click(browser, f"{platform.url}/app/sign_in", uid="hana")
    [action] = shown(home, 'action="(/consent/page[^"]*)"')
    [ticket] = shown(home, 'name=ticket value="([^"]+)"')
    _, page = await click(browser, f"{platform.url}{action}", ticket=ticket)
    assert "いま、あなたの測定値を見られる相手はありません" in page
