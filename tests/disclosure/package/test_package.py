"""The package holds everything that is stored, says so in tables, FHIR and a report, and comes in bounded pieces."""

import asyncio
import datetime as dt
import io
import json
import zipfile
from typing import Any

import msgspec
import pypdf
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.observation import Observation
from hypothesis import given
from hypothesis import strategies as st

from shared.cloud.signing import keys_of
from shared.consent.gate import admit_request
from shared.consent.model import State
from shared.consent.verify import check
from shared.disclosure.package.model import Category
from shared.disclosure.package.observations import _CODES, _UNITS, MOST_ENTRIES
from shared.disclosure.package.ports import Record
from shared.disclosure.package.readings import SLICE
from shared.disclosure.package.service import write_package
from shared.disclosure.package.tables import Written, defused, lines
from shared.disclosure.package.terms import FIELD_NAMES, LABELS, MEANINGS, METHODS, ROLES, STATES
from shared.disclosure.package.words import WORDS
from shared.errors import Conflict, InvalidInput, Refused
from shared.measurement.civil import ZoneTimeline
from shared.measurement.model import DAY_NS, FIELDS, SetAside, day_start_ns
from shared.measurement.rows import WORDS as CODED
from shared.papers.typesetting import typeset
from shared.vocabulary import Kind, Language
from tests.consent.receipts import withdrawn
from tests.disclosure.package.person import (
    AT,
    UID,
    WATCH,
    Listed,
    Person,
    Steps,
    no_report,
    order,
    table,
    unpacked,
    written,
)

FIRST, LAST = dt.date(2026, 11, 1), dt.date(2026, 11, 22)


@pytest.fixture
async def hana(sqlite_documents, clock) -> Person:
    person = await Person.of(sqlite_documents, clock)
    person.typeset = no_report
    await person.decide()
    return person


async def test_every_stored_point_is_in_the_table_and_in_the_bundle_of_its_kind(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 21))
    files = await unpacked(order(zone="UTC"), hana.sources())
    consents = await hana.house.ledger.consents(UID)
    for kind in Kind:
        stored = [d async for d in hana.days.read_days(admit_request(UID, consents, kind, "c"), FIRST, LAST)]
        points = [row for day in stored for row in day.points.rows()]
        rows = table(files[f"measurements/{kind}-2026.csv"])[1:]
        entries = json.loads(files[f"fhir/{kind}-2026-part001.json"])["entry"]
        assert len(points) == len(rows) == len(entries) > 0
        first, row = points[0], rows[0]
        assert int(dt.datetime.fromisoformat(row[0]).timestamp()) * 10**9 == first[0]
        if kind is not Kind.SLEEP:
            assert float(row[2]) == first[5]


async def test_times_are_written_in_the_zone_of_the_person(hana: Person):
    at = day_start_ns(dt.date(2026, 11, 10)) + 16 * 3_600_000_000_000 + 123_000_000
    await hana.store(Kind.WEIGHT, dt.date(2026, 11, 10), [(at, at, WATCH, "", 0, 61.25)])
    head, row = table((await unpacked(order(), hana.sources()))["measurements/weight-2026.csv"])
    assert head == ["開始日時", "終了日時", "体重 (kg)", "記録元", "手入力 (1=はい)", "記録元での更新日時"]
    assert row == ["2026-11-11T01:00:00.123+09:00"] * 2 + ["61.25", WATCH, "0", ""]


