"""How a link comes about: start in the app, consent at Google, confirm in the app.

The browser's return proves only that somebody consented in some browser; so the callback merely parks the sealed grant
behind a one-time code, and the link begins when the very user who started posts that code, signed in (RFC 9700 §4.7:
whoever sends a consent link of their own to a victim gains nothing).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from shared import ids, log
from shared.clock import Clock
from shared.cloud.documents import Delete, Documents, Expect, Write, settle
from shared.connection.grants import Attempt, LooseGrant, linked, overtaken, perhaps_revoked
from shared.connection.model import STANDING, Connection, Tokens, sealed_as
from shared.connection.ports import Authority, DataKeyring, Grant, Links, Queue, Sealer, StoredGrant
from shared.connection.steps import Returned, Seen, Started, check_kinds, s256
from shared.connection.tasks import queue_first_sync, queue_revocation
from shared.connection.writes import (
    abandon,
    attempt_path,
    claim,
    connection_path,
    grant_name,
    grant_path,
    put,
    recorded,
    subject_name,
)
from shared.consent.asking import given_by_linking
from shared.consent.ledger import Said
from shared.consent.model import Method
from shared.consent.ports import Ledger
from shared.errors import Conflict, Fault, Refused
from shared.policy.model import NoticeRef
from shared.policy.notices import Notices
from shared.vocabulary import Kind, Language, Provider

ATTEMPT_LASTS = timedelta(minutes=10)
PARKED_LASTS = timedelta(minutes=10)
REVOCATION_GRACE = timedelta(minutes=1)
"""Between the last moment to confirm and the first to revoke, so that two machines' clocks cannot do both."""
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """The use case, over its ports."""

    documents: Documents
    connections: Links
    ledger: Ledger
    authority: Authority
    tokens: Sealer
    keys: DataKeyring
    queue: Queue
    clock: Clock
    ids: ids.Ids
    notices: Notices
    redirect_uri: str
    shards: int

    async def start(
        self, uid: str, provider: Provider, kinds: Sequence[Kind], language: Language, notice: NoticeRef | None = None
    ) -> Started:
        """Mint a single-use state bound to the user, the kinds, the redirect and the PKCE verifier.

        `notice` is what the person was shown beside the boxes they ticked; None: the one in force.

        Raises InvalidInput `body_invalid`: no kind, or one twice. As `Notices.agreed_to`, as `asking.given_by_linking`.
        """
        check_kinds(kinds)
        state, verifier, nonce = self.ids.token(), self.ids.token(), self.ids.token()
        at, seen = self.clock.now(), await self._seen(uid, kinds, notice)
        attempt = Attempt(
            uid=uid,
            provider=provider,
            kinds=list(kinds),
            redirect_uri=self.redirect_uri,
            verifier=await self.tokens.seal(uid, "verifier", verifier),
            nonce=nonce,
            notice=seen.notice,
            epoch=seen.epoch,
            expires_at=at + ATTEMPT_LASTS,
        )
        path = attempt_path(state)
        attempt, audit = recorded(
            attempt, path, at=at, actor="data_subject", action="link.started", facts={"kinds": list(kinds)}
        )
        await settle(self.documents, [put(path, attempt, Expect.ABSENT), audit], witness=audit.path)
        url = self.authority.consent_url(
            kinds,
            state=state,
            challenge=s256(verifier),
            nonce=nonce,
            redirect_uri=self.redirect_uri,
            language=language,
        )
        return Started(url, attempt.expires_at)

    async def _seen(self, uid: str, kinds: Sequence[Kind], notice: NoticeRef | None) -> Seen:
        at, standing = self.clock.now(), await self.ledger.standing(uid)
        shown = self.notices.agreed_to(notice, at)
        given_by_linking(standing, kinds, shown, standing.consents.epoch, at)
        return Seen(shown.ref, standing.consents.epoch)

    async def returned(self, *, state: str, code: str, error: str, scope: str) -> Returned:
        """Redeem the state once, trade the code, park the grant. Never raises a fault: a browser is waiting.

        An unknown, used, expired or malformed state gives one and the same answer.
        """
        try:
            attempt = await self._redeem(state)
            if error or not code:
                return Returned("link_denied")
            verifier = await self.tokens.open(attempt.uid, "verifier", attempt.verifier)
            grant = await self.authority.exchange(
                code, verifier=verifier, redirect_uri=attempt.redirect_uri, nonce=attempt.nonce, scope_hint=scope
            )
            seen, taking = Seen(attempt.notice, attempt.epoch), self.ids.token()
            name = grant_name(taking)
            await self._park(name, attempt.uid, attempt.provider, attempt.kinds, grant, seen, actor="browser")
            await queue_revocation(self.queue, name, self.clock.now() + PARKED_LASTS + REVOCATION_GRACE)
            return Returned("success", taking)
        except Fault as fault:
            log.event("link.not_made", "WARNING", code=fault.code)
            return Returned(fault.code)

    async def _redeem(self, state: str) -> Attempt:
        found = await self.connections.attempt(state) if 20 <= len(state) <= 200 else None
        if found is None or found.value.redeemed or found.value.expires_at <= self.clock.now():
            raise Refused("link_invalid")
        attempt: Attempt = msgspec.structs.replace(found.value, redeemed=True)
        attempt, audit = recorded(attempt, found.path, at=self.clock.now(), actor="browser", action="link.returned")
        try:
            await settle(self.documents, [put(found.path, attempt, found.version), audit], witness=audit.path)
        except Conflict:
            raise Refused("link_invalid") from None  # two returns raced: the other one has it
        return attempt

    async def _park(
        self, name: str, uid: str, provider: Provider, kinds: Sequence[Kind], grant: Grant, seen: Seen, *, actor: str
    ) -> None:
        """Keep the grant under `name`, to be confirmed.

        Raises what keeps it from ever becoming a link; it is then kept all the same, to be revoked at once.
        """
        granted = [kind for kind in kinds if kind in grant.kinds]
        if grant.refresh_token is None:
            raise Refused("refresh_token_missing") if granted else Refused("no_kind_granted")
        subject = subject_name(grant.subject)
        fault = await self._in_the_way(uid, granted, subject, grant.asked_at)
        at = self.clock.now()
        loose = LooseGrant(
            uid=uid,
            provider=provider,
            subject=subject,
            kinds=granted,
            tokens=await self._sealed(uid, provider, grant),
            due_at=at if fault else at + PARKED_LASTS + REVOCATION_GRACE,
            parked=fault is None,
            notice=seen.notice,
            epoch=seen.epoch,
        )
        path = grant_path(name)
        action = "grant.abandoned" if fault else "grant.parked"
        why = {"reason": fault.code} if fault else {}
        loose, audit = recorded(loose, path, at=at, actor=actor, action=action, facts={"kinds": list(granted), **why})
        await settle(self.documents, [put(path, loose, Expect.ABSENT), audit], witness=audit.path)
        if fault is not None:
            raise fault

    async def _in_the_way(self, uid: str, granted: Sequence[Kind], subject: str, asked_at: datetime) -> Fault | None:
        if not granted:
            return Refused("no_kind_granted")
        try:
            claim = await self.connections.claim_on(subject)
        except Conflict as revoking:
            return revoking
        if claim.owner not in (None, uid):
            return Refused("account_linked_elsewhere")
        return Conflict("precondition_failed") if perhaps_revoked(asked_at, claim.revoked_at) else None

    async def confirm(self, uid: str, code: str) -> Connection:
        """The app, signed in as the user who started, takes the grant: from here on the link is active. An app that did
        not hear so and asks again is told so again, as long as that link stands.

        Raises Refused `link_invalid` (unknown, used, expired, another user's code, or from before a withdrawal, all
        alike), `account_linked_elsewhere`. As `asking.check_right`.
        """
        if not 20 <= len(code) <= 200:
            raise Refused("link_invalid")
        return await self._take(uid, grant_name(code))

    async def _take(self, uid: str, name: str) -> Connection:
        for _ in range(_ATTEMPTS):
            found = await self.connections.loose_grant(name)
            begun = await self._begun_by(uid, name) if found is None else None
            if begun is not None:
                return begun
            if found is None or not self._confirmable(found.value, uid):
                raise Refused("link_invalid")
            try:
                return await self._link(uid, name, found)
            except Conflict:
                continue  # a decision or a sync of an older link committed meanwhile
        raise Conflict("precondition_failed")

    async def _begun_by(self, uid: str, name: str) -> Connection | None:
        links = [found.value for found in await self.connections.connections(uid)]
        return next((link for link in links if link.confirmed_by == name and link.state in STANDING), None)

    def _confirmable(self, grant: LooseGrant, uid: str) -> bool:
        return grant.parked and grant.uid == uid and self.clock.now() < grant.due_at - REVOCATION_GRACE

    async def link_with_device_code(
        self,
        uid: str,
        provider: Provider,
        kinds: Sequence[Kind],
        server_auth_code: str,
        notice: NoticeRef | None = None,
    ) -> Connection:
        """Link directly with the code that an Android device obtained for its signed-in user. The grant is parked all
        the same, so that it ends up in use or revoked, whatever happens on the way; and behind that very code, so that
        asking again goes on from there, as in `confirm`: at Google it is spent.

        Raises Refused `code_refused`, `no_kind_granted`, `refresh_token_missing`, `link_invalid`,
        `account_linked_elsewhere`. As `start`.
        """
        check_kinds(kinds)
        name = grant_name(server_auth_code)
        begun = await self._begun_by(uid, name)
        if begun is not None:
            return begun
        if await self.connections.loose_grant(name) is None:
            seen = await self._seen(uid, kinds, notice)
            grant = await self.authority.exchange(
                server_auth_code, verifier="", redirect_uri="", nonce="", scope_hint=""
            )
            await self._park(name, uid, provider, kinds, grant, seen, actor="data_subject")
        return await self._take(uid, name)

    async def _sealed(self, uid: str, provider: Provider, grant: Grant) -> Tokens:
        account = provider, subject_name(grant.subject)
        return Tokens(
            refresh=await self.tokens.seal(uid, sealed_as("refresh", *account), grant.refresh_token or ""),
            issued_at=grant.asked_at,
            access=await self.tokens.seal(uid, sealed_as("access", *account), grant.access_token),
            access_expires_at=grant.access_expires_at,
        )

    async def _link(self, uid: str, name: str, found: StoredGrant) -> Connection:
        """One commit: the grant is taken, the consent given, the account claimed, the connection active."""
        await self.keys.ensure(uid)
        at, grant = self.clock.now(), found.value
        claimed = await self.connections.claim_on(grant.subject)
        if claimed.owner not in (None, uid):
            raise Refused("account_linked_elsewhere")
        if perhaps_revoked(grant.tokens.issued_at, claimed.revoked_at):
            raise Refused("link_invalid")
        existing = await self.connections.connection(uid, grant.provider)
        if existing is not None and overtaken(grant, existing.value):
            raise Refused("link_invalid")
        shown = self.notices.agreed_to(None, at) if grant.notice is None else self.notices.find(grant.notice.version)
        prepared = await self.ledger.prepare(
            uid,
            lambda standing: given_by_linking(standing, grant.kinds, shown, grant.epoch, at),
            Said(at=at, method=Method.LINK, notice=shown.ref),
        )
        left: list[Write] = []
        if existing is not None and existing.value.subject != grant.subject:
            left = abandon(existing.value, self.ids.ident(), at=at, reason="another_account_linked")
        path = connection_path(uid, grant.provider)
        connection = linked(grant, existing.value if existing else None, prepared.consents, at, self.shards)
        connection = msgspec.structs.replace(connection, confirmed_by=name)
        connection, audit = recorded(
            connection, path, at=at, actor="data_subject", action="link.confirmed", facts={"kinds": list(grant.kinds)}
        )
        await settle(
            self.documents,
            [
                Delete(found.path, found.version),
                *prepared.writes,
                claim(connection, claimed),
                *left,
                put(path, connection, existing.version if existing else Expect.ABSENT),
                audit,
            ],
            witness=audit.path,
        )
        await queue_first_sync(self.queue, connection)
        return connection
