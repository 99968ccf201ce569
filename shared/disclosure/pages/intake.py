"""The intake form, in the order in which somebody on the phone tells it."""

from collections.abc import Mapping
from typing import Any

from shared.disclosure import acts as a
from shared.disclosure.codes import Category, Channel
from shared.disclosure.pages import application as ap
from shared.disclosure.pages.fields import Errors, Field, Kind, Typed, shown, typed_body
from shared.disclosure.pages.frame import Frame, Viewer
from shared.disclosure.pages.words import words
from shared.edge import Page
from shared.vocabulary import Language

TOKEN_FOR = "take in"
REACHED = (
    Field("channel", Kind.ONE, required=True, options=ap.codes(Channel, "channel", but=(Channel.APP,)), first="phone"),
    Field("language", Kind.ONE, required=True, options=ap.codes(Language, "language"), first=Language.JA),
)
PARTS: Mapping[str, tuple[Field, ...]] = {
    "who": (
        *ap.PERSON,
        Field("category", Kind.SELECT, required=True, options=ap.codes(Category, "category"), first=Category.CUSTOMER),
    ),
    "agent": (ap.BY, *ap.AGENT),
    "reached": REACHED,
    "wanted": (ap.types(complaints=True), Field("about_number", hint=True)),
    "about": (*ap.SCOPE, ap.WORDS),
    "answered": (ap.WAY,),
}
"""The parts of the form, in their order."""
FIELDS = tuple(field for part in PARTS.values() for field in part)
TakeIn = typed_body("TakeIn", FIELDS, "id", "form_token")


def contact_of(values: Mapping[str, Any], about: str) -> a.Contact:
    """What was told; `about` is the id of the case that a complaint is about."""
    said = ap.application_of(values)
    return a.Contact(
        category=Category(values["category"]),
        channel=Channel(values["channel"]),
        by=said.by,
        language=Language(values["language"]),
        person=said.person,
        agent=said.agent,
        relation=said.relation,
        wishes=said.wishes,
        about=about,
    )


def intake_page(
    frame: Frame,
    viewer: Viewer,
    *,
    ident: str,
    token: str,
    typed: Typed | None = None,
    errors: Errors = (),
    status: int = 200,
) -> Page:
    """The form; with `errors` as it was typed. `ident` is the name under which what it begins is begun once."""
    w = words(viewer.language)
    return frame.page(
        "intake.html",
        viewer,
        title=w("intake.title"),
        part="take_in",
        status=status,
        ident=ident,
        token=token,
        errors=errors,
        parts=[(name, shown(fields, typed, w, errors=errors)) for name, fields in PARTS.items()],
    )
