"""Reading mails."""

import datetime as dt

import msgspec

from shared.audit.writes import KEPT
from shared.cloud.documents import Document, Documents, Query, Where
from shared.mail.model import Message, StoredMessage
from shared.mail.writes import path_of

MOST = 100


class MessageStore:
    """Reads mails."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def find(self, name: str) -> StoredMessage | None:
        """One mail. One read."""
        found = await self._documents.get(path_of(name))
        return _stored(found) if found else None

    async def of(self, about: str) -> list[StoredMessage]:
        """The mails that tell of `about`, at most `MOST`, the newest first."""
        found = await self._documents.query(Query("messages", where=(Where("about", "==", about),), limit=MOST))
        return sorted(map(_stored, found), key=lambda one: one.value.queued_at, reverse=True)

    async def due(self, at: dt.datetime, *, limit: int) -> list[StoredMessage]:
        """Those somebody should have tried by `at`, the longest waiting first."""
        return await self._until("due_at", at, limit)

    async def to_forget(self, at: dt.datetime, *, limit: int) -> list[StoredMessage]:
        """Those whose content's time is over at `at`."""
        return await self._until("forget_at", at, limit)

    async def any_watched(self, at: dt.datetime) -> bool:
        """Whether news of any mail may still come at `at`. One read."""
        query = Query("messages", where=(Where("watched_until", ">", at),), order_by=("watched_until",), limit=1)
        return bool(await self._documents.query(query))

    async def _until(self, field: str, at: dt.datetime, limit: int) -> list[StoredMessage]:
        query = Query("messages", where=(Where(field, "<=", at),), order_by=(field,), limit=limit)
        return [_stored(found) for found in await self._documents.query(query)]


def _stored(found: Document) -> StoredMessage:
    return StoredMessage(msgspec.convert(found.data, Message, builtin_types=KEPT), found.version, found.path)
