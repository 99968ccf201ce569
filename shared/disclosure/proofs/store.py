"""One-time links as documents."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from shared.audit.model import Fact, Head, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import Delete, Document, Documents, Expect, Put, Query, Where, Write
from shared.disclosure.proofs.model import Link, StoredLink, Use, hash_of, path_of


class LinkStore:
    """As `ports.Links`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def of(self, case: str, use: Use) -> StoredLink | None:
        """As the port."""
        found = await self._documents.get(path_of(case, use))
        return _stored(found) if found else None

    async def holding(self, token: str) -> StoredLink | None:
        """As the port."""
        query = Query("proof_links", where=(Where("token", "==", hash_of(token)),), limit=1)
        found = await self._documents.query(query)
        return _stored(found[0]) if found else None

    def writes(
        self,
        link: Link,
        before: StoredLink | None,
        *,
        at: dt.datetime,
        actor: str,
        action: str,
        facts: Mapping[str, Fact],
    ) -> tuple[list[Write], str]:
        """As the port."""
        path = path_of(link.case, link.use)
        stream, head = f"proof.{path.rpartition('/')[2]}", before.value.audit if before else Head()
        entry, head = append(stream, head, at=at, actor=actor, action=action, facts=facts)
        data = msgspec.to_builtins(msgspec.structs.replace(link, audit=head), builtin_types=KEPT)
        audit = entry_write(entry)
        return [Put(path, data, before.version if before else Expect.ABSENT), audit], audit.path

    @staticmethod
    def forgetting(case: str) -> list[Write]:
        """The writes that delete every link of a case, with its papers."""
        return [Delete(path_of(case, use)) for use in Use]


def _stored(found: Document) -> StoredLink:
    return StoredLink(msgspec.convert(found.data, Link, builtin_types=KEPT), found.version, found.path)
