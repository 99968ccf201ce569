"""What becomes of each item: its scope, what is found, who decides, and carrying it out. Each function does one act."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import HANDS_OUT, Category, Ground, Outcome, RequestType, Step
from shared.disclosure.corrections import check_correction
from shared.disclosure.file import Actor, Doing, File, Moment
from shared.disclosure.handing import answered
from shared.disclosure.model import Decision, Item, Proof, Verdict
from shared.disclosure.package.model import place_of
from shared.disclosure.taking_in import MOST_FIELD, MOST_TEXT, check_text
from shared.disclosure.verifying import check_agency
from shared.errors import Conflict, InvalidInput, NotPermitted, Refused

R, G = RequestType, Ground
GROUNDS: Mapping[Ground, Mapping[RequestType, str]] = MappingProxyType(
    {
        G.HARM: {R.DISCLOSE: "33-2-1", R.RECORD: "33-2-1"},
        G.HINDRANCE: {R.DISCLOSE: "33-2-2", R.RECORD: "33-2-2"},
        G.OTHER_LAW: {R.DISCLOSE: "33-2-3", R.RECORD: "33-2-3"},
        G.PURPOSE_KNOWN: {R.PURPOSE: "32-2"},
        G.NOT_UNTRUE: {R.CORRECT: "34-2"},
        G.OPINION: {R.CORRECT: "34-1"},
        G.NO_VIOLATION: {R.CEASE: "35-2", R.ERASE: "35-2", R.STOP: "35-4"},
        G.SUBSTITUTE: {R.CEASE: "35-2", R.ERASE: "35-2", R.STOP: "35-4"},
        G.LAW_REQUIRES_KEEPING: {R.ERASE: "35-2"},
        G.MY_NUMBER: {type_: "my_number_act" for type_ in R if type_ is not R.COMPLAINT},
    }
)
"""For which requests a ground may be given, and the article it stands in: of the 個人情報保護法 as of November 2026, as
article-paragraph-number; `my_number_act` is the 番号法."""

TASKS: Mapping[RequestType, tuple[str, ...]] = MappingProxyType(
    {
        R.PURPOSE: ("purposes",),
        R.DISCLOSE: ("package",),
        R.RECORD: ("records",),
        R.CORRECT: ("correct", "holders"),
        R.CEASE: ("withdraw",),
        R.STOP: ("withdraw",),
        R.ERASE: ("withdraw", "erase"),
        R.COMPLAINT: (),
    }
)
"""What it takes to carry out each request of an app user's, in order. Others' data is not in this system: people do it
(`BY_HAND`), and say what proves it. So they do where it was not said what to correct here."""
BY_HAND = "by_hand"
MOST_REDACTIONS = 200


def fix_scope(do: Doing[a.FixScope]) -> File:
    """Then it is looked up what is held."""
    file = do.file
    _check_not_verifier(file, do.by)
    if do.act.scope.first and do.act.scope.last and do.act.scope.first > do.act.scope.last:
        raise InvalidInput("date_unfit", "first: not after last")
    marked = do.act.my_number or file.case.items[do.act.item].my_number
    file = file.with_item(do.act.item, scope=do.act.scope, my_number=marked, step=Step.COLLECTING)
    return file.with_job("collect", do.act.item)


def refer(do: Doing[a.Refer]) -> File:
    """Raises InvalidInput `request_invalid`: the data is the operator's own to answer for."""
    file = do.file
    _check_not_verifier(file, do.by)
    check_text("to", do.act.to, MOST_FIELD)
    if file.case.category is not Category.ENTRUSTED or not do.act.to.strip():
        raise InvalidInput("request_invalid", "only entrusted data, and to whom")
    file = file.with_private(reasons={**file.private.reasons, do.act.item: do.act.to})
    return file.with_item(do.act.item, step=Step.REFERRED).with_letter(
        "referred", file.case.items[do.act.item].way, do.act.item
    )


def collected(do: Doing[auto.Collected]) -> File:
    """What is held is known. With My Number data in it this item waits for the protection manager; the others go on."""
    file = do.file
    number = do.act.my_number or file.case.items[do.act.item].my_number
    step = Step.MYNUMBER_REVIEW if number else Step.COLLECTED
    return file.with_item(do.act.item, my_number=number, step=step).without_job("collect", do.act.item)


def review(do: Doing[a.Review]) -> File:
    """The protection manager's word, which binds. Raises InvalidInput `reason_missing`."""
    file = do.file
    check_text("reason", do.act.reason, MOST_TEXT)
    if not do.act.reason.strip():
        raise InvalidInput("reason_missing")
    file = file.with_private(verdicts={**file.private.verdicts, do.act.item: do.act.reason})
    return file.with_item(do.act.item, verdict=Verdict(do.act.allowed, do.by.id, do.now.at), step=Step.REVIEWED)


