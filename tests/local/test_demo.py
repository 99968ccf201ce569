import asyncio
import json
import re
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from html import escape
from html.parser import HTMLParser
from io import StringIO
from string import Formatter
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from infra.demo import filed, looking_back, recorded, simulated, steps
from infra.demo import words as words_of
from infra.demo.handing_on import HandingOn
from infra.demo.people import KEN, Words, cast
from infra.demo.phone import Row
from infra.demo.report import report
from infra.demo.request import Request
from infra.demo.request_report import requested
from infra.demo.stage import staged
from infra.demo.story import BEGINS, Story
from infra.demo.table import show
from infra.demo.telling import Telling
from infra.demo.truth import compare
from infra.local.google import World
from infra.manifest import ROOT
from shared.clock import ManualClock
from shared.vocabulary import Kind

VOID = {"meta", "br"}


class Tags(HTMLParser):
    """Whether every tag that is opened is closed, and what there is."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def console():
    return Console(file=StringIO(), width=80)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    folder, terminal = tmp_path_factory.mktemp("demo"), console()
    return asyncio.run(simulated.play(folder, terminal, hours=6, backfill_days=3)), folder, terminal


def kinds(summary, uid):
    return {kind.kind: kind for person in summary.people if person.uid == uid for kind in person.kinds}


def test_everything_that_has_to_come_true_does(story):
    summary, *_ = story
    assert [check.what.en for check in summary.checks if not check.good] == []
    assert summary.points > 10_000


def test_only_what_was_ticked_on_googles_screen_is_stored(story):
    ken = kinds(story[0], "ken")
    assert {kind for kind in ken if ken[kind].points} == {Kind.STEPS, Kind.BLOOD_PRESSURE, Kind.SLEEP}
    assert {kind for kind in ken if ken[kind].documents} == {Kind.STEPS, Kind.BLOOD_PRESSURE, Kind.SLEEP}


def test_what_the_offline_watch_keeps_is_not_held_by_google_yet(story):
    hana, midori = (kinds(story[0], uid)[Kind.HEART_RATE] for uid in ("hana", "midori"))
    assert midori.newest < "2026-11-16T12:00" < hana.newest


def test_the_summary_says_what_each_of_its_keys_means(story):
    summary, folder, _ = story
    summary.write(folder / "summary.json")
    written = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert written["ok"] is True
    assert written.keys() - written["keys"].keys() == {"keys"}
    assert written["store_writes"] == sum(cost.get("store_writes", 0) for cost in written["by_function"].values())


def test_the_report_is_whole_and_needs_nothing_but_itself(story):
    page, tags = report(story[0]), Tags()
    tags.feed(page)
    assert tags.open == []
    assert "script" not in tags.seen
    assert re.findall(r"(?:src|href|url\()", page) == []
    drawn = sum(bool(kind.days) for person in story[0].people for kind in person.kinds)
    assert tags.seen.count("figure") == drawn == tags.seen.count("desc")
    assert page.count('<span lang="ja">') == page.count('<span lang="en">') > 100


def test_every_request_is_in_the_log_with_its_cost(story):
    lines = [
        json.loads(line)
        for line in (story[1] / "functions.log").read_text(encoding="utf-8").splitlines()
        if line[0] == "{"
    ]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == sum(story[0].requests.values())
    assert sum(line["cost"].get("store_reads", 0) for line in requests) == story[0].total("store_reads")


def test_the_report_tells_the_story_in_both_languages_as_the_terminal_did(story):
    summary, lines = story[0], " ".join(story[2].file.getvalue().split())
    page = report(summary)
    assert [told.at[:16] for told in summary.story[:5]] == ["2026-11-16T08:00"] * 4 + ["2026-11-16T12:00"]
    assert summary.story[-1].what == steps.READ_BACK
    for told in summary.story:
        assert escape(told.what.ja) in page
        assert escape(told.what.en) in page
        assert told.what.en in lines
    assert page.count("<time ") == len(summary.story)


def test_the_terminal_says_everything_in_both_languages(story):
    summary, terminal = story[0], console()
    show(summary, terminal)
    lines = terminal.file.getvalue()
    assert max(cell_len(line) for line in lines.splitlines()) <= 80
    assert "…" not in lines
    joined = "".join(lines.split())
    for check in summary.checks:
        for words in (check.what, check.seen):
            assert "".join(words.ja.split()) in joined
            assert "".join(words.en.split()) in joined
    for kind in Kind:
        assert words_of.KINDS[kind].ja in lines
        assert words_of.KINDS[kind].en in lines


@pytest.mark.parametrize("step", [value for value in vars(steps).values() if isinstance(value, Words)])
def test_a_step_says_the_same_in_both_languages(step):
    def named(text):
        return {field.split(".")[0] for _, field, _, _ in Formatter().parse(text) if field}

    assert named(step.ja) == named(step.en)
    assert not step.ja.isascii()
    assert step.en.isascii()


class Notes:
    """In the place of a stage: keeps what was checked."""

    def __init__(self):
        self.good, self.seen = [], []

    def check(self, what, seen, *, good):
        self.seen.append(seen)
        self.good.append(good)


def test_what_was_set_aside_is_said_beside_what_arrived(story):
    kind = replace(kinds(story[0], "hana")[Kind.HEART_RATE], set_aside={"impossible_value": 1})
    notes: Any = Notes()
    looking_back._check_complete(notes, [replace(story[0].people[0], kinds=[kind])])
    assert notes.good == [True]
    assert "none missing" in notes.seen[0].en
    assert notes.seen[0].en.endswith("; 1 set aside")
    assert notes.seen[0].ja.endswith("除外 1 件")


@pytest.mark.parametrize(("minutes", "good"), [([], []), ([480, 500], [True]), ([480, 840], [False])])
def test_a_day_that_holds_a_second_night_is_found(story, minutes, good, tmp_path):
    days = [{"on": f"2026-11-{19 + n}", "main": {"total_minutes": m}, "naps": []} for n, m in enumerate(minutes)]
    notes: Any = Notes()
    sleep = replace(kinds(story[0], "ken")[Kind.SLEEP], days=days)
    Story(notes, tmp_path)._check_nights(sleep, date(2026, 11, 18))
    assert notes.good == good


async def read_back(*rows):
    for start, kg in rows:
        yield Row(
            f"1970-01-01T09:00:0{start}+09:00", f"1970-01-01T09:00:0{start}+09:00", {"kg": kg}, "scale", False, ""
        )


@pytest.mark.parametrize(
    ("read", "missing", "extra"),
    [
        ([("1.5", 70.5), ("3", 71.0)], [], []),
        ([("1.5", 70.5)], [3_000_000_000], []),
        ([("1.5", 70.5), ("3", 71.0), ("3", 71.0)], [], [3_000_000_000]),
        ([("1.5", 70.5), ("3", 71.1)], [3_000_000_000], [3_000_000_000]),
        ([("1.500000001", 70.5), ("3", 71.0)], [1_500_000_000], [1_500_000_001]),
    ],
)
async def test_a_point_that_is_missing_doubled_or_not_the_same_is_found(read, missing, extra):
    held = [(at, at, "scale", (kg,)) for at, kg in ((1_500_000_000, 70.5), (3_000_000_000, 71.0))]
    found = await compare(held, read_back(*read), Kind.WEIGHT)
    assert (found.missing, found.extra) == (missing, extra)
    assert found.complete([]) == (not missing and not extra)
    assert found.complete([3_000_000_000]) == (missing == [3_000_000_000] and not extra)


async def test_the_recorded_answers_in_this_repository_are_replayed_wholly(tmp_path):
    folder = ROOT / "tests/fixtures/google_fit"
    summary = await recorded.play(folder, tmp_path, console())
    assert [(check.what.en, check.seen.en) for check in summary.checks if not check.good] == []
    assert summary.recordings is not None
    assert summary.recordings.used == sorted(path.name for path in folder.glob("*.json"))
    assert summary.recordings.unusable == {}
    found = kinds(summary, "recorded1")
    assert all(kind.points == kind.held_by_google > 0 for kind in found.values())
    sessions = json.loads((folder / "sessions.json").read_text(encoding="utf-8"))["session"]
    assert {session["activityType"] for session in sessions} > {72, 109}
    assert sum(1 + len(day["naps"]) for day in found[Kind.SLEEP].days) == 2


async def test_recorded_answers_are_replayed_and_unusable_files_named(tmp_path):
    stream = "derived:com.google.weight:com.google.android.gms:merge_weight"
    at = 1_436_325_430_000_000_000
    points = [
        {
            "startTimeNanos": str(at + n),
            "endTimeNanos": str(at + n),
            "dataTypeName": "com.google.weight",
            "originDataSourceId": "raw:com.google.weight:x:y",
            "value": [{"fpVal": kg}],
            "modifiedTimeMillis": "1436325430000",
        }
        for n, kg in ((0, 71.5), (1, 5000.0))
    ]
    (tmp_path / "weights.json").write_text(json.dumps({"dataSourceId": stream, "point": points}), encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    summary = await recorded.play(tmp_path, tmp_path, console())
    weight = kinds(summary, "recorded1")[Kind.WEIGHT]
    assert (weight.points, weight.held_by_google, weight.set_aside) == (1, 2, {"impossible_value": 1})
    assert weight.complete
    assert summary.ok
    assert summary.recordings is not None
    assert summary.recordings.used == ["weights.json"]
    assert summary.recordings.unusable.keys() == {"broken.json"}


async def test_what_is_taken_back_in_the_midst_of_a_fetch_stops_at_the_hospital_alone(tmp_path):
    clock = ManualClock(BEGINS)
    world = World(clock, auto_live=True)
    people = [person for person in cast(world, timedelta(days=5)) if person.uid == "hana"]
    telling = Telling(console(), clock)
    async with staged(tmp_path, world, clock, people, telling, {"BACKFILL_DAYS": "3"}) as stage:
        await stage.link(people[0])
        await stage.drain(Words("", ""))
        told = HandingOn(stage)
        await told.hana_gives_to_a_hospital()
        await stage.pass_until(BEGINS + timedelta(hours=2))
        await told.hana_takes_blood_pressure_back()
        await stage.pass_until(BEGINS + timedelta(hours=4))
        await told.look_back()
    assert [check.what.en for check in stage.checks if not check.good] == []
    assert len(stage.checks) == 4
    taken, kept = told.told[Kind.BLOOD_PRESSURE], told.told[Kind.WEIGHT]
    assert (taken.reads, taken.refused, taken.refused_with) == (2, 2, "consent_missing")
    assert (kept.reads, kept.refused) == (4, 0)
    assert taken.points > 0 < kept.points
    assert taken.last_read_at == taken.withdrawn_at < kept.last_read_at


@pytest.fixture(scope="module")
def request_on_paper(tmp_path_factory):
    """Ken's request alone, three days from the call to the form; what is told, what was checked, and the folder."""
    return asyncio.run(asked_on_paper(tmp_path_factory.mktemp("request")))


