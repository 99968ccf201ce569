"""Linking and ending a link, with Google as the authority."""

from shared.connection.linking import Linking
from shared.connection.service import Connections
from shared.connection.store import ConnectionStore
from shared.consent.store import ConsentStore
from shared.ids import RandomIds
from shared.source.google_fit.oauth import GoogleAuthority
from shared.wiring.base import Base
from shared.wiring.keys import Keys, keys
from shared.wiring.queue import queue


def authority(b: Base, k: Keys) -> GoogleAuthority:
    """Google's OAuth side."""
    return GoogleAuthority(b.settings, http=b.http, secrets=k.secrets, identities=b.identities, clock=b.clock)


def linking(b: Base) -> Linking:
    """How a link comes about."""
    k = keys(b)
    return Linking(
        documents=b.documents,
        connections=ConnectionStore(b.documents, b.clock),
        ledger=ConsentStore(b.documents),
        authority=authority(b, k),
        tokens=k.tokens,
        keys=k.data,
        queue=queue(b),
        clock=b.clock,
        ids=RandomIds(),
        redirect_uri=f"{b.settings.public_url}/oauth_callback",
        shards=b.settings.due_shards,
    )


def connections(b: Base) -> Connections:
    """Seeing, refreshing and ending a connection."""
    k = keys(b)
    return Connections(
        documents=b.documents,
        connections=ConnectionStore(b.documents, b.clock),
        authority=authority(b, k),
        tokens=k.tokens,
        queue=queue(b),
        clock=b.clock,
        ids=RandomIds(),
    )
