"""Which report of a point stands: the same day comes out whatever the order in which its pages arrive (I2)."""

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.measurement.merge import Change, Rows, Window, merge, split_by_day
from shared.measurement.model import DAY_NS, SESSION, Day, Identity, Points, SetAside, day_start_ns
from shared.measurement.pack import pack
from shared.vocabulary import Kind

ON = dt.date(2026, 9, 30)
START_NS = day_start_ns(ON)
WHOLE = Window(START_NS, START_NS + DAY_NS)
HOUR_NS = 3_600_000_000_000


def weights(*rows: tuple[int, float, int], origin: str = "o") -> Points:
    """Rows of (start after midnight, kg, modified)."""
    return Points.of_rows(Kind.WEIGHT, [(START_NS + s, START_NS + s, origin, "", m, kg) for s, kg, m in rows])


def sleep(*rows: tuple[str, int, int, int, int]) -> Points:
    """Rows of (name or "", start and end after midnight, stage, modified)."""
    return Points.of_rows(Kind.SLEEP, [(START_NS + s, START_NS + e, "o", name, m, v) for name, s, e, v, m in rows])


def kilograms(day: Day) -> list[object]:
    return list(day.points.values[0])


def stored(points: Points, *set_aside: SetAside) -> Day:
    return merge(ON, None, Change(points, set_aside=set_aside))


# ---------------------------------------------------------------- one point, two reports


def test_a_later_change_replaces_an_earlier_one_and_never_the_other_way_round() -> None:
    old, new = weights((1, 70.0, 5)), weights((1, 71.0, 6))
    assert kilograms(merge(ON, stored(old), Change(new))) == [71.0]
    assert kilograms(merge(ON, stored(new), Change(old))) == [71.0]


def test_of_two_changes_at_the_same_time_the_one_that_arrives_later_stands() -> None:
    assert kilograms(merge(ON, stored(weights((1, 70.0, 5))), Change(weights((1, 71.0, 5))))) == [71.0]
    assert kilograms(stored(weights((1, 70.0, 5), (1, 71.0, 5)))) == [71.0]


def test_points_of_different_origin_or_length_are_different_points() -> None:
    day = merge(ON, stored(weights((1, 70.0, 5))), Change(weights((1, 71.0, 6), origin="p")))
    assert kilograms(day) == [70.0, 71.0]
    steps = Points.of_rows(Kind.STEPS, [(START_NS, START_NS + end, "o", "", 0, end) for end in (5, 9)])
    assert stored(steps).points.values == [[5, 9]]


def test_the_same_page_again_changes_nothing_and_returns_the_very_day() -> None:
    page = weights((1, 70.0, 5), (2, 71.0, 5))
    aside = SetAside("too_old", b"{}", START_NS)
    day = stored(page, aside)
    again = merge(ON, day, Change(weights((1, 70.0, 5), (2, 71.0, 5)), set_aside=[aside], whole=WHOLE))
    assert again is day


# ---------------------------------------------------------------- points that are gone


def test_a_deleted_point_goes_and_unknown_deletions_do_nothing() -> None:
    day = stored(weights((1, 70.0, 5), (2, 71.0, 5)))
    gone = [Identity("", "o", START_NS + 1, START_NS + 1), Identity("", "x", START_NS + 2, START_NS + 2)]
    assert kilograms(merge(ON, day, Change(Points.none(Kind.WEIGHT), gone))) == [71.0]
    assert kilograms(merge(ON, None, Change(weights((1, 70.0, 5)), gone))) == [70.0]


def test_a_point_deleted_and_inserted_by_one_change_is_there() -> None:
    day = stored(weights((1, 70.0, 5)))
    change = Change(weights((1, 60.0, 3)), [Identity("", "o", START_NS + 1, START_NS + 1)])
    assert kilograms(merge(ON, day, change)) == [60.0]


def test_what_a_whole_window_no_longer_holds_is_gone_and_what_lies_outside_stays() -> None:
    day = stored(weights((1, 70.0, 5), (2, 71.0, 5), (3, 72.0, 5), (4, 73.0, 5)))
    change = Change(weights((3, 72.0, 5)), whole=Window(START_NS + 2, START_NS + 4))
    assert kilograms(merge(ON, day, change)) == [70.0, 72.0, 73.0]
    assert kilograms(merge(ON, day, Change(Points.none(Kind.WEIGHT), whole=WHOLE))) == []


def test_a_whole_window_brings_no_older_version_back() -> None:
    day = stored(weights((1, 71.0, 6)))
    assert kilograms(merge(ON, day, Change(weights((1, 70.0, 5)), whole=WHOLE))) == [71.0]


def test_set_aside_points_are_kept_once_and_go_with_their_window() -> None:
    dated, undated = SetAside("too_old", b"1", START_NS + 5), SetAside("malformed_point", b"2", None)
    none = Points.none(Kind.WEIGHT)
    day = stored(none, dated, undated)
    assert merge(ON, day, Change(none, set_aside=[undated, dated])).set_aside == day.set_aside
    assert merge(ON, day, Change(none, whole=WHOLE)).set_aside == [undated]
    assert merge(ON, day, Change(none, whole=Window(START_NS + 6, START_NS + 9))).set_aside == day.set_aside


# ---------------------------------------------------------------- sleep


def test_a_growing_night_is_one_night() -> None:
    day = merge(ON, stored(sleep(("n", 5, 10, SESSION, 1))), Change(sleep(("n", 4, 20, SESSION, 2))))
    assert (day.points.start_ns, day.points.end_ns) == ([START_NS + 4], [START_NS + 20])


def test_a_growing_last_segment_is_one_segment() -> None:
    day = merge(ON, stored(sleep(("", 5, 10, 4, 1))), Change(sleep(("", 5, 12, 4, 2))))
    assert day.points.end_ns == [START_NS + 12]


