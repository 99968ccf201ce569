"""What happens at the source while it is read: between a feed and a window, between one page and the next."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from shared.cloud.http import Answer
from shared.cloud.sqlite import SqliteDocuments
from shared.measurement.model import day_start_ns
from shared.vocabulary import Kind
from tests.faults.hostile import NOW, Rig, ns, point

HOUR = timedelta(hours=1)
SECOND_NS = 1_000_000_000


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


async def caught_up(rig: Rig) -> None:
    for _ in range(40):
        if not (await rig.sync()).again:
            return
        rig.clock.advance(timedelta(seconds=61))
    raise AssertionError("never at rest")


async def values(rig: Rig, kind: Kind) -> list[Any]:
    day = await rig.day(kind, NOW)
    return [] if day is None else list(day.points.values[0])


class Scale:
    """An account's weights, and the log of what changed, which a token counts."""

    def __init__(self, rig: Rig) -> None:
        self.held: dict[int, float] = {}
        self.log: list[tuple[str, int, float]] = []
        rig.google.datasets[Kind.WEIGHT] = self._dataset
        rig.google.changes[Kind.WEIGHT] = self._changes

    def put(self, at_ns: int, kg: float) -> None:
        self.held[at_ns] = kg
        self.log.append(("insertedDataPoint", at_ns, kg))

    def drop(self, at_ns: int) -> None:
        self.log.append(("deletedDataPoint", at_ns, self.held.pop(at_ns)))

    def _dataset(self, _: Mapping[str, str], start: int, end: int) -> Any:
        return {"point": [point(Kind.WEIGHT, at, kg) for at, kg in self.held.items() if start <= at < end]}

    def _changes(self, asked: Mapping[str, str]) -> Any:
        told: dict[str, Any] = {"nextPageToken": f"{len(self.log)}"}
        for what, at_ns, kg in self.log[int(asked.get("pageToken") or 0) :]:
            told.setdefault(what, []).append(point(Kind.WEIGHT, at_ns, kg))
        return told


@pytest.mark.parametrize("what", ["comes", "goes"])
async def test_what_happens_between_a_window_and_a_slow_feed_is_there_by_the_next_visit(rig: Rig, what: str) -> None:
    scale = Scale(rig)
    scale.put(ns(NOW - 2 * HOUR), 60.0)
    await rig.link("hana", "google", [Kind.WEIGHT])
    await caught_up(rig)
    rig.clock.advance(25 * HOUR)
    usual, happened = rig.google.send, list[str]()

    async def send(method: str, url: str, **more: Any) -> Answer:
        if "dataPointChanges" in url:
            await asyncio.sleep(0.05)
        answer = await usual(method, url, **more)
        if "datasets" in url and not happened:
            happened.append(url)
            if what == "comes":
                scale.put(ns(NOW - HOUR), 61.0)
            else:
                scale.drop(ns(NOW - 2 * HOUR))
        return answer

    rig.google.send = send  # type: ignore[method-assign]
    await caught_up(rig)
    assert happened
    rig.clock.advance(HOUR)
    await caught_up(rig)
    assert await values(rig, Kind.WEIGHT) == list(scale.held.values())


async def test_of_two_pages_of_a_feed_the_later_one_stands(rig: Rig) -> None:
    """Neither says when the point was changed, and the later page begins earlier."""
    at, early = ns(NOW - HOUR), ns(NOW - 2 * HOUR)
    told = {
        "t": {"insertedDataPoint": [point(Kind.WEIGHT, at, 60.0)], "nextPageToken": "t1"},
        "t1": {
            "insertedDataPoint": [point(Kind.WEIGHT, early, 59.0), point(Kind.WEIGHT, at, 61.0)],
            "nextPageToken": "t2",
        },
    }
    rig.google.datasets[Kind.WEIGHT] = lambda *_: {"point": []}
    await rig.link("hana", "google", [Kind.WEIGHT])
    await caught_up(rig)
    rig.google.changes[Kind.WEIGHT] = lambda asked: told.get(asked["pageToken"], {"nextPageToken": "t2"})
    rig.clock.advance(HOUR)
    await caught_up(rig)
    assert await values(rig, Kind.WEIGHT) == [59.0, 61.0]


