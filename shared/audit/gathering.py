"""Gathering a day's entries for its checkpoint, and what came too late for an earlier one."""

import datetime as dt
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import msgspec

from shared import log
from shared.audit import store
from shared.audit.checkpoints import Row, Segment, Unsound, read_segment
from shared.audit.model import hash_of
from shared.audit.ports import Anchors
from shared.audit.writes import entry_id
from shared.cloud.documents import Document, Documents
from shared.errors import Refused

HASH_CHARS = 64


def differs(reason: str) -> Refused:
    """What is anchored is not what we anchored, which wakes somebody up and which no repetition mends."""
    log.event("audit.differs", "ERROR", reason=reason)
    return Refused("audit_differs", reason)


async def upcoming(documents: Documents, shelf: int, day: dt.date, *, after: str, most: int) -> list[Row]:
    """At most `most` rows of a shelf, behind the entry of id `after`."""
    taken = _Taken()
    async with aclosing(store.on_shelf(documents, shelf, day, after=after)) as found:
        async for document in found:
            taken.take(document)
            if len(taken.rows) == most:
                break
    return taken.told()


async def missed(
    documents: Documents,
    anchors: Anchors,
    shelf: int,
    day: dt.date,
    *,
    sealed: list[Segment],
    late: list[Segment],
    most: int,
) -> list[Row]:
    """At most `most` rows that stand on a shelf, and neither in the segments it was sealed with nor in those that took
    in more of it since. Only where the counts differ is anything read."""
    size = await store.shelf_size(documents, shelf, day)
    known = sum(one.entries for one in [*sealed, *late])
    if size < known:
        log.event("audit.differs", "ERROR", reason="entry_missing", count=known - size)
    if size <= known:
        return []
    taken = _Taken()
    taken_in = {row.id async for row in _read(anchors, late)}
    async with (
        aclosing(store.on_shelf(documents, shelf, day)) as found,
        aclosing(_read(anchors, sealed)) as anchored,
    ):
        row = await anext(anchored, None)
        async for document in found:
            while row is not None and row.id < document.id:
                row = await anext(anchored, None)
            if (row is None or row.id != document.id) and document.id not in taken_in:
                taken.take(document)
            if len(taken.rows) == most:
                break
    return taken.told()


async def _read(anchors: Anchors, segments: Iterable[Segment]) -> AsyncGenerator[Row, None]:
    for segment in segments:
        content = await anchors.get(segment.name)
        try:
            rows = read_segment(segment, content or b"")
        except Unsound as unsound:
            raise differs(unsound.reason) from None
        for row in rows:
            yield row


class _Taken:
    """Rows being gathered, and how many entries among them are not what they were when they were made."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._altered = 0

    def take(self, document: Document) -> None:
        """One more. It is anchored as it is, whatever it is."""
        found = document.data.get("hash")
        anchored = found if isinstance(found, str) and len(found) == HASH_CHARS else ""
        self.rows.append(Row(document.id, anchored))
        try:
            entry = store.decoded(document)
            self._altered += hash_of(entry) != anchored or entry_id(entry.stream, entry.number) != document.id
        except msgspec.ValidationError:
            self._altered += 1

    def told(self) -> list[Row]:
        """All of them."""
        if self._altered:
            log.event("audit.differs", "ERROR", reason="entry_altered", count=self._altered)
        return self.rows