async def asked_on_paper(folder):
    clock = ManualClock(BEGINS)
    world = World(clock, auto_live=True)
    people = [person for person in cast(world, timedelta(days=5)) if person.uid == KEN]
    telling = Telling(console(), clock)
    async with staged(folder, world, clock, people, telling, {"BACKFILL_DAYS": "2"}) as stage:
        await stage.link(people[0])
        await stage.drain(Words("", ""))
        asked = Request(stage, folder)
        await asked.ken_calls()
        await stage.platform.advance(timedelta(days=3), schedules=False)
        await asked.the_form_comes_back()
        [ken] = await looking_back.look_back(stage, BEGINS)
        await asked.is_carried_out({kind.kind: kind.points for kind in ken.kinds})
    return asked.told, stage.checks, folder / "request"


def test_a_request_on_paper_is_carried_out_and_proven(request_on_paper):
    told, checks, _ = request_on_paper
    assert [check.what.en for check in checks if not check.good] == []
    assert len(checks) == 6
    assert [one.days_left for one in told.happened[:4]] == [None, None, 14, 14]
    assert told.package.rows.keys() == told.erased.keys() == {Kind.STEPS, Kind.BLOOD_PRESSURE, Kind.SLEEP}
    assert [one["task"] for one in told.evidence] == ["package", "delivered", "withdraw", "erase"]


