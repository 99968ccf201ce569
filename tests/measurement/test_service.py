import base64
import datetime as dt
import json
from typing import Any

import msgspec
import pytest

from shared.consent.gate import admit_self
from shared.consent.model import Consents
from shared.errors import InvalidInput
from shared.measurement.civil import DAY_NS, SECOND_NS, ZoneTimeline, utc_day_of
from shared.measurement.model import FIELDS, SESSION, Day, Points, SetAside
from shared.measurement.service import PAGE_ROWS, Measurements
from shared.vocabulary import Kind
from tests.fakes import permit_to_store

D = dt.date
UID = "u1"
TOKYO = "Asia/Tokyo"


def ns(text):
    return int(dt.datetime.fromisoformat(text).timestamp()) * SECOND_NS


class MemoryDays:
    """Day documents, as the store keeps them: by UTC day of start, ascending. Remembers what was read."""

    def __init__(self, kind, rows=()):
        self.kind = kind
        self.rows = list(rows)
        self.set_aside = []
        self.windows = []
        self.told = []

    async def read_days(self, permit, first, last, *, growing=False):
        self.windows.append((first, last))
        kind = permit.kind
        if (permit.uid, kind) != (UID, self.kind):
            return
        for by in range((last - first).days + 1):
            on = first + dt.timedelta(days=by)
            rows = sorted(row for row in self.rows if utc_day_of(row[0]) == on)
            aside = [one for one in self.set_aside if utc_day_of(one.start_ns or 0) == on]
            if rows or aside:
                self.told.append(on)
                yield Day(on, columns(kind, rows), aside)


def columns(kind, rows):
    """Points of (start_ns, end_ns, origin, name, value)."""
    blank: list[Any] = [[None] * len(rows) for _ in FIELDS[kind][1:]]
    starts, ends, origins, names, values = (list(c) for c in zip(*rows, strict=True)) if rows else ([], [], [], [], [])
    return Points(kind, starts, ends, [0] * len(rows), origins, [values, *blank], names)


class MemoryZones:
    def __init__(self, zones):
        self._zones = zones

    async def zones(self, uid):
        return self._zones


def own(kind, uid=UID):
    return admit_self(uid, Consents(), kind)


def beats(first, count, every_s=60):
    return [(ns(first) + i * every_s * SECOND_NS,) * 2 + ("watch", "", 60.0 + i % 40) for i in range(count)]


def reading(days, zones=TOKYO):
    return Measurements(days, MemoryZones(ZoneTimeline.of(zones) if zones else None))


async def pages(service, kind, first, last, zone=None, between=lambda page: None):
    found, token = [], None
    while True:
        page = await service.points(own(kind), first, last, zone, token)
        found.append(page)
        token = page.next_page_token
        if token is None:
            return found
        between(page)


async def test_days_are_those_of_the_zone_the_person_told():
    days = MemoryDays(Kind.HEART_RATE, beats("2026-11-21T15:00Z", 1440))
    told = await reading(days).day_summaries(own(Kind.HEART_RATE), D(2026, 11, 20), D(2026, 11, 24))
    assert [(day.on, day.points) for day in told.days] == [(D(2026, 11, 22), 1440)]
    assert told.zones == (TOKYO,)
    assert days.windows == [(D(2026, 11, 19), D(2026, 11, 24))]


async def test_an_asked_zone_stands_above_the_told_one():
    days = MemoryDays(Kind.HEART_RATE, beats("2026-11-21T15:00Z", 1440))
    told = await reading(days).day_summaries(own(Kind.HEART_RATE), D(2026, 11, 21), D(2026, 11, 22), "UTC")
    assert [(day.on.day, day.points) for day in told.days] == [(21, 540), (22, 900)]
    assert told.zones == ("UTC",)


