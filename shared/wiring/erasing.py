"""Erasing what is stored."""

from shared.cloud.secrets import Secrets
from shared.cloud.stores import open_documents
from shared.cloud.vault import KeyShredder
from shared.erasure.service import Erasing
from shared.erasure.store import ErasureStore
from shared.ids import RandomIds
from shared.measurement.store import DayDeleter
from shared.policy.notices import notices
from shared.profile.blind import BlindIndex, MatchKeys
from shared.profile.erasing import ProfileEraser
from shared.release.shares import ShareStore
from shared.wiring.consenting import recorder
from shared.wiring.platform import Platform


def erasing(p: Platform) -> Erasing:
    """The work itself."""
    keys = open_documents(p.settings.documents, project=p.settings.project, database="keys")
    secrets = Secrets(project=p.settings.project, endpoint=p.settings.secrets_endpoint, clock=p.clock)
    index = BlindIndex(p.documents, MatchKeys(secrets), RandomIds())
    return Erasing(
        documents=p.documents,
        erasures=ErasureStore(p.documents),
        days=DayDeleter(p.documents),
        shares=ShareStore(p.documents),
        profiles=ProfileEraser(p.documents, index, p.clock),
        keys=KeyShredder(keys, p.clock),
        recorder=recorder(p),
        notices=notices(p.settings.notices),
        clock=p.clock,
    )
