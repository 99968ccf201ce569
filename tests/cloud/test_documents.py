"""Queries' whole order, and how a commit of unknown outcome is settled."""

import contextlib
from collections.abc import Sequence

import pytest

from shared.cloud.documents import NAME, Document, Documents, Expect, Put, Query, Where, Write, settle
from shared.cloud.sqlite import SqliteDocuments
from shared.errors import Conflict, OutcomeUnknown, Refused, Unavailable


@pytest.mark.parametrize(
    ("query", "order"),
    [
        (Query("users"), [(NAME, False)]),
        (Query("users", order_by=("a",)), [("a", False), (NAME, False)]),
        (Query("users", order_by=("a", "-b")), [("a", False), ("b", True), (NAME, True)]),
        (Query("users", order_by=("-a", NAME)), [("a", True), (NAME, False)]),
        (Query("users", order_by=(NAME, "a")), [(NAME, False)]),
        (Query("users", where=(Where("a", ">", 1),)), [("a", False), (NAME, False)]),
        (Query("users", where=(Where("a", ">", 1), Where("a", "<", 9))), [("a", False), (NAME, False)]),
        (Query("users", where=(Where("a", "==", 1),)), [(NAME, False)]),
        (Query("users", where=(Where("b", ">", 1),), order_by=("-a",)), [("a", True), ("b", True), (NAME, True)]),
    ],
)
def test_the_order_of_a_query_is_what_is_asked_then_what_is_compared_then_the_name(query, order):
    assert query.ordering() == tuple(order)


def test_a_document_knows_its_id():
    assert Document("users/u1/days/d1", {}, "1").id == "d1"


async def _nothing() -> None:
    pass


class Flaky:
    """A store whose commits and reads fail as scripted; each step is used once, and what follows goes well.

    Commits: `ok`, `lost` (applied, no answer), `dropped` (never applied, no answer), `late` (applied only when the
    next commit arrives), `down` (surely not applied), `refused`. Reads: `ok`, `down`.
    """

    def __init__(self, inner: Documents, commits: Sequence[str], reads: Sequence[str] = ()) -> None:
        self._inner = inner
        self._commits = list(commits)
        self._reads = list(reads)
        self._late: Sequence[Write] = ()
        self.sent = 0
        self.before_reading = self.before_sending_again = _nothing

    async def get(self, path: str) -> Document | None:
        before, self.before_reading = self.before_reading, _nothing
        await before()
        if self._reads and self._reads.pop(0) == "down":
            raise Unavailable("store_unavailable")
        return await self._inner.get(path)

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        self.sent += 1
        if self.sent == 2:
            await self.before_sending_again()
        if self._late:
            with contextlib.suppress(Conflict):
                await self._inner.commit(self._late)
            self._late = ()
        step = self._commits.pop(0) if self._commits else "ok"
        if step == "down":
            raise Unavailable("store_unavailable")
        if step == "refused":
            raise Refused("store_refused")
        if step == "late":
            self._late = writes
        if step in ("ok", "lost"):
            versions = await self._inner.commit(writes)
            if step == "ok":
                return versions
        raise OutcomeUnknown("commit_unknown")

    async def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        return [await self.get(path) for path in paths]

    async def query(self, query: Query) -> list[Document]:
        return await self._inner.query(query)

    async def count(self, query: Query) -> int:
        return await self._inner.count(query)

    async def close(self) -> None:
        await self._inner.close()


WITNESS = "audit/e1"


@pytest.fixture
async def start(sqlite_documents: SqliteDocuments) -> str:
    """The version of `counters/c`, which stands at 0."""
    [version] = await sqlite_documents.commit([Put("counters/c", {"n": 0})])
    return version


def increment(version: str) -> list[Write]:
    return [Put("counters/c", {"n": 1}, version), Put(WITNESS, {"what": "increment"}, Expect.ABSENT)]


async def counter(documents: Documents) -> int:
    found = await documents.get("counters/c")
    assert found is not None
    number: int = found.data["n"]
    return number


async def test_an_answered_commit_is_sent_once_and_gives_its_versions(sqlite_documents, start):
    store = Flaky(sqlite_documents, ["ok"])
    versions = await settle(store, increment(start), witness=WITNESS)
    assert versions[0] == (await sqlite_documents.get("counters/c")).version
    assert store.sent == 1


