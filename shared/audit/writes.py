"""Audit entries as documents: `audit/{stream}.{number}`, created once, never written again."""

import datetime as dt

import msgspec

from shared.audit.model import Entry
from shared.cloud.documents import Expect, Put

KEPT = (bytes, dt.datetime)
"""What documents hold as it is."""
MOST = 9_999_999_999
"""The last number a stream may reach."""


def entry_write(entry: Entry) -> Put:
    """The write that records `entry`; it belongs into the commit of the change it tells of, and can be its witness."""
    return Put(
        f"audit/{entry_id(entry.stream, entry.number)}", msgspec.to_builtins(entry, builtin_types=KEPT), Expect.ABSENT
    )


def entry_id(stream: str, number: int) -> str:
    """An entry's document id: of one width within a stream, so that ids sort as entries follow each other."""
    return f"{stream}.{number:010d}"
