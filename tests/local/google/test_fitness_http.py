"""Fitness over HTTP; the fixture holds every request and answer to the discovery document."""

import datetime as dt
from itertools import pairwise
from urllib.parse import urlencode

import pytest

from infra.local.google import Quota, World
from infra.local.google import catalogue as c
from infra.local.google.devices import every_device, old_band, watch
from infra.local.google.points import Point
from infra.local.google.sessions import Session
from tests.local.google.conftest import NOW, Google, stream_path

_DAY = dt.timedelta(days=1)
_HEART = c.merged_ids(c.HEART_RATE)[0]
_ALL = "/datasets/0-4000000000000000000"


@pytest.fixture
def account(world):
    return world.account("a@example.com", devices=[*every_device(), old_band()], history=3 * _DAY)


@pytest.fixture
async def token(google, account):
    return (await google.linked("a@example.com"))["access_token"]


def _scope(group):
    return f"https://www.googleapis.com/auth/fitness.{group}.read"


def _reason(answer):
    return answer.json()["error"]["errors"][0]["reason"]


async def _pages(google, token, path, query):
    token_of_page, pages = "", []
    while True:
        page = (await google.fit(token, f"{path}?{urlencode(query | {'pageToken': token_of_page})}")).json()
        pages.append(page)
        token_of_page = page.get("nextPageToken", "")
        if not token_of_page:
            return pages


async def test_data_sources_state_the_fields_in_googles_order(google, token):
    sources = (await google.fit(token, "dataSources")).json()["dataSource"]
    stated = {s["dataType"]["name"]: [f["name"] for f in s["dataType"]["field"]] for s in sources}
    assert stated == {name: [f.name for f in t.fields] for name, t in c.TYPES.items()}
    assert [s["dataStreamId"] for s in sources] == sorted(s["dataStreamId"] for s in sources)


async def test_data_sources_can_be_asked_by_several_types(google, token):
    query = urlencode([("dataTypeName", c.WEIGHT), ("dataTypeName", c.STEPS)])
    sources = (await google.fit(token, f"dataSources?{query}")).json()["dataSource"]
    assert {s["dataType"]["name"] for s in sources} == {c.WEIGHT, c.STEPS}
    assert (await google.fit(token, "dataSources?dataTypeName=com.google.height")).json() == {}


async def test_data_sources_show_only_what_the_granted_scopes_open(google, account):
    token = (await google.linked("a@example.com", [_scope("sleep")]))["access_token"]
    sources = (await google.fit(token, "dataSources")).json()["dataSource"]
    assert {s["dataType"]["name"] for s in sources} == {c.SLEEP}


async def test_one_data_source_by_its_id_with_blanks_and_umlauts(google, token, account):
    stream_id = account.devices[0].stream_id(c.HEART_RATE)
    assert "Ü" in stream_id
    assert " " in stream_id
    assert (await google.fit(token, stream_path(stream_id))).json()["dataStreamId"] == stream_id
    assert (await google.fit(token, stream_path(stream_id, _ALL))).json()["dataSourceId"] == stream_id


async def test_a_dataset_echoes_its_range_and_lists_overlapping_points_by_end(google, token):
    start, end = int((NOW - _DAY / 24).timestamp()) * 10**9, int(NOW.timestamp()) * 10**9
    dataset = (await google.fit(token, stream_path(_HEART, f"/datasets/{start}-{end}"))).json()
    assert (dataset["minStartTimeNs"], dataset["maxEndTimeNs"]) == (str(start), str(end))
    ends = [int(p["endTimeNanos"]) for p in dataset["point"]]
    assert len(ends) in range(55, 62)
    assert ends == sorted(ends)
    assert all(start <= e <= end for e in ends)
    assert dataset["point"][0]["originDataSourceId"].startswith("raw:com.google.heart_rate.bpm:jp.tokei.wear:")


async def test_an_empty_dataset_has_no_point_key_and_no_token(google, token):
    dataset = (await google.fit(token, stream_path(_HEART, "/datasets/0-1000"))).json()
    assert dataset == {"minStartTimeNs": "0", "maxEndTimeNs": "1000", "dataSourceId": _HEART}


async def test_pages_count_back_from_the_newest_and_together_hold_every_point(google, token, account):
    pages = await _pages(google, token, stream_path(_HEART, _ALL), {"limit": 500})
    ends = [[int(p["endTimeNanos"]) for p in page["point"]] for page in pages]
    assert all(len(e) <= 500 for e in ends)
    assert all(later[0] > earlier[-1] for later, earlier in pairwise(ends))
    assert sorted(end for page in ends for end in page) == [p.end_ns for p in account.streams[_HEART].points]


