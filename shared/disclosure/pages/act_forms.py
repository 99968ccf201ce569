"""A form for everything that can be done to a case: its fields, when it is offered, and the act that it makes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.disclosure import acts as a
from shared.disclosure.codes import By, Category, Defect, Outcome, Step, Way
from shared.disclosure.deciding import BY_HAND, approved
from shared.disclosure.ending import due_for_destruction
from shared.disclosure.file import Actor, Moment
from shared.disclosure.handing import parts_of, waiting
from shared.disclosure.identity import Way as Shows
from shared.disclosure.machine import TABLE, may_see, power_for
from shared.disclosure.model import Case, Item
from shared.disclosure.pages.act_fields import (
    AGENCY,
    CAME,
    GROUND,
    ITEMS,
    LETTER,
    OUTCOME,
    PROOF,
    REASON,
    REDACTED,
    SAID,
    TODAY,
    TRACKING,
    Values,
    agency_of,
    decide_fields,
    decide_of,
    delivery_fields,
    document_of,
    mend_fields,
    named,
    paper,
    posted_fields,
    scope_fields,
    unsent,
    withdraw_fields,
)
from shared.disclosure.pages.application import SCOPE, codes, scope_of
from shared.disclosure.pages.fields import Field, Kind
from shared.disclosure.pages.words import Words
from shared.disclosure.proofs.model import Use
from shared.disclosure.service import Opened
from shared.disclosure.view import possible
from shared.mail.model import deliverable
from shared.staff.model import Power, may

ELSEWHERE = frozenset({"add_scan", "match_account", "enter_form"})
"""What has a form of another kind."""


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


def _plain(act: type[a.Act], *fields: Field, offered: Any = None) -> Kept:
    kept = Kept(lambda values: act(**values), fields)
    return kept._replace(offered=offered) if offered else kept


def _allowed(w: Words) -> list[tuple[str, str]]:
    return [(code, w(f"allowed.{code}")) for code in ("yes", "no")]


def _waits_for_a_second(q: Asked) -> bool:
    decision = q.of.decision
    return decision is not None and not approved(q.opened.file, q.item) and decision.by != q.by.id


def _scopes(q: Asked) -> bool:
    """Whoever proved the identity is told no by the machine as well; here they are not even asked."""
    return q.case.verification is None or q.case.verification.by != q.by.id


def _decides(q: Asked) -> bool:
    power = power_for(q.opened.file, a.Decide(item=q.item, outcome=Outcome.FULL), Power.DECIDE)
    able = q.by.member is not None and power is not None and may(q.by.member, power, q.now.at)
    return able and _scopes(q)


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
        "mend_defects": Kept(lambda v: a.MendDefects(came=tuple(map(Defect, v["came"]))), (CAME,), mend_fields),
        "begin_verification": _plain(a.BeginVerification),
        "send_link": Kept(
            lambda v: a.SendLink(use=Use(v["use"])),
            (Field("use", Kind.ONE, required=True, options=codes(Use, "use", but=(Use.DELIVERY,))),),
            offered=lambda q: deliverable(q.opened.file.private.person.mail),
        ),
        "add_proof": Kept(
            lambda v: a.AddProof(document=document_of(v)),
            (paper()[0], Field("received_on", Kind.DATE, required=True), *paper()[1:]),
        ),
        "match_by_hand": _plain(
            a.MatchByHand,
            Field("records", required=True, hint=True),
            offered=lambda q: q.case.category is not Category.CUSTOMER,
        ),
        "record_agency": Kept(agency_of, AGENCY, offered=lambda q: q.case.by is not By.SELF),
        "verify": _plain(a.Verify),
        "close_unverified": Kept(
            lambda v: a.CloseUnverified(offered=tuple(map(Shows, v["offered"]))),
            (Field("offered", Kind.SEVERAL, required=True, options=named(Shows), hint=True),),
        ),
        "reopen": _plain(a.Reopen),
        "fix_scope": Kept(
            lambda v: a.FixScope(item=v["item"], scope=scope_of(v), my_number=v["my_number"]),
            SCOPE,
            scope_fields,
            _scopes,
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
        "decide": Kept(decide_of, (OUTCOME, GROUND, SAID, *REDACTED), decide_fields, _decides),
        "cosign": _plain(a.Cosign, offered=_waits_for_a_second),
        "record_evidence": _plain(
            a.RecordEvidence,
            PROOF,
            offered=lambda q: q.of.tasks[:1] == (BY_HAND,),
        ),
        "posted": Kept(
            lambda v: a.Posted(**v), (LETTER, TODAY, TRACKING), posted_fields, lambda q: bool(unsent(q.opened))
        ),
        "register_delivery": Kept(
            lambda v: a.RegisterDelivery(**v),
            (ITEMS, TODAY, PROOF),
            delivery_fields,
            lambda q: any(item.step is Step.NOTIFYING for item in q.case.items.values()),
        ),
        "send_again": _plain(a.SendAgain, offered=lambda q: bool(waiting(q.opened.file))),
        "answer_on_paper": _plain(
            a.AnswerOnPaper, offered=lambda q: q.of.way is Way.ELECTRONIC and bool(parts_of(q.of))
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
        "withdraw": Kept(lambda v: a.Withdraw(items=v["items"]), (ITEMS,), withdraw_fields),
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
