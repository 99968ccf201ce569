"""A change feed that fails costs the work it saves, and nothing else: what it would have told is read."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from shared.cloud.http import Answer
from shared.cloud.sqlite import SqliteDocuments
from shared.errors import Unavailable
from shared.measurement.model import DAY_NS, day_start_ns
from shared.vocabulary import Kind
from tests.faults.hostile import NOW, Rig, ns, point

HOUR = timedelta(hours=1)


def lost() -> None:
    raise Unavailable("upstream_unavailable", "no answer")


def broken() -> None:
    raise ZeroDivisionError("a value that must not be logged")


def refused(status: int, reason: str = "") -> Answer:
    body = b'{"error":{"code":%d,"errors":[{"reason":"%s"}]}}' % (status, reason.encode())
    return Answer(status, {}, body)


FAILING: dict[str, Callable[[], Any]] = {
    "a token that is no longer taken": lambda: refused(400, "invalidArgument"),
    "forbidden, nobody says why": lambda: refused(403, "forbidden"),
    "500 for ever": lambda: refused(500, "backendError"),
    "half an answer": lambda: b'{"nextPageToken":',
    "no answer": lost,
    "what no code expects": broken,
}
NOT_THE_FEEDS = {
    "dead token": (refused(401), "access_token_dead"),
    "rate limit": (refused(429), "upstream_rate_limited"),
    "rate limit, 403": (refused(403, "userRateLimitExceeded"), "upstream_rate_limited"),
    "no scope": (refused(403, "insufficientPermissions"), "scope_missing"),
    "our set-up": (refused(403, "accessNotConfigured"), "upstream_setup"),
}


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Somebody with a weight whose feeds are caught up; an hour later a second weight waits to be fetched."""
    store = SqliteDocuments(":memory:")
    rig = Rig(store)
    weights = [point(Kind.WEIGHT, ns(NOW - HOUR), 60.0)]
    rig.google.datasets[Kind.WEIGHT] = lambda asked, start, end: {
        "point": [p for p in weights if start <= int(p["startTimeNanos"]) < end]
    }
    await rig.link("hana", "google")
    while (await rig.sync()).again:
        pass
    assert (await rig.connection()).kinds[Kind.WEIGHT].feeding
    rig.clock.advance(HOUR)
    weights.append(point(Kind.WEIGHT, ns(NOW), 61.0))
    yield rig
    await store.close()


def feeds(rig: Rig, kind: Kind, answer: Callable[[], Any]) -> list[str]:
    """Let a kind's feed answer so from now on; the tokens it is asked with."""
    tokens: list[str] = []

    def feed(asked: Mapping[str, str]) -> Any:
        tokens.append(asked.get("pageToken", ""))
        return answer()

    def sessions(asked: Mapping[str, str]) -> Any:
        return {"session": []} if "startTime" in asked else feed(asked)

    if kind is Kind.SLEEP:
        rig.google.sessions = sessions
    else:
        rig.google.changes[kind] = feed
    return tokens


async def stored(rig: Rig) -> list[Any]:
    day = await rig.day(Kind.WEIGHT, NOW)
    assert day is not None
    return list(day.points.values[0])


@pytest.mark.parametrize("name", FAILING)
async def test_a_feed_that_fails_for_ever_keeps_nothing_from_being_stored(rig: Rig, name: str) -> None:
    tokens = feeds(rig, Kind.WEIGHT, FAILING[name])
    assert set((await rig.sync()).kinds.values()) == {"ok"}
    assert await stored(rig) == [60.0, 61.0]
    link = (await rig.connection()).kinds[Kind.WEIGHT]
    assert (link.changes, link.feeding, link.last_error) == ({}, False, "")
    assert (await rig.connection()).next_sync_at > rig.clock.now()

    rig.clock.advance(HOUR)
    assert set((await rig.sync()).kinds.values()) == {"ok"}
    assert set(tokens) == {"t", ""}


@pytest.mark.parametrize("name", FAILING)
async def test_the_feed_of_sessions_is_done_without_just_so(rig: Rig, name: str) -> None:
    tokens = feeds(rig, Kind.SLEEP, FAILING[name])
    for _ in range(2):
        assert set((await rig.sync()).kinds.values()) == {"ok"}
        rig.clock.advance(HOUR)
    assert set(tokens) == {"s", ""}


async def test_a_feed_that_answers_again_is_followed_again(rig: Rig) -> None:
    feeds(rig, Kind.WEIGHT, FAILING["a token that is no longer taken"])
    await rig.sync()
    feeds(rig, Kind.WEIGHT, lambda: {"nextPageToken": "new"})
    rig.clock.advance(HOUR)
    await rig.sync()
    link = (await rig.connection()).kinds[Kind.WEIGHT]
    assert (list(link.changes.values()), link.feeding) == (["new"], True)


async def test_days_since_the_last_visit_are_read_at_once_and_the_overlap_by_the_next(rig: Rig) -> None:
    stream = rig.google.streams[Kind.WEIGHT][0]
    feeds(rig, Kind.WEIGHT, FAILING["no answer"])
    since = []
    for _ in range(2):
        rig.google.asked.clear()
        await rig.sync()
        of_weight = [path for path in map(unquote, rig.google.asked) if f"{stream}/datasets/" in path]
        since += [int(path.rpartition("/")[2].partition("-")[0]) for path in of_weight]
        rig.clock.advance(HOUR)
    today = day_start_ns(NOW.date())
    assert since == [today, today - 5 * DAY_NS]


@pytest.mark.parametrize("name", NOT_THE_FEEDS)
async def test_what_is_not_the_feeds_own_fault_puts_the_kind_off(rig: Rig, name: str) -> None:
    answer, code = NOT_THE_FEEDS[name]
    before = (await rig.connection()).kinds[Kind.WEIGHT]
    feeds(rig, Kind.WEIGHT, lambda: answer)
    assert (await rig.sync()).kinds[Kind.WEIGHT] == code
    after = (await rig.connection()).kinds[Kind.WEIGHT]
    assert (after.changes, after.cursor_ns) == (before.changes, before.cursor_ns)


async def test_a_provider_out_of_reach_costs_no_token(rig: Rig) -> None:
    before = (await rig.connection()).kinds[Kind.WEIGHT]
    feeds(rig, Kind.WEIGHT, lambda: refused(500))
    rig.google.datasets[Kind.WEIGHT] = lambda asked, start, end: refused(500)
    assert (await rig.sync()).kinds[Kind.WEIGHT] == "upstream_unavailable"
    after = (await rig.connection()).kinds[Kind.WEIGHT]
    assert (after.changes, after.cursor_ns, after.feeding) == (before.changes, before.cursor_ns, True)
