"""The pages that mailed links lead to, on a phone: in both languages, bright and dark, without scripts."""

import io
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pypdf
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize

from infra.local.platform import Platform
from shared.clock import ManualClock
from tests.journeys.contract import Contract
from tests.journeys.counter import VERIFIER, Desk
from tests.journeys.town import START, Heard, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE: ViewportSize = {"width": 390, "height": 844}
AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
LOCALES = {"ja": "ja-JP", "en": "en-US"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    file = tmp_path_factory.mktemp("platform") / "documents"
    async with (
        Platform(ManualClock(START), documents=f"sqlite:{file}") as platform,
        Town(platform, Contract(), Heard(None)) as town,
    ):
        yield await Desk(town).staffed()


class Waiting(NamedTuple):
    """Something that waits to be fetched."""

    url: str
    code: str


async def waiting(at: Desk, ident: str, language: str) -> Waiting:
    person = at.town.person(f"person-{ident[0]}")
    case = await at.begun("disclosure", "purpose_notice", way="electronic", ident=ident, language=language)
    await at.signed_in(case, person)
    await at.decided(case, "1", "2")
    letter = (await at.printed(case, "letters/l2/2")).body
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(letter)).pages)
    code = re.search(r"(?<![A-Z0-9-])[A-Z2-7]{4}-[A-Z2-7]{4}(?![A-Z0-9-])", text)
    assert code
    return Waiting(f"{at.town.platform.url}/disclosure/links/delivery?token={await at.link('token')}", code[0])


async def opened(browser: Browser, url: str, language: str, **options: Any) -> Page:
    context = await browser.new_context(locale=LOCALES[language], viewport=PHONE, accept_downloads=True, **options)
    page = await context.new_page()
    await page.goto(url)
    return page


async def sound(page: Page, name: str) -> None:
    """Nothing that axe finds, nothing beside the screen; and a picture, where somebody wants to look at it."""
    found = await Axe().run(page, options=AXE)
    assert [one["id"] for one in found.response["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    if folder := os.environ.get("PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("language", "scheme"), [("ja", "light"), ("en", "dark")])
async def test_who_has_the_code_gets_the_files(at: Desk, chromium: Browser, language: str, scheme: Any):
    link = await waiting(at, language[0] * 26, language)
    page = await opened(chromium, link.url, language, color_scheme=scheme)
    assert await page.evaluate("document.documentElement.lang") == language
    await sound(page, f"ask-{language}")
    field = page.get_by_label({"ja": "受取番号", "en": "Code"}[language])
    await field.fill("AAAA-2222")
    await field.press("Enter")
    assert await page.get_by_role("alert").inner_text()
    await sound(page, f"wrong-{language}")
    field = page.get_by_label({"ja": "受取番号", "en": "Code"}[language])
    await field.fill(link.code.lower().replace("-", " "))
    await page.get_by_role("button").click()
    buttons = page.get_by_role("button")
    assert await buttons.count() == 2
    await sound(page, f"files-{language}")
    for number, ending in ((0, "1-1.zip"), (1, "2-1.pdf"), (0, "1-1.zip")):
        async with page.expect_download() as coming:
            await buttons.nth(number).click()
        saved = await coming.value
        assert saved.suggested_filename.endswith(ending)
        assert saved.suggested_filename.startswith("KG-")
    await page.goto(link.url)
    await page.get_by_label({"ja": "受取番号", "en": "Code"}[language]).fill(link.code)
    await page.get_by_role("button").click()
    assert await page.get_by_role("alert").inner_text()
    await sound(page, f"used-{language}")
    await page.context.close()


async def test_it_works_without_scripts_and_asks_nobody_else(at: Desk, chromium: Browser):
    link = await waiting(at, "k" * 26, "ja")
    page = await opened(chromium, "about:blank", "ja", java_script_enabled=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(link.url)
    await page.get_by_label("受取番号").fill(link.code)
    await page.get_by_role("button").click()
    async with page.expect_download() as coming:
        await page.get_by_role("button").first.click()
    assert (await (await coming.value).path()).stat().st_size > 1000
    assert [url for url in asked if not url.startswith(at.town.platform.url)] == []
    await page.context.close()


@pytest.mark.parametrize(("language", "scheme"), [("ja", "dark"), ("en", "light")])
async def test_an_address_is_confirmed_by_one_button(at: Desk, chromium: Browser, language: str, scheme: Any):
    case = await at.begun("purpose_notice", way="paper", ident={"ja": "y", "en": "z"}[language] * 26)
    await at.do(VERIFIER, case, "begin_verification")
    await at.do(VERIFIER, case, "send_link", use="mail_address")
    url = f"{at.town.platform.url}/disclosure/links/mail?token={await at.link('token')}"
    page = await opened(chromium, url, language, color_scheme=scheme)
    await sound(page, f"mail-{language}")
    await page.get_by_role("button").click()
    assert {"ja": "確認できました", "en": "Confirmed"}[language] in await page.get_by_role("main").inner_text()
    await sound(page, f"confirmed-{language}")
    await page.context.close()
