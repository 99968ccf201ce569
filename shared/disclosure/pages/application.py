"""What an application says, on the phone or on paper: who, for whom, what is wanted, about what, how answered."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from shared.disclosure import acts as a
from shared.disclosure.codes import By, RequestType, Way
from shared.disclosure.model import Person, Scope
from shared.disclosure.pages.fields import Field, Kind, Options
from shared.disclosure.pages.words import Words
from shared.vocabulary import Kind as DataKind


def codes(of: type[StrEnum], words: str, *, but: tuple[str, ...] = (), none: bool = False) -> Options:
    """What can be chosen of an enumeration, called `{words}.{code}`; with `none` nothing as well."""

    def options(w: Words) -> list[tuple[str, str]]:
        empty = [("", w("choose.none"))] if none else []
        return [*empty, *((str(code), w(f"{words}.{code}")) for code in of if code not in but)]

    return options


PERSON = (
    Field("name", hint=True),
    Field("kana"),
    Field("born_on", Kind.DATE),
    Field("postal_code"),
    Field("address"),
    Field("registered_address", hint=True),
    Field("phone", Kind.TEL),
    Field("mail", Kind.MAIL),
    Field("member_id"),
)
BY = Field("by", Kind.ONE, required=True, options=codes(By, "by"), first=By.SELF)
AGENT = (
    Field("agent_name"),
    Field("agent_kana"),
    Field("agent_postal_code"),
    Field("agent_address"),
    Field("agent_phone", Kind.TEL),
    Field("agent_mail", Kind.MAIL),
    Field("relation"),
)
SCOPE = (
    Field("kinds", Kind.SEVERAL, options=codes(DataKind, "kind"), hint=True),
    Field("contact_data", Kind.TICK, first="yes"),
    Field("first", Kind.DATE),
    Field("last", Kind.DATE),
    Field("my_number", Kind.TICK, hint=True),
)
WORDS = Field("words", Kind.AREA, hint=True)
WAY = Field("way", Kind.ONE, required=True, options=codes(Way, "way"), first=Way.PAPER)


class Said(NamedTuple):
    """An application, as both the contact and the form hold it."""

    by: By
    person: Person
    agent: Person | None
    relation: str
    wishes: tuple[a.Wish, ...]


def types(*, complaints: bool) -> Field:
    """What can be asked for."""
    but = () if complaints else (RequestType.COMPLAINT,)
    return Field("types", Kind.SEVERAL, required=True, options=codes(RequestType, "type", but=but))


def person_of(values: Mapping[str, Any], prefix: str = "") -> Person:
    """Who somebody says they are."""
    names = (field.name.removeprefix(prefix) for field in (AGENT[:-1] if prefix else PERSON))
    return Person(**{name: values[prefix + name] for name in names})


def scope_of(values: Mapping[str, Any]) -> Scope:
    """What it is about."""
    return Scope(
        kinds=tuple(map(DataKind, values["kinds"])),
        contact_data=values["contact_data"],
        first=values["first"],
        last=values["last"],
    )


def application_of(values: Mapping[str, Any]) -> Said:
    """The whole. What is said of an agent counts only where one acts."""
    by = By(values["by"])
    wishes = tuple(
        a.Wish(
            type=RequestType(one),
            scope=scope_of(values),
            way=Way(values["way"]),
            words=values["words"],
            my_number=values["my_number"],
        )
        for one in values["types"]
    )
    agent = None if by is By.SELF else person_of(values, "agent_")
    return Said(by, person_of(values), agent, "" if by is By.SELF else values["relation"], wishes)
