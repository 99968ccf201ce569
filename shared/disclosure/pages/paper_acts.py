"""The pages' routes of what a case holds besides words: scans, letters and results; and of comparing its person."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from shared.bodies import Upload
from shared.clock import Clock
from shared.disclosure import acts as a
from shared.disclosure.handing_acts import Print, PrintActs
from shared.disclosure.intake.uploads import ScanKind, accepted, headers
from shared.disclosure.model import Scan
from shared.disclosure.own_acts import again, subject_of
from shared.disclosure.pages.case import SCAN, match_page
from shared.disclosure.pages.case_acts import CasePages
from shared.disclosure.pages.fields import read
from shared.disclosure.pages.frame import redirect
from shared.disclosure.pages.words import words
from shared.disclosure.service import Opened
from shared.disclosure.shelf import Shelf
from shared.edge import Bytes, Call, Page, Redirect
from shared.errors import Conflict, InvalidInput, NotFound, Refused
from shared.problems import problem_of
from shared.profile.matching import Agreement, Answer, Strength, stated
from shared.profile.model import Field, Profile


class Matches(Protocol):
    """The desk's question: `profile.matching.Matching`."""

    async def match(self, case: str, staff: str, stated: Profile) -> Answer: ...


class Opens(Protocol):
    """What opens the answer: `profile.references.References`."""

    async def open(self, case: str, reference: bytes) -> tuple[str, ...]: ...


class ScanForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Papers to be put into the case."""

    form_token: str
    state: str
    kind: str = ""
    files: list[Upload] = []


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form of a button alone."""

    form_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPages:
    """Callers are `Seat`s."""

    case: CasePages
    shelf: Shelf
    matching: Matches
    references: Opens
    printing: PrintActs
    clock: Clock

    async def match(self, call: Call) -> Page | Redirect:
        """POST /cases/{id}/match: whether what is stated agrees with what is held. Where it does, strongly and with one
        account alone, the case keeps which; nobody at the desk is told."""
        name = call.path["id"]
        if (question := await self.case.refused_entry(call)) is not None:
            return question
        opened = await self.case.pages.staff.desk.read(name)
        self.case.check_possible(call, opened, "match_account")
        person = opened.file.private.person
        profile = stated(
            name=person.name,
            kana=person.kana,
            birth_on=person.born_on,
            # Who has moved is held under where they lived.
            postal_code="" if person.registered_address else person.postal_code,
            address=person.registered_address or person.address,
            phone=person.phone,
            mail=person.mail,
            member_id=person.member_id,
        )
        answer = await self.matching.match(name, call.caller.by.id, profile)
        accounts = await self.references.open(name, answer.reference) if answer.strength is Strength.STRONG else ()
        if len(accounts) == 1:
            mail = answer.fields.get(Field.MAIL) is Agreement.AGREED
            act = a.MatchAccount(account=accounts[0], subject=subject_of(accounts[0]), mail=mail)
            opened = await self.case.pages.staff.desk.do(name, act, call.caller.by)
        viewer = self.case.pages.viewer(call, f"/cases/{name}")
        return match_page(
            self.case.pages.frame, viewer, self.case.view(call, opened), answer, matched=len(accounts) == 1
        )

    async def scan(self, call: Call) -> Page | Redirect:
        """POST /cases/{id}/scans: papers, each looked through, sealed and put into the case in one commit."""
        name, w = call.path["id"], words(call.language)
        if (question := await self.case.refused_entry(call)) is not None:
            return question
        opened = await self.case.pages.staff.desk.read(name)
        self.case.check_possible(call, opened, "add_scan")
        values, errors = read(SCAN, {"kind": call.body.kind}, w, "scan")
        if not call.body.files:
            errors.append(("f-scan-files", w("field.wrong", field=w("field.files"), said=w("form.required"))))
        if errors:
            return await self.case.shown(call, opened, errors=errors)
        if not await self.case.as_seen(call, opened):
            return await self.case.conflict(call, "add_scan", {})
        try:
            for upload in call.body.files:
                opened = await self._kept(call, opened, values["kind"], upload)
        except (InvalidInput, Refused) as fault:
            said = problem_of(fault).title(call.language)
            return await self.case.shown(call, opened, errors=[("f-scan-files", said)])
        except Conflict as fault:
            if fault.code != "case_moved_on":
                raise
            return await self.case.conflict(call, "add_scan", {})
        return redirect(f"{self.case.pages.frame.base}/cases/{name}?done=add_scan", call.language)

    async def _kept(self, call: Call, opened: Opened, kind: str, upload: Upload) -> Opened:
        """Look one paper through and put it into the case. Raises as `uploads.accepted` and `Desk.do`."""
        one = await accepted(upload.content, self.clock)
        place = f"s{len(opened.file.case.scans) + 1}"
        put = await self.shelf.put(opened.id, f"scan.{place}", one.content)
        scan = Scan(
            kind=kind,
            media_type=one.kind,
            pages=one.pages,
            size_bytes=len(one.content),
            sha256=one.sha256,
            by=call.caller.by.id,
            at=self.clock.now(),
        )
        desk, act = self.case.pages.staff.desk, a.AddScan(name=place, scan=scan)
        return await desk.do(opened.id, act, call.caller.by, if_version=opened.version, along=put.writes)

    async def scanned(self, call: Call) -> Bytes:
        """GET /cases/{id}/scans/{name}: a paper, for whoever has the case open."""
        opened = await self.case.opened(call)
        scan = self.case.view(call, opened).scans.get(call.path["name"])
        if scan is None:
            raise NotFound("blob_missing")
        pieces = await _begun(self.shelf.read(opened.id, f"scan.{call.path['name']}"))
        how = headers(ScanKind(scan.media_type), f"{opened.file.case.number}-{call.path['name']}")
        return Bytes(pieces, scan.media_type, _beside_type(how))

    async def printed(self, call: Call) -> Page | Bytes:
        """POST /cases/{id}/print/{kind}/{name}/{part}: a letter, or what is handed over on paper, on record first."""
        if (question := await self.case.refused_entry(call)) is not None:
            return question
        seat, path = call.caller, call.path
        body = Print(opening=seat.openings[path["id"]], reason=words(call.language)("why.send"))
        asked = {"id": path["id"], "letter": path["name"], "item": path["name"], "part": path["part"]}
        printed = {"letter": self.printing.letter, "result": self.printing.result}.get(path["kind"])
        if printed is None:
            raise NotFound("no_such_route")
        return await printed(Call(seat.member, asked, None, body, call.language))


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same, once its beginning is there: what is missing is told before anything is sent."""
    first = await anext(pieces)
    return again(first, pieces)


def _beside_type(said: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in said.items() if name != "content-type"}
