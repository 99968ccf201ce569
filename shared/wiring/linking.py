"""Linking and ending a link, with Google as the authority."""

from shared.connection.linking import Linking
from shared.connection.service import Connections
from shared.connection.store import ConnectionStore
from shared.consent.store import ConsentStore
from shared.ids import RandomIds
from shared.policy.notices import notices
from shared.wiring.authority import authority
from shared.wiring.keys import keys
from shared.wiring.platform import Platform
from shared.wiring.queue import queue


def linking(p: Platform) -> Linking:
    """How a link comes about."""
    k = keys(p)
    return Linking(
        documents=p.documents,
        connections=ConnectionStore(p.documents, p.clock),
        ledger=ConsentStore(p.documents),
        authority=authority(p, k),
        tokens=k.tokens,
        keys=k.data,
        queue=queue(p),
        clock=p.clock,
        ids=RandomIds(),
        notices=notices(p.settings.notices),
        redirect_uri=f"{p.settings.public_url}/oauth_callback",
        shards=p.settings.due_shards,
    )


def connections(p: Platform) -> Connections:
    """Seeing, refreshing and ending a connection."""
    k = keys(p)
    return Connections(
        documents=p.documents,
        connections=ConnectionStore(p.documents, p.clock),
        authority=authority(p, k),
        tokens=k.tokens,
        queue=queue(p),
        clock=p.clock,
        ids=RandomIds(),
    )
