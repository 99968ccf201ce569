"""A stream that answers 404 says nothing: nothing is claimed of it, it is tried again, and nobody hurries."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.cloud.http import Answer
from shared.cloud.sqlite import SqliteDocuments
from shared.vocabulary import Kind
from tests.faults.hostile import NOW, Rig, ns, point

ABSENT = Answer(404, {}, b'{"error":{"code":404,"message":"DataSourceId not found"}}')


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Somebody linked, of whose steps Google lists a stream that is not there."""
    store = SqliteDocuments(":memory:")
    rig = Rig(store)
    rig.google.changes[Kind.STEPS] = lambda asked: ABSENT
    rig.google.datasets[Kind.STEPS] = lambda asked, start, end: ABSENT
    await rig.link("hana", "google")
    yield rig
    await store.close()


async def test_a_stream_that_is_never_there_is_tried_at_the_usual_pace(rig: Rig) -> None:
    for _ in range(3):
        while (outcome := await rig.sync()).again:
            assert rig.google.calls < 200, "visits without end"
        assert set(outcome.kinds.values()) == {"ok"}
        steps = (await rig.connection()).kinds[Kind.STEPS]
        assert (steps.reached_ns, steps.cursor_ns, steps.changes) == (None, 0, {})
        assert (await rig.connection()).next_sync_at > rig.clock.now() + timedelta(minutes=50)
        rig.clock.advance(timedelta(hours=1))


async def test_a_stream_that_appears_is_read_from_its_beginning(rig: Rig) -> None:
    while (await rig.sync()).again:
        pass
    walked = [NOW - timedelta(days=days) for days in (9, 1)]  # one of them longer ago than is read again
    rig.google.datasets[Kind.STEPS] = lambda asked, start, end: {
        "point": [point(Kind.STEPS, ns(at), 100) for at in walked if start <= ns(at) < end]
    }
    rig.clock.advance(timedelta(hours=1))
    while (await rig.sync()).again:
        pass
    for at in walked:
        day = await rig.day(Kind.STEPS, at)
        assert day is not None
        assert day.points.values == [[100]]
