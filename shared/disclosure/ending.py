"""Answering, ending, keeping and destroying; and what the system does by itself. Each function does one act."""

import datetime as dt

import msgspec

from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import CLOSED, FINISHED, FREEZES, OVER, Stage, Step
from shared.disclosure.days import Deadlines, begins_at, business_days_after, civil_date, lapses_on
from shared.disclosure.file import Doing, File, Moment
from shared.disclosure.model import Case, Hold, Private, Proof, Signature
from shared.disclosure.taking_in import MOST_FIELD, MOST_TEXT, check_text
from shared.disclosure.verifying import check_agency, take_back, tells
from shared.errors import Conflict, InvalidInput, NotPermitted

FORM_LAPSES_DAYS = 90
DEFECT_LAPSES_DAYS = 30
COMPLAINT_DAYS = 30
"""How long after its end a case still takes a complaint, or an unverified one further evidence, before it rests."""
FORM_WITHIN, VERIFY_WITHIN = 2, 3
"""Business days in which the form is sent after the first contact, and identity looked at after arrival."""
COLLECT_BY_DAY, DECIDE_BY_DAY = 7, 10
"""Days of the legal clock by which it is known what is held, and by which it is decided."""
SIGNATURES = 2
DELIVERED = "delivered"
"""How the proof of delivery is called among an item's evidence."""


def posted(do: Doing[a.Posted]) -> File:
    """Raises Conflict `case_moved_on`: no such letter, not yet typeset, on its way already, or about what was withdrawn
    since; InvalidInput `date_unfit`."""
    file = do.file
    letter = file.case.letters.get(do.act.letter)
    gone = letter and letter.kind == "answer" and all(file.case.items[n].step is Step.WITHDRAWN for n in letter.items)
    if letter is None or not letter.papers or letter.sent_on is not None or gone:
        raise Conflict("case_moved_on", f"letter {do.act.letter}")
    if do.act.on > do.now.today:
        raise InvalidInput("date_unfit", "still to come")
    sent = msgspec.structs.replace(letter, sent_on=do.act.on, tracking=do.act.tracking[:40])
    return file.with_case(letters={**file.case.letters, do.act.letter: sent})


def register_delivery(do: Doing[a.RegisterDelivery]) -> File:
    """The answers to these items are with the person; by what that is known is kept, sealed.

    Raises InvalidInput `reason_missing`: no proof; `date_unfit`: still to come, or before it was decided. Conflict
    `case_moved_on`: one of them is not to be answered yet. As `check_agency`, where an answer tells of their data.
    """
    file = do.file
    if not do.act.items or not do.act.proof.strip():
        raise InvalidInput("reason_missing", "items and proof")
    check_text("proof", do.act.proof, MOST_FIELD)
    noted = (*file.private.notes, f"{do.now.today} {do.by.id}: {do.act.proof}")
    file = file.with_private(notes=noted)
    delivered = Proof(DELIVERED, do.now.at, f"note {len(noted)}, {do.by.id}")
    for name in do.act.items:
        item = file.case.items.get(name)
        if item is None or item.step is not Step.NOTIFYING or item.decision is None:
            raise Conflict("case_moved_on", f"item {name}")
        if not civil_date(item.decision.at) <= do.act.on <= do.now.today:
            raise InvalidInput("date_unfit", "from when it was decided until today")
        if tells(item):
            check_agency(file, item, do.now)
        evidence = (*item.evidence, delivered)
        file = file.with_item(name, step=Step.ANSWERED, delivered_on=do.act.on, evidence=evidence)
    return file


def withdraw(do: Doing[a.Withdraw]) -> File:
    """What is not being carried out yet is taken back. Raises Conflict `case_moved_on`: one of them is."""
    items = do.file.case.items
    names = do.act.items or tuple(name for name, item in items.items() if item.step not in FINISHED)
    for name in names:
        if name not in items or items[name].step in FINISHED | {Step.EXECUTING, Step.NOTIFYING}:
            raise Conflict("case_moved_on", f"item {name}")
    return take_back(do.file, names)


def place_hold(do: Doing[a.PlaceHold]) -> File:
    """Raises Conflict `case_moved_on`: one stands; InvalidInput `reason_missing`."""
    file = do.file
    if file.case.hold is not None:
        raise Conflict("case_moved_on", "a hold stands")
    check_text("reason", do.act.reason, MOST_TEXT)
    if not do.act.reason.strip():
        raise InvalidInput("reason_missing", "reason")
    file = file.with_private(held_for=do.act.reason).without_job("destroy")
    return file.with_case(hold=Hold(do.by.id, do.now.at), signatures=())


