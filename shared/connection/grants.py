"""What is there before a connection and after it: the attempt to link, the grant that nobody uses yet or any more, what
is known of the account; and the connection that comes of taking a grant."""

from datetime import datetime, timedelta

import msgspec

from shared import ids
from shared.audit.model import Head
from shared.connection.model import Connection, KindLink, LinkState, Tokens, sealed_as, settled
from shared.consent.model import Consents
from shared.policy.model import NoticeRef
from shared.vocabulary import Kind, Provider, Purpose

CLOCKS_APART = timedelta(seconds=3)
"""What two machines' clocks may differ by, and far more than one provider's do. Short, because somebody who links again
that soon after a revocation is asked to once more."""


class AccountClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an account at the provider. `uid` is whose link took it last, which is its owner's as long as
    that link holds it; `linked` that link's count. `revoking_until`: a grant of the account is being revoked, and
    whoever does so is dead thereafter. `revoked_at`: when one last was; grants from before are dead with it.
    `forget_at`: when Firestore drops what nobody owns."""

    uid: str = ""
    linked: int = 0
    revoking_until: datetime | None = None
    revoked_at: datetime | None = None
    forget_at: datetime | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A link under way: what its single-use state is bound to. Stored under the state's hash, for ten minutes.

    `notice` is what the person was shown, `epoch` the state of their consents then: what was withdrawn since, linking
    does not give again."""

    uid: str
    provider: Provider
    kinds: list[Kind]
    redirect_uri: str
    verifier: bytes
    nonce: str
    notice: NoticeRef
    epoch: int
    expires_at: datetime
    redeemed: bool = False
    audit: Head = Head()


class LooseGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant that nobody uses, sealed: parked by the callback until the app confirms it, or left behind by a
    disconnect. At `due_at` it is revoked at the provider, again and again until the provider confirms, `failures` being
    how often it did not since `failing_since`. What is parked carries `notice` and `epoch` on from its `Attempt`."""

    uid: str
    provider: Provider
    subject: str
    kinds: list[Kind]
    tokens: Tokens
    due_at: datetime
    parked: bool
    failures: int = 0
    failing_since: datetime | None = None
    notice: NoticeRef | None = None
    epoch: int = 0
    audit: Head = Head()

    def sealed_as(self, use: str) -> str:
        """What the grant's tokens are sealed as: the same as in the connection that takes it."""
        return sealed_as(use, self.provider, self.subject)


def perhaps_revoked(issued_at: datetime, revoked_at: datetime | None) -> bool:
    """Whether a grant of `issued_at` may be from before the account's last revocation, which ended all there were."""
    return revoked_at is not None and issued_at <= revoked_at + CLOCKS_APART


def linked(grant: LooseGrant, old: Connection | None, consents: Consents, at: datetime, shards: int) -> Connection:
    """The connection that taking `grant` makes. The same account again continues where each kind stood; another begins
    anew, and may have been linked before that other one: of what it had then, something may be stored. What the
    provider bears of an account, and when it said to come back, holds for each link of it."""
    same = old if old and old.subject == grant.subject else None
    continued = same.kinds if same else {}
    not_before = same.not_before if same else None
    kinds = {kind: KindLink(revisiting=old is not None) for kind in Kind} | continued
    connection = Connection(
        uid=grant.uid,
        provider=grant.provider,
        state=LinkState.ACTIVE,
        subject=grant.subject,
        kinds={kind: _as_granted(link, kind in grant.kinds) for kind, link in kinds.items()},
        consents=consents.for_purpose(Purpose.QOLMS_STORE),
        tokens=grant.tokens,
        linked=(old.linked if old else 0) + 1,
        linked_at=at,
        granted_at=grant.tokens.issued_at,
        shard=ids.shard_of(grant.uid, shards),
        next_sync_at=max(at, not_before or at),
        last_success_at=old.last_success_at if old else None,
        not_before=not_before,
        calls=same.calls if same else 0,
        calls_since=same.calls_since if same else None,
        audit=old.audit if old else Head(),
    )
    return settled(connection, at)


def _as_granted(link: KindLink, granted: bool) -> KindLink:
    # What was refused under an earlier grant says nothing about this one.
    error = "" if link.last_error == "scope_missing" else link.last_error
    return msgspec.structs.replace(link, granted=granted, ticked=granted, last_error=error)


def overtaken(grant: LooseGrant, existing: Connection) -> bool:
    """Whether a newer grant of the same account is in use: of two windows, the one consented in last."""
    used_since = existing.granted_at if existing.tokens is not None and existing.subject == grant.subject else None
    return used_since is not None and used_since > grant.tokens.issued_at
