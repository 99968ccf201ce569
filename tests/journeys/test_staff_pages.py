"""From a phone call to the answer, through the pages alone, in a real browser; and what the pages show to whom."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize

from infra.local.platform import Platform
from infra.local.staff import COOKIE, register_test_staff
from shared.clock import ManualClock
from shared.cloud.stores import open_documents
from tests.journeys.town import SIGNING

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEGIN = datetime(2026, 11, 24, 1, tzinfo=UTC)
WINDOW, VERIFIER, DECIDER = "suzuki@kagamino.example", "sato@kagamino.example", "takahashi@kagamino.example"
EVERYTHING, AUDITOR = "yamamoto@kagamino.example", "ito@kagamino.example"
WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
HANA = {
    "if_version": 0,
    "name": "山田　花子",
    "birth_on": "1948-05-03",
    "address": {"postal_code": "108-0075", "text": "東京都港区港南1-2-3"},
    "phone": "03-1234-5678",
}
FORM = {
    "name": "山田 花子",
    "born_on": "昭和23年5月3日",
    "postal_code": "108-0075",
    "address": "東京都港区港南1-2-3",
    "phone": "03-1234-5678",
}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe"
    "0def46b80000000049454e44ae426082"
)


class Office(NamedTuple):
    """A platform with a desk, and a browser for whoever sits there."""

    platform: Platform
    browser: Browser

    @property
    def url(self) -> str:
        return f"{self.platform.url}/disclosure"

    async def app(self, method: str, path: str, body: object, uid: str) -> Any:
        """As the app calls."""
        headers = {"Authorization": f"Bearer {self.platform.issuer.token_for(uid)}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, f"{self.platform.url}{path}", json=body) as got,
        ):
            assert got.status < 300, await got.text()
            return await got.json()

    @asynccontextmanager
    async def seat(
        self, email: str, *, viewport: ViewportSize = WIDE, locale: str = "ja-JP", **options: Any
    ) -> AsyncIterator["Seat"]:
        """Somebody's browser. Whatever its policy blocks is a fault of the page."""
        options = {"viewport": viewport, "locale": locale, **options}
        context = await self.browser.new_context(**options)
        session = self.platform.staff.session(email)
        await context.add_cookies([{"name": COOKIE, "value": session, "url": self.platform.url}])
        page = await context.new_page()
        page.set_default_timeout(8000)
        seat = Seat(self, page)
        page.on("console", lambda said: seat.complaints.append(said.text))
        page.on("pageerror", lambda error: seat.complaints.append(str(error)))
        yield seat
        await context.close()
        # That an answer was a refusal, the console says as well.
        assert [said for said in seat.complaints if not said.startswith("Failed to load resource")] == []