async def test_the_period_is_cut_by_civil_dates_and_files_by_civil_years(hana: Person):
    for day in (dt.date(2025, 12, 30), dt.date(2025, 12, 31), dt.date(2026, 1, 1)):
        start = day_start_ns(day)
        await hana.store(
            Kind.WEIGHT, day, [(start + h * 3_600_000_000_000,) * 2 + (WATCH, "", 1, 60.0) for h in (14, 15)]
        )
    files = await unpacked(order(first=dt.date(2025, 12, 31), last=dt.date(2026, 1, 1)), hana.sources())
    times = {
        name: [row[0] for row in table(raw)[1:]] for name, raw in files.items() if name.startswith("measurements/")
    }
    assert times == {
        "measurements/weight-2025.csv": ["2025-12-31T00:00:00+09:00", "2025-12-31T23:00:00+09:00"],
        "measurements/weight-2026.csv": ["2026-01-01T00:00:00+09:00", "2026-01-01T23:00:00+09:00"],
    }
    assert {name for name in files if name.startswith("fhir/")} == {
        "fhir/weight-2025-part001.json", "fhir/weight-2026-part001.json",
    }  # fmt: skip


async def test_only_what_is_asked_for_is_packed(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 12))
    asked = order(categories=(Category.MEASUREMENTS, Category.ACCESS), kinds=(Kind.STEPS,), language=Language.EN)
    files = await unpacked(asked, hana.sources(records={Category.ACCESS: hana.records[Category.ACCESS]}))
    assert files.keys() == {
        "README.en.txt", "README.ja.txt", "measurements/steps-2026.csv", "fhir/steps-2026-part001.json", "access.csv",
        "access.json", "left-out.csv", "report.pdf", "manifest.json",
    }  # fmt: skip


async def test_what_was_set_aside_is_told_as_it_came_also_without_a_time(hana: Person):
    raw = b'{"=cmd": 1}'
    await hana.store(Kind.WEIGHT, dt.date(1970, 1, 1), [], [SetAside("malformed_point", raw, None)])
    at = day_start_ns(dt.date(2026, 11, 10))
    await hana.store(Kind.WEIGHT, dt.date(2026, 11, 10), [], [SetAside("impossible_value", b"=1+1", at)])
    rows = table((await unpacked(order(), hana.sources()))["measurements/weight-set-aside.csv"])
    assert rows[1:] == [
        ["", "malformed_point", raw.decode()],
        ["2026-11-10T09:00:00+09:00", "impossible_value", "'=1+1"],
    ]


# FHIR


async def test_bundles_are_what_the_standard_says(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 8))
    files = await unpacked(order(), hana.sources())
    idents: list[str] = []
    for kind in Kind:
        bundle = Bundle.model_validate_json(files[f"fhir/{kind}-2026-part001.json"])
        assert bundle.type == "collection"
        for entry in bundle.entry or []:
            observation = entry.resource
            assert isinstance(observation, Observation)
            assert entry.fullUrl == f"urn:uuid:{observation.id}"
            idents.append(str(observation.id))
            assert observation.status == "final"
    assert len(set(idents)) == len(idents)
    assert UID not in files["fhir/weight-2026-part001.json"].decode()


async def test_each_kind_has_its_codes_and_units(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 8))
    files = await unpacked(order(), hana.sources())
    units = {
        Kind.STEPS: "{steps}", Kind.BLOOD_GLUCOSE: "mmol/L", Kind.WEIGHT: "kg", Kind.HEART_RATE: "/min",
        Kind.BODY_TEMPERATURE: "Cel", Kind.OXYGEN_SATURATION: "%", Kind.SLEEP: "min",
    }  # fmt: skip
    for kind, unit in units.items():
        resource = json.loads(files[f"fhir/{kind}-2026-part001.json"])["entry"][0]["resource"]
        assert resource["valueQuantity"]["code"] == unit
        assert resource["valueQuantity"]["system"] == "http://unitsofmeasure.org"
    pressure = json.loads(files["fhir/blood_pressure-2026-part001.json"])["entry"][0]["resource"]
    codes = [(one["code"]["coding"][0]["code"], one["valueQuantity"]["code"]) for one in pressure["component"]]
    assert codes == [("8480-6", "mm[Hg]"), ("8462-4", "mm[Hg]")]
    glucose = json.loads(files["fhir/blood_glucose-2026-part001.json"])["entry"][0]["resource"]
    assert glucose["code"]["coding"][0]["code"] == "14743-9"  # capillary blood
    stages = {
        one["resource"]["code"]["text"]: [coding["code"] for coding in one["resource"]["code"].get("coding", [])]
        for one in json.loads(files["fhir/sleep-2026-part001.json"])["entry"]
    }
    assert stages == {
        "session": ["93832-4"], "light": ["93830-8"], "deep": ["93831-6"], "rem": ["93829-0"], "awake": [],
    }  # fmt: skip


