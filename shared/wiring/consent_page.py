"""The consent page."""

from shared.cloud.secrets import Secrets
from shared.cloud.tickets import Tickets
from shared.consent.page.acts import PageActs
from shared.consent.receipts import Receipts
from shared.consent.service import Consenting
from shared.wiring.asking_to_erase import asking_to_erase
from shared.wiring.platform import Platform


def consent_page(p: Platform, c: Consenting, receipts: Receipts) -> PageActs:
    """The page over what is decided through `c`, with its receipts, and the tickets of its forms."""
    secrets = Secrets(project=p.settings.project, endpoint=p.settings.secrets_endpoint, clock=p.clock)
    return PageActs(c, Tickets(secrets, p.clock, use="consent page"), receipts, asking_to_erase(p))
