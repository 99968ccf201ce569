"""What the machine works on: a case with what is sealed in it, who acts, and when."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from shared.disclosure.acts import Act
from shared.disclosure.codes import Stage, Way
from shared.disclosure.days import year_after
from shared.disclosure.model import Case, Item, Job, Letter, Private
from shared.staff.model import Member

A = TypeVar("A", bound=Act)


class Actor(NamedTuple):
    """Who acts. `member` is None for the system and for the person."""

    id: str
    member: Member | None = None

    @property
    def is_system(self) -> bool:
        return self == SYSTEM


SYSTEM = Actor("system")
PERSON = Actor("data_subject")


def staff(member: Member) -> Actor:
    """A member of staff, acting."""
    return Actor(member.id, member)


class Moment(NamedTuple):
    """Now, and what the notice in force says. `today` is the civil date in Japan; `fee_yen` is what a request of a type
    that arrived on a day costs; papers are kept `kept_years`."""

    at: dt.datetime
    today: dt.date
    fee_yen: Callable[[str, dt.date], int]
    kept_years: int


class File(NamedTuple):
    """A case, opened."""

    case: Case
    private: Private

    def with_case(self, **changes: Any) -> "File":
        """The same, with fields of the case changed."""
        return File(msgspec.structs.replace(self.case, **changes), self.private)

    def with_private(self, **changes: Any) -> "File":
        """The same, with sealed fields changed."""
        return File(self.case, msgspec.structs.replace(self.private, **changes))

    def with_item(self, name: str, **changes: Any) -> "File":
        """The same, with fields of an item changed."""
        item: Item = msgspec.structs.replace(self.case.items[name], **changes)
        return self.with_case(items={**self.case.items, name: item})

    def with_letter(self, kind: str, way: Way = Way.PAPER, *items: str) -> "File":
        """The same, with a letter to be written."""
        name = f"l{len(self.case.letters) + 1}"
        letters = {**self.case.letters, name: Letter(kind=kind, items=items, way=way)}
        return self.with_case(letters=letters).with_job("letter", name)

    def with_job(self, name: str, item: str = "") -> "File":
        """The same, with something for the system to do. What is to be done already is not to be done twice."""
        if any((job.name, job.item) == (name, item) for job in self.case.jobs):
            return self
        return self.with_case(jobs=(*self.case.jobs, Job(name=name, item=item)))

    def without_job(self, name: str, item: str = "") -> "File":
        """The same, with that done."""
        return self.with_case(jobs=tuple(job for job in self.case.jobs if (job.name, job.item) != (name, item)))

    def closed(self, stage: Stage, now: Moment) -> "File":
        """The same, over: from today its papers are kept for the time that the notice says."""
        last = now.today
        for _ in range(now.kept_years):
            last = year_after(last)
        return self.with_case(stage=stage, closed_on=now.today, destroy_on=last)


class Doing(NamedTuple, Generic[A]):
    """An act, on its way: done to which case, by whom, when."""

    file: File
    act: A
    by: Actor
    now: Moment
