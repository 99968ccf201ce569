"""Requests filed in the app: each of the seven types from filing to the answer, and a complaint; over HTTP only."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from infra.local.google.devices import scale
from shared.ids import RandomIds
from shared.vocabulary import Kind
from tests.journeys.desk import Desk, desk_of, files, mine, steps
from tests.journeys.staff import decide, hospital_of, reading
from tests.journeys.town import App, Town


async def asked(town: Town, *types: str, **more: object) -> tuple[App, Desk, str]:
    """Hana, linked, asks for these in the app; the desk; the case."""
    desk, hana = await desk_of(town), town.person("hana", devices=[scale()], days=2)
    await hana.link([Kind.WEIGHT])
    answer = await files(hana, *({"type": one, "way": "electronic", **more} for one in types))
    assert answer.status == 201, answer.body
    return hana, desk, answer.json["id"]


async def test_what_is_held_is_handed_over_in_the_app_once_two_have_approved(town: Town):
    hana, desk, case = await asked(town, "disclosure")
    assert (await mine(hana, case))["stage"] == "handling"
    assert steps(await desk.decided(case, "1")) == {"1": "decided"}
    early = await hana.call("GET", f"/disclosure/requests/{case}/results/1/1")
    assert (early.status, early.code) == (404, "case_unknown")
    same = await desk.decider.tries(case, "cosign", item="1")
    assert (same.status, same.code) == (403, "same_person")
    assert steps(await desk.verifier.does(case, "cosign", item="1")) == {"1": "notifying"}
    answer = await hana.call("GET", f"/disclosure/requests/{case}/results/1/1")
    assert answer.status == 200, answer.body
    held = zipfile.ZipFile(io.BytesIO(answer.body)).namelist()
    assert any("weight" in name for name in held)
    told = await mine(hana, case)
    assert (told["stage"], told["items"][0]["outcome"]) == ("answered", "full")
    again = await hana.call("GET", f"/disclosure/requests/{case}/results/1/1")
    assert again.body == answer.body


@pytest.mark.parametrize(("type_", "approved_by_two"), [("provision_records", True), ("purpose_notice", False)])
async def test_records_of_provision_and_the_purposes_are_handed_over_in_the_app(
    town: Town, type_: str, approved_by_two: bool
):
    hana, desk, case = await asked(town, type_)
    await desk.decided(case, "1")
    if approved_by_two:
        await desk.verifier.does(case, "cosign", item="1")
    answer = await hana.call("GET", f"/disclosure/requests/{case}/results/1/1")
    assert answer.status == 200, answer.body
    assert answer.body[:4] in (b"PK\x03\x04", b"%PDF")
    assert steps(await mine(hana, case)) == {"1": "answered"}


async def answered_by_letter(hana: App, case: str) -> None:
    """The letter of the answer is fetched in the app, and the case over with that."""
    told = await mine(hana, case)
    letter = [one for one in told["letters"] if one["kind"] == "answer"][-1]
    paper = await hana.call("GET", f"/disclosure/requests/{case}/letters/{letter['id']}/1")
    assert (paper.status, paper.body[:4]) == (200, b"%PDF")
    assert (await mine(hana, case))["stage"] == "answered"


async def test_what_is_to_cease_is_frozen_at_once_and_withdrawn_once_decided(town: Town):
    hana, desk, case = await asked(town, "cease_use")
    assert (await desk.decider.open(case))[0]["frozen"]
    fetched = town.fitness_calls()
    await town.platform.advance(timedelta(hours=4), schedules=False)
    await town.tick()
    assert town.fitness_calls() == fetched, "nothing is fetched meanwhile"
    seen = await desk.decided(case, "1")
    assert (steps(seen), seen["frozen"]) == ({"1": "notifying"}, False)
    assert await hana.storing(Kind.WEIGHT) == "withdrawn"
    await answered_by_letter(hana, case)


async def test_provision_stops_for_the_hospital_and_the_rest_goes_on(town: Town):
    desk, hana, clinic = await desk_of(town), town.person("hana", devices=[scale()], days=2), await hospital_of(town)
    await hana.link([Kind.WEIGHT])
    given = await decide(hana, "give", Kind.WEIGHT, purpose="health_guidance", recipient=clinic.recipient)
    assert given.status == 200, given.body
    [told] = await clinic.people()
    assert (await clinic.call(reading(told["person"], form="points"))).status == 200
    case = (await files(hana, {"type": "stop_provision", "words": "病院への提供"})).json["id"]
    frozen = await clinic.call(reading(told["person"], form="points"))
    assert frozen.code in ("consent_missing", "person_unknown"), "provisionally followed from the moment it is filed"
    await desk.decided(case, "1")
    after = await clinic.call(reading(told["person"], form="points"))
    assert after.code in ("consent_missing", "person_unknown")
    assert await hana.storing(Kind.WEIGHT) == "given"
    await answered_by_letter(hana, case)


async def test_what_was_refused_flows_again(town: Town):
    hana, desk, case = await asked(town, "cease_use")
    why = {"ground": "no_violation", "reason": "利用は同意に基づくものです"}
    seen = await desk.decided(case, "1", "refused", **why)
    assert (steps(seen), seen["frozen"]) == ({"1": "notifying"}, False)
    assert await hana.storing(Kind.WEIGHT) == "given"
    fetched = town.fitness_calls()
    await town.platform.advance(timedelta(hours=4), schedules=False)
    await town.tick()
    assert town.fitness_calls() > fetched
    await answered_by_letter(hana, case)


async def test_all_is_erased_and_what_was_handed_over_before_can_still_be_fetched(town: Town):
    hana, desk, case = await asked(town, "disclosure", "erasure")
    await desk.decided(case, "1")
    await desk.verifier.does(case, "cosign", item="1")
    assert steps(await desk.decided(case, "2"))["2"] in ("executing", "notifying")
    await town.platform.advance(timedelta(minutes=30))
    assert steps((await desk.decider.open(case))[0]) == {"1": "notifying", "2": "notifying"}
    assert not town.granted_at_google(hana)
    gone = await hana.call("GET", "/measurement?kind=weight&from=2026-11-20&to=2026-11-24&zone=UTC&resolution=point")
    assert gone.status == 410 or not gone.json.get("points"), gone.body
    answer = await hana.call("GET", f"/disclosure/requests/{case}/results/1/1")
    assert (answer.status, answer.body[:2]) == (200, b"PK"), "it is sealed with the case, not with the person"
    await answered_by_letter(hana, case)


async def test_a_complaint_is_answered_without_proof_of_who_complains(town: Town):
    desk, hana = await desk_of(town), town.person("hana", devices=[])
    answer = await files(hana, {"type": "complaint", "words": "電話がつながらない"})
    assert answer.status == 201, answer.body
    case = answer.json["id"]
    assert steps(answer.json) == {"1": "collected"}
    seen, _ = await desk.decider.open(case)
    assert seen["items"][0]["words"] == "電話がつながらない"
    silent = await desk.decider.tries(case, "decide", item="1", outcome="full")
    assert (silent.status, silent.code) == (400, "reason_missing")
    seen = await desk.decider.does(case, "decide", item="1", outcome="full", reason="回線を増やします")
    assert steps(seen) == {"1": "notifying"}
    await answered_by_letter(hana, case)


async def test_filed_twice_it_is_one_case_and_taken_back_it_is_over(town: Town):
    desk, hana, ken = await desk_of(town), town.person("hana", devices=[]), town.person("ken", devices=[])
    name = RandomIds().ident()
    first = await files(hana, {"type": "disclosure"}, name=name)
    again = await files(hana, {"type": "erasure"}, name=name)
    assert (again.status, again.json) == (201, first.json)
    other = await files(ken, {"type": "disclosure"}, name=name)
    assert other.json["id"] != first.json["id"], "the same name by somebody else is another case"
    taken = await hana.call("POST", f"/disclosure/requests/{first.json['id']}/withdraw", body={})
    assert (taken.status, taken.json["stage"]) == (200, "withdrawn")
    late = await desk.decider.tries(first.json["id"], "fix_scope", item="1", scope={})
    assert (late.status, late.code) == (409, "case_moved_on")


async def test_somebody_elses_case_is_no_case_at_all(town: Town):
    hana, desk, case = await asked(town, "purpose_notice")
    await desk.decided(case, "1")
    ken = town.person("ken", devices=[])
    letter = (await mine(hana, case))["letters"][0]["id"]
    nobodys = RandomIds().ident()
    for what in ("results/1/1", f"letters/{letter}/1", "results/9/9", f"results/1/{'9' * 2000}"):
        there = await ken.call("GET", f"/disclosure/requests/{case}/{what}")
        nowhere = await ken.call("GET", f"/disclosure/requests/{nobodys}/{what}")
        assert (there.status, there.code) == (nowhere.status, nowhere.code) == (404, there.code), what
        assert {**there.json, "instance": ""} == {**nowhere.json, "instance": ""}
    taken = await ken.call("POST", f"/disclosure/requests/{case}/withdraw", body={})
    assert (taken.status, taken.code) == (404, "case_unknown")
    assert (await ken.call("GET", "/disclosure/requests")).json == {"requests": []}
    assert steps(await mine(hana, case)) == {"1": "notifying"}, "nothing of it counts as a delivery"


async def test_what_is_misspelt_is_not_taken_for_everything(town: Town):
    hana = town.person("hana", devices=[])
    unfit: list[dict[str, Any]] = [
        {"scope": {"kind": ["sleep"]}},
        {"words": "x" * 2001},
        {"type": "all"},
        {"scopes": {}},
    ]
    for wrong in unfit:
        answer = await files(hana, {"type": "erasure", **wrong})
        assert (answer.status, answer.code) in ((400, "body_invalid"), (400, "request_invalid")), wrong
    assert (await hana.call("GET", "/disclosure/requests")).json == {"requests": []}


async def test_a_case_of_an_erased_person_can_still_be_handled_and_answered(town: Town):
    hana, desk, case = await asked(town, "disclosure")
    await hana.call("DELETE", "/consent")
    assert (await hana.call("POST", "/erasure", body={"kinds": None})).status in (200, 202)
    await town.platform.advance(timedelta(minutes=30))
    await desk.decided(case, "1")
    await desk.verifier.does(case, "cosign", item="1")
    await town.platform.advance(timedelta(minutes=30))
    assert steps((await desk.decider.open(case))[0]) == {"1": "notifying"}
    answer = await hana.call("GET", f"/disclosure/requests/{case}/results/1/1")
    assert answer.status == 200, answer.body


async def test_nobody_files_without_end(town: Town):
    hana = town.person("hana", devices=[])
    codes = [(await files(hana, {"type": "complaint", "words": "…"})).status for _ in range(6)]
    assert codes == [201] * 5 + [429]
