"""Handing over, over HTTP: by link to whoever has the code, and on paper through the window."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from starlette.requests import Request

from shared import edge, ids
from shared.cloud.pace import Pace
from shared.cloud.tickets import Tickets
from shared.disclosure.codes import Stage, Step, Way
from shared.disclosure.file import File, staff
from shared.disclosure.handing import HANDED, check_handing, parts_of
from shared.disclosure.messages import Reason
from shared.disclosure.model import Item, Letter
from shared.disclosure.own_acts import again
from shared.disclosure.package.unzipped import member
from shared.disclosure.proofs import page
from shared.disclosure.proofs.model import Use
from shared.disclosure.proofs.page import AskLink, FollowWithCode, code_page, files_page
from shared.disclosure.proofs.service import Proofs
from shared.disclosure.service import Desk, Opened
from shared.disclosure.shelf import Shelf
from shared.disclosure.staff_acts import StaffActs
from shared.disclosure.words import REQUESTS
from shared.edge import Bytes, Call, Reply
from shared.errors import NotFound, NotPermitted
from shared.staff.model import Power, require
from shared.vocabulary import Language

_PDF = "application/pdf"
REPORT = "report.pdf"
"""The member of a package that is printed."""


class Fetch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page of what is handed over sends."""

    ticket: Annotated[str, msgspec.Meta(max_length=512)]
    item: Annotated[str, msgspec.Meta(max_length=3)]
    part: Annotated[str, msgspec.Meta(max_length=3)]


