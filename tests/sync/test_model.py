import datetime as dt
import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.connection.model import KindLink
from shared.measurement.merge import Rows, Window
from shared.measurement.model import DAY_NS, SESSION, Identity, Points
from shared.sync.model import (
    EARLIEST_NS,
    REREAD_PAUSE,
    Fingerprints,
    Reach,
    carried_out,
    news_by_day,
    next_sync_at,
    plan,
)
from shared.sync.ports import Feed, Gone, Read
from shared.vocabulary import Kind

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TODAY = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) * 1_000_000_000
NOW_NS = int(NOW.timestamp()) * 1_000_000_000
REACH = Reach(backfill_days=90, slice_days=15, overlap_days=30)


def planned(link, *, now=NOW, reach=REACH, linked_at=NOW):
    return plan(link, linked_at=linked_at, now=now, reach=reach)


def seen(**changes):
    link = KindLink(
        reached_ns=TODAY - 90 * DAY_NS, floor_ns=TODAY - 90 * DAY_NS, cursor_ns=NOW_NS - 3600 * 10**9, reread_at=NOW
    )
    return msgspec.structs.replace(link, **changes)


def test_the_first_fetch_reads_the_newest_slice():
    first = planned(KindLink())
    assert first.windows == ((TODAY - 14 * DAY_NS, NOW_NS + DAY_NS),)
    assert first.floor_ns == TODAY - 90 * DAY_NS


def test_history_is_read_slice_by_slice_down_to_the_floor_without_gap_or_overlap():
    link, windows = KindLink(), []
    for _ in range(20):
        step = planned(link)
        windows += step.windows if link.reached_ns is None else step.windows[1:]
        if link.reached_ns == step.reached_ns:
            break
        link = msgspec.structs.replace(link, reached_ns=step.reached_ns, floor_ns=step.floor_ns, cursor_ns=NOW_NS)
    assert windows[0][1] == NOW_NS + DAY_NS
    assert windows[-1][0] == TODAY - 90 * DAY_NS
    assert all(later[0] == earlier[1] for later, earlier in itertools.pairwise(windows))


def test_without_a_feed_the_whole_overlap_is_read_at_each_usual_visit():
    rested = seen(feeding=False, reread_at=NOW - REREAD_PAUSE)
    assert planned(rested).windows == ((TODAY - 30 * DAY_NS, NOW_NS + DAY_NS),)
    assert planned(rested).reread


def test_without_a_feed_a_visit_right_behind_another_reads_what_is_new():
    step = planned(seen(feeding=False, reread_at=NOW - REREAD_PAUSE + timedelta(seconds=1)))
    assert step.windows == ((TODAY, NOW_NS + DAY_NS),)
    assert not step.reread


def test_with_a_feed_that_is_caught_up_nothing_is_read_again_within_a_day():
    assert planned(seen(feeding=True)).windows == ()
    assert planned(seen(feeding=True), now=NOW + timedelta(hours=23, minutes=59)).windows == ()
    assert len(planned(seen(feeding=True), now=NOW + timedelta(hours=24)).windows) == 1


def test_the_overlap_reaches_no_further_back_than_what_was_read_before():
    near = seen(reread_at=None, reached_ns=TODAY - 3 * DAY_NS, floor_ns=TODAY - 3 * DAY_NS)
    assert planned(near).windows[0][0] == TODAY - 3 * DAY_NS


def test_after_a_long_silence_the_gap_and_what_may_still_come_late_behind_it_are_read():
    cursor_ns = TODAY - 60 * DAY_NS + 5
    step = planned(seen(cursor_ns=cursor_ns, reached_ns=TODAY - 200 * DAY_NS, floor_ns=TODAY - 200 * DAY_NS))
    assert step.windows == ((TODAY - 14 * DAY_NS, NOW_NS + DAY_NS),)
    assert step.floor_ns == TODAY - 90 * DAY_NS


def test_a_silence_before_history_was_read_to_its_end_does_not_cut_it_short():
    cursor_ns = TODAY - 60 * DAY_NS + 5
    step = planned(seen(cursor_ns=cursor_ns, reached_ns=TODAY - 80 * DAY_NS, floor_ns=TODAY - 200 * DAY_NS))
    assert step.floor_ns == TODAY - 200 * DAY_NS


def test_all_history_stops_where_nothing_is_believed_any_more():
    assert planned(KindLink(), reach=Reach(36500, 15, 30)).floor_ns == EARLIEST_NS


