"""The staff pages, over the desk."""

from functools import partial

from shared.audit.access import AccessStore
from shared.audit.sealing import sealed_days
from shared.audit.store import stream_entries
from shared.disclosure.handing_acts import PrintActs
from shared.disclosure.pages.acts import Pages
from shared.disclosure.pages.case_acts import CasePages
from shared.disclosure.pages.frame import Frame
from shared.disclosure.pages.oversight import Oversight
from shared.disclosure.pages.paper_acts import PaperPages
from shared.disclosure.pages.routes import page_routes
from shared.disclosure.store import CaseStore
from shared.edge import Route
from shared.ids import RandomIds
from shared.mail.store import MessageStore
from shared.staff.store import RosterStore
from shared.wiring.desk import door, shelf, staff_acts
from shared.wiring.keys import keys
from shared.wiring.matching import matching, references
from shared.wiring.platform import Platform
from shared.wiring.staff import forms


def staff_pages(p: Platform) -> list[Route]:
    """Their routes."""
    k = keys(p)
    pages = Pages(
        frame=Frame("/disclosure"),
        staff=staff_acts(p),
        lists=CaseStore(p.documents),
        forms=forms(p),
        ids=RandomIds(),
    )
    case = CasePages(
        pages=pages,
        history=partial(stream_entries, p.documents),
        mails=MessageStore(p.documents),
        rosters=RosterStore(p.documents),
    )
    paper = PaperPages(
        case=case,
        shelf=shelf(p),
        matching=matching(p, k),
        references=references(k),
        printing=PrintActs(acts=pages.staff, shelf=shelf(p)),
        clock=p.clock,
    )
    oversight = Oversight(
        pages=pages,
        figures=CaseStore(p.documents),
        openings=AccessStore(p.documents),
        rosters=RosterStore(p.documents),
        sealings=partial(sealed_days, p.documents),
    )
    return page_routes(door(p), pages, case, paper, oversight)
