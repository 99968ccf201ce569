"""What linking needs from outside its domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from shared.cloud.documents import Document, Expect
from shared.connection.grants import Attempt, LooseGrant
from shared.connection.model import Connection
from shared.vocabulary import Kind, Language, Provider


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider gave for a code, no earlier than at `asked_at`. `subject` is the account's stable id there.
    Tokens never show."""

    asked_at: datetime
    subject: str
    kinds: frozenset[Kind]
    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A new access token and, where the provider rotates, a new refresh token. `kinds` None: no word on scopes."""

    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str | None = field(repr=False)
    kinds: frozenset[Kind] | None


class Authority(Protocol):
    """The provider's OAuth side.

    Every method raises Unavailable (`upstream_unavailable`, `upstream_rate_limited`, `upstream_malformed`) where trying
    later may help, and Refused `google_client_refused` where our own credentials are at fault: then nobody's state
    may change.
    """

    def consent_url(
        self, kinds: Sequence[Kind], *, state: str, challenge: str, nonce: str, redirect_uri: str, language: Language
    ) -> str:
        """Where to send the person's browser."""
        ...

    async def exchange(self, code: str, *, verifier: str, redirect_uri: str, nonce: str, scope_hint: str) -> Grant:
        """Trade a code, which is spent whatever comes of it. `verifier` and `redirect_uri` are "" for a code that an
        Android device obtained. Raises Refused `code_refused`."""
        ...

    async def refresh(self, refresh_token: str) -> Refreshed:
        """A new access token. Raises Refused `token_dead` on `invalid_grant`, and on nothing else."""
        ...

    async def revoke(self, token: str) -> None:
        """End the whole grant. A token that is dead already is success."""
        ...


class Sealer(Protocol):
    """Seals tokens: `vault.TokenVault`."""

    async def seal(self, uid: str, use: str, plain: str) -> bytes: ...
    async def open(self, uid: str, use: str, sealed: bytes) -> str: ...


class DataKeyring(Protocol):
    """Makes sure a person has a data key: `vault.DataKeys`."""

    async def ensure(self, uid: str) -> object: ...


class StoredConnection(NamedTuple):
    """A connection, and the version that fences work under it."""

    value: Connection
    version: str
    path: str


class StoredAttempt(NamedTuple):
    """A link under way, and the version it was read at."""

    value: Attempt
    version: str
    path: str


class StoredGrant(NamedTuple):
    """A loose grant, and the version it was read at."""

    value: LooseGrant
    version: str
    path: str


class Claim(NamedTuple):
    """Whose an account at the provider is, if anybody's; when a grant of it was last revoked, or may have been, if
    ever; and what a write claiming it must expect."""

    owner: str | None
    revoked_at: datetime | None
    expect: str | Expect


class Links(Protocol):
    """Where connections and what belongs to them are read: `store.ConnectionStore`. One read each, unless told."""

    async def connection(self, uid: str, provider: Provider) -> StoredConnection | None:
        """The person's connection to `provider`."""
        ...

    async def connections(self, uid: str) -> list[StoredConnection]:
        """All of the person's connections."""
        ...

    async def due(self, shard: int, at: datetime, *, after: Document | None, limit: int) -> list[Document]:
        """Active connections of one shard whose time has come, longest waiting first, a page at a time."""
        ...

    async def attempt(self, state: str) -> StoredAttempt | None:
        """The link under way that `state` belongs to."""
        ...

    async def loose_grant(self, name: str) -> StoredGrant | None:
        """A parked or abandoned grant."""
        ...

    async def loose_grants_due(self, at: datetime, *, limit: int) -> list[str]:
        """Names of grants whose revocation is due."""
        ...

    async def awaits_confirmation(self, subject: str, claim: Claim, at: datetime) -> bool:
        """Whether a grant of this account is parked whose time is not over, and which is not revoked already."""
        ...

    async def claim_on(self, subject: str) -> Claim:
        """How it stands with an account. Two reads where somebody has claimed it.

        Raises Conflict `precondition_failed` while a grant of the account is being revoked: a grant that were taken
        now would be revoked with it.
        """
        ...


class Queue(Protocol):
    """Where work goes: `tasks.TaskQueue`."""

    async def enqueue(
        self,
        queue: str,
        function_path: str,
        payload: Mapping[str, str | int],
        *,
        name_parts: tuple[str, ...],
        schedule_at: datetime | None = None,
    ) -> bool: ...
