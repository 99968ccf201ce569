"""A connection: one person's link to one provider. Its document is the fence for everything done under it.

Whatever commits on behalf of a connection expects the version of its document that the work began with; consent
decisions, disconnecting and every sync write the document, so work under an older state cannot commit (I3, I4).
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from shared.audit.model import Head
from shared.consent.gate import Permit, Verdict, admit, permits
from shared.consent.model import DECEASED, QOLMS, Cell, Consents, State
from shared.vocabulary import Kind, Provider, Purpose

DEAD_LASTS = timedelta(days=7)
"""How long a person has to link an account again whose grant is dead before somebody else may."""


class LinkState(StrEnum):
    """Where a link stands. Only `invalid_grant`, the person, or the provider's word leads away from ACTIVE."""

    ACTIVE = "active"
    NEEDS_REAUTH = "needs_reauth"
    """The provider says the grant is dead: quiet until the person links again."""
    REVOKED = "revoked"
    """Ended by the person."""
    PAUSED = "paused"
    """Linked, but for now nothing may be fetched: the person's data is frozen, or every consent has run out."""


STANDING = (LinkState.ACTIVE, LinkState.PAUSED)
"""A link whose grant is in use, if only later."""


def sealed_as(use: str, provider: Provider, subject: str) -> str:
    """What a token is sealed as, for its person: `use` ("refresh", "access") of this very account at the provider, so
    that one moved to another link of the same person does not open."""
    return f"{use}.{provider}.{subject}"


class Tokens(msgspec.Struct, frozen=True):
    """The grant, sealed as `sealed_as` says. `issued_at` is of the refresh token, which the provider made no earlier:
    newer replaces older, never the reverse (I5)."""

    refresh: bytes
    issued_at: datetime
    access: bytes = b""
    access_expires_at: datetime | None = None


class Lease(msgspec.Struct, frozen=True):
    """Who may spend the refresh token, until when. It saves work and keeps refreshes apart; it is not the fence."""

    holder: str
    until: datetime


class KindLink(msgspec.Struct, frozen=True, kw_only=True):
    """One kind under one connection. Times in nanoseconds since the epoch where they are bounds of data.

    `ticked` is what the provider granted when the link was made, `granted` what it grants as far as it last said.
    `cursor_ns`: everything the provider returned that starts before it is stored; it only grows. `reached_ns`: how far
    back the first fetch has come, `floor_ns` how far it is to come, `quiet` how many slices in a row held nothing.
    `changes` holds a change-feed token per stream, with which `feeding` says whether the
    feed is caught up and may be trusted between re-reads; `rereading_ns` is how far down one that was too much for one
    visit has come. `fingerprints` are keyed hashes per UTC day, to tell without
    reading a day's document that re-reading it brought nothing new. `revisiting`: days that are not reached yet may be
    stored all the same, from before the kind began anew or from a visit that did not come to its end.
    """

    granted: bool = True
    ticked: bool = True
    streams: tuple[str, ...] = ()
    changes: dict[str, str] = {}
    feeding: bool = False
    reread_at: datetime | None = None
    rereading_ns: int | None = None
    cursor_ns: int = 0
    reached_ns: int | None = None
    floor_ns: int = 0
    quiet: int = 0
    revisiting: bool = False
    fingerprints: bytes = b""
    nights: bytes = b""
    stored: int = 0
    set_aside: int = 0
    newest_ns: int = 0
    last_success_at: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None

    def refused_since(self, at: datetime) -> bool:
        """Did the provider refuse this kind's data, for want of its permission, at `at` or later?"""
        return self.last_error == "scope_missing" and self.last_error_at is not None and self.last_error_at >= at


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """The whole connection document.

    `shard` and `next_sync_at` make the due index. `calls` counts upstream calls in the minute that began at
    `calls_since`, so that workers one after another keep the provider's bound per user together. `commit` names the
    last commit of a sync. `linked` counts links: each link of the same account continues, each new account starts anew.
    `granted_at` is when the provider gave the grant in use: an older one does not take its place (I5). `dead_since` is
    when it turned out to be dead. `confirmed_by` names the grant that began the link, as its one-time code
    does. `not_before` is when the provider said to come back: not even the person's asking makes it sooner. `chases`
    counts visits in a row that only followed change feeds which had still more to tell.
    """

    uid: str
    provider: Provider
    state: LinkState
    subject: str
    kinds: dict[Kind, KindLink]
    consents: Consents
    tokens: Tokens | None
    linked: int
    linked_at: datetime
    granted_at: datetime | None = None
    dead_since: datetime | None = None
    confirmed_by: str = ""
    shard: int
    next_sync_at: datetime
    streams_checked_at: datetime | None = None
    failures: int = 0
    chases: int = 0
    last_error: str = ""
    last_success_at: datetime | None = None
    asked_at: datetime | None = None
    not_before: datetime | None = None
    lease: Lease | None = None
    calls: int = 0
    calls_since: datetime | None = None
    commit: str = ""
    audit: Head = Head()

    def sealed_as(self, use: str) -> str:
        """What the connection's tokens are sealed as."""
        return sealed_as(use, self.provider, self.subject)

    @property
    def account(self) -> str:
        """The provider's account, as it stands in the names of days: enough of `subject` to tell accounts apart."""
        return self.subject[:12]

    def verdict(self, kind: Kind, at: datetime) -> Verdict:
        """May this kind be fetched and stored now? The provider's scope first, then the gate."""
        link = self.kinds.get(kind)
        if link is None or not link.granted:
            return Verdict(False, "not_granted")
        return permits(self.consents, Purpose.QOLMS_STORE, kind, QOLMS, at)

    def holds_account(self, subject: str, at: datetime) -> bool:
        """Whether the link keeps `subject`, an account at the provider, from everybody else. Where its grant has been
        dead for long, whoever uses the account now may link it: its person may be somebody signed up anew."""
        dead = self.dead_since is not None and at - self.dead_since >= DEAD_LASTS
        return self.subject == subject and self.state is not LinkState.REVOKED and not dead

    @property
    def granted(self) -> tuple[Kind, ...]:
        """The kinds that the provider grants, as far as it last said."""
        return tuple(kind for kind, link in self.kinds.items() if link.granted)

    def wanted(self, at: datetime) -> bool:
        """Whether some kind of the link is consented to, whatever the provider grants of them at the moment."""
        return any(
            link.ticked and permits(self.consents, Purpose.QOLMS_STORE, kind, QOLMS, at).allowed
            for kind, link in self.kinds.items()
        )

    def permits(self, at: datetime) -> tuple[Permit, ...]:
        """The gate's permits for the kinds that may be fetched and stored now."""
        consents = self.consents
        return tuple(admit(self.uid, consents, Purpose.QOLMS_STORE, k, QOLMS, at) for k in self.permitted(at))

    def permitted(self, at: datetime) -> tuple[Kind, ...]:
        """The kinds that may be fetched now."""
        return tuple(kind for kind in self.kinds if self.verdict(kind, at).allowed)

    def leased_to_other(self, holder: str, at: datetime) -> bool:
        """Is somebody else refreshing or fetching right now?"""
        return self.lease is not None and self.lease.holder != holder and at < self.lease.until


