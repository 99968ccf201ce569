"""What a person decided, line by line and as signed receipts, without what is left out.

Lines of the ledger are chained by hash, and receipts are signed over them. So where something of a line is left out,
its hash would tell the rest to whoever tries what it could be, and so would every later one: from that line on there
are neither hashes nor signatures.
"""

from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import cast

import msgspec

from shared.clock import ManualClock
from shared.consent.exports import PAGE, Exports, Format
from shared.consent.ledger import Event, Tail
from shared.consent.model import Cell
from shared.consent.ports import Ledger, Recipient, Recipients, Standing
from shared.consent.receipts import TYPE, Receipts, Signed
from shared.consent.records import Record
from shared.disclosure.package.model import Order
from shared.disclosure.package.ports import Sources
from shared.disclosure.package.redaction import Redactions
from shared.disclosure.package.tables import BOM, lines, written
from shared.disclosure.package.terms import METHODS, ROLES, STATES
from shared.disclosure.package.words import Say
from shared.disclosure.package.zipped import Piece
from shared.measurement.civil import ZoneTimeline

HISTORY = "consents/history.csv"
_COLUMNS = ("number", "at", "purpose", "kind", "to", "state", "by", "method", "notice", "valid_until", "reason")
_MOST_TOLD = 40


class ShownRecipients:
    """As `consent.ports.Recipients`, without what is left out of them."""

    def __init__(self, recipients: Recipients, redactions: Redactions) -> None:
        self._recipients, self._redactions = recipients, redactions

    async def find(self, uid: str, ids: Sequence[str]) -> dict[str, Recipient]:
        """As the port."""
        found = await self._recipients.find(uid, ids)
        return {name: self._redactions.recipient(one) for name, one in found.items()}


class _ShownLedger:
    """The part of `consent.ports.Ledger` that reads, without what is left out."""

    def __init__(self, ledger: Ledger, redactions: Redactions, first_changed: int | None) -> None:
        self._ledger, self._redactions, self._first = ledger, redactions, first_changed

    async def standing(self, uid: str) -> Standing:
        standing = await self._ledger.standing(uid)
        return standing if self._first is None else standing._replace(tail=Tail(standing.tail.events, ""))

    async def events(self, uid: str, *, after: int = 0, limit: int = 100) -> list[Event]:
        return [self._shown(one) for one in await self._ledger.events(uid, after=after, limit=limit)]

    async def events_of_epoch(self, uid: str, epoch: int) -> list[Event]:
        return [self._shown(one) for one in await self._ledger.events_of_epoch(uid, epoch)]

    def _shown(self, event: Event) -> Event:
        if self._first is None or event.number < self._first:
            return event
        before = event.previous if event.number == self._first else ""
        return msgspec.structs.replace(self._redactions.event(event), hash="", previous=before)


class _ShownReceipts(Receipts):
    """Receipts of what is told. Here a signature is not put off: what cannot be signed now is packed later."""

    async def signed(self, receipt: Record) -> str | None:
        """None where the receipt cannot be what was decided word for word. Raises as the signer."""
        if any(not item.event.hash for item in receipt.items):
            return None
        return await self.signer.sign(msgspec.json.encode(receipt), typ=TYPE)


