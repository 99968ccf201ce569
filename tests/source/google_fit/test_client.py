import datetime as dt
import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from shared.cloud.http import Answer
from shared.errors import Fault, Refused, Unavailable
from shared.measurement.merge import Rows
from shared.measurement.model import DAY_NS
from shared.source.google_fit import client
from shared.source.google_fit.client import MOST_FEED_PAGES, SESSIONS, GoogleFitSource
from shared.vocabulary import Kind
from tests.source.google_fit.test_oauth import SETTINGS

START, END = 1_795_000_000 * 10**9 // DAY_NS * DAY_NS, (1_795_000_000 * 10**9 // DAY_NS + 1) * DAY_NS
STREAM = "derived:com.google.weight:com.google.android.gms:merge_weight"


class Fit:
    """Answers by path; a list is answered in turn, its last answer for ever."""

    def __init__(self, routes):
        self.routes = routes
        self.calls = []

    async def send(self, method, url, *, headers=None, **_):
        parts = urlsplit(url)
        path = unquote(parts.path).partition("/users/me/")[2]
        self.calls.append((path, {k: v if len(v) > 1 else v[0] for k, v in parse_qs(parts.query).items()}))
        assert headers["authorization"] == "Bearer token"
        found = next((value for name, value in self.routes.items() if path.startswith(name)), None)
        if found is None:
            return Answer(404, {}, b'{"error":{"code":404,"message":"DataSourceId not found"}}')
        one = (
            found.pop(0)
            if isinstance(found, list) and len(found) > 1
            else found[0]
            if isinstance(found, list)
            else found
        )
        return one if isinstance(one, Answer) else Answer(200, {}, json.dumps(one).encode())


class Free:
    def __init__(self, left=10_000):
        self.left = left

    def spend(self):
        if not self.left:
            raise Unavailable("upstream_rate_limited")
        self.left -= 1

    def in_time(self):
        return True


class Late(Free):
    """There is no more time."""

    def in_time(self):
        return False


def point(at_ns, kg=60.0, *, modified=1):
    return {
        "startTimeNanos": str(at_ns),
        "endTimeNanos": str(at_ns),
        "dataTypeName": "com.google.weight",
        "originDataSourceId": "raw:com.google.weight:scale",
        "value": [{"fpVal": kg}],
        "modifiedTimeMillis": str(modified),
    }


def dataset(*points, token=None):
    body = {"minStartTimeNs": str(START), "maxEndTimeNs": str(END), "dataSourceId": STREAM}
    return body | ({"point": list(points)} if points else {}) | ({"nextPageToken": token} if token else {})


def night(name, start_ns, *, hours=8):
    start_ms = start_ns // 10**6
    return {
        "id": name,
        "activityType": 72,
        "startTimeMillis": str(start_ms),
        "endTimeMillis": str(start_ms + hours * 3_600_000),
        "modifiedTimeMillis": str(start_ms),
        "application": {"packageName": "app"},
    }


@pytest.fixture
def source(clock):
    def build(routes):
        fit = Fit(routes)
        return fit, GoogleFitSource(SETTINGS, http=fit, clock=clock)

    return build


def read(a, kind=Kind.WEIGHT, streams=(STREAM,), budget=None):
    return a.window("token", kind, streams, START, END, budget or Free())


async def test_pages_are_followed_to_the_end_an_empty_one_with_a_token_included(source):
    pages = [dataset(point(START + 9), token="a"), dataset(token="b"), dataset(point(START + 3))]
    fit, a = source({"dataSources/": pages})
    (got,) = await read(a)
    assert got.points.start_ns == [START + 3, START + 9]
    assert [query.get("pageToken") for _, query in fit.calls] == [None, "a", "b"]


async def test_a_repeated_page_token_is_refused_and_nothing_is_returned(source):
    _, a = source({"dataSources/": [dataset(point(START), token="a"), dataset(point(START + 1), token="a")]})
    with pytest.raises(Unavailable, match="upstream_malformed"):
        await read(a)


async def test_points_that_start_outside_the_window_belong_to_another(source):
    long_before = {**point(START - 5), "endTimeNanos": str(START + 5)}
    _, a = source({"dataSources/": dataset(long_before, point(START), point(END - 1), point(END))})
    (got,) = await read(a)
    assert got.points.start_ns == [START, END - 1]
    assert (got.window.start_ns, got.window.end_ns, got.window.rows) == (START, END, Rows.ALL)


