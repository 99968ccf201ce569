"""Audit entries as documents: `audit/{stream}.{number}`, created once, never written again."""

import datetime as dt

import msgspec

from shared import ids
from shared.audit.model import Entry
from shared.cloud.documents import Expect, Put

KEPT = (bytes, dt.datetime)
"""What documents hold as it is."""
MOST = 9_999_999_999
"""The last number a stream may reach."""
SHELVES = 16
"""Into how many parts a day's entries are divided, by stream. The index over them takes 500 writes a second at once for
each part (and more when it has grown used to it): a day is a new place in an index, and starts at midnight."""


def entry_write(entry: Entry) -> Put:
    """The write that records `entry`; it belongs into the commit of the change it tells of, and can be its witness."""
    data = msgspec.to_builtins(entry, builtin_types=KEPT)
    shelf = shelf_of(ids.shard_of(entry.stream, SHELVES), entry.at.astimezone(dt.UTC).date())
    return Put(f"audit/{entry_id(entry.stream, entry.number)}", {**data, "shelf": shelf}, Expect.ABSENT)


def entry_id(stream: str, number: int) -> str:
    """An entry's document id: of one width within a stream, so that ids sort as entries follow each other."""
    return f"{stream}.{number:010d}"


def shelf_of(part: int, day: dt.date) -> str:
    """Where the entries of one part of a day (in UTC) are found together. It stands beside the entry, not in its hash.

    The part comes first: the parts of one day must not be neighbours in the index, or one machine would take them all.
    """
    return f"{part:02d}.{day.isoformat()}"
