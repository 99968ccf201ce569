"""What was corrected stays so, whatever the source says afterwards; and stays readable as what it is."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import log
from shared.cloud.documents import Expect, Put
from shared.cloud.vault import WRAPPING_KEY, DataKeys
from shared.consent.gate import admit_request, admit_self
from shared.consent.model import Consents
from shared.errors import InvalidInput, Refused
from shared.measurement import corrections as c
from shared.measurement.civil import ZoneTimeline
from shared.measurement.corrections import CorrectionRule, Does, PointFix, check_fix, corrected, rule_of
from shared.measurement.merge import Change, Rows, Window, merge
from shared.measurement.model import SESSION, Day, Points, SetAside, identify
from shared.measurement.nights import AWAKE, DEEP, LIGHT, nights, rows_of
from shared.measurement.overlay import CorrectionStore
from shared.measurement.service import Measurements
from shared.measurement.store import DayDeleter, MeasurementStore
from shared.measurement.summary import WeightDay
from shared.vocabulary import Kind
from tests.fakes import MemorySecrets, permit_to_store

ON = dt.date(2026, 11, 22)
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
NOON_NS = int(NOON.timestamp()) * 10**9
HOUR_NS = 3_600 * 10**9
WRONG, RIGHT = 171.8, 71.8
SCALE = "raw:com.google.weight:scale"


def fix(does: Does = Does.REPLACE, kind: Kind = Kind.WEIGHT, start: dt.datetime = NOON, **more: Any) -> PointFix:
    if does is Does.REPLACE:
        more.setdefault("values", {"kg": RIGHT})
    return PointFix(kind=kind, does=does, start=start, **more)


def rules(*fixes: PointFix) -> tuple[CorrectionRule, ...]:
    return tuple(rule_of(one, f"case.1.{number}", NOW) for number, one in enumerate(fixes))


def points(*rows, kind=Kind.WEIGHT) -> Points:
    return Points.of_rows(kind, rows)


def weight(at_ns: int, kg: float = WRONG, *, origin: str = SCALE, modified_ms: int = 1):
    return at_ns, at_ns, origin, "", modified_ms, kg


def day(*rows, kind=Kind.WEIGHT, aside=()) -> Day:
    return Day(ON, points(*rows, kind=kind), list(aside))


def values(one: Day) -> list[float]:
    return [row[5] for row in one.points.rows()]


AFTERNOON = NOON_NS + 3 * HOUR_NS


@st.composite
def said_by_the_source(draw) -> Change:
    """Any report: the wrong point again, older or newer, of this or another stream, a re-read with or without it, a
    deletion; beside another point that nobody corrects."""
    rows = []
    if draw(st.booleans()):
        origin = draw(st.sampled_from([SCALE, "raw:com.google.weight:copied"]))
        rows.append(weight(NOON_NS, origin=origin, modified_ms=draw(st.integers(0, 2**40))))
    if draw(st.booleans()):
        rows.append(weight(AFTERNOON, 70.0))
    deleted = [identify(Kind.WEIGHT, "", SCALE, NOON_NS, NOON_NS)] if draw(st.booleans()) else []
    whole = draw(st.sampled_from([None, Window(NOON_NS, NOON_NS + 1), Window(NOON_NS - HOUR_NS, NOON_NS + HOUR_NS)]))
    return Change(points(*rows), deleted, (), whole)


@given(st.lists(said_by_the_source(), max_size=8), st.sampled_from([Does.REPLACE, Does.REMOVE]))
def test_whatever_the_source_says_afterwards_the_old_value_is_not_read_again(said: list[Change], does: Does):
    stored = day(weight(NOON_NS))
    [rule] = rules(fix(does))
    for one in said:
        stored = merge(ON, stored, one)
        read = corrected(stored, [rule])
        assert WRONG not in values(read)
        there = [at for at in stored.points.start_ns if at == NOON_NS]
        shown = [at for at in read.points.start_ns if at == NOON_NS]
        assert shown == (there if does is Does.REPLACE else [])
        assert values(read).count(70.0) == values(stored).count(70.0), "and nothing else is touched"


@given(st.lists(said_by_the_source(), max_size=4))
def test_what_was_added_is_there_whatever_the_source_says(said: list[Change]):
    [rule] = rules(fix(Does.ADD, start=NOON + dt.timedelta(hours=1), values={"kg": RIGHT}))
    stored = Day.empty(Kind.WEIGHT, ON)
    for one in [Change(points()), *said]:
        stored = merge(ON, stored, one)
        assert values(corrected(stored, [rule])).count(RIGHT) == 1


def test_a_corrected_point_says_so_and_keeps_its_time_and_where_it_came_from():
    [row] = corrected(day(weight(NOON_NS)), rules(fix())).points.rows()
    assert row == (NOON_NS, NOON_NS, f"corrected:{SCALE}", "", int(NOW.timestamp() * 1000), RIGHT)


def test_a_later_correction_goes_over_an_earlier_one_and_undoing_is_one():
    twice = rules(fix(), fix(values={"kg": 72.0}))
    assert values(corrected(day(weight(NOON_NS)), twice)) == [72.0]
    for done in (fix(), fix(Does.REMOVE), fix(Does.ADD, values={"kg": 60.0})):
        undone = rules(done, fix(Does.RESTORE))
        assert corrected(day(weight(NOON_NS)), undone) == day(weight(NOON_NS))
        assert values(corrected(day(weight(NOON_NS)), [*undone, *rules(fix())])) == [RIGHT]


def test_a_time_to_the_minute_an_origin_and_nothing_else_are_meant():
    minute: dict[str, Any] = {"end": NOON + dt.timedelta(minutes=1)}
    inside, outside = weight(NOON_NS + 59 * 10**9), weight(NOON_NS + 60 * 10**9)
    assert values(corrected(day(inside, outside), rules(fix(**minute)))) == [RIGHT, WRONG]
    other = weight(NOON_NS, origin="raw:other")
    assert values(corrected(day(weight(NOON_NS), other), rules(fix(origin=SCALE)))) == [RIGHT, WRONG]
    again = rules(fix(origin=SCALE), fix(origin=SCALE, values={"kg": 72.0}))
    assert values(corrected(day(weight(NOON_NS)), again)) == [72.0], "also of what was corrected before"


def test_fields_that_are_not_given_stay():
    pressure = (NOON_NS, NOON_NS, SCALE, "", 1, 220.0, 80.0, 2, 3)
    wanted = PointFix(kind=Kind.BLOOD_PRESSURE, does=Does.REPLACE, start=NOON, values={"systolic_mmhg": 120})
    [row] = corrected(day(pressure, kind=Kind.BLOOD_PRESSURE), rules(wanted)).points.rows()
    assert row[5:] == (120.0, 80.0, 2, 3)


def test_what_was_set_aside_is_not_told_of_what_was_removed_until_it_is_restored():
    aside = SetAside("impossible_value", b'{"kg": 1718}', NOON_NS)
    removed = rules(fix(Does.REMOVE))
    assert corrected(day(aside=[aside]), removed).set_aside == []
    assert corrected(day(aside=[aside]), [*removed, *rules(fix(Does.RESTORE))]).set_aside == [aside]


SLEPT = (NOON_NS, NOON_NS + 8 * HOUR_NS, "raw:watch", "night-1", 1, SESSION)


def test_a_night_that_was_removed_stays_away_though_its_times_grow_and_the_right_one_stands():
    whole: dict[str, Any] = {"kind": Kind.SLEEP, "end": NOON + dt.timedelta(hours=9)}
    first = day(SLEPT, kind=Kind.SLEEP)
    gone, right = rules(
        fix(Does.REMOVE, **whole),
        fix(Does.ADD, Kind.SLEEP, NOON, end=NOON + dt.timedelta(hours=6), values={"stage": SESSION}),
    )
    gone = c.bound(gone, Kind.SLEEP, [first], [])
    assert gone.names == ("night-1",)
    grown = (NOON_NS - 11 * HOUR_NS, SLEPT[1], *SLEPT[2:])
    segment = (NOON_NS + HOUR_NS, NOON_NS + 2 * HOUR_NS, "raw:watch", "", 1, DEEP)
    [row] = corrected(day(grown, segment, kind=Kind.SLEEP), [gone, right]).points.rows()
    assert (row[0], row[1], row[5]) == (NOON_NS, NOON_NS + 6 * HOUR_NS, SESSION)
    back = c.bound(
        rule_of(fix(Does.RESTORE, **whole), "case.2.0", NOW), Kind.SLEEP, [day(row, kind=Kind.SLEEP)], [gone, right]
    )
    assert corrected(day(grown, segment, kind=Kind.SLEEP), [gone, right, back]).points == points(
        grown, segment, kind=Kind.SLEEP
    )


def test_a_corrected_stage_decides_over_what_another_device_says():
    watch = (NOON_NS, NOON_NS + HOUR_NS, "raw:watch", "", 1, LIGHT)
    other = (NOON_NS, NOON_NS + 4 * HOUR_NS, "raw:other", "", 1, DEEP)
    wanted = PointFix(kind=Kind.SLEEP, does=Does.REPLACE, start=NOON, origin="raw:watch", values={"stage": AWAKE})
    read = corrected(day(watch, other, kind=Kind.SLEEP), rules(wanted))
    [night] = nights(rows_of(read.points))
    assert night.stage_ns == {AWAKE: HOUR_NS, DEEP: 3 * HOUR_NS}


@pytest.mark.parametrize(
    "wrong",
    [
        fix(start=NOON.replace(tzinfo=None)),
        fix(end=NOON.replace(tzinfo=None)),
        fix(end=NOON - dt.timedelta(seconds=1)),
        fix(end=NOON),
        fix(start=dt.datetime(1999, 12, 31, tzinfo=dt.UTC)),
        fix(end=NOON + dt.timedelta(days=1, seconds=1)),
        fix(Does.REMOVE, end=NOW + dt.timedelta(days=2)),
        fix(Does.REMOVE, start=NOON - dt.timedelta(days=31, seconds=1), end=NOON),
        fix(values={}),
        fix(values={"kg": None}),
        fix(values={"kg": 1001}),
        fix(values={"kg": float("nan")}),
        fix(values={"mmol_per_l": 5}),
        fix(Does.REMOVE, values={"kg": 70}),
        fix(Does.ADD, values={}),
        fix(Does.ADD, values={"kg": 70}, origin=SCALE),
        fix(Does.ADD, values={"kg": 70}, end=NOON + dt.timedelta(seconds=1)),
        fix(Does.ADD, start=NOW + dt.timedelta(seconds=1), values={"kg": 70}),
        fix(Does.ADD, Kind.STEPS, values={"count": 5}),
        fix(Does.ADD, Kind.STEPS, end=NOON + dt.timedelta(hours=1), values={"count": 5.5}),
        fix(Does.ADD, Kind.SLEEP, end=NOON + dt.timedelta(hours=37), values={"stage": SESSION}),
        fix(Does.REPLACE, Kind.SLEEP, values={"stage": SESSION}),
        fix(Does.ADD, Kind.BLOOD_PRESSURE, values={"systolic_mmhg": 120}),
    ],
)
def test_what_cannot_be_is_no_correction(wrong: PointFix):
    with pytest.raises(InvalidInput, match="correction_invalid"):
        check_fix(wrong, NOW)


@pytest.mark.parametrize(
    "right",
    [
        fix(),
        fix(end=NOON + dt.timedelta(days=1)),
        fix(Does.REMOVE, start=NOON - dt.timedelta(days=31), end=NOON),
        fix(Does.RESTORE),
        fix(Does.ADD, values={"kg": 70}),
        fix(Does.ADD, Kind.STEPS, end=NOON + dt.timedelta(hours=1), values={"count": 500}),
        fix(Does.ADD, Kind.SLEEP, end=NOON + dt.timedelta(hours=8), values={"stage": SESSION}),
        fix(Does.REPLACE, Kind.BLOOD_GLUCOSE, values={"mmol_per_l": 5.5, "meal_type": None}),
    ],
)
def test_what_can_be_is_one(right: PointFix):
    check_fix(right, NOW)


def test_no_more_rules_are_kept_than_fit():
    full = rules(*[fix()] * c.MOST_RULES)
    with pytest.raises(Refused, match="too_many_corrections"):
        c.with_rule(full, full[0])
    assert len(c.with_rule(full[1:], full[0])) == c.MOST_RULES


# over a store

DESK = admit_request("hana", Consents(), Kind.WEIGHT, "case1")
OWN = admit_self("hana", Consents(), Kind.WEIGHT)
STORING = permit_to_store("hana", Kind.WEIGHT)


class Shop:
    """Days and corrections over one store."""

    def __init__(self, documents):
        self.documents = documents
        self.keys = DataKeys(documents, MemorySecrets({WRAPPING_KEY: [b"w" * 32]}))
        self.days, self.corrections = MeasurementStore(documents, self.keys), CorrectionStore(documents)

    async def sync(self, change: Change, account: str = "a") -> None:
        """What the source says now, merged as a sync does."""
        key = await self.keys.ensure("hana")
        [stored] = await self.days.stored(account, key, [(STORING, ON)])
        merged = merge(ON, stored.day, change)
        await self.documents.commit([self.days.write(STORING, account, key, merged, stored.expect)])

    async def correct(self, *fixes: PointFix) -> None:
        key = await self.keys.ensure("hana")
        standing = await self.corrections.standing(DESK, key)
        await self.documents.commit([self.corrections.write(DESK, key, rules(*fixes), standing.expect)])

    async def read(self, **more) -> list[Day]:
        return [one async for one in self.days.read_days(OWN, ON, ON, **more)]


class Utc:
    async def zones(self, uid):
        return ZoneTimeline.of("UTC")


@pytest.fixture
async def shop(documents, clock) -> Shop:
    shop = Shop(documents)
    await shop.keys.ensure("hana")
    return shop


async def test_every_reader_sees_what_was_corrected_whichever_account_brings_the_old_value_again(shop: Shop):
    await shop.sync(Change(points(weight(NOON_NS))))
    await shop.correct(fix())
    again = Change(points(weight(NOON_NS, modified_ms=9)), whole=Window(NOON_NS, NOON_NS + HOUR_NS, Rows.ALL))
    for account in ("a", "b"):
        await shop.sync(again, account)
        assert [values(one) for one in await shop.read()] == [[RIGHT]]
    read = Measurements(days=shop.days, zones=Utc())
    [summary] = (await read.day_summaries(OWN, ON, ON)).days
    assert isinstance(summary, WeightDay)
    assert (summary.last_kg, summary.max_kg) == (RIGHT, RIGHT)
    [row] = (await read.points(OWN, ON, ON)).points
    assert (row.values, row.origin) == ({"kg": RIGHT}, f"corrected:{SCALE}")


async def test_a_sync_sees_what_the_source_said_and_no_correction(shop: Shop):
    await shop.sync(Change(points(weight(NOON_NS))))
    await shop.correct(fix(Does.REMOVE))
    [stored] = await shop.days.stored("a", await shop.keys.key("hana"), [(STORING, ON)])
    assert stored.day is not None
    assert values(stored.day) == [WRONG]


@pytest.mark.parametrize("growing", [False, True])
async def test_days_with_nothing_but_what_was_added_are_read_in_their_place(shop: Shop, growing: bool):
    await shop.sync(Change(points(weight(NOON_NS))))
    added = [dt.timedelta(days=days) for days in (-9, -1, 0, 1, 7)]
    await shop.correct(*[fix(Does.ADD, start=NOON + by, values={"kg": 60.0}) for by in added if NOON + by < NOW])
    first, last = ON - dt.timedelta(days=5), ON + dt.timedelta(days=5)
    found = [one async for one in shop.days.read_days(OWN, first, last, growing=growing)]
    assert [one.on for one in found] == [ON - dt.timedelta(days=1), ON, ON + dt.timedelta(days=1)]
    assert [values(one) for one in found] == [[60.0], [60.0, WRONG], [60.0]]


async def cost(awaitable) -> dict[str, int]:
    account = log.open_account()
    await awaitable
    return dict(account)


async def test_reading_costs_one_read_more_and_storing_none(shop: Shop):
    read = Measurements(days=shop.days, zones=Utc())
    await shop.sync(Change(points(weight(NOON_NS))))
    asked: list[Callable[[], Awaitable[object]]] = [
        lambda: read.day_summaries(OWN, ON, ON),
        lambda: read.points(OWN, ON, ON),
        shop.read,
    ]
    before = [await cost(one()) for one in asked]
    storing = await cost(shop.sync(Change(points(weight(NOON_NS)))))
    await shop.correct(*[fix()] * 100)
    assert [await cost(one()) for one in asked] == before
    assert {one["store_reads"] for one in before} == {3}, "what was corrected, the key, the day"
    assert await cost(shop.sync(Change(points(weight(NOON_NS))))) == storing


async def test_erasing_a_kind_erases_what_was_corrected_of_it_and_of_no_other(shop: Shop):
    await shop.sync(Change(points(weight(NOON_NS))))
    await shop.correct(fix())
    eraser = DayDeleter(shop.documents)
    assert await eraser.deletions("hana", Kind.STEPS, limit=10) == []
    gone = []
    while writes := await eraser.deletions("hana", Kind.WEIGHT, limit=1):
        await shop.documents.commit(writes)
        gone += [one.path for one in writes]
    assert gone == [f"users/hana/days/weight.{ON}.a", "users/hana/corrections/weight"]
    await shop.sync(Change(points(weight(NOON_NS))))
    assert [values(one) for one in await shop.read()] == [[WRONG]]


async def test_what_was_corrected_opens_for_its_person_and_kind_alone_and_is_written_for_a_request_alone(shop: Shop):
    await shop.correct(fix())
    key = await shop.keys.key("hana")
    found = await shop.documents.get("users/hana/corrections/weight")
    await shop.documents.commit([Put("users/hana/corrections/steps", found.data)])
    with pytest.raises(Refused, match="seal_broken"):
        await shop.corrections.standing(admit_request("hana", Consents(), Kind.STEPS, "case1"), key)
    for permit in (OWN, STORING):
        with pytest.raises(Refused, match="consent_missing"):
            shop.corrections.write(permit, key, (), Expect.ANYTHING)