async def test_a_stream_that_is_not_there_says_nothing_about_what_is_stored(source):
    _, a = source({})
    assert list(await read(a)) == []


async def test_a_page_that_breaks_off_spoils_the_window(source):
    broken = Answer(200, {}, json.dumps(dataset(point(START))).encode()[:-40])
    _, a = source({"dataSources/": [dataset(point(START + 1), token="a"), broken]})
    with pytest.raises(Unavailable, match="upstream_malformed"):
        await read(a)


async def test_without_time_the_days_that_were_read_whole_are_what_was_read(source):
    before = point(START - DAY_NS)
    pages = [dataset(point(END - 1), token="a"), dataset(point(START - 1), token="b"), dataset(before)]
    fit, a = source({"dataSources/": pages})
    (got,) = await a.window("token", Kind.WEIGHT, (STREAM,), START - DAY_NS, END, Late())
    assert (got.window.start_ns, got.window.end_ns) == (START, END)
    assert got.points.start_ns == [END - 1]
    assert len(fit.calls) == 2


async def test_without_time_a_day_is_read_on_while_none_is_whole(source):
    pages = [dataset(point(END - 1), token="a"), dataset(point(START + 1), token="b"), dataset(point(START))]
    _, a = source({"dataSources/": pages})
    (got,) = await read(a, budget=Late())
    assert (got.window.start_ns, got.points.start_ns) == (START, [START, START + 1, END - 1])


@pytest.mark.parametrize("behind", [[], [point(END)]], ids=["nothing behind it", "a point at the midnight behind it"])
async def test_a_day_that_cannot_be_read_whole_is_a_fault(source, monkeypatch, behind):
    monkeypatch.setattr(client, "MOST_PAGES", 3)
    pages = [dataset(*behind, point(END - 1), token="a"), *(dataset(point(END - n), token=str(n)) for n in (2, 3))]
    _, a = source({"dataSources/": pages})
    with pytest.raises(Unavailable, match="upstream_malformed"):
        await read(a)


async def test_one_bad_point_is_set_aside_and_the_rest_is_kept(source):
    _, a = source({"dataSources/": dataset(point(START), point(START + 1, kg=5000.0))})
    (got,) = await read(a)
    assert got.points.start_ns == [START]
    assert [one.reason for one in got.set_aside] == ["impossible_value"]


async def test_ids_are_encoded_whatever_stands_in_them(source):
    strange = "raw:com.google.weight:app:Größe / 1:x"
    fit, a = source({"dataSources/": dataset(point(START))})
    await read(a, streams=(strange,))
    assert fit.calls[0][0] == f"dataSources/{strange}/datasets/{START}-{END}"


async def test_nights_and_stages_are_two_reads_of_one_window(source):
    stages = "derived:com.google.sleep.segment:com.google.android.gms:merged"
    segment = {**point(START + 5), "dataTypeName": "com.google.sleep.segment", "value": [{"intVal": 4}]}
    segment["endTimeNanos"] = str(START + 60 * 10**9)
    fit, a = source(
        {
            "dataSources/": dataset(segment),
            "sessions": {"session": [night("n1", START + 10**9), night("n0", START - 10**9)]},
        }
    )
    reads = await read(a, Kind.SLEEP, (stages, SESSIONS))
    by_rows = {one.window.rows: one for one in reads}
    assert by_rows[Rows.SESSIONS].points.name == ["n1"]
    assert by_rows[Rows.SEGMENTS].points.values == [[4]]
    assert {path.partition("/")[0] for path, _ in fit.calls} == {"sessions", "dataSources"}
    await feed(a, stream=SESSIONS, kind=Kind.SLEEP)
    asked = [query["activityType"] for path, query in fit.calls if path == "sessions"]
    assert asked == [["72", "109", "110", "111", "112"]] * 2, "a nap may be named by its stage"


