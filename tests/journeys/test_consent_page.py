"""The consent page, in a real browser at the size of a phone, with scripts and without."""

import json
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, Page, Request, Route, ViewportSize

from infra.local.platform import Platform
from shared.clock import ManualClock
from shared.cloud.documents import Expect, Put
from shared.cloud.signing import keys_of
from shared.cloud.sqlite import SqliteDocuments
from shared.consent.verify import check
from shared.policy.notices import SHIPPED, digest_of, notices
from shared.vocabulary import Kind
from tests.journeys.town import SIGNING

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
NUMBERS = count()
PHONE: ViewportSize = {"width": 390, "height": 844}
SAKURA = "institution:sakura"
NEW = "2026-12-15"
HOSTILE = '<img src=x onerror="document.title=1">&"</h3><script>alert(1)</script>'
STEPS, PRESSURE = "#card-qolms_store-qolms-steps", "#card-qolms_store-qolms-blood_pressure"
HOSPITAL = "#card-health_guidance-institution-sakura"
AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


class Theatre(NamedTuple):
    """What all tests here share, since starting it takes longer than any of them: a platform and a browser."""

    platform: Platform
    store: SqliteDocuments
    browser: Browser
    clock: ManualClock


class Stage:
    """A person nobody has seen before, that person's phone, and a hospital."""

    def __init__(self, theatre: Theatre, uid: str) -> None:
        self.platform, self.store, self.browser, self.clock = theatre
        self.uid = uid
        self.complaints: list[str] = []
        self.opened = 0

    @property
    def token(self) -> str:
        return self.platform.issuer.token_for(self.uid)

    async def hospital(self, name: str = "さくら総合病院", *, en: str = "", active: bool = True) -> None:
        known = await self.store.get("institutions/sakura")
        data = {"name": {"ja": name, "en": en or name}, "address": "", "contact": "", "active": active}
        await self.store.commit([Put("institutions/sakura", data, known.version if known else Expect.ABSENT)])

    async def phone(self, *, scripts: bool = True, **options: Any) -> Page:
        context = await self.browser.new_context(viewport=PHONE, java_script_enabled=scripts, **options)
        page = await context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._count)
        return page

    def _count(self, request: Request) -> None:
        self.opened += request.is_navigation_request()

    async def open(self, page: Page, query: str = "lang=ja", *, token: str | None = None) -> Page:
        """As the app does: its token on the first request, and on no other."""
        address = f"{self.platform.url}/consent/page?{query}"

        async def first(route: Route) -> None:
            signed = {**route.request.headers, "authorization": f"Bearer {token or self.token}"}
            await route.continue_(headers=signed)

        await page.route(address, first, times=1)
        await page.goto(address)
        return page

    async def ask(self, method: str, path: str, body: object = None, *, uid: str = "", status: int = 200) -> Any:
        """As the app's own screens do."""
        token = self.platform.issuer.token_for(uid or self.uid)
        address = f"{self.platform.url}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(headers=headers) as http, http.request(method, address, json=body) as got:
            assert got.status == status, await got.text()
            return await got.json()

    async def invite(self, note: str, *kinds: str) -> Any:
        stands = await self.ask("GET", "/consent")
        body = {"kinds": kinds, "notice": stands["notice"], "if_epoch": stands["epoch"], "note": note}
        return await self.ask("POST", "/consent/invitations", body, status=201)

    async def accept(self, invited: Any, *, status: int = 200) -> Any:
        path, body = f"/consent/invitations/{invited['id']}/accept", {"code": invited["code"]}
        return await self.ask("POST", path, body, uid=f"{self.uid}s-daughter", status=status)

    async def decide(self, decision: str, kind: str, recipient: str = "qolms", **more: Any) -> Any:
        purpose = "qolms_store" if recipient == "qolms" else "health_guidance"
        stands = await self.ask("GET", "/consent")
        change = {"purpose": purpose, "kind": kind, "recipient": recipient, "decision": decision, **more}
        return await self.ask(
            "POST", "/consent", {"changes": [change], "notice": stands["notice"], "if_epoch": stands["epoch"]}
        )

    async def states(self) -> dict[str, str]:
        """The state of every cell, by kind and recipient."""
        cells = (await self.ask("GET", "/consent"))["cells"]
        return {f"{cell['kind']} {cell['recipient']}": cell["state"] for cell in cells}

    async def events(self) -> list[Any]:
        return list((await self.ask("GET", "/consent/history?limit=200"))["events"])


