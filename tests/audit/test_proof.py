"""Whatever one changes in the log or in what is anchored of it: it is found, and named."""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Callable
from copy import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.audit.checkpoints import CHECKPOINTS, KEY, KEYS, SEGMENTS, TYPE, read_checkpoint, read_keys
from shared.audit.model import Entry, Head, append, hash_of
from shared.audit.proof import Finding, Proof, Read
from shared.audit.writes import entry_id
from shared.clock import ManualClock
from shared.cloud.signing import Signer
from shared.cloud.sqlite import SqliteDocuments
from tests.audit.anchors import MemoryAnchors
from tests.audit.book import DAY, MONDAY, NOON, OTHER_SEED, SEED, Book, lines, proven
from tests.fakes import MemorySecrets

THURSDAY = MONDAY + 3 * DAY


class Log:
    """A log that is sealed to Wednesday and goes on on Thursday; `entries` and `anchors` are there to be changed."""

    def __init__(self, entries: list[Entry], anchors: MemoryAnchors) -> None:
        self.entries, self.anchors = entries, anchors

    def copied(self) -> "Log":
        anchors = MemoryAnchors()
        anchors.kept = dict(self.anchors.kept)
        return Log(copy(self.entries), anchors)

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.anchors.kept if name.startswith(prefix))

    def sealed(self) -> list[int]:
        return [n for n, one in enumerate(self.entries) if one.at.date() < THURSDAY]

    async def prove(self) -> Proof:
        return await proven(lines(self.entries), self.anchors, MONDAY + 2 * DAY)


@pytest.fixture(scope="module")
def log() -> Log:
    return asyncio.run(written())


async def written() -> Log:
    book = Book(SqliteDocuments(":memory:"), ManualClock(NOON))
    await book.week()
    await book.seal()
    await book.write("connection.a", NOON + 3 * DAY, 3)
    made = Log(await book.entries(), book.anchors)
    await book.documents.close()
    return made


def name(entry: Entry) -> str:
    return entry_id(entry.stream, entry.number)


FACTS = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3) | st.booleans(), max_size=3)
EDITS: dict[str, st.SearchStrategy[Any]] = {
    "at": st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),
    "actor": st.text(max_size=5),
    "action": st.text(max_size=5),
    "facts": FACTS,
    "previous": st.text(alphabet="0123456789abcdef", min_size=64, max_size=64),
    "hash": st.text(alphabet="0123456789abcdef", min_size=64, max_size=64),
}


async def test_the_log_as_it_was_written_is_whole(log):
    proof = await log.prove()
    assert (proof.findings, proof.waiting, proof.entries) == ([], 3, 34)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
async def test_any_edit_of_one_entry_is_found_and_named(log, data):
    changed = log.copied()
    at = data.draw(st.integers(0, len(changed.entries) - 1))
    field = data.draw(st.sampled_from(sorted(EDITS)))
    edited = msgspec.structs.replace(changed.entries[at], **{field: data.draw(EDITS[field])})
    if edited == changed.entries[at]:
        return
    changed.entries[at] = edited
    assert (await changed.prove()).findings[0] == Finding("entry_altered", name(edited))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
async def test_an_edit_with_its_hash_made_fit_is_found_and_named(log, data):
    changed = log.copied()
    at = data.draw(st.sampled_from(changed.sealed()))
    edited = msgspec.structs.replace(changed.entries[at], actor="intruder")
    changed.entries[at] = msgspec.structs.replace(edited, hash=hash_of(edited))
    assert (await changed.prove()).findings[0] == Finding("entry_replaced", name(edited))


@settings(deadline=None, max_examples=40)
@given(data=st.data())
async def test_a_chain_made_anew_from_some_entry_on_is_found_where_it_leaves_the_old_one(log, data):
    changed = log.copied()
    at = data.draw(st.sampled_from(changed.sealed()))
    first, head = changed.entries[at], Head(changed.entries[at].number - 1, changed.entries[at].previous)
    for n, entry in enumerate(changed.entries):
        if entry.stream == first.stream and entry.number >= first.number:
            actor = "intruder" if n == at else entry.actor
            changed.entries[n], head = append(
                entry.stream, head, at=entry.at, actor=actor, action=entry.action, facts=entry.facts
            )
    assert (await changed.prove()).findings[0] == Finding("entry_replaced", name(first))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