async def test_a_zone_told_late_recuts_the_days_without_touching_what_is_stored():
    days = MemoryDays(Kind.HEART_RATE, beats("2026-11-21T15:00Z", 1440))
    late = ZoneTimeline.of(TOKYO).add(dt.datetime(2026, 11, 21, 20, tzinfo=dt.UTC), "Pacific/Honolulu")
    told = await Measurements(days, MemoryZones(late)).day_summaries(
        own(Kind.HEART_RATE), D(2026, 11, 21), D(2026, 11, 22)
    )
    # Five hours of Tokyo's 22nd, fourteen of Honolulu's 21st, then five more of a 22nd.
    assert [(day.on.day, day.points) for day in told.days] == [(21, 14 * 60), (22, 10 * 60)]
    assert told.zones == (TOKYO, "Pacific/Honolulu")


async def test_what_a_person_reads_is_written_under_from_and_to():
    told = await reading(MemoryDays(Kind.WEIGHT)).day_summaries(own(Kind.WEIGHT), D(2026, 1, 1), D(2026, 1, 2))
    assert json.loads(msgspec.json.encode(told)) == {
        "kind": "weight",
        "from": "2026-01-01",
        "to": "2026-01-02",
        "zones": [TOKYO],
        "days": [],
        "set_aside": 0,
    }


async def test_steps_that_began_two_days_before_are_read_and_shared():
    walk = (ns("2026-11-20T12:00Z"), ns("2026-11-22T12:00Z"), "watch", "", 400)
    told = await reading(MemoryDays(Kind.STEPS, [walk]), "UTC").day_summaries(
        own(Kind.STEPS), D(2026, 11, 22), D(2026, 11, 22)
    )
    assert [(day.on.day, day.steps) for day in told.days] == [(22, 100)]


async def test_a_night_that_goes_on_after_the_last_day_is_not_cut_off_at_it():
    night = (ns("2026-11-22T21:00Z"), ns("2026-11-22T23:50Z"), "watch", "", 4)
    rest = (ns("2026-11-23T00:10Z"), ns("2026-11-23T06:00Z"), "watch", "", 4)
    service = reading(MemoryDays(Kind.SLEEP, [night, rest]), "UTC")
    assert (await service.day_summaries(own(Kind.SLEEP), D(2026, 11, 22), D(2026, 11, 22))).days == []
    (day,) = (await service.day_summaries(own(Kind.SLEEP), D(2026, 11, 23), D(2026, 11, 23))).days
    assert (day.main.total_minutes, day.naps) == (540, [])


async def test_a_night_of_a_day_and_a_half_is_found_from_where_it_ends():
    night = (ns("2026-11-21T18:00Z"), ns("2026-11-23T06:00Z"), "watch", "night", SESSION)
    service = reading(MemoryDays(Kind.SLEEP, [night]), "UTC")
    (day,) = (await service.day_summaries(own(Kind.SLEEP), D(2026, 11, 23), D(2026, 11, 23))).days
    assert day.main.total_minutes == 36 * 60


async def test_what_was_set_aside_on_these_days_is_counted():
    days = MemoryDays(Kind.HEART_RATE, beats("2026-11-21T20:00Z", 1))
    times = [ns("2026-11-21T15:00Z") - 1, ns("2026-11-21T15:00Z"), ns("2026-11-22T15:00Z") - 1, None]
    days.set_aside = [SetAside("impossible_value", b"{}", at, False) for at in times]
    told = await reading(days).day_summaries(own(Kind.HEART_RATE), D(2026, 11, 22), D(2026, 11, 22))
    assert told.set_aside == 2


async def test_a_date_that_was_skipped_reads_nothing():
    days = MemoryDays(Kind.HEART_RATE, beats("2011-12-30T00:00Z", 1440))
    service, skipped = reading(days, "Pacific/Apia"), D(2011, 12, 30)
    assert (await service.day_summaries(own(Kind.HEART_RATE), skipped, skipped)).days == []
    assert (await service.points(own(Kind.HEART_RATE), skipped, skipped)).points == []
    assert days.windows == []


