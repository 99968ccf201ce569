"""Google's OAuth side: for whoever links, and for whoever only refreshes."""

from shared.source.google_fit.oauth import GoogleAuthority
from shared.wiring.keys import Keys
from shared.wiring.platform import Platform


def authority(p: Platform, k: Keys) -> GoogleAuthority:
    """Exchanges, refreshes and revokes."""
    return GoogleAuthority(p.settings, http=p.http, secrets=k.secrets, identities=p.identities, clock=p.clock)
