"""The fields of forms: what each takes, how it is shown again as it was typed, and what was typed as a value."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

import msgspec

from shared.disclosure.intake.dates import parsed
from shared.disclosure.pages.words import Words
from shared.errors import InvalidInput
from shared.problems import problem_of

Typed: TypeAlias = Mapping[str, str | list[str]]
"""What a form holds, as it was typed: texts by name, and lists of codes where several may be chosen."""
Errors: TypeAlias = Sequence[tuple[str, str]]
"""What is wrong: the id of a field, and a text."""
Options: TypeAlias = Callable[[Words], list[tuple[str, str]]]
"""What can be chosen, in some language: codes and texts."""
MOST_YEN = 9_999_999


class Kind(StrEnum):
    """What a field takes."""

    TEXT = "text"
    TEL = "tel"
    MAIL = "mail"
    AREA = "area"
    DATE = "date"
    YEN = "yen"
    TICK = "tick"
    ONE = "one"
    SELECT = "select"
    SEVERAL = "several"


class Field(NamedTuple):
    """One field. `name` is also its label's key (`field.…`); with `hint` there is a `hint.…` beside it."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    options: Options | None = None
    hint: bool = False
    first: str | tuple[str, ...] = ""
    """What stands there before anything is typed."""


class Read(NamedTuple):
    """What was typed, as values by name: str, date or None, int, bool, a code, a tuple of codes; and what is wrong."""

    values: dict[str, Any]
    errors: list[tuple[str, str]]


def id_of(name: str, form: str = "") -> str:
    """The id of a field within its page."""
    return f"f-{form}-{name}" if form else f"f-{name}"


def label_of(name: str) -> str:
    """The key of a field's label: several of a kind are numbered, and share it."""
    kind, _, number = name.rpartition("_")
    return f"field.{kind if number.isdecimal() else name}"


def typed_body(name: str, fields: Sequence[Field], *more: str, **optional: str) -> type[msgspec.Struct]:
    """The type of a form's body: all of it text, so that nothing is refused before it can be shown again."""
    first: list[Any] = [*((one, str) for one in more), *((one, str, value) for one, value in optional.items())]
    kinds: list[Any] = [(f.name, list[str], []) if f.kind is Kind.SEVERAL else (f.name, str, "") for f in fields]
    return msgspec.defstruct(name, [*first, *kinds], frozen=True, kw_only=True, forbid_unknown_fields=True)


def typed_of(body: msgspec.Struct) -> Typed:
    """What such a body holds."""
    found: Typed = msgspec.structs.asdict(body)
    return found


def read(fields: Sequence[Field], typed: Typed, w: Words, form: str = "") -> Read:
    """Every field's value; where one is wrong, what is wrong with it, in the reader's words."""
    values: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    for field in fields:
        try:
            values[field.name] = _value(field, typed.get(field.name, ""), w)
        except InvalidInput as wrong:
            said = problem_of(wrong).title(w.language)
            errors.append((id_of(field.name, form), w("field.wrong", field=w(label_of(field.name)), said=said)))
    return Read(values, errors)


def shown(
    fields: Sequence[Field],
    typed: Typed | None,
    w: Words,
    *,
    form: str = "",
    errors: Errors = (),
) -> list[dict[str, Any]]:
    """The fields as templates show them; `typed` None: nothing was typed yet."""
    said = dict(errors)
    return [
        _shown(field, field.first if typed is None else typed.get(field.name, ""), w, form, said) for field in fields
    ]


def _shown(field: Field, value: Any, w: Words, form: str, said: Mapping[str, str]) -> dict[str, Any]:
    ident = id_of(field.name, form)
    return {
        "id": ident,
        "name": field.name,
        "kind": field.kind.value,
        "label": w(label_of(field.name)),
        "hint": w(f"hint.{field.name}") if field.hint else w("hint.date") if field.kind is Kind.DATE else "",
        "required": field.required,
        "options": field.options(w) if field.options else [],
        "value": value,
        "error": said.get(ident, ""),
    }


def _value(field: Field, typed: str | list[str], w: Words) -> Any:
    if field.kind is Kind.SEVERAL:
        chosen = tuple(dict.fromkeys(typed if isinstance(typed, list) else [typed] if typed else []))
        return _known(field, chosen, w)
    text = typed.strip() if isinstance(typed, str) else ""
    if field.kind is Kind.TICK:
        return text == "yes"
    if not text:
        if field.required:
            raise InvalidInput("field_missing", field.name)
        return {Kind.DATE: None, Kind.YEN: 0}.get(field.kind, "")
    match field.kind:
        case Kind.DATE:
            return parsed(text)
        case Kind.YEN:
            return _yen(text)
        case Kind.ONE | Kind.SELECT:
            return _known(field, (text,), w)[0]
    # What a browser sends for a line break is two characters.
    return text.replace("\r\n", "\n")


def _known(field: Field, codes: tuple[str, ...], w: Words) -> tuple[str, ...]:
    known = [code for code, _ in field.options(w)] if field.options else []
    if field.required and not codes:
        raise InvalidInput("field_missing", field.name)
    if any(code not in known for code in codes):
        raise InvalidInput("choice_unknown", field.name)
    return codes


def _yen(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").removesuffix("円").removeprefix("¥")
    if not plain.isdecimal() or int(plain) > MOST_YEN:
        raise InvalidInput("amount_unreadable", "yen, in digits")
    return int(plain)
