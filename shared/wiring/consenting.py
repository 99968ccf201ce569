"""Deciding about consent."""

from shared.connection.ending import ConsentFollower
from shared.connection.store import ConnectionStore
from shared.consent.recipients import RecipientStore
from shared.consent.recording import Recorder
from shared.consent.service import Consenting
from shared.consent.store import ConsentStore
from shared.ids import RandomIds
from shared.policy.notices import notices
from shared.wiring.platform import Platform
from shared.wiring.queue import queue


def recorder(p: Platform) -> Recorder:
    """The one writer of ledgers, with everything that follows a decision."""
    connections = ConnectionStore(p.documents, p.clock)
    follower = ConsentFollower(connections=connections, queue=queue(p), clock=p.clock, ids=RandomIds())
    return Recorder(ConsentStore(p.documents), follower, p.commit)


def consenting(p: Platform) -> Consenting:
    """Give, refuse, withdraw, and see."""
    published = notices(p.settings.notices)
    service = published.in_force(p.clock.now()).contents.service
    return Consenting(
        ledger=ConsentStore(p.documents),
        recorder=recorder(p),
        recipients=RecipientStore(p.documents, service),
        notices=published,
        clock=p.clock,
    )
