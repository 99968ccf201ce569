"""Connections, link attempts, loose grants and account claims as documents.

users/{uid}/connections/{provider}   the connection, fence of everything done under it
link_attempts/{hash of state}        a link under way
loose_grants/{hash of code | id}     a grant nobody uses: parked, or to be revoked
google_subjects/{hash of subject}    which user an account of the provider belongs to
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from shared import ids
from shared.audit.model import Fact, Head, append
from shared.audit.store import entry_write
from shared.clock import Clock
from shared.cloud.documents import Data, Delete, Document, Documents, Expect, Put, Query, Where, Write
from shared.connection.model import Attempt, Connection, LinkState, LooseGrant, with_consents
from shared.consent.model import Consents
from shared.vocabulary import Provider

_KEPT = (bytes, dt.datetime)
S = TypeVar("S", Connection, Attempt, LooseGrant)


class Stored(NamedTuple):
    """Something read, and the version it was read at."""

    value: Any
    version: str
    path: str


class StoredConnection(NamedTuple):
    """A connection, and the version that fences work under it."""

    value: Connection
    version: str
    path: str


class ConnectionStore:
    """Reads, and turns changes into writes; committing is the caller's."""

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

    async def following(self, uid: str, consents: Consents) -> list[Write]:
        """As `consent.ports.Follower`: each connection carries a copy of the person's consents."""
        at = self._clock.now()
        return [
            put(found.path, with_consents(found.value, consents, at), found.version)
            for found in await self.connections(uid)
        ]

    async def attempt(self, state: str) -> Stored | None:
        """The link under way that `state` belongs to."""
        found = await self._documents.get(attempt_path(state))
        return Stored(_decode(found, Attempt), found.version, found.path) if found else None

    async def loose_grant(self, name: str) -> Stored | None:
        """A parked or abandoned grant."""
        found = await self._documents.get(f"loose_grants/{name}")
        return Stored(_decode(found, LooseGrant), found.version, found.path) if found else None

    async def loose_grants_due(self, at: dt.datetime, *, limit: int) -> list[str]:
        """Names of grants whose revocation is due."""
        query = Query("loose_grants", where=(Where("due_at", "<=", at),), order_by=("due_at",), limit=limit)
        return [found.id for found in await self._documents.query(query)]

    async def subject_owner(self, subject: str) -> tuple[str | None, str | Expect]:
        """Whose account this is, if anybody's, and what a write claiming it must expect."""
        found = await self._documents.get(subject_path(subject))
        return (found.data["uid"], found.version) if found else (None, Expect.ABSENT)


def connection_path(uid: str, provider: Provider) -> str:
    """Where a connection lives."""
    return f"users/{uid}/connections/{provider}"


def attempt_path(state: str) -> str:
    """Where a link under way lives: under the state's hash, so that reading the store does not yield the state."""
    return f"link_attempts/{ids.digest('state', state)}"


def grant_name(code: str) -> str:
    """The name of the grant parked behind a one-time code."""
    return ids.digest("code", code)


def subject_name(subject: str) -> str:
    """The provider's account id as it may stand in documents."""
    return ids.digest("google-subject", subject)


def subject_path(subject: str) -> str:
    """Where the claim on an account lives. `subject` is a `subject_name`."""
    return f"google_subjects/{subject}"


def put(path: str, value: Connection | Attempt | LooseGrant, expect: str | Expect) -> Put:
    """The write of a whole document."""
    data: Data = msgspec.to_builtins(value, builtin_types=_KEPT)
    return Put(path, data, expect)


def claim(subject: str, uid: str, expect: str | Expect) -> Put:
    """The write that makes an account `uid`'s."""
    return Put(subject_path(subject), {"uid": uid}, expect)


def abandon(connection: Connection, name: str, *, at: dt.datetime, reason: str) -> list[Write]:
    """The writes that let an account go and leave its grant, if there still is one, to be revoked."""
    writes: list[Write] = [Delete(subject_path(connection.subject))]
    if connection.tokens is not None:
        loose = LooseGrant(
            uid=connection.uid,
            provider=connection.provider,
            subject=connection.subject,
            kinds=[kind for kind, link in connection.kinds.items() if link.granted],
            tokens=connection.tokens,
            due_at=at,
            parked=False,
        )
        path = f"loose_grants/{name}"
        loose, audit = recorded(loose, path, at=at, actor="system", action="grant.abandoned", facts={"reason": reason})
        writes += [put(path, loose, Expect.ABSENT), audit]
    return writes


def recorded(
    value: S, path: str, *, at: dt.datetime, actor: str, action: str, facts: Mapping[str, Fact] | None = None
) -> tuple[S, Put]:
    """`value` with its audit head moved on, and the entry that must be committed with it."""
    head: Head = value.audit
    subject = {"subject": ids.digest("subject", value.uid)}
    entry, head = append(
        f"link.{ids.digest('path', path)}", head, at=at, actor=actor, action=action, facts={**subject, **(facts or {})}
    )
    return msgspec.structs.replace(value, audit=head), entry_write(entry)


def _decode(document: Document, kind: type[S]) -> S:
    return msgspec.convert(document.data, kind, builtin_types=_KEPT)
