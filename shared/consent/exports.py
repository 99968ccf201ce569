"""Everything about a person's consents, to take along: after ISO/IEC TS 27560, or as FHIR R4.

Told piece by piece. What is held at a time is what the state holds anyway (the newest event of each cell) and one page
of the ledger, however long that is.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import msgspec

from shared.clock import Clock
from shared.consent import fhir
from shared.consent.ledger import Event
from shared.consent.model import Cell, Consents
from shared.consent.ports import Recipient, Standing
from shared.consent.receipts import Receipts
from shared.consent.records import CONTEXT, RECORD, STATUS, Record, recipient_part, record_of, subject_of
from shared.vocabulary import Purpose

PAGE = 200


class Format(StrEnum):
    """In which form consents are taken along."""

    ISO27560 = "iso27560"
    FHIR = "fhir"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """Exports of one's own consents. `public_url` is where notices can be read."""

    receipts: Receipts
    clock: Clock
    public_url: str

    def of(self, uid: str, form: Format) -> AsyncIterator[bytes]:
        """The document, in pieces."""
        return self._fhir(uid) if form is Format.FHIR else self._iso27560(uid)

    async def _iso27560(self, uid: str) -> AsyncIterator[bytes]:
        standing = await self.receipts.ledger.standing(uid)
        cells = await self._cells(uid, standing.consents)
        head = {
            "@context": CONTEXT,
            "dct:conformsTo": RECORD,
            "dct:issued": self.clock.now(),
            "dpv:hasDataSubject": subject_of(uid),
            "epoch": standing.consents.epoch,
            "frozen": standing.consents.frozen or None,
            "tail": standing.tail,
        }
        yield msgspec.json.encode(head)[:-1] + b',"records":['
        for place, one in enumerate(cells):
            yield (b"," if place else b"") + msgspec.json.encode(one.record)
        # In the ledger's own order, so that its chain of hashes can be followed from the first line to `tail`.
        yield b'],"history":['
        comma = b""
        async for events in self._pages(uid, standing):
            yield comma + b",".join(msgspec.json.encode(event) for event in events)
            comma = b","
        yield b"]}"

    async def _fhir(self, uid: str) -> AsyncIterator[bytes]:
        standing = await self.receipts.ledger.standing(uid)
        cells = await self._cells(uid, standing.consents)
        yield (
            msgspec.json.encode({"resourceType": "Bundle", "type": "collection", "timestamp": self.clock.now()})[:-1]
            + b',"entry":['
        )
        consents: list[fhir.Consent] = []
        comma = b""
        for (purpose, _), group in groupby(cells, key=_purpose_and_recipient):
            made = fhir.consent(
                list(group), purpose=purpose, frozen=bool(standing.consents.frozen), public_url=self.public_url
            )
            yield comma + msgspec.json.encode({"fullUrl": made.reference, "resource": made.resource})
            # Only what refers to it is kept: the rest has been told.
            consents.append(made._replace(resource={}))
            comma = b","
        for epoch in sorted({epoch for made in consents for epoch in made.decisions}):
            targets = [made.reference for made in consents if epoch in made.decisions]
            yield b"," + await self._provenance(uid, epoch, targets)
        yield b"]}"

    async def _provenance(self, uid: str, epoch: int, targets: Sequence[str]) -> bytes:
        receipt = await self.receipts.of(uid, await self.receipts.ledger.events_of_epoch(uid, epoch))
        resource = fhir.provenance(receipt, await self.receipts.signed(receipt), targets, self.clock.now())
        return msgspec.json.encode({"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource})

    async def _cells(self, uid: str, consents: Consents) -> list[fhir.Standing]:
        """Each cell with its newest event as a record, by purpose, recipient and kind."""
        at = self.clock.now()
        named = sorted({Cell.of_key(key).recipient for key in consents.cells})
        recipients = await self.receipts.recipients.find(uid, named)
        found: list[fhir.Standing] = []
        for epoch in sorted({state.epoch for state in consents.cells.values()}):
            for event in await self.receipts.ledger.events_of_epoch(uid, epoch):
                cell = consents.cells.get(event.cell)
                if cell is not None and cell.number == event.number:
                    state = cell.as_of(at)
                    record = self._record(uid, event, recipients, STATUS.get(state))
                    found.append(fhir.Standing(record, cell, state))
        return sorted(found, key=lambda one: (*_purpose_and_recipient(one), one.item.event.cell))

    def _record(self, uid: str, event: Event, recipients: Mapping[str, Recipient], status: str | None) -> Record:
        notice = self.receipts.notices.find(event.notice.version)
        recipient = Cell.of_key(event.cell).recipient
        parts = {recipient: recipient_part(recipient, recipients.get(recipient), notice)}
        record = record_of(subject_of(uid), [event], notice, parts, name=event.cell, conforms_to=RECORD)
        items = tuple(msgspec.structs.replace(item, status=status) for item in record.items)
        return msgspec.structs.replace(record, items=items)

    async def _pages(self, uid: str, standing: Standing) -> AsyncIterator[list[Event]]:
        """The ledger as long as it was when `standing` was read."""
        after = 0
        while after < standing.tail.events:
            limit = min(PAGE, standing.tail.events - after)
            events = await self.receipts.ledger.events(uid, after=after, limit=limit)
            if not events:
                return
            yield events
            after = events[-1].number


def _purpose_and_recipient(one: fhir.Standing) -> tuple[Purpose, str]:
    cell = Cell.of_key(one.item.event.cell)
    return cell.purpose, cell.recipient
