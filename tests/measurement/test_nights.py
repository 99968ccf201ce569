import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.measurement.model import SESSION, Points
from shared.measurement.nights import ASLEEP, AWAKE, BREAK_NS, DEEP, LIGHT, REM, Row, nights, rows_of
from shared.vocabulary import Kind

MINUTE_NS = 60_000_000_000
EVENING = int(dt.datetime(2026, 11, 21, 22, tzinfo=dt.UTC).timestamp()) * 1_000_000_000


def row(start, end, stage=SESSION, origin="watch", modified_ms=0):
    """A row from `start` to `end`, in minutes after ten in the evening."""
    return Row(EVENING + start * MINUTE_NS, EVENING + end * MINUTE_NS, stage, origin, modified_ms)


def frames(rows):
    return [((n.start_ns - EVENING) // MINUTE_NS, (n.end_ns - EVENING) // MINUTE_NS) for n in nights(rows)]


def minutes(rows):
    (night,) = nights(rows)
    return None if night.stage_ns is None else {stage: ns // MINUTE_NS for stage, ns in night.stage_ns.items()}


def test_a_session_and_the_segments_that_overlap_it_are_one_night():
    rows = [row(0, 480), row(0, 60, LIGHT), row(60, 120, DEEP), row(120, 200, REM), row(200, 210, AWAKE)]
    assert frames(rows) == [(0, 480)]
    assert minutes(rows) == {LIGHT: 60, DEEP: 60, REM: 80, AWAKE: 10}


def test_a_session_alone_is_a_night_without_stages():
    assert frames([row(0, 480)]) == [(0, 480)]
    assert minutes([row(0, 480)]) is None


def test_the_same_night_told_by_two_apps_is_one_night():
    assert frames([row(0, 480, origin="phone"), row(10, 470, origin="watch")]) == [(0, 480)]


def test_a_night_told_again_and_again_while_it_grows_is_one_night():
    assert frames([row(0, 120), row(0, 240), row(0, 450), row(440, 480, LIGHT)]) == [(0, 480)]


def test_segments_beyond_the_end_of_their_session_let_the_night_grow():
    rows = [row(0, 240), row(0, 240, LIGHT), row(240, 300, LIGHT), row(320, 400, DEEP)]
    assert frames(rows) == [(0, 400)]


def test_segments_without_a_session_are_one_night_up_to_a_break_of_ninety_minutes():
    assert frames([row(0, 60, LIGHT), row(150, 200, DEEP)]) == [(0, 200)]
    assert frames([row(0, 60, LIGHT), row(151, 200, DEEP)]) == [(0, 60), (151, 200)]


def test_two_sessions_stay_two_sleeps_however_short_the_break():
    assert frames([row(0, 240), row(241, 480)]) == [(0, 240), (241, 480)]
    assert frames([row(0, 240), row(240, 480)]) == [(0, 240), (240, 480)]


def test_stray_segments_between_two_sessions_are_cut_at_the_widest_break():
    rows = [row(0, 240), row(250, 260, AWAKE), row(300, 310, AWAKE), row(315, 480)]
    assert frames(rows) == [(0, 260), (300, 480)]


def test_three_sessions_bridged_by_segments_stay_three():
    rows = [row(0, 100), row(110, 120, LIGHT), row(150, 250), row(260, 270, LIGHT), row(275, 400)]
    assert frames(rows) == [(0, 120), (150, 250), (260, 400)]


def test_of_two_origins_the_one_with_stages_decides_and_the_other_fills_its_gaps():
    rows = [
        row(0, 480, ASLEEP, "a phone"),
        row(0, 60, LIGHT, "watch"),
        row(60, 120, DEEP, "watch"),
        row(200, 240, REM, "watch"),
    ]
    assert minutes(rows) == {LIGHT: 60, DEEP: 60, REM: 40, ASLEEP: 320}
    assert nights(rows)[0].origins == ("watch", "a phone")


def test_of_two_origins_with_stages_the_one_that_names_more_of_the_night_decides():
    rows = [row(0, 60, REM, "band"), row(0, 480, LIGHT, "ring")]
    assert minutes(rows) == {LIGHT: 480}
    assert nights(rows)[0].origins == ("ring",)


def test_of_two_origins_without_stages_the_one_that_covers_more_decides():
    rows = [row(0, 300, ASLEEP, "a"), row(0, 100, AWAKE, "b"), row(100, 480, ASLEEP, "b")]
    assert minutes(rows) == {AWAKE: 100, ASLEEP: 380}


def test_within_an_origin_the_exact_beats_plain_sleep_and_the_newer_beats_the_older():
    assert minutes([row(0, 100, ASLEEP, modified_ms=9), row(20, 50, DEEP)]) == {ASLEEP: 70, DEEP: 30}
    assert minutes([row(0, 100, LIGHT, modified_ms=1), row(20, 50, DEEP, modified_ms=2)]) == {LIGHT: 70, DEEP: 30}
    assert minutes([row(0, 100, LIGHT, modified_ms=2), row(20, 50, DEEP, modified_ms=1)]) == {LIGHT: 100}


def test_an_unknown_stage_is_kept_under_its_number():
    assert minutes([row(0, 60, 7), row(60, 90, LIGHT)]) == {7: 60, LIGHT: 30}


def test_rows_without_length_or_stage_tell_of_no_night():
    points = Points(Kind.SLEEP, [1, 2, 3], [1, 5, 9], [0, 0, 0], ["a", "a", "a"], [[4, None, 5]], ["", "", ""])
    assert list(rows_of(points)) == [Row(3, 9, 5, "a", 0)]
    assert nights([]) == []


rows = st.lists(
    st.builds(
        lambda start, length, stage, origin, modified: row(start, start + length, stage, origin, modified),
        st.integers(0, 3000),
        st.integers(1, 500),
        st.sampled_from([SESSION, AWAKE, ASLEEP, LIGHT, DEEP, REM, 9]),
        st.sampled_from(["watch", "phone", "app:user_input"]),
        st.integers(0, 3),
    ),
    max_size=25,
)


@given(rows, st.randoms(use_true_random=False))
def test_nights_do_not_depend_on_the_order_of_rows(told, random):
    shuffled = list(told)
    random.shuffle(shuffled)
    assert nights(shuffled) == nights(told)


@given(rows)
def test_every_row_is_in_exactly_one_night_and_nights_do_not_overlap(told):
    found = nights(told)
    assert sorted(row for night in found for row in night.rows) == sorted(told)
    assert all(before.end_ns <= after.start_ns for before, after in pairwise(found))
    for night in found:
        assert all(night.start_ns <= row.start_ns and row.end_ns <= night.end_ns for row in night.rows)


@given(rows)
def test_the_minutes_of_a_night_are_what_its_segments_cover_each_once(told):
    for night in nights(told):
        covered = {
            minute
            for row in night.rows
            if row.stage != SESSION
            for minute in range(row.start_ns // MINUTE_NS, row.end_ns // MINUTE_NS)
        }
        assert sum((night.stage_ns or {}).values()) == len(covered) * MINUTE_NS
        assert (night.stage_ns is None) == (not covered)


@given(rows)
def test_sleeps_closer_than_the_break_are_apart_only_where_both_hold_a_session(told):
    found = nights(told)
    for before, after in pairwise(found):
        framed = [any(row.stage == SESSION for row in night.rows) for night in (before, after)]
        assert after.start_ns - before.end_ns > BREAK_NS or all(framed)
