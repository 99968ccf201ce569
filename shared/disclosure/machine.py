"""The case's state machine: THE table of who may do what to a case, and when; and the one way to do it.

Everything here is pure. `after` checks, in this order: that whoever acts may do such a thing at all, that the case is
not their own, that case and item stand where it can be done, and then what the act itself demands.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from shared.disclosure import acts as a
from shared.disclosure import deciding, ending, handing, taking_in, verifying
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import OVER, RequestType, Stage, Step
from shared.disclosure.file import Actor, Doing, File, Moment
from shared.disclosure.model import Item
from shared.errors import Conflict, NotFound, NotPermitted
from shared.folding import fold_mail, fold_name
from shared.staff.model import Power, may

Apply = Callable[[Doing[Any]], File]


class Rule(NamedTuple):
    """One row: the power it takes (None: the system's own act), the stages of the case and the steps of the item in
    which it can be done (None: any), and what it does."""

    power: Power | None
    stages: frozenset[Stage]
    apply: Apply
    steps: frozenset[Step] | None = None


def _at(*stages: Stage) -> frozenset[Stage]:
    return frozenset(stages)


S, P = Stage, Step  # one letter each, so that the table reads as one
_ALL = frozenset(Stage)
_OPEN = _ALL - OVER
_ALIVE = _ALL - {S.DESTROYED}

TABLE: Mapping[type[a.Act], Rule] = {
    # taking in
    a.SendForm: Rule(Power.SEND_FORM, _at(S.CONTACTED), taking_in.send_form),
    a.RegisterArrival: Rule(Power.REGISTER_ARRIVAL, _at(S.FORM_SENT, S.LAPSED), taking_in.register_arrival),
    a.EnterForm: Rule(Power.ENTER_FORM, _at(S.RECEIVED, S.DEFECT), taking_in.enter_form),
    a.AddScan: Rule(Power.ADD_SCAN, _ALIVE, taking_in.add_scan),
    a.RecordStamps: Rule(Power.RECORD_STAMPS, _ALIVE - _at(S.CONTACTED, S.FORM_SENT), taking_in.record_stamps),
    a.FindDefects: Rule(Power.FIND_DEFECTS, _at(S.RECEIVED), taking_in.find_defects),
    a.MendDefects: Rule(Power.FIND_DEFECTS, _at(S.DEFECT), taking_in.mend_defects),
    a.Note: Rule(Power.WRITE_NOTE, _ALIVE, taking_in.note),
    # identity
    a.BeginVerification: Rule(Power.VERIFY_IDENTITY, _at(S.RECEIVED), taking_in.begin_verification),
    a.AddProof: Rule(Power.VERIFY_IDENTITY, _at(S.VERIFYING), verifying.add_proof),
    a.MatchAccount: Rule(Power.MATCH_PERSON, _at(S.VERIFYING), verifying.match_account),
    a.MatchByHand: Rule(Power.MATCH_PERSON, _at(S.VERIFYING), verifying.match_by_hand),
    a.RecordAgency: Rule(Power.VERIFY_IDENTITY, _at(S.VERIFYING, S.HANDLING), verifying.record_agency),
    a.SendLink: Rule(Power.VERIFY_IDENTITY, _at(S.VERIFYING), handing.send_link),
    a.ProveMail: Rule(None, _at(S.VERIFYING), handing.prove_mail),
    a.ProveAccount: Rule(None, _at(S.VERIFYING), handing.prove_account),
    a.RevokeAgency: Rule(Power.WITHDRAW, _OPEN, verifying.revoke_agency),
    a.Verify: Rule(Power.VERIFY_IDENTITY, _at(S.VERIFYING), verifying.verify),
    a.CloseUnverified: Rule(Power.CLOSE_UNVERIFIED, _at(S.VERIFYING), verifying.close_unverified),
    a.Reopen: Rule(Power.REOPEN, _at(S.UNVERIFIED), verifying.reopen),
    # deciding
    a.FixScope: Rule(Power.FIX_SCOPE, _at(S.HANDLING), deciding.fix_scope, frozenset({P.SCOPING})),
    a.Refer: Rule(Power.REFER, _at(S.HANDLING), deciding.refer, frozenset({P.SCOPING})),
    auto.Collected: Rule(None, _at(S.HANDLING), deciding.collected, frozenset({P.COLLECTING})),
    a.Review: Rule(Power.DECIDE_MY_NUMBER, _at(S.HANDLING), deciding.review, frozenset({P.MYNUMBER_REVIEW})),
    a.Decide: Rule(Power.DECIDE, _at(S.HANDLING), deciding.decide, frozenset({P.COLLECTED, P.REVIEWED})),
    a.Cosign: Rule(Power.COSIGN, _at(S.HANDLING), deciding.cosign, frozenset({P.DECIDED})),
    a.Extend: Rule(Power.EXTEND, _OPEN, deciding.extend),
    # carrying out
    auto.BeginExecuting: Rule(None, _at(S.HANDLING), deciding.begin_executing, frozenset({P.DECIDED})),
    auto.TaskDone: Rule(None, _at(S.HANDLING), deciding.task_done, frozenset({P.EXECUTING})),
    auto.HoldersFound: Rule(None, _at(S.HANDLING), deciding.holders_found, frozenset({P.EXECUTING})),
    auto.LeaveToPeople: Rule(None, _at(S.HANDLING), deciding.leave_to_people, frozenset({P.EXECUTING})),
    a.RecordEvidence: Rule(Power.RECORD_EVIDENCE, _at(S.HANDLING), deciding.record_evidence, frozenset({P.EXECUTING})),
    # answering, ending, destroying
    a.Posted: Rule(Power.REGISTER_DELIVERY, _ALIVE, ending.posted),
    a.RegisterDelivery: Rule(Power.REGISTER_DELIVERY, _at(S.HANDLING), ending.register_delivery),
    a.SendAgain: Rule(Power.RESEND, _at(S.HANDLING), handing.send_again),
    a.AnswerOnPaper: Rule(Power.RESEND, _at(S.HANDLING), handing.answer_on_paper, frozenset({P.NOTIFYING})),
    a.Withdraw: Rule(Power.WITHDRAW, _OPEN, ending.withdraw),
    a.PlaceHold: Rule(Power.HOLD, _ALIVE, ending.place_hold),
    a.LiftHold: Rule(Power.HOLD, _ALIVE, ending.lift_hold),
    a.SignDestruction: Rule(Power.SIGN_DESTRUCTION, _at(S.RETAINED), ending.sign_destruction),
    # the system's own
    auto.Tick: Rule(None, _ALL, ending.tick),
    auto.JobDone: Rule(None, _ALL, ending.job_done),
    auto.JobDelayed: Rule(None, _ALL, ending.job_delayed),
    auto.LetterSet: Rule(None, _ALIVE, ending.letter_set),
    auto.BeginDestruction: Rule(None, _at(S.RETAINED), ending.begin_destruction),
    auto.LinkSent: Rule(None, _ALIVE, handing.link_sent),
    auto.LinkLocked: Rule(None, _ALL, handing.link_locked),
    auto.Destroyed: Rule(None, _at(S.RETAINED), ending.destroyed),
}
"""Every act there is. What is not here cannot be done."""

PERSONS_OWN = frozenset({a.Withdraw, a.RegisterDelivery, a.RevokeAgency, a.ProveMail, a.ProveAccount})
"""What the person may do themselves, in the app or by a link that proves who they are."""


ROOM, ROOM_FOR_MORE = 900_000, 500_000
"""Bytes that what is sealed in a case may take; a document holds 1,048,576 (firebase.google.com/docs/firestore/quotas,
read November 2026). Twelve items with all their words, reasons and verdicts take 300,000."""
CAN_DO_WITHOUT = frozenset({a.Note, a.EnterForm, a.AddProof, a.RecordAgency, a.MatchByHand})


def power_for(file: File, act: a.Act, power: Power | None) -> Power | None:
    """The power that this very act takes: complaints are decided by whoever may answer them."""
    if isinstance(act, a.Decide):
        item = file.case.items.get(act.item)
        return Power.ANSWER_COMPLAINT if item and item.type is RequestType.COMPLAINT else power
    return power


def after(file: File, act: a.Act, by: Actor, now: Moment) -> File:
    """The case and what is sealed in it, once `act` is done.

    Raises NotPermitted `role_missing`: no role of theirs may; `own_case`: they are, or act for, the person. Conflict
    `case_moved_on`: case or item stand where this cannot be done. NotFound `item_unknown`: there is no such item to
    whoever acts. Conflict `case_full`. And what the act's own rule raises.
    """
    rule = TABLE[type(act)]
    _check_actor(file, act, rule, by, now)
    if file.case.stage not in rule.stages or (file.case.destroying and not by.is_system):
        raise Conflict("case_moved_on", f"stage: {file.case.stage}")
    if isinstance(act, a.OfItem):
        item = item_for(file, act.item, by, now)
        if rule.steps is not None and item.step not in rule.steps:
            raise Conflict("case_moved_on", f"item {act.item}: {item.step}")
    done = rule.apply(Doing(file, act, by, now))
    if by.member is not None:
        _check_room(act, done)
    return ending.settled(done, now)


def item_for(file: File, name: str, by: Actor, now: Moment) -> Item:
    """The item, as far as whoever looks may know of it.

    Raises NotFound `item_unknown`: there is none; or it waits for the protection manager, and is nobody else's to see.
    """
    item = file.case.items.get(name)
    if item is None or not may_see(item, by, now):
        raise NotFound("item_unknown", name)
    return item


def may_see(item: Item, by: Actor, now: Moment) -> bool:
    """Whether somebody may know of the item at all: one that waits for the protection manager is theirs alone."""
    if item.step is not Step.MYNUMBER_REVIEW or by.member is None:
        return True
    return may(by.member, Power.SEE_MY_NUMBER, now.at)


def own(file: File, by: Actor) -> bool:
    """Whether it is a case of the staff member's own. Of the same name is near enough: a colleague can do it."""
    if by.member is None:
        return False
    mail, name = fold_mail(by.member.email).casefold(), fold_name(by.member.name)
    people = [person for person in (file.private.person, file.private.agent) if person]
    return any(
        (person.mail and fold_mail(person.mail).casefold() == mail) or (person.name and fold_name(person.name) == name)
        for person in people
    )


def action_of(act: a.Act) -> str:
    """The act's name in the audit log."""
    return f"case.{type(act).__struct_config__.tag}"


def _check_room(act: a.Act, file: File) -> None:
    """Raises Conflict `case_full`: more is written than fits. What can do without is stopped earlier, so that there is
    room for what a case needs to come to its end."""
    most = ROOM_FOR_MORE if type(act) in CAN_DO_WITHOUT else ROOM
    if len(msgspec.json.encode(file.private)) > most:
        raise Conflict("case_full")


def _check_actor(file: File, act: a.Act, rule: Rule, by: Actor, now: Moment) -> None:
    if by.member is None:
        own_acts = type(act) in PERSONS_OWN
        theirs = rule.power is None and not own_acts if by.is_system else own_acts
        if not theirs:
            raise NotPermitted("role_missing")
    elif (power := power_for(file, act, rule.power)) is None or not may(by.member, power, now.at):
        raise NotPermitted("role_missing", str(power or ""))
    elif own(file, by):
        raise NotPermitted("own_case")
