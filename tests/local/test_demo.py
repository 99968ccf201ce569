import asyncio
import json
import re
from html.parser import HTMLParser
from io import StringIO

import pytest
from rich.console import Console

from infra.demo import recorded, simulated
from infra.demo.phone import Row
from infra.demo.report import report
from infra.demo.truth import compare
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
    folder = tmp_path_factory.mktemp("demo")
    return asyncio.run(simulated.play(folder, console(), hours=6, backfill_days=3)), folder


def kinds(summary, uid):
    return {kind.kind: kind for person in summary.people if person.uid == uid for kind in person.kinds}


def test_everything_that_has_to_come_true_does(story):
    summary, _ = story
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
    summary, folder = story
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
