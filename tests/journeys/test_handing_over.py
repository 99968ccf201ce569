"""From a call to the data in the person's hands: by link and code, in the app, and on paper."""

import datetime as dt
import io
import re
import zipfile

import pypdf
import pytest

from shared.audit.access import AccessStore
from shared.cloud.stores import open_documents
from shared.vocabulary import Kind
from tests.journeys.counter import DECIDER, WINDOW, Desk, form, http, own, shown
from tests.journeys.town import Answer, Town

CODE = r"(?<![A-Z0-9-])[A-Z2-7]{4}-[A-Z2-7]{4}(?![A-Z0-9-])"
"""A code, and no case's number."""


@pytest.fixture
async def desk(town: Town) -> Desk:
    return await Desk(town).staffed()


def text_of(answer: Answer) -> str:
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/pdf"
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.body)).pages)


async def test_a_paper_applicant_proves_the_account_and_fetches_everything_by_link_and_code(desk: Desk):
    town = desk.town
    hana = town.person("hana")
    await hana.link([Kind.STEPS])
    case = await desk.begun("disclosure", "purpose_notice", way="electronic")
    await desk.signed_in(case, hana)
    seen = await desk.decided(case, "1", "2")
    assert {item["item"]["step"] for item in seen["items"]} == {"notifying"}
    assert seen["links"]["delivery"]["items"] == ["1", "2"]

    mails = await town.platform.aws.mails()
    assert [mail.subject.partition("】")[2] for mail in mails] == [
        "アプリでのご本人確認のお願い",
        *["開示の準備ができました"] * 2,
    ]
    assert all(mail.to == "hana@example.com" for mail in mails)
    letter = text_of(await desk.printed(case, "letters/l2/2"))
    code = re.search(CODE, letter)
    assert code
    assert not any(code[0] in mail.text for mail in mails)

    token = await desk.link("token")
    at = "/disclosure/links/delivery"
    page = await http(town, "GET", f"{at}?token={token}", headers={"Accept": "text/html"})
    assert page.status == 200, "the proxy lets people through"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    wrong = await form(town, at, token=token, code="AAAA-2222")
    assert wrong.status == 403
    assert "あと4回" in shown(wrong)
    opened = await form(town, at, token=token, code=code[0])
    assert opened.status == 200
    seen, _ = await desk.open(WINDOW, case)
    assert seen["stage"] == "answered", "recorded before the first byte"
    ticket = re.search(r'name="ticket" value="([\w-]+)"', shown(opened))
    assert ticket
    package = await form(town, "/disclosure/links/files", ticket=ticket[1], item="1", part="1")
    assert package.headers["content-disposition"] == f'attachment; filename="{seen["number"]}-1-1.zip"'
    names = zipfile.ZipFile(io.BytesIO(package.body)).namelist()
    assert "report.pdf" in names
    assert any("steps" in name for name in names)
    notice = await form(town, "/disclosure/links/files", ticket=ticket[1], item="2", part="1")
    assert "利用目的の通知書" in text_of(notice)
    assert (await form(town, at, token=token, code=code[0])).status == 410


async def test_on_paper_the_window_prints_the_whole_envelope_and_that_is_on_record(desk: Desk):
    town = desk.town
    hana = town.person("hana")
    await hana.link([Kind.STEPS])
    case = await desk.begun("disclosure", "purpose_notice", way="paper")
    await desk.signed_in(case, hana)
    seen = await desk.decided(case, "1", "2")
    assert seen["links"].keys() == {"account"}
    papers = [text_of(await desk.printed(case, f"letters/l2/{number}")) for number in (1, 2)]
    assert "開示資料送付のご案内" in papers[0]
    assert "決定通知書" in papers[1]
    report = await desk.printed(case, "results/1/1")
    assert report.headers["content-disposition"] == f'attachment; filename="{seen["number"]}-1-1.pdf"'
    assert "歩数" in text_of(report)
    envelope = [text_of(await desk.printed(case, f"letters/l3/{number}")) for number in (1, 2, 3)]
    assert "利用目的の通知書" in envelope[2].splitlines()[0] + envelope[2]
    assert (await desk.printed(case, "letters/l3/4")).status == 404
    assert (await desk.printed(case, "results/3/1")).status == 404

    # whoever does not hand out prints nothing, and it is kept who did
    _, opening = await desk.open(DECIDER, case)
    body = {"opening": opening, "reason": "見たいので"}
    refused = await desk.post(DECIDER, f"/cases/{case}/results/1/1", body)
    assert (refused.status, refused.code) == (403, "power_missing")
    body["opening"] = "forged"
    assert (await desk.post(WINDOW, f"/cases/{case}/results/1/1", body)).code == "page_expired"
    kept = await accesses(town, case)
    assert ("result 1", "発送のため") in kept
    assert ("letter l2", "発送のため") in kept
    today = town.clock.now().date().isoformat()
    await desk.do(WINDOW, case, "posted", letter="l2", on=today, tracking="1234-5678-9012")
    seen = await desk.do(WINDOW, case, "register_delivery", items=["1", "2"], on=today, proof="配達証明")
    assert seen["stage"] == "answered"