async def test_every_stage_and_code_that_is_not_known_is_still_valid(hana: Person):
    on = dt.date(2026, 11, 10)
    at = day_start_ns(on)
    stages = (None, 1, 2, 3, 4, 5, 6, 99)
    rows = [(at + n * 10**12, at + (n + 1) * 10**12, WATCH, "", 1, stage) for n, stage in enumerate(stages)]
    await hana.store(Kind.SLEEP, on, rows)
    glucose = [(at + n, at + n, WATCH, "", 1, 5.0, 9, None, 7, n) for n in range(9)]
    await hana.store(Kind.BLOOD_GLUCOSE, on, glucose)
    files = await unpacked(order(), hana.sources())
    for kind in (Kind.SLEEP, Kind.BLOOD_GLUCOSE):
        Bundle.model_validate_json(files[f"fhir/{kind}-2026-part001.json"])
    assert [row[2] for row in table(files["measurements/sleep-2026.csv"])[1:]][-1] == "99"


async def test_bundles_are_of_a_bounded_size_and_hold_everything(hana: Person):
    on = dt.date(2026, 11, 10)
    count = MOST_ENTRIES + SLICE + 1
    step = DAY_NS // (count + 1)
    rows = [(day_start_ns(on) + n * step,) * 2 + (WATCH, "", 1, 60.0) for n in range(count)]
    await hana.store(Kind.HEART_RATE, on, rows)
    files = await unpacked(order(kinds=(Kind.HEART_RATE,)), hana.sources())
    sizes = [len(json.loads(raw)["entry"]) for name, raw in sorted(files.items()) if name.startswith("fhir/")]
    assert sizes == [MOST_ENTRIES, SLICE + 1]


# tables


@given(st.text(max_size=20))
def test_no_cell_is_ever_a_formula_and_none_is_lost(text: str):
    [row] = table(b"\xef\xbb\xbf" + lines([[text, 1]])) if "\0" not in text else [[defused(text), "1"]]
    assert row[0][:1] not in {*"=+-@\t\r\n＝＋－＠"}
    assert row[0] in (text, "'" + text)
    assert row[1] == "1"


async def test_formulas_in_records_and_origins_are_harmless(hana: Person):
    evil = ('=HYPERLINK("http://x","y")', "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", 'a","=1')
    hana.records[Category.INQUIRIES] = Listed(
        ("text",), *(Record(f"q{n}", {"text": one}) for n, one in enumerate(evil))
    )
    at = day_start_ns(dt.date(2026, 11, 10))
    await hana.store(Kind.WEIGHT, dt.date(2026, 11, 10), [(at, at, "=cmd|' /C calc'!A0", "", 1, 60.0)])
    files = await unpacked(order(), hana.sources())
    rows = [*table(files["inquiries.csv"]), *table(files["measurements/weight-2026.csv"])]
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.lstrip()[:1] in {*"=+-@＝"}]
    assert 'a","=1' in cells  # quotes stay within their cell


