"""Letting go of what is due."""

from shared.cloud.blobs import Blobs
from shared.disclosure.store import CaseStore
from shared.ids import RandomIds
from shared.retention.service import Retaining
from shared.wiring.platform import Platform


def retaining(p: Platform) -> Retaining:
    """The daily run."""
    return Retaining(
        documents=p.documents,
        sweeper=Blobs(p.documents, p.clock, RandomIds()),
        cases=CaseStore(p.documents),
        clock=p.clock,
    )
