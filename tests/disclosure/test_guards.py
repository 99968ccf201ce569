"""Every rule that refuses something, by itself: each test fails where its guard is taken out."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure import taking_in
from shared.disclosure.agents import Agent, AgentKind, Mandate
from shared.disclosure.codes import By, Category, Channel, Defect, Ground, Outcome, RequestType, Stage, Step
from shared.disclosure.evidence import WHO_AND_WHERE, Document, Match, Paper, SignIn
from shared.disclosure.file import PERSON, SYSTEM, Actor, File, Moment
from shared.disclosure.identity import Way as Shows
from shared.disclosure.machine import after
from shared.disclosure.model import (
    Arrival,
    Case,
    Decision,
    Hold,
    Item,
    Person,
    Private,
    Scan,
    Scope,
    Signature,
    Stamps,
    Verdict,
    Verification,
)
from shared.disclosure.numbers import fresh
from shared.disclosure.package.model import Ground as Left
from shared.disclosure.package.model import Redaction
from shared.disclosure.verifying import addressee
from shared.errors import Fault
from shared.vocabulary import Kind
from tests.disclosure.counter import DECIDER, MANAGER, SECOND, VERIFIER, WINDOW, YAMADA
from tests.fakes import SeededIds

R, G = RequestType, Ground
NOW = dt.datetime(2026, 11, 24, 3, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 24)
DAY = dt.timedelta(days=1)
MOMENT = Moment(NOW, TODAY, lambda request, on: 1000 if request == R.DISCLOSE else 0, 1)
LICENCE = Document(paper=Paper.DRIVING_LICENCE, received_on=TODAY, agreed=WHO_AND_WHERE, good_until=TODAY + 900 * DAY)
MANDATE = Mandate(signed_on=TODAY, types=frozenset(R))
AGENCY = Agent(
    kind=AgentKind.DELEGATE, received_on=TODAY, evidence=(LICENCE,), mandate=MANDATE, seal_certificate_on=TODAY,
    seal_matches=True,
)  # fmt: skip
FORM = a.Form(by=By.SELF, person=YAMADA, wishes=(a.Wish(type=R.DISCLOSE),))
SCAN = Scan(kind="form", media_type="image/png", pages=1, size_bytes=1, sha256="0", by="x", at=NOW)
LEFT_OUT = Redaction(path="inquiries", ground=next(iter(Left)))
BY_AGENT: dict[str, Any] = {"by": By.DELEGATED}


def file(stage: Stage = Stage.HANDLING, step: Step = Step.COLLECTED, type_: RequestType = R.CEASE, **more: Any) -> File:
    """A case of one item, verified and paid for, unless said otherwise. Names of `Private`, `Item` and `Case` alike."""
    private = {name: more.pop(name) for name in Private.__struct_fields__ if name in more}
    item = {name: more.pop(name) for name in ("decision", "verdict", "tasks", "my_number") if name in more}
    plain: dict[str, Any] = {
        "number": "KG-0000-0000",
        "category": Category.CUSTOMER,
        "channel": Channel.PHONE,
        "stage": stage,
        "items": {"1": Item(type=type_, step=step, **item)},
        "contacted_at": NOW,
        "taken_by": "x",
        "form_sent_on": TODAY - DAY,
        "arrival": Arrival(on=TODAY, by="x", at=NOW),
        "due_on": TODAY + 14 * DAY,
        "entered": True,
        "fee_yen": 1000,
        "stamps": Stamps(1000),
        "verification": Verification(VERIFIER.id, NOW),
        "subject": "s",
        **more,
    }
    return File(Case(**plain), Private(**{"person": YAMADA, "account": "hanako", **private}))


def decided(outcome: Outcome = Outcome.FULL, by: str = DECIDER.id, **more: Any) -> Decision:
    return Decision(outcome=outcome, ground=None, by=by, at=NOW, **more)


def refusal(one: File, act: a.Act, by: Actor, moment: Moment = MOMENT) -> str:
    try:
        after(one, act, by, moment)
    except Fault as fault:
        return fault.code
    return ""


def decide(outcome: Outcome = Outcome.FULL, **more: Any) -> a.Decide:
    return a.Decide(item="1", outcome=outcome, **more)


def form(**more: Any) -> a.EnterForm:
    one = msgspec.structs.replace(FORM, **more)
    return a.EnterForm(first=one, second=one)


LONG = "長" * 2001
STATUTORY = msgspec.structs.replace(AGENCY, kind=AgentKind.PARENT)
REVOKED = msgspec.structs.replace(AGENCY, revoked_at=NOW)
ARRIVED = a.RegisterArrival(number="KG-0000-0000", on=TODAY)
SENT, RECEIVED, VERIFYING = Stage.FORM_SENT, Stage.RECEIVED, Stage.VERIFYING
CONTACTED: dict[str, Any] = {"arrival": None, "due_on": None}
SURE = (LICENCE, Match(at=NOW))
BROKEN = a.Wish(type=R.DISCLOSE, scope=Scope(first=TODAY, last=TODAY - DAY))
REST: dict[str, Any] = {"stage": Stage.RETAINED, "step": Step.ANSWERED, "destroy_on": TODAY - DAY, "closed_on": TODAY}
LETTER: dict[str, Any] = {"letters": file().with_letter("form").case.letters}
SET: dict[str, Any] = {"letters": {"l1": msgspec.structs.replace(LETTER["letters"]["l1"], papers=("0",))}}
GONE: dict[str, Any] = {"letters": {"l1": msgspec.structs.replace(SET["letters"]["l1"], kind="answer", items=("1",))}}
SENT_ON: dict[str, Any] = {"letters": {"l1": msgspec.structs.replace(SET["letters"]["l1"], sent_on=TODAY)}}
DELIVERY = a.RegisterDelivery(items=("1",), on=TODAY, proof="書留")
NOTIFYING: dict[str, Any] = {"step": Step.NOTIFYING, "decision": decided()}
SIGNED: dict[str, Any] = {"signatures": (Signature("x", NOW), Signature("y", NOW))}

CASES: list[tuple[str, File, a.Act, Actor]] = [
    # taking in
    ("number_mismatch", file(SENT), msgspec.structs.replace(ARRIVED, number=fresh(SeededIds())), WINDOW),
    ("date_unfit", file(SENT), msgspec.structs.replace(ARRIVED, on=TODAY + DAY), WINDOW),
    ("date_unfit", file(SENT), msgspec.structs.replace(ARRIVED, on=TODAY - 2 * DAY), WINDOW),
    ("request_invalid", file(SENT, arrival=None), msgspec.structs.replace(ARRIVED, registered_mail="1" * 41), WINDOW),
    (
        "entries_differ",
        file(RECEIVED),
        a.EnterForm(first=FORM, second=msgspec.structs.replace(FORM, relation="母")),
        WINDOW,
    ),
    ("request_invalid", file(RECEIVED), form(wishes=(a.Wish(type=R.COMPLAINT),)), WINDOW),
    ("request_invalid", file(RECEIVED), form(wishes=()), WINDOW),
    ("request_invalid", file(RECEIVED), form(wishes=FORM.wishes * 13), WINDOW),
    ("request_invalid", file(RECEIVED), form(wishes=(a.Wish(type=R.DISCLOSE, words=LONG),)), WINDOW),
    ("date_unfit", file(RECEIVED), form(wishes=(BROKEN,)), WINDOW),
    ("request_invalid", file(RECEIVED), form(person=Person(address="東京")), WINDOW),
    ("request_invalid", file(RECEIVED), form(person=Person(name="山" * 201)), WINDOW),
    ("request_invalid", file(RECEIVED), form(person=Person(name="山\x00田")), WINDOW),
    ("request_invalid", file(RECEIVED), form(agent=YAMADA), WINDOW),
    ("request_invalid", file(RECEIVED), form(by=By.DELEGATED), WINDOW),
    ("too_many_scans", file(scans={str(n): SCAN for n in range(40)}), a.AddScan(name="s", scan=SCAN), WINDOW),
    *[
        ("stamps_impossible", file(RECEIVED, stamps=Stamps(100)), act, WINDOW)
        for act in (
            a.RecordStamps(),
            a.RecordStamps(received=-1, used=0),
            a.RecordStamps(used=101),
            a.RecordStamps(received=100_000),
        )
    ],
    ("request_invalid", file(RECEIVED), a.FindDefects(missing=()), WINDOW),
    ("request_invalid", file(RECEIVED), a.FindDefects(missing=(Defect.NAME, Defect.NAME)), WINDOW),
    ("request_invalid", file(Stage.DEFECT, defects=(Defect.NAME,)), a.MendDefects(came=(Defect.SCOPE,)), WINDOW),
    ("request_invalid", file(Stage.DEFECT, defects=(Defect.NAME,)), a.MendDefects(came=()), WINDOW),
    ("form_not_entered", file(RECEIVED, entered=False), a.BeginVerification(), VERIFIER),
    ("request_invalid", file(), a.Note(text=" "), WINDOW),
    ("request_invalid", file(), a.Note(text=LONG), WINDOW),
    ("request_invalid", file(notes=("x",) * 100), a.Note(text="x"), WINDOW),
    # identity
    ("request_invalid", file(VERIFYING, evidence=(LICENCE,) * 40), a.AddProof(document=LICENCE), VERIFIER),
    ("request_invalid", file(VERIFYING), a.MatchByHand(records="台帳"), VERIFIER),
    ("reason_missing", file(VERIFYING, category=Category.PARTNER), a.MatchByHand(records=" "), VERIFIER),
    ("request_invalid", file(VERIFYING, category=Category.PARTNER), a.MatchByHand(records="x" * 201), VERIFIER),
    ("request_invalid", file(VERIFYING), a.RecordAgency(agency=AGENCY), VERIFIER),
    ("request_invalid", file(VERIFYING, **BY_AGENT), a.RecordAgency(agency=STATUTORY), VERIFIER),
    ("agency_over", file(**BY_AGENT, agency=REVOKED), a.RecordAgency(agency=AGENCY), VERIFIER),
    ("verifier_decides", file(**BY_AGENT, decision=decided(by=SECOND.id)), a.RecordAgency(agency=AGENCY), SECOND),
    ("request_invalid", file(), a.RevokeAgency(), WINDOW),
    ("identity_unproven", file(VERIFYING), a.Verify(), VERIFIER),
    ("identity_unproven", file(VERIFYING, type_=R.ERASE, evidence=(LICENCE,)), a.Verify(), VERIFIER),
    ("agency_unproven", file(VERIFYING, **BY_AGENT, evidence=SURE), a.Verify(), VERIFIER),
    ("agency_over", file(VERIFYING, **BY_AGENT, agency=REVOKED, evidence=SURE), a.Verify(), VERIFIER),
    (
        "agency_unproven",
        file(VERIFYING, **BY_AGENT, agency=msgspec.structs.replace(AGENCY, seal_matches=None), evidence=SURE),
        a.Verify(),
        VERIFIER,
    ),
    ("offer_two_ways", file(VERIFYING), a.CloseUnverified(offered=(Shows.APP, Shows.APP)), VERIFIER),
    ("case_moved_on", file(Stage.UNVERIFIED, closed_on=TODAY - 31 * DAY), a.Reopen(), VERIFIER),
    # deciding
    (
        "verifier_decides",
        file(step=Step.SCOPING, verification=Verification(SECOND.id, NOW)),
        a.FixScope(item="1", scope=Scope()),
        SECOND,
    ),
    ("date_unfit", file(step=Step.SCOPING), a.FixScope(item="1", scope=BROKEN.scope), DECIDER),
    (
        "verifier_decides",
        file(step=Step.SCOPING, category=Category.ENTRUSTED, verification=Verification(SECOND.id, NOW)),
        a.Refer(item="1", to="x"),
        SECOND,
    ),
    ("request_invalid", file(step=Step.SCOPING), a.Refer(item="1", to="病院"), DECIDER),
    ("request_invalid", file(step=Step.SCOPING, category=Category.ENTRUSTED), a.Refer(item="1", to=" "), DECIDER),
    ("request_invalid", file(step=Step.SCOPING, category=Category.ENTRUSTED), a.Refer(item="1", to="x" * 201), DECIDER),
    ("reason_missing", file(step=Step.MYNUMBER_REVIEW), a.Review(item="1", allowed=True, reason=" "), MANAGER),
    ("request_invalid", file(step=Step.MYNUMBER_REVIEW), a.Review(item="1", allowed=True, reason=LONG), MANAGER),
    ("verifier_decides", file(verification=Verification(SECOND.id, NOW)), decide(), SECOND),
    ("reason_missing", file(), decide(Outcome.REFUSED, ground=G.NO_VIOLATION), DECIDER),
    ("reason_missing", file(), decide(Outcome.NOT_EXIST, reason=" "), DECIDER),
    ("reason_missing", file(), decide(Outcome.REFUSED, reason="理由"), DECIDER),
    ("request_invalid", file(), decide(Outcome.REFUSED, ground=G.NO_VIOLATION, reason=LONG), DECIDER),
    ("ground_unfit", file(), decide(Outcome.REFUSED, ground=G.HARM, reason="理由"), DECIDER),
    ("ground_unfit", file(), decide(ground=G.NO_VIOLATION), DECIDER),
    ("ground_unfit", file(), decide(Outcome.NOT_EXIST, ground=G.NO_VIOLATION, reason="理由"), DECIDER),
    ("reason_missing", file(type_=R.COMPLAINT), decide(), MANAGER),
    ("request_invalid", file(type_=R.COMPLAINT), decide(Outcome.NOT_EXIST, reason="理由"), MANAGER),
    ("ground_unfit", file(type_=R.COMPLAINT), decide(Outcome.REFUSED, ground=G.HARM, reason="理由"), MANAGER),
    ("manager_refused", file(my_number=True), decide(), DECIDER),
    ("manager_refused", file(my_number=True, verdict=Verdict(False, "m", NOW)), decide(), DECIDER),
    ("redaction_invalid", file(type_=R.DISCLOSE), decide(Outcome.PARTIAL, ground=G.HARM, reason="理由"), DECIDER),
    ("redaction_invalid", file(type_=R.DISCLOSE), decide(redactions=(LEFT_OUT,)), DECIDER),
    (
        "redaction_invalid",
        file(type_=R.DISCLOSE),
        decide(Outcome.PARTIAL, ground=G.HARM, reason="理由", redactions=(LEFT_OUT,) * 201),
        DECIDER,
    ),
    (
        "redaction_invalid",
        file(type_=R.DISCLOSE),
        decide(
            Outcome.PARTIAL,
            ground=G.HARM,
            reason="理由",
            redactions=(Redaction(path="no/such", ground=LEFT_OUT.ground),),
        ),
        DECIDER,
    ),
    (
        "request_invalid",
        file(type_=R.DISCLOSE),
        decide(
            Outcome.PARTIAL,
            ground=G.HARM,
            reason="理由",
            redactions=(msgspec.structs.replace(LEFT_OUT, text="x" * 201),),
        ),
        DECIDER,
    ),
    ("agency_over", file(**BY_AGENT, agency=REVOKED), decide(), DECIDER),
    ("fee_missing", file(type_=R.DISCLOSE, stamps=Stamps(1000, 0, 1)), decide(), DECIDER),
    ("case_moved_on", file(step=Step.DECIDED, decision=decided()), a.Cosign(item="1"), SECOND),
    (
        "same_person",
        file(step=Step.DECIDED, type_=R.DISCLOSE, verification=Verification("", NOW), decision=decided()),
        a.Cosign(item="1"),
        DECIDER,
    ),
    ("extended_already", file(extended_to=TODAY), a.Extend(to=TODAY + 20 * DAY, reason="x"), DECIDER),
    ("reason_missing", file(), a.Extend(to=TODAY + 20 * DAY, reason=" "), DECIDER),
    ("request_invalid", file(), a.Extend(to=TODAY + 20 * DAY, reason=LONG), DECIDER),
    ("date_unfit", file(), a.Extend(to=TODAY + 14 * DAY, reason="x"), DECIDER),
    ("date_unfit", file(due_on=TODAY - DAY), a.Extend(to=TODAY + 14 * DAY, reason="x"), DECIDER),
    ("date_unfit", file(Stage.CONTACTED, **CONTACTED), a.Extend(to=TODAY + 14 * DAY, reason="x"), DECIDER),
    (
        "case_moved_on",
        file(step=Step.DECIDED, type_=R.DISCLOSE, verification=Verification("", NOW), decision=decided()),
        auto.BeginExecuting(item="1"),
        SYSTEM,
    ),
    (
        "agency_over",
        file(step=Step.DECIDED, decision=decided(), **BY_AGENT, agency=REVOKED),
        auto.BeginExecuting(item="1"),
        SYSTEM,
    ),
    (
        "held",
        file(step=Step.DECIDED, type_=R.ERASE, decision=decided(), hold=Hold("x", NOW)),
        auto.BeginExecuting(item="1"),
        SYSTEM,
    ),
    (
        "case_moved_on",
        file(step=Step.EXECUTING, tasks=("withdraw",)),
        auto.TaskDone(item="1", task="erase", proof="x"),
        SYSTEM,
    ),
    ("case_moved_on", file(step=Step.EXECUTING), auto.TaskDone(item="1", task="erase", proof="x"), SYSTEM),
    ("case_moved_on", file(step=Step.EXECUTING, tasks=("withdraw",)), a.RecordEvidence(item="1", proof="x"), WINDOW),
    ("reason_missing", file(step=Step.EXECUTING, tasks=("by_hand",)), a.RecordEvidence(item="1", proof=" "), WINDOW),
    (
        "request_invalid",
        file(step=Step.EXECUTING, tasks=("by_hand",)),
        a.RecordEvidence(item="1", proof="x" * 201),
        WINDOW,
    ),
    # ending
    ("case_moved_on", file(), a.Posted(letter="l1", on=TODAY), WINDOW),
    ("case_moved_on", file(**LETTER), a.Posted(letter="l1", on=TODAY), WINDOW),
    ("case_moved_on", file(**SENT_ON), a.Posted(letter="l1", on=TODAY), WINDOW),
    ("case_moved_on", file(step=Step.WITHDRAWN, **GONE), a.Posted(letter="l1", on=TODAY), WINDOW),
    ("date_unfit", file(**SET), a.Posted(letter="l1", on=TODAY + DAY), WINDOW),
    ("reason_missing", file(**NOTIFYING), msgspec.structs.replace(DELIVERY, proof=" "), WINDOW),
    ("reason_missing", file(**NOTIFYING), msgspec.structs.replace(DELIVERY, items=()), WINDOW),
    ("request_invalid", file(**NOTIFYING), msgspec.structs.replace(DELIVERY, proof="x" * 201), WINDOW),
    ("date_unfit", file(**NOTIFYING), msgspec.structs.replace(DELIVERY, on=TODAY + DAY), WINDOW),
    ("date_unfit", file(**NOTIFYING), msgspec.structs.replace(DELIVERY, on=TODAY - DAY), WINDOW),
    ("case_moved_on", file(decision=decided()), DELIVERY, WINDOW),
    ("case_moved_on", file(**NOTIFYING), msgspec.structs.replace(DELIVERY, items=("2",)), WINDOW),
    ("agency_over", file(type_=R.DISCLOSE, **NOTIFYING, **BY_AGENT, agency=REVOKED), DELIVERY, WINDOW),
    ("agency_over", file(type_=R.PURPOSE, **NOTIFYING, **BY_AGENT, agency=REVOKED), DELIVERY, PERSON),
    ("case_moved_on", file(**NOTIFYING), a.Withdraw(), WINDOW),
    ("case_moved_on", file(step=Step.EXECUTING), a.Withdraw(items=("1",)), PERSON),
    ("case_moved_on", file(), a.Withdraw(items=("2",)), WINDOW),
    ("case_moved_on", file(hold=Hold("x", NOW)), a.PlaceHold(reason="訴訟"), MANAGER),
    ("reason_missing", file(), a.PlaceHold(reason=" "), MANAGER),
    ("request_invalid", file(), a.PlaceHold(reason=LONG), MANAGER),
    ("case_moved_on", file(), a.LiftHold(), MANAGER),
    ("not_due", file(**{**REST, "destroy_on": TODAY}), a.SignDestruction(), WINDOW),
    ("not_due", file(**REST, hold=Hold("x", NOW)), a.SignDestruction(), WINDOW),
    ("same_person", file(**REST, signatures=(Signature(WINDOW.id, NOW),)), a.SignDestruction(), WINDOW),
    ("case_moved_on", file(**REST, **SIGNED), a.SignDestruction(), WINDOW),
    ("not_due", file(**REST), auto.BeginDestruction(), SYSTEM),
    ("not_due", file(**{**REST, "destroy_on": TODAY}, **SIGNED), auto.BeginDestruction(), SYSTEM),
    ("not_due", file(**REST, **SIGNED), auto.Destroyed(certificate="0"), SYSTEM),
    # the machine's own
    ("item_unknown", file(), a.Decide(item="2", outcome=Outcome.FULL), DECIDER),
    ("item_unknown", file(step=Step.MYNUMBER_REVIEW), decide(), DECIDER),
    ("case_full", file(notes=("x" * 550_000,)), a.Note(text="x"), WINDOW),
    ("case_full", file(notes=("x" * 900_000,)), a.PlaceHold(reason="訴訟"), MANAGER),
]


@pytest.mark.parametrize(
    ("code", "one", "act", "by"),
    CASES,
    ids=[f"{n}-{act.__struct_config__.tag}-{code}" for n, (code, _, act, _) in enumerate(CASES)],
)
def test_it_is_refused(code: str, one: File, act: a.Act, by: Actor):
    assert refusal(one, act, by) == code


@pytest.mark.parametrize(
    ("one", "act", "by"),
    [
        (file(SENT), ARRIVED, WINDOW),
        (file(RECEIVED), form(), WINDOW),
        (file(Stage.UNVERIFIED, closed_on=TODAY - 30 * DAY), a.Reopen(), VERIFIER),
        (file(VERIFYING, type_=R.ERASE, evidence=SURE), a.Verify(), VERIFIER),
        (file(VERIFYING, type_=R.ERASE, evidence=(SignIn(at=NOW),)), a.Verify(), VERIFIER),
        (file(VERIFYING, **BY_AGENT, agency=AGENCY), a.Verify(), VERIFIER),
        (file(type_=R.ERASE, stamps=Stamps()), decide(), DECIDER),
        (file(type_=R.DISCLOSE, stamps=Stamps()), decide(Outcome.REFUSED, ground=G.HARM, reason="理由"), DECIDER),
        (file(my_number=True, verdict=Verdict(True, "m", NOW)), decide(), DECIDER),
        (file(**BY_AGENT, agency=REVOKED), decide(Outcome.REFUSED, ground=G.NO_VIOLATION, reason="理由"), DECIDER),
        (file(type_=R.COMPLAINT, **BY_AGENT), decide(reason="おわび"), MANAGER),
        (file(type_=R.ERASE, **NOTIFYING, **BY_AGENT, agency=REVOKED), DELIVERY, WINDOW),
        (file(due_on=TODAY), a.Extend(to=TODAY + DAY, reason="x"), DECIDER),
        (
            file(step=Step.DECIDED, type_=R.CEASE, decision=decided(), hold=Hold("x", NOW)),
            auto.BeginExecuting(item="1"),
            SYSTEM,
        ),
        (file(**REST), a.SignDestruction(), WINDOW),
        (file(notes=("x" * 550_000,)), a.PlaceHold(reason="訴訟"), MANAGER),
    ],
)
def test_and_so_much_is_not(one: File, act: a.Act, by: Actor):
    assert refusal(one, act, by) == ""


def test_a_contact_asks_for_something_and_not_for_too_much():
    for wishes in ((), (a.Wish(type=R.COMPLAINT), a.Wish(type=R.ERASE))):
        contact = a.Contact(category=Category.CUSTOMER, channel=Channel.PHONE, person=YAMADA, wishes=wishes)
        with pytest.raises(Fault, match="request_invalid"):
            taking_in.opened("KG-0000-0000", contact, WINDOW, MOMENT)


# ------------------------------------------------------------------ what acts leave behind


def steps(one: File) -> list[Step]:
    return [item.step for item in one.case.items.values()]


def two(stage: Stage, first: Step, second: Step, **more: Any) -> File:
    one = file(stage, first, **more)
    return one.with_case(items={**one.case.items, "2": Item(type=R.ERASE, step=second)})


def test_what_was_taken_back_stays_so_whatever_comes_next():
    arrived = after(two(SENT, Step.WITHDRAWN, Step.WAITING), ARRIVED, WINDOW, MOMENT)
    assert steps(arrived) == [Step.WITHDRAWN, Step.WAITING]
    proven = after(two(VERIFYING, Step.WITHDRAWN, Step.WAITING, evidence=SURE), a.Verify(), VERIFIER, MOMENT)
    assert steps(proven) == [Step.WITHDRAWN, Step.SCOPING]
    lapsing = two(SENT, Step.WITHDRAWN, Step.WAITING, form_sent_on=TODAY - 91 * DAY)
    assert steps(after(lapsing, auto.Tick(), SYSTEM, MOMENT)) == [Step.WITHDRAWN, Step.LAPSED]


def test_what_was_withdrawn_needs_no_proof_and_freezes_nothing():
    one = two(VERIFYING, Step.WAITING, Step.WITHDRAWN, type_=R.PURPOSE, evidence=(LICENCE,))
    assert [job.name for job in after(one, a.Verify(), VERIFIER, MOMENT).case.jobs] == []


def test_a_form_that_is_copied_again_does_not_bring_back_what_was_taken_back_and_the_first_copy_does():
    again = form(wishes=(a.Wish(type=R.CEASE), a.Wish(type=R.ERASE)))
    one = two(RECEIVED, Step.WITHDRAWN, Step.WAITING)
    assert steps(after(one, again, WINDOW, MOMENT)) == [Step.WITHDRAWN, Step.WAITING]
    assert steps(after(one.with_case(entered=False), again, WINDOW, MOMENT)) == [Step.WAITING, Step.WAITING]


def test_a_lapsed_case_is_taken_up_by_its_first_arrival_and_its_extended_day():
    first = Arrival(on=TODAY - 40 * DAY, by="x", at=NOW)
    one = file(Stage.LAPSED, Step.LAPSED, arrival=first, extended_to=TODAY + 9 * DAY, defects=(Defect.NAME,))
    one = one.with_letter("lapsed")
    taken = after(one, ARRIVED, WINDOW, MOMENT)
    case = taken.case
    assert (case.arrival, case.due_on, case.defects) == (first, TODAY + 9 * DAY, ())
    assert (case.stage, steps(taken), case.jobs) == (RECEIVED, [Step.WAITING], ())
    assert (case.closed_on, case.destroy_on) == (None, None)


def test_only_what_is_still_asked_for_costs():
    one = two(SENT, Step.WITHDRAWN, Step.WAITING, type_=R.DISCLOSE, arrival=None)
    assert after(one, ARRIVED, WINDOW, MOMENT).case.fee_yen == 0
    assert after(file(SENT, Step.WAITING, R.DISCLOSE), ARRIVED, WINDOW, MOMENT).case.fee_yen == 1000


def test_once_an_agent_is_revoked_nothing_is_handed_to_them_and_the_rest_is_told_to_the_person():
    one = file(**NOTIFYING, type_=R.DISCLOSE, **BY_AGENT, agency=AGENCY, agent=Person(name="代理")).with_letter(
        "answer", next(iter(file().case.items.values())).way, "1"
    )
    more = {
        "2": Item(type=R.ERASE, step=Step.NOTIFYING, decision=decided()),
        "3": Item(type=R.CEASE, step=Step.DECIDED, decision=decided()),
        "4": Item(type=R.RECORD, step=Step.EXECUTING, decision=decided(), tasks=("records",)),
    }
    one = one.with_case(items={**one.case.items, **more}).with_job("carry_out", "3").with_job("carry_out", "4")
    gone = after(one, a.RevokeAgency(), PERSON, MOMENT)
    assert steps(gone) == [Step.WITHDRAWN, Step.NOTIFYING, Step.WITHDRAWN, Step.WITHDRAWN]
    assert gone.case.jobs == ()
    assert addressee(one, NOW).name == "代理"
    assert addressee(gone, NOW) == YAMADA


def test_an_agent_s_letters_go_to_the_person_once_the_mandate_is_over():
    ends = msgspec.structs.replace(AGENCY, mandate=msgspec.structs.replace(MANDATE, until=TODAY))
    one = file(**BY_AGENT, agency=ends, agent=Person(name="代理"))
    assert addressee(one, NOW).name == "代理"
    assert addressee(one, NOW + DAY) == YAMADA


def test_the_proof_of_delivery_is_kept_sealed():
    one = after(file(**NOTIFYING), DELIVERY, WINDOW, MOMENT)
    assert "書留" in one.private.notes[-1]
    [proof] = one.case.items["1"].evidence
    assert (proof.task, proof.proof) == ("delivered", "note 1, mado")
    assert "書留" not in str(one.case)


def test_why_a_hold_stands_is_sealed():
    one = after(file(), a.PlaceHold(reason="山田氏の訴訟"), MANAGER, MOMENT)
    assert one.private.held_for == "山田氏の訴訟"
    assert "山田" not in str(one.case)
    assert after(one, a.LiftHold(), MANAGER, MOMENT).private.held_for == ""


def test_time_alone_changes_nothing_of_a_case_that_waits():
    one = after(file(Stage.CONTACTED, Step.WAITING, **CONTACTED), a.SendForm(), WINDOW, MOMENT)
    later = MOMENT._replace(at=NOW + dt.timedelta(hours=5))
    assert after(one, auto.Tick(), SYSTEM, later) == one


def test_a_withdrawal_s_letter_names_what_was_withdrawn_and_nothing_else():
    one = two(Stage.HANDLING, Step.COLLECTED, Step.ANSWERED)
    [letter] = after(one, a.Withdraw(), PERSON, MOMENT).case.letters.values()
    assert (letter.kind, letter.items) == ("withdrawn", ("1",))


def test_scopes_of_kinds_bind_an_agent():
    weight = msgspec.structs.replace(AGENCY, mandate=msgspec.structs.replace(MANDATE, kinds=frozenset({Kind.WEIGHT})))
    assert refusal(file(**BY_AGENT, agency=weight), decide(), DECIDER) == "agency_over"
