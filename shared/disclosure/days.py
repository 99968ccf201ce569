"""Days as a request for disclosure counts them: civil days and business days in Japan, and the periods made of them.

A civil date is what the calendar on a Japanese wall says (JST, nine hours ahead of UTC all year round). Periods
follow the Civil Code (民法, read November 2026): the first day does not count (art. 140), a period ends with the end of
its last day (art. 141), months and years follow the calendar (art. 143).
"""

import datetime as dt
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import msgspec

from shared.errors import InvalidInput

JST = dt.timezone(dt.timedelta(hours=9), "JST")
YEAR_END = ("12-29", "12-30", "12-31", "01-01", "01-02", "01-03")
"""When authorities are closed around New Year (行政機関の休日に関する法律 art. 1), and with them most offices."""
LEGAL_DAYS = 14
"""Two weeks after a request arrived its sender may go to court (個人情報保護法 art. 39)."""
REMINDER_DAYS = (7, 10, 13)
FIRST_YEAR, LAST_YEAR = 1868, 2199
"""Between the first of the eras that papers name (明治) and the days that anything could be meant to last."""
_DAY = dt.timedelta(days=1)


def civil_date(at: dt.datetime) -> dt.date:
    """Which day it is in Japan at the instant `at`. Raises ValueError: `at` has no zone."""
    if at.tzinfo is None:
        raise ValueError("an instant has a zone")
    return at.astimezone(JST).date()


def begins_at(on: dt.date) -> dt.datetime:
    """The instant, in UTC, at which the civil day begins in Japan."""
    return dt.datetime.combine(on, dt.time(), JST).astimezone(dt.UTC)


def ends_at(on: dt.date) -> dt.datetime:
    """The first instant, in UTC, that no longer belongs to the civil day: its end as art. 141 means it."""
    return begins_at(on + _DAY)


def is_business_day(on: dt.date, closed: Collection[str] = YEAR_END) -> bool:
    """Whether the window is open: neither weekend, nor holiday, nor closed by the company.

    `closed` names days as MM-DD, for every year, or YYYY-MM-DD. Holidays are those of 国民の祝日に関する法律 with their
    substitutes (振替休日) and the days between two of them (国民の休日), as the `holidays` package knows them until
    2099; from the year after next on, the equinoxes are astronomers' forecasts, not yet announced.
    """
    return (
        on.weekday() < 5
        and on not in _holidays(on.year)
        and on.isoformat() not in closed
        and f"{on:%m-%d}" not in closed
    )


def business_days_after(on: dt.date, days: int, closed: Collection[str] = YEAR_END) -> dt.date:
    """The `days`th business day (from 1) after `on`, which itself does not count, open or not."""
    if days < 1:
        raise ValueError("at least one day")
    while days:
        on += _DAY
        days -= is_business_day(on, closed)
    return on


def year_after(on: dt.date) -> dt.date:
    """The last day of the one year that an event on `on` begins: with its end the year is over.

    The year runs from the day after (art. 140) to the day before the one that corresponds to that in the next year,
    or, where that year has no such day, to the last day of the month (art. 143 II). So after 28 February 2027 it ends
    with 29 February 2028, and after both 28 and 29 February 2028 with 28 February 2029.
    """
    first = on + _DAY
    try:
        return first.replace(year=first.year + 1) - _DAY
    except ValueError:  # 29 February, in a year that has none
        return dt.date(first.year + 1, 2, 28)


def lapses_on(since: dt.date, days: int) -> dt.date:
    """The last day of a period of `days` civil days after `since`: with its end, what was waited for has lapsed."""
    return since + days * _DAY


def days_left(until: dt.date, at: dt.datetime) -> int:
    """How many days there are after today: 0 on the last day itself, negative when it is over."""
    return (until - civil_date(at)).days


class Deadlines(msgspec.Struct, frozen=True):
    """The legal clock of a request that arrived on `arrived_on`, a civil date in Japan.

    It is the shortest reading of the law: a last day on a holiday is not moved (as art. 142 might), and nothing stops
    or extends it, neither a defect that is being put right nor a notice of delay.
    """

    arrived_on: dt.date

    @property
    def due_on(self) -> dt.date:
        """The last day on which an answer is in time."""
        return lapses_on(self.arrived_on, LEGAL_DAYS)

    @property
    def due_at(self) -> dt.datetime:
        """The instant from which an answer is late."""
        return ends_at(self.due_on)

    @property
    def reminders(self) -> Mapping[int, dt.date]:
        """The dates on which to remind, by the day of the clock: 7, 10 and 13."""
        return {day: lapses_on(self.arrived_on, day) for day in REMINDER_DAYS}

    def reminders_due(self, at: dt.datetime) -> tuple[int, ...]:
        """The reminders whose day has come, today's included."""
        today = civil_date(at)
        return tuple(day for day, on in self.reminders.items() if on <= today)

    def days_left(self, at: dt.datetime) -> int:
        """As `days_left`, until the last day."""
        return days_left(self.due_on, at)

    def overdue(self, at: dt.datetime) -> bool:
        """Whether the last day is over."""
        return at >= self.due_at


@cache
def _holidays(year: int) -> frozenset[dt.date]:
    from holidays.countries.japan import Japan

    return frozenset(Japan(years=year))


def check_days(value: Any) -> None:
    """Raises InvalidInput `date_unfit`: somewhere in `value`, a struct, stands a day that nobody means, and that
    counting days from could leave the calendar by."""
    if isinstance(value, dt.date):
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise InvalidInput("date_unfit", f"between {FIRST_YEAR} and {LAST_YEAR}")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            check_days(getattr(value, name))
    elif isinstance(value, tuple | list | frozenset):
        for one in value:
            check_days(one)
