"""Deciding about consent."""

from shared.cloud.secrets import Secrets
from shared.cloud.tickets import Tickets
from shared.connection.ending import ConsentFollower
from shared.connection.store import ConnectionStore
from shared.consent.page.acts import PageActs
from shared.consent.recipients import RecipientStore
from shared.consent.recording import Recorder
from shared.consent.service import Consenting
from shared.consent.store import ConsentStore
from shared.ids import RandomIds
from shared.policy.notices import notices
from shared.wiring.platform import Platform
from shared.wiring.queue import queue


def consenting(p: Platform) -> Consenting:
    """Give, refuse, withdraw, and see."""
    ledger, published = ConsentStore(p.documents), notices(p.settings.notices)
    service = published.in_force(p.clock.now()).contents.service
    follower = ConsentFollower(
        connections=ConnectionStore(p.documents, p.clock), queue=queue(p), clock=p.clock, ids=RandomIds()
    )
    return Consenting(
        ledger=ledger,
        recorder=Recorder(ledger, follower, p.commit),
        recipients=RecipientStore(p.documents, service),
        notices=published,
        clock=p.clock,
    )


def page(p: Platform, consenting: Consenting) -> PageActs:
    """The consent page, and the tickets of its forms."""
    secrets = Secrets(project=p.settings.project, endpoint=p.settings.secrets_endpoint, clock=p.clock)
    return PageActs(consenting, Tickets(secrets, p.clock, use="consent page"))
