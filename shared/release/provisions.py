"""Records of what was handed on: `provisions/{id}`, each with an audit entry in the chain of its person and recipient.

The head of that chain is a document of its own, `provision_chains/{hash of both}`, and neither the share nor the
person's consents: recipients who read much must not make anybody's withdrawal wait.
"""

import datetime as dt
from typing import NamedTuple

import msgspec

from shared import ids
from shared.audit.model import Fact, Head, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import Document, Documents, Expect, Put, Query, Where, Write
from shared.release.model import Provision, ProvisionState, share_id


class Chain(NamedTuple):
    """Where the chain of one person and recipient stands."""

    path: str
    length: int
    head: Head
    expect: str | Expect


class Recorded(NamedTuple):
    """A provision that is kept, under its id."""

    id: str
    value: Provision


class ProvisionStore:
    """Reads provisions, and the chains they stand in."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def chain(self, uid: str, recipient: str) -> Chain:
        """Where the next record goes. One read."""
        path = f"provision_chains/{share_id(uid, recipient)}"
        found = await self._documents.get(path)
        if found is None:
            return Chain(path, 0, Head(), Expect.ABSENT)
        head = msgspec.convert(found.data["audit"], Head)
        return Chain(path, found.data["length"], head, found.version)

    async def of_person(self, uid: str, *, after: str, limit: int) -> list[Recorded] | None:
        """At most `limit` of what was handed on of a person, newest first, behind the one of id `after`; None where
        that is none of theirs."""
        last = await self._documents.get(f"provisions/{after}") if after.isalnum() else None
        if after and (last is None or last.data["subject"] != uid):
            return None
        query = Query("provisions", where=(Where("subject", "==", uid),), order_by=("-at",), limit=limit, after=last)
        return [_decoded(one) for one in await self._documents.query(query)]


def recorded(name: str, value: Provision, chain: Chain) -> tuple[list[Write], str]:
    """The writes that record a provision, and the one of them that proves it."""
    return _told(name, value, chain, "provision.recorded", Expect.ABSENT, value.at)


def stopped(name: str, value: Provision, chain: Chain, at: dt.datetime) -> tuple[list[Write], str]:
    """The writes that say of a recorded provision that nothing of it was sent."""
    over = msgspec.structs.replace(value, state=ProvisionState.STOPPED)
    return _told(name, over, chain, "provision.stopped", Expect.ANYTHING, at)


def _told(
    name: str, value: Provision, chain: Chain, action: str, expect: Expect, at: dt.datetime
) -> tuple[list[Write], str]:
    facts: dict[str, Fact] = {
        "provision": name,
        "subject": ids.digest("subject", value.subject),
        "recipient": value.recipient,
        "cell": f"{value.purpose}|{value.kind}",
        "form": value.form,
        "epoch": value.epoch,
        "notice": value.notice,
        "sha256": value.sha256,
    }
    stream = f"provisions.{share_id(value.subject, value.recipient)}"
    entry, head = append(stream, chain.head, at=at, actor="recipient", action=action, facts=facts)
    audit = entry_write(entry)
    length = value.number if value.state is ProvisionState.RECORDED else chain.length
    return [
        Put(f"provisions/{name}", msgspec.to_builtins(value, builtin_types=KEPT), expect),
        Put(chain.path, {"length": length, "audit": msgspec.to_builtins(head)}, chain.expect),
        audit,
    ], audit.path


def _decoded(found: Document) -> Recorded:
    return Recorded(found.id, msgspec.convert(found.data, Provision, builtin_types=KEPT))
