"""Requests on paper, by staff over HTTP: from the call to the delivery, and everything that stands in the way."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.cloud.documents import Query
from shared.cloud.stores import open_documents
from shared.ids import RandomIds
from tests.journeys.desk import TARO, Desk, desk_of, form_of, steps
from tests.journeys.town import Town

AGENT = {"name": "弁護太郎", "address": "東京都港区1-1-1"}
MANDATED: dict[str, Any] = {"by": "delegated_agent", "agent": AGENT}


async def posted(desk: Desk, case: str) -> None:
    """The newest letter is printed and goes out by registered mail."""
    seen, opening = await desk.window.open(case)
    name: str = list(seen["letters"])[-1]
    why = {"opening": opening, "reason": "投函のため"}
    paper = await desk.window.call("POST", f"/disclosure/cases/{case}/letters/{name}/1", why)
    assert (paper.status, paper.body[:4]) == (200, b"%PDF"), paper.body
    await desk.window.does(case, "posted", letter=name, on=desk.today, tracking="123-45-67890-1")


async def test_from_the_call_to_the_delivery(town: Town):
    desk = await desk_of(town)
    case = await desk.begins("disclosure", "cease_use")
    name, number = case["id"], case["number"]
    assert steps(await desk.window.does(name, "send_form")) == {"1": "waiting", "2": "waiting"}
    await posted(desk, name)
    await town.platform.advance(timedelta(days=3), schedules=False)
    other = await desk.begins("purpose_notice")
    wrong = await desk.window.tries(name, "register_arrival", number=other["number"], on=desk.today)
    assert (wrong.status, wrong.code) == (409, "number_mismatch")
    wrong = await desk.window.tries(name, "register_arrival", number="KG-0000-0001", on=desk.today)
    assert (wrong.status, wrong.code) == (400, "case_number_invalid")
    for on in ("2026-11-01", "2027-01-01"):
        wrong = await desk.window.tries(name, "register_arrival", number=number, on=on)
        assert (wrong.status, wrong.code) == (400, "date_unfit"), on
    seen = await desk.window.does(name, "register_arrival", number=number.lower(), on=desk.today)
    assert (seen["arrived_on"], seen["due_on"]) == (desk.today, "2026-12-10")
    form = form_of("disclosure", "cease_use")
    slip = {**form, "person": {**TARO, "phone": "03-1234-5679"}}
    wrong = await desk.window.tries(name, "enter_form", first=form, second=slip)
    assert (wrong.status, wrong.code, wrong.json["detail"]) == (409, "entries_differ", "person.phone")
    early = await desk.verifier.tries(name, "begin_verification")
    assert (early.status, early.code) == (409, "form_not_entered")
    await desk.window.does(name, "enter_form", first=form, second=form)
    await desk.window.does(name, "find_defects", missing=["identity_papers", "signature"])
    seen = await desk.window.does(name, "mend_defects", came=["signature"])
    assert (seen["stage"], seen["defects"]) == ("defect", ["identity_papers"])
    seen = await desk.window.does(name, "mend_defects", came=["identity_papers"])
    assert seen["stage"] == "received"
    await desk.verifier.does(name, "begin_verification")
    early = await desk.verifier.tries(name, "verify")
    assert (early.status, early.code) == (409, "identity_unproven")
    await desk.verifier.does(name, "add_proof", document=desk.licence())
    await desk.verifier.does(name, "match_by_hand", records="取引先台帳 12")
    assert steps(await desk.verifier.does(name, "verify")) == {"1": "scoping", "2": "scoping"}
    own = await desk.second.tries(name, "fix_scope", item="1", scope={})
    assert own.status == 200, "whoever has the role and did not verify may"
    await town.settle()
    unpaid = await desk.decider.tries(name, "decide", item="1", outcome="full")
    assert (unpaid.status, unpaid.code) == (409, "fee_missing")
    assert steps(await desk.decided(name, "2"))["2"] == "executing", "a fee holds up its own item alone"
    await desk.window.does(name, "record_stamps", received=1000)
    assert steps(await desk.decider.does(name, "decide", item="1", outcome="full"))["1"] == "executing"
    for item in ("1", "2"):
        await desk.window.does(name, "record_evidence", item=item, proof="台帳から写しを作成")
        await posted(desk, name)
    seen = await desk.window.does(name, "register_delivery", items=["1", "2"], on=desk.today, proof="配達証明 123")
    assert (seen["stage"], seen["due_on"]) == ("answered", "2026-12-10")


async def test_the_same_contact_sent_twice_is_one_case(town: Town):
    desk = await desk_of(town)
    contact = {"category": "partner", "channel": "phone", "person": TARO, "wishes": [{"type": "disclosure"}]}
    body = {"id": RandomIds().ident(), "contact": contact}
    both = await asyncio.gather(*(desk.window.call("POST", "/disclosure/cases", body) for _ in range(2)))
    assert [one.status for one in both] == [201, 201]
    assert both[0].json == both[1].json
    assert len((await desk.window.call("GET", "/disclosure/cases")).json["cases"]) == 1


async def test_an_agent_whose_mandate_was_revoked_is_handed_nothing_and_the_person_is_told(town: Town):
    desk = await desk_of(town)
    case = (await desk.returned("disclosure", **MANDATED))["id"]
    await desk.verifier.does(case, "begin_verification")
    await desk.verifier.does(case, "add_proof", document=desk.licence())
    await desk.verifier.does(case, "match_by_hand", records="取引先台帳 12")
    unproven = await desk.verifier.tries(case, "verify")
    assert (unproven.status, unproven.code) == (409, "agency_unproven")
    agency = {
        "kind": "delegate",
        "received_on": desk.today,
        "evidence": [desk.licence()],
        "mandate": {"signed_on": "2026-11-20", "types": ["disclosure"]},
        "seal_certificate_on": "2026-11-01",
        "seal_matches": True,
    }
    await desk.verifier.does(case, "record_agency", agency=agency)
    assert steps(await desk.verifier.does(case, "verify")) == {"1": "scoping"}
    assert steps(await desk.decided(case, "1")) == {"1": "executing"}
    await desk.window.does(case, "record_evidence", item="1", proof="写しを作成")
    await desk.window.does(case, "revoke_agency")
    late = await desk.window.tries(case, "register_delivery", items=["1"], on=desk.today, proof="手渡し")
    assert (late.status, late.code) == (409, "case_moved_on")
    seen, _ = await desk.window.open(case)
    assert (seen["stage"], steps(seen)) == ("withdrawn", {"1": "withdrawn"})
    assert [one["kind"] for one in seen["letters"].values()][-1] == "withdrawn"


async def test_my_number_data_is_the_managers_alone_while_the_other_items_go_on(town: Town):
    desk = await desk_of(town)
    case = (await desk.verified("disclosure", "cease_use"))["id"]
    await desk.decider.does(case, "fix_scope", item="1", scope={}, my_number=True)
    for clerk in (desk.window, desk.verifier, desk.decider, desk.second):
        seen, opening = await clerk.open(case)
        assert steps(seen) == {"2": "scoping"}, clerk.email
        [listed] = (await clerk.call("GET", "/disclosure/cases")).json["cases"]
        assert listed["types"] == ["cease_use"]
        act = {"act": "decide", "item": "1", "outcome": "refused", "ground": "my_number", "reason": "番号法"}
        hidden = await clerk.call(
            "POST", f"/disclosure/cases/{case}/acts", {"act": act, "version": seen["version"], "opening": opening}
        )
        assert hidden.code in ("item_unknown", "role_missing", "verifier_decides"), clerk.email
    assert steps((await desk.manager.open(case))[0]) == {"1": "mynumber_review", "2": "scoping"}
    assert steps(await desk.decided(case, "2"))["2"] == "executing"
    await desk.manager.does(case, "review", item="1", allowed=False, reason="番号法により開示できない")
    bound = await desk.decider.tries(case, "decide", item="1", outcome="full")
    assert (bound.status, bound.code) == (403, "manager_refused")
    why = {"ground": "my_number", "reason": "番号法により開示できません"}
    seen = await desk.decider.does(case, "decide", item="1", outcome="refused", **why)
    assert steps(seen)["1"] == "notifying"


async def test_of_two_deciders_at_once_one_wins_and_the_other_is_told(town: Town):
    desk = await desk_of(town)
    case = (await desk.verified("cease_use"))["id"]
    await desk.decider.does(case, "fix_scope", item="1", scope={})
    bodies = []
    for clerk in (desk.decider, desk.second):
        seen, opening = await clerk.open(case)
        outcome = {"outcome": "full"} if clerk is desk.decider else {"outcome": "not_exist", "reason": "保有なし"}
        act = {"act": "decide", "item": "1", **outcome}
        bodies.append((clerk, {"act": act, "version": seen["version"], "opening": opening}))
    answers = await asyncio.gather(*(c.call("POST", f"/disclosure/cases/{case}/acts", b) for c, b in bodies))
    assert sorted(one.status for one in answers) == [200, 409]
    assert {one.code for one in answers if one.status == 409} == {"case_moved_on"}


async def test_nobody_handles_a_case_of_their_own(town: Town):
    desk = await desk_of(town)
    for person in ({"name": "佐藤　健"}, {"name": "別名", "mail": "SATO@kagamino.example"}):
        case = await desk.begins("disclosure", person=person)
        own = await desk.verifier.call("POST", f"/disclosure/cases/{case['id']}/open", {"reason": "自分の申請"})
        assert (own.status, own.code) == (403, "own_case"), person
        await desk.window.open(case["id"])


async def test_whoever_verified_neither_fixes_nor_decides(town: Town):
    desk = await desk_of(town)
    case = (await desk.returned("disclosure"))["id"]
    await desk.second.does(case, "begin_verification")
    await desk.second.does(case, "add_proof", document=desk.licence())
    await desk.second.does(case, "match_by_hand", records="取引先台帳 12")
    await desk.second.does(case, "verify")
    refused = await desk.second.tries(case, "fix_scope", item="1", scope={})
    assert (refused.status, refused.code) == (403, "verifier_decides")
    await desk.decider.does(case, "fix_scope", item="1", scope={})
    refused = await desk.second.tries(case, "decide", item="1", outcome="full")
    assert (refused.status, refused.code) == (403, "verifier_decides")


async def test_whoever_cannot_be_verified_is_offered_two_ways_whether_known_or_not(town: Town):
    desk = await desk_of(town)
    case = (await desk.returned("disclosure"))["id"]
    await desk.verifier.does(case, "begin_verification")
    one = await desk.verifier.tries(case, "close_unverified", offered=["app", "app"])
    assert (one.status, one.code) == (400, "offer_two_ways")
    seen = await desk.verifier.does(case, "close_unverified", offered=["app", "photo_paper"])
    assert seen["stage"] == "unverified"
    await town.platform.advance(timedelta(days=29), schedules=False)
    assert (await desk.verifier.does(case, "reopen"))["stage"] == "verifying"


async def test_impossible_dates_and_numbers_are_told_and_break_nothing(town: Town):
    desk = await desk_of(town)
    case = (await desk.returned("disclosure", **MANDATED))["id"]
    await desk.verifier.does(case, "begin_verification")
    never = ("0001-01-01", "9999-12-31")
    for day in never:
        for field in ("received_on", "issued_on", "good_until"):
            paper = desk.licence(paper="residence_record", **{field: day})
            answer = await desk.verifier.tries(case, "add_proof", document=paper)
            assert answer.status in (200, 400), (field, day, answer.body)
            unproven = await desk.verifier.tries(case, "verify")
            assert unproven.status in (403, 409), (field, day, unproven.body)
        mandate = {"signed_on": day, "types": ["disclosure"], "until": day}
        agency = {"kind": "delegate", "received_on": day, "mandate": mandate, "seal_certificate_on": day}
        answer = await desk.verifier.tries(case, "record_agency", agency={**agency, "person_born_on": day})
        assert answer.status in (200, 400), (day, answer.body)
        assert (await desk.verifier.tries(case, "verify")).status in (403, 409)
    born = {"kind": "parent", "received_on": desk.today, "person_born_on": "9999-12-31"}
    await desk.verifier.tries(case, "record_agency", agency=born)
    assert (await desk.verifier.tries(case, "verify")).status in (403, 409)
    naive = await desk.verifier.tries(case, "record_agency", agency={**born, "revoked_at": "2026-11-24T00:00:00"})
    assert naive.status in (200, 400)
    assert (await desk.verifier.tries(case, "verify")).status in (403, 409)
    for much in (10**15, 10**30, -1, 0):
        answer = await desk.window.tries(case, "record_stamps", received=much)
        assert answer.status == 400, (much, answer.body)
    late = await desk.decider.tries(case, "extend", to="9999-12-31", reason="とても長い")
    assert late.status in (200, 400), late.body
    await town.settle()
    await town.platform.advance(timedelta(days=1), schedules=False)
    await desk.window.open(case)


async def test_who_asks_what_and_why_reaches_neither_logs_nor_tasks_nor_the_audit_log(
    town: Town, capfd: pytest.CaptureFixture[str]
):
    desk = await desk_of(town)
    told = [*TARO.values(), "弁護太郎", "顧問弁護士", "血糖値を止めて", "折り返しは夜に", "審査基準が知られるため"]
    wishes = [{"type": "cease_use", "words": "血糖値を止めて"}, {"type": "disclosure"}]
    case = (await desk.verified(wishes=wishes))["id"]
    await desk.window.does(case, "note", text="折り返しは夜に")
    why = {"ground": "hindrance", "reason": "審査基準が知られるため"}
    await desk.decided(case, "2", "refused", **why)
    await posted(desk, case)
    delivered = {"items": ["2"], "on": desk.today, "proof": "配達証明 血糖値を止めて"}
    assert (await desk.window.tries(case, "register_delivery", **delivered)).status == 200
    assert (await desk.decider.tries(case, "extend", to="2026-12-24", reason="審査基準が知られるため")).status == 200
    tasks = [one.task.http_request.body.decode() for one in town.platform.tasks.waiting()]
    settings = town.platform.settings
    documents = open_documents(settings["DOCUMENTS"], project=settings["PROJECT"])
    try:
        kept = [repr(one.data) for name in ("audit", "cases") for one in await documents.query(Query(name, limit=1000))]
    finally:
        await documents.close()
    logged = "".join(capfd.readouterr())
    assert len(kept) > 20
    assert '"function": "disclosure"' in logged
    assert tasks
    for where, text in {"logs": logged, "tasks": " ".join(tasks), "the store": " ".join(kept)}.items():
        assert [one for one in told if one in text] == [], where
