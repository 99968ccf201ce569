import datetime as dt
import zoneinfo
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidInput
from shared.measurement.civil import DAY_NS, SECOND_NS, ZoneChange, ZoneTimeline, utc_day_of

HOUR_NS = 3600 * SECOND_NS
D = dt.date
ZONES = sorted(zone for zone in zoneinfo.available_timezones() if zone not in ("localtime", "Factory"))
TRAVELLED = [
    "Asia/Tokyo",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
    "America/St_Johns",
    "America/Sao_Paulo",
]


def ns(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp()) * SECOND_NS


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def hours(zone: str, day: dt.date) -> float:
    return sum(end - start for start, end in ZoneTimeline.of(zone).span_of(day)) / HOUR_NS


instants = st.integers(ns("1972-01-01T00:00Z"), ns("2100-01-01T00:00Z"))
moments = st.datetimes(dt.datetime(1995, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC))
timelines = st.lists(st.tuples(moments, st.sampled_from(TRAVELLED)), min_size=1, max_size=6).map(
    lambda told: ZoneTimeline(tuple(ZoneChange(*change) for change in told))
)
nearby = st.integers(ns("1995-01-01T00:00Z"), ns("2030-01-01T00:00Z"))


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("America/New_York", D(2026, 3, 8), 23),
        ("America/New_York", D(2026, 11, 1), 25),
        ("America/New_York", D(2026, 7, 4), 24),
        ("Europe/London", D(2026, 3, 29), 23),
        ("Europe/London", D(2026, 10, 25), 25),
        ("Australia/Lord_Howe", D(2026, 10, 4), 23.5),
        ("Australia/Lord_Howe", D(2026, 4, 5), 24.5),
        ("Asia/Tokyo", D(2026, 3, 29), 24),
        ("Asia/Tokyo", D(2028, 2, 29), 24),
        ("Pacific/Apia", D(2011, 12, 29), 24),
        ("Pacific/Apia", D(2011, 12, 31), 24),
    ],
)
def test_a_civil_day_has_the_hours_its_zone_gives_it(zone, day, length):
    assert hours(zone, day) == length


@pytest.mark.parametrize("day", [D(2026, 3, 8), D(2026, 11, 1)])
def test_a_clock_change_within_a_day_leaves_it_in_one_piece(day):
    assert len(ZoneTimeline.of("America/New_York").span_of(day)) == 1


def test_a_zone_change_within_a_date_leaves_it_in_one_piece():
    person = ZoneTimeline.of("Europe/London").add(at("2026-06-01T12:00Z"), "Europe/Paris")
    assert person.span_of(D(2026, 6, 1)) == [(ns("2026-05-31T23:00Z"), ns("2026-06-01T22:00Z"))]


def test_tokyo_days_begin_at_fifteen_hours_utc():
    tokyo = ZoneTimeline.of("Asia/Tokyo")
    assert tokyo.span_of(D(2026, 11, 22)) == [(ns("2026-11-21T15:00Z"), ns("2026-11-22T15:00Z"))]
    assert tokyo.utc_days_covering(D(2026, 11, 22), D(2026, 11, 22)) == [D(2026, 11, 21), D(2026, 11, 22)]
    assert tokyo.civil_day_of(ns("2026-11-22T15:00Z") - 1) == D(2026, 11, 22)
    assert tokyo.civil_day_of(ns("2026-11-22T15:00Z")) == D(2026, 11, 23)


def test_a_utc_day_is_covered_by_itself_alone():
    assert ZoneTimeline.of("UTC").utc_days_covering(D(2026, 2, 28), D(2026, 3, 1)) == [D(2026, 2, 28), D(2026, 3, 1)]


def test_the_leap_day_lies_between_its_neighbours():
    london = ZoneTimeline.of("Europe/London")
    days = [piece.on for piece in london.pieces(ns("2028-02-28T12:00Z"), ns("2028-03-01T12:00Z"))]
    assert days == [D(2028, 2, 28), D(2028, 2, 29), D(2028, 3, 1)]


