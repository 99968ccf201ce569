"""What a person can prove: one signed receipt per decision, which is one epoch of their ledger.

A receipt follows from the ledger, so it is stored nowhere and can be had again at any time; and signing one never
stands in the way of a decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from shared import log
from shared.consent.ledger import Event
from shared.consent.model import Cell
from shared.consent.ports import Ledger, Recipients
from shared.consent.records import Record, receipt_of, recipient_part, subject_of
from shared.errors import Fault, NotFound
from shared.policy.notices import Notices

TYPE = "consent-receipt+jws"
"""The `typ` of a receipt's signature."""
KEY = "receipt-key"
"""The secret it is made under."""


class Signed(msgspec.Struct, frozen=True):
    """A receipt and its signature; None where it could not be signed now."""

    receipt: Record
    jws: str | None


class Signs(Protocol):
    """What signs: `signing.Signer`."""

    async def sign(self, payload: bytes, *, typ: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """Receipts of one's own decisions."""

    ledger: Ledger
    recipients: Recipients
    notices: Notices
    signer: Signs

    async def find(self, uid: str, decision: str) -> Signed:
        """The receipt of a decision of this person. Raises NotFound `receipt_unknown`."""
        epoch = int(decision) if decision.isascii() and decision.isdigit() and len(decision) <= 10 else 0
        events = await self.ledger.events_of_epoch(uid, epoch) if str(epoch) == decision else []
        if not events:
            raise NotFound("receipt_unknown")
        receipt = await self.of(uid, events)
        return Signed(receipt, await self.signed(receipt))

    async def of(self, uid: str, events: Sequence[Event]) -> Record:
        """The receipt of the decision that made `events`."""
        notice = self.notices.find(events[0].notice.version)
        named = sorted({Cell.of_key(event.cell).recipient for event in events if event.cell})
        found = await self.recipients.find(uid, named)
        parts = {one: recipient_part(one, found.get(one), notice) for one in named}
        return receipt_of(subject_of(uid), events, notice, parts)

    async def signed(self, receipt: Record) -> str | None:
        """The receipt's JWS; None where it cannot be signed now, which is logged and stands in nobody's way."""
        try:
            return await self.signer.sign(msgspec.json.encode(receipt), typ=TYPE)
        except Fault as fault:
            log.event("receipt.not_signed", "WARNING", code=fault.code)
            return None

    async def jws(self, uid: str, events: Sequence[Event]) -> str | None:
        """The signature for a decision that was made just now, and stands whatever happens here."""
        try:
            return await self.signed(await self.of(uid, events)) if events else None
        except Fault as fault:
            log.event("receipt.not_signed", "WARNING", code=fault.code)
            return None
