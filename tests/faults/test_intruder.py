"""An intruder's tries: people after each other's accounts, a device gone mad, a Google that answers anything."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.errors import Refused
from shared.vocabulary import Kind
from tests.faults.hostile import FIT, Rig, ns, point


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


# ---------------------------------------------------------------- after somebody's account


async def test_linking_another_account_does_not_free_one_that_somebody_else_linked_meanwhile(rig: Rig) -> None:
    await rig.link("hana", "shared")
    await rig.connections.disconnect("hana", FIT)
    await rig.link("taro", "shared")
    await rig.link("hana", "her own")

    assert await rig.owner("shared") == "taro"
    with pytest.raises(Refused, match="account_linked_elsewhere"):
        await rig.link("jiro", "shared")


async def test_linking_another_account_frees_the_one_in_use(rig: Rig) -> None:
    await rig.link("hana", "old")
    await rig.link("hana", "new")
    assert (await rig.owner("old"), await rig.owner("new")) == (None, "hana")


# ---------------------------------------------------------------- poison: what must stop no more than itself

FAR = {
    "the last moment of 64 bits": 2**63 - 1,
    "the year 2150": ns(datetime(2150, 1, 1, tzinfo=UTC)),
    "the first moment of 64 bits": -(2**63),
    "beyond 64 bits": 2**70,
    "beyond any calendar": 10**40,
    "before any calendar": -(10**40),
}


def once(**first: object) -> Callable[[Mapping[str, str]], object]:
    """A feed that tells this, and then nothing more."""
    return lambda asked: {"nextPageToken": "2"} if asked.get("pageToken") else {**first, "nextPageToken": "1"}


@pytest.mark.parametrize("start_ns", FAR.values(), ids=FAR)
@pytest.mark.parametrize("what", ["insertedDataPoint", "deletedDataPoint"])
async def test_a_point_from_far_off_stops_nothing(rig: Rig, what: str, start_ns: int) -> None:
    rig.google.changes[Kind.HEART_RATE] = once(**{what: [point(Kind.HEART_RATE, start_ns, 60)]})
    await rig.link("hana", "google")
    assert set((await rig.sync()).kinds.values()) == {"ok"}
    # What two bytes cannot number has no fingerprint, and those of other days are as they were.
    rig.clock.advance(timedelta(days=1))
    assert set((await rig.sync()).kinds.values()) == {"ok"}


@pytest.mark.parametrize("start_ms", [start_ns // 1_000_000 for start_ns in FAR.values()] + [2**63 - 1], ids=str)
@pytest.mark.parametrize("what", ["session", "deletedSession"])
async def test_a_night_from_far_off_stops_nothing(rig: Rig, what: str, start_ms: int) -> None:
    night = {"id": "n", "activityType": 72, "startTimeMillis": str(start_ms), "endTimeMillis": str(start_ms)}
    rig.google.sessions = once(**{what: [night]})
    await rig.link("hana", "google")
    assert set((await rig.sync()).kinds.values()) == {"ok"}
