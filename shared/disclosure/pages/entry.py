"""The returned form, copied twice over: two columns, and wherever they differ it shows."""

from typing import Any, NamedTuple

from shared.disclosure import acts as a
from shared.disclosure.pages import application as ap
from shared.disclosure.pages.fields import Errors, Field, Kind, Typed, id_of, read, shown, typed_body
from shared.disclosure.pages.frame import Frame, Viewer
from shared.disclosure.pages.words import Words, words
from shared.disclosure.view import CaseView
from shared.edge import Page

ONCE = (ap.BY, *ap.PERSON, *ap.AGENT, ap.types(complaints=False), *ap.SCOPE, ap.WORDS, ap.WAY)
_AGAIN = "_2"


def _second(field: Field) -> Field:
    return field._replace(name=field.name + _AGAIN)


# Both copies in one form: what the second says ends in `_AGAIN`.
EnterTwice = typed_body("EnterTwice", [*ONCE, *map(_second, ONCE)], "form_token", "state")


class Twice(NamedTuple):
    """What was typed: the act, or everything that is wrong."""

    act: a.EnterForm | None
    errors: Errors


def read_twice(typed: Typed, w: Words) -> Twice:
    """Both copies, as far as they can be read and agree."""
    first = read(ONCE, _copy(typed, ""), w, "first")
    second = read(ONCE, _copy(typed, _AGAIN), w, "second")
    errors = first.errors + second.errors
    for name in first.values.keys() & second.values.keys() if not errors else ():
        if first.values[name] != second.values[name]:
            text = w("entry.differs", field=w(f"field.{name}"))
            errors.append((id_of(name, "second"), text))
    if errors:
        order = [id_of(field.name, form) for field in ONCE for form in ("first", "second")]
        return Twice(None, sorted(errors, key=lambda one: order.index(one[0])))
    return Twice(a.EnterForm(first=_form(first.values), second=_form(second.values)), [])


def entry_page(
    frame: Frame,
    viewer: Viewer,
    view: CaseView,
    *,
    state: int,
    token: str,
    typed: Typed | None = None,
    errors: Errors = (),
    status: int = 200,
) -> Page:
    """The two columns, field beside field."""
    w = words(viewer.language)
    # Where they differ, nobody knows yet which is right: both are marked, and told of once.
    both = [(ident.replace("second", "first"), text) for ident, text in errors if "-second-" in ident]
    columns = [
        shown(ONCE, None if typed is None else _copy(typed, again), w, form=form, errors=[*both, *errors])
        for form, again in (("first", ""), ("second", _AGAIN))
    ]
    for one in columns[1]:
        one["name"] += _AGAIN
    return frame.page(
        "entry.html",
        viewer,
        title=w("entry.title", number=view.number),
        part="worklist",
        status=status,
        view=view,
        state=state,
        token=token,
        errors=errors,
        pairs=list(zip(*columns, strict=True)),
    )


def _copy(typed: Typed, again: str) -> Typed:
    return {field.name: typed.get(field.name + again, [] if field.kind is Kind.SEVERAL else "") for field in ONCE}


def _form(values: dict[str, Any]) -> a.Form:
    said = ap.application_of(values)
    return a.Form(by=said.by, person=said.person, agent=said.agent, relation=said.relation, wishes=said.wishes)