def test_the_date_samoa_skipped_has_no_instants_and_needs_no_documents():
    apia = ZoneTimeline.of("Pacific/Apia")
    assert apia.span_of(D(2011, 12, 30)) == []
    assert apia.utc_days_covering(D(2011, 12, 30), D(2011, 12, 30)) == []
    assert apia.span_of(D(2011, 12, 29))[0][1] == apia.span_of(D(2011, 12, 31))[0][0]


def test_a_clock_set_back_over_midnight_gives_two_dates_two_pieces_each():
    # Newfoundland until 2011: at 00:01 back to 23:01 of the day before.
    st_johns = ZoneTimeline.of("America/St_Johns")
    before, after = st_johns.span_of(D(2010, 11, 6)), st_johns.span_of(D(2010, 11, 7))
    assert [len(before), len(after)] == [2, 2]
    assert after[0][1] - after[0][0] == 60 * SECOND_NS
    assert before[0][1] == after[0][0]
    assert after[0][1] == before[1][0]
    assert before[1][1] == after[1][0]


def test_a_traveller_from_tokyo_to_honolulu_lives_one_date_twice():
    landed = "2026-11-22T08:00-10:00"
    person = ZoneTimeline.of("Asia/Tokyo").add(at(landed), "Pacific/Honolulu")
    again = person.span_of(D(2026, 11, 22))
    assert again == [
        (ns("2026-11-22T00:00+09:00"), ns("2026-11-23T00:00+09:00")),
        (ns(landed), ns("2026-11-23T00:00-10:00")),
    ]
    # In between, three hours bear the next date: the new zone was told only on landing.
    assert person.span_of(D(2026, 11, 23))[0] == (ns("2026-11-23T00:00+09:00"), ns(landed))


def test_a_traveller_the_other_way_skips_a_date():
    midnight = "2026-11-22T00:00-10:00"
    person = ZoneTimeline.of("Pacific/Honolulu").add(at(midnight), "Pacific/Kiritimati")
    assert person.civil_day_of(ns(midnight) - 1) == D(2026, 11, 21)
    assert person.civil_day_of(ns(midnight)) == D(2026, 11, 23)
    assert person.span_of(D(2026, 11, 22)) == []


def test_a_zone_told_late_moves_only_what_lies_between_it_and_the_next():
    first = ZoneTimeline.of("Asia/Tokyo").add(at("2026-06-10T00:00Z"), "Asia/Tokyo")
    told_late = first.add(at("2026-06-01T00:00Z"), "Europe/London")
    during, after = ns("2026-06-05T20:00Z"), ns("2026-06-15T20:00Z")
    assert [first.civil_day_of(during), told_late.civil_day_of(during)] == [D(2026, 6, 6), D(2026, 6, 5)]
    assert told_late.civil_day_of(after) == first.civil_day_of(after) == D(2026, 6, 16)
    assert told_late.zones_between(ns("2026-05-30T00:00Z"), during) == ("Asia/Tokyo", "Europe/London")


def test_the_first_zone_reaches_back_for_ever_and_the_same_moment_replaces():
    person = ZoneTimeline((ZoneChange(at("2026-06-01T00:00+02:00"), "Europe/Paris"),))
    assert person.zone_at(0) == "Europe/Paris"
    moved = person.add(at("2026-05-31T22:00Z"), "Europe/London")
    assert moved.changes == (ZoneChange(at("2026-05-31T22:00Z"), "Europe/London"),)


@pytest.mark.parametrize(
    "zone",
    ["", "Mars/Olympus", "America", "../../etc/passwd", "/etc/localtime", "posix/UTC", "localtime", "UTC\0", "x" * 99],
)
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(InvalidInput, match="zone_unknown"):
        ZoneTimeline.of(zone)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "Etc/GMT+9", "America/Argentina/Buenos_Aires", "EST5EDT"])
def test_every_form_of_iana_name_is_known(zone):
    assert ZoneTimeline.of(zone).zone_at(0) == zone


def test_a_moment_without_an_offset_is_refused():
    with pytest.raises(InvalidInput, match="since"):
        ZoneTimeline.of("UTC").add(dt.datetime(2026, 1, 1), "UTC")


