"""Connections, link attempts, loose grants and account claims as documents: where they live, and the writes of them.

users/{uid}/connections/{provider}   the connection, fence of everything done under it
link_attempts/{hash of state}        a link under way
loose_grants/{hash of code | id}     a grant nobody uses: parked, or to be revoked
google_subjects/{hash of subject}    whose an account of the provider is, and when a grant of it was last revoked
"""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import msgspec

from shared import ids
from shared.audit.model import Fact, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import Data, Document, Expect, Put, Write
from shared.connection.grants import AccountClaim, Attempt, LooseGrant
from shared.connection.model import Connection
from shared.connection.ports import Claim
from shared.vocabulary import Provider

CLAIMS_LAST = dt.timedelta(days=1)
"""How long it is remembered of an account that nobody owns when a grant of it was revoked: far longer than any grant
waits to be confirmed."""
FIRST_DELAY = dt.timedelta(minutes=5)
LONGEST_DELAY = dt.timedelta(hours=1)
FAILING_LASTS = dt.timedelta(days=3)
GIVEN_UP_DELAY = dt.timedelta(days=7)
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


def grant_path(name: str) -> str:
    """Where a grant that nobody uses lives."""
    return f"loose_grants/{name}"


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
        path = grant_path(name)
        loose, audit = recorded(loose, path, at=at, actor="system", action="grant.abandoned", facts={"reason": reason})
        writes += [put(path, loose, Expect.ABSENT), audit]
    return writes


class PutOff(NamedTuple):
    """The write that has a grant tried again later, and the how manieth failure that was."""

    write: Put
    failures: int
    given_up: bool


def put_off(found: Document, at: dt.datetime, least_s: int) -> PutOff:
    """Try a grant that could not be revoked later, and ever later, up to once an hour; and where that has gone on for
    days, once a week for whoever looks after it. Whatever the document holds: one that cannot be read must not be in
    the way of others."""
    known, since = found.data.get("failures"), found.data.get("failing_since")
    failures = known + 1 if isinstance(known, int) else 1
    failing_since = since if isinstance(since, dt.datetime) else at
    given_up = at - failing_since >= FAILING_LASTS
    growing = min(FIRST_DELAY * 2 ** min(failures - 1, 20), LONGEST_DELAY)
    delay = GIVEN_UP_DELAY if given_up else max(growing, dt.timedelta(seconds=least_s))
    later = {"failures": failures, "failing_since": failing_since, "due_at": at + delay}
    # It is not to be confirmed again only because its time was put off.
    return PutOff(Put(found.path, {**found.data, **later, "parked": False}, found.version), failures, given_up)


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