async def accesses(town: Town, case: str) -> list[tuple[str, str]]:
    """What was opened of a case, and why."""
    settings = town.platform.settings
    documents = open_documents(settings["DOCUMENTS"], project=settings["PROJECT"])
    found = await AccessStore(documents).of_case(case) or []
    await documents.close()
    return [(one.access.what, one.access.reason) for one in found]


async def test_a_link_that_expired_is_sent_again_by_the_window(desk: Desk):
    town = desk.town
    hana = town.person("hana")
    case = await desk.begun("purpose_notice", way="electronic", language="en")
    await desk.signed_in(case, hana)
    await desk.decided(case, "1")
    old = await desk.link("token")
    code = re.search(CODE, text_of(await desk.printed(case, "letters/l2/2")))
    assert code
    await town.platform.advance(dt.timedelta(days=14), schedules=False)
    at = "/disclosure/links/delivery"
    assert (await form(town, at, token=old, code=code[0])).status == 410
    await desk.do(WINDOW, case, "send_again")
    mail = [mail for mail in await town.platform.aws.mails() if mail.to == "hana@example.com"][-1]
    assert mail.subject.endswith("What we hold about you is ready")
    assert (await form(town, at, token=await desk.link("token"), code=code[0])).status == 200


async def test_whoever_asked_in_the_app_fetches_files_and_letters_there(desk: Desk):
    town = desk.town
    hana, ken = town.person("hana"), town.person("ken")
    wishes = [{"type": "purpose_notice", "way": "electronic"}, {"type": "erasure"}]
    filed = await own(hana, "POST", "/disclosure/requests", body={"id": "a" * 26, "requests": wishes})
    assert filed.status == 201, filed.body
    case = filed.json["id"]
    await town.settle()
    await desk.decided(case, "1")
    refusal = {"outcome": "refused", "ground": "no_violation", "reason": "事由がないため"}
    await desk.decided(case, "2", **refusal)
    [mine] = (await own(hana, "GET", "/disclosure/requests")).json["requests"]
    assert [(item["id"], item["files"]) for item in mine["items"]] == [("1", 1), ("2", 0)]
    assert [(one["kind"], one["papers"]) for one in mine["letters"]] == [("answer", 1), ("answer", 1)]
    assert (await own(ken, "GET", f"/disclosure/requests/{case}/letters/l2/1")).status == 404
    assert (await own(hana, "GET", f"/disclosure/requests/{case}/letters/l2/2")).status == 404
    assert "利用目的の通知書" in text_of(await own(hana, "GET", f"/disclosure/requests/{case}/results/1/1"))
    told = text_of(await own(hana, "GET", f"/disclosure/requests/{case}/letters/l2/1"))
    assert "事由がないため" in told
    [mine] = (await own(hana, "GET", "/disclosure/requests")).json["requests"]
    assert mine["stage"] == "answered"
    assert not town.platform.aws.running, "nobody was mailed anything"


async def test_each_door_opens_for_its_own_caller(desk: Desk):
    town = desk.town
    case = await desk.begun("disclosure", way="paper")
    token = {"Authorization": f"Bearer {town.person('hana').token}"}
    body = {"opening": "x", "reason": "発送のため"}
    for headers in ({}, token, {"x-goog-authenticated-user-email": "suzuki@kagamino.example"}):
        for what in ("results/1/1", "letters/l1/1"):
            sent = {**headers, "Origin": town.platform.url, "Sec-Fetch-Site": "same-origin"}
            answer = await http(town, "POST", f"/disclosure/cases/{case}/{what}", body=body, headers=sent)
            assert (answer.status, answer.code) == (401, "unauthenticated")
    proof = await http(town, "POST", "/disclosure/requests/proofs", body={"token": "x" * 43})
    assert (proof.status, proof.code) == (401, "unauthenticated")
    forged = await own(town.person("hana"), "POST", "/disclosure/requests/proofs", body={"token": "x" * 43})
    assert (forged.status, forged.code) == (410, "proof_invalid")
    for _ in range(9):
        assert (
            await own(town.person("hana"), "POST", "/disclosure/requests/proofs", body={"token": "x"})
        ).status == 410
    paced = await own(town.person("hana"), "POST", "/disclosure/requests/proofs", body={"token": "x"})
    assert (paced.status, paced.code) == (429, "too_many_requests")