@given(
    st.integers(-(10**18), 3 * 10**18),
    st.sampled_from(["Asia/Tokyo", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Monrovia", "America/New_York"]),
    st.integers(0, 2 * 10**9),
    st.integers(-(10**13), 10**13),
)
def test_instants_are_written_as_the_zone_writes_them(instant_ns: int, zone: str, moves_s: int, near_ns: int):
    moved = dt.datetime.fromtimestamp(moves_s, dt.UTC)
    zones = ZoneTimeline.of(zone).add(moved, "Pacific/Chatham")
    times = Written(zones)
    for at in (instant_ns, instant_ns + 1, moves_s * 10**9 + near_ns, moves_s * 10**9 - 1, moves_s * 10**9):
        assert times(at) == zones.written(at)


# consents


async def test_receipts_are_signed_and_believed(hana: Person):
    files = await unpacked(order(), hana.sources())
    receipts = json.loads(files["consents/receipts.json"])
    assert len(receipts) == 2
    keys = await hana.house.keys()
    for one in receipts:
        checked = check(one["jws"], keys_of(keys), hana.house.notices)
        assert checked.reason == ""
        assert json.loads(msgspec.json.encode(checked.receipt)) == one["receipt"]
    history = table(files["consents/history.csv"])
    assert len(history) == 1 + len(Kind) + 1
    assert history[-1][2:7] == ["QOLMSへの送信と保存", "体重", "QOLMSサービス", "撤回", "ご本人"]


async def test_consents_as_fhir_and_receipts_do_not_depend_on_the_clock(hana: Person, clock):
    first = await unpacked(order(), hana.sources())
    clock.advance(dt.timedelta(days=3))
    assert await unpacked(order(), hana.sources()) == first


# the archive


async def test_the_same_order_of_the_same_data_makes_the_same_bytes(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 8))
    one, other = [await written(order(), hana.sources(typeset=typeset)) for _ in range(2)]
    assert one == other
    assert await written(order(at=AT + dt.timedelta(hours=1)), hana.sources(typeset=typeset)) != one
    times = {info.date_time for info in zipfile.ZipFile(io.BytesIO(one)).infolist()}
    assert times == {(2026, 11, 23, 9, 0, 0)}


async def test_progress_is_told_only_forwards_and_to_the_end(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 21))
    steps = Steps()
    await written(order(), hana.sources(), steps)
    done = [one for one, _ in steps.told]
    assert done == sorted(done)
    assert len(done) == len(set(done))
    assert 50 < len(done) <= 120
    assert steps.told[-1] == (steps.told[0][1],) * 2


async def test_pieces_come_while_it_is_made_and_others_get_their_turn(hana: Person):
    on = dt.date(2026, 11, 10)
    step = DAY_NS // 60_001
    rows = [(day_start_ns(on) + n * step,) * 2 + (WATCH, "", 1, 60.0 + n % 7) for n in range(60_000)]
    await hana.store(Kind.HEART_RATE, on, rows)
    turns, running = 0, True

    async def watch() -> None:
        nonlocal turns
        while running:
            await asyncio.sleep(0.001)
            turns += 1

    watching = asyncio.create_task(watch())
    sizes = [len(some) async for some in write_package(order(kinds=(Kind.HEART_RATE,)), hana.sources(), Steps())]
    running = False
    await watching
    assert len(sizes) > 50
    assert max(sizes) < 1 << 20
    assert turns > 2 * 60_000 / SLICE  # at least one for each slice of the table and of the bundles


async def test_who_stops_half_way_leaves_nothing_open(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 21))
    pieces = write_package(order(), hana.sources(), Steps())
    async for some in pieces:
        assert some
        break
    await pieces.aclose()


# the gate, and what changes meanwhile


class Meddling:
    """Days, with something that happens once they were read `times`."""

    def __init__(self, days: Any, times: int, happens: Any) -> None:
        self._days, self._left, self._happens = days, times, happens

    async def read_days(self, permit, first, last, *, growing=False):
        async for day in self._days.read_days(permit, first, last):
            yield day
        self._left -= 1
        if self._left == 0:
            await self._happens()


async def _erasing(hana: Person, *kinds: Kind) -> None:
    await hana.house.record([withdrawn(kind)._replace(state=State.ERASING) for kind in kinds])


async def test_what_was_withdrawn_and_is_still_stored_is_told(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 8))  # weight is withdrawn
    assert "measurements/weight-2026.csv" in await unpacked(order(), hana.sources())


