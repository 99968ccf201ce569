"""The worklist in a real browser: on a desk and on a phone, in both languages, by keyboard, without scripts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize

from tests.disclosure.pages.desk import Desk, desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUZUKI, ITO = "suzuki@kagamino.example", "ito@kagamino.example"
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("functions")
    async with desk(folder) as opened:
        yield opened


class Seat:
    """Somebody at the desk, and what their browser complained about."""

    def __init__(self, at: Desk, browser: Browser) -> None:
        self.at, self.browser = at, browser
        self.complaints: list[str] = []

    async def open(
        self, path: str = "/", *, email: str = SUZUKI, viewport: ViewportSize = DESK, **options: Any
    ) -> Page:
        options = {"locale": "ja-JP", **options}
        context = await self.at.browser_of(self.browser, email, viewport=viewport, **options)
        page = await context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.at.url + path)
        return page

    def _said(self, said: ConsoleMessage) -> None:
        if not said.location["url"].endswith("/favicon.ico"):  # of answers that are no pages
            self.complaints.append(f"{said.text} {said.location['url']}")


@pytest_asyncio.fixture(loop_scope="module")
async def seat(at: Desk, chromium: Browser) -> AsyncIterator[Seat]:
    sitting = Seat(at, chromium)
    yield sitting
    for context in chromium.contexts:
        await context.close()
    assert sitting.complaints == [], "the policy blocks nothing that the page needs"


async def violations(page: Page) -> list[str]:
    found = await Axe().run(page, options=AXE)
    return [f"{one['id']}: {node['html'][:200]}" for one in found.response["violations"] for node in one["nodes"]]


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.textContent.trim()"))


@pytest.mark.parametrize(
    ("viewport", "locale", "scheme"),
    [(DESK, "ja-JP", "light"), (DESK, "en-GB", "dark"), (PHONE, "ja-JP", "dark"), (PHONE, "en-GB", "light")],
)
async def test_it_is_accessible_and_fits(seat, viewport, locale, scheme):
    page = await seat.open(viewport=viewport, locale=locale, color_scheme=scheme)
    assert await page.get_attribute("html", "lang") == locale[:2]
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.click("#keys summary")
    assert await violations(page) == []
    assert await page.get_by_role("row").count() == 22
    assert await page.get_by_role("rowheader").count() == 21


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_part_that_pages_are_made_of_is_accessible_and_fits(seat, viewport, scheme):
    page = await seat.open("/parts", viewport=viewport, color_scheme=scheme)
    await page.click("text=取下げを記録")
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate("document.activeElement.closest('.summary, .do') !== null")
    assert await page.locator(".toast").inner_text() == "2件"
    assert await page.locator("#f-note").input_value() == "<b>&"


async def test_an_error_leads_to_its_field_and_is_read_with_it(seat):
    page = await seat.open("/parts")
    assert await page.evaluate("document.activeElement.classList.contains('summary')")
    await page.get_by_role("link", name="氏名を入力してください。").click()
    assert await page.evaluate("document.activeElement.id") == "f-name"
    described = await page.get_by_label("氏名").get_attribute("aria-describedby")
    assert described == "f-name-h f-name-e"
    for one in described.split():
        assert await page.locator(f"#{one}").count() == 1


async def test_a_form_is_sent_once_and_a_file_too_large_not_at_all(seat):
    page = await seat.open("/parts")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    await page.route("**/act", lambda route: route.fulfill(status=204))  # the page stays
    large = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"x" * 1001}
    await page.set_input_files("#f-scans", [large])
    await page.fill("#f-name", "山田")
    await page.get_by_role("button", name="保存").click()
    assert sent == []
    await page.set_input_files("#f-scans", [{**large, "buffer": b"x"}])
    await page.get_by_role("button", name="保存").dblclick()
    await page.get_by_role("button", name="保存").click()
    assert len(sent) == 1
    assert await page.get_by_role("button", name="保存").get_attribute("aria-busy") == "true"


async def test_at_four_times_the_size_nothing_has_to_be_scrolled_sideways(seat):
    page = await seat.open(viewport={"width": 320, "height": 640}, locale="en-GB")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_rows_are_walked_and_opened_by_keys(seat):
    page = await seat.open()
    await page.keyboard.press("j")
    assert await focused(page) == "KG-0000-2QZ7"
    for key in "jjk":
        await page.keyboard.press(key)
    assert await focused(page) == "KG-0001-2QZ7"
    for _ in range(30):
        await page.keyboard.press("j")
    assert await focused(page) == "KG-0020-2QZ7"
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/cases/c20")


async def test_keys_lead_to_the_filters_and_to_what_they_do(seat):
    page = await seat.open()
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.id") == "f-stage"
    await page.keyboard.press("j")
    assert await page.evaluate("document.activeElement.id") == "f-stage", "in a field keys are what is typed"
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("?")
    assert await page.evaluate("document.getElementById('keys').open")
    assert await focused(page) == "キーボードの使い方"


async def test_keys_of_one_letter_can_be_turned_off_and_stay_off(seat):
    page = await seat.open()
    await page.click("#keys summary")
    await page.click("[data-keys]")
    for again in (False, True):
        if again:
            await page.reload()
        await page.locator("h1").click()
        await page.keyboard.press("j")
        assert not (await focused(page)).startswith("KG-")
    await page.click("#keys summary")
    await page.click("[data-keys]")
    await page.keyboard.press("j")
    assert (await focused(page)).startswith("KG-")


async def test_a_row_is_opened_by_a_click_anywhere_in_it(seat):
    page = await seat.open()
    await page.get_by_text("補正中").nth(1).click()
    await page.wait_for_url("**/cases/c1")


async def test_a_filter_applies_at_once_and_can_be_taken_off(seat):
    page = await seat.open()
    await page.click("#f-stage")
    await page.select_option("#f-stage", "defect")
    await page.wait_for_url("**/?stage=defect*")
    assert await page.locator("a.row").count() == 3
    assert await page.locator(".total").inner_text() == "3件"
    await page.get_by_role("link", name="絞り込みを解除").click()
    assert await page.locator("a.row").count() == 21


async def test_without_scripts_it_is_filtered_and_opened_as_well(seat):
    page = await seat.open(java_script_enabled=False)
    await page.select_option("#f-stage", "defect")
    await page.get_by_role("button", name="絞り込む").click()
    assert await page.locator("a.row").count() == 3
    await page.get_by_text("キーボードの使い方").click()
    assert not await page.locator("[data-keys]").is_visible(), "there is nothing to turn off"
    await page.locator("a.row").first.click()
    assert page.url.endswith("/cases/c1")


async def test_the_language_that_is_chosen_stays_and_leads_back_to_where_it_was(seat):
    page = await seat.open("/?stage=defect")
    await page.get_by_role("button", name="English").click()
    await page.wait_for_load_state()
    assert page.url == f"{seat.at.url}/?stage=defect"
    assert await page.locator("h1").inner_text() == "Worklist"
    [cookie] = [one for one in await page.context.cookies() if one["name"].startswith("__Host-")]
    assert (cookie["name"], cookie["value"]) == ("__Host-lang", "en")
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Strict")
    await page.goto(f"{seat.at.url}/")
    assert await page.locator("h1").inner_text() == "Worklist"


async def test_who_may_take_nothing_in_is_not_offered_to(seat):
    page = await seat.open(email=ITO)
    assert await page.locator("nav").first.get_by_role("link").all_inner_texts() == ["案件一覧", "集計", "監査"]
    assert await page.get_by_role("link", name="新しい受付").count() == 0


async def test_on_paper_there_is_the_list_and_nothing_to_press(seat):
    page = await seat.open()
    await page.emulate_media(media="print")
    assert await page.locator("table").is_visible()
    for gone in (".bar nav", ".filters", ".self form", "footer .keys", ".pages"):
        assert not await page.locator(gone).is_visible()


async def test_style_and_script_are_kept_as_long_as_they_are_the_same(seat):
    page = await seat.open()
    for where in ("link[rel=stylesheet]", "script[src]", "link[rel=icon]"):
        name = "src" if where.startswith("script") else "href"
        to = await page.get_attribute(where, name)
        answer = await page.request.get(seat.at.platform.url + to)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        older = to.replace(to.split("/")[-2], "0" * 16)
        answer = await page.request.get(seat.at.platform.url + older)
        assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    for missing in ("layout.html", "nothing.css", "..%2Fframe.py"):
        assert (await page.request.get(f"{seat.at.url}/files/x/{missing}")).status == 404
