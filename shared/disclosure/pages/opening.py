"""Opening a case: why, asked before anything of it is shown; and what is told to whoever decided too late."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from shared.disclosure.pages.application import codes
from shared.disclosure.pages.fields import Errors, Field, Kind, Typed, shown, typed_body
from shared.disclosure.pages.frame import Frame, Said, Viewer
from shared.disclosure.pages.told import Event
from shared.disclosure.pages.words import words
from shared.disclosure.view import CaseView
from shared.edge import Page

MOST_REASON = 200


class Why(StrEnum):
    """Why cases are opened, mostly."""

    NEXT = "next"
    CALL = "call"
    PAPERS = "papers"
    VERIFY = "verify"
    DECIDE = "decide"
    SEND = "send"
    OTHER = "other"


FIELDS = (
    Field("why", Kind.ONE, required=True, options=codes(Why, "why")),
    Field("detail", hint=True),
)
Reasoned = typed_body("Reasoned", FIELDS, "form_token")


def token_for(case: str) -> str:
    """What the tokens of a case's forms are made for."""
    return f"case {case}"


def reason_page(
    frame: Frame,
    viewer: Viewer,
    *,
    case: str,
    number: str,
    token: str,
    said: Said | None = None,
    typed: Typed | None = None,
    errors: Errors = (),
    lapsed: bool = False,
    status: int = 200,
) -> Page:
    """The question. `lapsed`: something was sent too long after the case was opened, and was not done."""
    w = words(viewer.language)
    return frame.page(
        "reason.html",
        viewer,
        title=w("reason.title", number=number),
        part="worklist",
        said=said,
        status=status,
        case=case,
        number=number,
        token=token,
        lapsed=lapsed,
        errors=errors,
        fields=shown(FIELDS, typed, w, errors=errors),
    )


def conflict_page(
    frame: Frame, viewer: Viewer, view: CaseView, events: Sequence[Event], *, act: str, typed: Sequence[tuple[str, Any]]
) -> Page:
    """Somebody else was faster: how the case stands now, who did what of late, and what was typed in vain."""
    w = words(viewer.language)
    return frame.page(
        "conflict.html",
        viewer,
        title=w("conflict.title"),
        part="worklist",
        status=409,
        view=view,
        act=act,
        events=[one.shown(w) for one in events[:3]],
        typed=typed,
    )