async def test_nights_are_asked_for_until_the_longest_that_starts_inside_has_ended(source):
    nights = [night("last", END - 10**9, hours=36), night("next", END)]
    fit, a = source({"sessions": {"session": nights}})
    (got,) = await read(a, Kind.SLEEP, (SESSIONS,))
    assert got.points.name == ["last"]
    [(_, query)] = fit.calls
    day = dt.datetime.fromtimestamp(START // 10**9, dt.UTC)
    assert dt.datetime.fromisoformat(query["startTime"]) <= day
    assert dt.datetime.fromisoformat(query["endTime"]) >= day + dt.timedelta(days=1, hours=36)


# ---------------------------------------------------------------- the feed


def changes(*inserted, deleted=(), token=None):
    body = {"dataSourceId": STREAM, "insertedDataPoint": list(inserted), "deletedDataPoint": list(deleted)}
    return body | ({"nextPageToken": token} if token else {})


def feed(a, since="", stream=STREAM, kind=Kind.WEIGHT):
    return a.feed("token", kind, stream, since, Free())


async def test_a_feed_is_read_until_nothing_more_waits(source):
    pages = [changes(point(START), token="1"), changes(point(START + 1), token="2"), changes(token="2")]
    fit, a = source({"dataSources/": pages})
    got = await feed(a)
    assert (got.points.start_ns, got.token, got.caught_up) == ([START, START + 1], "2", True)
    assert [query.get("pageToken") for _, query in fit.calls] == [None, "1", "2"]


async def test_a_later_deletion_takes_an_earlier_insertion_back(source):
    pages = [changes(point(START), token="1"), changes(deleted=[point(START)], token="2"), changes(token="2")]
    _, a = source({"dataSources/": pages})
    got = await feed(a)
    assert len(got.points) == 0
    assert [gone.start_ns for gone in got.gone] == [START]


async def test_a_correction_is_a_deletion_and_an_insertion_of_one_page(source):
    pages = [changes(point(START, 61.0, modified=2), deleted=[point(START, 60.0)], token="1"), changes(token="1")]
    _, a = source({"dataSources/": pages})
    got = await feed(a)
    assert got.points.values == [[61.0]]


@pytest.mark.parametrize("answer", [None, {}, changes(), changes(point(START))])
async def test_without_a_token_to_go_on_from_there_is_no_feed(source, answer):
    _, a = source({} if answer is None else {"dataSources/": answer})
    got = await feed(a)
    assert got is None or not got.caught_up


async def test_a_feed_without_end_is_left_for_the_next_visit(source):
    endless = [changes(point(START + n), token=str(n)) for n in range(100)]
    fit, a = source({"dataSources/": endless})
    got = await feed(a)
    assert (len(fit.calls), got.caught_up, got.token) == (MOST_FEED_PAGES, False, str(MOST_FEED_PAGES - 1))


async def test_deleted_nights_say_when_they_were(source):
    body = {"session": [], "deletedSession": [night("n1", START)], "nextPageToken": "1"}
    _, a = source({"sessions": [body, {"nextPageToken": "1"}]})
    got = await feed(a, stream=SESSIONS, kind=Kind.SLEEP)
    ((identity, start_ns),) = got.gone
    assert (identity.name, start_ns) == ("n1", START)


# ---------------------------------------------------------------- which streams, and what a call costs


def listed(*pairs):
    return {
        "dataSource": [
            {
                "dataStreamId": i,
                "type": i.partition(":")[0],
                "dataType": {"name": t, "field": [{"name": "weight", "format": f}]},
            }
            for i, t, f in pairs
        ]
    }


async def test_one_call_lists_the_streams_of_all_kinds(source):
    fit, a = source({"dataSources": listed((STREAM, "com.google.weight", "floatPoint"))})
    got = await a.streams("token", [Kind.WEIGHT, Kind.STEPS, Kind.SLEEP], Free())
    assert got == {Kind.WEIGHT: (STREAM,), Kind.STEPS: (), Kind.SLEEP: (SESSIONS,)}
    assert len(fit.calls) == 1
    assert set(fit.calls[0][1]["dataTypeName"]) == {
        "com.google.weight",
        "com.google.step_count.delta",
        "com.google.sleep.segment",
        "com.google.activity.segment",
    }


async def test_a_kind_whose_fields_stand_otherwise_is_not_read(source):
    _, a = source({"dataSources": listed((STREAM, "com.google.weight", "integer"))})
    fault = (await a.streams("token", [Kind.WEIGHT], Free()))[Kind.WEIGHT]
    assert isinstance(fault, Refused)
    assert fault.code == "field_order_changed"


async def test_where_nothing_is_listed_the_best_known_streams_are_tried(source):
    _, a = source({"dataSources": {"dataSource": []}})
    assert await a.streams("token", [Kind.WEIGHT], Free()) == {Kind.WEIGHT: (STREAM,)}


async def test_every_call_is_paid_for_its_repetitions_included(source):
    fit, a = source({"dataSources/": [Answer(503, {}, b""), dataset(point(START))]})
    budget = Free(1)
    with pytest.raises(Fault, match="upstream_rate_limited"):
        await read(a, budget=budget)
    assert len(fit.calls) == 1
