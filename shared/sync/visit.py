"""One worker's visit to one user, and the fence around it: every commit expects the version the visit stands on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from shared import ids, log
from shared.audit.model import Fact
from shared.clock import Clock
from shared.cloud.documents import Documents, Write, settle
from shared.connection.ending import ending
from shared.connection.model import Connection, LinkState, begun_anew
from shared.connection.ports import Links, StoredConnection
from shared.connection.writes import put, recorded
from shared.consent.gate import Permit
from shared.errors import Conflict
from shared.sync.fetch import KindFetch
from shared.sync.model import Outcome
from shared.vocabulary import Kind


@dataclass(slots=True)
class Visit:
    """What one worker knows of one user while it works."""

    at: StoredConnection
    holder: str
    granted: list[Kind]
    """What the provider granted, as the log of changes last told."""
    wanted_again: bool = False
    """The person asked for something that what was read may not hold."""

    @property
    def connection(self) -> Connection:
        return self.at.value


@dataclass(frozen=True, slots=True)
class Fence:
    """Commits on behalf of visits."""

    documents: Documents
    connections: Links
    clock: Clock
    ids: ids.Ids

    def permits(self, visit: Visit, kinds: Iterable[Kind]) -> dict[Kind, Permit]:
        """The gate's permits to store these kinds, by what the visit stands on. Raises Conflict where one is denied."""
        given = {permit.kind: permit for permit in visit.connection.permits(self.clock.now())}
        if not given.keys() >= set(kinds):
            raise Conflict("precondition_failed")
        return given

    async def commit(self, visit: Visit, after: Connection, writes: list[Write], fetches: Sequence[KindFetch]) -> None:
        """One commit: days, cursors and audit entry, fenced by the connection's version.

        The gate is asked here for the last time, of the very connection whose version the commit expects (I3).
        Raises Conflict where it says no, or where the connection moved on.
        """
        now, commit = self.clock.now(), self.ids.ident()
        self.permits(visit, (f.kind for f in fetches if f.fault is None))
        after = msgspec.structs.replace(after, commit=commit)
        granted = sorted(after.granted)
        if not writes and granted == visit.granted:
            [version] = await self.documents.commit([put(visit.at.path, after, visit.at.version)])
            visit.at = StoredConnection(after, version, visit.at.path)
            return
        facts: dict[str, Fact] = {
            "kinds": sorted(f.kind for f in fetches if f.fault is None),
            "days": len(writes),
            "granted": [*granted],
        }
        after, audit = recorded(
            after,
            visit.at.path,
            at=now,
            actor="system",
            action="data.stored" if writes else "link.scopes_changed",
            facts=facts,
        )
        batch = [put(visit.at.path, after, visit.at.version), *writes, audit]
        versions = await settle(self.documents, batch, witness=audit.path)
        version = versions[0] if versions else await self._version_of(after)
        visit.at = StoredConnection(after, version, visit.at.path)
        visit.granted = granted

    async def _version_of(self, ours: Connection) -> str:
        """The version our own commit made, where only a read-back proved it. Conflict where anything moved since: a
        version may only ever be expected by whoever knows what it holds."""
        found = await self.connections.connection(ours.uid, ours.provider)
        if found is None or found.value != ours:
            raise Conflict("precondition_failed")
        return found.version

    async def rebase(self, visit: Visit, fetches: Sequence[KindFetch]) -> list[KindFetch]:
        """What of our work still counts under the connection as it is now.

        Another worker's commit supersedes all of it. A decision about consent, or a request to sync, leaves what is
        still permitted.
        """
        found = await self.connections.connection(visit.connection.uid, visit.connection.provider)
        ours = visit.connection
        if (
            found is None
            or found.value.state is not LinkState.ACTIVE
            or found.value.linked != ours.linked
            or found.value.commit != ours.commit
        ):
            raise Conflict("precondition_failed")
        log.event("sync.rebased", "NOTICE", outcome=found.value.state)
        visit.at = found
        return self.still_counting(visit, ours, fetches)

    def still_counting(self, visit: Visit, ours: Connection, fetches: Sequence[KindFetch]) -> list[KindFetch]:
        """What of the work that began under `ours` counts under the connection that the visit stands on now. What the
        visit learnt under `ours`, and has not written yet, goes along."""
        now = self.clock.now()
        kept = [f for f in fetches if visit.connection.verdict(f.kind, now).allowed and f.kind in ours.kinds]
        visit.at = visit.at._replace(value=_with_ours(visit.connection, ours, kept))
        # A kind that was withdrawn and given again meanwhile begins anew: what was read goes on from where it stood.
        stands = {kind: link.reached_ns for kind, link in visit.connection.kinds.items()}
        counting = [f for f in kept if stands[f.kind] == ours.kinds[f.kind].reached_ns]
        visit.wanted_again |= len(counting) < len(kept) or visit.connection.asked_at != ours.asked_at
        return counting

    async def end(self, visit: Visit) -> Outcome:
        """Time alone has ended the last consent: no purpose remains for the grant, so it goes as with a withdrawal. It
        is due to be revoked at once, and the next tick finds it."""
        now = self.clock.now()
        over = ending(visit.at, visit.connection, self.ids.ident(), at=now, actor="system", reason="no_purpose_left")
        await settle(self.documents, over.writes, witness=over.witness)
        log.event("sync.link_ended", "NOTICE", provider=visit.connection.provider)
        return Outcome(outcome="ended")

    async def needs_reauth(self, visit: Visit) -> None:
        """The provider says the grant is dead: forget its tokens, tell the person, be quiet."""
        now = self.clock.now()
        dead = msgspec.structs.replace(
            visit.connection,
            state=LinkState.NEEDS_REAUTH,
            tokens=None,
            dead_since=now,
            lease=None,
            last_error="token_dead",
        )
        dead, audit = recorded(dead, visit.at.path, at=now, actor="provider", action="link.needs_reauth")
        await settle(self.documents, [put(visit.at.path, dead, visit.at.version), audit], witness=audit.path)
        log.event("sync.needs_reauth", "NOTICE", provider=dead.provider)


def with_grant_of(connection: Connection, other: Connection) -> Connection:
    """The connection with the tokens of `other`, and what came to be known with them to be granted."""
    kinds = {
        kind: msgspec.structs.replace(link, granted=other.kinds[kind].granted) if kind in other.kinds else link
        for kind, link in connection.kinds.items()
    }
    return msgspec.structs.replace(connection, kinds=kinds, tokens=other.tokens)


def _with_ours(now: Connection, ours: Connection, kept: Sequence[KindFetch]) -> Connection:
    """The connection as it is now, with what this visit learnt and has not written yet: streams, tokens, and what is
    granted, of which only syncs learn."""
    kinds = dict(with_grant_of(now, ours).kinds)
    for fetch in kept:
        link, known = kinds[fetch.kind], ours.kinds[fetch.kind]
        if link.streams != known.streams:
            kinds[fetch.kind] = msgspec.structs.replace(begun_anew(link), streams=known.streams)
    tokens = now.tokens
    if tokens is not None and ours.tokens is not None and ours.tokens.issued_at >= tokens.issued_at:
        tokens = ours.tokens
    return msgspec.structs.replace(now, kinds=kinds, tokens=tokens, streams_checked_at=ours.streams_checked_at)
