"""What devices do to data, and what the person then sees."""

import datetime as dt
from datetime import timedelta

import pytest

from infra.local.google import Fault, Point
from infra.local.google import catalogue as c
from infra.local.google.devices import cuff, old_band, scale, watch
from infra.local.google.sessions import Session
from shared.vocabulary import Kind
from tests.journeys.town import ALL, App, Town

FEEDLESS = Fault("status", endpoint="dataPointChanges", times=None, status=404)
"""Google keeps no log of changes for this data: only re-reading finds what arrives late."""


@pytest.fixture(params=["with a change feed", "without one"])
def feed(request: pytest.FixtureRequest, town: Town) -> None:
    if request.param == "without one":
        town.world.faults.add(FEEDLESS)


async def test_a_watch_that_uploads_two_days_late_loses_nothing(town: Town, feed: None):
    hana = town.person("hana", devices=[watch(buffer=timedelta(days=2), habits=("steps",))], days=2)
    await hana.link()
    before = len(await hana.points(Kind.STEPS))
    await town.pass_time(timedelta(hours=45), every=timedelta(hours=9))
    assert len(await hana.points(Kind.STEPS)) == before
    await town.pass_time(timedelta(hours=9), every=timedelta(hours=3))
    assert await steps_seen(hana) == steps_at_google(hana)
    assert len(await hana.points(Kind.STEPS)) > before


async def test_data_29_days_late_arrives(town: Town, feed: None):
    device = scale()
    hana = town.person("hana", devices=[device, cuff(habits=("temperature",))], days=3)
    await hana.link()
    before = await hana.points(Kind.WEIGHT)
    device.offline = True
    await town.pass_time(timedelta(days=29), every=timedelta(hours=24))
    assert await pages(hana, Kind.WEIGHT, 40) == before
    assert before
    town.world.live(email=hana.account.email)
    hana.account.upload_late(device, town.clock.now())
    await town.pass_time(timedelta(hours=27))
    seen = {at(p["start"]): p["values"]["kg"] for p in await pages(hana, Kind.WEIGHT, 40)}
    assert seen == {p.start_ns: p.values[0] for p in hana.account.streams[c.merged_ids(c.WEIGHT)[0]].points}
    assert len(seen) > 20
    late = [start for start in seen if at(before[-1]["start"]) < start]
    assert min(late) < ns(town.clock.now() - timedelta(days=29))


async def test_a_corrected_reading_replaces_the_first(town: Town, feed: None):
    hana = town.person("hana", devices=[scale()], days=5)
    await hana.link()
    point = hana.account.find(c.WEIGHT)
    hana.account.correct(c.WEIGHT, point, [61.5], town.clock.now())
    await town.pass_time(timedelta(hours=3))
    seen = await hana.points(Kind.WEIGHT)
    assert [p["values"]["kg"] for p in seen if at(p["start"]) == point.start_ns] == [61.5]
    assert len({p["start"] for p in seen}) == len(seen)


async def test_a_deleted_reading_disappears(town: Town, feed: None):
    hana = town.person("hana", devices=[scale()], days=5)
    await hana.link()
    before = await hana.points(Kind.WEIGHT)
    point = hana.account.find(c.WEIGHT)
    hana.account.delete(c.WEIGHT, [point])
    await town.pass_time(timedelta(hours=3))
    assert await hana.points(Kind.WEIGHT) == [p for p in before if at(p["start"]) != point.start_ns]
    assert len(before) >= 2


async def test_a_deleted_night_disappears(town: Town, feed: None):
    hana = town.person("hana", devices=[watch(habits=("sleep",))], days=4)
    await hana.link()
    before = await hana.days(Kind.SLEEP)
    night = hana.account.sessions.all()[-1]
    stages = [p for p in hana.account.streams[c.merged_ids(c.SLEEP)[0]].points if night.start_ms * 10**6 <= p.start_ns]
    hana.account.sessions.delete(night.id, int(town.clock.now().timestamp() * 1000))
    hana.account.delete(c.SLEEP, stages)
    await town.pass_time(timedelta(hours=3))
    after = await hana.days(Kind.SLEEP)
    assert len(before) >= 3
    assert after == {on: day for on, day in before.items() if on != max(before)}


