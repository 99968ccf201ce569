"""Google Fit's JSON into points: what is read, what is set aside, what is refused."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused, Unavailable
from shared.measurement.limits import EARLIEST_NS, LEEWAY_NS
from shared.measurement.model import FIELDS, SESSION, Identity, Points, is_manual
from shared.source.google_fit import mapping, sift, wire
from shared.source.google_fit.mapping import Page, decode_changes, decode_dataset, decode_sessions, decode_sources
from shared.source.google_fit.streams import Stream, check_fields, choose_stream
from shared.vocabulary import Kind

FIXTURES = Path(__file__).parents[2] / "fixtures" / "google_fit"
HOUR_NS = 3_600_000_000_000
DAY_START_NS = 1_790_726_400_000_000_000  # 2026-09-30T00:00Z
NOW_NS = DAY_START_NS + 24 * HOUR_NS


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def page_of(kind: Kind, name: str) -> Page:
    return decode_dataset(kind, fixture(name), now_ns=NOW_NS)


def point(**changes: Any) -> dict[str, Any]:
    return {
        "startTimeNanos": str(DAY_START_NS),
        "endTimeNanos": str(DAY_START_NS),
        "dataTypeName": "com.google.heart_rate.bpm",
        "originDataSourceId": "raw:com.google.heart_rate.bpm:com.example:",
        "value": [{"fpVal": 60}],
        "modifiedTimeMillis": "5",
    } | changes


def dataset(*points: object, **more: object) -> bytes:
    return json.dumps({"dataSourceId": "derived:stream", "point": points, **more}).encode()


def heart_rate(*points: object) -> Page:
    return decode_dataset(Kind.HEART_RATE, dataset(*points), now_ns=NOW_NS)


def reasons(page: Page) -> list[str]:
    return [one.reason for one in page.set_aside]


# ---------------------------------------------------------------- what is read


def test_every_kind_is_read_into_its_fields_with_unset_enums_as_none() -> None:
    assert page_of(Kind.STEPS, "steps").points.values == [[17, 0]]
    assert page_of(Kind.WEIGHT, "weight").points.values == [[72.0999984741211]]
    assert page_of(Kind.HEART_RATE, "heart_rate").points.values == [[61.0, 64.5, 72.0]]
    assert page_of(Kind.BODY_TEMPERATURE, "body_temperature").points.values == [[36.6, 38.0], [4, None]]
    assert page_of(Kind.SLEEP, "sleep_segments").points.values == [[4, 5, 4, 6, 1, 9]]
    assert page_of(Kind.BLOOD_PRESSURE, "blood_pressure").points.values == [
        [128.0, 236.0, 120.0],
        [81.5, 141.0, 80.0],
        [2, None, None],
        [3, None, None],
    ]
    assert page_of(Kind.OXYGEN_SATURATION, "oxygen_saturation").points.values == [
        [97.0, 95.5],
        [0.0, None],
        [None, None],
        [1, None],
        [1, None],
    ]


def test_unknown_enum_numbers_are_kept() -> None:
    values = page_of(Kind.BLOOD_GLUCOSE, "blood_glucose").points.values
    assert values == [[5.5, 7.800000190734863], [2, 4], [None, 3], [1, None], [2, 99]]


def test_every_fixture_is_read_whole_and_just_as_it_is_one_point_at_a_time() -> None:
    for name, kind in [
        ("steps", Kind.STEPS), ("weight", Kind.WEIGHT), ("heart_rate", Kind.HEART_RATE), ("sleep_segments", Kind.SLEEP),
        ("body_temperature", Kind.BODY_TEMPERATURE), ("blood_pressure", Kind.BLOOD_PRESSURE),
        ("oxygen_saturation", Kind.OXYGEN_SATURATION), ("blood_glucose", Kind.BLOOD_GLUCOSE),
    ]:  # fmt: skip
        whole = mapping._typed(kind, fixture(name), NOW_NS)
        assert whole is not None, name
        assert whole == mapping._loose(kind, fixture(name), NOW_NS), name
        for field, column in zip(FIELDS[kind], whole.points.values, strict=True):
            assert {type(v) for v in column} <= {int if field.whole else float, type(None)}, (name, field)


def test_nanoseconds_are_exact() -> None:
    points = page_of(Kind.STEPS, "steps").points
    assert points.start_ns[0] == DAY_START_NS + 8 * HOUR_NS + 687_316_406
    assert points.end_ns[0] == DAY_START_NS + 8 * HOUR_NS + 60_687_316_406


def test_origin_token_and_manual_entries_are_told() -> None:
    page = page_of(Kind.HEART_RATE, "heart_rate")
    assert page.next_page_token == "bmV4dA"
    assert [is_manual(origin) for origin in page.points.origin] == [False, False, True]


def test_a_point_without_origin_has_the_streams_own() -> None:
    without = point()
    del without["originDataSourceId"]
    page = heart_rate(without, point(originDataSourceId="", startTimeNanos=str(DAY_START_NS - 1)))
    assert page.points.origin == ["derived:stream", "derived:stream"]


def test_a_point_never_changed_has_no_modified_time() -> None:
    without = point()
    del without["modifiedTimeMillis"]
    assert heart_rate(without).points.modified_ms == [0]


def test_points_come_in_order_however_google_sends_them() -> None:
    late, early = point(), point(startTimeNanos=str(DAY_START_NS - 5), endTimeNanos=str(DAY_START_NS - 5))
    longer = point(endTimeNanos=str(DAY_START_NS + 1))
    points = heart_rate(longer, late, early).points
    assert list(zip(points.start_ns, points.end_ns, strict=True)) == [
        (DAY_START_NS - 5, DAY_START_NS - 5),
        (DAY_START_NS, DAY_START_NS),
        (DAY_START_NS, DAY_START_NS + 1),
    ]


def test_a_page_without_points_is_empty() -> None:
    body = b'{"minStartTimeNs":"1","maxEndTimeNs":"2","dataSourceId":"derived:stream"}'
    assert decode_dataset(Kind.STEPS, body, now_ns=NOW_NS) == Page(Points.none(Kind.STEPS), [], "")
    assert decode_dataset(Kind.STEPS, b'{"point":[],"nextPageToken":"t"}', now_ns=NOW_NS).next_page_token == "t"


def test_plain_integers_are_read_as_times_too() -> None:
    page = heart_rate(point(startTimeNanos=DAY_START_NS + 1, endTimeNanos=DAY_START_NS + 1, modifiedTimeMillis=7))
    assert (page.points.start_ns, page.points.modified_ms) == ([DAY_START_NS + 1], [7])


def test_a_number_under_the_other_name_is_taken_where_it_fits() -> None:
    assert heart_rate(point(value=[{"intVal": 61}])).points.values == [[61.0]]
    steps = point(dataTypeName="com.google.step_count.delta", value=[{"fpVal": 12.0}])
    assert decode_dataset(Kind.STEPS, dataset(steps), now_ns=NOW_NS).points.values == [[12]]
    cuff = point(dataTypeName="com.google.blood_pressure", value=[{"fpVal": 120}, {"intVal": 80}, {"fpVal": 2.0}])
    assert decode_dataset(Kind.BLOOD_PRESSURE, dataset(cuff), now_ns=NOW_NS).points.values == [
        [120.0],
        [80.0],
        [2],
        [None],
    ]


def test_old_activity_segments_are_read_as_sleep_and_other_activities_are_nobodys_business() -> None:
    page = page_of(Kind.SLEEP, "activity_segments")
    assert page.points.values == [[2, 4, 5, 6, 1]]
    assert page.set_aside == []


# ---------------------------------------------------------------- what is set aside


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (point(value=[{"fpVal": "NaN"}]), "malformed_point"),
        (point(value=[{"fpVal": "Infinity"}]), "malformed_point"),
        (point(value=[{"fpVal": [60]}]), "malformed_point"),
        (point(value={"fpVal": 60}), "malformed_point"),
        (point(startTimeNanos="soon"), "malformed_point"),
        (point(startTimeNanos="1.790726400e18"), "malformed_point"),
        (point(startTimeNanos=1.7907264e18), "malformed_point"),
        (point(modifiedTimeMillis="-1"), "malformed_point"),
        (point(modifiedTimeMillis=str(2**63)), "malformed_point"),
        ("a point", "malformed_point"),
        (None, "malformed_point"),
        (point(dataTypeName="com.google.heart_rate.summary"), "wrong_type"),
        (point(dataTypeName="com.google.weight"), "wrong_type"),
        (point(startTimeNanos=str(EARLIEST_NS - 1)), "too_old"),
        (point(endTimeNanos=str(NOW_NS + LEEWAY_NS + 1)), "in_future"),
        (point(endTimeNanos=str(DAY_START_NS - 1)), "end_before_start"),
        (point(value=[]), "value_missing"),
        (point(value=[{"mapVal": []}]), "value_missing"),
        (point(value=[{"fpVal": None}]), "value_missing"),
        (point(value=[{"fpVal": 5000}]), "impossible_value"),
        (point(value=[{"fpVal": 0}]), "impossible_value"),
        (point(value=[{"fpVal": -60.5}]), "impossible_value"),
    ],
)  # fmt: skip
def test_a_bad_point_is_set_aside_alone_as_it_came(bad: object, reason: str) -> None:
    page = heart_rate(point(startTimeNanos=str(DAY_START_NS - 9)), bad, point())
    assert page.points.start_ns == [DAY_START_NS - 9, DAY_START_NS]
    assert reasons(page) == [reason]
    assert json.loads(page.set_aside[0].raw) == bad


def test_the_limits_themselves_are_possible() -> None:
    assert heart_rate(point(value=[{"fpVal": 1}]), point(value=[{"fpVal": 300}])).set_aside == []
    assert heart_rate(point(startTimeNanos=str(EARLIEST_NS))).set_aside == []
    assert heart_rate(point(endTimeNanos=str(NOW_NS + LEEWAY_NS))).set_aside == []


def test_a_set_aside_point_tells_its_start_where_it_can_be_read() -> None:
    page = heart_rate(point(value=[]), point(startTimeNanos="x"), point(startTimeNanos=str(2**70)))
    assert [one.start_ns for one in page.set_aside] == [DAY_START_NS, None, None]


def test_a_very_long_bad_point_is_kept_in_part() -> None:
    page = heart_rate(point(value="x" * 10_000))
    assert len(page.set_aside[0].raw) == sift.RAW_LIMIT_BYTES


def test_a_sleep_segment_without_stage_or_longer_than_a_long_night_is_set_aside() -> None:
    segment = point(dataTypeName="com.google.sleep.segment", value=[{"intVal": 0}], startTimeNanos=str(DAY_START_NS))
    endless = segment | {"value": [{"intVal": 2}], "startTimeNanos": str(DAY_START_NS - 37 * HOUR_NS)}
    page = decode_dataset(Kind.SLEEP, dataset(segment, endless), now_ns=NOW_NS)
    assert reasons(page) == ["value_missing", "impossible_value"]


def test_fractions_of_steps_and_negative_enums_are_set_aside() -> None:
    steps = point(dataTypeName="com.google.step_count.delta", value=[{"fpVal": 12.5}])
    assert reasons(decode_dataset(Kind.STEPS, dataset(steps), now_ns=NOW_NS)) == ["malformed_point"]
    warm = point(dataTypeName="com.google.body.temperature", value=[{"fpVal": 37}, {"intVal": -1}])
    assert reasons(decode_dataset(Kind.BODY_TEMPERATURE, dataset(warm), now_ns=NOW_NS)) == ["impossible_value"]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{",
        dataset(point())[:-1],
        dataset(point())[:-40],
        dataset(point()) + b"x",
        b'{"point":7}',
        b'{"point":{"x":' + dataset(point())[11:] + b"}",
        b'{"dataSourceId":"a","dataSourceId":"b"}',
        b'{"point":[],"point":[]}',
        dataset(point())[:-1] + b',"point":[]}',
        dataset(point())[:-1] + b',"nextPageToken":7}',
        b'{"point":[{"startTimeNanos":NaN}]}',
        b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"point":[' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"]}",
        b'\xef\xbb\xbf{"point":[]}',
        b'{"dataSourceId":"\xff","point":[]}',
        "{}".encode("utf-16"),
    ],
)
def test_a_broken_body_is_refused_whole(body: bytes) -> None:
    for decode in (lambda: decode_dataset(Kind.HEART_RATE, body, now_ns=NOW_NS),):
        with pytest.raises(Unavailable) as fault:
            decode()
        assert fault.value.code == "upstream_malformed"


def test_broken_changes_sessions_and_sources_are_refused_whole() -> None:
    for body in (b"", b"[]", b'{"session":{}, "insertedDataPoint":{}, "dataSource":{}}', b'{"a":1,"a":2'):
        for decode in (
            lambda body=body: decode_changes(Kind.WEIGHT, body, now_ns=NOW_NS),
            lambda body=body: decode_sessions(body, now_ns=NOW_NS),
            lambda body=body: decode_sources(body),
        ):
            with pytest.raises(Unavailable, match="upstream_malformed"):
                decode()


def test_a_list_that_is_not_the_top_levels_points_is_not_taken_for_them() -> None:
    for body in (
        b'{"other":{"point":[%s]}}',
        b'{"other":{"point":[%s]},"dataSourceId":"s"}',
        b'{"other":[%s]}',
        b'{"point":null,"other":[%s]}',
        b'{"x\\"point":[%s]}',
    ):
        full = body % json.dumps(point()).encode()
        try:
            assert len(decode_dataset(Kind.HEART_RATE, full, now_ns=NOW_NS).points) == 0, body
        except Unavailable:
            continue


def test_one_very_long_number_costs_one_point_only() -> None:
    page = heart_rate(point(), point(value=[{"fpVal": "#"}]))
    body = dataset(point(), point(value=[{"fpVal": "#"}])).replace(b'"#"', b"9" * 5000)
    page = decode_dataset(Kind.HEART_RATE, body, now_ns=NOW_NS)
    assert (len(page.points), reasons(page)) == (1, ["malformed_point"])


# ---------------------------------------------------------------- changes, sessions, sources


def test_changes_bring_insertions_deletions_and_a_cursor() -> None:
    changes = decode_changes(Kind.HEART_RATE, fixture("changes"), now_ns=NOW_NS)
    origin = "raw:com.google.heart_rate.bpm:com.example.watch:Example:Band 7:0a1b2c3d:live"
    gone_ns = DAY_START_NS + 7 * HOUR_NS
    assert changes.upserts.start_ns == [DAY_START_NS + 8 * HOUR_NS]
    assert changes.deleted == [Identity("", origin, gone_ns, gone_ns)]
    assert [one.reason for one in changes.set_aside] == ["malformed_point"]
    assert changes.next_page_token == "Y3Vyc29y"


def test_a_deleted_sleep_segment_is_known_by_origin_and_start_alone() -> None:
    gone = point(dataTypeName="com.google.sleep.segment", value=[], originDataSourceId="o")
    body = json.dumps({"deletedDataPoint": [gone]}).encode()
    assert decode_changes(Kind.SLEEP, body, now_ns=NOW_NS).deleted == [Identity("", "o", DAY_START_NS, 0)]


def test_sessions_of_sleep_become_named_rows_and_others_are_left_out() -> None:
    sessions = decode_sessions(fixture("sessions"), now_ns=NOW_NS)
    points = sessions.points
    assert points.name == ["night-2026-09-30", "nap"]
    assert points.values == [[SESSION, SESSION]]
    assert points.start_ns == [DAY_START_NS - 2 * HOUR_NS, DAY_START_NS + 12 * HOUR_NS]
    assert points.end_ns == [DAY_START_NS + 5 * HOUR_NS, DAY_START_NS + 13 * HOUR_NS]
    assert points.origin == ["com.example.watch", ""]
    assert sessions.deleted == [("night-2026-09-01", DAY_START_NS - 29 * 24 * HOUR_NS), ("gone", 0)]
    assert (sessions.set_aside, sessions.next_page_token) == ([], "c3luYw")


def test_sleep_sessions_that_cannot_be_right_are_set_aside_as_sessions() -> None:
    good = {"id": "n", "startTimeMillis": "1790726400000", "endTimeMillis": "1790730000000", "activityType": 72}
    bad = [
        good | {"id": ""},
        good | {"endTimeMillis": "0"},
        good | {"startTimeMillis": "x"},
        good | {"startTimeMillis": str(1790726400000 - 48 * 3_600_000)},
        good | {"activityType": "sleep"},
    ]
    bikes = [good | {"activityType": 1, "endTimeMillis": "0"}, good | {"activityType": 1, "startTimeMillis": "x"}]
    sessions = decode_sessions(json.dumps({"session": [good, *bad, *bikes]}).encode(), now_ns=NOW_NS)
    assert sessions.points.name == ["n"]
    assert [one.reason for one in sessions.set_aside] == [
        "value_missing", "end_before_start", "malformed_point", "impossible_value", "malformed_point",
    ]  # fmt: skip
    assert all(one.session for one in sessions.set_aside)


def test_the_platforms_merged_stream_is_read_and_no_other() -> None:
    streams = decode_sources(fixture("data_sources"))
    assert choose_stream(Kind.STEPS, streams) == (
        "derived:com.google.step_count.delta:com.google.android.gms:estimated_steps",
    )
    assert choose_stream(Kind.HEART_RATE, streams) == (
        "derived:com.google.heart_rate.bpm:com.google.android.gms:merge_heart_rate_bpm",
    )
    assert choose_stream(Kind.OXYGEN_SATURATION, streams) == ()


def test_without_a_merged_stream_all_raw_ones_are_read() -> None:
    assert choose_stream(Kind.WEIGHT, decode_sources(fixture("data_sources"))) == (
        "raw:com.google.weight:com.example.scale:",
        "raw:com.google.weight:com.google.android.apps.fitness:user_input",
    )


def test_another_merged_stream_of_the_platform_stands_in_for_the_usual_one() -> None:
    ids = ["raw:com.google.weight:a:", "derived:com.google.weight:com.google.android.gms:merge_all"]
    assert choose_stream(Kind.WEIGHT, [Stream(i, "com.google.weight", ()) for i in ids]) == (ids[1],)
    apps = [Stream(f"derived:com.google.weight:{app}:", "com.google.weight", ()) for app in "ba"]
    assert choose_stream(Kind.WEIGHT, apps) == ("derived:com.google.weight:a:",)


def test_a_night_is_read_from_activities_only_where_there_are_no_sleep_segments() -> None:
    streams = decode_sources(fixture("data_sources"))
    activities = "derived:com.google.activity.segment:com.google.android.gms:merge_activity_segments"
    assert choose_stream(Kind.SLEEP, streams) == (activities,)
    segments = "derived:com.google.sleep.segment:com.google.android.gms:merged"
    assert choose_stream(Kind.SLEEP, [*streams, Stream(segments, "com.google.sleep.segment", ())]) == (segments,)


def test_the_advertised_order_of_fields_is_checked() -> None:
    streams = {stream.data_type: stream for stream in decode_sources(fixture("data_sources"))}
    for stream in streams.values():
        kind = next((k for k, t in wire.TYPES.items() if t == stream.data_type), Kind.SLEEP)
        check_fields(kind, stream)
    cuff = streams["com.google.blood_pressure"]
    systolic, diastolic, *rest = cuff.fields
    check_fields(Kind.BLOOD_PRESSURE, cuff._replace(fields=(*cuff.fields, ("note", "string", True))))
    check_fields(Kind.BLOOD_PRESSURE, cuff._replace(fields=()))
    for fields in (
        (diastolic, systolic, *rest),
        (*cuff.fields, ("note", "string", False)),
        (("blood_pressure_systolic", "integer", False), diastolic),
    ):
        with pytest.raises(Refused, match="field_order_changed"):
            check_fields(Kind.BLOOD_PRESSURE, cuff._replace(fields=fields))
    with pytest.raises(Refused, match="field_order_changed"):
        check_fields(Kind.STEPS, Stream("s", "com.google.step_count.delta", (("steps", "floatPoint", False),)))


# ---------------------------------------------------------------- any page at all

numbers = st.one_of(
    st.integers(-5, 400),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.just("NaN"),
    st.none(),
    st.text(),
)
values = st.lists(
    st.dictionaries(st.sampled_from(["fpVal", "intVal", "mapVal", "stringVal", "x"]), numbers), max_size=6
)
times = st.one_of(
    st.integers(DAY_START_NS - 10, DAY_START_NS + 10).map(str),
    st.integers(DAY_START_NS - 10, DAY_START_NS + 10),
    st.integers(-(2**70), 2**70).map(str),
    st.text(max_size=3),
)


@st.composite
def wild_points(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    full = {
        "startTimeNanos": draw(times),
        "endTimeNanos": draw(times),
        "dataTypeName": draw(st.sampled_from([wire.TYPES[kind], wire.TYPES[kind], wire.ACTIVITY, ""])),
        "originDataSourceId": draw(st.sampled_from(["a", "b", "", "日"])),
        "value": draw(values),
        "modifiedTimeMillis": draw(st.one_of(st.integers(0, 2**64).map(str), st.integers(-3, 3))),
    }
    drop = draw(st.sampled_from([None, None, None, *full]))
    return {key: value for key, value in full.items() if key != drop}


@given(st.data(), st.sampled_from(Kind))
def test_no_point_is_lost_and_both_ways_of_reading_agree(data: st.DataObject, kind: Kind) -> None:
    points = data.draw(st.lists(wild_points(kind), max_size=4))
    body = dataset(*points, nextPageToken="t")
    page = decode_dataset(kind, body, now_ns=NOW_NS)
    assert page == mapping._loose(kind, body, NOW_NS)
    if kind is not Kind.SLEEP:
        assert len(page.points) + len(page.set_aside) == len(points)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_either_read_or_refused(body: bytes) -> None:
    try:
        json.loads(body)
    except ValueError:
        with pytest.raises(Unavailable, match="upstream_malformed"):
            decode_dataset(Kind.HEART_RATE, body, now_ns=NOW_NS)
    else:
        with contextlib.suppress(Unavailable):
            decode_dataset(Kind.HEART_RATE, body, now_ns=NOW_NS)