async def test_every_point_of_the_civil_days_comes_once_and_in_order():
    rows = beats("2026-11-20T00:00Z", 6000)
    found = await pages(reading(MemoryDays(Kind.HEART_RATE, rows)), Kind.HEART_RATE, D(2026, 11, 21), D(2026, 11, 23))
    starts = [row.start for page in found for row in page.points]
    assert [len(page.points) for page in found] == [PAGE_ROWS, PAGE_ROWS, 320]
    assert starts[0] == "2026-11-21T00:00:00+09:00"
    assert starts[-1] == "2026-11-23T23:59:00+09:00"
    assert starts == sorted(set(starts))


async def test_a_page_that_is_just_full_is_the_last():
    days = MemoryDays(Kind.HEART_RATE, beats("2026-11-21T15:00Z", PAGE_ROWS, every_s=1))
    page = await reading(days).points(own(Kind.HEART_RATE), D(2026, 11, 22), D(2026, 11, 24))
    assert (len(page.points), page.next_page_token) == (PAGE_ROWS, None)


async def test_points_of_one_moment_are_told_apart_over_a_page_edge():
    start = ns("2026-11-21T15:00Z")
    rows = [(start, start, f"watch {i}", "", 60.0) for i in range(PAGE_ROWS + 5)]
    found = await pages(reading(MemoryDays(Kind.HEART_RATE, rows)), Kind.HEART_RATE, D(2026, 11, 22), D(2026, 11, 22))
    origins = [row.origin for page in found for row in page.points]
    assert len(found) == 2
    assert sorted(origins) == sorted(row[2] for row in rows)