class Told:
    """The newest of the history, as the report shows it: what was decided at once about several kinds is one line."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.count = 0

    def add(self, row: Sequence[str], comma: str) -> None:
        """Tell of a line as `_COLUMNS` has it, and let the oldest go."""
        at, purpose, kind, *rest = row[1:7]
        if self.rows and [*self.rows[-1][:2], *self.rows[-1][3:]] == [at, purpose, *rest]:
            self.rows[-1][2] += comma + kind
            return
        self.count += 1
        self.rows = [*self.rows[-_MOST_TOLD + 1 :], [at, purpose, kind, *rest]]


class Consents:
    """Writes the files about consents."""

    def __init__(self, order: Order, sources: Sources, redactions: Redactions, zones: ZoneTimeline) -> None:
        self._order, self._sources, self._redactions, self._zones = order, sources, redactions, zones
        self._say = Say(order.language)
        self._recipients = ShownRecipients(sources.recipients, redactions)
        self.told = Told()

    async def files(self) -> AsyncIterator[Piece]:
        """History, receipts, and the records after ISO/IEC TS 27560 and as FHIR."""
        ledger = await self._ledger()
        receipts = _ShownReceipts(
            ledger=ledger, recipients=self._recipients, notices=self._sources.notices, signer=self._sources.signer
        )
        exports = Exports(receipts=receipts, clock=ManualClock(self._order.at), public_url=self._sources.public_url)
        async for content in self._history(ledger):
            yield Piece(HISTORY, content)
        async for content in self._receipts(ledger, receipts):
            yield Piece("consents/receipts.json", content)
        async for content in exports.of(self._order.uid, Format.ISO27560):
            yield Piece("consents/records.json", content)
        async for content in exports.of(self._order.uid, Format.FHIR):
            yield Piece("consents/consents.fhir.json", content)

    async def _ledger(self) -> Ledger:
        """The ledger as it is told: which line is the first that is not told whole, is found first."""
        first: int | None = None
        async for event in _all(self._sources.ledger, self._order.uid):
            if first is None and self._redactions.event(event) != event:
                first = event.number
        # Receipts and exports do nothing but read.
        return cast(Ledger, _ShownLedger(self._sources.ledger, self._redactions, first))

    async def _history(self, ledger: Ledger) -> AsyncIterator[bytes]:
        yield BOM + lines([[*map(self._say, _COLUMNS), self._say("receipt")]])
        async for events in _pages(ledger, self._order.uid):
            named = sorted({Cell.of_key(event.cell).recipient for event in events if event.cell})
            found = await self._recipients.find(self._order.uid, named)
            rows = [self._row(event, found) for event in events]
            for row in rows:
                self.told.add(row, self._say("comma"))
            yield lines(rows)

    def _row(self, event: Event, recipients: dict[str, Recipient]) -> list[str]:
        language = self._order.language
        contents = self._sources.notices.find(event.notice.version).contents
        purpose = kind = to = self._say("everyone")
        if event.cell:
            cell = Cell.of_key(event.cell)
            known, whom = contents.purposes.get(cell.purpose), recipients.get(cell.recipient)
            purpose = known.title.of(language) if known else cell.purpose
            kind = contents.kinds[cell.kind].of(language)
            to = whom.name.of(language) if whom else cell.recipient
        return [
            str(event.number),
            written(event.at, self._zones),
            purpose,
            kind,
            to,
            STATES[event.state].of(language),
            ROLES[event.giver.role].of(language),
            METHODS[event.method].of(language),
            event.notice.version,
            written(event.valid_until, self._zones) if event.valid_until else "",
            event.reason,
            str(event.epoch),
        ]

    async def _receipts(self, ledger: Ledger, receipts: Receipts) -> AsyncIterator[bytes]:
        comma = b"["
        async for events in _decisions(ledger, self._order.uid):
            receipt = await receipts.of(self._order.uid, events)
            yield comma + msgspec.json.encode(Signed(receipt, await receipts.signed(receipt)))
            comma = b",\n"
        yield b"[]" if comma == b"[" else b"]"


async def _pages(ledger: Ledger, uid: str) -> AsyncIterator[list[Event]]:
    after = 0
    while events := await ledger.events(uid, after=after, limit=PAGE):
        yield events
        after = events[-1].number


async def _all(ledger: Ledger, uid: str) -> AsyncIterator[Event]:
    async for events in _pages(ledger, uid):
        for event in events:
            yield event


async def _decisions(ledger: Ledger, uid: str) -> AsyncIterator[list[Event]]:
    """The events of each decision, together."""
    held: list[Event] = []
    async for events in _pages(ledger, uid):
        for _, group in groupby(events, key=lambda event: event.epoch):
            decision = list(group)
            if held and held[0].epoch != decision[0].epoch:
                yield held
                held = []
            held += decision
    if held:
        yield held
