import datetime as dt
from math import fsum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.measurement.civil import DAY_NS, SECOND_NS, ZoneChange, ZoneTimeline
from shared.measurement.model import FIELDS, Points
from shared.measurement.summary import Spread
from shared.measurement.tally import tally_of
from shared.vocabulary import Kind

D = dt.date
DAY = D(2026, 11, 22)
WATCH = "derived:watch"
HAND = "raw:com.google.weight:com.google.android.apps.fitness:user_input"
MINUTE_NS = 60 * SECOND_NS


def ns(text):
    return int(dt.datetime.fromisoformat(text).timestamp()) * SECOND_NS


def points(kind, *rows):
    """Points of (start, end, origin, values…), in order; times as RFC 3339 or nanoseconds."""
    told = []
    for start, end, origin, *values in rows:
        times = [at if isinstance(at, int) else ns(at) for at in (start, end)]
        told.append((*times, origin, values + [None] * (len(FIELDS[kind]) - len(values))))
    told.sort(key=lambda row: row[:3])
    columns = [[row[3][at] for row in told] for at in range(len(FIELDS[kind]))]
    none = [0] * len(told)
    return Points(
        kind, [r[0] for r in told], [r[1] for r in told], none, [r[2] for r in told], columns, [""] * len(told)
    )


def days(kind, *rows, zone="Asia/Tokyo", first=DAY, last=None) -> list[Any]:
    zones = zone if isinstance(zone, ZoneTimeline) else ZoneTimeline.of(zone)
    tally = tally_of(kind, zones, first, last or first)
    tally.add(points(kind, *rows))
    return tally.summaries()


def at(time, origin, *values, day="2026-11-22"):
    return (f"{day}T{time}+09:00", f"{day}T{time}+09:00", origin, *values)


def test_heart_rate_is_counted_and_spread_within_the_persons_own_day():
    (day,) = days(
        Kind.HEART_RATE,
        at("00:00", WATCH, 50.0),
        at("23:59:59", HAND, 71.0),
        at("12:00", WATCH, 65.0),
        at("23:59:59", WATCH, 200.0, day="2026-11-21"),
        at("00:00", WATCH, 200.0, day="2026-11-23"),
    )
    assert (day.on, day.points, day.entered_by_hand, day.bpm) == (DAY, 3, 1, Spread(50, 62, 71))


def test_glucose_is_told_in_both_units_with_the_factor_between_them():
    (day,) = days(Kind.BLOOD_GLUCOSE, at("07:00", WATCH, 5.0, 2), at("09:00", WATCH, 8.0, 4))
    assert day.mmol_per_l == Spread(5.0, 6.5, 8.0)
    assert day.mg_per_dl == Spread(90.0, 117.0, 144.0)
    assert day.mg_per_dl_per_mmol_per_l == 18.0


def test_blood_pressure_is_told_of_whole_pairs_only():
    (day,) = days(
        Kind.BLOOD_PRESSURE, at("07:00", WATCH, 120.0, 80.0), at("08:00", HAND, 130.0, 84.0), at("09:00", WATCH, 190.0)
    )
    assert (day.points, day.pairs, day.entered_by_hand) == (3, 2, 1)
    assert (day.systolic_mmhg, day.diastolic_mmhg) == (Spread(120, 125, 130), Spread(80, 82, 84))


def test_weight_is_the_last_of_the_day_whatever_document_it_stands_in():
    documents = [points(Kind.WEIGHT, at(time, WATCH, kg)) for time, kg in [("22:00", 70.5), ("06:00", 69.5)]]
    told = []
    for order in (documents, documents[::-1]):
        tally = tally_of(Kind.WEIGHT, ZoneTimeline.of("Asia/Tokyo"), DAY, DAY)
        for document in order:
            tally.add(document)
        told.append(tally.summaries())
    day: Any
    (day,) = told[0]
    assert told[0] == told[1]
    assert (day.last_kg, day.last_at, day.min_kg, day.max_kg) == (70.5, "2026-11-22T22:00:00+09:00", 69.5, 70.5)


@pytest.mark.parametrize(("kind", "name"), [(Kind.BODY_TEMPERATURE, "celsius"), (Kind.OXYGEN_SATURATION, "percent")])
def test_temperature_and_saturation_are_spread(kind, name):
    (day,) = days(kind, at("07:00", WATCH, 36.0), at("19:00", WATCH, 37.0))
    assert getattr(day, name) == Spread(36.0, 36.5, 37.0)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_day_without_points_has_no_summary(kind):
    assert days(kind) == []


def test_a_mean_loses_nothing_between_documents():
    tally = tally_of(Kind.HEART_RATE, ZoneTimeline.of("Asia/Tokyo"), DAY, DAY)
    for time, value in [("01:00", 2.0**53), ("02:00", 1.0), ("03:00", 1.0), ("04:00", 2.0)]:
        tally.add(points(Kind.HEART_RATE, at(time, WATCH, value)))
    told: list[Any] = tally.summaries()
    assert told[0].bpm.mean == (2**53 + 4) / 4