async def test_a_night_that_grows_while_it_lasts_is_one_night(town: Town, feed: None):
    hana = town.person("hana", devices=[watch(habits=("sleep",), partial_nights=True)], days=1)
    await town.platform.advance(timedelta(hours=17, minutes=30), schedules=False)  # half past two in Tokyo
    await hana.link()
    ends = []
    for _ in range(5):
        tonight = max((await hana.days(Kind.SLEEP)).items())[1]
        assert tonight["on"] == "2026-11-24"
        assert tonight["naps"] == []
        ends.append(tonight["main"]["end"])
        await town.pass_time(timedelta(hours=3))
    assert ends == sorted(ends)
    assert ends[0] < ends[1]
    night = hana.account.sessions.all()[-1]
    sessions = [p for p in await hana.points(Kind.SLEEP, back=1) if p["name"] == night.id]
    assert [(at(p["start"]), at(p["end"])) for p in sessions] == [(night.start_ms * 10**6, night.end_ms * 10**6)]
    assert at(ends[-1]) == night.end_ms * 10**6


async def test_a_night_without_stages_counts_as_a_whole(town: Town):
    hana = town.person("hana", devices=[scale()], days=1)
    began, ended = (int(dt.datetime(2026, 11, 22, hour, tzinfo=dt.UTC).timestamp() * 1000) for hour in (14, 22))
    hana.account.sessions.put(Session("night-1", "睡眠", began, ended, ended, package="jp.tokei.wear"))
    await hana.link([Kind.SLEEP])
    [night] = (await hana.days(Kind.SLEEP)).values()
    assert night["on"] == "2026-11-23"
    assert night["main"]["stages_minutes"] is None
    assert night["asleep_minutes"] == night["main"]["total_minutes"] == 480
    assert night["main"]["start"] == "2026-11-22T23:00:00+09:00"


async def test_a_band_from_before_sleep_segments_tells_its_nights_with_their_stages(town: Town):
    hana = town.person("hana", devices=[old_band()], days=4)
    await hana.link()
    nights = await hana.days(Kind.SLEEP)
    assert len(nights) >= 3
    staged = [night["main"]["stages_minutes"] for night in nights.values() if night["main"]["stages_minutes"]]
    assert any(stages["deep"] > 0 and stages["light"] > 0 and stages["rem"] > 0 for stages in staged)
    assert all(stages["unrecognised"] == 0 for stages in staged)
    assert all(3 < night["asleep_minutes"] / 60 < 10 for night in nights.values())


async def test_what_a_person_typed_in_is_told_apart(town: Town):
    hana = town.person("hana", devices=[scale()], days=3)
    hana.account.enter(c.WEIGHT, town.clock.now() - timedelta(hours=5), [64.2], town.clock.now())
    await hana.link([Kind.WEIGHT])
    by_hand = [p for p in await hana.points(Kind.WEIGHT) if p["entered_by_hand"]]
    assert [p["values"] for p in by_hand] == [{"kg": 64.2}]
    assert sum(day["entered_by_hand"] for day in (await hana.days(Kind.WEIGHT)).values()) == 1
    assert sum(day["points"] for day in (await hana.days(Kind.WEIGHT)).values()) > 1


