"""What was corrected, as documents: `users/{uid}/corrections/{kind}`, sealed under the person's data key.

All of one kind are one document, so that whoever reads pays one read more, and whoever stores pays none.
"""

from typing import NamedTuple

import msgspec

from shared.cloud.documents import Delete, Document, Documents, Expect, Put, Write
from shared.cloud.seal import Key, open_sealed, seal
from shared.consent.gate import Permit
from shared.errors import Refused
from shared.measurement.corrections import CorrectionRule
from shared.vocabulary import Kind, Purpose

Rules = tuple[CorrectionRule, ...]


class Standing(NamedTuple):
    """The rules that hold, in order, and what a write replacing them must expect."""

    rules: Rules
    expect: str | Expect


class CorrectionStore:
    """Reads what was corrected, of whom and of which kind the permit says; writes are handed back."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def standing(self, permit: Permit, key: Key) -> Standing:
        """The rules of one kind. One read. Raises Refused `seal_broken`."""
        found = await self._documents.get(overlay_path(permit.uid, permit.kind))
        return Standing(opened(permit, key, found), found.version if found else Expect.ABSENT)

    def write(self, permit: Permit, key: Key, rules: Rules, expect: str | Expect) -> Write:
        """The write that makes `rules` what holds. Raises Refused `consent_missing`: not to handle a request."""
        if permit.purpose is not Purpose.REQUEST_HANDLING:
            raise Refused("consent_missing", f"{permit.purpose} corrects nothing")
        sealed = seal(key, msgspec.json.encode(rules), *_place(permit.uid, permit.kind))
        return Put(overlay_path(permit.uid, permit.kind), {"sealed": sealed}, expect)


def opened(permit: Permit, key: Key, found: Document | None) -> Rules:
    """The rules in a document that was read; none where there is none. Raises Refused `seal_broken`."""
    if found is None:
        return ()
    return msgspec.json.decode(open_sealed(key, found.data["sealed"], *_place(permit.uid, permit.kind)), type=Rules)


async def forgetting(documents: Documents, uid: str, kind: Kind) -> list[Write]:
    """What deletes the rules of a kind, without opening them. One read."""
    found = await documents.get(overlay_path(uid, kind))
    return [Delete(found.path, found.version)] if found else []


def overlay_path(uid: str, kind: Kind) -> str:
    """Where the rules of one kind are."""
    return f"users/{uid}/corrections/{kind}"


def _place(uid: str, kind: Kind) -> tuple[str, str, str]:
    return uid, "corrections", kind
