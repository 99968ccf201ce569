"""The worklist: what is to be done, the most urgent on top. Rows in, page out; which rows, the store was asked."""

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec

from shared.disclosure.codes import OVER, By, RequestType, Stage, Step
from shared.disclosure.file import Actor, Moment
from shared.disclosure.machine import may_see
from shared.disclosure.model import Case
from shared.disclosure.pages.frame import Frame, Said, Viewer
from shared.disclosure.pages.words import Words, words
from shared.disclosure.ports import Days
from shared.disclosure.stored import StoredCase
from shared.edge import Page
from shared.errors import InvalidInput
from shared.staff.model import Power, may

STAGES = tuple(stage for stage in Stage if stage not in OVER)
"""The stages in which there is something to do, in their order."""
_Code = Annotated[str, msgspec.Meta(max_length=64)]
_WEEK = dt.timedelta(days=7)


class Due(StrEnum):
    """Filters by the day on which something has to be done next."""

    ANY = ""
    OVER = "over"
    TODAY = "today"
    WEEK = "week"
    LATER = "later"


class WorklistView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page's address: what is filtered by, behind which case it goes on, what has just been done."""

    stage: _Code = ""
    type: _Code = ""
    due: Due = Due.ANY
    after: _Code = ""

    @property
    def at(self) -> Stage | None:
        """The stage that is filtered by. Raises InvalidInput `query_invalid`: there is no such stage."""
        if self.stage and self.stage not in list(Stage):
            raise InvalidInput("query_invalid", "stage")
        return Stage(self.stage) if self.stage else None

    @property
    def narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.stage or self.type or self.due)

    def days(self, today: dt.date) -> Days:
        """The days on which the cases that are meant are due."""
        tomorrow, week = today + dt.timedelta(days=1), today + _WEEK
        return {
            Due.ANY: Days(),
            Due.OVER: Days(None, today - dt.timedelta(days=1)),
            Due.TODAY: Days(today, today),
            Due.WEEK: Days(today, week),
            Due.LATER: Days(max(tomorrow, week + dt.timedelta(days=1)), None),
        }[self.due]

    def address(self, base: str, **changes: str) -> str:
        """The page with these changes, from its beginning."""
        said = {**msgspec.to_builtins(self), "after": "", **changes}
        given = {name: value for name, value in said.items() if value}
        return f"{base}/?{urlencode(given)}" if given else f"{base}/"


class WorklistRow(msgspec.Struct, frozen=True, kw_only=True):
    """One case. `next_on` is the day by which the desk has to have done something, `due_on` the law's, None where no
    clock runs yet; `requests` are pairs of a type and, once each goes its own way, a step."""

    id: str
    number: str
    stage: str
    category: str
    requests: tuple[tuple[str, str], ...]
    days_left: int | None
    next_on: dt.date | None
    due_on: dt.date | None
    flags: tuple[str, ...] = ()


def row_of(one: StoredCase, by: Actor, now: Moment) -> WorklistRow:
    """The case in the list. An item that waits for the protection manager is in nobody else's."""
    case = one.value
    apart = case.stage is Stage.HANDLING
    seen = [item for item in case.items.values() if may_see(item, by, now)]
    return WorklistRow(
        id=one.id,
        number=case.number,
        stage=case.stage,
        category=case.category,
        requests=tuple((str(item.type), str(item.step) if apart else "") for item in seen),
        days_left=(case.sort_on - now.today).days if case.sort_on else None,
        next_on=case.sort_on,
        due_on=case.due_on,
        flags=tuple(flags_of(case, by, now)),
    )


def flags_of(case: Case, by: Actor, now: Moment) -> list[str]:
    """What is out of the ordinary."""
    sees_numbers = by.member is not None and may(by.member, Power.SEE_MY_NUMBER, now.at)
    waits = any(item.step is Step.MYNUMBER_REVIEW for item in case.items.values())
    stamps_missing = case.arrival is not None and case.stamps.received - case.stamps.returned < case.fee_yen
    found = {
        "my_number": sees_numbers and waits,
        "hold": case.hold is not None,
        "frozen": case.frozen,
        "extended": case.extended_to is not None,
        "stamps_missing": stamps_missing and case.stage not in OVER,
        "agent": case.by is not By.SELF,
    }
    return [name for name, there in found.items() if there]


def worklist_page(
    frame: Frame,
    viewer: Viewer,
    rows: Sequence[WorklistRow],
    view: WorklistView,
    *,
    total: int | None,
    further: str = "",
    said: Said | None = None,
    status: int = 200,
    wrong: str = "",
    sought: str = "",
) -> Page:
    """One page of the list. `total` is how many cases `view` finds in all, None where nobody counted; `further` is what
    `view.after` is on the next page, "" on the last; `wrong` is why no case was found under `sought`."""
    w = words(viewer.language)
    return frame.page(
        "worklist.html",
        viewer,
        title=w("worklist.title"),
        part="worklist",
        said=said,
        status=status,
        view=msgspec.to_builtins(view),
        narrowed=view.narrowed,
        lines=[_line(w, row) for row in rows],
        total=total,
        options=_options(w),
        wrong=wrong,
        sought=sought,
        first=view.address(frame.base) if view.after else "",
        further=view.address(frame.base, after=further) if further else "",
    )


def _line(w: Words, row: WorklistRow) -> dict[str, Any]:
    on, due = row.next_on, row.due_on
    return {**msgspec.structs.asdict(row), "on": w.short_day(on) if on else "", "due": w.short_day(due) if due else ""}


def _options(w: Words) -> dict[str, list[tuple[str, str]]]:
    everything = ("", w("worklist.all"))
    return {
        "stage": [everything, *((code, w(f"stage.{code}")) for code in STAGES)],
        "type": [everything, *((code, w(f"type.{code}")) for code in RequestType)],
        "due": [everything, *((one.value, w(f"due.{one}")) for one in Due if one)],
    }
