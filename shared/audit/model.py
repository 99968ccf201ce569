"""Audit entries, chained by hash within a stream.

A stream is the history of one aggregate (a connection, a consent state, a link attempt). The aggregate's own document
carries the stream's `Head`, and commits together with the next entry, so an entry can be neither lost, nor doubled,
nor reordered without the chain showing it. Entries carry ids, codes and counts, never health values or names.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

Fact = str | int | bool | list[str]


class Head(msgspec.Struct, frozen=True):
    """Where a stream stands: how many entries it has, and the hash of the last."""

    length: int = 0
    hash: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened to one aggregate."""

    stream: str
    number: int
    at: datetime
    actor: str
    action: str
    facts: dict[str, Fact]
    previous: str
    hash: str


def append(
    stream: str, head: Head, *, at: datetime, actor: str, action: str, facts: Mapping[str, Fact]
) -> tuple[Entry, Head]:
    """The next entry of `stream`, and where the stream stands after it. `at` is kept in UTC, as stores give it back."""
    entry = Entry(stream, head.length + 1, at.astimezone(UTC), actor, action, dict(facts), head.hash, "")
    entry = msgspec.structs.replace(entry, hash=hash_of(entry))
    return entry, Head(entry.number, entry.hash)


def hash_of(entry: Entry) -> str:
    """SHA-256 over the entry without its own hash, in a form that depends on no library's spacing or order."""
    unhashed = msgspec.structs.replace(entry, hash="")
    return hashlib.sha256(msgspec.json.encode(unhashed, order="sorted")).hexdigest()


def first_break(entries: list[Entry]) -> str | None:
    """What is wrong with a stream read from its start: its first altered, missing or reordered entry; else None."""
    head = Head()
    for entry in entries:
        if entry.number != head.length + 1:
            return f"entry {head.length + 1} is missing or out of order"
        if entry.previous != head.hash:
            return f"entry {entry.number} does not follow entry {head.length}"
        if entry.hash != hash_of(entry):
            return f"entry {entry.number} was altered"
        head = Head(entry.number, entry.hash)
    return None