async def test_the_impossible_is_set_aside_and_counted_and_the_rest_is_stored(town: Town):
    hana = town.person("hana", devices=[watch(habits=("heart_rate",))], days=1)
    now = town.clock.now()
    (stream,) = c.merged_ids(c.HEART_RATE)
    origin = hana.account.find(c.HEART_RATE).origin
    good = len(hana.account.streams[stream].points)
    wrong = [
        (now - timedelta(hours=1), 5000.0),  # no heart
        (now - timedelta(hours=2), -1.0),
        (now + timedelta(hours=30), 60.0),  # a clock that runs ahead
        (dt.datetime(1999, 12, 31, tzinfo=dt.UTC), 60.0),  # a clock that was never set
    ]
    for when, bpm in wrong:
        point = Point(ns(when), ns(when), origin, ns(now) // 10**6, (bpm,))
        hana.account.raw_point(stream, c.HEART_RATE, point)
    await hana.link([Kind.HEART_RATE])
    await town.pass_time(timedelta(hours=3))
    seen = await hana.points(Kind.HEART_RATE)
    assert len([p for p in seen if at(p["start"]) < ns(now)]) == good
    assert all(1 <= p["values"]["bpm"] <= 300 for p in seen)
    question = "/measurement?kind=heart_rate&from=2026-11-22&to=2026-11-24&zone=Asia/Tokyo"
    assert (await hana.call("GET", question)).json["set_aside"] == 3
    kind = await hana.kind(Kind.HEART_RATE)
    assert kind["set_aside"] >= 3
    assert kind["last_error"] is None
    await town.pass_time(timedelta(hours=30))  # time catches up with the clock that ran ahead
    assert (await hana.call("GET", question)).json["set_aside"] == 2
    assert wrong[2][0] in [dt.datetime.fromisoformat(p["start"]) for p in await hana.points(Kind.HEART_RATE)]
    assert (await hana.kind(Kind.HEART_RATE))["set_aside"] == kind["set_aside"] - 1


async def test_enums_are_told_with_their_words_and_unknown_ones_with_their_number(town: Town):
    hana = town.person("hana", devices=[scale()], days=1)
    when = town.clock.now() - timedelta(hours=1)
    hana.account.enter(c.GLUCOSE, when, [5.5, 3, 99, None, 2], town.clock.now())
    await hana.link([Kind.BLOOD_GLUCOSE])
    [point] = await hana.points(Kind.BLOOD_GLUCOSE)
    assert point["values"]["relation_to_meal"] == {"number": 3, "word": "before_meal"}
    assert point["values"]["meal_type"] == {"number": 99}
    assert "relation_to_sleep" not in point["values"]
    assert point["values"]["specimen"]["number"] == 2


async def test_the_first_link_reaches_back_as_far_as_is_set_and_no_further(town: Town):
    hana = town.person("hana", devices=[cuff()], days=60)
    await hana.link([Kind.BODY_TEMPERATURE])
    days = await hana.days(Kind.BODY_TEMPERATURE, back=80)
    assert min(days) in ("2026-10-24", "2026-10-25")
    assert len(days) >= 30


async def test_when_nothing_is_new_nothing_changes(town: Town):
    hana = town.person("hana")
    for device in hana.account.devices:
        device.offline = True
    await hana.link()
    before = {kind: await hana.points(kind) for kind in ALL}
    await town.pass_time(timedelta(hours=12))
    assert {kind: await hana.points(kind) for kind in ALL} == before


async def pages(app: App, kind: Kind, back: int) -> list[dict]:
    """All points of more days than may be asked for at once."""
    today, found = app.town.clock.now().date(), []
    first = today - timedelta(days=back)
    while first <= today:
        last = min(today + timedelta(days=1), first + timedelta(days=30))
        asked = f"/measurement?kind={kind}&from={first}&to={last}&zone=Asia/Tokyo&resolution=point"
        found += (await app.call("GET", asked)).json["points"]
        first = last + timedelta(days=1)
    return found


async def steps_seen(app: App) -> dict[int, int]:
    return {at(p["start"]): p["values"]["count"] for p in await app.points(Kind.STEPS)}


def steps_at_google(app: App) -> dict[int, object]:
    stream = next(s for i, s in app.account.streams.items() if i.endswith(":estimated_steps"))
    return {p.start_ns: p.values[0] for p in stream.points}


def ns(instant: dt.datetime) -> int:
    return int(instant.timestamp()) * 10**9


def at(written: str) -> int:
    """Nanoseconds since the epoch, of a time to the millisecond or coarser."""
    return round(dt.datetime.fromisoformat(written).timestamp() * 1000) * 10**6
