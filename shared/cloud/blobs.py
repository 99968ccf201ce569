"""Large contents as documents: sealed, in chunks, written before anybody can see them.

A blob is its head document, at the path the caller chose. Its chunks lie below, `{path}/blob_chunks/{attempt}.{index}`,
and say nothing without it. While they are written, `blob_writes/{attempt}` tells that they belong to nobody yet; the
commit that makes the head also removes that note. Removing a blob is the reverse: the head goes, the note comes back,
and whatever a note is about is swept away. So chunks are either part of a blob or found by the sweep, whenever we stop.
"""

import datetime as dt
import hashlib
from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from shared.clock import Clock
from shared.cloud.documents import NAME, Delete, Document, Documents, Expect, Put, Query, Where, Write, settle
from shared.cloud.seal import OVERHEAD_BYTES, Key, open_sealed, seal
from shared.errors import Conflict, NotFound, OutcomeUnknown, Refused
from shared.ids import Ids

CHUNK_BYTES = 900_000 - OVERHEAD_BYTES
ABANDONED = dt.timedelta(days=1)
"""Until when a write may be committed after it began. It has stopped long before: a function runs an hour at most."""
_NOTES = "blob_writes"
_AT_ONCE = 8
"""Chunks read to be deleted: a query brings all of each."""


class Blob(msgspec.Struct, frozen=True):
    """What a head says. `sha256` is of the whole content, in hexadecimal; `size` is in bytes."""

    path: str
    size: int
    sha256: str
    chunks: int
    attempt: str


class Written(msgspec.Struct, frozen=True):
    """A content that is stored, but not yet there. Committing `writes`, with whatever it belongs to, makes it so.

    That commit ends in Conflict where the path was taken meanwhile, or a day has passed.
    """

    blob: Blob
    writes: tuple[Write, ...]


