"""Consent records after ISO/IEC TS 27560, in the terms of the Data Privacy Vocabulary.

What the events of one decision share stands once, what differs once per event, and each event's own line is in it word
for word, so that its hash can be computed again. All of it follows from the ledger and the notice that the ledger
names; only what an institution or a relative is called is as registered at the time.

People keep what was signed: whatever is added to these shapes later must be optional, so that it stays readable.
Source: w3id.org/dpv/guides/consent-27560, November 2026.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from shared import ids
from shared.consent.ledger import SCHEMA, Event
from shared.consent.model import QOLMS, Cell, Method, Role, State
from shared.consent.ports import Recipient
from shared.policy.model import Basis, Contact, Controller, Notice, RecipientType, Words
from shared.vocabulary import Kind, Language, Provider, Purpose

RECEIPT = "https://w3id.org/dpv/schema/dpv-27560#receipt"
RECORD = "https://w3id.org/dpv/schema/dpv-27560#record"
CONTEXT = {
    "@vocab": "urn:kagamino:consent#",
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
}
STATUS = {
    State.REQUESTED: "dpv:ConsentRequested",
    State.GIVEN: "dpv:ConsentGiven",
    State.REFUSED: "dpv:ConsentRefused",
    State.RECONFIRMED: "dpv:RenewedConsentGiven",
    State.KEPT: "dpv:ConsentGiven",
    State.WITHDRAWN: "dpv:ConsentWithdrawn",
    State.EXPIRED: "dpv:ConsentExpired",
    State.INVALIDATED: "dpv:ConsentInvalidated",
    State.ERASING: "dpv:ConsentWithdrawn",
    State.ERASED: "dpv:ConsentWithdrawn",
}
"""The vocabulary's word for a state. It has none for a freeze, which leaves what was given as it was."""
WITHDRAWAL = Words(
    ja="アプリの同意画面、または同意ページで、項目ごとに、またはすべてを一度に、いつでも撤回できます。書面は要りません。",
    en="In the app's consent screen or on the consent page, item by item or all at once, at any time; no paper needed.",
)


class GivenBy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who decided; for somebody else's decision the record of their right, and what it rests on."""

    role: Role
    authority: str | None
    evidence: str | None


class NoticePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The words that were shown, and where."""

    id: str
    version: str
    sha256: str
    language: Language = msgspec.field(name="dct:language")
    screen: str | None


class ControlPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How consent is withdrawn."""

    method: Words
    contact: Contact


class PurposePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The purpose. `title` is None where the notice does not know it: what is withdrawn may be older."""

    code: Purpose
    title: Words | None


class DataPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it is about. All eight kinds are treated as sensitive."""

    kind: Kind
    title: Words
    sensitive: bool = True
    optional: bool = True


class SourcePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the data comes from, and what is asked for there."""

    provider: Provider
    scope: str


class RecipientPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may have it. All but the id is None for somebody who is not registered any more."""

    id: str
    type: RecipientType | None = None
    name: Words | None = None
    address: Words | str | None = None
    contact: Contact | str | None = None


class StoragePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and how it is kept, and for how long."""

    place: Words
    safety: Words
    retention: Words | None


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One event: what was decided about one cell. Where it was about the whole person, what a cell has is None."""

    id: str = msgspec.field(name="dct:identifier")
    type: str = msgspec.field(name="@type", default="dpv:Process")
    purpose: PurposePart | None = msgspec.field(name="dpv:hasPurpose")
    basis: Basis | None = msgspec.field(name="dpv:hasLegalBasis")
    data: DataPart | None = msgspec.field(name="dpv:hasPersonalData")
    source: SourcePart | None = msgspec.field(name="dpv:hasDataSource")
    recipient: RecipientPart | None = msgspec.field(name="dpv:hasRecipient")
    storage: StoragePart = msgspec.field(name="dpv:hasStorageCondition")
    status: str | None = msgspec.field(name="dpv:hasConsentStatus")
    valid_until: dt.datetime | None = msgspec.field(name="dct:valid")
    event: Event


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A consent record: what its items share, and the items. `decision` is the epoch as a decimal string."""

    context: dict[str, str] = msgspec.field(name="@context", default_factory=lambda: dict(CONTEXT))
    type: str = msgspec.field(name="@type", default="dpv:ConsentRecord")
    id: str = msgspec.field(name="dct:identifier")
    conforms_to: tuple[str, ...] = msgspec.field(name="dct:conformsTo")
    decision: str
    epoch: int
    subject: str = msgspec.field(name="dpv:hasDataSubject")
    given_by: GivenBy = msgspec.field(name="dpv:isIndicatedBy")
    at: dt.datetime = msgspec.field(name="dpv:isIndicatedAtTime")
    method: Method = msgspec.field(name="dpv:hasIndicationMethod")
    notice: NoticePart = msgspec.field(name="dpv:hasNotice")
    controller: Controller = msgspec.field(name="dpv:hasDataController")
    jurisdiction: str = msgspec.field(name="dpv:hasJurisdiction")
    control: ControlPart = msgspec.field(name="dpv:hasConsentControl")
    items: tuple[Item, ...] = msgspec.field(name="dpv:hasProcess")


def subject_of(uid: str) -> str:
    """What a person is called where their uid must not stand: a receipt may be shown to anybody."""
    return ids.digest("subject", uid)


def receipt_of(
    subject: str, events: Sequence[Event], notice: Notice, recipients: Mapping[str, RecipientPart]
) -> Record:
    """The receipt of one decision: all its `events`, in order."""
    return record_of(subject, events, notice, recipients, name=str(events[0].epoch), conforms_to=RECEIPT)


def record_of(
    subject: str,
    events: Sequence[Event],
    notice: Notice,
    recipients: Mapping[str, RecipientPart],
    *,
    name: str,
    conforms_to: str,
) -> Record:
    """A record of `events` that were decided together, called `name` among the person's."""
    first, contents = events[0], notice.contents
    giver = first.giver
    return Record(
        id=f"urn:kagamino:consent:{subject}:{name}",
        conforms_to=(conforms_to, SCHEMA),
        decision=str(first.epoch),
        epoch=first.epoch,
        subject=subject,
        given_by=GivenBy(giver.role, giver.authority or None, giver.evidence or None),
        at=first.at,
        method=first.method,
        notice=NoticePart(
            id=f"urn:kagamino:notice:{first.notice.version}",
            version=first.notice.version,
            sha256=first.notice.sha256,
            language=first.language,
            screen=first.screen or None,
        ),
        controller=contents.controller,
        jurisdiction=contents.storage.jurisdiction,
        control=ControlPart(WITHDRAWAL, contents.controller.contact),
        items=tuple(_item(subject, event, notice, recipients) for event in events),
    )


def recipient_part(id: str, found: Recipient | None, notice: Notice) -> RecipientPart:  # noqa: A002 - the field's name
    """How a recipient stands in a record: the service as the notice has it, others as registered."""
    if id == QOLMS:
        contents = notice.contents
        return RecipientPart(
            id=id,
            type=RecipientType.SERVICE,
            name=contents.service,
            address=contents.controller.address,
            contact=contents.controller.contact,
        )
    if found is None:
        return RecipientPart(id=id)
    return RecipientPart(
        id=id, type=found.type, name=found.name, address=found.address or None, contact=found.contact or None
    )


def _item(subject: str, event: Event, notice: Notice, recipients: Mapping[str, RecipientPart]) -> Item:
    contents = notice.contents
    cell = Cell.of_key(event.cell) if event.cell else None
    words = contents.purposes.get(cell.purpose) if cell else None
    kind = contents.kinds[cell.kind] if cell else None
    return Item(
        id=f"urn:kagamino:consent:{subject}:event:{event.number}",
        purpose=PurposePart(cell.purpose, words.title if words else None) if cell else None,
        basis=words.basis if words else None,
        data=DataPart(cell.kind, Words(kind.ja, kind.en)) if cell and kind else None,
        source=SourcePart(Provider.GOOGLE_FIT, kind.scope) if kind and words and words.google else None,
        recipient=recipients[cell.recipient] if cell else None,
        storage=StoragePart(contents.storage.place, contents.storage.safety, words.retention if words else None),
        status=STATUS.get(event.state),
        valid_until=event.valid_until,
        event=event,
    )
