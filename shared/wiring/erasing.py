"""Erasing what is stored."""

from shared.cloud.stores import open_documents
from shared.cloud.vault import KeyShredder
from shared.erasure.service import Erasing
from shared.erasure.store import ErasureStore
from shared.measurement.store import DayDeleter
from shared.policy.notices import notices
from shared.release.shares import ShareStore
from shared.wiring.consenting import recorder
from shared.wiring.platform import Platform


def erasing(p: Platform) -> Erasing:
    """The work itself."""
    keys = open_documents(p.settings.documents, project=p.settings.project, database="keys")
    return Erasing(
        documents=p.documents,
        erasures=ErasureStore(p.documents),
        days=DayDeleter(p.documents),
        shares=ShareStore(p.documents),
        keys=KeyShredder(keys, p.clock),
        recorder=recorder(p),
        notices=notices(p.settings.notices),
        clock=p.clock,
    )
