"""An erasure that has not ended is queued again; one that is later than was promised is told to whoever is on duty."""

import datetime as dt
import json
from collections.abc import Mapping

import pytest

from shared.clock import ManualClock
from shared.cloud.documents import Expect
from shared.cloud.sqlite import SqliteDocuments
from shared.connection.store import ConnectionStore
from shared.erasure.model import SWEEP, Erasure, Progress
from shared.erasure.store import ErasureStore
from shared.erasure.writes import path_of, put
from shared.errors import Unavailable
from shared.sync.dispatch import Dispatching
from shared.vocabulary import Kind

PROMISED = dt.timedelta(hours=24)


class Queue:
    """Remembers which erasures it was given; out of reach where it is told to be."""

    def __init__(self, *, reachable: bool) -> None:
        self.given: list[str | int] = []
        self.reachable = reachable

    async def enqueue(self, queue: str, function_path: str, payload: Mapping[str, str | int], **_: object) -> bool:
        if not self.reachable:
            raise Unavailable("instance_busy")
        self.given.append(payload["erasure"])
        return True


async def begin(documents: SqliteDocuments, name: str, at: dt.datetime) -> None:
    begun = Erasure(
        uid=name,
        kinds=[Kind.STEPS],
        everything=False,
        state=Progress.BEGUN,
        requested_at=at,
        due_at=at + PROMISED,
        again_at=at + SWEEP,
    )
    await documents.commit([put(path_of(name), begun, Expect.ABSENT)])


@pytest.mark.parametrize("reachable", [True, False], ids=["queued again", "the queue out of reach as well"])
@pytest.mark.parametrize(
    ("age", "late"), [(SWEEP, 0), (PROMISED - dt.timedelta(seconds=1), 0), (PROMISED, 1), (3 * PROMISED, 1)]
)
async def test_only_an_erasure_later_than_was_promised_is_told(
    sqlite_documents: SqliteDocuments,
    clock: ManualClock,
    capsys: pytest.CaptureFixture[str],
    age: dt.timedelta,
    late: int,
    *,
    reachable: bool,
):
    await begin(sqlite_documents, "hana", clock.now())
    clock.advance(age)
    await begin(sqlite_documents, "ken", clock.now() - SWEEP)
    queue = Queue(reachable=reachable)
    await Dispatching(
        documents=sqlite_documents,
        connections=ConnectionStore(sqlite_documents, clock),
        erasures=ErasureStore(sqlite_documents),
        queue=queue,
        clock=clock,
        shards=1,
        tick_s=300,
        budget_s=480,
    ).tick()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = [(line["severity"], line["count"]) for line in lines if line["event"] == "erasure.overdue"]
    assert told == [("ERROR", 1)] * late
    assert queue.given == (["hana", "ken"] if reachable else [])
