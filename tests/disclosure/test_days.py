from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import ManualClock
from shared.disclosure import acts as a
from shared.disclosure.agents import Agent, AgentKind
from shared.disclosure.days import (
    JST,
    YEAR_END,
    Deadlines,
    begins_at,
    business_days_after,
    check_days,
    civil_date,
    days_left,
    ends_at,
    is_business_day,
    lapses_on,
    year_after,
)
from shared.disclosure.evidence import Document, Paper
from shared.disclosure.model import Scope
from shared.errors import InvalidInput

DATES = st.dates(date(2000, 1, 1), date(2090, 12, 31))
MIDNIGHT = datetime(2026, 11, 24, 15, tzinfo=UTC)  # the 25th begins in Japan
MOMENT = timedelta(microseconds=1)


def test_a_civil_day_turns_at_midnight_in_japan():
    assert civil_date(MIDNIGHT - MOMENT) == date(2026, 11, 24)
    assert civil_date(MIDNIGHT) == date(2026, 11, 25)
    assert begins_at(date(2026, 11, 25)) == MIDNIGHT == ends_at(date(2026, 11, 24))
    assert begins_at(date(2026, 11, 25)).tzinfo is UTC


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        civil_date(datetime(2026, 11, 25))


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 11, 28), "Saturday"),
        (date(2026, 11, 29), "Sunday"),
        (date(2026, 11, 23), "a holiday"),
        (date(2026, 5, 6), "stands in for Sunday 3 May, as 4 and 5 May are holidays themselves"),
        (date(2027, 3, 22), "stands in for an equinox on Sunday"),
        (date(2026, 9, 22), "between two holidays"),
        (date(2019, 4, 30), "between two holidays, once"),
        (date(2019, 5, 1), "accession to the throne"),
        (date(2021, 7, 22), "moved for the Olympics"),
        (date(2026, 12, 29), "the company's closing day"),
        (date(2027, 1, 1), "New Year"),
    ],
)
def test_the_window_is_closed(day: date, why: str):
    assert not is_business_day(day), why


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 12, 28), date(2027, 1, 4), date(2021, 7, 19)])
def test_the_window_is_open(day: date):
    assert is_business_day(day)


def test_closing_days_are_the_companys_own():
    assert is_business_day(date(2026, 12, 29), closed=())
    assert not is_business_day(date(2027, 1, 1), closed=())
    summer = (*YEAR_END, "2027-08-13")
    assert not is_business_day(date(2027, 8, 13), closed=summer)
    assert is_business_day(date(2029, 8, 13), closed=summer)


@pytest.mark.parametrize(
    ("on", "days", "then"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 24)),  # over a weekend and a holiday
        (date(2026, 11, 20), 3, date(2026, 11, 26)),
        (date(2026, 11, 21), 1, date(2026, 11, 24)),  # from a Saturday
        (date(2026, 12, 28), 1, date(2027, 1, 4)),  # over New Year
        (date(2026, 12, 25), 3, date(2027, 1, 5)),
        (date(2026, 5, 1), 1, date(2026, 5, 7)),  # Golden Week with its substitute
        (date(2026, 9, 18), 2, date(2026, 9, 25)),  # Silver Week
    ],
)
def test_business_days_are_counted_from_the_next_one(on: date, days: int, then: date):
    assert business_days_after(on, days) == then


def test_no_business_day_is_none_after():
    with pytest.raises(ValueError, match="one day"):
        business_days_after(date(2026, 11, 20), 0)


@given(DATES, st.integers(1, 15))
def test_exactly_so_many_business_days_lie_between(on: date, days: int):
    then = business_days_after(on, days)
    between = [on + timedelta(days=n) for n in range(1, (then - on).days + 1)]
    assert sum(map(is_business_day, between)) == days
    assert is_business_day(then)


@pytest.mark.parametrize(
    ("event", "last"),
    [
        (date(2026, 11, 25), date(2027, 11, 25)),
        (date(2027, 2, 28), date(2028, 2, 29)),
        (date(2028, 2, 27), date(2029, 2, 27)),
        (date(2028, 2, 28), date(2029, 2, 28)),
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2028, 3, 1), date(2029, 3, 1)),
        (date(2026, 12, 31), date(2027, 12, 31)),
        (date(2099, 2, 28), date(2100, 2, 28)),
    ],
)
def test_a_year_follows_the_civil_code(event: date, last: date):
    assert year_after(event) == last


@given(DATES)
def test_a_year_is_never_short_of_its_days_and_never_a_day_too_long(event: date):
    assert (year_after(event) - event).days in (365, 366)
    assert year_after(event) <= year_after(event + timedelta(days=1))


def test_a_period_of_days_ends_with_its_last_day():
    assert lapses_on(date(2026, 11, 25), 30) == date(2026, 12, 25)
    assert lapses_on(date(2027, 12, 1), 90) == date(2028, 2, 29)


def test_days_left_turn_at_midnight_in_japan():
    until = date(2026, 11, 25)
    assert days_left(until, MIDNIGHT - MOMENT) == 1
    assert days_left(until, MIDNIGHT) == 0
    assert days_left(until, MIDNIGHT + timedelta(days=1)) == -1


def test_the_legal_clock_as_it_passes():
    """A letter that arrives in the last second of 25 November has until the end of 9 December."""
    clock = ManualClock(datetime(2026, 11, 25, 23, 59, 59, tzinfo=JST))
    deadlines = Deadlines(civil_date(clock.now()))
    assert deadlines.due_on == date(2026, 12, 9)
    seen = []
    for _ in range(16):
        seen.append((deadlines.days_left(clock.now()), deadlines.reminders_due(clock.now())))
        clock.advance(timedelta(days=1))
    assert [left for left, _ in seen] == list(range(14, -2, -1))
    assert [due for _, due in seen] == [()] * 7 + [(7,)] * 3 + [(7, 10)] * 3 + [(7, 10, 13)] * 3


def test_an_answer_is_late_from_midnight_after_the_last_day():
    deadlines = Deadlines(date(2026, 11, 25))
    midnight = datetime(2026, 12, 10, tzinfo=JST)
    assert not deadlines.overdue(midnight - MOMENT)
    assert deadlines.overdue(midnight)
    assert deadlines.due_at == midnight


def test_reminders_are_civil_dates_even_on_holidays():
    assert Deadlines(date(2026, 12, 22)).reminders == {
        7: date(2026, 12, 29),
        10: date(2027, 1, 1),
        13: date(2027, 1, 4),
    }


@pytest.mark.parametrize("day", [date(1867, 12, 31), date(2200, 1, 1), date.min, date.max])
def test_days_that_nobody_means_are_refused_wherever_they_stand(day):
    with pytest.raises(InvalidInput, match="date_unfit"):
        check_days(a.FixScope(item="1", scope=Scope(first=day)))
    today = date(2026, 11, 24)
    paper = Document(paper=Paper.PASSPORT, received_on=today, good_until=day)
    within = a.RecordAgency(agency=Agent(kind=AgentKind.PARENT, received_on=today, papers=(paper,)))
    with pytest.raises(InvalidInput, match="date_unfit"):
        check_days(within)


def test_days_that_somebody_may_mean_are_taken():
    check_days(a.FixScope(item="1", scope=Scope(first=date(1868, 1, 1), last=date(2199, 12, 31))))
