"""Somebody with decisions, and everything that makes receipts of them."""

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from shared.cloud.documents import Documents, Put, settle
from shared.cloud.signing import Signer
from shared.consent.asking import Asked, Authority
from shared.consent.exports import Exports
from shared.consent.ledger import Entry, Event, Said
from shared.consent.model import QOLMS, Cell, Consents, Decision, Role, State
from shared.consent.ports import Followed, Prepared
from shared.consent.receipts import KEY, Receipts
from shared.consent.recipients import RecipientStore
from shared.consent.recording import Recorder
from shared.consent.service import Consenting, How
from shared.consent.store import ConsentStore
from shared.policy.notices import notices
from shared.vocabulary import Kind, Language, Purpose
from tests.fakes import MemorySecrets, right_by

SEED, OTHER_SEED = bytes(range(32)), bytes(range(1, 33))
CLINIC = "institution:clinic1"


class NobodyFollows:
    """No document carries a copy of the consents."""

    async def following(self, uid: str, consents: Consents) -> Followed:
        return Followed([], [])


class House:
    """A store, a clock, the published notices, a signing key: and who decides."""

    def __init__(self, documents: Documents, clock: Any) -> None:
        self.documents = documents
        self.clock = clock
        self.ledger = ConsentStore(documents)
        self.notices = notices()
        service = self.notices.in_force(clock.now()).contents.service
        self.recipients = RecipientStore(documents, service)
        self.recorder = Recorder(self.ledger, NobodyFollows(), partial(settle, documents))
        self.consenting = Consenting(
            ledger=self.ledger,
            recorder=self.recorder,
            recipients=self.recipients,
            notices=self.notices,
            clock=clock,
        )
        self.secrets = MemorySecrets({KEY: [SEED]})
        self.signer = Signer(self.secrets, KEY)
        self.receipts = Receipts(
            ledger=self.ledger, recipients=self.recipients, notices=self.notices, signer=self.signer
        )
        self.exports = Exports(receipts=self.receipts, clock=clock, public_url="https://kagamino.example")

    async def keys(self) -> bytes:
        return msgspec.json.encode(await self.signer.published())

    async def open_clinic(self) -> None:
        """Staff register a medical institution."""
        clinic = {
            "name": {"ja": "青空クリニック", "en": "Aozora Clinic"},
            "address": "東京都港区1-1",
            "contact": "03-0000-0000",
        }
        await self.documents.commit([Put("institutions/clinic1", clinic)])

    async def decide(
        self,
        decision: Decision,
        *kinds: Kind,
        uid: str = "hana",
        purpose: Purpose = Purpose.QOLMS_STORE,
        recipient: str = QOLMS,
        valid_until: dt.datetime | None = None,
        authority: Authority | None = None,
    ) -> Prepared:
        asked = [Asked(purpose, kind, recipient, decision, valid_until) for kind in kinds]
        right = right_by(authority) if authority else None
        how = How(language=Language.EN, screen="consent/cells", right=right)
        return await self.consenting.decide(uid, asked, how, if_epoch=None)

    async def record(self, entries: Sequence[Entry], uid: str = "hana") -> list[Event]:
        """What the system, not the person, records."""
        at = self.clock.now()
        notice = self.notices.in_force(at)
        said = msgspec.structs.replace(How().said(notice, self.clock), at=at)
        assert isinstance(said, Said)
        return (await self.recorder.record(uid, lambda _: entries, said)).events

    async def born(self, on: dt.date, uid: str = "hana") -> None:
        """Say when somebody was born, before anything is decided."""
        await self.documents.commit([Put(f"users/{uid}/consent/state", {"born_on": on.isoformat()})])


def guardian(**given: Any) -> Authority:
    return Authority(id="a1", subject="hana", holder="haha", role=Role.GUARDIAN, evidence="koseki-7", **given)


def withdrawn(kind: Kind) -> Entry:
    return Entry(Cell(Purpose.QOLMS_STORE, kind, QOLMS), State.WITHDRAWN)
