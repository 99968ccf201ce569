"""Seeing, refreshing and ending a connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from shared import ids, log
from shared.clock import Clock
from shared.cloud.documents import Delete, Documents, Write, settle
from shared.connection.ending import ending
from shared.connection.grants import LooseGrant
from shared.connection.model import LinkState
from shared.connection.ports import Authority, Claim, Links, Queue, Sealer
from shared.connection.tasks import queue_revocation
from shared.connection.view import ConnectionView, view
from shared.connection.writes import grant_path, hold_for_revoking, let_go, put, put_off, recorded
from shared.errors import Conflict, Fault, NotFound, Refused, Unavailable
from shared.vocabulary import Provider

BETWEEN_ASKING = timedelta(minutes=1)
REVOKING_LASTS = timedelta(minutes=2)
"""Longer than three calls to Google with their deadlines; a worker that dies holds an account no longer than this."""
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """The use case, over its ports."""

    documents: Documents
    connections: Links
    authority: Authority
    tokens: Sealer
    queue: Queue
    clock: Clock
    ids: ids.Ids

    async def describe(self, uid: str) -> list[ConnectionView]:
        """Every connection of the person, with the state of each kind."""
        at = self.clock.now()
        return [view(found.value, at) for found in await self.connections.connections(uid)]

    async def sync_now(self, uid: str, provider: Provider) -> None:
        """Fetch soon, because the person asked ("pull to refresh").

        Raises NotFound `not_connected`, Conflict `needs_reauth` (also where the provider grants no kind any more),
        Unavailable `too_many_requests` (at most once a minute, and not before the provider said to come back), Refused
        `consent_missing` (paused).
        """
        found = await self.connections.connection(uid, provider)
        if found is None or found.value.state is LinkState.REVOKED:
            raise NotFound("not_connected")
        connection, at = found.value, self.clock.now()
        if connection.state is LinkState.NEEDS_REAUTH or not any(link.granted for link in connection.kinds.values()):
            raise Conflict("needs_reauth")
        if connection.state is LinkState.PAUSED:
            raise Refused("consent_missing")
        since_asked = connection.asked_at + BETWEEN_ASKING if connection.asked_at is not None else at
        soonest = max(since_asked, connection.not_before or at)
        if at < soonest:
            raise Unavailable("too_many_requests", retry_after_s=int((soonest - at).total_seconds()) + 1)
        asked = msgspec.structs.replace(connection, asked_at=at, next_sync_at=min(at, connection.next_sync_at))
        await self.documents.commit([put(found.path, asked, found.version)])
        minute = str(int(at.timestamp()) // 60)
        payload = {"uid": uid, "provider": provider}
        await self.queue.enqueue("sync", "sync_user", payload, name_parts=("sync", uid, provider, "asked", minute))

    async def disconnect(self, uid: str, provider: Provider) -> None:
        """End the connection: nothing is fetched any more, the tokens leave the connection in the same commit, and the
        grant is revoked at the provider, again and again until confirmed. What is stored stays until erased.

        Raises NotFound `not_connected`.
        """
        name = self.ids.ident()
        for _ in range(_ATTEMPTS):
            found = await self.connections.connection(uid, provider)
            if found is None or found.value.state is LinkState.REVOKED:
                raise NotFound("not_connected")
            at = self.clock.now()
            ended = ending(found, found.value, name, at=at, actor="data_subject", reason="ended")
            try:
                await settle(self.documents, ended.writes, witness=ended.witness)
            except Conflict:
                continue  # a sync committed meanwhile
            if ended.grant is not None:
                await queue_revocation(self.queue, ended.grant)
            return
        raise Conflict("precondition_failed")

    async def revoke_due(self, name: str) -> str:
        """Revoke a grant that nobody uses, if it is still there and due; say what came of it.

        A grant whose account is linked by now, or about to be, is forgotten, not revoked: revoking ends every grant the
        account gave us, the one in use and the one that waits to be confirmed included. The latter is revoked in its
        own time. A link whose own grant is dead has none to be spared.

        What the provider does not confirm, or what cannot be opened or read, is put off, for ever longer; whoever looks
        after it is told when that has gone on for days. Raises Unavailable or Conflict where the store has to be asked
        again.
        """
        try:
            return await self._revoke_due(name)
        except msgspec.ValidationError:
            return await self._put_off(name, "unreadable")

    async def _revoke_due(self, name: str) -> str:
        found = await self.connections.loose_grant(name)
        if found is None:
            return "gone"
        grant: LooseGrant = found.value
        if grant.due_at > self.clock.now():
            return "not_due"
        claim = await self.connections.claim_on(grant.subject)
        wanted = await self._lives_off_a_grant(claim.owner, grant.provider) or (
            await self.connections.awaits_confirmation(grant.subject, claim, self.clock.now())
        )
        freed: list[Write] = []
        if not wanted:
            try:
                token = await self.tokens.open(grant.uid, grant.sealed_as("refresh"), grant.tokens.refresh)
            except Fault as unopened:
                return await self._put_off(name, unopened.code)
            freed, unheard = await self._revoke(grant.subject, claim, token)
            if unheard is not None:
                return await self._put_off(name, unheard.code, unheard.retry_after_s or 0, freed)
        outcome = "superseded" if wanted else "revoked"
        _, audit = recorded(grant, found.path, at=self.clock.now(), actor="system", action=f"grant.{outcome}")
        try:
            await settle(self.documents, [Delete(found.path, found.version), audit, *freed], witness=audit.path)
        except Conflict:
            return "gone"  # another worker was first
        return outcome

    async def _lives_off_a_grant(self, owner: str | None, provider: Provider) -> bool:
        found = await self.connections.connection(owner, provider) if owner is not None else None
        return found is not None and found.value.tokens is not None

    async def _revoke(self, subject: str, claim: Claim, token: str) -> tuple[list[Write], Fault | None]:
        """Revoke, while nobody can link the account; the write that frees it again goes along with what follows. What
        was granted before is dead from here on, and does not become a link, whoever holds it by now: also where the
        provider does not confirm, for it may have heard."""
        until = self.clock.now() + REVOKING_LASTS
        [version] = await self.documents.commit([hold_for_revoking(subject, claim, until)])
        unheard = None
        try:
            await self.authority.revoke(token)
        except Fault as fault:
            unheard = fault
        return [let_go(subject, claim.owner, self.clock.now(), version)], unheard

    async def _put_off(self, name: str, why: str, least_s: int = 0, along: Sequence[Write] = ()) -> str:
        found = await self.documents.get(grant_path(name))
        if found is None:
            return "gone"
        later = put_off(found, self.clock.now(), least_s)
        await self.documents.commit([later.write, *along])
        if later.given_up:
            log.event("revocation.given_up", "ERROR", code=why, count=later.failures)
        else:
            log.event("revocation.put_off", "WARNING", code=why, count=later.failures)
        return "put_off"