def test_slices_that_held_nothing_make_the_next_one_larger():
    far = seen(floor_ns=EARLIEST_NS, feeding=True, quiet=3)
    assert planned(far).windows == ((TODAY - (90 + 120) * DAY_NS, TODAY - 90 * DAY_NS),)


@given(
    st.integers(min_value=1, max_value=400),
    st.integers(min_value=1, max_value=60),
    st.integers(min_value=0, max_value=5),
)
def test_every_way_back_ends_at_the_floor(backfill, slice_days, quiet):
    link, steps = KindLink(quiet=quiet), 0
    reach = Reach(backfill, slice_days, 30)
    while link.reached_ns is None or link.reached_ns > link.floor_ns:
        step = planned(link, reach=reach)
        link = msgspec.structs.replace(link, reached_ns=step.reached_ns, floor_ns=step.floor_ns, cursor_ns=NOW_NS)
        steps += 1
        assert steps <= backfill // slice_days + 2


# ---------------------------------------------------------------- what is too much for one visit


def taken(link, step, since):
    """The kind after the visit: of each window the part from `since(window)` on was read."""
    reads = [Read(Window(since(*window), window[1]), weights(), []) for window in step.windows]
    done = carried_out(step, link, reads)
    return done, msgspec.structs.replace(
        link,
        reached_ns=done.reached_ns,
        floor_ns=done.floor_ns,
        rereading_ns=done.rereading_ns,
        reread_at=NOW if done.reread and done.rereading_ns is None else link.reread_at,
        cursor_ns=NOW_NS,
    )


