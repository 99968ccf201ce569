"""A slow provider: what was read in time counts, and the next visit goes on behind it."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.consent.asking import Asked
from shared.consent.model import QOLMS, Decision
from shared.consent.service import How
from shared.vocabulary import Kind, Purpose
from tests.faults.hostile import NOW, Rig, ns, point

SECOND_NS = 1_000_000_000
EVERY_S = 20
A_PAGE_TAKES = timedelta(seconds=3)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Somebody linked, of whose heart there is a reading every 20 seconds: five slow pages a day."""
    store = SqliteDocuments(":memory:")
    rig = Rig(store)
    step = EVERY_S * SECOND_NS

    def page(asked: Mapping[str, str], start: int, end: int) -> Any:
        rig.clock.advance(A_PAGE_TAKES)
        newest = int(asked.get("pageToken") or min(end - 1, ns(NOW)) // step * step)
        oldest = max(newest - 999 * step, -(-start // step) * step)
        more = {"nextPageToken": str(oldest - step)} if oldest - step >= start else {}
        return {"point": [point(Kind.HEART_RATE, at, 60) for at in range(newest, oldest - 1, -step)], **more}

    rig.google.datasets[Kind.HEART_RATE] = page
    await rig.link("hana", "google")
    yield rig
    await store.close()


async def test_what_was_read_in_time_counts_and_the_next_visit_goes_on(rig: Rig) -> None:
    visits = 0
    again = True
    while again:
        began, visits = rig.clock.now(), visits + 1
        outcome = await rig.sync()
        assert rig.clock.now() - began < timedelta(seconds=rig.syncing.fetching.deadline_s), "it would be broken off"
        assert set(outcome.kinds.values()) == {"ok"}
        assert visits < 20
        again = outcome.again
    assert visits > 1
    for days in range(1, 11):
        day = await rig.day(Kind.HEART_RATE, NOW - timedelta(days=days))
        assert day is not None
        assert len(day.points) == 86_400 // EVERY_S


async def test_what_a_slow_feed_told_in_time_counts(rig: Rig) -> None:
    del rig.google.datasets[Kind.HEART_RATE]
    told: list[int] = []

    def changes(asked: Mapping[str, str]) -> Any:
        rig.clock.advance(A_PAGE_TAKES)
        if len(told) == 40:
            return {"nextPageToken": asked["pageToken"]}
        told.append(int(asked.get("pageToken", 0)))
        return {
            "insertedDataPoint": [point(Kind.WEIGHT, ns(NOW) - len(told) * SECOND_NS, 60)],
            "nextPageToken": str(len(told)),
        }

    rig.google.changes[Kind.WEIGHT] = changes
    again = True
    while again:
        began = rig.clock.now()
        outcome = await rig.sync()
        assert rig.clock.now() - began < timedelta(seconds=rig.syncing.fetching.deadline_s), "it would be broken off"
        assert set(outcome.kinds.values()) == {"ok"}
        again = outcome.again
    assert told == list(range(40))
    assert (await rig.connection()).kinds[Kind.WEIGHT].feeding


async def test_a_slow_feed_leaves_time_to_read_what_counts(rig: Rig) -> None:
    told: list[int] = []

    def changes(_: Mapping[str, str]) -> Any:
        rig.clock.advance(A_PAGE_TAKES)
        told.append(len(told))
        return {"insertedDataPoint": [point(Kind.HEART_RATE, ns(NOW), 60)], "nextPageToken": str(len(told))}

    rig.google.changes[Kind.HEART_RATE] = changes
    began = rig.clock.now()
    assert set((await rig.sync()).kinds.values()) == {"ok"}
    assert rig.clock.now() - began < timedelta(seconds=rig.syncing.fetching.deadline_s), "it would be broken off"
    assert (await rig.connection()).kinds[Kind.HEART_RATE].changes, "what it told counts as well"


async def test_a_consent_that_runs_out_while_it_is_read_ends_the_link_by_the_next_visit(rig: Rig) -> None:
    until = rig.clock.now() + timedelta(hours=1)
    consents = await rig.consenting.ledger.standing("hana")
    given = [Asked(Purpose.QOLMS_STORE, kind, QOLMS, Decision.GIVE, until) for kind in Kind]
    how = How(notice=rig.consenting.notices.in_force(rig.clock.now()).ref)
    await rig.consenting.decide("hana", given, how, if_epoch=consents.consents.epoch)
    rig.clock.set(until - A_PAGE_TAKES)
    assert (await rig.sync()).outcome == "synced"
    assert await rig.day(Kind.HEART_RATE, NOW) is None
    assert (await rig.connection()).tokens is not None
    rig.clock.advance(timedelta(days=1))
    assert (await rig.sync()).outcome == "ended"
    assert (await rig.connection()).tokens is None
    assert await rig.links.loose_grants_due(rig.clock.now(), limit=10)
