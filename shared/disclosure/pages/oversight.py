"""The pages' routes for who looks on: figures, and who opened what."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Protocol
from urllib.parse import urlencode

import msgspec

from shared.audit.access import Seen
from shared.audit.sealing import GRACE
from shared.disclosure.codes import Stage
from shared.disclosure.days import begins_at, ends_at
from shared.disclosure.numbers import parsed
from shared.disclosure.pages.acts import Pages
from shared.disclosure.pages.audit import Sealed, audit_page, fields_of
from shared.disclosure.pages.dashboard import dashboard_page, left_by, took_days
from shared.disclosure.pages.fields import Errors, read
from shared.disclosure.pages.words import words
from shared.disclosure.pages.worklist import STAGES
from shared.disclosure.ports import Days
from shared.disclosure.stored import StoredCase
from shared.edge import Call, Page
from shared.errors import InvalidInput, NotFound
from shared.problems import problem_of
from shared.staff.model import Power
from shared.staff.ports import Rosters

LOOKED_BACK = dt.timedelta(days=90)
ANSWERED = 300
"""So many cases that ended last are looked at for how long they took."""
PAGE = 50
SEALED_DAYS = 14
_Text = Annotated[str, msgspec.Meta(max_length=64)]


class AskAudit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which openings: of a day, by a member, of a case; behind which."""

    day: _Text = ""
    staff: _Text = ""
    case: _Text = ""
    after: _Text = ""


class Figures(Protocol):
    """Where cases are counted: `store.CaseStore`."""

    async def how_many(self, *, stage: Stage | None, days: Days) -> int: ...
    async def how_many_due(self, days: Days) -> int: ...
    async def ended(self, since: dt.date, *, limit: int) -> list[StoredCase]: ...
    async def numbered(self, number: str) -> StoredCase | None: ...
    async def numbers(self, names: Sequence[str]) -> dict[str, str]: ...


class Openings(Protocol):
    """Where openings are read: `audit.access.AccessStore`."""

    async def of_case(self, case: str, *, after: str = "", limit: int = 50) -> list[Seen] | None: ...
    async def by_staff(self, staff: str, *, after: str = "", limit: int = 50) -> list[Seen] | None: ...
    async def between(
        self, start: dt.datetime, end: dt.datetime, *, after: str = "", limit: int = 50
    ) -> list[Seen] | None: ...


class Sealings(Protocol):
    """Whether days are sealed: `audit.sealing.sealed_days`."""

    async def __call__(self, days: Sequence[dt.date]) -> Mapping[dt.date, bool]: ...


class _Asked(NamedTuple):
    found: list[Seen]
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversight:
    """Callers are `Seat`s."""

    pages: Pages
    figures: Figures
    openings: Openings
    rosters: Rosters
    sealings: Sealings

    async def dashboard(self, call: Call) -> Page:
        """GET /dashboard. A count for each bar, and the cases that ended last."""
        self.pages.able(call.caller, Power.SEE_DASHBOARD)
        today = self.pages.staff.desk.moment().today
        since = today - LOOKED_BACK
        ended = await self.figures.ended(since, limit=ANSWERED)
        return dashboard_page(
            self.pages.frame,
            self.pages.viewer(call, "/dashboard"),
            stages={stage: await self.figures.how_many(stage=stage, days=Days()) for stage in STAGES},
            left={name: await self.figures.how_many_due(days) for name, days in left_by(today).items()},
            took=took_days([one.value for one in ended]),
            since=since,
        )

    async def audit(self, call: Call) -> Page:
        """GET /audit: openings, the newest first, of today where nothing else is asked."""
        self.pages.able(call.caller, Power.SEE_AUDIT)
        w, asked = words(call.language), msgspec.structs.asdict(call.query)
        names = {one.id: one.name for one in (await self.rosters.read()).value.members}
        values, wrong = read(fields_of(names), asked, w)
        errors: Errors = wrong
        found: Sequence[Seen] = ()
        what = ""
        if not errors:
            try:
                found, what = await self._found(call, values["day"], values["staff"], values["case"], names)
            except (InvalidInput, NotFound) as fault:
                errors = [("f-case", problem_of(fault).title(call.language))]
        further = ""
        if len(found) == PAGE:
            query = {name: value for name, value in {**asked, "after": found[-1].id}.items() if value}
            further = f"{self.pages.frame.base}/audit?{urlencode(query)}"
        return audit_page(
            self.pages.frame,
            self.pages.viewer(call, "/audit"),
            found,
            asked=asked,
            names=names,
            numbers=await self.figures.numbers(sorted({one.access.case for one in found if one.access.case})),
            sealed=await self._sealed(),
            further=further,
            errors=errors,
            what=what,
        )

    async def _found(
        self, call: Call, day: dt.date | None, staff: str, number: str, names: Mapping[str, str]
    ) -> _Asked:
        w, after = words(call.language), call.query.after
        if number:
            case = await self.figures.numbered(parsed(number))
            if case is None:
                raise NotFound("case_unknown")
            what = w("audit.of_case", number=case.value.number)
            found = await self.openings.of_case(case.id, after=after, limit=PAGE)
        elif staff:
            what = w("audit.by_staff", name=names[staff])
            found = await self.openings.by_staff(staff, after=after, limit=PAGE)
        else:
            on = day or self.pages.staff.desk.moment().today
            what = w("audit.of_day", day=w.day(on))
            found = await self.openings.between(begins_at(on), ends_at(on), after=after, limit=PAGE)
        return _Asked(found or [], what)

    async def _sealed(self) -> list[Sealed]:
        """The days that should be sealed by now, the newest first."""
        last = (self.pages.staff.clock.now() - GRACE).astimezone(dt.UTC).date()
        days = [last - dt.timedelta(days=n) for n in range(1, SEALED_DAYS + 1)]
        made = await self.sealings(days)
        begun = min(made, default=last)
        return [Sealed(on, made.get(on, False)) for on in days if on >= begun]
