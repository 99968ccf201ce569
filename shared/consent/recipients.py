"""Whom data can be given to, as documents.

The service itself stands in the notice. Institutions are registered by staff: `institutions/{id}`, each with a marker
`institutions/{id}/people/{uid}` per person who has something given to it. Relatives are relations that the person
began: `relations/{id}`, readable by that person's decisions only.

The markers are the one index by recipient, for the day on which an institution ends. They are documents, since one
institution may have any number of people; and they lie below their institution, so that listing them takes no index of
the store's. They follow from the projection alone, so the ledger's store writes them with every decision
(`giver_writes`), and no way to decide can forget them. Relatives need none: their relation names its one subject.
"""

from collections.abc import Sequence

import msgspec

from shared.audit.model import Head
from shared.audit.writes import KEPT
from shared.cloud.documents import Delete, Document, Documents, Put, Query, Where, Write
from shared.consent.ledger import Event
from shared.consent.model import LIVE, QOLMS, Cell, Consents
from shared.consent.ports import Recipient
from shared.consent.relations import RELATIVE, Relation, RelationState
from shared.policy.model import RecipientType, Words

INSTITUTION = "institution:"
SOMEBODY = Words(ja="ご家族", en="A family member")


class Institution(msgspec.Struct, frozen=True):
    """A medical institution that staff registered. `active` False: nothing goes there any more."""

    name: Words
    address: str
    contact: str
    active: bool = True
    account: str = ""
    """The e-mail address of the service account that its system reads with; "": it has none, and reads nothing."""
    account_id: str = ""
    """That account's unique id at Google, which tokens bear. An address may come to be another account's one day."""
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
            recipient = _recipient(document, uid) if document else None
            if recipient is not None:
                found[recipient.id] = recipient
        return found


async def institution_calling(documents: Documents, account_id: str) -> Recipient | None:
    """The institution whose system has this account; None where none has, or where more than one would. One read."""
    if not account_id:
        return None
    found = await documents.query(Query("institutions", where=(Where("account_id", "==", account_id),), limit=2))
    return _recipient(found[0], "") if len(found) == 1 else None


def institution_path(name: str) -> str:
    """Where an institution lives; "" where that cannot be one's name."""
    return f"institutions/{name}" if name.isalnum() and name.isascii() and len(name) <= 64 else ""


def givers(name: str) -> str:
    """The collection of the people who have something given to an institution; the ids of its documents are uids."""
    return f"institutions/{name}/people"


def giver_writes(uid: str, consents: Consents, events: Sequence[Event]) -> list[Write]:
    """The markers of the institutions that `events` speak of, as the state after them has it."""
    touched = {Cell.of_key(event.cell).recipient for event in events if event.cell}
    given = {Cell.of_key(key).recipient for key, state in consents.cells.items() if state.state in LIVE}
    writes: list[Write] = []
    for recipient in sorted(one for one in touched if one.startswith(INSTITUTION)):
        path = f"{givers(recipient.removeprefix(INSTITUTION))}/{uid}"
        writes.append(Put(path, {}) if recipient in given else Delete(path))
    return writes


def _path(recipient: str) -> str:
    kind, _, name = recipient.partition(":")
    if not name.isalnum() or not name.isascii() or len(name) > 64:
        return ""
    return {"institution": f"institutions/{name}", "relative": f"relations/{name}"}.get(kind, "")


def _recipient(document: Document, uid: str) -> Recipient | None:
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
    relation = msgspec.convert(document.data, Relation, builtin_types=KEPT)
    if relation.subject != uid:
        return None
    name = Words(ja=relation.note, en=relation.note) if relation.note else SOMEBODY
    return Recipient(
        RELATIVE + document.id,
        RecipientType.RELATIVE,
        name,
        active=relation.state is RelationState.ACTIVE,
        since=relation.accepted_at or relation.invited_at,
        answers_by=relation.expires_at if relation.state is RelationState.INVITED else None,
    )