def night(start_ns: int, hours: int, modified_ms: int) -> dict[str, Any]:
    return {
        "id": "night",
        "activityType": 72,
        "startTimeMillis": str(start_ns // 1_000_000),
        "endTimeMillis": str(start_ns // 1_000_000 + hours * 3_600_000),
        "modifiedTimeMillis": str(modified_ms),
    }


async def starts(rig: Rig) -> list[int]:
    days = [await rig.day(Kind.SLEEP, NOW - timedelta(days=back)) for back in (2, 1, 0)]
    return [start for day in days if day for start in day.points.start_ns]


async def test_a_night_that_moves_from_one_page_of_the_feed_to_the_next_is_stored_once(rig: Rig) -> None:
    midnight = day_start_ns(NOW.date())
    first, then = midnight + 600 * SECOND_NS, midnight - 600 * SECOND_NS
    told = {"s": {"session": [night(first, 6, 1)], "nextPageToken": "s1"},
            "s1": {"session": [night(then, 6, 2)], "nextPageToken": "s2"}}  # fmt: skip
    await rig.link("hana", "google", [Kind.SLEEP])
    await caught_up(rig)
    rig.google.sessions = lambda asked: (
        {"session": [night(then, 6, 2)]} if "startTime" in asked
        else told.get(asked["pageToken"], {"nextPageToken": "s2"})
    )  # fmt: skip
    rig.clock.advance(HOUR)
    await caught_up(rig)
    assert await starts(rig) == [then]


async def test_a_night_that_moves_into_the_window_from_outside_is_stored_once(rig: Rig) -> None:
    midnight = day_start_ns(NOW.date())
    was, now = midnight - 600 * SECOND_NS, midnight + 600 * SECOND_NS
    held = [night(was, 6, 1)]
    rig.google.sessions = lambda asked: {"session": held} if "startTime" in asked else Answer(404, {}, b"{}")
    await rig.link("hana", "google", [Kind.SLEEP])
    await caught_up(rig)
    assert await starts(rig) == [was]
    held[:] = [night(now, 6, 2)]
    rig.clock.advance(timedelta(minutes=2))
    await rig.connections.sync_now("hana", (await rig.connection()).provider)
    await rig.sync()
    assert await starts(rig) == [now]


async def test_a_feed_whose_last_page_names_no_token_is_not_chased(rig: Rig) -> None:
    rig.google.changes[Kind.WEIGHT] = lambda asked: (
        {"insertedDataPoint": [point(Kind.WEIGHT, ns(NOW - HOUR), 60.0)]}
        if asked.get("pageToken")
        else {"insertedDataPoint": [point(Kind.WEIGHT, ns(NOW - 2 * HOUR), 60.0)], "nextPageToken": "2"}
    )
    await rig.link("hana", "google", [Kind.WEIGHT])
    for _ in range(5):
        if not (await rig.sync()).again:
            break
    assert (await rig.connection()).next_sync_at > rig.clock.now() + timedelta(minutes=50)
    calls = rig.google.calls
    await rig.sync()
    assert rig.google.calls == calls


async def test_one_of_several_streams_that_is_absent_for_once_takes_nothing_away(rig: Rig) -> None:
    rig.google.streams[Kind.WEIGHT] = ["raw:com.google.weight:a:scale", "raw:com.google.weight:b:scale"]
    absent: list[str] = []
    usual = rig.google._answer

    def answer(path: str, asked: Mapping[str, str]) -> Any:
        if "weight" in path and "dataPointChanges" in path:
            return Answer(404, {}, b"{}")
        if "weight" in path and "datasets" in path:
            if any(name in path for name in absent):
                return Answer(404, {}, b"{}")
            mine, kg = (ns(NOW - HOUR), 60.0) if "a%3Ascale" in path else (ns(NOW - 2 * HOUR), 59.0)
            stream = rig.google.streams[Kind.WEIGHT][0 if kg == 60.0 else 1]
            start, end = map(int, path.split("/")[3].split("-"))
            return {"point": [point(Kind.WEIGHT, mine, kg, origin=stream)] if start <= mine < end else []}
        return usual(path, asked)

    rig.google._answer = answer  # type: ignore[method-assign]
    await rig.link("hana", "google", [Kind.WEIGHT])
    await caught_up(rig)
    assert await values(rig, Kind.WEIGHT) == [59.0, 60.0]
    absent.append("b%3Ascale")
    rig.clock.advance(HOUR)
    await caught_up(rig)
    assert await values(rig, Kind.WEIGHT) == [59.0, 60.0]