def lift_hold(do: Doing[a.LiftHold]) -> File:
    """Raises Conflict `case_moved_on`: none stands."""
    file = do.file
    if file.case.hold is None:
        raise Conflict("case_moved_on", "no hold stands")
    return file.with_private(held_for="").with_case(hold=None)


def sign_destruction(do: Doing[a.SignDestruction]) -> File:
    """Two different people; with the second signature everything sealed is destroyed as well.

    Raises Conflict `not_due`: the day has not come, or a hold stands; `case_moved_on`: two have signed. NotPermitted
    `same_person`.
    """
    file = do.file
    if not due_for_destruction(file.case, do.now):
        raise Conflict("not_due")
    if len(file.case.signatures) >= SIGNATURES:
        raise Conflict("case_moved_on", "two have signed")
    if any(one.by == do.by.id for one in file.case.signatures):
        raise NotPermitted("same_person")
    signatures = (*file.case.signatures, Signature(do.by.id, do.now.at))
    file = file.with_case(signatures=signatures)
    return file.with_job("destroy") if len(signatures) >= SIGNATURES else file


def due_for_destruction(case: Case, now: Moment) -> bool:
    """Whether the papers are to go: the last day of keeping is over, and nothing holds them."""
    return case.destroy_on is not None and now.today > case.destroy_on and case.hold is None


def tick(do: Doing[auto.Tick]) -> File:
    """What time alone does: remind, lapse, rest."""
    file = do.file
    case = file.case
    if (
        case.stage is Stage.FORM_SENT
        and case.form_sent_on
        and do.now.today > lapses_on(case.form_sent_on, FORM_LAPSES_DAYS)
    ):
        return _lapsed(file, do.now)
    if (
        case.stage is Stage.DEFECT
        and case.defects_told_on
        and do.now.today > lapses_on(case.defects_told_on, DEFECT_LAPSES_DAYS)
    ):
        return _lapsed(file, do.now)
    if case.stage not in OVER and case.arrival:
        due = set(Deadlines(case.arrival.on).reminders_due(do.now.at)) - set(case.reminded)
        if due:
            file = file.with_case(reminded=tuple(sorted({*case.reminded, *due}))).with_job("remind")
    if (
        case.stage in CLOSED
        and case.closed_on
        and do.now.today > lapses_on(case.closed_on, COMPLAINT_DAYS)
        and not case.jobs
    ):
        file = file.with_case(stage=Stage.RETAINED)
    return file


def job_done(do: Doing[auto.JobDone]) -> File:
    """What was to be done is done."""
    file = do.file
    if do.act.name == "freeze":
        file = file.with_case(frozen=True)
    if do.act.name == "thaw":
        file = file.with_case(frozen=False)
    return file.without_job(do.act.name, do.act.item)


def job_delayed(do: Doing[auto.JobDelayed]) -> File:
    """It is tried again later; attempts that failed are counted."""
    file = do.file
    jobs = tuple(
        msgspec.structs.replace(
            job, attempt=job.attempt + bool(do.act.problem), not_before=do.act.until, problem=do.act.problem
        )
        if (job.name, job.item) == (do.act.name, do.act.item)
        else job
        for job in file.case.jobs
    )
    return file.with_case(jobs=jobs)


def letter_set(do: Doing[auto.LetterSet]) -> File:
    """The letter is there to be posted, or was handed to the mail."""
    file = do.file
    letter = msgspec.structs.replace(
        file.case.letters[do.act.letter], made_at=do.now.at, papers=do.act.papers, mail=do.act.mail
    )
    if do.act.mail:
        letter = msgspec.structs.replace(letter, sent_on=do.now.today)
    file = file.with_case(letters={**file.case.letters, do.act.letter: letter})
    return file.without_job("letter", do.act.letter)


def begin_destruction(do: Doing[auto.BeginDestruction]) -> File:
    """The last look before it is done: from here on nothing stops it. Raises Conflict `not_due`."""
    file = do.file
    if len(file.case.signatures) < SIGNATURES or not due_for_destruction(file.case, do.now):
        raise Conflict("not_due")
    return file.with_case(destroying=True)


