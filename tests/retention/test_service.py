"""What has expired is let go every day: all of it, nothing else, in pieces, and as often as one likes."""

import datetime as dt

import pytest

from infra.manifest import load
from shared.clock import ManualClock
from shared.cloud.blobs import Blobs
from shared.cloud.documents import Documents, Expect, Put, Query
from shared.cloud.seal import Key
from shared.cloud.sqlite import SqliteDocuments
from shared.disclosure.codes import RequestType, Stage
from shared.disclosure.store import CaseStore
from shared.retention.model import EXPIRES
from shared.retention.service import PAGE, Retaining
from tests.disclosure.counter import Counter
from tests.fakes import SeededIds

TODAY = dt.date(2026, 11, 23)
SECOND = dt.timedelta(seconds=1)


def retaining(documents: Documents, clock: ManualClock, budget_s: float = 480) -> Retaining:
    sweeper = Blobs(documents, clock, SeededIds())
    return Retaining(documents=documents, sweeper=sweeper, cases=CaseStore(documents), clock=clock, budget_s=budget_s)


def test_the_store_s_own_expiry_is_the_backstop_of_the_same_table():
    assert dict(EXPIRES) == load().databases["default"].expires


@pytest.mark.parametrize(("collection", "field"), EXPIRES.items())
async def test_what_has_expired_goes_and_what_has_not_stays(
    documents: Documents, clock: ManualClock, collection: str, field: str
):
    now = clock.now()
    kept = {"later": now + SECOND, "never": None}
    gone = {"now": now, "before": now - dt.timedelta(days=400)}
    await documents.commit([Put(f"{collection}/{name}", {field: at}) for name, at in {**kept, **gone}.items()])
    tally = await retaining(documents, clock).run(TODAY)
    assert tally.gone == {**dict.fromkeys(EXPIRES, 0), collection: 2}
    assert tally.finished
    assert {one.id for one in await documents.query(Query(collection))} == set(kept)
    assert sum((await retaining(documents, clock).run(TODAY)).gone.values()) == 0


async def test_more_than_a_page_goes_in_one_run(sqlite_documents: SqliteDocuments, clock: ManualClock):
    names = [f"link_attempts/{number}" for number in range(PAGE + 1)]
    await sqlite_documents.commit([Put(name, {"expires_at": clock.now()}) for name in names])
    tally = await retaining(sqlite_documents, clock).run(TODAY)
    assert (tally.gone["link_attempts"], tally.finished) == (PAGE + 1, True)


async def test_a_run_without_time_stops_and_says_so_and_the_next_goes_on(
    sqlite_documents: SqliteDocuments, clock: ManualClock, capsys: pytest.CaptureFixture[str]
):
    await sqlite_documents.commit([Put("releases/a", {"forget_at": clock.now()})])
    tally = await retaining(sqlite_documents, clock, budget_s=0).run(TODAY)
    assert not tally.finished
    assert '"event": "retention.done", "count": 0, "finished": false' in capsys.readouterr().err
    tally = await retaining(sqlite_documents, clock).run(TODAY)
    assert (tally.finished, tally.gone["releases"]) == (True, 1)


class GivenMoreTime:
    """A store in which a document is given more time just before it is deleted."""

    def __init__(self, real: SqliteDocuments, until: dt.datetime) -> None:
        self.real = real
        self.until: dt.datetime | None = until

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    async def commit(self, writes: list[object]) -> list[str]:
        if self.until is not None:
            until, self.until = self.until, None
            await self.real.commit([Put("releases/a", {"forget_at": until})])
        return await self.real.commit(writes)  # type: ignore[arg-type]


async def test_what_was_given_more_time_this_very_moment_stays(sqlite_documents: SqliteDocuments, clock: ManualClock):
    await sqlite_documents.commit([Put("releases/a", {"forget_at": clock.now()})])
    racing = GivenMoreTime(sqlite_documents, clock.now() + SECOND)
    tally = await retaining(racing, clock).run(TODAY)  # type: ignore[arg-type]
    assert (tally.gone["releases"], tally.finished) == (0, True)
    assert await sqlite_documents.get("releases/a") is not None


async def test_chunks_that_belong_to_nobody_go(sqlite_documents: SqliteDocuments, clock: ManualClock):
    blobs = Blobs(sqlite_documents, clock, SeededIds(1))
    await blobs.write("cases/x/papers/scan.1", b"never committed", Key(1, b"k" * 32))
    clock.advance(dt.timedelta(days=2))
    tally = await retaining(sqlite_documents, clock).run(TODAY)
    assert tally.swept
    assert await sqlite_documents.query(Query("blob_writes")) == []
    assert await sqlite_documents.query(Query("cases/x/papers/scan.1/blob_chunks")) == []


async def test_it_says_whose_papers_are_due_and_destroys_none(documents: Documents, clock: ManualClock):
    yesterday, today = TODAY - dt.timedelta(days=1), TODAY
    rows = {
        "due": (Stage.RETAINED, yesterday),
        "not_over": (Stage.RETAINED, today),
        "resting": (Stage.ANSWERED, yesterday),
        "gone": (Stage.DESTROYED, yesterday),
    }
    await documents.commit(
        [
            Put(f"cases/{name}", {"stage": stage, "destroy_on": on.isoformat()}, Expect.ABSENT)
            for name, (stage, on) in rows.items()
        ]
    )
    assert (await retaining(documents, clock).run(TODAY)).papers_due == 1
    assert len(await documents.query(Query("cases"))) == len(rows)


@pytest.mark.parametrize(("days", "held", "told"), [(30, False, False), (31, False, True), (31, True, False)])
async def test_papers_that_nobody_signs_for_a_month_are_told_to_operators(
    sqlite_documents: SqliteDocuments,
    clock: ManualClock,
    capsys: pytest.CaptureFixture[str],
    days: int,
    held: bool,
    told: bool,
):
    counter = Counter(sqlite_documents)
    case = await counter.call(RequestType.DISCLOSE)
    found = await sqlite_documents.get(f"cases/{case.id}")
    assert found is not None
    hold = {"by": "kanri", "at": clock.now()} if held else None
    due = {"stage": Stage.RETAINED, "destroy_on": (TODAY - dt.timedelta(days=days)).isoformat(), "hold": hold}
    await sqlite_documents.commit([Put(found.path, {**found.data, **due}, found.version)])
    await retaining(sqlite_documents, clock).run(TODAY)
    assert ('"event": "retention.papers_unsigned", "count": 1' in capsys.readouterr().err) is told
