import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from shared.cloud.blobs import ABANDONED, CHUNK_BYTES, Blobs
from shared.cloud.documents import Delete, Document, Documents, Expect, Put, Query, Write
from shared.cloud.indexes import missing
from shared.cloud.seal import Key
from shared.errors import Conflict, NotFound, OutcomeUnknown, Refused, Unavailable
from tests.fakes import RecordingDocuments

KEY = Key(1, b"k" * 32)
PATH = "cases/c1/papers/p1"
THREE = bytes(range(256)) * (CHUNK_BYTES // 100)  # 2.56 chunks


@pytest.fixture
def blobs(documents, clock, ids) -> Blobs:
    return Blobs(documents, clock, ids)


async def stored(blobs: Blobs, documents: Documents, content, path: str = PATH):
    written = await blobs.write(path, content, KEY)
    await documents.commit(written.writes)
    return written.blob


async def read(blobs: Blobs, path: str = PATH, key: Key = KEY) -> bytes:
    return b"".join([piece async for piece in blobs.read(path, key)])


async def chunks(documents: Documents, path: str = PATH) -> list[Document]:
    return await documents.query(Query(f"{path}/blob_chunks"))


async def notes(documents: Documents) -> list[Document]:
    return await documents.query(Query("blob_writes"))


async def pieces(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield bytes(size)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, len(THREE)])
async def test_what_was_written_is_read(blobs, documents, size):
    content = THREE[:size]
    blob = await stored(blobs, documents, content)
    assert await read(blobs) == content
    assert (blob.size, blob.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert blob.chunks == len(await chunks(documents)) == max(1, -(-size // CHUNK_BYTES))
    assert await blobs.find(PATH) == blob
    assert await notes(documents) == []


async def test_how_a_stream_is_cut_does_not_count(blobs, documents):
    blob = await stored(blobs, documents, pieces(1, CHUNK_BYTES - 1, 0, 2 * CHUNK_BYTES, 7))
    assert (blob.size, blob.chunks) == (3 * CHUNK_BYTES + 7, 4)
    assert await read(blobs) == bytes(blob.size)


async def test_nothing_lies_open_and_every_document_is_small(blobs, documents):
    await stored(blobs, documents, b"CANARY" * 400_000)
    for chunk in await chunks(documents):
        assert b"CANARY" not in chunk.data["sealed"]
        assert len(chunk.data["sealed"]) <= 900_000


async def test_nothing_is_there_until_its_head_is_committed(blobs, documents):
    written = await blobs.write(PATH, THREE, KEY)
    assert await blobs.find(PATH) is None
    with pytest.raises(NotFound, match="blob_missing"):
        await read(blobs)
    await documents.commit([*written.writes, Put("cases/c1", {"state": "received"}, Expect.ABSENT)])
    assert await read(blobs) == THREE


async def test_of_two_who_write_to_one_path_one_wins_and_the_other_is_swept(blobs, documents, clock):
    one, other = await blobs.write(PATH, b"one", KEY), await blobs.write(PATH, b"other", KEY)
    await documents.commit(other.writes)
    with pytest.raises(Conflict):
        await documents.commit(one.writes)
    clock.advance(ABANDONED)
    assert await blobs.sweep()
    assert await read(blobs) == b"other"
    assert len(await chunks(documents)) == 1


# what was tampered with


async def broken(blobs: Blobs, key: Key = KEY) -> None:
    with pytest.raises(Refused, match="seal_broken"):
        await read(blobs, key=key)


async def test_another_key_opens_nothing(blobs, documents):
    await stored(blobs, documents, b"x")
    await broken(blobs, Key(1, b"o" * 32))


async def test_chunks_in_another_order_are_found(blobs, documents):
    await stored(blobs, documents, THREE)
    first, second, _ = await chunks(documents)
    await documents.commit([Put(first.path, second.data), Put(second.path, first.data)])
    with pytest.raises(Refused, match="seal_broken"):
        await anext(blobs.read(PATH, KEY))  # before anything of it is told


async def test_a_blob_cut_short_is_found_whatever_its_head_says(blobs, documents):
    blob = await stored(blobs, documents, THREE)
    head = await documents.get(PATH)
    cut = THREE[: 2 * CHUNK_BYTES]
    told = {"chunks": 2, "size": len(cut), "sha256": hashlib.sha256(cut).hexdigest()}
    await documents.commit([Put(PATH, {**head.data, **told})])
    await broken(blobs)
    assert blob.chunks == 3


async def test_a_missing_chunk_is_found(blobs, documents):
    await stored(blobs, documents, THREE)
    await documents.commit([Delete((await chunks(documents))[1].path)])
    await broken(blobs)


async def test_a_chunk_of_another_blob_is_found(blobs, documents):
    await stored(blobs, documents, b"one")
    await stored(blobs, documents, b"two", "cases/c1/papers/p2")
    [here], [there] = await chunks(documents), await chunks(documents, "cases/c1/papers/p2")
    await documents.commit([Put(here.path, there.data)])
    await broken(blobs)


async def test_an_altered_head_is_found(blobs, documents):
    await stored(blobs, documents, b"one")
    head = await documents.get(PATH)
    await documents.commit([Put(PATH, {**head.data, "sha256": "0" * 64})])
    await broken(blobs)


# removing


async def test_removing_goes_with_what_it_belonged_to_and_chunks_are_swept(blobs, documents):
    await stored(blobs, documents, THREE)
    removal = await blobs.removal(PATH)
    assert await read(blobs) == THREE  # nothing has happened yet
    await documents.commit([*removal, Put("cases/c1", {"state": "destroyed"})])
    assert await blobs.find(PATH) is None
    assert await blobs.sweep()
    assert await chunks(documents) == await notes(documents) == []
    assert await blobs.removal(PATH) == ()


async def test_deleting_is_bounded_and_can_be_continued(blobs, documents):
    await stored(blobs, documents, bytes(11 * CHUNK_BYTES))
    left = []
    while not await blobs.delete(PATH, limit=4):
        left.append(len(await chunks(documents)))
        assert await blobs.find(PATH) is None
    assert left == [7, 3, 0]
    assert await chunks(documents) == await notes(documents) == []
    assert await blobs.delete(PATH)  # nothing is left of nothing


async def test_deleting_leaves_others_alone(blobs, documents):
    await stored(blobs, documents, b"one")
    await stored(blobs, documents, b"two", "cases/c1/papers/p2")
    begun = await blobs.write("cases/c1/papers/p3", b"three", KEY)
    assert await blobs.delete(PATH)
    await documents.commit(begun.writes)
    assert await read(blobs, "cases/c1/papers/p2") == b"two"
    assert await read(blobs, "cases/c1/papers/p3") == b"three"


async def test_deleting_a_path_leaves_what_is_being_written_to_it(blobs, documents):
    await stored(blobs, documents, b"old")
    begun = await blobs.write(PATH, b"new", KEY)
    assert await blobs.delete(PATH)
    await documents.commit(begun.writes)
    assert await read(blobs) == b"new"


async def test_a_blob_removed_while_it_is_read_is_missing_not_broken(blobs, documents):
    await stored(blobs, documents, THREE)
    reading = blobs.read(PATH, KEY)
    await anext(reading)
    await blobs.delete(PATH)
    with pytest.raises(NotFound, match="blob_missing"):
        await anext(reading)


# sweeping


async def test_only_what_was_abandoned_a_day_ago_is_swept(blobs, documents, clock):
    await stored(blobs, documents, b"kept", "cases/c1/papers/p2")
    written = await blobs.write(PATH, THREE, KEY)
    clock.advance(ABANDONED - timedelta(microseconds=1))
    assert await blobs.sweep()
    assert len(await chunks(documents)) == 3
    clock.advance(timedelta(microseconds=1))
    assert await blobs.sweep()
    assert await chunks(documents) == await notes(documents) == []
    with pytest.raises(Conflict):
        await documents.commit(written.writes)
    assert await read(blobs, "cases/c1/papers/p2") == b"kept"


async def test_a_sweep_is_bounded(blobs, documents, clock):
    for n in range(3):
        await blobs.write(f"cases/c1/papers/p{n}", THREE, KEY)
    clock.advance(ABANDONED)
    assert not await blobs.sweep(limit=2)
    assert not await blobs.sweep(limit=4)
    assert len(await notes(documents)) == 2
    while not await blobs.sweep(limit=2):
        pass
    assert await notes(documents) == []


async def test_whoever_commits_after_the_sweep_began_loses(blobs, documents, clock):
    """No head without its chunks: the sweep takes one chunk, then stops; the writer comes too late."""
    written = await blobs.write(PATH, THREE, KEY)
    clock.advance(ABANDONED)
    assert not await blobs.sweep(limit=1)
    with pytest.raises(Conflict):
        await documents.commit(written.writes)
    assert await blobs.find(PATH) is None


async def test_a_stream_that_fails_leaves_nothing_for_good(blobs, documents, clock):
    async def failing() -> AsyncIterator[bytes]:
        yield bytes(2 * CHUNK_BYTES)
        raise OSError("cut off")

    with pytest.raises(OSError, match="cut off"):
        await blobs.write(PATH, failing(), KEY)
    assert len(await chunks(documents)) == 1
    clock.advance(ABANDONED)
    assert await blobs.sweep()
    assert await chunks(documents) == await notes(documents) == []


# a store that fails at any moment


class Failing(RecordingDocuments):
    """A store whose `at`th commit fails: before it happened, or behind."""

    def __init__(self, documents: Documents, at: int, *, happened: bool, unknown: bool) -> None:
        super().__init__(documents)
        self._at, self._happened, self._unknown = at, happened, unknown

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        self._at -= 1
        if self._at == 0:
            if self._happened:
                await self._documents.commit(writes)
            raise OutcomeUnknown("commit_unknown") if self._unknown else Unavailable("store_unavailable")
        return await super().commit(writes)


@pytest.mark.parametrize("at", range(1, 6))
@pytest.mark.parametrize(("happened", "unknown"), [(True, True), (False, True), (False, False)])
async def test_wherever_writing_stops_there_is_a_whole_blob_or_none(
    sqlite_documents, clock, ids, at, happened, unknown
):
    failing = Failing(sqlite_documents, at, happened=happened, unknown=unknown)
    blobs = Blobs(failing, clock, ids)
    try:
        await failing.commit((await blobs.write(PATH, THREE, KEY)).writes)
    except Unavailable:
        assert at == 5 or not unknown  # what is unknown was found out
    clock.advance(ABANDONED)
    sound = Blobs(sqlite_documents, clock, ids)
    assert await sound.sweep()
    if await sound.find(PATH):
        assert await read(sound) == THREE
    else:
        assert await chunks(sqlite_documents) == []
    assert await notes(sqlite_documents) == []


@pytest.mark.parametrize("at", range(1, 5))
@pytest.mark.parametrize(("happened", "unknown"), [(True, True), (False, True), (False, False)])
async def test_wherever_deleting_stops_it_can_be_continued(sqlite_documents, clock, ids, at, happened, unknown):
    sound = Blobs(sqlite_documents, clock, ids)
    await stored(sound, sqlite_documents, THREE)
    failing = Blobs(Failing(sqlite_documents, at, happened=happened, unknown=unknown), clock, ids)
    try:
        assert await failing.delete(PATH)
    except Unavailable:
        found = await sound.find(PATH)
        assert found is None or await read(sound) == THREE
    assert await sound.delete(PATH)
    assert await chunks(sqlite_documents) == await notes(sqlite_documents) == []


# what it costs


async def test_memory_does_not_grow_with_the_content(sqlite_documents, clock, ids):
    blobs = Blobs(sqlite_documents, clock, ids)
    tracemalloc.start()
    try:
        blob = await stored(blobs, sqlite_documents, pieces(*[1 << 20] * 64))
        async for _ in blobs.read(PATH, KEY):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert blob.size == 64 << 20
    assert peak < 10 << 20


async def test_its_queries_have_their_indexes(sqlite_documents, clock, ids):
    recording = RecordingDocuments(sqlite_documents)
    blobs = Blobs(recording, clock, ids)
    await stored(blobs, sqlite_documents, b"x")
    await blobs.delete(PATH)
    await blobs.sweep()
    assert len(recording.queries) == 4
    assert [missing(query) for query in recording.queries] == [()] * 4
