import dataclasses

from infra.local.google.sessions import Session, Sessions

_DAY = 86_400_000
_NOW = 100 * _DAY


def _sessions(*spans):
    sessions = Sessions()
    for i, (start, end) in enumerate(spans):
        sessions.put(Session(f"s{i}", "night", start, end, _NOW))
    return sessions


def _ids(found):
    return [s.id for s in found]


def test_time_listing_takes_sessions_that_start_before_the_end_and_end_after_the_start():
    sessions = _sessions((0, 10), (5, 20), (20, 30), (30, 40))
    assert _ids(sessions.between(10, 30)) == ["s1", "s2"]
    assert _ids(sessions.between(10, None)) == ["s1", "s2", "s3"]
    assert _ids(sessions.between(None, 20)) == ["s0", "s1"]


def test_a_session_that_ends_over_a_day_after_the_window_is_left_out():
    sessions = _sessions((0, 10 + _DAY), (0, 11 + _DAY))
    assert _ids(sessions.between(None, 10)) == ["s0"]


def test_without_times_or_token_come_those_modified_in_the_last_30_days():
    sessions = _sessions((0, 1))
    sessions.put(Session("old", "night", 0, 1, _NOW - 31 * _DAY))
    assert _ids(sessions.since(None, _NOW).live) == ["s0"]


def test_a_position_works_as_a_cursor_and_tells_growth_once_and_deletion_apart():
    sessions = _sessions((0, 10), (20, 30))
    position = sessions.since(None, _NOW).position
    assert sessions.since(position, _NOW).live == []
    night = next(s for s in sessions.all() if s.id == "s0")
    sessions.put(dataclasses.replace(night, end_ms=12))
    sessions.put(dataclasses.replace(night, end_ms=14))
    sessions.delete("s1", _NOW + 1)
    changed = sessions.since(position, _NOW)
    assert [(s.id, s.end_ms) for s in changed.live] == [("s0", 14)]
    assert [(s.id, s.modified_ms) for s in changed.deleted] == [("s1", _NOW + 1)]
    assert _ids(sessions.between(0, 100)) == ["s0"]
