"""Keeping the tokens: one worker at a time spends the refresh token, and the newest one issued is what is kept (I5)."""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from shared.clock import Clock
from shared.cloud.documents import Documents, settle
from shared.connection.model import Connection, Lease, LinkState, Tokens, with_refresh_token
from shared.connection.ports import Authority, Links, StoredConnection
from shared.connection.writes import abandon, put
from shared.errors import Conflict, Refused, Unavailable
from shared.vocabulary import Kind

_ATTEMPTS = 6
_DAY = timedelta(days=1)
_WAIT_S = 0.2


class Vault(Protocol):
    """Seals tokens and names the key of a person's fingerprints: `vault.TokenVault`."""

    async def seal(self, uid: str, use: str, plain: str) -> bytes: ...
    async def open(self, uid: str, use: str, sealed: bytes) -> str: ...
    async def renewed(self, uid: str, use: str, sealed: bytes) -> bytes: ...
    async def fingerprint_key(self, uid: str) -> bytes: ...


class Held(Protocol):
    """The visit on whose behalf a token is spent."""

    at: StoredConnection
    holder: str
    granted: list[Kind]


class TokenKeeper:
    """Gives a visit its access token; refreshes under a lease, and saves a rotated token before anything else."""

    def __init__(
        self,
        documents: Documents,
        connections: Links,
        authority: Authority,
        vault: Vault,
        clock: Clock,
        lease_s: int,
    ) -> None:
        self._documents = documents
        self._connections = connections
        self._authority = authority
        self._vault = vault
        self._clock = clock
        self._lease_s = lease_s

    async def access(self, visit: Held) -> str:
        """An access token that is good for a while. Raises as `refresh`."""
        connection = visit.at.value
        tokens = _tokens(connection)
        if tokens.access and tokens.access_expires_at is not None and self._clock.now() < tokens.access_expires_at:
            return await self._vault.open(connection.uid, connection.sealed_as("access"), tokens.access)
        return await self.refresh(visit)

    async def refresh(self, visit: Held) -> str:
        """Spend the refresh token. The new access token is written with the visit's own commit.

        Raises:
            Refused: `token_dead`: the provider says so. `google_client_refused`: our own credentials.
            Conflict: another worker has the lease, or the connection moved on.
            Unavailable: the provider is out of reach.
        """
        connection = visit.at.value
        now = self._clock.now()
        lease = Lease(visit.holder, now + timedelta(seconds=self._lease_s))
        leased = msgspec.structs.replace(connection, lease=lease)
        await self._write(visit, leased)
        refresh = await self._vault.open(connection.uid, connection.sealed_as("refresh"), _tokens(connection).refresh)
        refreshed = await self._authority.refresh(refresh)
        if refreshed.refresh_token is not None and refreshed.refresh_token != refresh:
            await self._keep(visit, _tokens(leased).refresh, refreshed.refresh_token)
        kept = _tokens(visit.at.value)
        tokens = msgspec.structs.replace(
            kept,
            refresh=await self._vault.renewed(connection.uid, connection.sealed_as("refresh"), kept.refresh),
            access=await self._vault.seal(connection.uid, connection.sealed_as("access"), refreshed.access_token),
            access_expires_at=refreshed.access_expires_at,
        )
        after = msgspec.structs.replace(visit.at.value, tokens=tokens)
        visit.at = visit.at._replace(value=_granted(after, refreshed.kinds, now))
        return refreshed.access_token

    async def _keep(self, visit: Held, spent: bytes, rotated: str) -> None:
        """Write a rotated token down at once: the one it replaces may be dead by now, and nobody else knows it.

        So whatever passing goes wrong is tried again here, and whatever else moved the connection meanwhile, the token
        is kept, unless the link itself is another one. What another worker stored meanwhile is newer than what this
        visit would store: that is a Conflict, once the token is safe.
        """
        issued_at, commit = self._clock.now(), visit.at.value.commit
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                ours = visit.at.value
                sealed = await self._vault.seal(ours.uid, ours.sealed_as("refresh"), rotated)
                tokens = _rotated(_tokens(ours), spent, sealed, issued_at)
                await self._write(visit, msgspec.structs.replace(ours, tokens=tokens))
                break
            except (Conflict, Unavailable):
                if attempt == _ATTEMPTS:
                    raise
                await self._clock.sleep(_WAIT_S * attempt)
                same = await self._same_link(visit)
                if same is None:
                    await self._abandon(visit, rotated, issued_at)
                    raise Conflict("precondition_failed") from None
                visit.at = same
        if visit.at.value.commit != commit:
            raise Conflict("precondition_failed")

    async def _write(self, visit: Held, after: Connection) -> None:
        """Write lease and tokens. What an earlier renewal said to be granted is not told in the log of changes yet, and
        waits for the visit's own commit (I8)."""
        kinds = {k: msgspec.structs.replace(link, granted=k in visit.granted) for k, link in after.kinds.items()}
        told = msgspec.structs.replace(after, kinds=kinds)
        [version] = await self._documents.commit([put(visit.at.path, told, visit.at.version)])
        visit.at = StoredConnection(after, version, visit.at.path)

    async def _abandon(self, visit: Held, rotated: str, issued_at: datetime) -> None:
        """The link was ended, or made anew, while the token was spent: whoever did so left the old one to be revoked,
        which the provider may know no more. The next tick finds this one as well."""
        ours = visit.at.value
        refresh = await self._vault.seal(ours.uid, ours.sealed_as("refresh"), rotated)
        ended = msgspec.structs.replace(ours, state=LinkState.REVOKED, tokens=Tokens(refresh, issued_at))
        writes = abandon(ended, visit.holder, at=self._clock.now(), reason="link_ended")
        await settle(self._documents, writes, witness=writes[-1].path)

    async def _same_link(self, visit: Held) -> StoredConnection | None:
        ours = visit.at.value
        try:
            found = await self._connections.connection(ours.uid, ours.provider)
        except Unavailable:
            return visit.at  # the next commit finds out
        if found is None or found.value.linked != ours.linked or found.value.tokens is None:
            return None
        visit.granted = sorted(found.value.granted)
        return found


def _rotated(tokens: Tokens, spent: bytes, sealed: bytes, issued_at: datetime) -> Tokens:
    """The tokens with a rotated refresh token. What replaces the very token it was traded for is newer by nature;
    only beside another worker's do the clocks decide (I5)."""
    if tokens.refresh == spent:
        return msgspec.structs.replace(tokens, refresh=sealed, issued_at=max(issued_at, tokens.issued_at))
    return with_refresh_token(tokens, sealed, issued_at)


def _granted(connection: Connection, told: frozenset[Kind] | None, now: datetime) -> Connection:
    """The connection with the kinds of the link that the provider says are granted.

    One word is never final: a kind that is named again counts again. A provider that names none of ours has not
    understood the question, and what it refuses when it is asked for data stays refused for a day whatever it says.
    """
    if not told:
        return connection
    kinds = {
        kind: msgspec.structs.replace(link, granted=link.ticked and kind in told and not link.refused_since(now - _DAY))
        for kind, link in connection.kinds.items()
    }
    return msgspec.structs.replace(connection, kinds=kinds)


def _tokens(connection: Connection) -> Tokens:
    if connection.tokens is None:
        raise Refused("token_dead", "there is no token")
    return connection.tokens
