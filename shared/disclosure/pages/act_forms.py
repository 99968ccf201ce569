"""A form for everything that can be done to a case: its fields, when it is offered, and the act that it makes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.disclosure import acts as a
from shared.disclosure.agents import Agent, AgentKind, Mandate
from shared.disclosure.deciding import BY_HAND, GROUNDS, approved
from shared.disclosure.ending import due_for_destruction
from shared.disclosure.evidence import Document, Paper, Shown
from shared.disclosure.file import Actor, Moment
from shared.disclosure.identity import Way as Shows
from shared.disclosure.machine import TABLE, may_see
from shared.disclosure.model import (
    HANDS_OUT,
    By,
    Case,
    Category,
    Defect,
    Ground,
    Item,
    Outcome,
    RequestType,
    Step,
    Way,
)
from shared.disclosure.package.model import Category as Held
from shared.disclosure.package.model import Ground as LeftOut
from shared.disclosure.package.model import Redaction
from shared.disclosure.pages.application import SCOPE, codes, scope_of
from shared.disclosure.pages.fields import Field, Kind, Options
from shared.disclosure.pages.words import Words, called
from shared.disclosure.service import Opened
from shared.disclosure.view import possible
from shared.errors import InvalidInput

REDACTIONS = 4
"""So many places can be left out on one form."""
ELSEWHERE = frozenset({"add_scan", "match_account", "enter_form"})
"""What has a form of another kind."""
Values = Mapping[str, Any]


class Sheet(NamedTuple):
    """A form that is offered: of which act, to which item ("": the case), with which fields."""

    act: str
    item: str
    fields: tuple[Field, ...]

    @property
    def form(self) -> str:
        """What its fields' ids begin with."""
        return f"{self.act}{self.item}"


class Asked(NamedTuple):
    """Whether a form is for this case and this item ("": the case), for whoever looks, now."""

    opened: Opened
    item: str
    by: Actor
    now: Moment

    @property
    def case(self) -> Case:
        return self.opened.file.case

    @property
    def of(self) -> Item:
        """The item."""
        return self.case.items[self.item]


class Kept(NamedTuple):
    """One act's form. `make` makes the act of what was typed; `narrowed` fits the fields to the case and the item;
    `offered` says whether it makes sense now."""

    make: Callable[[Values], a.Act]
    fields: tuple[Field, ...] = ()
    narrowed: Callable[[Opened, str], tuple[Field, ...]] | None = None
    offered: Callable[["Asked"], bool] = bool

    def fitted(self, opened: Opened, item: str) -> tuple[Field, ...]:
        """The fields as they are offered for one case."""
        return self.narrowed(opened, item) if self.narrowed else self.fields


def named(table: Iterable[object], *, none: bool = False) -> Options:
    """What can be chosen of what letters have a name for."""

    def options(w: Words) -> list[tuple[str, str]]:
        empty = [("", w("choose.none"))] if none else []
        return [*empty, *((str(code), called(w.language, code)) for code in table)]

    return options


def _plain(act: type[a.Act], *fields: Field, offered: Any = None) -> Kept:
    kept = Kept(lambda values: act(**values), fields)
    return kept._replace(offered=offered) if offered else kept


REASON = Field("reason", Kind.AREA, required=True, hint=True)
PROOF = Field("proof", required=True, hint=True)
TODAY = Field("on", Kind.DATE, required=True)


def _document(values: Values, prefix: str = "") -> Document:
    return Document(
        paper=Paper(values[f"{prefix}paper"]),
        received_on=values["received_on"],
        agreed=frozenset(map(Shown, values.get(f"{prefix}agreed", ()))),
        issued_on=values[f"{prefix}issued_on"],
        good_until=values.get(f"{prefix}good_until"),
        hidden=values.get(f"{prefix}hidden", False),
    )


def _paper(prefix: str = "", *, required: bool = True) -> tuple[Field, ...]:
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
    *_paper("agent_"),
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


def _agency(values: Values) -> a.Act:
    mandate = None
    if values["mandate_signed_on"]:
        types = frozenset(values["mandate_types"])
        mandate = Mandate(signed_on=values["mandate_signed_on"], types=types, until=values["mandate_until"])
    return a.RecordAgency(
        agency=Agent(
            kind=AgentKind(values["agent_kind"]),
            received_on=values["received_on"],
            evidence=(_document(values, "agent_"),),
            papers=(_document(values, "right_"),) if values["right_paper"] else (),
            person_born_on=values["person_born_on"],
            mandate=mandate,
            seal_certificate_on=values["seal_certificate_on"],
            seal_matches={"matches": True, "differs": False}.get(values["seal"]),
        )
    )