def test_two_nights_that_start_together_are_two_and_one_named_twice_is_one() -> None:
    assert len(stored(sleep(("a", 5, 10, SESSION, 1), ("b", 5, 10, SESSION, 1))).points) == 2
    assert len(stored(sleep(("a", 5, 10, SESSION, 1), ("a", 6, 12, SESSION, 2))).points) == 1


def test_reading_segments_whole_says_nothing_about_sessions_and_the_other_way_round() -> None:
    bad_session, bad_segment = SetAside("too_old", b"1", START_NS, True), SetAside("too_old", b"2", START_NS, False)
    day = stored(sleep(("n", 5, 10, SESSION, 1), ("", 5, 7, 4, 1), ("", 7, 10, 5, 1)), bad_session, bad_segment)
    segments = Window(START_NS, START_NS + DAY_NS, Rows.SEGMENTS)
    sessions = Window(START_NS, START_NS + DAY_NS, Rows.SESSIONS)
    only_one = merge(ON, day, Change(sleep(("", 7, 10, 5, 1)), whole=segments))
    assert only_one.points.values == [[SESSION, 5]]
    assert only_one.set_aside == [bad_session]
    no_night = merge(ON, day, Change(Points.none(Kind.SLEEP), whole=sessions))
    assert no_night.points.values == [[4, 5]]
    assert no_night.set_aside == [bad_segment]


def test_a_deleted_session_goes_by_its_name() -> None:
    day = stored(sleep(("n", 5, 10, SESSION, 1), ("", 5, 10, 4, 1)))
    change = Change(Points.none(Kind.SLEEP), [Identity("n", "", 0, 0)])
    assert merge(ON, day, change).points.values == [[4]]


# ---------------------------------------------------------------- days


def test_points_are_cut_at_utc_midnight() -> None:
    starts = [START_NS - 1, START_NS, START_NS + DAY_NS - 1, START_NS + DAY_NS, START_NS + 3 * DAY_NS]
    rows = [(s, s + HOUR_NS, "o", "", 0, float(i)) for i, s in enumerate(starts)]
    aside = [SetAside("malformed_point", b"", None), SetAside("impossible_value", b"", START_NS)]
    days = split_by_day(Points.of_rows(Kind.WEIGHT, rows), aside)
    assert {on: kilograms(day) for on, day in days.items()} == {
        dt.date(1970, 1, 1): [],
        dt.date(2026, 9, 29): [0.0],
        ON: [1.0, 2.0],
        dt.date(2026, 10, 1): [3.0],
        dt.date(2026, 10, 3): [4.0],
    }
    assert list(days) == sorted(days)
    assert days[ON].set_aside == [aside[1]]
    assert days[dt.date(1970, 1, 1)].set_aside == [aside[0]]
    assert split_by_day(Points.none(Kind.WEIGHT)) == {}


def test_points_of_another_day_are_not_merged_into_this_one() -> None:
    for starts in ((-1, 5), (5, DAY_NS)):
        with pytest.raises(ValueError, match="merged into"):
            merge(ON, None, Change(weights(*((s, 70.0, 0) for s in starts))))


# ---------------------------------------------------------------- any order, any overlap

rows = st.tuples(st.integers(0, 30), st.integers(0, 3), st.sampled_from("ab"))


@st.composite
def reports(draw: st.DrawFn, kind: Kind) -> list[tuple[object, ...]]:
    """Rows, each modified at a time of its own; many are reports of one and the same point."""
    found = draw(st.lists(rows, max_size=30))
    name = draw(st.sampled_from(["", "night"])) if kind is Kind.SLEEP else ""
    return [
        (START_NS + s, START_NS + s + length, origin, name if s % 3 == 0 else "", modified, float(modified) / 4)
        for modified, (s, length, origin) in enumerate(found, start=1)
    ]


@given(st.data(), st.sampled_from([Kind.WEIGHT, Kind.SLEEP]), st.randoms(use_true_random=False))
def test_pages_in_any_order_with_any_overlap_make_the_same_day(
    data: st.DataObject, kind: Kind, noise: random.Random
) -> None:
    found = data.draw(reports(kind))
    expected = merge(ON, None, Change(Points.of_rows(kind, found)))
    identities = [*Points.of_rows(kind, found).identities()]
    assert len(expected.points) == len(set(identities))
    day: Day | None = None
    pages = [[row for row in found if noise.random() < 0.5] for _ in range(3)] + [[row] for row in found]
    noise.shuffle(pages)
    for page in pages:
        noise.shuffle(page)
        day = merge(ON, day, Change(Points.of_rows(kind, page)))
        assert merge(ON, day, Change(Points.of_rows(kind, page))) == day
    assert (day or Day.empty(kind, ON)) == expected
    assert [*expected.points.rows()] == sorted(expected.points.rows())


@given(st.data(), st.randoms(use_true_random=False))
def test_a_whole_read_makes_the_day_what_the_source_holds(data: st.DataObject, noise: random.Random) -> None:
    before, now = data.draw(reports(Kind.WEIGHT)), data.draw(reports(Kind.WEIGHT))
    first, last = sorted(noise.sample(range(40), 2))
    window = Window(START_NS + first, START_NS + last)
    day = stored(Points.of_rows(Kind.WEIGHT, before))
    inside = stored(Points.of_rows(Kind.WEIGHT, [row for row in now if window.has(int(str(row[0])), False)])).points
    after = merge(ON, day, Change(inside, whole=window))
    held = {*inside.identities()}
    outside = {i for i in day.points.identities() if not window.has(i.start_ns, False)}
    assert {*after.points.identities()} == held | outside
    assert pack(merge(ON, after, Change(inside, whole=window))) == pack(after)
