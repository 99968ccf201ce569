"""Reading the audit log."""

import datetime as dt
from collections.abc import AsyncGenerator

import msgspec

from shared.audit.model import Entry
from shared.audit.writes import KEPT, MOST, SHELVES, entry_id, shelf_of
from shared.cloud.documents import NAME, Document, Documents, Query, Where

PAGE = 1000


async def stream_entries(documents: Documents, stream: str, *, after: int = 0, limit: int = 1000) -> list[Entry]:
    """At most `limit` entries of a stream behind number `after`, oldest first."""
    found = await documents.query(
        Query(
            "audit",
            where=(Where(NAME, ">=", entry_id(stream, after + 1)), Where(NAME, "<=", entry_id(stream, MOST))),
            order_by=(NAME,),
            limit=limit,
        )
    )
    return [decoded(document) for document in found]


async def every_entry(documents: Documents) -> AsyncGenerator[Document, None]:
    """The whole log, in order of id, as it is stored."""
    async for found in _pages(documents, Query("audit", order_by=(NAME,), limit=PAGE)):
        yield found


async def on_shelf(documents: Documents, part: int, day: dt.date, *, after: str = "") -> AsyncGenerator[Document, None]:
    """One part of a day's entries, in order of id, behind the one of id `after`."""
    last = Document(f"audit/{after}", {}, "") if after else None
    query = Query("audit", where=(Where("shelf", "==", shelf_of(part, day)),), order_by=(NAME,), limit=PAGE, after=last)
    async for found in _pages(documents, query):
        yield found


async def shelf_size(documents: Documents, part: int, day: dt.date) -> int:
    """How many entries one part of a day has. A read per thousand."""
    return await documents.count(Query("audit", where=(Where("shelf", "==", shelf_of(part, day)),)))


async def first_day(documents: Documents) -> dt.date | None:
    """The first day with an entry. A read per part."""
    days = []
    for part in range(SHELVES):
        bounds = (
            Where("shelf", ">=", shelf_of(part, dt.date.min)),
            Where("shelf", "<=", shelf_of(part, dt.date.max)),
        )
        found = await documents.query(Query("audit", where=bounds, order_by=("shelf",), limit=1))
        days += [dt.date.fromisoformat(one.data["shelf"].partition(".")[2]) for one in found]
    return min(days, default=None)


def decoded(found: Document) -> Entry:
    """An entry as it was stored. Raises msgspec.ValidationError: it is none."""
    return msgspec.convert(found.data, Entry, builtin_types=KEPT)


async def _pages(documents: Documents, query: Query) -> AsyncGenerator[Document, None]:
    while True:
        page = await documents.query(query)
        for found in page:
            yield found
        if len(page) < query.limit:
            return
        query = Query(query.collection, where=query.where, order_by=query.order_by, limit=query.limit, after=page[-1])
