"""Who may do what to a case, when: every act, by everybody, at every stage and every step of an item.

`SHEET` was written from the operator's procedure (the policy's 開示等手続き, and the states and actors of the request),
not from `machine.TABLE` or `staff.model.POWERS`; whoever changes either has to change it as well, and mean it.
"""

import datetime as dt
from typing import Any

import pytest

from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.agents import Agent, AgentKind
from shared.disclosure.codes import By, Category, Channel, Outcome, RequestType, Stage, Step, Way
from shared.disclosure.evidence import Document, Paper
from shared.disclosure.file import PERSON, SYSTEM, Actor, File, Moment
from shared.disclosure.machine import TABLE, after
from shared.disclosure.model import Case, Item, Person, Private, Scan, Scope
from shared.disclosure.proofs.model import Use
from shared.errors import Fault
from tests.disclosure.counter import AUDITOR, DECIDER, MANAGER, VERIFIER, WINDOW, YAMADA

WHO: dict[str, Actor] = {
    "W": WINDOW,
    "V": VERIFIER,
    "D": DECIDER,
    "M": MANAGER,
    "A": AUDITOR,
    "p": PERSON,
    "s": SYSTEM,
}
OPEN = "contacted form_sent received defect verifying handling"
OVER = "answered lapsed unverified withdrawn referred retained"
ALIVE = f"{OPEN} {OVER}"
ANY = f"{ALIVE} destroyed"
SHEET = f"""
send_form          W     contacted
register_arrival   W     form_sent lapsed
enter_form         W     received defect
add_scan           WV    {ALIVE}
record_stamps      W     received defect verifying handling {OVER}
find_defects       W     received
mend_defects       W     defect
note               WVDM  {ALIVE}
begin_verification V     received
add_proof          V     verifying
match_account      V     verifying
match_by_hand      V     verifying
record_agency      V     verifying handling
send_link          V     verifying
prove_mail         p     verifying
prove_account      p     verifying
revoke_agency      WVp   {OPEN}
verify             V     verifying
close_unverified   V     verifying
reopen             V     unverified
fix_scope          D     handling | scoping
refer              D     handling | scoping
collected          s     handling | collecting
review             M     handling | mynumber_review
decide             D     handling | collected reviewed
cosign             VDM   handling | decided
extend             D     {OPEN}
begin_executing    s     handling | decided
task_done          s     handling | executing
record_evidence    WD    handling | executing
posted             W     {ALIVE}
register_delivery  Wp    handling
send_again         W     handling
answer_on_paper    W     handling | notifying
withdraw           WVp   {OPEN}
place_hold         DM    {ALIVE}
lift_hold          DM    {ALIVE}
sign_destruction   WVDM  retained
tick               s     {ANY}
job_done           s     {ANY}
job_delayed        s     {ANY}
letter_set         s     {ALIVE}
begin_destruction  s     retained
link_sent          s     {ALIVE}
leave_to_people    s     handling | executing
holders_found      s     handling | executing
link_locked        s     {ANY}
destroyed          s     retained
"""
ROWS = {name: rest for name, _, rest in (line.partition(" ") for line in SHEET.strip().splitlines())}
NOW = dt.datetime(2026, 11, 24, 3, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 24)
MOMENT = Moment(NOW, TODAY, lambda request, on: 0, 1)
LICENCE = Document(paper=Paper.DRIVING_LICENCE, received_on=TODAY)
FORM = a.Form(by=By.SELF, person=YAMADA, wishes=(a.Wish(type=RequestType.PURPOSE),))
SCAN = Scan(kind="form", media_type="image/png", pages=1, size_bytes=1, sha256="0", by="x", at=NOW)
EXAMPLES: dict[type[a.Act], dict[str, Any]] = {
    a.RegisterArrival: {"number": "KG-0000-0000", "on": TODAY},
    a.EnterForm: {"first": FORM, "second": FORM},
    a.AddScan: {"name": "s", "scan": SCAN},
    a.FindDefects: {"missing": ()},
    a.MendDefects: {"came": ()},
    a.AddProof: {"document": LICENCE},
    a.MatchAccount: {"account": "", "subject": ""},
    a.MatchByHand: {"records": ""},
    a.RecordAgency: {"agency": Agent(kind=AgentKind.PARENT, received_on=TODAY)},
    a.CloseUnverified: {"offered": ()},
    a.FixScope: {"scope": Scope()},
    a.Refer: {"to": ""},
    a.Review: {"allowed": True, "reason": ""},
    a.Decide: {"outcome": Outcome.FULL},
    a.Extend: {"to": TODAY, "reason": ""},
    a.RecordEvidence: {"proof": ""},
    a.Posted: {"letter": "l9", "on": TODAY},
    a.RegisterDelivery: {"items": (), "on": TODAY, "proof": ""},
    a.PlaceHold: {"reason": ""},
    a.Note: {"text": ""},
    auto.JobDone: {"name": "x"},
    auto.JobDelayed: {"name": "x", "until": NOW},
    auto.LetterSet: {"letter": "l1", "papers": ()},
    auto.TaskDone: {"task": "x", "proof": ""},
    auto.Destroyed: {"certificate": ""},
    auto.LeaveToPeople: {"problem": ""},
    auto.HoldersFound: {"holders": (), "proof": ""},
    a.SendLink: {"use": Use.MAIL_ADDRESS},
    a.ProveMail: {"about": ""},
    a.ProveAccount: {"about": "", "account": "", "subject": ""},
    auto.LinkSent: {"use": Use.MAIL_ADDRESS, "until": NOW, "mail": ""},
    auto.LinkLocked: {"use": Use.MAIL_ADDRESS},
}


