"""Matching what an applicant states against what is held."""

from shared.cloud.pace import Pace
from shared.profile.attempts import Attempts
from shared.profile.blind import MatchKeys
from shared.profile.matching import Matching
from shared.profile.references import References
from shared.wiring.keys import Keys
from shared.wiring.platform import Platform
from shared.wiring.profiles import blind_index, profile_store

MATCHES = 10
"""How often a member of staff may ask within ten minutes."""


def references(k: Keys) -> References:
    """What opens what a case keeps of a match."""
    return References(MatchKeys(k.secrets))


def matching(p: Platform, k: Keys) -> Matching:
    """The desk's question."""
    pace = Pace(p.documents, p.clock, "matching", MATCHES)
    tries = Attempts(documents=p.documents, keys=MatchKeys(k.secrets), pace=pace, commit=p.commit, clock=p.clock)
    return Matching(
        finder=blind_index(p, k), opener=profile_store(p, k), sealer=references(k), tries=tries, clock=p.clock
    )