def test_what_a_request_leaves_behind_are_files_to_look_at(request_on_paper):
    told, _, folder = request_on_paper
    assert (folder / "package.zip").read_bytes().startswith(b"PK")
    assert (folder / "package/report.pdf").read_bytes().startswith(b"%PDF-")
    letters = {path.name: path.read_bytes()[:5] for path in (folder / "letters").iterdir()}
    assert letters == {one.file: b"%PDF-" for one in told.letters}
    assert {one.file.split("-")[1] for one in told.letters} == {"form.pdf", "answer.pdf"}
    account = json.loads((folder / "account.json").read_text(encoding="utf-8"))
    assert account["day_documents"] == 0
    assert account["app"]["connection"]["answer"]["connections"][0]["state"] == "revoked"
    assert json.loads(msgspec.json.encode(told))["letters"][0]["title"] == told.letters[0].title != ""


def test_the_report_tells_of_the_request_in_both_languages(request_on_paper):
    told, *_ = request_on_paper
    page, tags = requested(told), Tags()
    tags.feed(page)
    assert tags.open == []
    assert page.count('<span lang="ja">') == page.count('<span lang="en">') > 30
    for one in told.happened:
        assert escape(one.what.ja) in page
        assert escape(one.what.en) in page
    assert told.number in page
    assert all(one.file in page for one in told.letters)


def test_a_file_that_is_not_what_the_manifest_says_is_named(request_on_paper, tmp_path):
    _, _, folder = request_on_paper
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(folder / "package.zip") as whole, zipfile.ZipFile(changed, "w") as archive:
        for name in whole.namelist():
            if name != "profile.json":
                archive.writestr(name, whole.read(name) + (b" " if name == "access.csv" else b""))
        archive.writestr("added.txt", "")
    packed = filed.unpack(changed.read_bytes(), tmp_path / "package", tmp_path / "package.zip")
    assert packed.wrong == ["access.csv", "added.txt", "profile.json"]


def test_a_letter_that_is_another_one_or_names_no_case_is_found(request_on_paper, tmp_path):
    told, _, folder = request_on_paper
    one = told.letters[0]
    raw = (folder / "letters" / one.file).read_bytes()
    assert filed.keep_paper(raw, tmp_path / "a.pdf", one.sha256, told.number).whole
    assert not filed.keep_paper(raw, tmp_path / "a.pdf", one.sha256, "KG-0000-0000").whole
    assert not filed.keep_paper(raw, tmp_path / "a.pdf", "0" * 64, told.number).whole