class Seat:
    """Somebody at the desk."""

    def __init__(self, office: Office, page: Page) -> None:
        self.office, self.page = office, page
        self.complaints: list[str] = []

    async def go(self, path: str) -> int:
        answer = await self.page.goto(f"{self.office.url}{path}")
        assert answer is not None
        return answer.status

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()
        await self.page.wait_for_load_state()

    async def unfold(self, name: str) -> None:
        await self.page.locator("summary", has_text=name).first.click()

    async def open(self, case: str, why: str = "次の手続き", do: str = "理由を記録して開く") -> None:
        await self.go(f"/cases/{case}")
        await self.page.get_by_label(why, exact=True).check()
        await self.press(do)

    async def fill(self, form: str, **values: str) -> None:
        for name, value in values.items():
            await self.page.fill(f"#f-{form}-{name}" if form else f"#f-{name}", value)

    async def tick(self, where: str, *labels: str) -> None:
        for label in labels:
            await self.page.locator(where).get_by_label(label, exact=True).check()

    async def said(self) -> str:
        return (await self.page.locator("#said").inner_text()).strip()

    async def text(self, where: str = "main") -> str:
        return await self.page.locator(where).first.inner_text()

    async def violations(self) -> list[str]:
        found = await Axe().run(self.page, options=AXE)
        wide = await self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        wrong = [f"{one['id']}: {node['html'][:200]}" for one in found.response["violations"] for node in one["nodes"]]
        return [*wrong, *(["wider than the screen"] if wide else [])]

    async def call(self, *wanted: str, **told: str) -> str:
        """Take in a call; the case's id."""
        await self.go("/cases/new")
        await self.fill("", **told)
        await self.tick("#f-types", *wanted)
        await self.press("受け付ける")
        return self.page.url.rpartition("/")[2].partition("?")[0]

    async def copied(self, *wanted: str, **told: str) -> None:
        for copy in ("first", "second"):
            await self.fill(copy, **told)
            await self.tick(f"#f-{copy}-types", *wanted)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> AsyncIterator[Office]:
    folder: Path = tmp_path_factory.mktemp("desk")
    clock = ManualClock(BEGIN)
    platform = Platform(clock, documents=f"sqlite:{folder / 'documents'}")
    platform.issuer.firebase.adopt(SIGNING)
    async with platform:
        store = open_documents(platform.settings["DOCUMENTS"], project=platform.settings["PROJECT"])
        await register_test_staff(store, clock)
        await store.close()
        yield Office(platform, chromium)


