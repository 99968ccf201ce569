"""What the system does about cases."""

from shared.disclosure.carrying_out import CarryingOut
from shared.disclosure.effects import Effects
from shared.disclosure.lettering import Lettering
from shared.disclosure.store import CaseStore
from shared.disclosure.sweeping import Sweeping
from shared.disclosure.working import Worker, Working
from shared.erasure.store import ErasureStore
from shared.policy.notices import notices
from shared.wiring.asking_to_erase import asking_to_erase
from shared.wiring.consenting import recorder
from shared.wiring.desk import desk, shelf
from shared.wiring.platform import Platform
from shared.wiring.queue import queue


def effects(p: Platform) -> Effects:
    """What touches consents and what is stored."""
    return Effects(
        recorder=recorder(p),
        erasing=asking_to_erase(p),
        erasures=ErasureStore(p.documents),
        notices=notices(p.settings.notices),
        clock=p.clock,
    )


def working(p: Platform) -> Working:
    """The jobs of a case."""
    acting = effects(p)
    carrying = CarryingOut(tasks={"withdraw": acting.withdraw, "erase": acting.erase})
    workers: dict[str, Worker] = {
        "letter": Lettering(shelf=shelf(p), notices=notices(p.settings.notices), clock=p.clock).letter,
        "freeze": acting.freeze,
        "thaw": acting.thaw,
        "collect": carrying.collect,
        "carry_out": carrying.carry_out,
    }
    return Working(desk=desk(p), clock=p.clock, workers=workers)


def sweeping(p: Platform) -> Sweeping:
    """One tick."""
    return Sweeping(cases=CaseStore(p.documents), queue=queue(p), clock=p.clock)
