"""Proving the log: each stream's chain, the chain of checkpoints, and that both speak of the same entries.

Both sides are walked once, in order of id: the entries as they are stored or were exported, and what is anchored,
which is sorted in a temporary file. So memory stays bounded, however long the log is.
"""

import datetime as dt
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from shared.audit.checkpoints import (
    CHECKPOINTS,
    Anchored,
    Checkpoint,
    Segment,
    Unsound,
    checkpoint_name,
    day_of,
    read_checkpoint,
    read_segment,
)
from shared.audit.model import Entry, Head, hash_of
from shared.audit.ports import Anchors
from shared.audit.writes import entry_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MOST = 20
"""How many findings are told; the first says where to look."""


class Finding(NamedTuple):
    """One thing that is not as it was: what (a key of `verify.FINDINGS`), and where: an entry's id, or an anchor."""

    what: str
    where: str


class Read(NamedTuple):
    """An entry as it was read, and where; None where it cannot be read as one."""

    id: str
    entry: Entry | None


@dataclass(slots=True)
class Proof:
    """What came of it. Nothing found: all that was there when it was anchored is there, and is what it was.

    `late` were anchored after their day; `waiting` are not yet: they are younger than the last checkpoint, or were
    committed to its day since, and the next one takes them in.
    """

    entries: int = 0
    streams: int = 0
    checkpoints: int = 0
    late: int = 0
    waiting: int = 0
    sealed_to: dt.date | None = None
    findings: list[Finding] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)

    def found(self, what: str, where: str) -> None:
        """One more finding; of one place, only the first counts."""
        if len(self.findings) < MOST and where not in self._told:
            self._told.add(where)
            self.findings.append(Finding(what, where))


async def prove(
    entries: AsyncIterator[Read],
    anchors: Anchors | None,
    keys: "Sequence[Mapping[str, Ed25519PublicKey]]",
    until: dt.date,
) -> Proof:
    """Check everything. `until` is the last day that must be sealed. Without anchors, chains alone are checked."""
    proof = Proof()
    with closing(sqlite3.connect("")) as table:  # a temporary file of its own, gone when closed
        table.execute("CREATE TABLE anchored(id TEXT NOT NULL, hash TEXT NOT NULL)")
        if anchors is not None:
            await _read_anchors(anchors, keys, until, table, proof)
        await _walk(entries, _Anchored(table, proof), proof, anchored=anchors is not None)
    return proof


# -------------------------------------------------------------------- what is anchored


async def _read_anchors(
    anchors: Anchors,
    keys: "Sequence[Mapping[str, Ed25519PublicKey]]",
    until: dt.date,
    table: sqlite3.Connection,
    proof: Proof,
) -> None:
    names = await anchors.names(CHECKPOINTS)
    last, expected = None, None
    for name in names:
        day = day_of(name)
        if day is None:
            proof.found("checkpoint_unbelieved", name)
            continue
        if expected is not None and day != expected:
            proof.found("checkpoint_missing", checkpoint_name(expected))
            last = None
        read = await _checkpoint(anchors, day, keys, proof)
        if read is not None:
            _linked(read.value, day, last, first=expected is None, proof=proof)
            proof.checkpoints, proof.sealed_to = proof.checkpoints + 1, day
            for segment in read.value.segments:
                await _segment(anchors, segment, table, proof)
                proof.late += segment.entries if segment.day < day else 0
        last, expected = read, day + dt.timedelta(days=1)
    if expected is None or expected <= until:
        proof.found("checkpoint_missing", checkpoint_name(expected or until))


async def _checkpoint(
    anchors: Anchors, day: dt.date, keys: "Sequence[Mapping[str, Ed25519PublicKey]]", proof: Proof
) -> Anchored | None:
    name = checkpoint_name(day)
    try:
        return read_checkpoint(await anchors.get(name) or b"", keys)
    except Unsound as unsound:
        proof.found(unsound.reason, name)
        return None


