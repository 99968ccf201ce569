"""Handing on to recipients. Nothing here decides anything about consent, or can."""

from shared.consent.relations import RelationStore
from shared.consent.store import ConsentStore
from shared.ids import RandomIds
from shared.measurement.service import Measurements
from shared.measurement.store import MeasurementStore
from shared.measurement.zones import ZoneStore
from shared.release.acts import Acts
from shared.release.provisions import ProvisionStore
from shared.release.readers import Readers
from shared.release.service import Releasing
from shared.release.shares import ShareStore
from shared.wiring.keys import keys
from shared.wiring.platform import Platform


def release_acts(p: Platform) -> Acts:
    """What recipients can ask."""
    readers = Readers(
        documents=p.documents,
        relations=RelationStore(p.documents),
        shares=ShareStore(p.documents),
        clock=p.clock,
    )
    releasing = Releasing(
        desk=readers,
        ledger=ConsentStore(p.documents),
        provisions=ProvisionStore(p.documents),
        commit=p.commit,
        clock=p.clock,
        ids=RandomIds(),
    )
    days = MeasurementStore(p.documents, keys(p).data)
    return Acts(readers, releasing, Measurements(days=days, zones=ZoneStore(p.documents)))
