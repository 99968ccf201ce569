"""What a person can prove later: receipts over HTTP, checked offline, and exports."""

import asyncio
import json
import sys
from pathlib import Path

import grpc
import pytest
from fhir.resources.R4B.bundle import Bundle
from google.cloud.secretmanager_v1 import SecretVersion

from infra.manifest import ROOT
from shared.cloud.secrets import FRESH, STALE
from shared.ids import digest, fresh_bytes
from shared.vocabulary import Kind
from tests.journeys.town import Answer, App, Town


async def ask(person: App, method: str, path: str, body: object = None) -> Answer:
    """Signed in, about what is held to the contract in other journeys."""
    town, headers = person.town, {"Authorization": f"Bearer {person.token}"}
    async with town.http.request(method, f"{town.platform.url}{path}", json=body, headers=headers) as got:
        return Answer(got.status, {k.lower(): v for k, v in got.headers.items()}, await got.read())


async def decide(person: App, decision: str, *kinds: Kind) -> Answer:
    """On the state and under the notice as they stand."""
    stands = (await ask(person, "GET", "/consent")).json
    changes = [{"purpose": "qolms_store", "kind": k, "recipient": "qolms", "decision": decision} for k in kinds]
    body = {"changes": changes, "notice": stands["notice"], "if_epoch": stands["epoch"], "screen": "consent/cells"}
    answer = await ask(person, "POST", "/consent", body)
    assert answer.status == 200, answer.body
    return answer


async def verified(folder: Path, jws: str, keys: Answer) -> tuple[int, str]:
    """What the command says, in a process of its own, to somebody who has these two files and nothing else."""
    (folder / "receipt.jws").write_text(jws)
    (folder / "keys.json").write_bytes(keys.body)
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shared.consent.verify", str(folder / "receipt.jws")),
        *("--keys", str(folder / "keys.json")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONIOENCODING": "utf-8"},
    )
    told, _ = await running.communicate()
    return running.returncode or 0, told.decode()


async def test_a_decision_is_answered_with_a_receipt_that_anybody_can_check_and_that_can_be_had_again(
    town: Town, tmp_path: Path
):
    hana = town.person("hana")
    given = (await decide(hana, "give", Kind.SLEEP, Kind.STEPS)).json
    again = (await hana.call("GET", f"/consent/receipts/{given['receipt']}")).json
    assert again["jws"] == given["jws"]
    assert again["receipt"]["dpv:hasDataSubject"] == digest("subject", "hana")
    keys = await town.call("GET", "/consent/keys")
    status, told = await verified(tmp_path, given["jws"], keys)
    assert (status, "GENUINE" in told, "本物です" in told) == (0, True, True)
    header, payload, signature = given["jws"].split(".")
    status, told = await verified(tmp_path, f"{header}.{payload}A.{signature}", keys)
    assert (status, "NOT VALID" in told) == (1, True)


async def test_stopping_everything_is_answered_with_a_receipt_as_well(town: Town, tmp_path: Path):
    hana = town.person("hana")
    await decide(hana, "give", Kind.SLEEP, Kind.STEPS)
    stopped = await ask(hana, "DELETE", "/consent")
    assert stopped.status == 200
    status, told = await verified(tmp_path, stopped.json["jws"], await town.call("GET", "/consent/keys"))
    assert status == 0
    assert told.count("withdrawn") == 2


async def test_every_receipt_that_the_history_names_is_there_and_nobody_else_s_is(town: Town):
    hana, taro = town.person("hana"), town.person("taro")
    await decide(hana, "give", Kind.SLEEP)
    await decide(hana, "withdraw", Kind.SLEEP)
    history = (await ask(hana, "GET", "/consent/history")).json["events"]
    for event in history:
        found = (await hana.call("GET", f"/consent/receipts/{event['receipt']}")).json
        assert found["receipt"]["dpv:hasProcess"][0]["event"]["hash"] == event["hash"]
        refused = await taro.call("GET", f"/consent/receipts/{event['receipt']}")
        assert (refused.status, refused.code) == (404, "receipt_unknown")
    for unknown in ("3", "0", "x"):
        assert (await hana.call("GET", f"/consent/receipts/{unknown}")).code == "receipt_unknown"
    assert (await town.call("GET", "/consent/receipts/1")).status == 401