def decide(do: Doing[a.Decide]) -> File:
    """Decide. What hands data out then waits for a second person, unless one has proven who asks already.

    Raises NotPermitted `verifier_decides`. InvalidInput `reason_missing`: anything but in full takes a ground and words
    for the person; `ground_unfit`: the law knows no such ground for this. Refused `manager_refused`: My Number data.
    Conflict `fee_missing`: this one costs, and the stamps have not come. As `check_agency` and `check_correction`.
    """
    file = do.file
    item = file.case.items[do.act.item]
    _check_not_verifier(file, do.by)
    _check_reason(item, do.act)
    _check_verdict(item, do.act.outcome)
    _check_redactions(item, do.act)
    done = do.act.outcome in (Outcome.FULL, Outcome.PARTIAL)
    if do.act.correction is not None:
        check_correction(do.act.correction, do.now.at, here=done and item.type is R.CORRECT and bool(file.case.subject))
    if done:
        check_agency(file, item, do.now)
        _check_fee(file, item, do.now)
    decision = Decision(outcome=do.act.outcome, ground=do.act.ground, by=do.by.id, at=do.now.at)
    file = file.with_private(
        reasons={**file.private.reasons, do.act.item: do.act.reason},
        redactions={**file.private.redactions, do.act.item: do.act.redactions},
    )
    if do.act.correction is not None:
        file = file.with_private(corrections={**file.private.corrections, do.act.item: do.act.correction})
    file = file.with_item(do.act.item, decision=decision, step=Step.DECIDED)
    return file.with_job("carry_out", do.act.item) if approved(file, do.act.item) else file


def cosign(do: Doing[a.Cosign]) -> File:
    """Raises NotPermitted `same_person`: whoever decided. Conflict `case_moved_on`: nothing waits for it."""
    file = do.file
    decision = file.case.items[do.act.item].decision
    if decision is None or approved(file, do.act.item):
        raise Conflict("case_moved_on", "nothing waits for a second person")
    if do.by.id == decision.by:
        raise NotPermitted("same_person")
    signed = Decision(
        outcome=decision.outcome, ground=decision.ground, by=decision.by, at=decision.at, cosigned_by=do.by.id
    )
    return file.with_item(do.act.item, decision=signed).with_job("carry_out", do.act.item)


def approved(file: File, name: str) -> bool:
    """Whether two different people stand behind what hands data out: the verifier or a second signature, and the
    decider. Nothing else needs two."""
    item = file.case.items[name]
    if item.decision is None:
        return False
    if item.type not in HANDS_OUT or item.decision.outcome not in (Outcome.FULL, Outcome.PARTIAL):
        return True
    verifier = file.case.verification.by if file.case.verification else ""
    return len({item.decision.by, verifier, item.decision.cosigned_by} - {""}) > 1


def extend(do: Doing[a.Extend]) -> File:
    """Once, in time, with a letter that says why. Raises Conflict `extended_already`; InvalidInput `reason_missing`,
    `date_unfit`: not after the day it is due, or the due day is over, or none runs."""
    file = do.file
    if file.case.extended_to is not None:
        raise Conflict("extended_already")
    check_text("reason", do.act.reason, MOST_TEXT)
    if not do.act.reason.strip():
        raise InvalidInput("reason_missing")
    due_on = file.case.due_on
    if due_on is None or do.now.today > due_on or do.act.to <= due_on:
        raise InvalidInput("date_unfit", f"after {due_on}, and decided before it is over")
    file = file.with_case(extended_to=do.act.to, due_on=do.act.to)
    return file.with_private(reasons={**file.private.reasons, "extension": do.act.reason}).with_letter("extension")


def begin_executing(do: Doing[auto.BeginExecuting]) -> File:
    """The last look before it is done. Raises Refused `held`: a legal hold keeps what would be erased; as
    `check_agency`. Conflict `case_moved_on`: a second person has not approved."""
    file = do.file
    item = file.case.items[do.act.item]
    if item.decision is None or not approved(file, do.act.item):
        raise Conflict("case_moved_on", "not approved")
    done = item.decision.outcome in (Outcome.FULL, Outcome.PARTIAL)
    if done:
        check_agency(file, item, do.now)
        if item.type is R.ERASE and file.case.hold:
            raise Refused("held")
    tasks = _tasks(file, do.act.item, item) if done else ()
    if item.type is R.COMPLAINT:
        tasks = ()
    file = file.with_item(do.act.item, step=Step.EXECUTING, tasks=tasks)
    if not tasks:
        return _notifying(file, do.act.item)
    return file.without_job("carry_out", do.act.item) if tasks == (BY_HAND,) else file


def _tasks(file: File, name: str, item: Item) -> tuple[str, ...]:
    here = file.case.subject and (item.type is not R.CORRECT or name in file.private.corrections)
    return TASKS[item.type] if here else (BY_HAND,)


