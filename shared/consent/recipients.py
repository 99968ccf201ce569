"""Whom data can be given to, as documents.

The service itself stands in the notice. Institutions are registered by staff: `institutions/{id}`. Relatives are
relations that the person began: `relations/{id}`, readable by that person's decisions only.
"""

from collections.abc import Sequence

import msgspec

from shared.audit.model import Head
from shared.audit.writes import KEPT
from shared.cloud.documents import Document, Documents
from shared.consent.model import QOLMS
from shared.consent.ports import Recipient
from shared.policy.model import RecipientType, Words

INSTITUTION = "institution:"
RELATIVE = "relative:"


class Institution(msgspec.Struct, frozen=True):
    """A medical institution that staff registered. `active` False: nothing goes there any more."""

    name: Words
    address: str
    contact: str
    active: bool = True
    audit: Head = Head()


class RecipientStore:
    """As `ports.Recipients`, over the document port."""

    def __init__(self, documents: Documents, service: Words) -> None:
        self._documents = documents
        self._service = Recipient(QOLMS, RecipientType.SERVICE, service)

    async def find(self, uid: str, ids: Sequence[str]) -> dict[str, Recipient]:
        """As the port: one read for each institution and relative named."""
        found = {QOLMS: self._service} if QOLMS in ids else {}
        paths = [path for one in ids if (path := _path(one))]
        for document in await self._documents.get_many(paths) if paths else []:
            recipient = _recipient(document) if document else None
            if recipient is not None:
                found[recipient.id] = recipient
        return found


def _path(recipient: str) -> str:
    kind, _, name = recipient.partition(":")
    if not name.isalnum() or not name.isascii() or len(name) > 64:
        return ""
    return {"institution": f"institutions/{name}", "relative": f"relations/{name}"}.get(kind, "")


def _recipient(document: Document) -> Recipient | None:
    if document.path.startswith("institutions/"):
        known = msgspec.convert(document.data, Institution, builtin_types=KEPT)
        return Recipient(
            INSTITUTION + document.id,
            RecipientType.INSTITUTION,
            known.name,
            known.address,
            known.contact,
            known.active,
        )
    return None