def _decide_fields(opened: Opened, name: str) -> tuple[Field, ...]:
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
        Field(f"text_{number}"),
        Field(f"because_{number}", Kind.SELECT, options=grounds),
    )


def _places(w: Words) -> list[tuple[str, str]]:
    return [("", w("choose.none")), *((code, w(f"held.{code}")) for code in Held), ("*", w("held.everything"))]


OUTCOME = Field("outcome", Kind.ONE, required=True, options=codes(Outcome, "outcome"))
GROUND = Field("ground", Kind.SELECT, options=named(Ground, none=True), hint=True)
SAID = Field("reason", Kind.AREA, hint=True)
REDACTED = tuple(field for number in range(1, REDACTIONS + 1) for field in _redaction_fields(number))


def _decide(values: Values) -> a.Act:
    redactions = []
    for number in range(1, REDACTIONS + 1):
        place, within = values.get(f"place_{number}", ""), values.get(f"within_{number}", "").strip("/")
        if not place:
            continue
        if not values[f"because_{number}"]:
            raise InvalidInput("field_missing", f"because_{number}")
        path = f"{place}/{within}" if within else place
        ground = LeftOut(values[f"because_{number}"])
        redactions.append(Redaction(path=path, ground=ground, text=values[f"text_{number}"]))
    return a.Decide(
        item=values["item"],
        outcome=Outcome(values["outcome"]),
        ground=Ground(values["ground"]) if values.get("ground") else None,
        reason=values["reason"],
        redactions=tuple(redactions),
    )


def _scope_fields(opened: Opened, name: str) -> tuple[Field, ...]:
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


def _withdraw_fields(opened: Opened, _name: str) -> tuple[Field, ...]:
    left = (Step.WAITING, Step.SCOPING, Step.COLLECTING, Step.COLLECTED, Step.REVIEWED, Step.DECIDED)
    return (ITEMS._replace(options=_some_items(opened, left)),)


def _delivery_fields(opened: Opened, _name: str) -> tuple[Field, ...]:
    waiting = tuple(one for one, item in opened.file.case.items.items() if item.step is Step.NOTIFYING)
    options = _some_items(opened, (Step.NOTIFYING,))
    return (ITEMS._replace(options=options, first=waiting), TODAY, PROOF)


def unsent(opened: Opened) -> list[str]:
    """Letters that lie ready."""
    return [name for name, one in opened.file.case.letters.items() if one.papers and one.sent_on is None]


LETTER, TRACKING = Field("letter", Kind.SELECT, required=True), Field("tracking")


def _posted_fields(opened: Opened, _name: str) -> tuple[Field, ...]:
    letters = opened.file.case.letters
    ready = unsent(opened)
    options: Options = lambda w: [(one, w(f"letter.{letters[one].kind}")) for one in ready]  # noqa: E731
    return (LETTER._replace(options=options), TODAY, TRACKING)


CAME = Field("came", Kind.SEVERAL, required=True)


def _mend_fields(opened: Opened, _name: str) -> tuple[Field, ...]:
    return (CAME._replace(options=named(opened.file.case.defects)),)


def _allowed(w: Words) -> list[tuple[str, str]]:
    return [(code, w(f"allowed.{code}")) for code in ("yes", "no")]


def _waits_for_a_second(q: Asked) -> bool:
    decision = q.of.decision
    return decision is not None and not approved(q.opened.file, q.item) and decision.by != q.by.id


def _decides(q: Asked) -> bool:
    """Whoever proved the identity is told no by the machine as well; here they are not even asked."""
    return q.case.verification is None or q.case.verification.by != q.by.id