async def test_after_a_rotation_old_receipts_still_verify_and_new_ones_are_under_the_new_key(
    town: Town, tmp_path: Path
):
    hana = town.person("hana")
    old = (await decide(hana, "give", Kind.SLEEP)).json["jws"]
    town.platform.secrets.put("receipt-key", fresh_bytes(32))
    await town.platform.advance(FRESH, schedules=False)
    new = (await decide(hana, "give", Kind.STEPS)).json["jws"]
    keys = await town.call("GET", "/consent/keys")
    assert [key["kid"] for key in keys.json["keys"]] == ["2", "1"]
    for jws in (old, new):
        assert (await verified(tmp_path, jws, keys))[0] == 0
    town.platform.secrets.set_state("receipt-key", "1", SecretVersion.State.DISABLED)
    await town.platform.advance(FRESH, schedules=False)
    keys = await town.call("GET", "/consent/keys")
    assert [(await verified(tmp_path, jws, keys))[0] for jws in (old, new)] == [1, 0]


async def test_a_decision_stands_while_secrets_are_out_and_is_signed_when_they_are_back(town: Town):
    hana = town.person("hana")
    town.platform.secrets.faults.add("*", grpc.StatusCode.PERMISSION_DENIED, times=99)
    answer = (await decide(hana, "give", Kind.SLEEP)).json
    assert answer["jws"] is None
    assert [cell["state"] for cell in answer["consent"]["cells"]] == ["given"]
    assert (await hana.call("GET", "/consent/receipts/1")).json["jws"] is None
    out = await town.call("GET", "/consent/keys")
    assert (out.status, out.code) == (503, "secrets_unavailable")
    town.platform.secrets.faults.clear()
    await town.platform.advance(STALE, schedules=False)
    assert (await hana.call("GET", "/consent/receipts/1")).json["jws"] is not None


async def test_everything_can_be_taken_along_in_both_forms(town: Town):
    hana = town.person("hana")
    await decide(hana, "give", Kind.SLEEP, Kind.BLOOD_PRESSURE)
    await decide(hana, "withdraw", Kind.SLEEP)
    iso = await hana.call("GET", "/consent/export?format=iso27560")
    assert (iso.status, iso.headers["content-type"]) == (200, "application/ld+json")
    assert "attachment" in iso.headers["content-disposition"]
    assert [line["state"] for line in iso.json["history"]] == ["given", "given", "withdrawn"]
    fhir = await hana.call("GET", "/consent/export?format=fhir")
    assert (fhir.status, fhir.headers["content-type"]) == (200, "application/fhir+json")
    Bundle.model_validate(fhir.json)
    consent = fhir.json["entry"][0]["resource"]
    rules = {rule["code"][0]["text"]: rule["type"] for rule in consent["provision"]["provision"]}
    assert rules == {"睡眠": "deny", "血圧": "permit"}
    source: str = consent["sourceAttachment"]["url"]
    assert source.startswith(town.platform.url)
    shown = await ask(hana, "GET", source.removeprefix(town.platform.url))
    assert (shown.status, shown.body[:1] != b"{") == (200, True)
    for body in (iso.body, fhir.body):
        assert b"hana" not in body
        json.loads(body)


@pytest.mark.parametrize("query", ["", "?format=", "?format=pdf", "?format=fhir&format=fhir", "?format=fhir&uid=taro"])
async def test_a_form_that_there_is_not_is_refused(town: Town, query: str):
    answer = await town.person("hana").call("GET", f"/consent/export{query}")
    assert (answer.status, answer.code) == (400, "query_invalid")
