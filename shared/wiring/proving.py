"""One-time links."""

from shared.disclosure.proofs.ports import CaseTold
from shared.disclosure.proofs.service import Proofs
from shared.disclosure.proofs.store import LinkStore
from shared.ids import RandomIds
from shared.profile.blind import MatchKeys
from shared.wiring.keys import Keys
from shared.wiring.platform import Platform


def proofs(p: Platform, k: Keys, cases: CaseTold) -> Proofs:
    """The links of `cases`."""
    return Proofs(
        links=LinkStore(p.documents),
        marks=MatchKeys(k.secrets),
        cases=cases,
        commit=p.commit,
        clock=p.clock,
        ids=RandomIds(),
    )
