"""What SQLite's adapter promises beyond the port: sharing, durability, real indexes."""

import asyncio
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from shared.cloud import sqlite_query
from shared.cloud.documents import Document, Expect, Put, Query, Where
from shared.cloud.indexes import Composite, Single
from shared.cloud.sqlite import SqliteDocuments
from shared.errors import Conflict, Unavailable

DUE = Query(
    "connections",
    group=True,
    where=(Where("state", "==", "active"), Where("shard", "==", 1), Where("next_sync_at", "<=", 50)),
    order_by=("next_sync_at",),
    limit=20,
)


def connection(i: int) -> Put:
    return Put(f"users/u{i:04}/connections/fit", {"state": "active", "shard": i % 2, "next_sync_at": i // 500})


async def test_two_handles_on_one_file_see_each_other_at_once(tmp_path):
    one, other = (SqliteDocuments(str(tmp_path / "f")) for _ in range(2))
    [version] = await one.commit([Put("users/u1", {"n": 1})])
    assert await other.get("users/u1") == Document("users/u1", {"n": 1}, version)
    await other.commit([Put("users/u1", {"n": 2}, version)])
    with pytest.raises(Conflict):
        await one.commit([Put("users/u1", {"n": 3}, version)])
    outcomes = await asyncio.gather(
        *(store.commit([Put(f"slots/{i}", {}, Expect.ABSENT)]) for i in range(20) for store in (one, other)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 20
    assert all(isinstance(outcome, list | Conflict) for outcome in outcomes)
    await one.close()
    await other.close()


async def test_what_was_committed_outlives_the_handle(tmp_path):
    store = SqliteDocuments(str(tmp_path / "f"))
    [version] = await store.commit([Put("users/u1", {"n": 1})])
    await store.close()
    store = SqliteDocuments(str(tmp_path / "f"))
    assert await store.get("users/u1") == Document("users/u1", {"n": 1}, version)
    [later] = await store.commit([Put("users/u2", {"n": 1})])
    assert later != version
    await store.close()


COUNTING = """
import asyncio, sys
from shared.cloud.documents import Expect, Put
from shared.cloud.sqlite import SqliteDocuments
from shared.errors import Conflict

async def main():
    store = SqliteDocuments(sys.argv[1])
    done = 0
    while done < 25:
        found = await store.get("counters/c")
        n, expect = (found.data["n"], found.version) if found else (0, Expect.ABSENT)
        try:
            await store.commit([Put("counters/c", {"n": n + 1}, expect)])
            done += 1
        except Conflict:
            pass
    await store.close()

asyncio.run(main())
"""


async def test_processes_that_start_and_count_together_lose_nothing(tmp_path: Path):
    path = str(tmp_path / "f")
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", COUNTING, path) for _ in range(4)]
    assert await asyncio.gather(*(process.wait() for process in processes)) == [0, 0, 0, 0]
    store = SqliteDocuments(path)
    [found] = await store.query(Query("counters"))
    assert found.data == {"n": 100}
    await store.close()


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path):
    (tmp_path / "f").write_text("not a database, but long enough to be looked at as one" * 50)
    store = SqliteDocuments(str(tmp_path / "f"))
    with pytest.raises(Unavailable):
        await store.get("users/u1")
    await store.close()


async def test_the_loop_goes_on_while_another_process_holds_the_file(tmp_path: Path):
    store = SqliteDocuments(str(tmp_path / "f"))
    await store.commit([Put("users/u1", {})])
    other = sqlite3.connect(tmp_path / "f", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.commit([Put("users/u2", {})]))
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert not waiting.done()
    other.execute("COMMIT")
    other.close()
    assert len(await waiting) == 1
    await store.close()


def steps(path: Path, query: Query) -> int:
    """How much SQLite works for `query`, in hundreds of its virtual machine's instructions."""
    sql, values = sqlite_query.select(query, {"connections": frozenset({"state", "shard", "next_sync_at"})})
    db = sqlite3.connect(path)
    hundreds = [0]

    def count() -> None:
        hundreds[0] += 1

    db.set_progress_handler(count, 100)
    db.execute(sql, values).fetchall()
    db.close()
    return hundreds[0]


async def test_every_page_of_the_due_query_costs_the_same_however_many_are_due(tmp_path: Path):
    store = SqliteDocuments(str(tmp_path / "f"))
    await store.commit([connection(i) for i in range(2000)])
    first = await store.query(DUE)
    early = steps(tmp_path / "f", DUE)
    last = replace(DUE, after=(await store.query(replace(DUE, limit=990)))[-1])
    assert len(await store.query(last)) == 10
    assert len(first) == 20
    assert steps(tmp_path / "f", last) <= early + 1
    assert steps(tmp_path / "f", replace(last, limit=1)) <= 2
    await store.close()


async def test_a_declared_index_serves_documents_written_before_it_was_declared(tmp_path: Path):
    before = SqliteDocuments(str(tmp_path / "f"), indexes=())
    await before.commit([connection(i) for i in range(40)])
    await before.close()
    for declared in [
        (Composite("connections", ("state", "shard", "next_sync_at"), group=True),),
        (Composite("connections", ("state", "-shard")), Single("connections", "next_sync_at", across=True)),
        (),
    ]:
        store = SqliteDocuments(str(tmp_path / "f"), indexes=declared)
        assert len(await store.query(DUE)) == 20
        assert await store.count(DUE) == 20
        backwards = Query("users/u0003/connections", where=(Where("state", "==", "active"),), order_by=("-shard",))
        assert len(await store.query(backwards)) == 1
        await store.close()


async def test_a_field_newly_indexed_for_one_collection_is_filled_though_its_column_stands(tmp_path: Path):
    index = Composite("days", ("state", "n"))
    store = SqliteDocuments(str(tmp_path / "f"), indexes=(index,))
    await store.commit([Put("a/b/nights/c", {"state": 1, "n": 1})])
    await store.close()
    store = SqliteDocuments(str(tmp_path / "f"), indexes=(index, replace(index, collection="nights")))
    assert await store.count(Query("a/b/nights", where=(Where("state", "==", 1),), order_by=("n",))) == 1
    await store.close()
