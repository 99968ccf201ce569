"""Reading erasures."""

import datetime as dt

import msgspec

from shared.audit.writes import KEPT
from shared.cloud.documents import Document, Documents, Query, Where
from shared.erasure.model import Erasure, StoredErasure
from shared.erasure.writes import path_of

MOST = 100


class ErasureStore:
    """Reads erasures."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def find(self, name: str) -> StoredErasure | None:
        """One erasure. One read."""
        found = await self._documents.get(path_of(name))
        return _stored(found) if found else None

    async def of(self, uid: str) -> list[StoredErasure]:
        """The person's erasures, the newest first."""
        found = await self._documents.query(Query("erasures", where=(Where("uid", "==", uid),), limit=MOST))
        return sorted(map(_stored, found), key=lambda one: one.value.requested_at, reverse=True)

    async def due(self, at: dt.datetime, *, limit: int) -> list[Document]:
        """Those whose own task must have been lost, the oldest first."""
        query = Query("erasures", where=(Where("again_at", "<=", at),), order_by=("again_at",), limit=limit)
        return await self._documents.query(query)


def _stored(found: Document) -> StoredErasure:
    return StoredErasure(msgspec.convert(found.data, Erasure, builtin_types=KEPT), found.version, found.path)
