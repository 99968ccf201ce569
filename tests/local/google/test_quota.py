import datetime as dt

from infra.local.google.quota import Quota

_NOW = dt.datetime(2026, 11, 20, 7, 59, 30, tzinfo=dt.UTC)  # half a minute before midnight in California


def test_the_minute_slides():
    quota = Quota(per_user_per_minute=2)
    seconds = [0, 30, 59, 60, 61]
    told = [quota.spend("u", _NOW + dt.timedelta(seconds=s)) for s in seconds]
    assert told == [None, None, "userRateLimitExceeded", None, "userRateLimitExceeded"]


def test_users_do_not_spend_each_others_calls():
    quota = Quota(per_user_per_minute=1)
    assert [quota.spend(u, _NOW) for u in "abab"] == [None, None, *["userRateLimitExceeded"] * 2]


def test_the_project_has_a_day_that_ends_at_midnight_in_california():
    quota = Quota(per_project_per_day=2)
    assert [quota.spend(u, _NOW) for u in "abc"] == [None, None, "dailyLimitExceeded"]
    assert quota.spend("c", _NOW + dt.timedelta(seconds=31)) is None


def test_without_limits_nothing_is_refused():
    quota = Quota(per_user_per_minute=None)
    assert {quota.spend("u", _NOW) for _ in range(1000)} == {None}
