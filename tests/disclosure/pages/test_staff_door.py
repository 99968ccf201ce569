"""From a browser's click to the function: who the local proxy vouches for, and what going round it gains."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from infra.local.staff import COOKIE, STRANGER, register_test_staff
from tests.disclosure.pages.desk import Desk, desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUZUKI, SATO = "suzuki@kagamino.example", "sato@kagamino.example"
HEADER = "x-goog-iap-jwt-assertion"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("functions")
    async with desk(folder) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def test_a_direct_call_gets_nothing(at, http):
    for headers in (
        {},
        {"accept": "text/html", "authorization": "Bearer x"},
        {"x-goog-authenticated-user-email": f"accounts.google.com:{SUZUKI}"},
        {HEADER: at.platform.issuer.staff_assertion(SUZUKI, aud="/projects/1/global/backendServices/2")},
        {HEADER: at.platform.issuer.token_for("hana")},
        {"authorization": f"Bearer {at.platform.issuer.staff_assertion(SUZUKI)}"},
    ):
        answer = await http.get(f"{at.url}/whoami", headers=headers)
        assert answer.status == 401, headers
        assert (await answer.json(content_type=None))["code"] == "unauthenticated"


async def test_a_signed_assertion_is_whom_it_names(at, http):
    answer = await http.get(f"{at.url}/whoami", headers={HEADER: at.platform.issuer.staff_assertion(SUZUKI)})
    assert (await answer.json())["id"] == at.ids[SUZUKI]


async def test_a_browser_is_sent_to_sign_in_and_comes_back_to_where_it_was_going(at, http):
    page = await http.get(f"{at.url}/?stage=defect", headers={"accept": "text/html", "accept-language": "ja"})
    assert page.url.path == "/staff/"
    text = await page.text()
    assert "鈴木 花子" in text
    assert 'name=to value="/disclosure/?stage=defect"' in text
    form = {"email": SUZUKI, "to": "/disclosure/?stage=defect"}
    back = await http.post(f"{at.platform.url}/staff/sign_in", data=form, headers={"accept": "text/html"})
    assert (back.status, str(back.url)) == (200, f"{at.url}/?stage=defect")
    assert "鈴木 花子" in await back.text()
    await http.post(f"{at.platform.url}/staff/sign_out")
    assert (await http.get(f"{at.url}/", headers={"accept": "text/html"})).url.path == "/staff/"


async def test_signing_in_leads_nowhere_else(at, http):
    for to in ("https://evil.example", "//evil.example"):
        answer = await http.post(
            f"{at.platform.url}/staff/sign_in", data={"email": SUZUKI, "to": to}, allow_redirects=False
        )
        assert answer.headers["location"] == "/disclosure/"
    nobody = await http.post(f"{at.platform.url}/staff/sign_in", data={"email": "x@y"}, allow_redirects=False)
    assert COOKIE not in nobody.cookies


async def test_who_is_let_through_but_not_registered_learns_what_to_tell_the_administrator(at, http):
    cookies = {COOKIE: at.platform.staff.session(STRANGER)}
    page = await http.get(f"{at.url}/", cookies=cookies, headers={"accept-language": "en"})
    assert page.status == 403
    text = await page.text()
    assert "not registered" in text
    assert "accounts.google.com:" in text


async def test_headers_that_a_browser_makes_up_are_not_passed_on(at, http):
    cookies = {COOKIE: at.platform.staff.session(SATO)}
    headers = {"x-goog-authenticated-user-email": f"accounts.google.com:{SUZUKI}"}
    answer = await http.get(f"{at.url}/whoami", cookies=cookies, headers=headers)
    assert (await answer.json())["id"] == at.ids[SATO]


async def test_a_post_needs_our_own_page_and_its_token(at, http):
    assertion = {HEADER: at.platform.issuer.staff_assertion(SUZUKI)}
    token = (await (await http.get(f"{at.url}/whoami", headers=assertion)).json())["token"]
    ours = {**assertion, "sec-fetch-site": "same-origin", "origin": at.platform.url}
    for headers, form, code in (
        (assertion, {"form_token": token}, "posted_from_elsewhere"),
        ({**ours, "sec-fetch-site": "cross-site"}, {"form_token": token}, "posted_from_elsewhere"),
        ({**ours, "origin": "https://evil.example"}, {"form_token": token}, "posted_from_elsewhere"),
        (ours, {"form_token": "x"}, "page_expired"),
        (ours, {}, "body_invalid"),
        ({**ours, HEADER: at.platform.issuer.staff_assertion(SATO)}, {"form_token": token}, "page_expired"),
    ):
        answer = await http.post(f"{at.url}/act", headers=headers, data=form)
        assert (await answer.json(content_type=None))["code"] == code
    done = await http.post(f"{at.url}/act", headers=ours, data={"form_token": token, "note": "済"})
    assert (done.status, await done.json()) == (200, {"note": "済", "scans": []})


async def test_files_come_in_and_what_is_too_large_is_told_over_a_real_connection(at, http):
    assertion = {HEADER: at.platform.issuer.staff_assertion(SUZUKI)}
    token = (await (await http.get(f"{at.url}/whoami", headers=assertion)).json())["token"]
    ours = {**assertion, "origin": at.platform.url}
    for sizes, status, code in (
        ([10, 20], 200, ""),
        ([1001], 413, "file_too_large"),
        ([20 << 20], 413, "body_too_large"),
    ):
        form = aiohttp.FormData({"form_token": token})
        for number, size in enumerate(sizes):
            form.add_field("scans", BytesIO(b"x" * size), filename=f"{number}.pdf", content_type="application/pdf")
        answer = await http.post(f"{at.url}/act", headers=ours, data=form)
        told = await answer.json(content_type=None)
        assert (answer.status, told.get("code", "")) == (status, code)
        assert status != 200 or told["scans"] == sizes


async def test_an_app_s_own_request_passes_the_proxy_as_it_is(at, http):
    token = at.platform.issuer.token_for("hana")
    headers = {"accept": "text/html", "authorization": f"Bearer {token}"}
    assert (await http.get(f"{at.url}/whoami", headers=headers, allow_redirects=False)).status == 401


async def test_registering_test_staff_again_changes_nothing(at):
    before = await at.store.get("roster/staff")
    assert await register_test_staff(at.store, at.platform.clock) == at.ids
    after = await at.store.get("roster/staff")
    assert before is not None
    assert after is not None
    assert before.version == after.version