KEPT: Mapping[str, Kept] = MappingProxyType(
    {
        "send_form": Kept(
            lambda v: a.SendForm(way=Way(v["way"])),
            (Field("way", Kind.ONE, required=True, options=codes(Way, "way"), first=Way.PAPER),),
        ),
        "register_arrival": _plain(
            a.RegisterArrival,
            Field("number", required=True, hint=True),
            TODAY,
            Field("registered_mail"),
            Field("stamps_yen", Kind.YEN),
        ),
        "record_stamps": _plain(
            a.RecordStamps, Field("received", Kind.YEN), Field("used", Kind.YEN), Field("returned", Kind.YEN)
        ),
        "find_defects": Kept(
            lambda v: a.FindDefects(missing=tuple(map(Defect, v["missing"]))),
            (Field("missing", Kind.SEVERAL, required=True, options=named(Defect)),),
        ),
        "mend_defects": Kept(lambda v: a.MendDefects(came=tuple(map(Defect, v["came"]))), (CAME,), _mend_fields),
        "begin_verification": _plain(a.BeginVerification),
        "add_proof": Kept(
            lambda v: a.AddProof(document=_document(v)),
            (_paper()[0], Field("received_on", Kind.DATE, required=True), *_paper()[1:]),
        ),
        "match_by_hand": _plain(
            a.MatchByHand,
            Field("records", required=True, hint=True),
            offered=lambda q: q.case.category is not Category.CUSTOMER,
        ),
        "record_agency": Kept(_agency, AGENCY, offered=lambda q: q.case.by is not By.SELF),
        "verify": _plain(a.Verify),
        "close_unverified": Kept(
            lambda v: a.CloseUnverified(offered=tuple(map(Shows, v["offered"]))),
            (Field("offered", Kind.SEVERAL, required=True, options=named(Shows), hint=True),),
        ),
        "reopen": _plain(a.Reopen),
        "fix_scope": Kept(
            lambda v: a.FixScope(item=v["item"], scope=scope_of(v), my_number=v["my_number"]),
            SCOPE,
            _scope_fields,
            _decides,
        ),
        "refer": _plain(
            a.Refer,
            Field("to", required=True, hint=True),
            offered=lambda q: q.case.category is Category.ENTRUSTED,
        ),
        "review": Kept(
            lambda v: a.Review(item=v["item"], allowed=v["allowed"] == "yes", reason=v["reason"]),
            (Field("allowed", Kind.ONE, required=True, options=_allowed), REASON._replace(hint=False)),
        ),
        "decide": Kept(_decide, (OUTCOME, GROUND, SAID, *REDACTED), _decide_fields, _decides),
        "cosign": _plain(a.Cosign, offered=_waits_for_a_second),
        "record_evidence": _plain(
            a.RecordEvidence,
            PROOF,
            offered=lambda q: q.of.tasks[:1] == (BY_HAND,),
        ),
        "posted": Kept(
            lambda v: a.Posted(**v), (LETTER, TODAY, TRACKING), _posted_fields, lambda q: bool(unsent(q.opened))
        ),
        "register_delivery": Kept(
            lambda v: a.RegisterDelivery(**v),
            (ITEMS, TODAY, PROOF),
            _delivery_fields,
            lambda q: any(item.step is Step.NOTIFYING for item in q.case.items.values()),
        ),
        "extend": Kept(
            lambda v: a.Extend(to=v["until"], reason=v["reason"]),
            (Field("until", Kind.DATE, required=True), REASON),
            offered=lambda q: q.case.extended_to is None and q.case.due_on is not None,
        ),
        "revoke_agency": _plain(
            a.RevokeAgency,
            offered=lambda q: (
                q.opened.file.private.agency is not None and q.opened.file.private.agency.revoked_at is None
            ),
        ),
        "note": _plain(a.Note, Field("text", Kind.AREA, required=True)),
        "withdraw": Kept(lambda v: a.Withdraw(items=v["items"]), (ITEMS,), _withdraw_fields),
        "place_hold": _plain(a.PlaceHold, REASON._replace(hint=False), offered=lambda q: q.case.hold is None),
        "lift_hold": _plain(a.LiftHold, offered=lambda q: q.case.hold is not None),
        "sign_destruction": _plain(a.SignDestruction, offered=lambda q: due_for_destruction(q.case, q.now)),
    }
)
"""Every act that staff do by a form, in the order in which the page offers them."""

EVERY = tuple({field.name: field for kept in KEPT.values() for field in kept.fields}.values())
"""Every field there is, by name."""
_BY_TAG = {str(act.__struct_config__.tag): act for act in TABLE}


def offered(opened: Opened, by: Actor, now: Moment) -> list[Sheet]:
    """The forms for what this member may do to the case now: item by item where it is done to one."""
    allowed, found = set(possible(opened, by, now)), []
    for act, kept in KEPT.items():
        if act not in allowed:
            continue
        kind = _BY_TAG[act]
        for item in _items_for(opened, kind, by, now) if issubclass(kind, a.OfItem) else [""]:
            if kept.offered(Asked(opened, item, by, now)):
                found += [Sheet(act, item, kept.fitted(opened, item))]
    return found


def made(act: str, item: str, values: Values) -> a.Act:
    """The act. Raises InvalidInput `field_missing`."""
    extra = {"item": item} if issubclass(_BY_TAG[act], a.OfItem) else {}
    return KEPT[act].make({**values, **extra})


def _items_for(opened: Opened, act: type[a.Act], by: Actor, now: Moment) -> list[str]:
    steps = TABLE[act].steps
    items = opened.file.case.items.items()
    return [name for name, item in items if may_see(item, by, now) and (steps is None or item.step in steps)]
