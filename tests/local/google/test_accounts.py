"""What devices do over days: the same however the time is sliced, late where they are late."""

import datetime as dt
from itertools import pairwise

import pytest

from infra.local.google import World
from infra.local.google import catalogue as c
from infra.local.google.devices import cuff, every_device, old_band, phone, scale, watch
from shared.clock import ManualClock
from tests.local.google.conftest import NOW

_DAY = dt.timedelta(days=1)
_HOUR = dt.timedelta(hours=1)


def _points(account, type_name, nth=-1):
    stream = account.streams.get(c.merged_ids(type_name)[nth])
    return list(stream.points) if stream else []


def _ns(at):
    return int(at.timestamp()) * 10**9


def test_one_of_each_device_yields_all_eight_kinds_with_their_own_field_lists(world):
    account = world.account("a@example.com", history=5 * _DAY)
    for type_name in c.TYPES.keys() - {c.ACTIVITY}:
        points = _points(account, type_name)
        assert points, type_name
        formats = [f.format for f in c.TYPES[type_name].fields]
        for point in points:
            for value, stated in zip(point.values, formats, strict=False):
                assert value is None or isinstance(value, float if stated == "floatPoint" else int), type_name
    assert len(account.sessions) == 5
    assert len(_points(account, c.HEART_RATE)) > 5 * 1300


def test_life_is_the_same_in_one_stride_or_in_many(clock):
    def lived(stride: dt.timedelta):
        clock.set(NOW)
        world = World(clock)
        account = world.account("a@example.com", history=_DAY / 24)
        until = NOW + 3 * _DAY
        while clock.now() < until:
            clock.advance(stride)
            world.live()
        return {i: s.points for i, s in account.streams.items()}, account.sessions.all()

    assert lived(3 * _DAY) == lived(_HOUR / 2)


