"""Who comes in by the staff door, and what their forms carry."""

from shared.cloud.secrets import Secrets
from shared.staff.door import Door
from shared.staff.forms import Forms
from shared.staff.store import RosterStore
from shared.wiring.platform import Platform


def door(p: Platform) -> Door:
    """The callers of staff routes: `door.member`, and `door.poster` where something is changed."""
    rosters = RosterStore(p.documents)
    return Door(proxy=p.identities, rosters=rosters, clock=p.clock, public_url=p.settings.public_url)


def forms(p: Platform) -> Forms:
    """The tokens of the staff pages' forms; takes the secret `page-key`."""
    secrets = Secrets(project=p.settings.project, endpoint=p.settings.secrets_endpoint, clock=p.clock)
    return Forms(secrets, p.clock)
