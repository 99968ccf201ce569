"""The stand-in for the app, clicked through as a person would, on the real functions and the simulated Google."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from infra.local.app import StandInApp
from infra.local.platform import Platform
from shared.clock import ManualClock

SCOPES = [f"https://www.googleapis.com/auth/fitness.{part}.read" for part in ("activity", "sleep")]


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
    assert "Connected." in page
    assert "google_fit: active" in page
    await platform.drain()
    async with browser.get(f"{platform.url}/app/data?kind=steps") as answer:
        assert '"steps":' in (await answer.text()).replace("&quot;", '"')


async def test_a_person_who_cancels_at_google_is_told(platform: Platform, browser: aiohttp.ClientSession) -> None:
    _, page = await connect(platform, browser, "deny")
    assert "Not connected: link_denied" in page


async def test_a_person_syncs_and_disconnects(platform: Platform, browser: aiohttp.ClientSession) -> None:
    await connect(platform, browser)
    await platform.drain()
    _, page = await click(browser, f"{platform.url}/app/sync")
    assert "202" in page
    _, page = await click(browser, f"{platform.url}/app/disconnect")
    assert "200" in page
    await platform.drain()
    assert platform.world.counters()["revoke"]


async def test_only_test_users_are_signed_in(platform: Platform, browser: aiohttp.ClientSession) -> None:
    await click(browser, f"{platform.url}/app/sign_in", uid="<b>mallory")
    async with browser.get(f"{platform.url}/app/") as answer:
        page = await answer.text()
    assert "Signed in as <strong>" not in page
    _, page = await click(browser, f"{platform.url}/app/sync")
    assert "401" in page