async def test_sessions_of_the_same_times_are_told_apart_by_name():
    start = ns("2026-11-21T15:00Z")
    rows = [(start, start + DAY_NS // 3, "app", f"night {i}", SESSION) for i in range(PAGE_ROWS + 5)]
    found = await pages(reading(MemoryDays(Kind.SLEEP, rows)), Kind.SLEEP, D(2026, 11, 22), D(2026, 11, 22))
    assert len({row.name for page in found for row in page.points}) == len(rows)


async def test_what_is_stored_between_pages_neither_repeats_nor_hides_a_point():
    rows = beats("2026-11-21T15:00Z", 3000, every_s=20)
    days = MemoryDays(Kind.HEART_RATE, rows)

    def upload_late(page):
        earlier, later = beats("2026-11-21T15:00:05Z", 500, every_s=20), beats("2026-11-22T14:59:05Z", 3, every_s=1)
        days.rows += [*earlier, *later]
        days.rows.remove(rows[PAGE_ROWS - 1])  # the very point the page ended with

    found = await pages(reading(days), Kind.HEART_RATE, D(2026, 11, 22), D(2026, 11, 22), between=upload_late)
    told = [row.start for page in found for row in page.points]
    expected = [ZoneTimeline.of(TOKYO).written(row[0]) for row in [*rows, *beats("2026-11-22T14:59:05Z", 3, 1)]]
    assert sorted(told) == sorted(expected)


async def test_days_are_not_read_past_a_full_page_nor_again_before_it():
    dense = MemoryDays(Kind.HEART_RATE, beats("2026-10-31T15:00Z", 31 * 2880, every_s=30))
    page = await reading(dense).points(own(Kind.HEART_RATE), D(2026, 11, 1), D(2026, 12, 1))
    assert dense.told == [D(2026, 10, 31), D(2026, 11, 1)]
    dense.told.clear()
    await reading(dense).points(own(Kind.HEART_RATE), D(2026, 11, 1), D(2026, 12, 1), None, page.next_page_token)
    assert dense.told == [D(2026, 11, 1), D(2026, 11, 2)]
    assert dense.windows == [(D(2026, 10, 31), D(2026, 12, 1)), (D(2026, 11, 1), D(2026, 12, 1))]


@pytest.mark.parametrize(("days", "fits"), [(0, True), (30, True), (31, False), (-1, False)])
async def test_points_are_read_for_a_month_at_most(days, fits):
    service, first = reading(MemoryDays(Kind.WEIGHT)), D(2026, 1, 1)
    if fits:
        await service.points(own(Kind.WEIGHT), first, first + dt.timedelta(days=days))
    else:
        with pytest.raises(InvalidInput, match="query_invalid"):
            await service.points(own(Kind.WEIGHT), first, first + dt.timedelta(days=days))


@pytest.mark.parametrize(("days", "fits"), [(365, True), (366, False), (-1, False)])
async def test_summaries_are_told_for_a_leap_year_at_most(days, fits):
    service, first = reading(MemoryDays(Kind.WEIGHT)), D(2028, 1, 1)
    if fits:
        await service.day_summaries(own(Kind.WEIGHT), first, first + dt.timedelta(days=days))
    else:
        with pytest.raises(InvalidInput, match="query_invalid"):
            await service.day_summaries(own(Kind.WEIGHT), first, first + dt.timedelta(days=days))


async def test_without_any_zone_nothing_is_guessed():
    service = reading(MemoryDays(Kind.WEIGHT), zones=None)
    with pytest.raises(InvalidInput, match="zone_missing"):
        await service.day_summaries(own(Kind.WEIGHT), D(2026, 1, 1), D(2026, 1, 1))
    with pytest.raises(InvalidInput, match="zone_unknown"):
        await service.points(own(Kind.WEIGHT), D(2026, 1, 1), D(2026, 1, 1), "Mars/Olympus")


@pytest.fixture
async def token():
    days = MemoryDays(Kind.HEART_RATE, beats("2026-11-21T15:00Z", PAGE_ROWS + 1, every_s=1))
    page = await reading(days).points(own(Kind.HEART_RATE), D(2026, 11, 22), D(2026, 11, 22))
    return page.next_page_token


@pytest.mark.parametrize(
    "question",
    [
        (own(Kind.HEART_RATE, "u2"), D(2026, 11, 22), D(2026, 11, 22), None),
        (own(Kind.WEIGHT), D(2026, 11, 22), D(2026, 11, 22), None),
        (permit_to_store(UID, Kind.HEART_RATE), D(2026, 11, 22), D(2026, 11, 22), None),
        (own(Kind.HEART_RATE), D(2026, 11, 21), D(2026, 11, 22), None),
        (own(Kind.HEART_RATE), D(2026, 11, 22), D(2026, 11, 23), None),
        (own(Kind.HEART_RATE), D(2026, 11, 22), D(2026, 11, 22), "UTC"),
    ],
)
async def test_a_token_of_another_question_is_refused(token, question):
    with pytest.raises(InvalidInput, match="page_token"):
        await reading(MemoryDays(Kind.HEART_RATE)).points(*question, token)


def forged(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "!",
        "AAAA",
        "あ",
        "A" * 5000,
        forged("q", 1, 1, "m"),
        forged("q", 1, 1),
        forged("q", 1.5, 1, "m"),
        forged("q", 10**40, 1, "m"),
        forged(None, 1, 1, "m"),
    ],
)
async def test_what_is_not_a_token_is_refused(wrong):
    with pytest.raises(InvalidInput, match="page_token"):
        await reading(MemoryDays(Kind.HEART_RATE)).points(
            own(Kind.HEART_RATE), D(2026, 11, 22), D(2026, 11, 22), None, wrong
        )


@pytest.mark.parametrize("far_ns", [-(2**63), 2**63 - 1])
async def test_a_token_moved_out_of_the_days_shows_nothing_of_other_days(token, far_ns):
    question, *_, mark = json.loads(base64.urlsafe_b64decode(token + "=="))
    days = MemoryDays(Kind.HEART_RATE, beats("2026-11-20T15:00Z", 3 * 1440))
    page = await reading(days).points(
        own(Kind.HEART_RATE), D(2026, 11, 22), D(2026, 11, 22), None, forged(question, far_ns, far_ns, mark)
    )
    assert {row.start[:10] for row in page.points} <= {"2026-11-22"}


async def test_a_token_tells_neither_origin_nor_value(token):
    assert b"watch" not in base64.urlsafe_b64decode(token + "==")
    assert len(token) < 120