def example(act: type[a.Act]) -> a.Act:
    """One such act; whether its own rule would have it is not the question here."""
    item = {"item": "1"} if issubclass(act, a.OfItem) else {}
    return act(**item, **EXAMPLES.get(act, {}))


def file_at(stage: Stage, step: Step, *, type_: RequestType = RequestType.PURPOSE, person: Person = YAMADA) -> File:
    case = Case(
        number="KG-0000-0000",
        category=Category.CUSTOMER,
        channel=Channel.PHONE,
        stage=stage,
        items={"1": Item(type=type_, step=step), "2": Item(type=type_)},
        contacted_at=NOW,
        taken_by="x",
    )
    return File(case, Private(person=person)).with_letter("form", Way.PAPER)


def refused(file: File, act: a.Act, by: Actor) -> str:
    """Why the table will not have it: for whom it is, or when it is. What an act's own rule says is let through."""
    try:
        after(file, act, by, MOMENT)
    except Fault as fault:
        if fault.code == "role_missing":
            return "who"
        if fault.code == "item_unknown":
            return "unseen"
        detail = str(fault.detail or "")
        if fault.code == "case_moved_on" and (detail.startswith("stage: ") or detail == f"item 1: {step_of(file)}"):
            return "when"
    return ""


def step_of(file: File) -> Step:
    return file.case.items["1"].step


def expected(act: type[a.Act], who: str, stage: Stage, step: Step) -> str:
    """What the sheet says."""
    may, _, rest = ROWS[str(act.__struct_config__.tag)].strip().partition(" ")
    stages, _, steps = rest.partition("|")
    if who not in may:
        return "who"
    if stage not in stages.split():
        return "when"
    if issubclass(act, a.OfItem) and step is Step.MYNUMBER_REVIEW and who not in "Ms":
        return "unseen"
    return "when" if steps and step not in steps.split() else ""


def test_the_sheet_has_a_row_for_every_act():
    assert set(ROWS) == {str(act.__struct_config__.tag) for act in TABLE}
    tagged = {one for kind in (a.Act, a.OfItem) for one in kind.__subclasses__()} - {a.OfItem}
    assert set(TABLE) == tagged


@pytest.mark.parametrize("act", TABLE, ids=lambda act: str(act.__struct_config__.tag))
def test_every_cell_is_as_the_sheet_says(act: type[a.Act]):
    one, steps = example(act), tuple(Step) if issubclass(act, a.OfItem) else (Step.WAITING,)
    wrong = [
        (who, stage, step, expected(act, who, stage, step), found)
        for who, by in WHO.items()
        for stage in Stage
        for step in steps
        if (found := refused(file_at(stage, step), one, by)) != expected(act, who, stage, step)
    ]
    assert wrong == []


@pytest.mark.parametrize("act", TABLE, ids=lambda act: str(act.__struct_config__.tag))
def test_nobody_does_anything_about_a_case_of_their_own(act: type[a.Act]):
    for who, by in WHO.items():
        if by.member is None or who not in ROWS[str(act.__struct_config__.tag)].strip().partition(" ")[0]:
            continue
        for theirs in (Person(name=by.member.name), Person(mail=by.member.email.upper())):
            with pytest.raises(Fault, match="own_case"):
                after(file_at(Stage.HANDLING, Step.SCOPING, person=theirs), example(act), by, MOMENT)


@pytest.mark.parametrize("who", WHO)
def test_a_complaint_is_decided_by_whoever_answers_complaints(who: str):
    file = file_at(Stage.HANDLING, Step.COLLECTED, type_=RequestType.COMPLAINT)
    assert refused(file, a.Decide(item="1", outcome=Outcome.FULL, reason="x"), WHO[who]) == (
        "" if who in "DM" else "who"
    )


def test_while_papers_are_destroyed_only_the_system_acts():
    file = file_at(Stage.RETAINED, Step.ANSWERED).with_case(destroying=True)
    for act in TABLE:
        for who, by in WHO.items():
            may = ROWS[str(act.__struct_config__.tag)].strip().partition(" ")[0]
            if who in may and who != "s":
                assert refused(file, example(act), by) == "when", (act, who)


def test_a_role_that_has_ended_gives_nothing():
    later = MOMENT._replace(at=NOW - dt.timedelta(days=400))
    with pytest.raises(Fault, match="role_missing"):
        after(file_at(Stage.CONTACTED, Step.WAITING), a.SendForm(), WINDOW, later)
