"""The auditors' page: who opened which case, and why; and how far the log is sealed. Openings in, page out."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.audit.access import Seen
from shared.disclosure.pages.fields import Errors, Field, Kind, Options, Typed, shown
from shared.disclosure.pages.frame import Frame, Viewer
from shared.disclosure.pages.words import words
from shared.edge import Page
from shared.staff.model import Role


class Sealed(NamedTuple):
    """A day (UTC) of the audit log, and whether its checkpoint is made."""

    on: dt.date
    made: bool


def fields_of(names: Mapping[str, str]) -> tuple[Field, ...]:
    """What can be asked by: a member, a case number, a day."""
    options: Options = lambda w: [("", w("audit.anybody")), *names.items()]  # noqa: E731
    return (Field("day", Kind.DATE), Field("staff", Kind.SELECT, options=options), Field("case"))


def audit_page(
    frame: Frame,
    viewer: Viewer,
    found: Sequence[Seen],
    *,
    asked: Typed,
    names: Mapping[str, str],
    numbers: Mapping[str, str],
    sealed: Sequence[Sealed],
    further: str = "",
    errors: Errors = (),
    what: str = "",
) -> Page:
    """`names` are those of staff and `numbers` those of cases, by id; `what` says which openings these are."""
    w = words(viewer.language)
    roles = {role.value: w(f"role.{role}") for role in Role}
    lines = [
        {
            "iso": one.access.at.isoformat(),
            "at": w.moment(one.access.at),
            "who": names.get(one.access.staff, one.access.staff),
            "role": w("frame.comma").join(roles.get(role, role) for role in one.access.role.split("+")),
            "case": one.access.case,
            "number": numbers.get(one.access.case, one.access.case[:8]),
            "reason": one.access.reason,
            "intact": one.intact,
        }
        for one in found
    ]
    return frame.page(
        "audit.html",
        viewer,
        title=w("audit.title"),
        part="audit",
        status=400 if errors else 200,
        what=what,
        lines=lines,
        errors=errors,
        fields=shown(fields_of(names), asked, w, errors=errors),
        further=further,
        sealed=[(w.day(one.on), one) for one in sealed],
    )
