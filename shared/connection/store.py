"""Reading connections, link attempts, loose grants and account claims."""

import datetime as dt
from typing import TypeVar

import msgspec

from shared.audit.writes import KEPT
from shared.clock import Clock
from shared.cloud.documents import Document, Documents, Expect, Query, Where
from shared.connection.grants import AccountClaim, Attempt, LooseGrant, perhaps_revoked
from shared.connection.model import Connection, LinkState
from shared.connection.ports import Claim, StoredAttempt, StoredConnection, StoredGrant
from shared.connection.writes import attempt_path, connection_path, grant_path, subject_path
from shared.errors import Conflict
from shared.vocabulary import Provider

S = TypeVar("S", Connection, Attempt, LooseGrant, AccountClaim)


class ConnectionStore:
    """As `ports.Links`, over the document port."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    async def connection(self, uid: str, provider: Provider) -> StoredConnection | None:
        """The person's connection to `provider`. One read."""
        path = connection_path(uid, provider)
        found = await self._documents.get(path)
        return StoredConnection(_decode(found, Connection), found.version, path) if found else None

    async def connections(self, uid: str) -> list[StoredConnection]:
        """All of the person's connections."""
        found = await self._documents.query(Query(f"users/{uid}/connections", limit=len(Provider)))
        return [StoredConnection(_decode(d, Connection), d.version, d.path) for d in found]

    async def due(self, shard: int, at: dt.datetime, *, after: Document | None, limit: int) -> list[Document]:
        """Active connections of one shard whose time has come, longest waiting first, a page at a time."""
        return await self._documents.query(
            Query(
                "connections",
                group=True,
                where=(
                    Where("state", "==", LinkState.ACTIVE.value),
                    Where("shard", "==", shard),
                    Where("next_sync_at", "<=", at),
                ),
                order_by=("next_sync_at",),
                limit=limit,
                after=after,
            )
        )

    async def attempt(self, state: str) -> StoredAttempt | None:
        """The link under way that `state` belongs to."""
        found = await self._documents.get(attempt_path(state))
        return StoredAttempt(_decode(found, Attempt), found.version, found.path) if found else None

    async def loose_grant(self, name: str) -> StoredGrant | None:
        """A parked or abandoned grant."""
        found = await self._documents.get(grant_path(name))
        return StoredGrant(_decode(found, LooseGrant), found.version, found.path) if found else None

    async def loose_grants_due(self, at: dt.datetime, *, limit: int) -> list[str]:
        """Names of grants whose revocation is due."""
        query = Query("loose_grants", where=(Where("due_at", "<=", at),), order_by=("due_at",), limit=limit)
        return [found.id for found in await self._documents.query(query)]

    async def awaits_confirmation(self, subject: str, claim: Claim, at: dt.datetime) -> bool:
        """As the port."""
        query = Query("loose_grants", where=(Where("subject", "==", subject),))
        grants = [grant for found in await self._documents.query(query) if (grant := _readable(found)) is not None]
        waiting = [grant for grant in grants if grant.parked and grant.due_at > at]
        return any(not perhaps_revoked(grant.tokens.issued_at, claim.revoked_at) for grant in waiting)

    async def claim_on(self, subject: str) -> Claim:
        """As the port."""
        found, at = await self._documents.get(subject_path(subject)), self._clock.now()
        if found is None:
            return Claim(None, None, Expect.ABSENT)
        claim = _decode(found, AccountClaim)
        if claim.revoking_until is not None and at < claim.revoking_until:
            raise Conflict("precondition_failed", "a grant of this account is being revoked: try again in a minute")
        links = await self.connections(claim.uid) if claim.uid else []
        owned = any(link.value.holds_account(subject, at) for link in links)
        # Whoever was revoking and died over it may have been heard before.
        revoked_at = claim.revoking_until or claim.revoked_at
        return Claim(claim.uid if owned else None, revoked_at, found.version)


def _readable(document: Document) -> LooseGrant | None:
    """None: nobody can confirm what cannot be read."""
    try:
        return _decode(document, LooseGrant)
    except msgspec.ValidationError:
        return None


def _decode(document: Document, kind: type[S]) -> S:
    return msgspec.convert(document.data, kind, builtin_types=KEPT)