class Print(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a paper is fetched; `opening` is what opening its case gave."""

    opening: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchActs:
    """The page of a delivery link. Callers are anybody: what they know is what lets them in."""

    proofs: Proofs
    desk: Desk
    shelf: Shelf
    tickets: Tickets
    pace: Pace

    async def look(self, call: Call) -> Reply:
        """The page. It looks nothing up: mail scanners and previews fetch it, and use nothing up."""
        asked: AskLink = call.query
        return code_page(asked.token, call.language)

    async def redeem(self, call: Call) -> Reply:
        """The code: where it is right, the delivery is registered, and what there is can be fetched for a while."""
        body: FollowWithCode = call.body
        try:
            done = await self.proofs.redeem(body.token, Use.DELIVERY, second=body.code)
        except NotPermitted as wrong:
            if wrong.code != "second_factor_wrong":
                raise
            left = wrong.more["left"]
            return code_page(body.token, call.language, left=left if isinstance(left, int) else None)
        case = await self.desk.read(done.case)
        await self.desk.wake(case.id, case.file)
        names = [name for name in done.about.split(",") if _fetchable(case.file, name)]
        ticket = await self.tickets.issue(f"{case.id} {','.join(names)}")
        return files_page(ticket.text, _files(case.file, names, call.language), ticket.ends_at, call.language)

    async def fetch(self, call: Call) -> Bytes:
        """One file. Raises NotPermitted `page_expired`: too late, or not what was redeemed; NotFound `case_unknown`: it
        is there no more; Unavailable `too_many_requests`; as `check_agency`: the agent's right ended meanwhile."""
        body: Fetch = call.body
        name, _, items = (await self.tickets.read(body.ticket)).uid.partition(" ")
        if body.item not in items.split(","):
            raise NotPermitted("page_expired")
        await self.pace.spend(ids.digest("case", name))
        case = await self.desk.read(name)
        if not _fetchable(case.file, body.item):
            raise NotFound("case_unknown")
        check_handing(case.file, (body.item,), self.desk.moment())
        return await _sent(self.shelf, case, body.item, body.part)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintActs:
    """What the window prints and posts. Callers are members that the roster knows."""

    acts: StaffActs
    shelf: Shelf

    async def letter(self, call: Call) -> Bytes:
        """A paper of a letter. Raises NotFound `item_unknown`: there is none."""
        letter, part = call.path["letter"], call.path["part"]
        case = await self._opened(call, f"letter {letter}")
        found: Letter | None = case.file.case.letters.get(letter)
        if found is None or not _is_number(part, len(found.papers)):
            raise NotFound("item_unknown", letter)
        content = await _begun(self.shelf.read(case.id, f"{letter}.{part}"))
        return Bytes(content, _PDF, _saved(f"{case.file.case.number}-{letter}-{part}.pdf"))

    async def result(self, call: Call) -> Bytes:
        """What is handed over on paper, as one prints it: of a package, its report. Raises NotFound `item_unknown`:
        nothing is handed over on paper there; as `check_agency`."""
        name, part = call.path["item"], call.path["part"]
        case = await self._opened(call, f"result {name}")
        item = case.file.case.items.get(name)
        if item is None or item.way is not Way.PAPER or not _is_number(part, parts_of(item)):
            raise NotFound("item_unknown", name)
        check_handing(case.file, (name,), self.acts.desk.moment())
        pieces = self.shelf.read(case.id, f"result.{name}.{part}")
        content = await _begun(pieces if HANDED[item.type][0] == _PDF else member(pieces, REPORT))
        return Bytes(content, _PDF, _saved(f"{case.file.case.number}-{name}-{part}.pdf"))

    async def _opened(self, call: Call, what: str) -> Opened:
        """The case, once it is on record who fetches what of it. Raises as `StaffActs.check_open`; NotPermitted
        `power_missing`, `own_case`."""
        require(call.caller, Power.REGISTER_DELIVERY, self.acts.clock.now())
        by, body = staff(call.caller), call.body
        await self.acts.check_open(by, call.path["id"], body.opening)
        return await self.acts.opened(call.path["id"], by, body.reason, what=what)


def public_routes(fetching: FetchActs) -> list[edge.Route]:
    """Pages that a delivery link leads to."""
    told = page.delivery_fault_page
    at, files = "/links/delivery", "/links/files"
    return [
        edge.Route("GET", at, edge.anyone, fetching.look, query=AskLink, fault_told=told),
        edge.Route("POST", at, edge.anyone, fetching.redeem, body=FollowWithCode, form=True, fault_told=told),
        edge.Route("POST", files, edge.anyone, fetching.fetch, body=Fetch, form=True, fault_told=told),
    ]


def print_routes(printing: PrintActs, poster: Callable[[Request], Awaitable[Any]]) -> list[edge.Route]:
    """What the window prints. Each is a POST, since it is put on record."""
    result, letter = "/cases/{id}/results/{item}/{part}", "/cases/{id}/letters/{letter}/{part}"
    return [
        edge.Route("POST", result, poster, printing.result, body=Print),
        edge.Route("POST", letter, poster, printing.letter, body=Print),
    ]


def _fetchable(file: File, name: str) -> bool:
    item: Item | None = file.case.items.get(name)
    delivered = item is not None and item.step is Step.ANSWERED and item.way is Way.ELECTRONIC and parts_of(item)
    return bool(delivered) and file.case.stage in (Stage.HANDLING, Stage.ANSWERED)


def _files(file: File, names: list[str], language: Language) -> list[page.File]:
    found = []
    for name in names:
        item = file.case.items[name]
        title, many = REQUESTS[item.type].of(language), parts_of(item)
        for part in range(1, many + 1):
            which = f" {part}/{many}" if many > 1 else ""
            found.append(page.File(f"{title}{which} ({HANDED[item.type][1].upper()})", name, str(part)))
    return found


async def _sent(shelf: Shelf, case: Opened, name: str, part: str) -> Bytes:
    item = case.file.case.items[name]
    if not _is_number(part, parts_of(item)):
        raise NotFound("case_unknown")
    media, ending = HANDED[item.type]
    content = await _begun(shelf.read(case.id, f"result.{name}.{part}"))
    return Bytes(content, media, _saved(f"{case.file.case.number}-{name}-{part}.{ending}"))


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """So that what is not there is told before the answer begins."""
    first = await anext(pieces)
    return again(first, pieces)


def _saved(name: str) -> dict[str, str]:
    """Case numbers, items and parts are ASCII letters, digits and hyphens."""
    return {"content-disposition": f'attachment; filename="{name}"'}


def _is_number(text: str, most: int) -> bool:
    return text in {str(number) for number in range(1, most + 1)}
