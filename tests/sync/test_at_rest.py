"""Whatever no visit can mend: the person is come back to at the usual pace, and what can be stored is stored."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.values import DOCUMENT_BYTES
from shared.cloud.vault import KeyShredder
from shared.connection.model import LinkState
from shared.vocabulary import Kind
from tests.faults.hostile import NOW, Rig, ns, point

HOUR = timedelta(hours=1)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


async def test_a_person_whose_data_key_is_gone_is_not_fetched_again_and_again(rig: Rig) -> None:
    await rig.link("hana", "google")
    while (await rig.sync()).again:
        pass
    await KeyShredder(rig.store, rig.clock).destroy("hana", 1)
    rig.google.datasets[Kind.WEIGHT] = lambda _, start, end: {
        "point": [point(Kind.WEIGHT, at, 61.0) for at in [ns(NOW) - 1] if start <= at < end]
    }
    visits = 0
    rig.clock.advance(25 * HOUR)
    until = rig.clock.now() + 12 * HOUR
    while rig.clock.now() < until:
        visits += (await rig.sync()).outcome != "not_due"
        rig.clock.advance(timedelta(minutes=5))
    after = await rig.connection()
    assert visits <= 12 + 6, "hours, and a few at first that came sooner"
    assert (after.state, after.last_error) == (LinkState.ACTIVE, "key_destroyed")


async def test_more_streams_than_can_be_followed_cost_no_other_kind(rig: Rig) -> None:
    streams = [f"raw:com.google.weight:{'x' * 900}{n}:scale" for n in range(200)]
    rig.google.streams[Kind.WEIGHT] = streams
    rig.google.changes[Kind.WEIGHT] = lambda _: {"nextPageToken": "t" * 4000}
    await rig.link("hana", "google")
    for _ in range(12):
        await rig.sync()
        rig.clock.set(max(rig.clock.now() + timedelta(minutes=1), (await rig.connection()).next_sync_at))
    assert {link.last_error for link in (await rig.connection()).kinds.values()} == {""}
    stored: Any = await rig.store.get("users/hana/connections/google_fit")
    assert len(str(stored.data)) < DOCUMENT_BYTES / 2


async def test_a_device_that_writes_nights_without_end_keeps_nothing_from_being_stored(rig: Rig) -> None:
    await rig.link("hana", "google", [Kind.SLEEP])
    await rig.sync()
    starts = [ns(NOW) // 1_000_000 - 60_000 * n for n in range(1, 6000)]
    nights = [
        {"id": f"{at}.{n}", "activityType": 72, "startTimeMillis": str(at), "endTimeMillis": str(at + 1)}
        for at in starts
        for n in range(19)
    ]
    pages = [nights[i : i + 20_000] for i in range(0, len(nights), 20_000)]
    rig.google.sessions = lambda _: {"session": pages.pop() if pages else [], "nextPageToken": f"{len(pages)}"}
    rig.clock.advance(HOUR)
    assert (await rig.sync()).kinds == {Kind.SLEEP: "ok"}
    assert (await rig.connection()).kinds[Kind.SLEEP].stored == len(nights)
