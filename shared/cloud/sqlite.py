"""The document port on one SQLite file, for a machine with nothing but Python.

Any number of processes may share the file: it is in WAL mode, and every commit takes the write lock at its start.
Each handle on a file talks to SQLite from one thread of its own: a single call takes some 20 to 60 microseconds, but
one that meets another process's commit waits for its end, and the event loop must not. What is in memory nobody else
can hold up, and the way to a thread and back takes longer than any call.
"""

# ruff: noqa: S608 (what stands in a statement's text is the name of a column; values are parameters)

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from shared import log
from shared.cloud import sqlite_query
from shared.cloud.documents import Data, Document, Expect, Put, Query, Write
from shared.cloud.indexes import DECLARED, Index
from shared.cloud.sqlite_query import column, order_key, path_key, path_of
from shared.cloud.values import check_path, check_query, check_writes
from shared.errors import Conflict, OutcomeUnknown, Unavailable

T = TypeVar("T")

MEMORY = ":memory:"

_BUSY_S = 10.0
"""How long a commit waits for other processes' commits."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents(
  collection TEXT NOT NULL, parent TEXT NOT NULL, path TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
  UNIQUE(collection, path));
CREATE TABLE IF NOT EXISTS commits(last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS indexed(collection TEXT NOT NULL, field TEXT NOT NULL, UNIQUE(collection, field));
INSERT INTO commits SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM commits)
"""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode


class SqliteDocuments:
    """The documents of one file, or, at ":memory:", of this handle alone."""

    def __init__(self, path: str, indexes: tuple[Index, ...] = DECLARED) -> None:
        self._path = path
        self._indexes = indexes
        self._indexed = sqlite_query.indexed_fields(indexes)
        alone = path == MEMORY
        self._worker = None if alone else ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._connection: sqlite3.Connection | None = None

    async def get(self, path: str) -> Document | None:
        """See `Documents`."""
        return (await self.get_many([path]))[0]

    async def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """See `Documents`."""
        for path in paths:
            check_path(path)
        log.count("store_reads", len(paths))
        return await self._run(_get_many, paths)

    async def query(self, query: Query) -> list[Document]:
        """See `Documents`."""
        check_query(query)
        sql, values = sqlite_query.select(query, self._indexed)
        rows = await self._run(lambda db: db.execute(sql, values).fetchall())
        log.count("store_reads", max(1, len(rows)))
        return [Document(path_of(path), _decode(body), str(version)) for path, version, body in rows]

    async def count(self, query: Query) -> int:
        """See `Documents`."""
        check_query(query)
        sql, values = sqlite_query.count(query, self._indexed)
        found: int = await self._run(lambda db: db.execute(sql, values).fetchone()[0])
        log.count("store_reads", max(1, -(-found // 1000)))
        return found

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        """See `Documents`."""
        check_writes(writes)
        if not writes:
            return []
        log.count("store_writes", len(writes))
        return await self._run(_commit, [self._row(write) for write in writes])

    async def close(self) -> None:
        """See `Documents`."""
        await self._where_it_belongs(self._disconnect)

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        def safely() -> T:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                return work(self._connection, *args)
            except sqlite3.Error as failed:
                raise Unavailable("store_unavailable", type(failed).__name__) from failed

        return await self._where_it_belongs(safely)

    async def _where_it_belongs(self, work: Callable[[], T]) -> T:
        if self._worker is None:
            await asyncio.sleep(0)  # others go on meanwhile, as they do on a file
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    # what follows runs in the worker thread

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            # A commit survives the death of any process at once, and the loss of power within the last checkpoint.
            db.execute("PRAGMA synchronous = NORMAL")
            db.create_function("field_key", 2, _field_key, deterministic=True)
            with _transaction(db, "IMMEDIATE"):
                self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        columns = {row[1] for row in db.execute("PRAGMA table_info(documents)")}
        done = set(db.execute("SELECT collection, field FROM indexed"))
        for collection, fields in self._indexed.items():
            for field in sorted(fields):
                name = column(field)
                if name.strip('"') not in columns:
                    db.execute(f"ALTER TABLE documents ADD COLUMN {name} BLOB")
                    columns.add(name.strip('"'))
                if (collection, field) not in done:
                    db.execute(
                        f"UPDATE documents SET {name} = field_key(body, ?) WHERE collection = ?",  # nosec B608
                        [field, collection],
                    )
                    db.execute("INSERT INTO indexed VALUES (?, ?)", [collection, field])
        for index in self._indexes:
            db.execute(sqlite_query.create_index(index))

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _row(self, write: Write) -> "_Row":
        parent = write.path.rpartition("/")[0]
        row = _Row(parent.rpartition("/")[2], path_key(parent), path_key(write.path), write.expect, None, {})
        if not isinstance(write, Put):
            return row
        keys = {column(field): _key_in(write.data, field) for field in self._indexed.get(row.collection, ())}
        return row._replace(body=_encode(write.data), keys=keys)


class _Row(NamedTuple):
    """One write, in the table's terms; without a body it deletes."""

    collection: str
    parent: str
    path: str
    expect: str | Expect
    body: bytes | None
    keys: dict[str, bytes | None]


def _get_many(db: sqlite3.Connection, paths: Sequence[str]) -> list[Document | None]:
    found: list[Document | None] = []
    with _transaction(db, "DEFERRED"):
        for path in paths:
            where = [path.split("/")[-2], path_key(path)]
            row = db.execute("SELECT version, body FROM documents WHERE collection = ? AND path = ?", where).fetchone()
            found.append(Document(path, _decode(row[1]), str(row[0])) if row else None)
    return found


def _commit(db: sqlite3.Connection, rows: list[_Row]) -> list[str]:
    with _transaction(db, "IMMEDIATE"):
        ((new,),) = db.execute("UPDATE commits SET last = last + 1 RETURNING last").fetchall()
        return [_write(db, row, new) for row in rows]


def _write(db: sqlite3.Connection, row: _Row, new: int) -> str:
    present = db.execute(
        "SELECT version, body = ? FROM documents WHERE collection = ? AND path = ?",
        [row.body, row.collection, row.path],
    ).fetchone()
    _demand(row.expect, str(present[0]) if present else None)
    if row.body is None:
        db.execute("DELETE FROM documents WHERE collection = ? AND path = ?", [row.collection, row.path])
        return ""
    if present and present[1]:
        return str(present[0])
    names = ", ".join(["collection", "parent", "path", "version", "body", *row.keys])
    values = [row.collection, row.parent, row.path, new, row.body, *row.keys.values()]
    db.execute(f"REPLACE INTO documents({names}) VALUES ({', '.join('?' * len(values))})", values)
    return str(new)


@contextmanager
def _transaction(db: sqlite3.Connection, kind: Literal["DEFERRED", "IMMEDIATE"]) -> Iterator[None]:
    db.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    try:
        db.execute("COMMIT")
    except sqlite3.Error as lost:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise OutcomeUnknown("commit_unknown", type(lost).__name__) from lost


def _demand(expect: str | Expect, present: str | None) -> None:
    if expect is Expect.ANYTHING or (expect is Expect.ABSENT and present is None) or expect == present:
        return
    raise Conflict("precondition_failed")


def _key_in(data: Data, field: str) -> bytes | None:
    return order_key(data[field]) if field in data else None


def _field_key(body: bytes, field: str) -> bytes | None:
    return _key_in(_decode(body), field)
