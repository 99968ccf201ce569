"""Paging and change logs, whatever the points."""

import json

from hypothesis import given
from hypothesis import strategies as st

from infra.local.google.points import Point, Stream

_SOURCE: dict[str, object] = {"dataStreamId": "derived:t:p:merged", "type": "derived", "dataType": {"name": "t"}}
_POINTS = st.lists(
    st.builds(
        lambda start, length, origin, value: Point(start + length, start, origin, 1, (value,)),
        st.integers(0, 40),
        st.integers(0, 9),
        st.sampled_from("ab"),
        st.integers(0, 3),
    ),
    max_size=40,
)


def _stream(points=()):
    stream = Stream(_SOURCE)
    stream.put(points)
    return stream


@given(_POINTS, st.integers(0, 40), st.integers(0, 20), st.integers(1, 7))
def test_pages_yield_every_overlapping_point_once_each_page_strictly_earlier(points, start, length, limit):
    stream = _stream(points)
    seen, below = [], None
    ends: list[int] = []
    while True:
        page = stream.page(start, start + length, limit, below)
        seen += page.points
        if page.points:
            assert not ends or page.points[-1].end_ns < ends[-1]
            assert [p.end_ns for p in page.points] == sorted(p.end_ns for p in page.points)
            ends.append(page.points[0].end_ns)
        if page.below_end_ns is None:
            break
        below = page.below_end_ns
    latest = {p[:3]: p for p in points}.values()
    assert sorted(seen) == sorted(p for p in latest if p.start_ns <= start + length and p.end_ns >= start)


@given(_POINTS, st.integers(1, 5))
def test_a_page_is_longer_than_its_limit_only_when_all_its_points_end_together(points, limit):
    page = _stream(points).page(0, 100, limit)
    assert len(page.points) <= limit or len({p.end_ns for p in page.points}) == 1


@given(st.lists(st.tuples(st.booleans(), _POINTS.filter(bool)), max_size=12), st.integers(1, 7))
def test_replaying_changes_deletions_first_gives_the_stream_as_it_is(acts, limit):
    stream = _stream()
    for delete, points in acts:
        if delete:
            stream.remove(points)
        else:
            stream.put(points)
    held: dict[tuple, Point] = {}
    position = 0
    while True:
        page = stream.changes(position, limit)
        if not page.inserted and not page.deleted:
            break
        for point in page.deleted:
            held.pop(point[:3], None)
        held.update({p[:3]: p for p in page.inserted})
        position = page.position
    assert sorted(held.values()) == stream.points
    stream.put([Point(99, 99, "a", 2, (1,))])
    assert [p.end_ns for p in stream.changes(position, limit).inserted] == [99]


def test_a_correction_is_told_as_a_deletion_and_an_insertion():
    stream = _stream([Point(5, 5, "a", 1, (1,))])
    stream.put([Point(5, 5, "a", 2, (7,))])
    page = stream.changes(1, 10)
    assert [p.values for p in page.deleted] == [(1,)]
    assert [p.values for p in page.inserted] == [(7,)]


def test_a_point_is_written_as_google_writes_it():
    point = Point(1422632268186000000, 1422632268186000001, 'raw:Ü "x"', 1423721121864, (5.4, 54.0, 2, None, "s"))
    written = json.loads(point.encode("com.google.t", with_origin=True))
    assert written["startTimeNanos"] == "1422632268186000001"
    assert written["originDataSourceId"] == 'raw:Ü "x"'
    assert [next(iter(v)) for v in written["value"]] == ["fpVal", "fpVal", "intVal", "mapVal", "stringVal"]
    assert '"fpVal":54,' in point.encode("com.google.t", with_origin=False)
    assert "originDataSourceId" not in point.encode("com.google.t", with_origin=False)


def test_a_recorded_point_is_served_to_the_byte():
    raw = '{"odd": [1.50, 2],\n "value":[ ]}'
    assert Point(1, 1, "", 0, (), raw).encode("t", with_origin=True) == raw