async def test_a_commit_applied_without_an_answer_is_recognised_and_not_sent_again(sqlite_documents, start):
    store = Flaky(sqlite_documents, ["lost"])
    assert await settle(store, increment(start), witness=WITNESS) == []
    assert (store.sent, await counter(sqlite_documents)) == (1, 1)


async def test_a_commit_never_applied_is_sent_again(sqlite_documents, start):
    store = Flaky(sqlite_documents, ["dropped"])
    assert len(await settle(store, increment(start), witness=WITNESS)) == 2
    assert (store.sent, await counter(sqlite_documents)) == (2, 1)


async def test_a_commit_that_lands_after_the_look_is_recognised_by_the_conflict_it_causes(sqlite_documents, start):
    store = Flaky(sqlite_documents, ["late"])
    assert await settle(store, increment(start), witness=WITNESS) == []
    assert (store.sent, await counter(sqlite_documents)) == (2, 1)


async def test_somebody_elses_commit_in_between_is_a_conflict(sqlite_documents, start):
    store = Flaky(sqlite_documents, ["dropped"])
    await sqlite_documents.commit([Put("counters/c", {"n": 7})])
    with pytest.raises(Conflict):
        await settle(store, increment(start), witness=WITNESS)
    assert await counter(sqlite_documents) == 7


@pytest.mark.parametrize("commits", [["dropped"], ["dropped", "dropped"], ["dropped", "late"], ["late"]])
@pytest.mark.parametrize("when", ["before the look", "behind the look"])
async def test_somebody_elses_witness_is_not_ours(sqlite_documents, start, commits, when):
    """Whoever read the same state writes the next entry under the same name, in the very same words perhaps."""
    store = Flaky(sqlite_documents, commits)

    async def theirs() -> None:
        await settle(sqlite_documents, increment(start), witness=WITNESS)

    if when == "before the look":
        store.before_reading = theirs
    else:
        store.before_sending_again = theirs
    with pytest.raises(Conflict):
        await settle(store, increment(start), witness=WITNESS)
    assert await counter(sqlite_documents) == 1


async def test_a_second_sending_that_is_refused_does_not_speak_for_the_first(sqlite_documents, start):
    store = Flaky(sqlite_documents, ["dropped", "refused"])
    with pytest.raises(OutcomeUnknown):
        await settle(store, increment(start), witness=WITNESS)


async def test_a_conflict_answered_at_once_is_not_questioned(sqlite_documents, start):
    await sqlite_documents.commit([Put("counters/c", {"n": 7})])
    store = Flaky(sqlite_documents, [])
    with pytest.raises(Conflict):
        await settle(store, increment(start), witness=WITNESS)
    assert store.sent == 1


@pytest.mark.parametrize(
    ("commits", "reads"),
    [
        (["lost"], ["down"]),
        (["dropped"], ["down"]),
        (["dropped", "dropped"], []),
        (["dropped", "lost"], ["ok", "down"]),
        (["dropped", "down"], []),  # the first may still land
        (["late", "dropped"], ["ok", "down"]),
    ],
)
async def test_what_cannot_be_seen_stays_unknown(sqlite_documents, start, commits, reads):
    with pytest.raises(OutcomeUnknown) as unknown:
        await settle(Flaky(sqlite_documents, commits, reads), increment(start), witness=WITNESS)
    assert unknown.value.code == "commit_unsettled"


async def test_two_unanswered_sendings_are_settled_when_the_second_is_seen(sqlite_documents, start):
    assert await settle(Flaky(sqlite_documents, ["dropped", "lost"]), increment(start), witness=WITNESS) == []
    assert await counter(sqlite_documents) == 1


async def test_a_store_that_is_surely_down_is_unavailable_and_nothing_more(sqlite_documents, start):
    with pytest.raises(Unavailable) as unavailable:
        await settle(Flaky(sqlite_documents, ["down"]), increment(start), witness=WITNESS)
    assert not isinstance(unavailable.value, OutcomeUnknown)


@pytest.mark.parametrize("witness", ["counters/c", "audit/e2"])
async def test_only_a_document_created_by_the_commit_can_witness_it(sqlite_documents, start, witness):
    with pytest.raises(ValueError, match="witness"):
        await settle(sqlite_documents, increment(start), witness=witness)
