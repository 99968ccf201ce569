"""What people reach by links, and what the window prints: routes of `disclosure`."""

from datetime import timedelta

from shared.cloud.pace import Pace
from shared.cloud.tickets import Tickets
from shared.disclosure.handing_acts import FetchActs, PrintActs, print_routes, public_routes
from shared.disclosure.proofs.acts import Acts, routes
from shared.disclosure.staff_acts import StaffActs
from shared.disclosure.told import CasesTold
from shared.edge import Route
from shared.wiring.desk import desk, door, shelf
from shared.wiring.keys import keys
from shared.wiring.platform import Platform
from shared.wiring.proving import proofs

FETCHED_FOR = timedelta(hours=1)
"""So long what was redeemed can be fetched, again where it broke off: no longer than somebody sits before it."""
FETCHES = 60
CONFIRMATIONS = 10
"""In ten minutes: fetches of one case's files, and links that one account tries."""


def link_routes(p: Platform) -> list[Route]:
    """What one-time links lead to."""
    acting, k = desk(p), keys(p)
    links = proofs(p, k, CasesTold(acting))
    fetching = FetchActs(
        proofs=links,
        desk=acting,
        shelf=shelf(p),
        tickets=Tickets(k.secrets, p.clock, use="handing over", lasts=FETCHED_FOR, in_all=FETCHED_FOR),
        pace=Pace(p.documents, p.clock, "fetching_results", FETCHES),
    )
    proving = Acts(links, Pace(p.documents, p.clock, "proving_accounts", CONFIRMATIONS))
    return [*routes(proving, p.identities.app_user), *public_routes(fetching)]


def printed_routes(p: Platform, acts: StaffActs) -> list[Route]:
    """What the window prints and posts."""
    return print_routes(PrintActs(acts=acts, shelf=shelf(p)), door(p).poster)
