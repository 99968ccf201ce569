"""A later notice comes into force while people are linked: nothing of theirs stops, and what is new is asked for."""

import datetime as dt
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.google.devices import cuff, scale
from shared.policy.model import Words
from shared.policy.notices import FILES, load
from shared.vocabulary import Kind
from tests.journeys.staff import at_work, cells, decide, standing
from tests.journeys.town import START, App, Town
from tests.policy.written import FIRST, LATER, both, later, shipped

SOON = dt.datetime(2026, 11, 24, 15, tzinfo=dt.UTC)  # midnight in Tokyo, forty hours after the beginning


def soon(contents: dict[str, Any]) -> None:
    later(contents)
    contents["in_force_from"] = dt.date(2026, 11, 25)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both notices, and one that is being written and not published."""
    made = both(tmp_path / "notices", soon)
    (made / "draft").mkdir()
    for name, content in shipped().items():
        (made / "draft" / name).write_bytes(content.replace(FIRST.encode(), b"draft"))
    return made


@pytest.fixture
def more_settings(folder: Path) -> dict[str, str]:
    return {"NOTICES": str(folder)}


def asked(stands: Any) -> dict[tuple[str, str | None], str]:
    """What needs asking."""
    return {(one["purpose"], one["kind"]): one["why"] for one in stands["pending"]}


async def in_force(town: Town) -> str:
    return str((await town.call("GET", "/consent/notice")).json["version"])


async def test_every_published_notice_can_be_fetched_byte_for_byte_and_no_other(town: Town, folder: Path):
    for notice in load(folder):
        version = notice.contents.version
        lines = b""
        for name in FILES:
            answer = await town.call("GET", f"/consent/notice?version={version}&file={name}")
            assert (answer.status, answer.body) == (200, (folder / version / name).read_bytes())
            lines += f"{hashlib.sha256(answer.body).hexdigest()}  {name}\n".encode()
        for language in ("ja", "en"):
            shown = (await town.call("GET", f"/consent/notice?version={version}&lang={language}")).json
            assert shown["sha256"] == hashlib.sha256(lines).hexdigest()
            assert shown["text"] == (folder / version / f"{language}.md").read_text(encoding="utf-8")
    for query in ("version=draft", "version=1999-01-01", f"version={FIRST}&file=PUBLISHED", "version=..&file=en.md"):
        refused = await town.call("GET", f"/consent/notice?{query}")
        assert (refused.status, refused.code) == (404, "notice_unknown")


async def test_the_words_change_at_midnight_in_tokyo_without_a_deploy(town: Town):
    await town.platform.advance(SOON - START - timedelta(seconds=1), schedules=False)
    assert await in_force(town) == FIRST
    await town.platform.advance(timedelta(seconds=1), schedules=False)
    assert await in_force(town) == LATER


async def test_nothing_stops_when_words_change_and_what_is_new_takes_an_answer(town: Town):
    hana = town.person("hana", devices=[cuff(), scale()])
    await hana.link([Kind.WEIGHT, Kind.BLOOD_PRESSURE])
    async with at_work(town) as staff:
        clinic = "institution:" + await staff.institutions.register(
            Words("港病院", "Minato Hospital"), "東京都港区", "03-0000-0000", "contract-1"
        )
    assert (await decide(hana, "give", Kind.WEIGHT, purpose="online_consult", recipient=clinic)).status == 200
    before = await standing(hana)
    too_soon = {**before, "notice": (await town.call("GET", f"/consent/notice?version={LATER}")).json}
    refused = await give(hana, too_soon, "weight")
    assert (refused.status, refused.code) == (409, "notice_not_in_force")
    receipt = (await hana.call("GET", "/consent/receipts/1")).json

    await town.platform.advance(SOON - START, schedules=False)
    stale = await give(hana, before, "sleep")
    assert (stale.status, stale.code) == (409, "notice_not_in_force")
    assert LATER in stale.json["detail"]
    assert stale.json["title"]
    assert await hana.storing(Kind.SLEEP) == ""

    stands = await standing(hana)
    assert (stands["epoch"], cells(stands)) == (before["epoch"], cells(before))
    assert {cell["notice"] for cell in stands["cells"]} == {FIRST}
    assert stands["notice"]["version"] == LATER
    assert asked(stands) == {
        ("entrusted", None): "new_purpose",
        ("health_guidance", None): "new_purpose",
        ("family_watch", None): "new_purpose",
        ("qolms_store", "weight"): "new_words",
        ("qolms_store", "blood_pressure"): "new_words",
    }
    [service] = [one for one in stands["recipients"] if one["id"] == "qolms"]
    assert service["name"]["en"] == "New QOLMS"

    keeping = await decide(hana, "refuse", Kind.WEIGHT)
    assert [event["state"] for event in keeping.json["recorded"]] == ["kept"]
    assert (cells(keeping.json["consent"]), asked(keeping.json["consent"]).get(("qolms_store", "weight"))) == (
        cells(before),
        None,
    )
    refusing = await decide(hana, "refuse", Kind.STEPS, purpose="entrusted", recipient=clinic)
    assert refusing.status == 200
    assert ("entrusted", None) not in asked(refusing.json["consent"])
    measured = len(await hana.points(Kind.BLOOD_PRESSURE))
    await town.pass_time(timedelta(hours=18))
    assert len(await hana.points(Kind.BLOOD_PRESSURE)) > measured, (
        "refusing what is new, and leaving open, stops nothing"
    )
    connection = await hana.connection()
    assert connection["state"] == "active"
    assert connection["kinds"]["weight"]["consented"]

    assert (await decide(hana, "give", Kind.WEIGHT)).status == 200
    answered = await standing(hana)
    assert ("qolms_store", "weight") not in asked(answered)
    assert ("qolms_store", "blood_pressure") in asked(answered)
    assert {(c["kind"], c["purpose"]): c["notice"] for c in answered["cells"]} == {
        ("weight", "qolms_store"): LATER,
        ("blood_pressure", "qolms_store"): FIRST,
        ("weight", "online_consult"): FIRST,
        ("steps", "entrusted"): LATER,
    }
    assert (await hana.call("GET", "/consent/receipts/1")).json == receipt
    assert receipt["receipt"]["dpv:hasNotice"]["version"] == FIRST
    for form in ("iso27560", "fhir"):
        assert (await hana.call("GET", f"/consent/export?format={form}")).status == 200


async def give(app: App, seen: Any, kind: str) -> Any:
    """Give on the words and the state that were `seen`."""
    notice = {name: seen["notice"][name] for name in ("version", "sha256")}
    change = {"purpose": "qolms_store", "kind": kind, "recipient": "qolms", "decision": "give"}
    return await app.call("POST", "/consent", body={"changes": [change], "notice": notice, "if_epoch": seen["epoch"]})


async def test_a_rule_with_a_date_changes_what_happens_on_that_date(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link([Kind.WEIGHT])
    await hana.call("DELETE", "/consent")
    await town.settle()
    erasing = (await hana.call("POST", "/erasure", body={"kinds": ["weight"]})).json
    assert due(erasing) == timedelta(hours=24)
    await town.settle()
    await town.platform.advance(SOON - START, schedules=False)
    await hana.link([Kind.WEIGHT])
    await hana.call("DELETE", "/consent")
    await town.settle()
    assert due((await hana.call("POST", "/erasure", body={"kinds": ["weight"]})).json) == timedelta(hours=12)


def due(erasing: Any) -> timedelta:
    return dt.datetime.fromisoformat(erasing["due_at"]) - dt.datetime.fromisoformat(erasing["requested_at"])
