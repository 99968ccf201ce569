"""What is left out is in no byte of any file, in no form and under no hash; and what is left out by nobody is there."""

import base64
import datetime as dt
import io
import json
import random
import re
import unicodedata
from typing import Any

import msgspec
import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf.generic import StreamObject

from shared.audit.writes import KEPT
from shared.clock import ManualClock
from shared.cloud.documents import Put
from shared.cloud.sqlite import SqliteDocuments
from shared.consent.asking import Authority
from shared.consent.ledger import Event, Tail, first_break
from shared.consent.model import Decision, Role
from shared.consent.relations import Relation, RelationState
from shared.disclosure.package.model import Category, Ground, Order, Redaction, place_of
from shared.disclosure.package.ports import Record
from shared.disclosure.package.redaction import MARK, folded
from shared.errors import InvalidInput
from shared.measurement.model import SetAside, day_start_ns
from shared.papers.typesetting import typeset
from shared.policy.model import NoticeRef
from shared.vocabulary import Kind, Language, Purpose
from tests.consent.receipts import CLINIC
from tests.disclosure.package.person import (
    AT,
    UID,
    WATCH,
    Listed,
    Person,
    no_report,
    order,
    rows_of,
    table,
    unpacked,
    written,
)

ON = dt.date(2026, 11, 16)
AGENT = Authority(id="a1", subject=UID, holder="mio", role=Role.AGENT, evidence="koseki-7")


@pytest.fixture
async def hana(sqlite_documents, clock) -> Person:
    person = await Person.of(sqlite_documents, clock)
    person.typeset = no_report
    await person.decide()
    await person.live(dt.date(2026, 11, 5), dt.date(2026, 11, 20))
    return person


def leaving(*redactions: Redaction, **more: Any) -> Order:
    return order(redactions=redactions, **more)


def out(path: str, text: str = "", ground: Ground = Ground.THIRD_PARTY) -> Redaction:
    return Redaction(path=path, ground=ground, text=text)


