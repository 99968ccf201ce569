"""What the forms of acts ask, and the acts that are made of the answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.disclosure import acts as a
from shared.disclosure.agents import Agent, AgentKind, Mandate
from shared.disclosure.codes import HANDS_OUT, Ground, Outcome, RequestType, Step
from shared.disclosure.deciding import GROUNDS
from shared.disclosure.evidence import Document, Paper, Shown
from shared.disclosure.package.model import Category as Held
from shared.disclosure.package.model import Ground as LeftOut
from shared.disclosure.package.model import Redaction
from shared.disclosure.pages.application import SCOPE, codes
from shared.disclosure.pages.fields import Field, Kind, Options
from shared.disclosure.pages.words import Words, called
from shared.disclosure.service import Opened
from shared.errors import InvalidInput

REDACTIONS = 4
"""So many places can be left out on one form."""
Values = Mapping[str, Any]


def named(table: Iterable[object], *, none: bool = False) -> Options:
    """What can be chosen of what letters have a name for."""

    def options(w: Words) -> list[tuple[str, str]]:
        empty = [("", w("choose.none"))] if none else []
        return [*empty, *((str(code), called(w.language, code)) for code in table)]

    return options


REASON = Field("reason", Kind.AREA, required=True, hint=True)
PROOF = Field("proof", required=True, hint=True)
TODAY = Field("on", Kind.DATE, required=True)


def document_of(values: Values, prefix: str = "") -> Document:
    """The paper that was looked at."""
    return Document(
        paper=Paper(values[f"{prefix}paper"]),
        received_on=values["received_on"],
        agreed=frozenset(map(Shown, values.get(f"{prefix}agreed", ()))),
        issued_on=values[f"{prefix}issued_on"],
        good_until=values.get(f"{prefix}good_until"),
        hidden=values.get(f"{prefix}hidden", False),
    )


def paper(prefix: str = "", *, required: bool = True) -> tuple[Field, ...]:
    """The fields of a paper."""
    return (
        Field(f"{prefix}paper", Kind.SELECT, required=required, options=named(Paper, none=True)),
        Field(f"{prefix}agreed", Kind.SEVERAL, options=codes(Shown, "shows")),
        Field(f"{prefix}issued_on", Kind.DATE),
        Field(f"{prefix}good_until", Kind.DATE),
        Field(f"{prefix}hidden", Kind.TICK),
    )


AGENCY = (
    Field("agent_kind", Kind.SELECT, required=True, options=codes(AgentKind, "agent_kind")),
    Field("received_on", Kind.DATE, required=True),
    *paper("agent_"),
    Field("right_paper", Kind.SELECT, options=named(Paper, none=True), hint=True),
    Field("right_issued_on", Kind.DATE),
    Field("right_hidden", Kind.TICK),
    Field("person_born_on", Kind.DATE),
    Field("mandate_signed_on", Kind.DATE),
    Field("mandate_types", Kind.SEVERAL, options=codes(RequestType, "type", but=(RequestType.COMPLAINT,))),
    Field("mandate_until", Kind.DATE),
    Field("seal_certificate_on", Kind.DATE),
    Field("seal", Kind.ONE, options=lambda w: [(code, w(f"seal.{code}")) for code in ("matches", "differs")]),
)


def agency_of(values: Values) -> a.Act:
    """What the agent's papers say."""
    mandate = None
    if values["mandate_signed_on"]:
        types = frozenset(values["mandate_types"])
        mandate = Mandate(signed_on=values["mandate_signed_on"], types=types, until=values["mandate_until"])
    return a.RecordAgency(
        agency=Agent(
            kind=AgentKind(values["agent_kind"]),
            received_on=values["received_on"],
            evidence=(document_of(values, "agent_"),),
            papers=(document_of(values, "right_"),) if values["right_paper"] else (),
            person_born_on=values["person_born_on"],
            mandate=mandate,
            seal_certificate_on=values["seal_certificate_on"],
            seal_matches={"matches": True, "differs": False}.get(values["seal"]),
        )
    )


def decide_fields(opened: Opened, name: str) -> tuple[Field, ...]:
    """The grounds that the law knows for this; what is left out only of what is handed over."""
    item = opened.file.case.items[name]
    grounds = [ground for ground in Ground if item.type in GROUNDS[ground]]
    fields = [OUTCOME]
    fields += [GROUND._replace(options=named(grounds, none=True))] if grounds else []
    return (*fields, SAID, *(REDACTED if item.type in HANDS_OUT else ()))


