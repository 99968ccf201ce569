"""The desk: staff's side and the person's."""

from datetime import timedelta

from shared.audit.access import AccessLog
from shared.cloud.blobs import Blobs
from shared.cloud.pace import Pace
from shared.cloud.tickets import Tickets
from shared.disclosure.own_acts import OwnActs
from shared.disclosure.proofs.service import Closing
from shared.disclosure.proofs.store import LinkStore
from shared.disclosure.service import Desk
from shared.disclosure.shelf import Shelf
from shared.disclosure.staff_acts import StaffActs
from shared.disclosure.store import CaseStore
from shared.ids import RandomIds
from shared.policy.notices import notices
from shared.staff.door import Door
from shared.staff.store import RosterStore
from shared.wiring.keys import keys
from shared.wiring.platform import Platform
from shared.wiring.queue import queue

OPENINGS = 60
"""Cases that a member of staff may open within ten minutes: more than anybody reads, fewer than a thief wants."""
FILINGS = 5
OPEN_FOR = timedelta(hours=1)


def desk(p: Platform) -> Desk:
    """Whatever is done to cases."""
    return Desk(
        cases=CaseStore(p.documents),
        keys=keys(p).data,
        commit=p.commit,
        queue=queue(p),
        notices=notices(p.settings.notices),
        clock=p.clock,
        ids=RandomIds(),
        links=Closing(LinkStore(p.documents), p.clock),
    )


def shelf(p: Platform) -> Shelf:
    """Papers of cases."""
    return Shelf(blobs=Blobs(p.documents, p.clock, RandomIds()), keys=keys(p).data)


def door(p: Platform) -> Door:
    """Who of staff calls."""
    return Door(
        proxy=p.identities,
        rosters=RosterStore(p.documents),
        clock=p.clock,
        public_url=p.settings.public_url,
    )


def staff_acts(p: Platform) -> StaffActs:
    """Staff's routes."""
    return StaffActs(
        desk=desk(p),
        lists=CaseStore(p.documents),
        accesses=AccessLog(documents=p.documents, clock=p.clock, ids=RandomIds()),
        openings=Tickets(keys(p).secrets, p.clock, use="case opening", lasts=OPEN_FOR, in_all=OPEN_FOR),
        pace=Pace(p.documents, p.clock, "opening_cases", OPENINGS),
        clock=p.clock,
    )


def own_acts(p: Platform) -> OwnActs:
    """The person's routes."""
    pace = Pace(p.documents, p.clock, "filing_requests", FILINGS)
    return OwnActs(desk=desk(p), cases=CaseStore(p.documents), pace=pace, shelf=shelf(p))
