from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from shared.audit.model import Head, append, first_break, hash_of
from shared.audit.store import stream_entries
from shared.audit.writes import SHELVES, entry_write
from shared.errors import Conflict

AT = datetime(2026, 11, 23, tzinfo=UTC)


def chain(n):
    entries, head = [], Head()
    for i in range(n):
        entry, head = append("s", head, at=AT + timedelta(seconds=i), actor="system", action="x", facts={"n": i})
        entries.append(entry)
    return entries


def test_a_chain_as_written_holds():
    assert first_break(chain(5)) is None
    assert first_break([]) is None


@pytest.mark.parametrize("field", ["at", "actor", "action", "facts"])
def test_the_first_altered_entry_is_named(field):
    entries = chain(5)
    other = {"at": AT, "actor": "intruder", "action": "y", "facts": {"n": 99}}
    entries[2] = msgspec.structs.replace(entries[2], **{field: other[field]})
    assert first_break(entries) == "entry 3 was altered"


def test_an_altered_entry_with_its_hash_made_fit_is_found_at_the_next():
    entries = chain(5)
    altered = msgspec.structs.replace(entries[2], actor="intruder")
    entries[2] = msgspec.structs.replace(altered, hash=hash_of(altered))
    assert first_break(entries) == "entry 4 does not follow entry 3"


def test_a_missing_or_swapped_entry_is_named():
    entries = chain(5)
    assert first_break(entries[:1] + entries[2:]) == "entry 2 is missing or out of order"
    assert first_break([entries[0], entries[2], entries[1]]) == "entry 2 is missing or out of order"


async def test_entries_are_read_back_in_order_and_each_stream_by_itself(documents):
    for stream in ("a", "a.b", "b"):
        head = Head()
        for i in range(12):
            entry, head = append(stream, head, at=AT, actor="system", action="x", facts={"n": i, "kinds": ["weight"]})
            await documents.commit([entry_write(entry)])
    for stream in ("a", "a.b", "b"):
        found = await stream_entries(documents, stream)
        assert [entry.facts["n"] for entry in found] == list(range(12))
        assert first_break(found) is None


async def test_an_entry_is_written_once(documents):
    entry, _ = append("s", Head(), at=AT, actor="system", action="x", facts={})
    await documents.commit([entry_write(entry)])
    with pytest.raises(Conflict):
        await documents.commit([entry_write(entry)])


async def test_an_entry_made_in_another_zone_is_read_back_as_it_was_hashed(sqlite_documents):
    tokyo = timezone(timedelta(hours=9))
    entry, _ = append(
        "s", Head(), at=datetime(2026, 11, 24, 1, tzinfo=tokyo), actor="system", action="x", facts={"n": 1}
    )
    await sqlite_documents.commit([entry_write(entry)])
    [found] = await stream_entries(sqlite_documents, "s")
    assert first_break([found]) is None


def test_an_entry_stands_on_the_shelf_of_its_day_in_utc_and_its_stream():
    tokyo = timezone(timedelta(hours=9))
    shelves = set()
    for stream in map(str, range(500)):
        entry, _ = append(
            stream, Head(), at=datetime(2026, 11, 24, 8, 59, tzinfo=tokyo), actor="a", action="x", facts={}
        )
        shelves.add(entry_write(entry).data["shelf"])
    assert shelves == {f"{part:02d}.2026-11-23" for part in range(SHELVES)}


async def test_a_stream_is_read_on_behind_a_number(sqlite_documents):
    entries = chain(5)
    await sqlite_documents.commit([entry_write(entry) for entry in entries])
    assert await stream_entries(sqlite_documents, "s", after=2, limit=2) == entries[2:4]
    assert await stream_entries(sqlite_documents, "s", after=5) == []