async def test_a_call_becomes_an_answer(office: Office):
    await office.app("PUT", "/profile", HANA, "hana")
    wanted = ("開示", "利用停止")
    async with office.seat(WINDOW) as window:
        # A day that is none: nothing that was typed is lost.
        await window.go("/cases/new")
        await window.fill("", name="山田 花子", born_on="S23.5.33", words="歩数を見たい")
        await window.press("受け付ける")
        assert "暦にない日付" in await window.text(".summary")
        assert "請求の種類" in await window.text(".summary")
        assert await window.page.input_value("#f-words") == "歩数を見たい"
        await window.fill("", born_on="S23.5.3")
        await window.tick("#f-types", *wanted)
        await window.press("受け付ける")
        case = window.page.url.rpartition("/")[2].partition("?")[0]
        assert re.search(r"受付番号は KG-\w{4}-\w{4} です", await window.said())
        await window.open(case)
        await window.press("申請書を送る")
        assert await window.said() == "申請書を送りました"
        await office.platform.drain()
        number = await window.text("h1")
        # The form was made of the state before the letter was typeset, which changes nothing that anybody decides on.
        await window.fill("register_arrival", number="KG-0000-0000", on="R8.11.24", stamps_yen="1000")
        await window.press("申請書の到着を登録する")
        assert "別の申請の受付番号です" in await window.text(".summary")
        await window.fill("register_arrival", number=number)
        await window.press("申請書の到着を登録する")
        assert await window.said() == "申請書の到着を登録しました"
        # The post's own record of the letter, and its paper.
        async with window.page.expect_download() as paper:
            await window.page.get_by_role("button", name="PDF 1").click()
        assert (await paper.value).suggested_filename == f"{number}-l1-1.pdf"
        await window.fill("posted", on="令和8年11月24日", tracking="123-45-67890-1")
        await window.press("発送を記録する")
        assert "11/24(火) 発送" in await window.text("section:has(#letters)")
        # Copied twice over, and once wrongly.
        await window.page.get_by_role("link", name="申請書を入力する").click()
        await window.copied(*wanted, **FORM)
        await window.fill("second", name="山田 華子")
        await window.press("申請書を入力する")
        assert "氏名：1回目と2回目が一致しません" in await window.text(".summary")
        assert await window.page.locator(".wrong input").evaluate_all("all => all.map((one) => one.value)") == [
            "山田 花子",
            "山田 華子",
        ]
        assert await window.violations() == []
        await window.fill("second", name="山田 花子")
        await window.press("申請書を入力する")
        # Its scan, which is no picture at first.
        await window.unfold("書類を取り込む")
        for content, told in ((b"%!PS", "PDF、JPEG、PNG"), (PNG, "取り込みました")):
            await window.page.set_input_files(
                "#f-scan-files", {"name": "form.png", "mimeType": "image/png", "buffer": content}
            )
            await window.press("書類を取り込む")
            assert told in await window.text(".toast, .summary")
        shown = await window.page.request.get(f"{office.url}/cases/{case}/scans/s1")
        assert (shown.status, shown.headers["content-type"]) == (200, "image/png")
        assert "sandbox" in shown.headers["content-security-policy"]
    async with office.seat(VERIFIER) as verifier:
        assert (await verifier.page.request.get(f"{office.url}/cases/{case}/scans/s1")).status == 401
        await verifier.open(case, "本人確認")
        await verifier.press("本人確認を始める")
        await verifier.press("本人と確認する")
        assert "本人であることが確認できていません" in await verifier.text(".summary")
        await verifier.page.get_by_role("link", name="案件へ戻る").click()
        await verifier.unfold("本人確認書類を記録する")
        await verifier.page.select_option("#f-add_proof-paper", "driving_licence")
        await verifier.fill("add_proof", received_on="2026/11/24", good_until="2030年5月3日")
        await verifier.tick("#f-add_proof-agreed", "氏名", "生年月日", "住所")
        await verifier.press("本人確認書類を記録する")
        await verifier.press("登録情報と照合する")
        assert "強く一致します" in await verifier.text()
        assert "hana" not in await verifier.page.content()
        assert await verifier.violations() == []
        await verifier.page.get_by_role("link", name="案件へ戻る").click()
        assert "確認の程度：高" in await verifier.text("section:has(#identity)")
        await verifier.press("本人と確認する")
        assert await verifier.said() == "本人と確認しました"
        assert await verifier.page.get_by_role("button", name="対象を特定する").count() == 0, "somebody else decides"
    await office.platform.drain()
    async with office.seat(DECIDER) as decider, office.seat(EVERYTHING) as rival:
        await decider.open(case, "判断・承認")
        for _ in range(2):
            await decider.page.get_by_role("button", name="対象を特定する").first.click()
            await decider.page.wait_for_load_state()
        await office.platform.drain()
        await decider.go(f"/cases/{case}")
        await rival.open(case, "判断・承認")
        # Refused without ground and reason it cannot be.
        await decider.tick("#f-decide1-outcome", "応じない")
        await decider.page.get_by_role("button", name="決定する").first.click()
        assert "理由の入力が必要です" in await decider.text(".summary")
        await decider.tick("#f-decide1-outcome", "全部に応じる")
        await decider.press("決定する")
        assert await decider.said() == "決定しました"
        # The other one looked at the state before.
        await rival.tick("#f-decide1-outcome", "応じない")
        await rival.page.select_option("#f-decide1-ground", "harm")
        await rival.fill("decide1", reason="第三者の権利を害するため")
        await rival.page.get_by_role("button", name="決定する").first.click()
        assert await rival.text("h1") == "先にほかの操作が行われました"
        told = await rival.text()
        assert "決定済" in told
        assert "高橋 みのり" in told
        assert "第三者の権利を害するため" in told
        assert "応じない" in told
        assert "harm" not in told
        assert await rival.violations() == []
        await decider.tick("#f-decide2-outcome", "全部に応じる")
        await decider.press("決定する")
    await office.platform.drain()
    await office.platform.advance(timedelta(minutes=10), schedules=False)
    async with office.seat(WINDOW) as window:
        await window.open(case, "回答・発送")
        text = await window.text("section:has(#items)")
        assert text.count("通知中") == 2, text
        async with window.page.expect_download() as paper:
            await window.page.get_by_role("button", name="印刷する 1").click()
        assert (await paper.value).suggested_filename == f"{number}-1-1.pdf"
        await window.fill("register_delivery", on="2026-11-24", proof="書留 123-45-67890-1")
        await window.press("回答の到達を記録する")
        assert "回答済" in await window.text(".way .now, .way .done:last-child")
    async with office.seat(AUDITOR) as auditor:
        await auditor.go(f"/audit?case={number.lower()}")
        rows = await auditor.page.locator("tbody tr").all_inner_texts()
        assert len(rows) >= 6
        assert all("一致" in row for row in rows)
        assert any("佐藤 健" in row and "本人確認" in row for row in rows)
        assert await auditor.go(f"/cases/{case}") == 403, "who audits opens no case"


