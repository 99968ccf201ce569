"""Signing receipts, and taking consents along."""

from shared.cloud.pace import Pace
from shared.cloud.secrets import Secrets
from shared.cloud.signing import Signer
from shared.consent.exports import Exports
from shared.consent.receipt_acts import ReceiptActs
from shared.consent.receipts import KEY, Receipts
from shared.consent.service import Consenting
from shared.wiring.platform import Platform

EXPORTS = 10
"""How often a person may take everything along within ten minutes: it reads the whole ledger."""


def receipt_acts(p: Platform, c: Consenting) -> ReceiptActs:
    """Receipts of what was decided through `c`."""
    signer = Signer(Secrets(project=p.settings.project, endpoint=p.settings.secrets_endpoint, clock=p.clock), KEY)
    receipts = Receipts(ledger=c.ledger, recipients=c.recipients, notices=c.notices, signer=signer)
    exports = Exports(receipts=receipts, clock=p.clock, public_url=p.settings.public_url)
    return ReceiptActs(exports, signer, Pace(p.documents, p.clock, "exporting", EXPORTS))
