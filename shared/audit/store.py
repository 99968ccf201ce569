"""Reading the audit log."""

import msgspec

from shared.audit.model import Entry
from shared.audit.writes import KEPT, MOST, entry_id
from shared.cloud.documents import NAME, Documents, Query, Where


async def stream_entries(documents: Documents, stream: str, *, limit: int = 1000) -> list[Entry]:
    """The first `limit` entries of a stream, oldest first."""
    found = await documents.query(
        Query(
            "audit",
            where=(Where(NAME, ">=", entry_id(stream, 0)), Where(NAME, "<=", entry_id(stream, MOST))),
            order_by=(NAME,),
            limit=limit,
        )
    )
    return [msgspec.convert(document.data, Entry, builtin_types=KEPT) for document in found]