async def test_the_ceiling_bounds_a_page_whatever_the_limit(google, token, world):
    world.page_ceiling = 100
    page = (await google.fit(token, stream_path(_HEART, f"{_ALL}?limit=5000"))).json()
    assert len(page["point"]) == 100
    assert page["nextPageToken"]


async def test_changes_start_at_the_beginning_and_their_last_token_is_a_cursor(google, token, account, clock):
    path = stream_path(_HEART, "/dataPointChanges")
    seen, cursor = [], ""
    while True:
        page = (await google.fit(token, f"{path}?{urlencode({'limit': 1000, 'pageToken': cursor})}")).json()
        cursor = page["nextPageToken"]
        if not page["insertedDataPoint"] and not page["deletedDataPoint"]:
            break
        seen += page["insertedDataPoint"]
    assert len(seen) == len(account.streams[_HEART].points)

    point = account.find(c.HEART_RATE)
    account.correct(c.HEART_RATE, point, (61.0,), clock.now())
    account.delete(c.HEART_RATE, [account.streams[_HEART].points[0]])
    page = (await google.fit(token, f"{path}?{urlencode({'pageToken': cursor})}")).json()
    assert [p["value"][0]["fpVal"] for p in page["insertedDataPoint"]] == [61]
    assert [p["endTimeNanos"] for p in page["deletedDataPoint"]] == [
        str(point.end_ns),
        seen[0]["endTimeNanos"],
    ]
    after = (await google.fit(token, f"{path}?{urlencode({'pageToken': page['nextPageToken']})}")).json()
    assert after["insertedDataPoint"] == after["deletedDataPoint"] == []


async def test_sessions_by_time_have_no_token_and_ignore_one(google, token, account):
    query = urlencode(
        {"startTime": "2026-11-18T00:00:00+09:00", "endTime": "2026-11-20T23:59:59.5Z", "activityType": 72}
    )
    listed = (await google.fit(token, f"sessions?{query}")).json()
    assert [s["id"] for s in listed["session"]] == [s.id for s in account.sessions.all()]
    assert "nextPageToken" not in listed
    assert (await google.fit(token, f"sessions?{query}&pageToken=nonsense")).json() == listed
    assert (await google.fit(token, f"sessions?{query}&activityType=9")).json() == listed
    assert (await google.fit(token, "sessions?endTime=2020-01-01T00:00:00Z")).json()["session"] == []


@pytest.mark.parametrize("wanted", [(), (72,), (109,), (72, 109), (109, 1), (110, 111)])
@pytest.mark.parametrize("by", [{}, {"startTime": "2020-01-01T00:00:00Z"}])
async def test_sessions_are_listed_of_any_of_the_activities_asked_for(google, token, account, wanted, by):
    ours = {s.id: s.activity for s in account.sessions.all()}
    start_ms = round(NOW.timestamp() * 1000) - 7_200_000
    for activity in (1, 109):
        account.sessions.put(Session(f"a{activity}", "", start_ms, start_ms + 60_000, start_ms + 60_000, activity))
        ours[f"a{activity}"] = activity
    query = urlencode({**by, "activityType": wanted}, doseq=True)
    listed = (await google.fit(token, f"sessions?{query}")).json()["session"]
    assert {s["id"] for s in listed} == {name for name, activity in ours.items() if not wanted or activity in wanted}


async def test_sessions_without_times_sync_by_token_deletions_apart(google, token, account, clock):
    first = (await google.fit(token, "sessions?includeDeleted=true")).json()
    assert len(first["session"]) == 3
    clock.advance(dt.timedelta(minutes=1))
    account.sessions.delete(first["session"][0]["id"], int(clock.now().timestamp() * 1000))
    cursor = urlencode({"pageToken": first["nextPageToken"]})
    told = (await google.fit(token, f"sessions?includeDeleted=true&{cursor}")).json()
    assert [s["id"] for s in told["deletedSession"]] == [first["session"][0]["id"]]
    assert told["session"] == []
    untold = (await google.fit(token, f"sessions?{cursor}")).json()
    assert untold["deletedSession"] == []


async def test_sleep_sessions_need_the_sleep_scope(google, account):
    activity = (await google.linked("a@example.com", [_scope("activity")]))["access_token"]
    assert (await google.fit(activity, "sessions")).json()["session"] == []
    heart = (await google.linked("a@example.com", [_scope("heart_rate")]))["access_token"]
    refused = await google.fit(heart, "sessions")
    assert (refused.status, _reason(refused)) == (403, "insufficientPermissions")


async def test_a_type_outside_the_granted_scopes_is_403_even_where_nothing_is_stored(google, account):
    token = (await google.linked("a@example.com", [_scope("sleep")]))["access_token"]
    for tail in ("", _ALL, "/dataPointChanges"):
        refused = await google.fit(token, stream_path(_HEART, tail))
        assert (refused.status, _reason(refused)) == (403, "insufficientPermissions")


