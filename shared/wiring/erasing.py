"""Erasing what is stored: asking for it, and doing it."""

from shared.cloud.stores import open_documents
from shared.cloud.vault import KeyShredder
from shared.consent.relations import RelationStore
from shared.erasure.service import AskingToErase, Erasing
from shared.erasure.store import ErasureStore
from shared.ids import RandomIds
from shared.measurement.store import DayDeleter
from shared.policy.notices import notices
from shared.release.shares import ShareStore
from shared.wiring.consenting import recorder
from shared.wiring.platform import Platform
from shared.wiring.queue import queue


def asking_to_erase(p: Platform) -> AskingToErase:
    """The person's side."""
    return AskingToErase(
        erasures=ErasureStore(p.documents),
        relations=RelationStore(p.documents),
        keys=_keys(p),
        recorder=recorder(p),
        notices=notices(p.settings.notices),
        queue=queue(p),
        clock=p.clock,
        ids=RandomIds(),
    )


def erasing(p: Platform) -> Erasing:
    """The work itself."""
    return Erasing(
        documents=p.documents,
        erasures=ErasureStore(p.documents),
        days=DayDeleter(p.documents),
        shares=ShareStore(p.documents),
        keys=_keys(p),
        recorder=recorder(p),
        notices=notices(p.settings.notices),
        clock=p.clock,
    )


def _keys(p: Platform) -> KeyShredder:
    return KeyShredder(open_documents(p.settings.documents, project=p.settings.project, database="keys"), p.clock)
