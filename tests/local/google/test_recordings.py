"""A folder of recorded answers is served as it was recorded; what cannot be used is named."""

import json
from pathlib import Path

import pytest

from infra.local.google import World
from infra.local.google import catalogue as c
from tests.local.google.conftest import Google, stream_path

_CORPUS = Path(__file__).parents[3].parent / "shared/corpus/google-fit"
_WEIGHT = c.merged_ids(c.WEIGHT)[0]
_POINT = """{
      "modifiedTimeMillis": "1423945751811", "startTimeNanos": "1423785600000000001",
      "endTimeNanos": "1423785600000000001", "value": [ { "mapVal": [ ], "fpVal": 72.09999847412110 } ],
      "dataTypeName": "com.google.weight", "originDataSourceId": "raw:com.google.weight:com.x:"
    }"""


def _dataset(stream_id, *points):
    return f'{{"minStartTimeNs":"0","maxEndTimeNs":"9","dataSourceId":"{stream_id}","point":[{",".join(points)}]}}'


def _world(directory, clock, **files):
    for name, text in files.items():
        (directory / f"{name}.json").write_text(text)
    return World.from_recordings(directory, clock)


async def _page(world, clock, email, stream_id):
    google = Google(world, clock)
    token = (await google.linked(email))["access_token"]
    page = await google.fit(token, stream_path(stream_id, "/datasets/0-4000000000000000000"))
    google.check.verify()
    return page


async def test_a_recorded_point_comes_back_byte_for_byte(tmp_path, clock):
    world = _world(tmp_path, clock, weight=_dataset(_WEIGHT, _POINT))
    page = await _page(world, clock, "recorded-1@example.com", _WEIGHT)
    assert _POINT in page.body.decode()


async def test_recorded_data_sources_keep_their_own_description(tmp_path, clock):
    source = {
        "dataStreamId": _WEIGHT,
        "dataStreamName": "merge_weight",
        "type": "derived",
        "dataType": {"name": c.WEIGHT, "field": [{"name": "recorded", "format": "floatPoint"}]},
        "application": {"packageName": "x"},
        "dataQualityStandard": [],
    }
    world = _world(tmp_path, clock, weight=_dataset(_WEIGHT, _POINT), zources=json.dumps({"dataSource": [source]}))
    assert world.accounts["recorded-1@example.com"].streams[_WEIGHT].source == source


def test_recordings_that_contradict_each_other_become_two_people(tmp_path, clock):
    other = _POINT.replace("72.0", "80.0")
    world = _world(
        tmp_path, clock, a=_dataset(_WEIGHT, _POINT), b=_dataset(_WEIGHT, _POINT), c=_dataset(_WEIGHT, other)
    )
    assert [len(a.streams[_WEIGHT].points) for a in world.recorded.accounts] == [1, 1]


def test_recorded_steps_appear_in_estimated_steps(tmp_path, clock):
    point = _POINT.replace("com.google.weight", c.STEPS)
    world = _world(tmp_path, clock, steps=_dataset(c.merged_ids(c.STEPS)[0], point))
    assert len(world.recorded.accounts[0].streams[c.merged_ids(c.STEPS)[1]].points) == 1


async def test_sessions_and_unknown_types_are_served_too(tmp_path, clock):
    session = {"id": "n", "startTimeMillis": "1", "endTimeMillis": "2", "activityType": 72, "name": "x"}
    speed = "derived:com.google.cycling.cadence:com.google.android.gms:merged"
    point = _POINT.replace("com.google.weight", "com.google.cycling.cadence")
    world = _world(tmp_path, clock, s=json.dumps({"session": [session]}), t=_dataset(speed, point))
    assert world.recorded.accounts[0].sessions.all()[0].document() == session
    assert (await _page(world, clock, "recorded-1@example.com", speed)).json()["point"]


def test_a_recorded_session_keeps_the_app_that_wrote_it(tmp_path, clock):
    session = {"id": "n", "startTimeMillis": "1", "endTimeMillis": "2", "activityType": 109}
    named = session | {"id": "m", "application": {"packageName": "com.example.watch"}}
    world = _world(tmp_path, clock, s=json.dumps({"session": [session, named]}))
    told = {s.id: (s.package, s.activity, s.is_sleep) for s in world.recorded.accounts[0].sessions.all()}
    assert told == {"n": ("", 109, True), "m": ("com.example.watch", 109, True)}


@pytest.mark.parametrize(
    "text",
    ["", "{", "5", "null", "[1]", "{}", '{"dataSourceId": 5}', '{"dataSourceId":"x"}', '{"session":[{}]}',
     '{"dataSource":[{}]}', _dataset(_WEIGHT, "{}"), _dataset(_WEIGHT, '{"startTimeNanos":"x","endTimeNanos":"1"}')],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_named_with_a_reason_and_harms_nothing(tmp_path, clock, text):
    world = _world(tmp_path, clock, good=_dataset(_WEIGHT, _POINT), bad=text)
    assert list(world.recorded.skipped) == ["bad.json"]
    assert world.recorded.skipped["bad.json"]
    assert world.recorded.used == ["good.json"]


def test_an_empty_folder_is_one_account_without_data(tmp_path, clock):
    world = _world(tmp_path, clock)
    assert list(world.accounts) == ["recorded-1@example.com"]


@pytest.mark.skipif(not _CORPUS.is_dir(), reason="the corpus of recorded answers is not beside the repository")
async def test_the_corpus_is_served_and_passes_the_discovery_document(clock):
    world = World.from_recordings(_CORPUS, clock)
    assert set(world.recorded.skipped) == {
        "discovery-fitness.v1.json",
        "msfit-blood-glucose-point.template.json",
    }
    google = Google(world, clock)
    served = 0
    for email, account in world.accounts.items():
        scopes = {c.scope_of(s.type_name) for s in account.streams.values()}
        token = (await google.linked(email, scopes))["access_token"]
        listed = (await google.fit(token, "dataSources")).json()["dataSource"]
        assert len(listed) == len(account.streams)
        for source in listed:
            page = await google.fit(token, stream_path(source["dataStreamId"], "/datasets/0-4000000000000000000"))
            served += len(page.json().get("point", []))
    assert served > 20
    google.check.verify()