def _linked(value: Checkpoint, day: dt.date, last: Anchored | None, *, first: bool, proof: Proof) -> None:
    """Whether a checkpoint follows the one before. Behind a gap, which is told by itself, it cannot be asked."""
    before = (last.sha256, last.value.number + 1) if last else (value.previous, value.number)
    if value.day != day or (value.previous, value.number) != before:
        proof.found("checkpoint_unlinked", checkpoint_name(day))
    elif first and (value.previous, value.number) != ("", 1):
        proof.found("checkpoint_missing", checkpoint_name(day - dt.timedelta(days=1)))


async def _segment(anchors: Anchors, segment: Segment, table: sqlite3.Connection, proof: Proof) -> None:
    content = await anchors.get(segment.name)
    if content is None:
        proof.found("segment_missing", segment.name)
        return
    try:
        rows = read_segment(segment, content)
    except Unsound as unsound:
        proof.found(unsound.reason, segment.name)
        return
    table.executemany("INSERT INTO anchored VALUES (?, ?)", rows)


class _Anchored:
    """What is anchored, in order of id, beside the entries."""

    def __init__(self, table: sqlite3.Connection, proof: Proof) -> None:
        self._rows: Iterator[tuple[str, str]] = table.execute("SELECT id, hash FROM anchored ORDER BY id, hash")
        self._proof = proof
        self._next: tuple[str, str] | None = next(self._rows, None)

    def take(self, name: str) -> str | None:
        """The hash this entry was anchored with; None where it was not. What should come before it is missing."""
        self.pass_by(name)
        if self._next is None or self._next[0] != name:
            return None
        found = self._next[1]
        self._advance()
        return found

    def pass_by(self, name: str | None) -> None:
        """Tell what is anchored before `name` (None: at all) and has not been met."""
        while self._next is not None and (name is None or self._next[0] < name):
            self._proof.found("entry_missing", self._next[0])
            self._advance()

    def _advance(self) -> None:
        before, self._next = self._next, next(self._rows, None)
        while before is not None and self._next is not None and self._next[0] == before[0]:
            self._proof.found("entry_anchored_twice", before[0])
            self._next = next(self._rows, None)


# -------------------------------------------------------------------- entries


async def _walk(entries: AsyncIterator[Read], rows: _Anchored, proof: Proof, *, anchored: bool) -> None:
    """Each entry once: is it where it belongs, what it was, behind the one before, and as it was anchored?"""
    last, stream, head = "", "", Head()
    async for name, entry in entries:
        proof.entries += 1
        if entry is None:
            proof.found("entry_unreadable", name)
            rows.take(name)
            continue
        if name <= last:
            proof.found("entry_out_of_order", name)
            continue
        last = name
        if entry.stream != stream:
            stream, head = entry.stream, Head()
            proof.streams += 1
        kept = rows.take(name)  # which tells what should have come before it
        wrong = _wrong(name, entry, head)
        if wrong is not None:
            proof.found(*wrong)
        head = Head(entry.number, entry.hash)
        if not anchored:
            continue
        if kept is None and proof.sealed_to is not None and entry.at.astimezone(dt.UTC).date() < proof.sealed_to:
            proof.found("entry_unanchored", name)
        elif kept is None:
            proof.waiting += 1
        elif kept != entry.hash:
            proof.found("entry_replaced", name)
    rows.pass_by(None)


def _wrong(name: str, entry: Entry, head: Head) -> Finding | None:
    """What is wrong with an entry by itself, and with its place behind `head`."""
    if name != entry_id(entry.stream, entry.number):
        return Finding("entry_misplaced", name)
    if entry.number > head.length + 1:
        return Finding("entry_missing", entry_id(entry.stream, head.length + 1))
    if hash_of(entry) != entry.hash:
        return Finding("entry_altered", name)
    if entry.previous != head.hash:
        return Finding("entry_unlinked", name)
    return None