async def test_a_missing_entry_is_named(log, data):
    changed = log.copied()
    at = data.draw(st.sampled_from(changed.sealed()))
    gone = changed.entries.pop(at)
    assert (await changed.prove()).findings[0] == Finding("entry_missing", name(gone))


@settings(deadline=None, max_examples=40)
@given(data=st.data())
async def test_a_lost_end_is_named_from_its_first_entry_on(log, data):
    changed = log.copied()
    at = data.draw(st.integers(0, changed.sealed()[-1]))
    gone = changed.entries[at:]
    del changed.entries[at:]
    expected = next(one for one in gone if one.at.date() < THURSDAY)
    assert (await changed.prove()).findings[0] == Finding("entry_missing", name(expected))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
async def test_two_swapped_entries_are_found_and_the_first_of_them_named(log, data):
    changed = log.copied()
    one, other = sorted(data.draw(st.sets(st.sampled_from(changed.sealed()), min_size=2, max_size=2)))
    first = name(changed.entries[one])
    changed.entries[one], changed.entries[other] = changed.entries[other], changed.entries[one]
    assert (await changed.prove()).findings[0] == Finding("entry_missing", first)


@settings(deadline=None, max_examples=30)
@given(data=st.data())
async def test_an_entry_twice_is_out_of_order(log, data):
    changed = log.copied()
    at = data.draw(st.integers(0, len(changed.entries) - 1))
    changed.entries.insert(at, changed.entries[at])
    assert (await changed.prove()).findings == [("entry_out_of_order", name(changed.entries[at]))]


@pytest.mark.parametrize("stream", ["a.new.one", "consent.a", "z.new.one"])
async def test_an_entry_of_a_sealed_day_that_was_added_is_named(log, stream):
    changed = log.copied()
    last = [one for one in changed.entries if one.stream == stream][-1:]
    head = Head(last[0].number, last[0].hash) if last else Head()
    forged, _ = append(stream, head, at=NOON, actor="staff", action="case.decided", facts={})
    changed.entries.append(forged)
    changed.entries.sort(key=name)
    assert (await changed.prove()).findings == [("entry_unanchored", name(forged))]


async def test_an_entry_in_anothers_place_is_named(log):
    async def read():
        for entry in log.entries:
            yield Read(name(entry) if entry is not log.entries[-1] else f"{entry.stream}.0000000099", entry)

    found = (await proven(read(), log.anchors, MONDAY)).findings
    assert Finding("entry_misplaced", f"{log.entries[-1].stream}.0000000099") in found


async def test_what_is_no_entry_is_named(log):
    async def read():
        for entry in log.entries[:-1]:
            yield Read(name(entry), entry)
        yield Read(name(log.entries[-1]), None)

    found = (await proven(read(), log.anchors, MONDAY)).findings
    assert found == [("entry_unreadable", name(log.entries[-1]))]


# what is anchored


@settings(deadline=None, max_examples=60)
@given(data=st.data())
async def test_any_edit_of_a_segment_is_found_and_named(log, data):
    changed = log.copied()
    which = data.draw(st.sampled_from(changed.names(SEGMENTS)))
    content = bytearray(changed.anchors.kept[which])
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    changed.anchors.kept[which] = bytes(content[: data.draw(st.sampled_from([len(content), at]))])
    assert (await changed.prove()).findings[0] == Finding("segment_altered", which)


@settings(deadline=None, max_examples=30)
@given(data=st.data())
async def test_a_missing_segment_and_two_swapped_ones_are_named(log, data):
    which, other = data.draw(st.lists(st.sampled_from(log.names(SEGMENTS)), min_size=2, max_size=2, unique=True))
    changed = log.copied()
    del changed.anchors.kept[which]
    assert (await changed.prove()).findings[0] == Finding("segment_missing", which)
    changed = log.copied()
    kept = changed.anchors.kept
    kept[which], kept[other] = kept[other], kept[which]
    found = {finding for finding in (await changed.prove()).findings if finding.what == "segment_altered"}
    assert found == {Finding("segment_altered", which), Finding("segment_altered", other)}