def with_consents(connection: Connection, consents: Consents, at: datetime) -> Connection:
    """The connection under a newer state of consent. A withdrawn kind forgets where it stood: if it is given again,
    its data is fetched anew for the time the consent allows. Of an erased one nothing is counted any more."""
    kinds = {kind: _under(consents, kind, link, at) for kind, link in connection.kinds.items()}
    updated = msgspec.structs.replace(connection, consents=consents.for_purpose(Purpose.QOLMS_STORE), kinds=kinds)
    return settled(updated, at)


def _under(consents: Consents, kind: Kind, link: KindLink, at: datetime) -> KindLink:
    if consents.state_of(Cell(Purpose.QOLMS_STORE, kind, QOLMS), at) is State.ERASED:
        return begun_anew(msgspec.structs.replace(link, stored=0, set_aside=0, newest_ns=0, revisiting=False))
    if permits(consents, Purpose.QOLMS_STORE, kind, QOLMS, at).allowed or link.reached_ns is None:
        return link
    return begun_anew(link)


def purposeless(connection: Connection, at: datetime) -> bool:
    """Whether no purpose remains for what the provider granted: then the grant has to go as well. A freeze ends, and
    is no reason, but for the one at death: nobody will come back to link again."""
    linked_now = connection.state is not LinkState.REVOKED
    return linked_now and connection.consents.frozen in ("", DECEASED) and not connection.wanted(at)


def begun_anew(link: KindLink) -> KindLink:
    """The kind as if nothing of it had been read, with what is stored still counted."""
    return msgspec.structs.replace(
        link,
        streams=(),
        changes={},
        feeding=False,
        reread_at=None,
        rereading_ns=None,
        reached_ns=None,
        revisiting=link.revisiting or link.stored > 0 or link.set_aside > 0,
        fingerprints=b"",
        nights=b"",
    )


def settled(connection: Connection, at: datetime) -> Connection:
    """The connection with ACTIVE or PAUSED told apart by consent alone, and due at once where there is some again: what
    the provider grants may change with every word of its own, for which it has to be visited."""
    if connection.state not in STANDING:
        return connection
    state = LinkState.ACTIVE if connection.wanted(at) else LinkState.PAUSED
    resumed = state is LinkState.ACTIVE and connection.state is LinkState.PAUSED
    next_sync_at = at if resumed else connection.next_sync_at
    return msgspec.structs.replace(connection, state=state, next_sync_at=next_sync_at)


def with_refresh_token(tokens: Tokens, refresh: bytes, issued_at: datetime) -> Tokens:
    """The tokens with a rotated refresh token, unless a newer one is there already (I5)."""
    if issued_at <= tokens.issued_at:
        return tokens
    return msgspec.structs.replace(tokens, refresh=refresh, issued_at=issued_at)