def destroyed(do: Doing[auto.Destroyed]) -> File:
    """The tombstone: types, outcomes, dates, who signed. Raises Conflict `not_due`: it was not begun."""
    file = do.file
    if not file.case.destroying:
        raise Conflict("not_due")
    arrival = file.case.arrival and msgspec.structs.replace(file.case.arrival, registered_mail="")
    file = file.with_case(
        stage=Stage.DESTROYED, destroying=False, certificate=do.act.certificate, arrival=arrival, letters={}, scans={},
        subject="", private=b"",
    )  # fmt: skip
    return File(file.case, Private()).without_job("destroy")


def settled(file: File, now: Moment) -> File:
    """What follows from where all items stand, and when the system looks again."""
    case = file.case
    steps = {item.step for item in case.items.values()}
    if case.stage not in OVER and steps <= FINISHED:
        file = file.closed(_end_of(steps), now)
    file = _thaw_when_over(file)
    case = file.case
    return file.with_case(
        open=case.stage not in OVER,
        sort_on=next_due(case),
        wake_at=_wakes_at(case, now),
    )


def next_due(case: Case) -> dt.date | None:
    """The civil day by which somebody at the desk has to have done something: what the procedure gives for the next
    step, and never later than the day the answer is due. None once the case is over."""
    if case.stage in OVER:
        return None
    if case.arrival is None:
        contacted_on = civil_date(case.contacted_at)
        sent_on = case.form_sent_on
        return lapses_on(sent_on, FORM_LAPSES_DAYS) if sent_on else business_days_after(contacted_on, FORM_WITHIN)
    arrived_on = case.arrival.on
    last = case.due_on or Deadlines(arrived_on).due_on
    steps = {item.step for item in case.items.values()}
    if case.stage in (Stage.RECEIVED, Stage.VERIFYING):
        return min(last, business_days_after(arrived_on, VERIFY_WITHIN))
    if steps & {Step.SCOPING, Step.COLLECTING}:
        return min(last, lapses_on(arrived_on, COLLECT_BY_DAY))
    if steps & {Step.COLLECTED, Step.MYNUMBER_REVIEW, Step.REVIEWED}:
        return min(last, lapses_on(arrived_on, DECIDE_BY_DAY))
    return last


def _end_of(steps: set[Step]) -> Stage:
    if Step.ANSWERED in steps:
        return Stage.ANSWERED
    return Stage.REFERRED if Step.REFERRED in steps else Stage.WITHDRAWN


def _lapsed(file: File, now: Moment) -> File:
    for name, item in file.case.items.items():
        if item.step not in FINISHED:
            file = file.with_item(name, step=Step.LAPSED)
    return file.with_letter("lapsed").closed(Stage.LAPSED, now)


def _thaw_when_over(file: File) -> File:
    """Once nothing that was provisionally followed is open, the freeze ends; what was decided has its own effect."""
    if freezes(file.case):
        return file
    freezing = any(job.name == "freeze" for job in file.case.jobs)
    return file.with_job("thaw") if file.case.frozen or freezing else file


def freezes(case: Case) -> bool:
    """Whether something in it is provisionally followed: asked for by somebody proven, and not carried out yet."""
    if case.stage is not Stage.HANDLING:
        return False
    return any(i.type in FREEZES and i.step not in FINISHED | {Step.NOTIFYING} for i in case.items.values())


def _wakes_at(case: Case, now: Moment) -> dt.datetime | None:
    """The earliest moment at which there is something to do. What is due, is due now: the sweep finds a lost task."""
    since = min(case.wake_at or now.at, now.at)  # what has waited goes on waiting: time alone changes nothing
    moments = [job.not_before or since for job in case.jobs]
    dates: list[dt.date] = []
    if case.stage is Stage.FORM_SENT and case.form_sent_on:
        dates.append(lapses_on(case.form_sent_on, FORM_LAPSES_DAYS + 1))
    if case.stage is Stage.DEFECT and case.defects_told_on:
        dates.append(lapses_on(case.defects_told_on, DEFECT_LAPSES_DAYS + 1))
    if case.stage not in OVER and case.arrival:
        dates += [on for day, on in Deadlines(case.arrival.on).reminders.items() if day not in case.reminded]
    if case.stage in CLOSED and case.closed_on:
        dates.append(lapses_on(case.closed_on, COMPLAINT_DAYS + 1))
    moments += [begins_at(on) for on in dates]
    return min(moments, default=None)
