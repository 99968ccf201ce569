"""The worklist: what is to be done, the most urgent on top. Rows in, page out; which rows, the store was asked."""

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from shared.disclosure.pages.frame import Frame, Said, Viewer
from shared.disclosure.pages.words import Words, words
from shared.edge import Page

STAGES = (
    "contacted", "form_sent", "received", "defect", "verifying", "scoping", "collecting", "my_number_review",
    "reviewed", "decided", "executing", "notifying", "complaint",
)  # fmt: skip
"""The stages in which there is something to do, in their order."""
TYPES = ("purpose", "disclose", "record", "correct", "cease", "erase", "stop_provision")
"""What may be asked for: the seven kinds of requests of articles 32 to 35 of the Act."""
NOBODY = "nobody"
"""As owner: cases that nobody has taken on."""
_Code = Annotated[str, msgspec.Meta(max_length=64)]


class Due(StrEnum):
    """Filters by the days that are left."""

    ANY = ""
    OVER = "over"
    TODAY = "today"
    WEEK = "week"
    LATER = "later"


class Sort(StrEnum):
    """Orders; the minus is descending."""

    DUE = "due"
    DUE_LAST = "-due"
    NUMBER = "number"
    NUMBER_LAST = "-number"


class WorklistView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page's address: what is filtered by, how it is ordered, behind which case it goes on."""

    stage: _Code = ""
    type: _Code = ""
    owner: _Code = ""
    due: Due = Due.ANY
    sort: Sort = Sort.DUE
    after: _Code = ""

    @property
    def narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.stage or self.type or self.owner or self.due)

    def address(self, base: str, **changes: str) -> str:
        """The page with these changes, from its beginning."""
        said = {**msgspec.to_builtins(self), "after": "", **changes}
        given = {name: value for name, value in said.items() if value and (name, value) != ("sort", Sort.DUE)}
        return f"{base}/?{urlencode(given)}" if given else f"{base}/"


class WorklistRow(msgspec.Struct, frozen=True, kw_only=True):
    """One case. `stage`, `category`, `types` and `flags` are codes; `days_left` counts to the legal day, and is None
    where no clock runs (any more, or yet); `owner` is the name that is shown, "" for nobody's."""

    id: str
    number: str
    stage: str
    category: str
    types: tuple[str, ...]
    days_left: int | None
    due_on: dt.date | None
    owner: str = ""
    flags: tuple[str, ...] = ()


class _Order(NamedTuple):
    to: str
    now: str


def worklist_page(
    frame: Frame,
    viewer: Viewer,
    rows: Sequence[WorklistRow],
    view: WorklistView,
    *,
    total: int,
    owners: Sequence[tuple[str, str]] = (),
    further: str = "",
    said: Said | None = None,
) -> Page:
    """One page of the list. `total` is how many cases `view` finds in all, `owners` are pairs of id and name to filter
    by, `further` is what `view.after` is on the next page, "" on the last."""
    w = words(viewer.language)
    return frame.page(
        "worklist.html",
        viewer,
        title=w("worklist.title"),
        part="worklist",
        said=said,
        view=msgspec.to_builtins(view),
        narrowed=view.narrowed,
        lines=[_line(w, row) for row in rows],
        total=total,
        options=_options(w, owners),
        sort={
            "due": _order(frame, view, Sort.DUE, Sort.DUE_LAST),
            "number": _order(frame, view, Sort.NUMBER, Sort.NUMBER_LAST),
        },
        first=view.address(frame.base) if view.after else "",
        further=view.address(frame.base, after=further) if further else "",
    )


def _line(w: Words, row: WorklistRow) -> dict[str, Any]:
    return {**msgspec.structs.asdict(row), "due": w.short_day(row.due_on) if row.due_on else ""}


def _options(w: Words, owners: Sequence[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    everything = ("", w("worklist.all"))
    return {
        "stage": [everything, *((code, w(f"stage.{code}")) for code in STAGES)],
        "type": [everything, *((code, w(f"type.{code}")) for code in TYPES)],
        "owner": [everything, (NOBODY, w("worklist.nobody")), *owners],
        "due": [everything, *((one.value, w(f"due.{one}")) for one in Due if one)],
    }


def _order(frame: Frame, view: WorklistView, up: Sort, down: Sort) -> _Order:
    to = view.address(frame.base, sort=down if view.sort is up else up)
    return _Order(to, {up: "ascending", down: "descending"}.get(view.sort, ""))