async def test_a_kind_that_is_being_erased_is_left_out_and_that_is_said(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 8))
    await _erasing(hana, Kind.WEIGHT)
    files = await unpacked(order(), hana.sources())
    assert not [name for name in files if "weight" in name]
    [row] = table(files["left-out.csv"])[1:]
    assert (row[0], row[2]) == ("measurements/weight", "erasing")
    assert "体重" in files["README.ja.txt"].decode()


async def test_an_erasure_that_begins_meanwhile_lets_no_package_out(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 8))
    days = Meddling(hana.days, 1, lambda: _erasing(hana, Kind.SLEEP))
    with pytest.raises(Refused, match="consent_missing: erasing"):
        await written(order(), hana.sources(days=days))


async def test_measurements_that_change_between_two_readings_are_never_told_in_two_ways(hana: Person):
    await hana.live(FIRST, dt.date(2026, 11, 8))
    on = dt.date(2026, 11, 20)
    at = day_start_ns(on)

    async def arrives() -> None:
        await hana.store(Kind.STEPS, on, [(at, at + 10**9, WATCH, "", 1, 7)])

    days = Meddling(hana.days, 1, arrives)
    with pytest.raises(Conflict, match="precondition_failed"):
        await written(order(), hana.sources(days=days))


# words


def test_there_is_a_word_for_everything_that_can_be_told():
    assert {field.name for fields in FIELDS.values() for field in fields} <= FIELD_NAMES.keys()
    assert {word for kinds in CODED.values() for words in kinds.values() for word in words.values()} == MEANINGS.keys()
    assert set(State) == STATES.keys()
    assert ROLES.keys() == set(type(next(iter(ROLES))))
    assert METHODS.keys() == set(type(next(iter(METHODS))))
    assert set(Kind) == _CODES.keys()
    measured = {f.name for kind, fields in FIELDS.items() for f in fields if f.name not in CODED[kind]}
    assert measured == _UNITS.keys()
    assert len(WORDS) > 50
    assert "recipient_name" in LABELS


async def test_the_dates_must_be_in_order_and_the_zone_known(hana: Person):
    for fault, asked in (
        ("query_invalid", order(last=dt.date(2020, 1, 1))),
        ("zone_missing", order(zone="")),
        ("zone_unknown", order(zone="Mars/Base")),
    ):
        with pytest.raises(InvalidInput, match=fault):
            await written(asked, hana.sources())


# the report


@pytest.mark.parametrize("language", Language)
async def test_the_report_says_the_main_facts_and_can_be_read_aloud(hana: Person, language: Language):
    await hana.live(dt.date(2025, 12, 20), dt.date(2026, 1, 12))
    asked = order(first=dt.date(2025, 12, 20), last=dt.date(2026, 1, 12), language=language)
    files = await unpacked(asked, hana.sources(typeset=typeset))
    reader = pypdf.PdfReader(io.BytesIO(files["report.pdf"]))
    text = "".join(page.extract_text() for page in reader.pages)
    words = {Language.JA: ("保有個人データ開示書", "歩数", "髙田"), Language.EN: ("what we hold", "Heart rate", "髙田")}
    for one in (*words[language], "KG-4F7K-92XA", "2025", "2026"):
        assert one in text
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert f"README.{language}.txt" == next(iter(files))


async def test_letters_that_no_font_has_do_not_stop_a_package(hana: Person):
    hana.records[Category.INQUIRIES] = Listed(("text",), Record("q1", {"text": "元気です😀🦊"}))
    files = await unpacked(order(kinds=()), hana.sources(typeset=typeset))
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(files["report.pdf"])).pages)
    assert "元気です〓〓" in text
    assert "😀🦊" in files["inquiries.json"].decode()


async def test_an_order_survives_being_stored_and_read_back():
    asked = order()
    assert msgspec.json.decode(msgspec.json.encode(asked), type=type(asked)) == asked
