"""Connections, link attempts, loose grants and account claims as documents: where they live, and the writes of them.

users/{uid}/connections/{provider}   the connection, fence of everything done under it
link_attempts/{hash of state}        a link under way
loose_grants/{hash of code | id}     a grant nobody uses: parked, or to be revoked
google_subjects/{hash of subject}    whose an account of the provider is, and when a grant of it was last revoked
"""

import datetime as dt
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from shared import ids
from shared.audit.model import Fact, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import Data, Expect, Put, Write
from shared.connection.grants import AccountClaim, Attempt, LooseGrant
from shared.connection.model import Connection
from shared.connection.ports import Claim
from shared.vocabulary import Provider

CLAIMS_LAST = dt.timedelta(days=1)
"""How long it is remembered of an account that nobody owns when a grant of it was revoked: far longer than any grant
waits to be confirmed."""
S = TypeVar("S", Connection, Attempt, LooseGrant)


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
    data: Data = msgspec.to_builtins(value, builtin_types=KEPT)
    return Put(path, data, expect)


def claim(connection: Connection, found: Claim) -> Put:
    """The write that makes the connection's account its person's. Each link writes something else, so that whoever
    looked at the claim before it cannot write as if it had not been."""
    claimed = AccountClaim(uid=connection.uid, linked=connection.linked, revoked_at=found.revoked_at)
    return _put_claim(connection.subject, claimed, found.expect)


def hold_for_revoking(subject: str, found: Claim, until: dt.datetime) -> Put:
    """The write that keeps an account from being linked while one of its grants is being revoked."""
    return _put_claim(subject, AccountClaim(uid=found.owner or "", revoking_until=until), found.expect)


def let_go(subject: str, owner: str | None, revoked_at: dt.datetime, expect: str | Expect) -> Put:
    """The write that makes an account `owner`'s again, or free to be linked, by grants from after `revoked_at`."""
    forget_at = None if owner else revoked_at + CLAIMS_LAST
    return _put_claim(subject, AccountClaim(uid=owner or "", revoked_at=revoked_at, forget_at=forget_at), expect)


def _put_claim(subject: str, claim: AccountClaim, expect: str | Expect) -> Put:
    return Put(subject_path(subject), msgspec.to_builtins(claim, builtin_types=KEPT), expect)


def abandon(connection: Connection, name: str, *, at: dt.datetime, reason: str) -> list[Write]:
    """The writes that leave the grant of a link that ends, if there still is one, to be revoked."""
    writes: list[Write] = []
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
    subject = {"subject": ids.digest("subject", value.uid)}
    entry, head = append(
        f"link.{ids.digest('path', path)}",
        value.audit,
        at=at,
        actor=actor,
        action=action,
        facts={**subject, **(facts or {})},
    )
    return msgspec.structs.replace(value, audit=head), entry_write(entry)
