"""What linking needs from outside its domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.vocabulary import Kind, Language


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider gave for a code. `subject` is the account's stable id there. Tokens never show."""

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