async def test_a_form_that_is_sent_twice_begins_one_case(office: Office):
    async with office.seat(WINDOW) as window:
        await window.go("/cases/new")
        hidden = {name: await window.page.input_value(f"main [name={name}]") for name in ("id", "form_token")}
        told = {
            **hidden,
            "name": "鈴木 次郎",
            "by": "self",
            "category": "customer",
            "channel": "phone",
        }
        form: dict[str, Any] = {**told, "types": "erasure", "language": "ja", "way": "paper"}
        sent = [
            await window.page.request.post(
                f"{office.url}/cases/new", form=form, headers={"origin": office.platform.url}, max_redirects=0
            )
            for _ in range(2)
        ]
        assert [one.status for one in sent] == [303, 303]
        assert sent[0].headers["location"] == sent[1].headers["location"]
        stolen = await window.page.request.post(
            f"{office.url}/cases/new", form={**form, "form_token": "x"}, headers={"origin": office.platform.url}
        )
        assert stolen.status == 401


@pytest.mark.parametrize(
    ("viewport", "locale", "scheme"), [(WIDE, "en-GB", "dark"), (PHONE, "ja-JP", "light")], ids=["desk", "phone"]
)
async def test_every_page_is_accessible_and_fits(office: Office, viewport: ViewportSize, locale: str, scheme: str):
    why, do = ("The next step is due", "Record the reason and open")
    if locale == "ja-JP":
        why, do = ("次の手続き", "理由を記録して開く")
    async with office.seat(EVERYTHING, viewport=viewport, locale=locale, color_scheme=scheme) as seat:
        await seat.go("/")
        case = str(await seat.page.locator("a.row").first.get_attribute("href")).rpartition("/")[2]
        found = {"/": await seat.violations()}
        for path in (f"/cases/{case}", "/cases/new", "/dashboard", "/search?number=KG-0"):
            await seat.go(path)
            found[path] = await seat.violations()
        await seat.open(case, why, do)
        found["case"] = await seat.violations()
        await seat.page.emulate_media(media="print")
        assert await seat.page.locator("h1").is_visible()
        assert not await seat.page.locator("button:visible").count()
    async with office.seat(AUDITOR, viewport=viewport, locale=locale, color_scheme=scheme) as seat:
        await seat.go("/audit")
        found["/audit"] = await seat.violations()
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


async def test_without_scripts_a_case_is_taken_in_opened_and_moved_on(office: Office):
    async with office.seat(WINDOW, java_script_enabled=False) as window:
        case = await window.call("消去", name="高田 三郎")
        await window.open(case)
        await window.press("申請書を送る")
        assert await window.said() == "申請書を送りました"
        # An hour later it is open no more, and what is sent then is not done.
        await office.platform.advance(timedelta(hours=1), schedules=False)
        await window.page.get_by_text("メモを残す").first.click()
        await window.fill("note", text="折り返しの電話を待つ")
        await window.press("メモを残す")
        assert "1時間が過ぎたため" in await window.text(".summary")


async def test_nobody_opens_their_own_case(office: Office):
    async with office.seat(WINDOW) as window:
        case = await window.call("開示", name="鈴木　花子")
        await window.open(case)
        assert "ご自身に関する申請は、担当できません" in await window.text()
