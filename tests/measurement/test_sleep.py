import datetime as dt
from typing import Any

import pytest

from shared.measurement.civil import SECOND_NS, ZoneTimeline
from shared.measurement.model import SESSION, Points
from shared.measurement.sleep import SleepTally
from shared.vocabulary import Kind

D = dt.date
DAY = D(2026, 11, 22)
WATCH = "derived:watch"
HAND = "raw:com.google.sleep.segment:com.google.android.apps.fitness:user_input"


def ns(text):
    return int(dt.datetime.fromisoformat(text).timestamp()) * SECOND_NS


def days(*rows, zone="Asia/Tokyo", first=DAY, last=None) -> list[Any]:
    """The summaries of rows (start, end, origin, stage)."""
    told = sorted((ns(start), ns(end), origin, stage) for start, end, origin, stage in rows)
    starts, ends, origins, stages = (list(column) for column in zip(*told, strict=True))
    blank = [0] * len(told)
    tally = SleepTally(ZoneTimeline.of(zone), first, last or first)
    tally.add(Points(Kind.SLEEP, starts, ends, blank, origins, [stages], [""] * len(told)))
    return tally.summaries()


def test_a_night_counts_on_the_day_of_waking_and_the_rest_are_naps():
    told = days(
        ("2026-11-21T23:00+09:00", "2026-11-22T07:00+09:00", WATCH, SESSION),
        ("2026-11-21T23:00+09:00", "2026-11-22T01:00+09:00", WATCH, 4),
        ("2026-11-22T01:00+09:00", "2026-11-22T02:30+09:00", WATCH, 5),
        ("2026-11-22T02:30+09:00", "2026-11-22T02:40+09:00", WATCH, 1),
        ("2026-11-22T02:40+09:00", "2026-11-22T04:00+09:00", WATCH, 6),
        ("2026-11-22T04:00+09:00", "2026-11-22T04:00:30+09:00", WATCH, 3),
        ("2026-11-22T04:00:30+09:00", "2026-11-22T04:10+09:00", WATCH, 7),
        ("2026-11-22T04:10+09:00", "2026-11-22T06:00+09:00", WATCH, 2),
        ("2026-11-22T14:00+09:00", "2026-11-22T14:30+09:00", HAND, SESSION),
        ("2026-11-22T23:30+09:00", "2026-11-23T06:00+09:00", WATCH, SESSION),
    )
    (day,) = told
    assert (day.on, day.points, day.entered_by_hand) == (DAY, 9, 1)
    assert (day.main.start, day.main.end) == ("2026-11-21T23:00:00+09:00", "2026-11-22T07:00:00+09:00")
    assert (day.main.total_minutes, day.main.asleep_minutes, day.asleep_minutes) == (480, 400, 430)
    stages = day.main.stages_minutes
    assert (stages.light, stages.deep, stages.awake, stages.rem, stages.asleep_unspecified) == (120, 90, 10, 80, 110)
    assert (stages.out_of_bed, stages.unrecognised, stages.not_recorded) == (0.5, 9.5, 60)
    assert [(nap.total_minutes, nap.asleep_minutes, nap.stages_minutes, nap.origins) for nap in day.naps] == [
        (30, 30, None, (HAND,))
    ]


def test_a_night_of_the_clocks_going_back_has_its_extra_hour():
    (day,) = days(
        ("2026-10-31T23:00-04:00", "2026-11-01T07:00-05:00", WATCH, SESSION),
        zone="America/New_York",
        first=D(2026, 11, 1),
    )
    assert (day.main.total_minutes, day.main.end) == (540, "2026-11-01T07:00:00-05:00")


def test_the_longest_sleep_is_the_main_one_even_by_day():
    (day,) = days(
        ("2026-11-22T01:00+09:00", "2026-11-22T03:00+09:00", WATCH, SESSION),
        ("2026-11-22T09:00+09:00", "2026-11-22T16:00+09:00", WATCH, SESSION),
    )
    assert (day.main.total_minutes, [nap.total_minutes for nap in day.naps]) == (420, [120])


@pytest.mark.parametrize(("seconds", "minutes"), [(29, 0.48), (30, 0.5), (90, 1.5), (3, 0.05)])
def test_minutes_are_told_to_two_decimals(seconds, minutes):
    end = dt.datetime(2026, 11, 22, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    (day,) = days(("2026-11-22T01:00+00:00", end.isoformat(), WATCH, 4), zone="UTC")
    assert day.main.stages_minutes.light == minutes


def test_waking_up_at_midnight_is_waking_up_on_the_new_day():
    (day,) = days(("2026-11-22T22:00+09:00", "2026-11-23T00:00+09:00", WATCH, SESSION), first=DAY, last=D(2026, 11, 23))
    assert day.on == D(2026, 11, 23)