@settings(deadline=None, max_examples=60)
@given(data=st.data())
async def test_any_edit_of_a_checkpoint_is_found_and_named(log, data):
    changed = log.copied()
    which = data.draw(st.sampled_from(changed.names(CHECKPOINTS)))
    content = bytearray(changed.anchors.kept[which])
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    changed.anchors.kept[which] = bytes(content[: data.draw(st.sampled_from([len(content), at]))])
    first = (await changed.prove()).findings[0]
    assert first == Finding("checkpoint_unbelieved", which)


@pytest.mark.parametrize("day", range(3))
async def test_a_missing_checkpoint_is_named_also_the_first_and_the_last(log, day):
    changed = log.copied()
    which = f"{CHECKPOINTS}{MONDAY + day * DAY}.jws"
    del changed.anchors.kept[which]
    assert Finding("checkpoint_missing", which) in (await changed.prove()).findings


async def test_without_any_checkpoint_the_log_is_not_proven(log):
    proof = await proven(lines(log.entries), MemoryAnchors(), MONDAY)
    assert proof.findings == [("checkpoint_missing", f"{CHECKPOINTS}{MONDAY}.jws")]


@pytest.mark.parametrize(("one", "other"), [(0, 1), (0, 2), (1, 2)])
async def test_two_swapped_checkpoints_are_named(log, one, other):
    changed = log.copied()
    names, kept = changed.names(CHECKPOINTS), changed.anchors.kept
    kept[names[one]], kept[names[other]] = kept[names[other]], kept[names[one]]
    assert (await changed.prove()).findings[0] == Finding("checkpoint_unlinked", names[one])


async def resigned(log: Log, which: str, change: Callable[[dict[str, Any]], None], seed: bytes = SEED) -> None:
    """What somebody who has the key could have made of a checkpoint, were it not kept where nobody can replace it."""
    keys = read_keys(content for name, content in log.anchors.kept.items() if name.startswith(KEYS))
    payload = msgspec.to_builtins(read_checkpoint(log.anchors.kept[which], keys).value)
    change(payload)
    jws = await Signer(MemorySecrets({KEY: [seed]}), KEY).sign(msgspec.json.encode(payload), typ=TYPE)
    log.anchors.kept[which] = jws.encode()


async def test_a_checkpoint_replaced_by_one_that_is_signed_breaks_the_next_one_s_link(log):
    changed = log.copied()
    names = changed.names(CHECKPOINTS)
    await resigned(changed, names[1], lambda payload: payload.update(segments=[], entries=0))
    assert (await changed.prove()).findings[0] == Finding("checkpoint_unlinked", names[2])


async def test_a_checkpoint_that_another_key_signed_is_not_believed(log):
    changed = log.copied()
    names = changed.names(CHECKPOINTS)
    await resigned(changed, names[2], lambda _: None, seed=OTHER_SEED)
    assert (await changed.prove()).findings[0] == Finding("checkpoint_unbelieved", names[2])


async def test_a_name_that_no_checkpoint_has_is_told(log):
    changed = log.copied()
    changed.anchors.kept[f"{CHECKPOINTS}2026-11-22x.jws"] = b""
    assert (await changed.prove()).findings == [("checkpoint_unbelieved", f"{CHECKPOINTS}2026-11-22x.jws")]


async def test_an_entry_anchored_with_two_hashes_is_a_fork_and_named(log):
    changed = log.copied()
    names = changed.names(CHECKPOINTS)
    keys = read_keys(content for name, content in changed.anchors.kept.items() if name.startswith(KEYS))
    first = read_checkpoint(changed.anchors.kept[names[0]], keys).value.segments[0]
    content = changed.anchors.kept[first.name]
    assert hashlib.sha256(content).hexdigest() == first.sha256
    again = msgspec.to_builtins(first)
    await resigned(changed, names[2], lambda payload: payload["segments"].append(again))
    assert {one.what for one in (await changed.prove()).findings} == {"entry_anchored_twice"}


async def test_chains_alone_are_proven_without_anchors(log):
    from shared.audit.proof import prove

    assert (await prove(lines(log.entries), None, [], MONDAY)).findings == []
    found = (await prove(lines(log.entries[:3] + log.entries[4:]), None, [], MONDAY)).findings
    assert found == [("entry_missing", name(log.entries[3]))]


async def test_no_more_is_told_than_somebody_reads(log):
    changed = log.copied()
    changed.entries = [msgspec.structs.replace(one, actor="x") for one in changed.entries]
    assert len((await changed.prove()).findings) == 20
