"""Asking for what is stored to be erased."""

from shared.consent.relations import RelationStore
from shared.erasure.service import AskingToErase
from shared.erasure.store import ErasureStore
from shared.ids import RandomIds
from shared.policy.notices import notices
from shared.wiring.consenting import recorder
from shared.wiring.platform import Platform
from shared.wiring.queue import queue


def asking_to_erase(p: Platform) -> AskingToErase:
    """The person's side, which opens no key and no data."""
    return AskingToErase(
        erasures=ErasureStore(p.documents),
        relations=RelationStore(p.documents),
        recorder=recorder(p),
        notices=notices(p.settings.notices),
        queue=queue(p),
        clock=p.clock,
        ids=RandomIds(),
    )