async def test_a_token_without_any_fitness_scope_is_403(google, account):
    refused = await google.fit((await google.linked("a@example.com", []))["access_token"], "dataSources")
    assert (refused.status, _reason(refused)) == (403, "insufficientPermissions")


async def test_a_private_stream_is_403_and_listed_nowhere(google, token, account):
    account.streams[_HEART].private = True
    refused = await google.fit(token, stream_path(_HEART, _ALL))
    assert (refused.status, _reason(refused)) == (403, "forbidden")
    sources = (await google.fit(token, "dataSources")).json()["dataSource"]
    assert _HEART not in [s["dataStreamId"] for s in sources]


async def test_an_unknown_stream_is_404(google, token):
    missing = await google.fit(token, stream_path("derived:com.google.weight:com.google.android.gms:nothing", _ALL))
    assert (missing.status, _reason(missing)) == (404, "notFound")
    assert missing.json()["error"]["message"].startswith("DataSourceId not found")


@pytest.mark.parametrize(
    "path",
    [
        stream_path("nonsense", _ALL),
        stream_path(_HEART, "/datasets/5-1"),
        stream_path(_HEART, "/datasets/yesterday"),
        stream_path(_HEART, "/datasets/0-99999999999999999999"),
        stream_path(_HEART, f"{_ALL}?limit=0"),
        stream_path(_HEART, f"{_ALL}?limit=many"),
        stream_path(_HEART, f"{_ALL}?pageToken=%21%21"),
        stream_path(_HEART, "/dataPointChanges?pageToken=abc"),
        "sessions?startTime=yesterday",
        "sessions?startTime=2026-11-18T00:00:00",
        "sessions?endTime=2026-11-18",
        "sessions?activityType=sleep",
        "sessions?pageToken=%21",
    ],
)
async def test_what_cannot_be_understood_is_400(google, token, path):
    refused = await google.fit(token, path)
    assert (refused.status, _reason(refused)) == (400, "invalidArgument")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer nonsense"}, {"authorization": "Basic eDp5"}])
async def test_without_a_live_access_token_it_is_401(google, headers, account):
    refused = await google.call("GET", "/fitness/v1/users/me/dataSources", headers=headers)
    assert (refused.status, _reason(refused)) == (401, "authError")


@pytest.mark.parametrize(("status", "reason"), [(403, "userRateLimitExceeded"), (429, "userRateLimitExceeded")])
async def test_a_user_has_so_many_calls_a_minute(clock, status, reason):
    world = World(clock, quota=Quota(per_user_per_minute=3, status=status))
    world.account("a@example.com", devices=[])
    google = Google(world, clock)
    token = (await google.linked("a@example.com"))["access_token"]
    answers = [await google.fit(token, "dataSources") for _ in range(4)]
    assert [a.status for a in answers] == [200, 200, 200, status]
    assert _reason(answers[-1]) == reason
    assert answers[-1].json()["error"]["errors"][0]["domain"] == "usageLimits"
    clock.advance(dt.timedelta(minutes=1))
    assert (await google.fit(token, "dataSources")).status == 200
    google.check.verify()


async def test_impossible_points_are_told_as_they_are(google, token, account):
    merged = _HEART
    account.raw_point(merged, c.HEART_RATE, Point(10**18, 10**18, "x", 1, (5000.0,)))
    account.raw_point(merged, c.HEART_RATE, Point(4 * 10**18, 4 * 10**18, "x", 1, (60.0,)))
    account.raw_point(merged, c.HEART_RATE, Point(10**17, 10**17, "x", 1, (60,)))
    points = (await google.fit(token, stream_path(merged, f"{_ALL}?limit=10000"))).json()["point"]
    assert points[0]["value"][0]["intVal"] == 60
    assert points[1]["value"][0]["fpVal"] == 5000
    assert points[-1]["endTimeNanos"] == str(4 * 10**18)


async def test_auto_live_lets_devices_live_up_to_each_request(clock):
    world = World(clock, auto_live=True)
    account = world.account("a@example.com", devices=[watch()], history=_DAY)
    google = Google(world, clock)
    before = len(account.streams[_HEART].points)
    clock.advance(dt.timedelta(hours=2))
    token = (await google.linked("a@example.com"))["access_token"]
    await google.fit(token, "dataSources")
    assert len(account.streams[_HEART].points) > before + 60


async def test_calls_are_counted_by_endpoint_and_account(google, token, world):
    await google.fit(token, "dataSources")
    await google.fit(token, stream_path(_HEART, _ALL))
    await google.fit("nonsense", "sessions")
    assert world.counters() == {
        "dataSources": {"a@example.com": 1},
        "datasets": {"a@example.com": 1},
        "sessions": {"": 1},
        "token": {"a@example.com": 1},
    }