class Blobs:
    """Writes, reads and removes blobs. Memory holds two chunks and one piece of what is given."""

    def __init__(self, documents: Documents, clock: Clock, ids: Ids) -> None:
        self._documents = documents
        self._clock = clock
        self._ids = ids

    async def write(self, path: str, content: bytes | AsyncIterable[bytes], key: Key) -> Written:
        """Store `content` sealed under `key` for a path at which there is none. Two writes, and one for each chunk.

        Whatever this raises, or the stream does, what was written so far will be swept.
        """
        attempt = self._ids.ident()
        note = await self._noted(path, attempt)
        size = count = 0
        digest = hashlib.sha256()
        async for piece, last in _pieces(content):
            sealed = seal(key, piece, *_place(path, attempt, count, last=last))
            await self._put(Put(_chunk(path, attempt, count), {"sealed": sealed}))
            digest.update(piece)
            size += len(piece)
            count += 1
        blob = Blob(path, size, digest.hexdigest(), count, attempt)
        head = {name: value for name, value in msgspec.structs.asdict(blob).items() if name != "path"}
        return Written(blob, (Put(path, head, Expect.ABSENT), Delete(note.path, note.version)))

    async def find(self, path: str) -> Blob | None:
        """What is known of the blob at `path`. One read."""
        found = await self._documents.get(path)
        return _blob(found) if found else None

    async def read(self, path: str, key: Key) -> AsyncIterator[bytes]:
        """The content, chunk by chunk. One read, and one for each.

        Raises:
            NotFound: `blob_missing`: there is none, or it was removed meanwhile.
            Refused: `seal_broken`: altered, cut short, out of order or under another key. What has been yielded until
                then is sound, but not whole.
        """
        blob = await self.find(path)
        if blob is None:
            raise NotFound("blob_missing")
        digest = hashlib.sha256()
        for index in range(blob.chunks):
            found = await self._documents.get(_chunk(path, blob.attempt, index))
            if found is None:
                if await self.find(path) != blob:
                    raise NotFound("blob_missing")
                raise Refused("seal_broken", "a chunk is missing")
            last = index == blob.chunks - 1
            piece = open_sealed(key, found.data["sealed"], *_place(path, blob.attempt, index, last=last))
            digest.update(piece)
            yield piece
        if digest.hexdigest() != blob.sha256:
            raise Refused("seal_broken", "its head was altered")

    async def removal(self, path: str) -> tuple[Write, ...]:
        """The writes that remove the blob at `path`, to be committed with what it belonged to; none if there is none.

        Its chunks are swept afterwards. One read.
        """
        found = await self._documents.get(path)
        if found is None:
            return ()
        note = _note(path, self._clock.now(), doomed=True)
        return (Delete(path, found.version), Put(f"{_NOTES}/{found.data['attempt']}", note, Expect.ABSENT))

    async def delete(self, path: str, *, limit: int = 100) -> bool:
        """Remove the blob at `path` and its chunks; whether nothing is left of it.

        At most about `limit` documents go at a time: ask again until nothing is left. Raises as `settle`.
        """
        removal = await self.removal(path)
        if removal:
            await settle(self._documents, removal, witness=removal[-1].path)
        noted = await self._documents.query(Query(_NOTES, where=(Where("path", "==", path),), limit=limit))
        return await self._swept([note for note in noted if note.data["doomed"]], limit)

    async def sweep(self, *, limit: int = 100) -> bool:
        """Delete chunks that belong to nobody: abandoned writes, removed blobs. Whether none is left."""
        due = Query(_NOTES, where=(Where("due_at", "<=", self._clock.now()),), order_by=("due_at",), limit=limit)
        notes = await self._documents.query(due)
        return await self._swept(notes, limit) and len(notes) < limit

    async def _swept(self, notes: list[Document], limit: int) -> bool:
        for note in notes:
            limit -= await self._cleared(note, limit)
            if limit <= 0:
                return False
        return True

    async def _cleared(self, note: Document, limit: int) -> int:
        """Delete at most `limit` chunks of a note, and it with the last of them; how many documents went."""
        if not note.data["doomed"]:
            try:
                # From here on, whoever wrote them cannot commit the head any more.
                await self._documents.commit([Put(note.path, {**note.data, "doomed": True}, note.version)])
            except Conflict:
                return 0  # it was committed this very moment
        gone = 0
        while gone < limit:
            chunks = await self._documents.query(_chunks(note.data["path"], note.id, min(_AT_ONCE, limit - gone)))
            if not chunks:
                await self._documents.commit([Delete(note.path)])
                return gone + 1
            await self._documents.commit([Delete(chunk.path) for chunk in chunks])
            gone += len(chunks)
        return gone

    async def _noted(self, path: str, attempt: str) -> Document:
        where = f"{_NOTES}/{attempt}"
        data = _note(path, self._clock.now() + ABANDONED, doomed=False)
        versions = await settle(self._documents, [Put(where, data, Expect.ABSENT)], witness=where)
        found = Document(where, data, versions[0]) if versions else await self._documents.get(where)
        if found is None:
            raise Conflict("precondition_failed")
        return found

    async def _put(self, chunk: Put) -> None:
        try:
            await self._documents.commit([chunk])
        except OutcomeUnknown:
            await self._documents.commit([chunk])  # twice the same is once


def _blob(found: Document) -> Blob:
    # Whoever commits the head may have marked it.
    return msgspec.convert({**found.data, "path": found.path}, Blob)


def _note(path: str, due_at: dt.datetime, *, doomed: bool) -> dict[str, object]:
    return {"path": path, "due_at": due_at, "doomed": doomed}


def _chunk(path: str, attempt: str, index: int) -> str:
    return f"{path}/blob_chunks/{attempt}.{index:06d}"


def _chunks(path: str, attempt: str, limit: int) -> Query:
    names = (Where(NAME, ">=", f"{attempt}."), Where(NAME, "<", f"{attempt}.~"))
    return Query(f"{path}/blob_chunks", where=names, order_by=(NAME,), limit=limit)


def _place(path: str, attempt: str, index: int, *, last: bool) -> tuple[str, ...]:
    return ("blob", path, attempt, str(index), "last" if last else "more")


async def _pieces(content: bytes | AsyncIterable[bytes]) -> AsyncIterator[tuple[bytes, bool]]:
    """The content as chunks, and whether each is the last. One at least, be it empty."""
    held = bytearray()
    async for given in _stream(content):
        held += given
        while len(held) > CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES]), False
            del held[:CHUNK_BYTES]
    yield bytes(held), True


async def _stream(content: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        for start in range(0, len(content), CHUNK_BYTES):
            yield content[start : start + CHUNK_BYTES]
        return
    async for piece in content:
        yield piece