def published(folder: Path) -> Path:
    """The notices, and a newer one, to be in force from `NEW` on, with other words."""
    notices = folder / "notices"
    shutil.copytree(SHIPPED, notices)
    newer = notices / NEW
    shutil.copytree(notices / "2026-10-01", newer)
    text = (newer / "notice.yaml").read_text(encoding="utf-8").replace("2026-10-01", NEW, 2)
    (newer / "notice.yaml").write_text(text, encoding="utf-8")
    (newer / "ja.md").write_text("# 新しい説明\n\n<b>文字</b>のまま。\n", encoding="utf-8")
    digest = digest_of({name: (newer / name).read_bytes() for name in ("en.md", "ja.md", "notice.yaml")})
    with (notices / "PUBLISHED").open("a", encoding="utf-8") as file:
        file.write(f"{digest} {NEW}\n")
    return notices


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theatre(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    folder = tmp_path_factory.mktemp("consent_page")
    clock, store = ManualClock(BEGIN), SqliteDocuments(str(folder / "documents"))
    settings = {"NOTICES": str(published(folder))}
    platform = Platform(clock, documents=f"sqlite:{folder / 'documents'}", settings=settings)
    platform.issuer.firebase.adopt(SIGNING)
    async with platform:
        yield Theatre(platform, store, chromium, clock)
    await store.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(theatre: Theatre) -> AsyncIterator[Stage]:
    """Whatever is done here, nothing complains: no fault in the console, nothing that the content policy stopped."""
    theatre.clock.set(BEGIN)
    stage = Stage(theatre, f"hana{next(NUMBERS)}")
    await stage.hospital()
    yield stage
    for context in theatre.browser.contexts:
        await context.close()
    assert stage.complaints == []


@pytest.fixture(params=[False, True], ids=["without scripts", "with scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def switch(page: Page, cell: str) -> Locator:
    return page.locator(f"{cell}[role=switch]")


async def press(page: Page, what: str | Locator) -> None:
    """Press, and wait for the page to have answered."""
    target = page.locator(what) if isinstance(what, str) else what
    async with page.expect_response(lambda got: got.request.method == "POST"):
        await target.click()
    await page.wait_for_load_state()
    await page.locator("[aria-busy]").wait_for(state="detached")


async def is_on(page: Page, cell: str) -> bool:
    return await switch(page, cell).get_attribute("aria-checked") == "true"


async def text_of(page: Page, what: str) -> str:
    return (await page.locator(what).first.inner_text()).strip()


async def test_everything_can_be_read_without_scripts(stage: Stage):
    await stage.decide("give", "steps")
    page = await stage.open(await stage.phone(scripts=False))
    assert await page.locator("section.purpose h2").all_inner_texts() == [
        "QOLMSへの送信と保存",
        "医療機関の保健指導",
        "オンライン診療",
        "家族の見守り",
    ]
    assert (await text_of(page, ".now .lines li")).split() == ["QOLMSサービス", "歩数", "QOLMSへの送信と保存"]
    assert await switch(page, "").count() == 8
    assert await is_on(page, STEPS)
    assert not await is_on(page, PRESSURE)
    assert "同意しています" in await text_of(page, f"{STEPS}-state")
    assert "2026年11月23日から" in await text_of(page, f"{STEPS}-state")
    assert "まだ決めていません" in await text_of(page, f"{PRESSURE}-state")
    assert "2026年10月1日版の説明への同意として" in await text_of(page, "main")
    footer = await text_of(page, "footer")
    assert "エムジーファクトリー株式会社" in footer
    assert "JAPHIC個人情報相談センター" in footer
    assert "当社の商品・サービスに関する問い合わせ先ではございません" in footer


async def test_giving_and_withdrawing_take_one_tap_each(stage: Stage, scripts: bool):
    page = await stage.open(await stage.phone(scripts=scripts))
    opened = stage.opened
    await press(page, STEPS)
    assert await stage.states() == {"steps qolms": "given"}
    assert await is_on(page, STEPS)
    assert await text_of(page, "[data-message]") == "歩数をQOLMSサービスに提供することに同意しました。"
    await press(page, STEPS)
    assert await stage.states() == {"steps qolms": "withdrawn"}
    assert not await is_on(page, STEPS)
    given, _ = await stage.events()
    assert (given["method"], given["screen"], given["language"]) == ("page", "page", "ja")
    assert given["notice"] == (await stage.ask("GET", "/consent"))["notice"]
    assert (stage.opened == opened) == scripts, "with scripts the page stays, without it is loaded anew"


async def test_with_scripts_focus_and_place_stay_where_they_were_and_the_change_is_said(stage: Stage):
    page = await stage.open(await stage.phone())
    control = page.locator("#card-qolms_store-qolms-sleep")
    await control.scroll_into_view_if_needed()
    before = await control.bounding_box()
    await press(page, control)
    after = await control.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2
    assert await page.evaluate("document.activeElement.id") == "card-qolms_store-qolms-sleep"
    assert "睡眠" in (await page.locator("#said").text_content() or "")


async def test_switches_pressed_one_after_the_other_all_count(stage: Stage):
    page = await stage.open(await stage.phone())
    await page.evaluate(f"document.querySelector('{STEPS}').click(); document.querySelector('{PRESSURE}').click()")
    await page.locator(f"{PRESSURE}[aria-checked=true]").wait_for()
    await page.locator("[aria-busy]").wait_for(state="detached")
    assert await stage.states() == {"steps qolms": "given", "blood_pressure qolms": "given"}


async def test_one_switch_pressed_twice_in_haste_counts_once(stage: Stage):
    page = await stage.open(await stage.phone())
    await page.evaluate(f"const b = document.querySelector('{STEPS}'); b.click(); b.click()")
    await page.locator(f"{STEPS}[aria-checked=true]").wait_for()
    assert [event["state"] for event in await stage.events()] == ["given"]


async def test_a_hospital_the_app_opens_the_page_for_can_be_given_a_kind(stage: Stage, scripts: bool):
    page = await stage.open(await stage.phone(scripts=scripts), f"lang=ja&recipient={SAKURA}")
    await press(page, f"{HOSPITAL}-weight")
    assert await stage.states() == {"weight institution:sakura": "given"}
    assert await is_on(page, f"{HOSPITAL}-weight")


async def test_all_of_one_recipient_is_withdrawn_with_one_tap(stage: Stage, scripts: bool):
    for kind in ("steps", "sleep"):
        await stage.decide("give", kind, SAKURA)
    await stage.decide("give", "steps")
    page = await stage.open(await stage.phone(scripts=scripts))
    await press(page, f"{HOSPITAL} button.stop")
    states = await stage.states()
    assert states.pop("steps qolms") == "given"
    assert set(states.values()) == {"withdrawn"}
    assert len({event["epoch"] for event in (await stage.events())[-2:]}) == 1


async def test_a_stale_page_is_told_so_records_nothing_and_shows_the_newer_state(stage: Stage, scripts: bool):
    page = await stage.open(await stage.phone(scripts=scripts))
    await stage.decide("give", "sleep")
    await press(page, STEPS)
    assert await text_of(page, "[role=alert]") == (
        "この画面を開いたあとに、同意の状態が変わっています。いまの状態を表示しました。まだ何も変えていません。"
        "よろしければ、もう一度操作してください。"
    )
    assert await stage.states() == {"sleep qolms": "given"}
    if scripts:  # without, the page opens at the card that was used
        box = await page.locator("[role=alert]").bounding_box()
        assert box
        assert 0 <= box["y"] < PHONE["height"] - box["height"]
    assert await is_on(page, "#card-qolms_store-qolms-sleep")
    await press(page, STEPS)
    assert await stage.states() == {"sleep qolms": "given", "steps qolms": "given"}


async def test_withdrawing_is_not_kept_waiting_by_what_else_has_changed(stage: Stage, scripts: bool):
    await stage.decide("give", "steps")
    page = await stage.open(await stage.phone(scripts=scripts))
    await stage.decide("give", "sleep")
    await press(page, STEPS)
    assert await stage.states() == {"sleep qolms": "given", "steps qolms": "withdrawn"}


async def test_a_form_that_is_sent_again_changes_nothing(stage: Stage):
    page = await stage.open(await stage.phone(scripts=False))
    await press(page, STEPS)
    await page.reload()
    assert await text_of(page, "[data-message]") == "すでにそのようになっています。"
    await press(page, STEPS)
    await page.reload()
    assert await text_of(page, "[data-message]") == "すでにそのようになっています。"
    await stage.decide("give", "steps")
    await page.reload()  # would withdraw what was given after the page was made
    assert "まだ何も変えていません" in await text_of(page, "[role=alert]")
    assert [event["state"] for event in await stage.events()] == ["given", "withdrawn", "given"]


async def test_stopping_everything_asks_once_and_then_about_what_is_stored(stage: Stage, scripts: bool):
    await stage.decide("give", "steps")
    await stage.decide("give", "sleep", SAKURA)
    page = await stage.open(await stage.phone(scripts=scripts))
    await press(page, ".now button")
    assert await text_of(page, "h1") == "すべての同意をやめますか？"
    assert await page.locator("ul.bullets li").all_inner_texts() == ["さくら総合病院", "QOLMSサービス"]
    assert set((await stage.states()).values()) == {"given"}, "asking changes nothing"
    await press(page, "button.danger")
    assert set((await stage.states()).values()) == {"withdrawn"}
    assert await text_of(page, "[data-message]") == "すべての同意をやめました。"
    assert "いま、あなたの測定値を見られる相手はありません" in await text_of(page, ".sees")
    assert (await text_of(page, "#erase p")).startswith("歩数：")


async def test_what_is_stored_is_erased_where_the_person_says_so(stage: Stage, scripts: bool):
    for kind in ("steps", "sleep", "weight"):
        await stage.decide("give", kind)
    page = await stage.open(await stage.phone(scripts=scripts))
    await press(page, STEPS)
    await press(page, "#card-qolms_store-qolms-sleep")
    assert await page.locator("#card-qolms_store-qolms .next").get_attribute("href") == "#erase"
    await press(page, "#erase button")
    assert "24時間以内に消えます。消したデータは元に戻せません。" in await text_of(page, "main")
    assert await page.locator(".rows .kind").all_inner_texts() == ["歩数", "睡眠"]
    assert set((await stage.states()).values()) == {"withdrawn", "given"}, "asking erases nothing"
    await press(page, page.get_by_role("button", name="歩数を消去する"))
    assert await text_of(page, "[data-message]") == "歩数の消去を始めました。24時間以内に終わります。"
    assert (await stage.states())["steps qolms"] == "erasing"
    assert "消去しています" in await text_of(page, f"{STEPS}-state")
    assert await switch(page, STEPS).count() == 0
    await stage.platform.drain()
    await press(page, page.get_by_role("button", name="同意", exact=True))
    assert await stage.states() == {"steps qolms": "erased", "sleep qolms": "withdrawn", "weight qolms": "given"}
    assert await is_on(page, "#card-qolms_store-qolms-weight")
    [done] = (await stage.ask("GET", "/erasure"))["erasures"]
    assert (done["kinds"], done["everything"], done["state"]) == (["steps"], False, "done")
    begun = next(event for event in await stage.events() if event["state"] == "erasing")
    assert (begun["method"], begun["screen"]) == ("page", "page")


async def test_with_everything_stopped_everything_can_be_erased(stage: Stage, scripts: bool):
    await stage.decide("give", "steps")
    await stage.decide("give", "sleep", SAKURA)
    page = await stage.open(await stage.phone(scripts=scripts))
    await press(page, ".now button")
    await press(page, "button.danger")
    await press(page, "#erase button")
    await press(page, page.get_by_role("button", name="保存されたデータをすべて消去する"))
    [begun] = (await stage.ask("GET", "/erasure"))["erasures"]
    assert (begun["everything"], begun["state"]) == (True, "begun")
    await stage.platform.drain()
    states = await stage.states()
    assert states.pop("sleep institution:sakura") == "withdrawn"
    assert len(states) == 8
    assert set(states.values()) == {"erased"}


async def test_an_erasure_asked_for_on_an_older_page_is_not_begun(stage: Stage):
    for kind in ("steps", "sleep"):
        await stage.decide("give", kind)
        await stage.decide("withdraw", kind)
    page = await stage.open(await stage.phone(scripts=False), "lang=ja&view=erase")
    await stage.decide("give", "sleep")
    await press(page, page.get_by_role("button", name="保存されたデータをすべて消去する"))
    assert "まだ何も変えていません" in await text_of(page, "[role=alert]")
    assert (await stage.ask("GET", "/erasure"))["erasures"] == []


async def test_an_erasure_that_is_sent_again_is_begun_once(stage: Stage):
    await stage.decide("give", "steps")
    await stage.decide("give", "sleep")
    await stage.decide("withdraw", "steps")
    page = await stage.open(await stage.phone(scripts=False), "lang=ja&view=erase")
    await press(page, page.get_by_role("button", name="歩数を消去する"))
    for _ in ("under way", "done"):
        await page.reload()
        assert await text_of(page, "[data-message]") == "すでにそのようになっています。"
        await stage.platform.drain()
    assert len((await stage.ask("GET", "/erasure"))["erasures"]) == 1
    await stage.decide("give", "steps")
    await page.reload()
    assert "まだ何も変えていません" in await text_of(page, "[role=alert]")
    assert (await stage.states())["steps qolms"] == "given"


async def test_where_each_kind_was_erased_before_everything_can_still_be_erased_with_its_key(stage: Stage):
    kinds = [kind.value for kind in Kind]
    for kind in kinds:
        await stage.decide("give", kind)
        await stage.decide("withdraw", kind)
    await stage.ask("POST", "/erasure", {"kinds": kinds}, status=202)
    await stage.platform.drain()
    page = await stage.open(await stage.phone(scripts=False), "lang=ja&view=erase")
    await press(page, page.get_by_role("button", name="保存されたデータをすべて消去する"))
    assert "の消去を始めました。" in await text_of(page, "[data-message]")
    assert {one["everything"] for one in (await stage.ask("GET", "/erasure"))["erasures"]} == {False, True}
    await page.reload()
    assert await text_of(page, "[data-message]") == "すでにそのようになっています。"
    assert len((await stage.ask("GET", "/erasure"))["erasures"]) == 2


async def test_going_back_from_the_question_erases_nothing(stage: Stage):
    await stage.decide("give", "steps")
    await stage.decide("withdraw", "steps")
    page = await stage.open(await stage.phone(), "lang=ja&view=erase")
    await press(page, page.get_by_role("button", name="消さずに戻る"))
    assert await stage.states() == {"steps qolms": "withdrawn"}


async def test_relatives_are_shown_by_name_with_what_they_were_asked_and_whether_they_answered(
    stage: Stage, scripts: bool
):
    accepted = await stage.invite("娘の美咲", "steps", "sleep")
    await stage.accept(accepted)
    waiting = await stage.invite("", "steps", "weight")
    page = await stage.open(await stage.phone(scripts=scripts))
    assert (await text_of(page, ".now .lines li")).split() == ["娘の美咲", "歩数、睡眠", "家族の見守り"]
    watching, invited = (f"#card-family_watch-relative-{one['id']}" for one in (accepted, waiting))
    assert await text_of(page, f"{watching} h3") == "娘の美咲"
    for card in (watching, invited):
        await page.locator(f"{card} summary").click()
    assert "2026年11月23日から見守っています" in await text_of(page, watching)
    assert "2027年11月23日まで" in await text_of(page, f"{watching}-steps-state")
    assert await switch(page, f"{watching}-weight").count() == 1
    assert await text_of(page, f"{invited} h3") == "ご家族"
    assert "まだ招待に応じていないため、何も見られません。返事の期限は2026年11月30日です。" in await text_of(
        page, f"{invited} .ask"
    )
    assert await page.locator(f"{invited} .kind").all_inner_texts() == ["歩数", "体重"]
    await press(page, page.get_by_role("button", name="ご家族への招待を取り消す"))
    await stage.accept(waiting, status=410)
    if not scripts:  # with them what was opened stays open
        await page.locator(f"{watching} summary").click()
    await press(page, page.get_by_role("button", name="娘の美咲への提供をすべてやめる"))
    assert set((await stage.states()).values()) == {"withdrawn"}


async def test_an_invitation_that_ran_out_is_told_as_such(stage: Stage):
    await stage.invite("息子", "steps")
    stage.clock.advance(timedelta(days=8))
    page = await stage.open(await stage.phone(scripts=False))
    card = page.locator(".card").filter(has_text="息子")
    assert "招待の期限（2026年11月30日）が過ぎたため" in await card.locator(".ask").inner_text()
    assert "期限が切れました" in await card.locator(".state").inner_text()
    assert "返事を待っている" not in await card.inner_text()


async def test_names_are_those_of_the_reader_s_language(stage: Stage):
    await stage.hospital(en="Sakura General Hospital")
    await stage.decide("give", "steps", SAKURA)
    page = await stage.open(await stage.phone(), "lang=en")
    assert await text_of(page, f"{HOSPITAL} h3") == "Sakura General Hospital"
    await press(page, page.get_by_role("button", name="日本語"))
    assert await text_of(page, f"{HOSPITAL} h3") == "さくら総合病院"


async def test_a_link_to_a_card_leads_there_and_opens_it(stage: Stage):
    for recipient in ("qolms", SAKURA):
        await stage.decide("give", "steps", recipient)
    await stage.accept(await stage.invite("娘", "steps"))
    page = await stage.open(await stage.phone())
    assert not await page.locator(f"{HOSPITAL}-steps").is_visible()
    await page.get_by_role("link", name="さくら総合病院").click()
    await page.locator(f"{HOSPITAL}-steps").wait_for()
    await page.wait_for_timeout(100)
    assert await page.locator("#h1").evaluate("one => one.getBoundingClientRect().bottom") < 0


async def test_a_receipt_is_the_genuine_one_and_can_be_taken_along(stage: Stage, scripts: bool):
    await stage.decide("give", "steps")
    page = await stage.phone(scripts=scripts, permissions=["clipboard-read", "clipboard-write"])
    await stage.open(page, "lang=ja&view=receipt&receipt=1")
    jws = await page.locator("#jws").input_value()
    keys = keys_of(json.dumps(await stage.ask("GET", "/consent/keys")).encode())
    checked = check(jws, keys, notices())
    assert (checked.reason, checked.compared) == ("", True)
    assert checked.receipt
    assert [item.event.hash for item in checked.receipt.items] == [(await stage.events())[0]["hash"]]
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="ファイルに保存する").click()
    saved = await (await saving.value).path()
    assert ((await saving.value).suggested_filename, saved.read_text()) == ("consent-1.jws", jws)
    copy = page.locator("[data-copy]")
    assert await copy.is_visible() == scripts
    if scripts:
        await copy.click()
        await page.get_by_role("button", name="コピーしました").wait_for()
        assert await page.evaluate("navigator.clipboard.readText()") == jws


async def test_going_back_from_the_question_stops_nothing(stage: Stage, scripts: bool):
    await stage.decide("give", "steps")
    page = await stage.open(await stage.phone(scripts=scripts))
    await press(page, ".now button")
    await press(page, page.get_by_role("button", name="やめずに戻る"))
    assert await is_on(page, STEPS)
    assert await stage.states() == {"steps qolms": "given"}


async def test_stopping_everything_again_by_accident_leaves_what_was_given_since(stage: Stage):
    await stage.decide("give", "steps")
    page = await stage.open(await stage.phone(scripts=False))
    await press(page, ".now button")
    await press(page, "button.danger")
    await stage.decide("give", "steps")
    await page.reload()
    assert await stage.states() == {"steps qolms": "given"}


async def test_a_new_purpose_can_be_declined(stage: Stage, scripts: bool):
    page = await stage.open(await stage.phone(scripts=scripts))
    assert await page.locator(".pending a").all_inner_texts() == ["QOLMSへの送信と保存"]
    await press(page, page.get_by_role("button", name="この使い道を断る"))
    assert set((await stage.states()).values()) == {"refused"}
    assert len(await stage.states()) == 8
    assert await page.locator(".pending").count() == 0


async def test_what_ends_soon_is_told_with_its_day_and_can_be_kept(stage: Stage, scripts: bool):
    ends = (stage.clock.now() + timedelta(days=10)).isoformat()
    await stage.decide("give", "sleep", SAKURA, valid_until=ends)
    page = await stage.open(await stage.phone(scripts=scripts))
    assert "睡眠への同意は2026年12月3日に終わります" in await text_of(page, f"{HOSPITAL} .ask")
    assert "2026年12月3日まで" in await text_of(page, f"{HOSPITAL}-sleep-state")
    await press(page, f"{HOSPITAL} .ask button")
    assert await stage.states() == {"sleep institution:sakura": "reconfirmed"}
    assert await page.locator(f"{HOSPITAL} .ask").count() == 0


async def test_what_time_has_ended_is_told_and_can_be_given_again(stage: Stage):
    ends = (stage.clock.now() + timedelta(days=1)).isoformat()
    await stage.decide("give", "sleep", SAKURA, valid_until=ends)
    stage.clock.advance(timedelta(days=2))
    page = await stage.open(await stage.phone(scripts=False))
    assert not await is_on(page, f"{HOSPITAL}-sleep")
    assert (await text_of(page, f"{HOSPITAL}-sleep-state")).split() == ["期限が切れました", "2026年11月24日"]
    await press(page, f"{HOSPITAL} .ask button")
    assert await stage.states() == {"sleep institution:sakura": "given"}


async def test_newer_words_are_told_and_older_consents_stay(stage: Stage, scripts: bool):
    await stage.decide("give", "steps")
    stage.clock.advance(timedelta(days=30))
    page = await stage.open(await stage.phone(scripts=scripts))
    assert await is_on(page, STEPS)
    told = await text_of(page, "#card-qolms_store-qolms .ask")
    assert "2026年10月1日版" in told
    assert "2026年12月15日版" in told
    await press(page, page.get_by_role("button", name="いまの説明で同意しなおす"))
    assert [event["notice"]["version"] for event in await stage.events()] == ["2026-10-01", NEW]
    assert await page.locator(".ask").count() == 0


async def test_who_leaves_newer_words_alone_goes_on_under_the_older_and_is_asked_no_more(stage: Stage, scripts: bool):
    await stage.decide("give", "steps")
    stage.clock.advance(timedelta(days=30))
    page = await stage.open(await stage.phone(scripts=scripts))
    await press(page, page.get_by_role("button", name="前の説明のままにする"))
    assert await text_of(page, "[data-message]") == ("QOLMSサービスについて、歩数への同意は、前の説明のまま続きます。")
    assert await is_on(page, STEPS)
    assert await page.locator(".ask").count() == 0
    assert [cell["notice"] for cell in (await stage.ask("GET", "/consent"))["cells"]] == ["2026-10-01"]


async def test_words_that_change_while_the_page_is_open_are_not_agreed_to_unseen(stage: Stage, scripts: bool):
    stage.clock.advance(timedelta(days=21, hours=14, minutes=55))  # five minutes before midnight in Tokyo
    page = await stage.open(await stage.phone(scripts=scripts))
    stage.clock.advance(timedelta(minutes=6))
    await press(page, STEPS)
    assert "説明が新しくなっています" in await text_of(page, "[role=alert]")
    assert await stage.states() == {}
    await press(page, STEPS)
    assert [event["notice"]["version"] for event in await stage.events()] == [NEW]


async def test_every_version_of_the_notice_can_be_read(stage: Stage, scripts: bool):
    stage.clock.advance(timedelta(days=30))
    page = await stage.open(await stage.phone(scripts=scripts))
    await press(page, page.get_by_role("button", name="説明", exact=True))
    assert await text_of(page, ".prose") == "新しい説明\n\n<b>文字</b>のまま。"
    await press(page, page.get_by_role("button", name="2026年10月1日版"))
    assert "8種類のデータを取得し" in await text_of(page, ".prose")
    assert "いま有効な説明ではありません" in await text_of(page, "main")
    assert "6a73e2195d75dd73f08a9ab172f9c7b361d6bd708800f4c51e09cde545454dd0" in await text_of(page, "main")


async def test_the_history_is_newest_first_in_pages_and_leads_to_each_receipt(stage: Stage, scripts: bool):
    for _ in range(23):
        await stage.decide("give", "steps")
        await stage.decide("withdraw", "steps")
    page = await stage.open(await stage.phone(scripts=scripts))
    await press(page, page.get_by_role("button", name="履歴"))
    assert (await page.locator("ol.history li.panel .lines b").all_inner_texts())[:2] == ["やめました", "同意しました"]
    assert await page.locator("ol.history > li").count() == 40
    await press(page, page.get_by_role("button", name="前の記録を見る"))
    assert await page.locator("ol.history > li").count() == 6
    await press(page, page.locator("ol.history button").last)
    assert "2026年11月23日 09:00:00 (UTC+09:00)" in await text_of(page, "dl")
    await page.locator(".how summary").click()
    digests = await text_of(page, ".how dl")
    first = (await stage.events())[0]
    assert first["hash"] in digests
    assert first["notice"]["sha256"] in digests


async def test_nobody_sees_another_s_receipt(stage: Stage):
    await stage.decide("give", "steps")
    page = await stage.phone(scripts=False)
    other = stage.platform.issuer.token_for("yuki")
    await stage.open(page, "lang=ja&view=receipt&receipt=1", token=other)
    assert "この控えは見つかりません" in await text_of(page, "main")


async def test_the_language_is_switched_in_place_and_decisions_are_recorded_in_it(stage: Stage, scripts: bool):
    page = await stage.open(await stage.phone(scripts=scripts))
    assert await page.locator("html").get_attribute("lang") == "ja"
    await press(page, page.get_by_role("button", name="English"))
    assert await page.locator("html").get_attribute("lang") == "en"
    assert await page.title() == "Your data and your consent | KAGAMINO"
    await press(page, STEPS)
    assert await text_of(page, "[data-message]") == "You consented to: Steps, for QOLMS service."
    assert (await stage.events())[0]["language"] == "en"


async def test_the_phone_s_way_back_leads_through_the_parts(stage: Stage):
    page = await stage.open(await stage.phone())
    await press(page, page.get_by_role("button", name="履歴"))
    await press(page, page.get_by_role("button", name="説明", exact=True))
    for part in ("これまでの決定", "データの利用と同意"):
        await page.evaluate("history.back()")
        await page.get_by_role("heading", level=1, name=part).wait_for()


async def test_an_expired_page_says_so_in_both_languages_and_changes_nothing(stage: Stage, scripts: bool):
    page = await stage.open(await stage.phone(scripts=scripts))
    stage.clock.advance(timedelta(minutes=15))
    await press(page, STEPS)
    told = await text_of(page, "main")
    assert "この画面の有効期限が切れました。" in told
    assert "This page has expired." in told
    assert await stage.states() == {}
    stage.complaints = [said for said in stage.complaints if "401" not in said]


@pytest.mark.parametrize("ticket", ["", "made-up", "A" * 200])
async def test_a_form_without_a_ticket_of_ours_changes_nothing(stage: Stage, ticket: str):
    form = {"ticket": ticket, "do": "give|qolms_store|steps|qolms", "epoch": "0"}
    async with aiohttp.ClientSession() as http, http.post(f"{stage.platform.url}/consent/page", data=form) as got:
        assert got.status == 401
        assert got.content_type == "text/html"
        assert got.headers["cache-control"] == "no-store"
    assert await stage.states() == {}


async def test_whoever_opens_it_without_signing_in_is_told_the_way_out(stage: Stage):
    page = await stage.open(await stage.phone(), token="nobody")
    assert "アプリからもう一度開いてください" in await text_of(page, "main")
    stage.complaints = [said for said in stage.complaints if "401" not in said]


async def test_without_a_connection_nothing_is_lost_and_the_person_is_told(stage: Stage):
    page = await stage.open(await stage.phone())
    await page.context.set_offline(True)
    await page.locator(STEPS).click()
    await page.locator("#said.seen").wait_for()
    assert not await is_on(page, STEPS)
    await page.context.set_offline(False)
    await press(page, STEPS)
    assert await stage.states() == {"steps qolms": "given"}
    stage.complaints = [said for said in stage.complaints if "ERR_INTERNET_DISCONNECTED" not in said]


async def test_names_are_shown_as_they_are_and_never_run(stage: Stage, scripts: bool):
    await stage.hospital(HOSTILE)
    await stage.decide("give", "steps", SAKURA)
    page = await stage.open(await stage.phone(scripts=scripts))
    assert await text_of(page, f"{HOSPITAL} h3") == HOSTILE
    await press(page, f"{HOSPITAL}-steps")
    assert HOSTILE in await text_of(page, "[data-message]")
    await press(page, page.get_by_role("button", name="履歴"))
    assert HOSTILE in await text_of(page, "ol.history")
    assert await page.locator("img, body script").count() == 0
    assert await page.title() == "これまでの決定 | KAGAMINO"


async def test_to_a_hospital_that_left_nothing_can_be_given_and_everything_be_withdrawn(stage: Stage):
    await stage.decide("give", "steps", SAKURA)
    await stage.hospital(active=False)
    page = await stage.open(await stage.phone(scripts=False))
    assert await switch(page, f"{HOSPITAL} ").count() == 1
    await press(page, f"{HOSPITAL}-steps")
    assert await stage.states() == {"steps institution:sakura": "withdrawn"}


@pytest.mark.parametrize(
    "do", ["give", "give|x|steps|qolms", "give|qolms_store|steps|nobody", "give|self_access|steps|self"]
)
async def test_what_no_button_says_is_refused_on_the_page(stage: Stage, do: str):
    page = await stage.open(await stage.phone(scripts=False))
    await page.locator(STEPS).evaluate("(button, value) => { button.value = value }", do)
    await press(page, STEPS)
    assert await page.locator("[role=alert]").count() == 1
    assert await stage.states() == {}


async def test_the_ticket_never_stands_in_an_address(stage: Stage, scripts: bool):
    page = await stage.phone(scripts=scripts)
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    await stage.open(page)
    ticket = await page.locator("[name=ticket]").get_attribute("value")
    for part in ("履歴", "説明", "同意"):
        await press(page, page.get_by_role("button", name=part, exact=True))
    assert ticket
    assert not [address for address in addresses if ticket in address]


async def walk(stage: Stage, page: Page) -> AsyncIterator[str]:
    """Every state that the page has, one after the other."""
    query = "lang=en" if await page.evaluate("navigator.language") == "en-US" else "lang=ja"
    await stage.open(page, f"{query}&recipient={SAKURA}")
    yield "first"
    await press(page, STEPS)
    await press(page, f"{HOSPITAL}-sleep")
    yield "given"
    await stage.decide("give", "weight", valid_until=(stage.clock.now() + timedelta(days=20)).isoformat())
    await stage.decide("give", "sleep", SAKURA, valid_until=(stage.clock.now() + timedelta(days=20)).isoformat())
    await stage.accept(await stage.invite("美咲", "sleep"))
    await stage.invite("", "sleep", "steps")
    await press(page, PRESSURE)
    yield "stale, and something ends soon"
    stage.clock.advance(timedelta(days=30))
    await stage.open(page, query)
    await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    yield "newer words, and something has ended"
    for place, part in enumerate(("history", "notice"), start=1):
        await press(page, page.locator("nav button").nth(place))
        yield part
    await press(page, page.locator(".versions button").last)
    yield "an older notice"
    await press(page, page.locator("nav button").nth(1))
    await press(page, page.locator("ol.history button").first)
    yield "receipt"
    await press(page, page.locator("nav button").first)
    await press(page, ".now button")
    yield "stop?"
    await press(page, "button.danger")
    yield "stopped"
    await press(page, "#erase button")
    yield "erase?"
    await press(page, "button.danger")
    yield "erasing"
    stage.clock.advance(timedelta(minutes=20))
    await press(page, page.locator("nav button").first)
    yield "expired"


@pytest.mark.parametrize(("locale", "scheme"), [("ja-JP", "light"), ("en-US", "dark")])
async def test_in_every_state_it_is_accessible_and_fits_a_small_phone(stage: Stage, locale: str, scheme: Any):
    page = await stage.phone(locale=locale, color_scheme=scheme, reduced_motion="reduce")
    seen = []
    async for state in walk(stage, page):
        seen.append(state)
        found = (await Axe().run(page, options=AXE)).response["violations"]
        assert [(state, one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        assert await page.evaluate(SMALL) == [], state
        await page.set_viewport_size({"width": 320, "height": 640})
        assert await page.evaluate("document.documentElement.scrollWidth") == 320, state
        await page.set_viewport_size(PHONE)
    assert len(seen) == 13
    stage.complaints = [said for said in stage.complaints if "401" not in said]


SMALL = """[...document.querySelectorAll("button, a, summary")].filter(one => {
  const box = one.getBoundingClientRect();
  return box.height && (box.height < 44 || box.width < 44);
}).map(one => one.outerHTML)"""