def _redaction_fields(number: int) -> tuple[Field, ...]:
    grounds = codes(LeftOut, "left_out", but=(LeftOut.ERASING,), none=True)
    return (
        Field(f"place_{number}", Kind.SELECT, options=_places),
        Field(f"within_{number}"),
        Field(f"passage_{number}"),
        Field(f"because_{number}", Kind.SELECT, options=grounds),
    )


def _places(w: Words) -> list[tuple[str, str]]:
    return [("", w("choose.none")), *((code, w(f"held.{code}")) for code in Held), ("*", w("held.everything"))]


OUTCOME = Field("outcome", Kind.ONE, required=True, options=codes(Outcome, "outcome"))
GROUND = Field("ground", Kind.SELECT, options=named(Ground, none=True), hint=True)
SAID = Field("reason", Kind.AREA, hint=True)
REDACTED = tuple(field for number in range(1, REDACTIONS + 1) for field in _redaction_fields(number))


def decide_of(values: Values) -> a.Act:
    """The decision. Raises InvalidInput `field_missing`: why a place is left out."""
    redactions = []
    for number in range(1, REDACTIONS + 1):
        place, within = values.get(f"place_{number}", ""), values.get(f"within_{number}", "").strip("/")
        if not place:
            continue
        if not values[f"because_{number}"]:
            raise InvalidInput("field_missing", f"because_{number}")
        path = f"{place}/{within}" if within else place
        ground = LeftOut(values[f"because_{number}"])
        redactions.append(Redaction(path=path, ground=ground, text=values[f"passage_{number}"]))
    return a.Decide(
        item=values["item"],
        outcome=Outcome(values["outcome"]),
        ground=Ground(values["ground"]) if values.get("ground") else None,
        reason=values["reason"],
        redactions=tuple(redactions),
    )


def scope_fields(opened: Opened, name: str) -> tuple[Field, ...]:
    """What the person asked for stands there already."""
    item = opened.file.case.items[name]
    scope = item.scope
    said: dict[str, str | tuple[str, ...]] = {"kinds": tuple(map(str, item.scope.kinds)), "first": "", "last": ""}
    said |= {"first": str(scope.first or ""), "last": str(scope.last or "")}
    said |= {"contact_data": "yes" if scope.contact_data else "", "my_number": "yes" if item.my_number else ""}
    return tuple(field._replace(first=said[field.name]) for field in SCOPE)


def _some_items(opened: Opened, steps: Sequence[Step] | None) -> Options:
    items = {name: item for name, item in opened.file.case.items.items() if steps is None or item.step in steps}
    return lambda w: [(name, w(f"type.{item.type}")) for name, item in items.items()]


ITEMS = Field("items", Kind.SEVERAL, required=True)


def withdraw_fields(opened: Opened, _name: str) -> tuple[Field, ...]:
    """What can still be taken back."""
    left = (Step.WAITING, Step.SCOPING, Step.COLLECTING, Step.COLLECTED, Step.REVIEWED, Step.DECIDED)
    return (ITEMS._replace(options=_some_items(opened, left)),)


def delivery_fields(opened: Opened, _name: str) -> tuple[Field, ...]:
    """What waits for its answer to arrive."""
    waiting = tuple(one for one, item in opened.file.case.items.items() if item.step is Step.NOTIFYING)
    options = _some_items(opened, (Step.NOTIFYING,))
    return (ITEMS._replace(options=options, first=waiting), TODAY, PROOF)


def unsent(opened: Opened) -> list[str]:
    """Letters that lie ready."""
    return [name for name, one in opened.file.case.letters.items() if one.papers and one.sent_on is None]


LETTER, TRACKING = Field("letter", Kind.SELECT, required=True), Field("tracking")


def posted_fields(opened: Opened, _name: str) -> tuple[Field, ...]:
    """The letters that lie ready."""
    letters = opened.file.case.letters
    ready = unsent(opened)
    options: Options = lambda w: [(one, w(f"letter.{letters[one].kind}")) for one in ready]  # noqa: E731
    return (LETTER._replace(options=options), TODAY, TRACKING)


CAME = Field("came", Kind.SEVERAL, required=True)


def mend_fields(opened: Opened, _name: str) -> tuple[Field, ...]:
    """What was missing."""
    return (CAME._replace(options=named(opened.file.case.defects)),)