def test_the_heart_beats_every_minute_off_the_full_minute_but_for_the_hour_the_watch_is_off(world):
    account = world.account("a@example.com", devices=[watch()], history=2 * _DAY)
    ends = [p.end_ns for p in _points(account, c.HEART_RATE)]
    gaps = sorted(b - a for a, b in pairwise(ends))
    assert gaps[-3] < 120 * 10**9
    assert 19 * 60 * 10**9 < gaps[-1] < 52 * 60 * 10**9
    assert all(end % 10**6 == 0 for end in ends)
    assert len({end // 10**6 % 60_000 for end in ends}) > 500
    assert all(40 <= p.values[0] <= 190 for p in _points(account, c.HEART_RATE))


def test_another_seed_is_another_life_and_the_same_seed_the_same(clock):
    def heart(seed):
        return _points(World(clock, seed).account("a@example.com", history=_DAY), c.HEART_RATE)

    assert heart("one") == heart("one")
    assert heart("one") != heart("two")


def test_nothing_is_known_before_it_happened(world):
    account = world.account("a@example.com", history=4 * _DAY)
    for stream in account.streams.values():
        for point in stream.points:
            assert point.start_ns <= point.end_ns <= _ns(NOW)
            assert point.end_ns // 10**6 <= point.modified_ms <= _ns(NOW) // 10**6


def test_a_buffering_watch_uploads_days_at_once_with_old_times_and_a_new_modified_time(world, clock):
    account = world.account("a@example.com", devices=[watch(buffer=2 * _DAY)], history=_HOUR)
    clock.advance(_DAY)
    world.live()
    assert _points(account, c.HEART_RATE) == []
    clock.advance(_DAY)
    world.live()
    points = _points(account, c.HEART_RATE)
    assert len(points) > 2000
    uploaded_at = account.devices[0].uploaded_at
    assert {p.modified_ms for p in points} == {int(uploaded_at.timestamp() * 1000)}
    assert points[0].end_ns < _ns(uploaded_at - 1.9 * _DAY)


def test_an_offline_device_keeps_everything_until_it_is_back(world, clock):
    account = world.account("a@example.com", devices=[scale(offline=True)], history=10 * _DAY)
    assert account.streams == {}
    assert account.upload_late(account.devices[0], clock.now()) > 5
    assert len(_points(account, c.WEIGHT)) > 5


def test_a_late_upload_leaves_the_stream_in_order_and_the_log_complete(world, clock):
    account = world.account("a@example.com", devices=[watch(buffer=2 * _DAY), watch(model="Other")], history=3 * _DAY)
    clock.advance(2 * _DAY)
    world.live()
    stream = account.streams[c.merged_ids(c.HEART_RATE)[0]]
    assert stream.points == sorted(stream.points)
    assert len({p.origin for p in stream.points}) == 2
    assert len(stream.log) == len(stream.points)


def test_the_phone_that_counts_the_same_steps_stays_out_of_the_merged_streams(world):
    account = world.account("a@example.com", devices=[watch(), phone()], history=3 * _DAY)
    phones = account.devices[1].stream_id(c.STEPS)
    assert account.streams[phones].points
    assert {p.origin for p in _points(account, c.STEPS)} == {account.devices[0].stream_id(c.STEPS)}


def test_a_walk_entered_by_hand_shows_in_estimated_steps_only(world, clock):
    account = world.account("a@example.com", devices=[watch()], history=_DAY)
    merged = len(_points(account, c.STEPS, 0))
    account.walk(NOW - 3 * _HOUR, NOW - 2 * _HOUR, 5000, clock.now())
    assert len(_points(account, c.STEPS, 0)) == merged
    assert any(p.values == (5000,) for p in _points(account, c.STEPS, 1))
    assert _points(account, c.ACTIVITY)[0].values == (7,)


def test_nights_cross_midnight_in_the_persons_own_zone_and_some_have_no_stages(world):
    account = world.account("a@example.com", devices=[watch()], history=30 * _DAY, zone="America/New_York")
    segments = _points(account, c.SLEEP)
    nights = account.sessions.all()
    bare = [s for s in nights if not any(s.start_ms <= p.start_ns // 10**6 < s.end_ms for p in segments)]
    assert 0 < len(bare) < len(nights) / 2
    crossing = 0
    for night in nights:
        start = dt.datetime.fromtimestamp(night.start_ms / 1000, account.zone)
        end = dt.datetime.fromtimestamp(night.end_ms / 1000, account.zone)
        assert 4 <= end.hour <= 8
        crossing += start.date() < end.date()
    assert crossing > len(nights) / 2


def _hours_long(account):
    return [(s.end_ms - s.start_ms) / 3_600_000 for s in account.sessions.all()]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"])
def test_who_flies_lives_by_the_clock_of_the_new_place_and_sleeps_once_a_night(world, clock, zone):
    account = world.account("a@example.com", devices=[watch()], history=2 * _DAY)
    takes_off, lands = clock.now(), clock.now() + 13 * _HOUR
    account.fly(zone, takes_off, lands)
    clock.advance(6 * _DAY)
    world.live()
    assert str(account.zone) == zone
    in_flight = [p for p in _points(account, c.HEART_RATE) if _ns(takes_off) < p.end_ns < _ns(lands)]
    assert in_flight == []
    nights = account.sessions.all()
    after = [s for s in nights if s.start_ms * 10**6 > _ns(takes_off)]
    assert len(after) >= 5
    assert {dt.datetime.fromtimestamp(s.end_ms / 1000, account.zone).hour for s in after} <= {4, 5, 6, 7, 8}
    assert max(_hours_long(account)) < 10
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(nights))


def test_a_journey_is_the_same_in_one_stride_or_in_many(clock):
    def lived(stride: dt.timedelta):
        clock.set(NOW)
        world = World(clock)
        account = world.account("a@example.com", devices=[watch(), cuff(), old_band()], history=2 * _DAY)
        account.fly("America/Los_Angeles", NOW, NOW + 10 * _HOUR)
        while clock.now() < NOW + 3 * _DAY:
            clock.advance(stride)
            world.live()
        return {i: s.points for i, s in account.streams.items()}, account.sessions.all()

    assert lived(3 * _DAY) == lived(_HOUR / 2)


def test_a_date_lived_twice_has_two_nights(world, clock):
    account = world.account("a@example.com", devices=[watch()], history=_DAY / 2)  # woken by noon in Tokyo
    (before,) = account.sessions.all()
    account.fly("America/Los_Angeles", clock.now(), clock.now() + _HOUR)  # the evening before, over there
    clock.advance(_DAY)
    world.live()
    assert len(account.sessions) == 2
    assert before in account.sessions.all()


def test_stages_fill_their_night_without_gap_or_overlap(world):
    account = world.account("a@example.com", devices=[watch()], history=6 * _DAY)
    segments = _points(account, c.SLEEP)
    for night in account.sessions.all():
        own = [p for p in segments if night.start_ms * 10**6 <= p.start_ns < night.end_ms * 10**6]
        if own:
            assert own[0].start_ns == night.start_ms * 10**6
            assert own[-1].end_ns == night.end_ms * 10**6
            assert all(a.end_ns == b.start_ns for a, b in pairwise(own))


def test_a_growing_night_keeps_its_name_and_start_and_ends_as_the_night_told_at_once(clock):
    def night(**how):
        clock.set(NOW)  # noon in Tokyo
        world = World(clock)
        account = world.account("a@example.com", devices=[watch(**how)], history=_HOUR)
        grown = []
        for _ in range(24):
            clock.advance(_HOUR)
            world.live()
            grown += [(s.id, s.start_ms, s.end_ms) for s in account.sessions.all()]
        return grown, _points(account, c.SLEEP), account

    grown, segments, account = night(partial_nights=True)
    _, at_once, _ = night()
    assert len({(i, start) for i, start, _ in grown}) == 1
    ends = [end for _, _, end in grown]
    assert ends == sorted(ends)
    assert len(set(ends)) > 4
    assert [p[:3] for p in segments] == [p[:3] for p in at_once]
    assert any(change.gone for change in account.streams[c.merged_ids(c.SLEEP)[0]].log)


def test_the_old_band_writes_nights_as_activities_and_no_session(world):
    account = world.account("a@example.com", devices=[old_band()], history=20 * _DAY)
    assert len(account.sessions) == 0
    assert {p.values[0] for p in _points(account, c.ACTIVITY)} >= {72, 109, 110, 111, 112}


def test_a_day_of_25_hours_has_25_hours_of_heart_rate():
    clock = ManualClock(dt.datetime(2026, 10, 26, 12, tzinfo=dt.UTC))
    account = World(clock).account("a@example.com", zone="Europe/Berlin", devices=[watch()], history=3 * _DAY)
    autumn = dt.datetime(2026, 10, 25, tzinfo=account.zone)
    start, end = _ns(autumn), _ns(autumn + _DAY)
    assert end - start == 25 * 3600 * 10**9
    hours = {(p.end_ns - start) // (3600 * 10**9) for p in _points(account, c.HEART_RATE) if start <= p.end_ns < end}
    assert hours == set(range(25))


def test_a_correction_changes_the_value_in_every_stream_and_the_times_in_none(world, clock):
    account = world.account("a@example.com", devices=[cuff()], history=3 * _DAY)
    point = account.find(c.PRESSURE)
    clock.advance(_HOUR)
    account.correct(c.PRESSURE, point, (120.0, 80.0, 2, 3), clock.now())
    for stream_id in (c.merged_ids(c.PRESSURE)[0], point.origin):
        now = account.streams[stream_id].points[-1]
        assert now[:3] == point[:3]
        assert now.values == (120.0, 80.0, 2, 3)
        assert now.modified_ms == int(clock.now().timestamp() * 1000)


def test_a_deletion_empties_every_stream_that_held_the_point(world):
    account = world.account("a@example.com", devices=[cuff()], history=3 * _DAY)
    point = account.find(c.PRESSURE)
    account.delete(c.PRESSURE, [point])
    assert not any(s.holds(point) for s in account.streams.values())
    with pytest.raises(LookupError):
        account.find(c.PRESSURE, start_ns=point.start_ns)


def test_a_manual_entry_names_user_input_as_its_origin(world, clock):
    account = world.account("a@example.com", devices=[], history=_DAY)
    account.enter(c.WEIGHT, NOW - _DAY, (61.5,), clock.now())
    point = account.find(c.WEIGHT)
    assert point.origin == "raw:com.google.weight:com.google.android.apps.fitness:user_input"
    assert point.modified_ms - point.end_ns // 10**6 == 86_400_000


def test_every_device_names_its_streams_by_maker_model_and_number(world):
    account = world.account("a@example.com", devices=every_device(), history=2 * _DAY)
    assert f"raw:{c.HEART_RATE}:jp.tokei.wear:Tokei:Lauf Ü 3:{account.devices[0].uid}:from_device" in account.streams
    assert len({d.uid for d in account.devices}) == 5
