"""Which store a setting opens."""

import os
from pathlib import Path

import pytest

from shared.cloud.documents import Put, Query
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.stores import open_documents
from shared.errors import Refused


async def test_sqlite_keeps_each_database_in_a_file_of_its_own(tmp_path: Path):
    where = f"sqlite:{tmp_path / 'data'}"
    for database in ("(default)", "keys"):
        store = open_documents(where, project="p", database=database)
        await store.commit([Put("names/n", {"database": database})])
        await store.close()
    for name, database in (("data", "(default)"), ("data.keys", "keys")):
        store = SqliteDocuments(str(tmp_path / name))
        [found] = await store.query(Query("names"))
        assert found.data == {"database": database}
        await store.close()


async def test_databases_in_memory_are_apart_and_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    main, keys = (open_documents("sqlite::memory:", project="p", database=d) for d in ("(default)", "keys"))
    await main.commit([Put("names/n", {})])
    assert await keys.get("names/n") is None
    await main.close()
    await keys.close()
    assert os.listdir() == []  # noqa: PTH208 (one look, of a test)


@pytest.mark.usefixtures("firestore_emulator")
async def test_firestore_databases_are_apart():
    main, keys = (open_documents("firestore", project="test-stores", database=d) for d in ("(default)", "keys"))
    await main.commit([Put("names/n", {})])
    assert await keys.get("names/n") is None
    await main.close()
    await keys.close()


@pytest.mark.parametrize("where", ["", "sqlite", "sqlite:", "postgres:x"])
def test_anything_else_is_refused(where: str):
    with pytest.raises(Refused) as refused:
        open_documents(where, project="p")
    assert refused.value.code == "settings"