@pytest.mark.parametrize("feeding", [True, False])
@pytest.mark.parametrize("days_a_visit", [2, 7, 29])
def test_reading_again_goes_on_where_it_was_cut_and_history_is_left_alone(feeding, days_a_visit):
    link = seen(feeding=feeding, reread_at=None)
    covered, visits = set(), 0
    while visits == 0 or link.rereading_ns is not None:
        step = planned(link)
        bounds: list[tuple[int, int]] = []

        def since(start_ns, end_ns, bounds=bounds):
            bounds.append((max(start_ns, end_ns - days_a_visit * DAY_NS), end_ns))
            return bounds[-1][0]

        done, link = taken(link, step, since)
        covered |= {day for a, b in bounds for day in range(a // DAY_NS, -(-b // DAY_NS))}
        assert link.reached_ns == link.floor_ns == TODAY - 90 * DAY_NS
        assert link.reread_at == (None if done.rereading_ns else NOW)
        visits += 1
        assert visits <= 30 // days_a_visit + 2
    assert covered >= set(range((TODAY - 30 * DAY_NS) // DAY_NS, NOW_NS // DAY_NS + 1))
    assert not planned(link).waits
    assert planned(link).windows == (() if feeding else ((TODAY, NOW_NS + DAY_NS),)), "that is all for a while"


def test_while_reading_again_what_is_new_is_read_too_where_no_feed_tells_of_it():
    under_way = seen(rereading_ns=TODAY - 9 * DAY_NS)
    assert planned(under_way).windows == (
        (TODAY, NOW_NS + DAY_NS),
        (TODAY - 30 * DAY_NS, TODAY - 9 * DAY_NS),
    )
    told = msgspec.structs.replace(under_way, feeding=True)
    assert planned(told).windows == ((TODAY - 30 * DAY_NS, TODAY - 9 * DAY_NS),)


def test_a_gap_above_what_was_stored_before_is_read_as_history():
    link = seen(cursor_ns=TODAY - 6 * DAY_NS, feeding=False)
    done, after = taken(link, planned(link), lambda start, end: max(start, end - 4 * DAY_NS))
    assert (done.reached_ns, done.rereading_ns) == (NOW_NS - 3 * DAY_NS, None)
    assert planned(after).windows[-1][1] == NOW_NS - 3 * DAY_NS


# ---------------------------------------------------------------- what was fetched, by day


def weights(*at_ns):
    n = len(at_ns)
    return Points(Kind.WEIGHT, list(at_ns), list(at_ns), [1] * n, ["raw:x"] * n, [[60.0] * n], [""] * n)


def test_a_window_speaks_for_each_of_its_days_those_without_points_included():
    window = Window(TODAY - 2 * DAY_NS, TODAY + DAY_NS)
    news = news_by_day(Kind.WEIGHT, [], [Read(window, weights(TODAY + 5), [])])
    assert sorted(news) == [dt.date(2026, 11, 21), dt.date(2026, 11, 22), dt.date(2026, 11, 23)]
    assert all(one.whole is not None and one.changes[0].whole is not None for one in news.values())
    lengths = {on.day: len(one.whole.points) for on, one in news.items() if one.whole}
    assert lengths == {21: 0, 22: 0, 23: 1}


def test_a_feed_speaks_for_the_points_it_names_only():
    gone = Gone(Identity("", "raw:x", TODAY - DAY_NS, TODAY - DAY_NS), TODAY - DAY_NS)
    feed = Feed(weights(TODAY + 5), [gone], [], "token", caught_up=True)
    news = news_by_day(Kind.WEIGHT, [feed], [])
    assert sorted(news) == [dt.date(2026, 11, 22), dt.date(2026, 11, 23)]
    assert news[dt.date(2026, 11, 22)].changes[0].deleted == [gone.identity]
    assert all(one.whole is None for one in news.values())


def test_what_a_feed_says_comes_before_the_window_that_is_the_truth():
    feed = Feed(weights(TODAY + 5), [], [], "token", caught_up=True)
    read = Read(Window(TODAY, TODAY + DAY_NS), weights(TODAY + 5, TODAY + 6), [])
    (day,) = news_by_day(Kind.WEIGHT, [feed], [read]).values()
    assert [change.whole is not None for change in day.changes] == [False, True]


def test_a_night_told_by_the_feed_leaves_the_days_beside_it():
    night = Points(Kind.SLEEP, [TODAY + 5], [TODAY + 6], [1], ["app"], [[SESSION]], ["night-1"])
    news = news_by_day(Kind.SLEEP, [Feed(night, [], [], "token", caught_up=True)], [])
    beside = [dt.date(2026, 11, 22), dt.date(2026, 11, 24)]
    assert [news[on].changes[0].deleted for on in beside] == [[Identity("night-1", "", 0, 0)]] * 2


def test_a_day_of_sleep_is_whole_with_its_nights_and_its_stages():
    night = Points(Kind.SLEEP, [TODAY + 5], [TODAY + 9], [1], ["app"], [[SESSION]], ["night-1"])
    stage = Points(Kind.SLEEP, [TODAY + 5], [TODAY + 7], [1], ["raw"], [[4]], [""])
    reads = [
        Read(Window(TODAY, TODAY + DAY_NS, Rows.SESSIONS), night, []),
        Read(Window(TODAY, TODAY + DAY_NS, Rows.SEGMENTS), stage, []),
    ]
    (day,) = news_by_day(Kind.SLEEP, [], reads).values()
    assert day.whole is not None
    assert len(day.whole.points) == 2


@given(st.dictionaries(st.dates(dt.date(1970, 1, 1), dt.date(2100, 1, 1)), st.binary(min_size=8, max_size=8)))
def test_fingerprints_are_kept_as_they_are(of):
    prints = Fingerprints(b"")
    for on, value in of.items():
        prints.set(on, value)
    again = Fingerprints(prints.packed(dt.date(1970, 1, 1)))
    assert {on: again.get(on) for on in of} == of


def test_fingerprints_of_days_that_are_not_read_again_are_forgotten():
    prints = Fingerprints(b"")
    prints.set(dt.date(2026, 10, 1), b"12345678")
    prints.set(dt.date(2026, 11, 1), b"abcdefgh")
    kept = Fingerprints(prints.packed(dt.date(2026, 10, 15)))
    assert (kept.get(dt.date(2026, 10, 1)), kept.get(dt.date(2026, 11, 1))) == (None, b"abcdefgh")


# ---------------------------------------------------------------- when to come back


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_a_good_fetch_comes_back_within_the_interval(jitter):
    wait = next_sync_at(NOW, interval_s=3600, failures=0, retry_after_s=None, jitter=jitter) - NOW
    assert timedelta(minutes=54) <= wait <= timedelta(minutes=60)


def test_faults_come_back_sooner_then_ever_later_and_never_later_than_the_interval():
    waits = [
        (next_sync_at(NOW, interval_s=3600, failures=n, retry_after_s=None, jitter=0.5) - NOW).total_seconds()
        for n in range(1, 40)
    ]
    assert waits[0] <= 120
    assert waits == sorted(waits)
    assert waits[-1] <= 3600


def test_what_the_provider_asked_for_is_honoured():
    assert next_sync_at(NOW, interval_s=3600, failures=1, retry_after_s=7200, jitter=0.0) == NOW + timedelta(hours=2)
