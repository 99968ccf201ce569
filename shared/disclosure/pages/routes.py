"""The pages' own list of routes."""

from collections.abc import Awaitable, Callable
from typing import Any

from shared.bodies import Limits
from shared.disclosure.intake.uploads import MAX_BYTES
from shared.disclosure.pages import case_acts, intake, opening, paper_acts, static
from shared.disclosure.pages.acts import Done, Pages, Seek
from shared.disclosure.pages.case_acts import CasePages
from shared.disclosure.pages.entry import EnterTwice
from shared.disclosure.pages.frame import ChooseLanguage
from shared.disclosure.pages.oversight import AskAudit, Oversight
from shared.disclosure.pages.paper_acts import PaperPages
from shared.disclosure.pages.seats import seated
from shared.disclosure.pages.worklist import WorklistView
from shared.edge import Act, Route
from shared.staff.door import Door

FILES = Limits(files=6, file_bytes=MAX_BYTES)


def page_routes(door: Door, pages: Pages, case: CasePages, paper: PaperPages, oversight: Oversight) -> list[Route]:
    """What browsers of staff reach. Faults are told on a page."""
    looks, posts, told = seated(door.member), seated(door.poster), pages.frame.fault_page

    def see(pattern: str, act: Act, query: type | None = None) -> Route:
        return Route("GET", pattern, looks, act, query=query, fault_told=told)

    def send(pattern: str, act: Act, body: type, caller: Callable[[Any], Awaitable[Any]] = posts) -> Route:
        return Route("POST", pattern, caller, act, body=body, form=True, fault_told=told)

    return [
        see("/", pages.worklist, WorklistView),
        see("/search", pages.search, Seek),
        see("/cases/new", pages.intake),
        send("/cases/new", pages.take_in, intake.TakeIn),
        see("/cases/{id}", case.case, Done),
        send("/cases/{id}/reason", pages.open, opening.Reasoned),
        send("/cases/{id}/do", case.do, case_acts.Act),
        see("/cases/{id}/entry", case.entry),
        send("/cases/{id}/entry", case.enter, EnterTwice),
        send("/cases/{id}/match", paper.match, paper_acts.Sent),
        Route("POST", "/cases/{id}/scans", posts, paper.scan, body=paper_acts.ScanForm, files=FILES, fault_told=told),
        see("/cases/{id}/scans/{name}", paper.scanned),
        send("/cases/{id}/print/{kind}/{name}/{part}", paper.printed, paper_acts.Sent),
        see("/dashboard", oversight.dashboard),
        see("/audit", oversight.audit, AskAudit),
        send("/language", pages.frame.choose_language, ChooseLanguage),
        see(static.PATTERN, static.serve),
    ]
