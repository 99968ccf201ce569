"""The stand-in for the app, clicked through as a person would, on the real functions and the simulated Google."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from infra.demo.people import Words
from infra.demo.words import KINDS
from infra.local import app_words
from infra.local.app import StandInApp
from infra.local.platform import Platform
from shared.clock import ManualClock
from shared.problems import PROBLEMS

SCOPES = [f"https://www.googleapis.com/auth/fitness.{part}.read" for part in ("activity", "sleep")]
JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff\uff01-\uff5e]")
NAMES = "KAGAMINO|Google|Fit|URL|GET|measurement|hana|ken"
ENGLISH = re.compile(rf"\b(?!(?:{NAMES})\b)[A-Za-z]+", re.ASCII)
WORDS = [words for words in (*vars(app_words).values(), *app_words.SAID.values()) if isinstance(words, Words)]
PAGES = [
    "",
    "?say=disconnected",
    "?say=link_denied",
    "?say=<b>Call+this+number",
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
    return re.sub(r"<style>.*?</style>|<pre>.*?</pre>|<nav>.*?</nav>|<[^>]*>", "\n", page, flags=re.DOTALL)


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