def test_a_day_without_a_complete_reading_has_no_summary():
    assert days(Kind.BLOOD_PRESSURE, at("07:00", WATCH, 120.0)) == []


def test_steps_over_midnight_are_shared_by_time_to_the_last_step():
    over = ("2026-11-22T23:50+09:00", "2026-11-23T00:20+09:00", WATCH, 100)
    told = days(Kind.STEPS, over, last=D(2026, 11, 23))
    assert [(day.on.day, day.steps, day.points) for day in told] == [(22, 33, 1), (23, 67, 1)]
    assert days(Kind.STEPS, over, first=D(2026, 11, 23)) == told[1:]


def test_steps_that_end_at_midnight_belong_to_the_day_before_alone():
    told = days(Kind.STEPS, ("2026-11-22T23:50+09:00", "2026-11-23T00:00+09:00", HAND, 9), last=D(2026, 11, 23))
    assert [(day.on, day.steps, day.entered_by_hand) for day in told] == [(DAY, 9, 1)]


def test_steps_of_no_length_belong_to_the_moment_they_were_made():
    midnight = "2026-11-23T00:00+09:00"
    (day,) = days(Kind.STEPS, (midnight, midnight, WATCH, 9), last=D(2026, 11, 23))
    assert (day.on, day.steps) == (D(2026, 11, 23), 9)


def test_steps_across_a_zone_change_are_shared_where_the_date_changes():
    # An hour of the 22nd, an hour of the 23rd since Tokyo's midnight, and two of Honolulu's 22nd since landing.
    landed = dt.datetime(2026, 11, 22, 16, tzinfo=dt.UTC)
    person = ZoneTimeline.of("Asia/Tokyo").add(landed, "Pacific/Honolulu")
    flight = ("2026-11-22T14:00Z", "2026-11-22T18:00Z", WATCH, 400)
    told = days(Kind.STEPS, flight, zone=person, last=D(2026, 11, 23))
    assert [(day.on.day, day.steps, day.points) for day in told] == [(22, 300, 1), (23, 100, 1)]


ZONES = ["Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"]
MOMENTS = st.datetimes(dt.datetime(2010, 10, 20), dt.datetime(2010, 11, 20), timezones=st.just(dt.UTC))
PEOPLE = st.lists(st.tuples(MOMENTS, st.sampled_from(ZONES)), min_size=1, max_size=5).map(
    lambda told: ZoneTimeline(tuple(ZoneChange(*change) for change in told))
)
STARTS = st.integers(ns("2010-10-25T00:00Z"), ns("2010-11-15T00:00Z"))
WALKS = st.lists(
    st.builds(
        lambda start, length, count: (start, start + length, WATCH, count),
        STARTS,
        st.one_of(st.just(0), st.integers(1, 3 * DAY_NS), st.integers(1, 99)),
        st.integers(0, 1_000_000),
    ),
    max_size=20,
)


@given(PEOPLE, WALKS)
def test_the_days_steps_add_up_to_the_points_steps_exactly(person, walks):
    told = days(Kind.STEPS, *walks, zone=person, first=D(2010, 10, 20), last=D(2010, 11, 25))
    assert sum(day.steps for day in told) == sum(count for *_, count in walks)
    assert all(day.steps >= 0 for day in told)


@given(PEOPLE, WALKS, st.integers(0, 20))
def test_a_days_steps_do_not_depend_on_the_days_asked_for(person, walks, after):
    on = D(2010, 10, 25) + dt.timedelta(days=after)
    told = days(Kind.STEPS, *walks, zone=person, first=D(2010, 10, 20), last=D(2010, 11, 25))
    assert days(Kind.STEPS, *walks, zone=person, first=on) == [day for day in told if day.on == on]


VALUES = st.floats(1, 300) | st.sampled_from([0.1, 1e-9, 299.99999999999994])


@given(PEOPLE, st.lists(st.tuples(STARTS, VALUES), max_size=40), st.integers(1, 5), st.randoms(use_true_random=False))
def test_summaries_do_not_depend_on_order_or_on_how_points_are_spread_over_documents(person, beats, pieces, random):
    rows = [(start, start, WATCH, value) for start, value in beats]
    first, last = D(2010, 10, 20), D(2010, 11, 25)
    random.shuffle(rows)
    tally = tally_of(Kind.HEART_RATE, person, first, last)
    for at in range(pieces):
        tally.add(points(Kind.HEART_RATE, *rows[at::pieces]))
    told: list[Any] = tally.summaries()
    assert told == days(Kind.HEART_RATE, *rows, zone=person, first=first, last=last)
    assert sum(day.points for day in told) == len(rows)
    for day in told:
        values = [value for start, _, _, value in rows if person.civil_day_of(start) == day.on]
        assert day.bpm.mean == pytest.approx(fsum(values) / len(values), rel=1e-15)
        assert (day.bpm.min, day.bpm.max) == (min(values), max(values))
        assert day.bpm.min <= day.bpm.mean <= day.bpm.max
