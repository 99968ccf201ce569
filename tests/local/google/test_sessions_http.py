"""Sessions over HTTP: which of them a time asks for."""

import datetime as dt

from infra.local.google.sessions import Session
from tests.local.google.conftest import NOW


async def test_sessions_that_end_behind_the_end_are_left_out(google, world):
    account = world.account("a@example.com", devices=[])
    at = {hours: round((NOW + dt.timedelta(hours=hours)).timestamp() * 1000) for hours in (-9, -1, 0, 1)}
    for name, end in (("before", at[-1]), ("at", at[0]), ("behind", at[1])):
        account.sessions.put(Session(name, "", at[-9], end, end))
    token = (await google.linked("a@example.com"))["access_token"]
    listed = (await google.fit(token, f"sessions?endTime={NOW:%Y-%m-%dT%H:%M:%SZ}")).json()["session"]
    assert [one["id"] for one in listed] == ["at", "before"]
