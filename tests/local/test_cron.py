"""When schedules fire."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.cron import Cron

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "instant", "expected"),
    [
        ("*/5 * * * *", TOKYO, "2026-11-22T09:32:10", "2026-11-22T09:35"),
        ("*/5 * * * *", TOKYO, "2026-11-22T09:35", "2026-11-22T09:40"),
        ("0 3 * * *", TOKYO, "2026-11-22T09:32", "2026-11-22T18:00"),
        ("30 23 31 12 *", TOKYO, "2026-11-22T09:32", "2026-12-31T14:30"),
        ("0 0 29 2 *", TOKYO, "2026-11-22T09:32", "2028-02-28T15:00"),
        ("0 9 * * 1-5", TOKYO, "2026-11-20T09:32", "2026-11-23T00:00"),
        ("0 9 * * 0", TOKYO, "2026-11-20T09:32", "2026-11-22T00:00"),
        ("0 9 * * 7", TOKYO, "2026-11-20T09:32", "2026-11-22T00:00"),
        ("0 0 13 * 5", TOKYO, "2026-11-22T09:32", "2026-11-26T15:00"),
        ("5,35 10-12/2 * * *", TOKYO, "2026-11-22T01:05", "2026-11-22T01:35"),
        ("10/20 * * * *", TOKYO, "2026-11-22T09:32", "2026-11-22T09:50"),
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", "2026-03-30T00:30"),
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", "2026-10-25T00:30"),
        ("30 2 * * *", BERLIN, "2026-10-25T00:30", "2026-10-26T01:30"),
    ],
)
def test_the_next_firing_is_the_first_after_the_instant(
    expression: str, zone: ZoneInfo, instant: str, expected: str
) -> None:
    assert Cron(expression, zone).after(utc(instant)) == utc(expected)


@pytest.mark.parametrize(
    "expression", ["* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "a * * * *"]
)
def test_what_is_not_a_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"fields|outside|invalid|refused"):
        Cron(expression, TOKYO)


def test_a_day_that_never_comes_is_refused_when_asked_for() -> None:
    with pytest.raises(ValueError, match="never"):
        Cron("0 0 30 2 *", TOKYO).after(utc("2026-11-22"))


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)), st.integers(1, 59))
def test_every_so_many_minutes_means_no_longer_a_wait_than_that(instant: datetime, minutes: int) -> None:
    at = instant.replace(tzinfo=UTC)
    firing = Cron(f"*/{minutes} * * * *", TOKYO).after(at)
    assert timedelta(0) < firing - at <= timedelta(minutes=minutes)
    assert firing.minute % minutes == 0