def readable(files: dict[str, bytes]) -> str:
    """All that anybody could get out of the files: their texts, and what signatures are made over."""
    told = "\n".join(raw.decode("utf-8") for raw in files.values() if not raw.startswith(b"%PDF"))
    for token in re.findall(r"[A-Za-z0-9_-]{60,}|[A-Za-z0-9+/]{60,}", told):
        whole = token[: len(token) // 4 * 4].replace("-", "+").replace("_", "/")
        told += base64.b64decode(whole).decode("utf-8", "replace")
    return folded(told)


def printed(files: dict[str, bytes]) -> str:
    """What the report says to whoever reads or searches it, and what its objects hold."""
    reader = pypdf.PdfReader(io.BytesIO(files["report.pdf"]))
    told = [page.extract_text() for page in reader.pages] + [str(reader.metadata)]
    size: Any = reader.trailer["/Size"]
    for number in range(1, size):
        one = reader.get_object(number)
        told.append(str(one))
        if isinstance(one, StreamObject) and "/FontFile2" not in str(one):
            told.append(one.get_data().decode("utf-8", "ignore"))
    return unicodedata.normalize("NFKC", "".join("\n".join(told).split()))


async def test_a_field_a_record_and_a_category_are_left_out_and_said_to_be(hana: Person):
    files = await unpacked(
        leaving(out("profile/profile/phone"), out("access/a1", ground=Ground.HINDRANCE), out("inquiries")),
        hana.sources(),
    )
    everything = readable(files)
    for canary in ("03-1234-5678", "staff-7", "髙田太郎", "再連携"):
        assert folded(canary) not in everything
    assert folded("髙田 花") in everything
    assert json.loads(files["profile.json"])["records"][0]["phone"] == {"withheld": "third_party"}
    assert table(files["profile.csv"])[1][5] == "（不開示）"
    assert json.loads(files["access.json"])["records"] == []
    assert not {"inquiries.csv", "inquiries.json"} & files.keys()
    assert [(row[0], row[2]) for row in table(files["left-out.csv"])[1:]] == [
        ("profile/profile/phone", "third_party"),
        ("access/a1", "hindrance"),
        ("inquiries", "third_party"),
    ]


async def test_a_field_within_a_record_is_left_out(hana: Person):
    files = await unpacked(leaving(out("inquiries/*/answers/*/by")), hana.sources())
    assert "佐藤" not in readable(files)
    assert "再連携" in readable(files)


async def test_a_name_is_left_out_of_every_text_however_it_is_written(hana: Person):
    forms = ("高田太郎", "高田　太郎", "高田 太郎", "ﾀｶﾀﾞ高田太郎")
    hana.records[Category.INQUIRIES] = Listed(
        ("text", "answers"),
        *(Record(f"q{n}", {"text": f"夫は{one}です", "answers": [one]}) for n, one in enumerate(forms)),
    )
    files = await unpacked(leaving(out("*", "高田太郎")), hana.sources())
    assert "高田太郎" not in readable(files)
    told = json.loads(files["inquiries.json"])["records"]
    assert told[0] == {"id": "q0", "text": f"夫は{MARK}です", "answers": [MARK]}
    assert told[1]["text"] == {"withheld": "third_party"}
    [row] = table(files["left-out.csv"])[1:]
    assert row[0] == "* のうち一部の語句"


async def test_a_relative_s_name_is_nowhere_not_even_under_a_signature(hana: Person):
    relative = "relative:r1"
    await hana.house.documents.commit(
        [_relation("r1", "義母のヨシ子さん")],
    )
    await hana.house.decide(Decision.GIVE, Kind.SLEEP, purpose=Purpose.FAMILY_WATCH, recipient=relative)
    told = await unpacked(order(), hana.sources())
    assert "ヨシ子" in readable(told)
    files = await unpacked(leaving(out(f"recipients/{relative}/name")), hana.sources())
    assert "ヨシ子" not in readable(files)
    receipts = json.loads(files["consents/receipts.json"])
    assert all(one["jws"] for one in receipts)  # made of what is told, and signed as that
    assert "（不開示）" in files["consents/history.csv"].decode()


async def test_whoever_something_is_given_to_can_be_left_out_whole(hana: Person):
    await hana.house.decide(Decision.GIVE, Kind.SLEEP, purpose=Purpose.HEALTH_GUIDANCE, recipient=CLINIC)
    files = await unpacked(leaving(out(f"recipients/{CLINIC}")), hana.sources())
    for canary in ("青空クリニック", "Aozora", "東京都港区1-1", "03-0000-0000"):
        assert folded(canary) not in readable(files)


async def test_what_is_left_out_of_a_decision_cannot_be_tried_on_any_later_hash(hana: Person):
    await hana.house.decide(Decision.GIVE, Kind.WEIGHT, authority=AGENT)
    await hana.house.decide(Decision.WITHDRAW, Kind.WEIGHT)
    events = await hana.house.ledger.events(UID)
    told = next(event for event in events if event.giver.evidence)
    files = await unpacked(leaving(out(f"consents/{told.number}/evidence")), hana.sources())
    everything = readable(files)
    assert "koseki-7" not in everything
    for event in events[told.number - 1 :]:
        assert event.hash not in everything
    for event in events[: told.number - 1]:
        assert event.hash in everything
    signed = [bool(one["jws"]) for one in json.loads(files["consents/receipts.json"])]
    assert signed == [True, True, False, False]


async def test_the_ledger_of_who_has_nothing_left_out_can_be_checked(hana: Person):
    files = await unpacked(order(), hana.sources())
    document = json.loads(files["consents/records.json"])
    history = [msgspec.convert(line, Event) for line in document["history"]]
    assert first_break(history, msgspec.convert(document["tail"], Tail)) is None
    assert all(one["jws"] for one in json.loads(files["consents/receipts.json"]))


async def test_dates_of_a_kind_are_left_out_of_tables_observations_and_summaries(hana: Person):
    path = "measurements/weight/2026-11-15..2026-11-17"
    files = await unpacked(leaving(out(path)), hana.sources())
    told = await unpacked(order(), hana.sources())
    days = {row[0][:10] for row in table(told["measurements/weight-2026.csv"])[1:]}
    left = {row[0][:10] for row in table(files["measurements/weight-2026.csv"])[1:]}
    assert days - left == {"2026-11-15", "2026-11-16", "2026-11-17"}
    assert not re.search(r"2026-11-1[567]T", files["fhir/weight-2026-part001.json"].decode())
    [data, _] = json.loads(files["report.pdf"])
    [weight] = [one for one in data["kinds"] if one["title"] == "体重"]
    assert weight["days"] == str(len(left))


async def test_a_night_that_reaches_into_these_dates_is_left_out_with_them(hana: Person):
    files = await unpacked(leaving(out("measurements/sleep/2026-11-16..2026-11-16")), hana.sources())
    for start, end, *_ in table(files["measurements/sleep-2026.csv"])[1:]:
        assert end <= "2026-11-16T00:00:00+09:00" or start >= "2026-11-17T00:00:00+09:00"


async def test_a_field_of_measurements_is_masked_and_said_to_be(hana: Person):
    masked = out("measurements/blood_pressure/*/diastolic_mmhg"), out("measurements/weight/*/origin")
    files = await unpacked(leaving(*masked), hana.sources())
    rows = table(files["measurements/blood_pressure-2026.csv"])
    assert rows[0][3] == "最低血圧 (mmHg)"
    assert {row[3] for row in rows[1:]} == {"（不開示）"}
    assert all(float(row[2]) > 60 for row in rows[1:])
    for entry in json.loads(files["fhir/blood_pressure-2026-part001.json"])["entry"]:
        systolic, diastolic = entry["resource"]["component"]
        assert "valueQuantity" in systolic
        assert diastolic["dataAbsentReason"]["coding"][0]["code"] == "masked"
    assert {row[3] for row in table(files["measurements/weight-2026.csv"])[1:]} == {""}
    [data, _] = json.loads(files["report.pdf"])
    assert [one["mean"] for one in data["kinds"] if one["title"] == "血圧"] == [""]


async def test_what_was_set_aside_tells_nothing_of_what_is_left_out(hana: Person):
    at = day_start_ns(ON) + 5
    rows = rows_of(Kind.WEIGHT, ON, random.Random(1), 1)
    await hana.store(Kind.WEIGHT, ON, rows, [SetAside("impossible_value", b'{"fpVal": 1234.5}', at)])
    told = await unpacked(order(), hana.sources())
    assert "1234.5" in told["measurements/weight-set-aside.csv"].decode()
    for path in ("measurements/weight/*/kg", f"measurements/weight/{ON}..{ON}", "measurements/weight"):
        assert "1234.5" not in readable(await unpacked(leaving(out(path)), hana.sources()))
    assert "1234.5" not in readable(await unpacked(leaving(out("*", "1234.5")), hana.sources()))


@pytest.mark.parametrize(
    "path",
    [
        "access/nobody", "profile/profile/fax", "recipients/relative:x/name", "consents/999/evidence",
        "measurements/weight/2020-01-01..2020-01-02", "inquiries/*/answers/7",
    ],
)  # fmt: skip
async def test_a_redaction_that_meets_nothing_lets_no_package_out(hana: Person, path: str):
    with pytest.raises(InvalidInput, match=r"redaction_unmatched: redactions: 2,"):
        await written(leaving(out("profile"), out(path)), hana.sources())


async def test_of_a_category_that_is_not_asked_for_nothing_need_be_met(hana: Person):
    asked = leaving(out("access/nobody"), categories=(Category.PROFILE,))
    files = await unpacked(asked, hana.sources())
    assert "profile.csv" in files


@pytest.mark.parametrize(
    "path",
    [
        "", "*", "everything", "profile//name", "measurements/pulse", "measurements/weight/*/bpm", "consents/1",
        "measurements/weight/2026-11-02..2026-11-01", "measurements/weight/yesterday", "recipients", "recipients/x/id",
        "measurements/weight/*/kg/more", "profile/山田", "consents/1/hash",
    ],
)  # fmt: skip
def test_a_path_to_nowhere_is_refused(path: str):
    with pytest.raises(InvalidInput, match="redaction_invalid"):
        place_of(out(path))


def test_staff_cannot_say_that_something_is_being_erased():
    with pytest.raises(InvalidInput, match="redaction_invalid"):
        place_of(out("profile", ground=Ground.ERASING))


CANARIES = st.text("アイウエオカキクケコさしすせそ髙田太郎花子0123abc", min_size=7, max_size=12)
PLACES = ("profile", "access", "inquiries", "relative", "origin")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(canary=CANARIES, places=st.lists(st.sampled_from(PLACES), min_size=1, unique=True), by_text=st.booleans())
async def test_planted_canaries_never_come_out(tmp_path_factory, canary: str, places: list[str], by_text: bool):
    documents = SqliteDocuments(str(tmp_path_factory.mktemp("store") / "documents"))
    person = await Person.of(documents, ManualClock(AT))
    person.typeset = no_report
    redactions = [out(await _plant(person, place, canary), canary if by_text else "") for place in places]
    asked = order(first=ON, last=ON, kinds=(Kind.WEIGHT,))
    assert folded(canary) in readable(await unpacked(asked, person.sources()))
    files = await unpacked(msgspec.structs.replace(asked, redactions=tuple(redactions)), person.sources())
    assert folded(canary) not in readable(files)
    await documents.close()


@pytest.mark.parametrize("place", PLACES[:4])
async def test_the_report_prints_what_is_told_and_nothing_that_is_left_out(hana: Person, place: str):
    path = await _plant(hana, place, "カナリアのヨシ子")
    asked = order(first=ON, last=ON, kinds=(Kind.WEIGHT,))
    told = printed(await unpacked(asked, hana.sources(typeset=typeset)))
    assert "カナリアのヨシ子" in told
    asked = msgspec.structs.replace(asked, redactions=(out(path),))
    assert "カナリアのヨシ子" not in printed(await unpacked(asked, hana.sources(typeset=typeset)))


async def _plant(person: Person, place: str, canary: str) -> str:
    told = f"前{canary}後"
    match place:
        case "profile":
            person.records[Category.PROFILE] = Listed(("name",), Record("profile", {"name": told}))
            return "profile/profile/name"
        case "access":
            person.records[Category.ACCESS] = Listed(("at", "who"), Record("a9", {"at": AT, "who": [told, "x"]}))
            return "access/a9"
        case "inquiries":
            nested = {"text": "x", "answers": [{"by": "y", "text": told}]}
            person.records[Category.INQUIRIES] = Listed(("text", "answers"), Record("q9", nested))
            return "inquiries/q9/answers/*/text"
        case "relative":
            await person.documents.commit([_relation("r2", told)])
            await person.house.decide(Decision.GIVE, Kind.SLEEP, purpose=Purpose.FAMILY_WATCH, recipient="relative:r2")
            return "recipients/relative:r2"
    at = day_start_ns(ON)
    await person.store(Kind.WEIGHT, ON, [(at, at, WATCH + told, "", 1, 60.0)])
    return "measurements/weight/*/origin"


def _relation(name: str, note: str) -> Any:
    relation = Relation(
        subject=UID,
        state=RelationState.ACTIVE,
        kinds=[Kind.SLEEP],
        notice=NoticeRef("2026-10-01", "0" * 64),
        language=Language.JA,
        screen="",
        invited_at=AT,
        expires_at=AT + dt.timedelta(days=3),
        code="",
        note=note,
        relative="mio",
        accepted_at=AT,
    )
    return Put(f"relations/{name}", msgspec.to_builtins(relation, builtin_types=KEPT))