def task_done(do: Doing[auto.TaskDone]) -> File:
    """The next of the item's tasks is done. Raises Conflict `case_moved_on`: it is not the next."""
    file = do.file
    item = file.case.items[do.act.item]
    if not item.tasks or item.tasks[0] != do.act.task:
        raise Conflict("case_moved_on", f"task {do.act.task}")
    return _evidenced(file, do.act.item, Proof(do.act.task, do.now.at, do.act.proof, do.act.count))


def holders_found(do: Doing[auto.HoldersFound]) -> File:
    """Who is to be told stands in the case. Raises as `task_done`."""
    file, holders = do.file, do.act.holders
    if file.case.items[do.act.item].tasks[:1] != ("holders",):
        raise Conflict("case_moved_on", "task holders")
    file = file.with_private(holders={**file.private.holders, do.act.item: holders})
    return _evidenced(file, do.act.item, Proof("holders", do.now.at, do.act.proof, len(holders)))


def leave_to_people(do: Doing[auto.LeaveToPeople]) -> File:
    """Its next task, and those that would follow from that, are for people. Raises Conflict `case_moved_on`."""
    file = do.file
    tasks = file.case.items[do.act.item].tasks
    if not tasks or tasks[0] == BY_HAND:
        raise Conflict("case_moved_on", "nothing for the system to do")
    file = file.with_private(notes=(*file.private.notes, f"{do.now.today} {do.by.id}: {tasks[0]}: {do.act.problem}"))
    return file.with_item(do.act.item, tasks=(BY_HAND,)).without_job("carry_out", do.act.item)


def record_evidence(do: Doing[a.RecordEvidence]) -> File:
    """People did it. Raises Conflict `case_moved_on`: the system does this one; InvalidInput `reason_missing`."""
    file = do.file
    item = file.case.items[do.act.item]
    if item.tasks[:1] != (BY_HAND,):
        raise Conflict("case_moved_on", "nothing for people to do")
    check_text("proof", do.act.proof, MOST_FIELD)
    if not do.act.proof.strip():
        raise InvalidInput("reason_missing", "proof")
    file = file.with_private(notes=(*file.private.notes, f"{do.now.today} {do.by.id}: {do.act.proof}"))
    return _evidenced(file, do.act.item, Proof(BY_HAND, do.now.at, f"note {len(file.private.notes)}, {do.by.id}"))


def _evidenced(file: File, name: str, evidence: Proof) -> File:
    item = file.case.items[name]
    file = file.with_item(name, tasks=item.tasks[1:], evidence=(*item.evidence, evidence))
    return file if item.tasks[1:] else _notifying(file, name)


def _notifying(file: File, name: str) -> File:
    file = file.with_item(name, step=Step.NOTIFYING).without_job("carry_out", name)
    return answered(file, name)


def _check_not_verifier(file: File, by: Actor) -> None:
    if file.case.verification and file.case.verification.by == by.id:
        raise NotPermitted("verifier_decides")


def _check_reason(item: Item, act: a.Decide) -> None:
    check_text("reason", act.reason, MOST_TEXT)
    complaint = item.type is R.COMPLAINT
    if (complaint or act.outcome is not Outcome.FULL) and not act.reason.strip():
        raise InvalidInput("reason_missing", "reason")
    if complaint and act.outcome is Outcome.NOT_EXIST:
        raise InvalidInput("request_invalid", "a complaint is there")
    if not complaint and act.outcome in (Outcome.PARTIAL, Outcome.REFUSED):
        if act.ground is None:
            raise InvalidInput("reason_missing", "ground")
        if item.type not in GROUNDS[act.ground]:
            raise InvalidInput("ground_unfit", f"{act.ground} for {item.type}")
    elif act.ground is not None:
        raise InvalidInput("ground_unfit", "only what is not done in full has one, and a complaint has none")


def _check_redactions(item: Item, act: a.Decide) -> None:
    """What is handed over in part says what is left out of it; and nothing else does."""
    partly = item.type in HANDS_OUT and act.outcome is Outcome.PARTIAL
    if bool(act.redactions) is not partly:
        raise InvalidInput("redaction_invalid", "where, and only where, data is handed over in part")
    if len(act.redactions) > MOST_REDACTIONS:
        raise InvalidInput("redaction_invalid", f"at most {MOST_REDACTIONS}")
    for one in act.redactions:
        check_text("redaction", one.text, MOST_FIELD)
        check_text("redaction", one.path, MOST_FIELD)
        place_of(one)


def _check_verdict(item: Item, outcome: Outcome) -> None:
    if item.my_number and (item.verdict is None or not item.verdict.allowed) and outcome is not Outcome.REFUSED:
        raise Refused("manager_refused")


def _check_fee(file: File, item: Item, now: Moment) -> None:
    if file.case.arrival is None or not now.fee_yen(item.type, file.case.arrival.on):
        return
    if file.case.stamps.received - file.case.stamps.returned < file.case.fee_yen:
        raise Conflict("fee_missing", f"{file.case.fee_yen} yen")
