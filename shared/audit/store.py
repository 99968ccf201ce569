"""Audit entries as documents: `audit/{stream}.{number}`, created once, never written again."""

import datetime as dt

import msgspec

from shared.audit.model import Entry
from shared.cloud.documents import NAME, Documents, Expect, Put, Query, Where


def entry_write(entry: Entry) -> Put:
    """The write that records `entry`; it belongs into the commit of the change it tells of, and can be its witness."""
    return Put(_path(entry.stream, entry.number), msgspec.to_builtins(entry, builtin_types=_KEPT), Expect.ABSENT)


async def stream_entries(documents: Documents, stream: str, *, limit: int = 1000) -> list[Entry]:
    """The first `limit` entries of a stream, oldest first."""
    found = await documents.query(
        Query(
            "audit",
            where=(Where(NAME, ">=", _id(stream, 0)), Where(NAME, "<=", _id(stream, 10**10 - 1))),
            order_by=(NAME,),
            limit=limit,
        )
    )
    return [msgspec.convert(document.data, Entry, builtin_types=_KEPT) for document in found]


def _path(stream: str, number: int) -> str:
    return f"audit/{_id(stream, number)}"


def _id(stream: str, number: int) -> str:
    return f"{stream}.{number:010d}"


_KEPT = (bytes, dt.datetime)
