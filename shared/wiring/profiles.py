"""What is held of people besides measurements."""

from shared.cloud.pace import Pace
from shared.consent.store import ConsentStore
from shared.disclosure.intake.mynumber import masked
from shared.ids import RandomIds
from shared.policy.notices import notices
from shared.profile.acts import Acts
from shared.profile.blind import BlindIndex, MatchKeys
from shared.profile.service import Profiles
from shared.profile.store import ProfileStore
from shared.wiring.keys import Keys, keys
from shared.wiring.platform import Platform

CHANGES = 30
"""How often a person may change what is held within ten minutes."""


def blind_index(p: Platform, k: Keys) -> BlindIndex:
    """Finding accounts by what is stated."""
    return BlindIndex(p.documents, MatchKeys(k.secrets), RandomIds())


def profile_store(p: Platform, k: Keys) -> ProfileStore:
    """Where they are kept."""
    return ProfileStore(p.documents, k.data, blind_index(p, k), p.clock)


def profiles(p: Platform) -> Profiles:
    """Giving, changing, taking back."""
    return Profiles(
        holdings=profile_store(p, keys(p)),
        consents=ConsentStore(p.documents),
        commit=p.commit,
        clock=p.clock,
        has_number=lambda text: masked(text).found,
    )


def profile_acts(p: Platform) -> Acts:
    """What the app can ask."""
    return Acts(profiles(p), notices(p.settings.notices), Pace(p.documents, p.clock, "profile", CHANGES))