def test_five_hundred_moves_are_kept_and_not_one_more():
    begin = at("2026-01-01T00:00Z")
    moves = [ZoneChange(begin + dt.timedelta(hours=hour), ("UTC", "Asia/Seoul")[hour % 2]) for hour in range(500)]
    full = ZoneTimeline(tuple(moves))
    assert full.add(begin, "Asia/Tokyo").zone_at(ns("2026-01-01T00:30Z")) == "Asia/Tokyo"
    with pytest.raises(InvalidInput, match="500"):
        full.add(begin - dt.timedelta(hours=1), "Asia/Seoul")
    with pytest.raises(InvalidInput):
        ZoneTimeline(())


@pytest.mark.parametrize("day", [dt.date.min, dt.date.max, D(1969, 12, 31)])
def test_dates_outside_of_time_are_refused(day):
    with pytest.raises(InvalidInput, match="query_invalid"):
        ZoneTimeline.of("UTC").span_of(day)


@pytest.mark.parametrize(
    ("instant_ns", "zone", "text"),
    [
        (ns("2026-11-22T00:00Z") + 1, "Asia/Tokyo", "2026-11-22T09:00:00.000000001+09:00"),
        (ns("2026-11-22T00:00Z") + 120_000_000, "Asia/Kathmandu", "2026-11-22T05:45:00.12+05:45"),
        (ns("2026-11-22T00:00Z"), "UTC", "2026-11-22T00:00:00+00:00"),
        (ns("2026-07-01T00:00Z"), "America/St_Johns", "2026-06-30T21:30:00-02:30"),
        (ns("1971-01-01T00:00Z"), "Africa/Monrovia", "1971-01-01T00:00:00+00:00"),
        (-1, "UTC", "1969-12-31T23:59:59.999999999+00:00"),
    ],
)
def test_times_are_written_to_the_nanosecond_with_the_persons_offset(instant_ns, zone, text):
    assert ZoneTimeline.of(zone).written(instant_ns) == text


@given(instants, st.sampled_from(ZONES))
def test_in_one_zone_the_civil_day_is_that_of_its_wall_clock(instant_ns, zone):
    wall = dt.datetime.fromtimestamp(instant_ns // SECOND_NS, zoneinfo.ZoneInfo(zone)).date()
    person = ZoneTimeline.of(zone)
    assert person.civil_day_of(instant_ns) == wall
    assert any(start <= instant_ns < end for start, end in person.span_of(wall))


@given(timelines, nearby)
def test_every_instant_belongs_to_exactly_one_civil_day(person, instant_ns):
    utc_day = utc_day_of(instant_ns)
    around = [utc_day + dt.timedelta(days=by) for by in range(-2, 3)]
    bearing = [day for day in around for start, end in person.span_of(day) if start <= instant_ns < end]
    assert bearing == [person.civil_day_of(instant_ns)]
    assert utc_day in person.utc_days_covering(bearing[0], bearing[0])


@given(timelines, nearby, st.integers(1, 12 * DAY_NS))
def test_pieces_cover_time_without_gap_or_overlap(person, start_ns, length_ns):
    pieces = person.pieces(start_ns, start_ns + length_ns)
    assert [pieces[0].start_ns, pieces[-1].end_ns] == [start_ns, start_ns + length_ns]
    assert all(before.end_ns == after.start_ns and before.on != after.on for before, after in pairwise(pieces))
    assert all(person.civil_day_of(p.start_ns) == person.civil_day_of(p.end_ns - 1) == p.on for p in pieces)


@given(timelines, nearby.map(utc_day_of), st.integers(0, 9))
def test_the_spans_of_days_are_the_pieces_of_their_range(person, first, more):
    days = [first + dt.timedelta(days=by) for by in range(more + 1)]
    together = [(piece.start_ns, piece.end_ns, piece.on) for piece in person.pieces_of(days[0], days[-1])]
    assert together == sorted((start, end, day) for day in days for start, end in person.span_of(day))


@given(st.data(), st.lists(st.tuples(moments, st.sampled_from(TRAVELLED)), min_size=1, unique_by=lambda told: told[0]))
def test_changes_may_be_told_in_any_order(data, told):
    def tell(changes):
        person = ZoneTimeline((ZoneChange(*changes[0]),))
        for since, zone in changes[1:]:
            person = person.add(since, zone)
        return person

    assert tell(told) == tell(data.draw(st.permutations(told)))
