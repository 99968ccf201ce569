"""From the first contact to a complete application. Each function does one act; `machine.TABLE` says when it can be."""

import datetime as dt
from collections.abc import Iterable

import msgspec

from shared.disclosure import acts as a
from shared.disclosure.codes import FINISHED, FREEZES, By, RequestType, Stage, Step
from shared.disclosure.days import Deadlines
from shared.disclosure.evidence import SignIn
from shared.disclosure.file import Actor, Doing, File, Moment
from shared.disclosure.model import Arrival, Case, Item, Person, Private, Stamps, Verification
from shared.disclosure.numbers import parsed
from shared.errors import Conflict, InvalidInput

MOST_WISHES = 12
MOST_TEXT = 2000
MOST_FIELD = 200
MOST_SCANS = 40
MOST_NOTES = 100
MOST_STAMPS_YEN = 100_000


def opened(number: str, contact: a.Contact, by: Actor, now: Moment) -> File:
    """The case that a contact begins.

    Raises InvalidInput `request_invalid`: nothing is asked for, too much, an agent is missing, or texts are too long.
    """
    check_wishes(contact.wishes)
    check_people(contact.by, contact.person, contact.agent)
    file = File(
        Case(
            number=number,
            category=contact.category,
            channel=contact.channel,
            by=contact.by,
            language=contact.language,
            stage=Stage.CONTACTED,
            about=contact.about,
            items=_items(contact.wishes),
            contacted_at=now.at,
            taken_by=by.id,
        ),
        Private(
            person=contact.person,
            agent=contact.agent,
            relation=contact.relation,
            words=_words(contact.wishes),
        ),
    )
    if all(wish.type is RequestType.COMPLAINT for wish in contact.wishes):
        # A complaint needs neither form nor proof of identity: whoever is dissatisfied is heard (art. 40).
        file = file.with_case(
            stage=Stage.HANDLING, arrival=_arrival(now.today, by, now), due_on=Deadlines(now.today).due_on
        )
        return _all_to(file, Step.COLLECTED)
    return file


def filed_in_app(number: str, contact: a.Contact, uid: str, subject: str, now: Moment) -> File:
    """The case that somebody signed in to the app begins for themselves: their sign-in is the identity, so neither form
    nor fee of postage stands in between. Raises as `opened`."""
    person = Actor("data_subject")
    file = opened(number, contact, person, now)
    file = file.with_private(account=uid, evidence=(SignIn(at=now.at),)).with_case(subject=subject)
    if file.case.stage is Stage.HANDLING:
        return file
    file = file.with_case(
        arrival=_arrival(now.today, person, now),
        due_on=Deadlines(now.today).due_on,
        verification=Verification("", now.at),
        stage=Stage.HANDLING,
    )
    return begin_handling(file)


def send_form(do: Doing[a.SendForm]) -> File:
    """The form goes out, with a letter."""
    return do.file.with_case(stage=Stage.FORM_SENT, form_sent_on=do.now.today).with_letter("form", do.act.way)


def register_arrival(do: Doing[a.RegisterArrival]) -> File:
    """The 14 days begin. The day of arrival is the post's, and never changes: what comes once a case has lapsed over
    something that was missing takes it up again, by its first arrival.

    Raises InvalidInput `number_mismatch`: the form bears another case's number; `date_unfit`: that day is still to
    come, or before the form was sent.
    """
    file = do.file
    if parsed(do.act.number) != file.case.number:
        raise InvalidInput("number_mismatch", "the number on the form is another case's")
    sent_on = file.case.form_sent_on or do.now.today
    if not sent_on <= do.act.on <= do.now.today:
        raise InvalidInput("date_unfit", f"between {sent_on} and {do.now.today}")
    arrival = file.case.arrival or _arrival(do.act.on, do.by, do.now, do.act.registered_mail)
    file = _taken_up(file).with_case(
        stage=Stage.RECEIVED,
        arrival=arrival,
        due_on=file.case.extended_to or Deadlines(arrival.on).due_on,
        defects=(),
        closed_on=None,
        destroy_on=None,
    )
    file = _priced(file, do.now)
    if not do.act.stamps_yen:
        return file
    return record_stamps(Doing(file, a.RecordStamps(received=do.act.stamps_yen), do.by, do.now))


def enter_form(do: Doing[a.EnterForm]) -> File:
    """What the paper says replaces what was said on the phone.

    Raises InvalidInput `entries_differ`: the two copies differ, in the fields named; and as `opened`.
    """
    file = do.file
    if differing := sorted(differences(do.act.first, do.act.second)):
        raise InvalidInput("entries_differ", ", ".join(differing))
    form = do.act.first
    check_wishes(form.wishes)
    if any(wish.type is RequestType.COMPLAINT for wish in form.wishes):
        raise InvalidInput("request_invalid", "a complaint needs no form")
    check_people(form.by, form.person, form.agent)
    # What was taken back since the paper was first copied stays so, however often it is copied again.
    gone = {item.type for item in file.case.items.values()} - {item.type for item in _live(file)}
    items = {
        name: msgspec.structs.replace(item, step=Step.WITHDRAWN) if file.case.entered and item.type in gone else item
        for name, item in _items(form.wishes).items()
    }
    file = _priced(file.with_case(by=form.by, items=items, entered=True), do.now)
    return file.with_private(person=form.person, agent=form.agent, relation=form.relation, words=_words(form.wishes))


def differences(first: a.Form, second: a.Form) -> Iterable[str]:
    """The fields in which two copies of a form differ."""
    ours, theirs = msgspec.to_builtins(first), msgspec.to_builtins(second)
    for name in ours:
        if isinstance(ours[name], dict) and isinstance(theirs[name], dict):
            yield from (f"{name}.{k}" for k in {*ours[name], *theirs[name]} if ours[name].get(k) != theirs[name].get(k))
        elif ours[name] != theirs[name]:
            yield name


def add_scan(do: Doing[a.AddScan]) -> File:
    """A paper is in the case. Raises InvalidInput `too_many_scans`."""
    file = do.file
    if len(file.case.scans) >= MOST_SCANS:
        raise InvalidInput("too_many_scans", f"at most {MOST_SCANS}")
    return file.with_case(scans={**file.case.scans, do.act.name: do.act.scan})


def record_stamps(do: Doing[a.RecordStamps]) -> File:
    """The stamp ledger. Raises InvalidInput `stamps_impossible`: more went than came, or less than nothing."""
    file = do.file
    before = file.case.stamps
    stamps = Stamps(before.received + do.act.received, before.used + do.act.used, before.returned + do.act.returned)
    moved = (do.act.received, do.act.used, do.act.returned)
    if min(moved) < 0 or not any(moved) or stamps.at_hand < 0 or stamps.received > MOST_STAMPS_YEN:
        raise InvalidInput("stamps_impossible", "what is used or returned must have come")
    return file.with_case(stamps=stamps)


def find_defects(do: Doing[a.FindDefects]) -> File:
    """One notice names everything that is missing; the legal clock goes on.

    Raises InvalidInput `request_invalid`: nothing is missing, or something twice.
    """
    if not do.act.missing or len(set(do.act.missing)) != len(do.act.missing):
        raise InvalidInput("request_invalid", "missing: each once, at least one")
    return do.file.with_case(stage=Stage.DEFECT, defects=do.act.missing, defects_told_on=do.now.today).with_letter(
        "defects"
    )


def mend_defects(do: Doing[a.MendDefects]) -> File:
    """Some of it came; once all has, the application is as if received whole."""
    file = do.file
    unknown = set(do.act.came) - set(file.case.defects)
    if unknown or not do.act.came:
        raise InvalidInput("request_invalid", "came: of what was missing, at least one")
    left = tuple(one for one in file.case.defects if one not in do.act.came)
    return file.with_case(defects=left, stage=Stage.DEFECT if left else Stage.RECEIVED)


def begin_verification(do: Doing[a.BeginVerification]) -> File:
    """Raises Conflict `form_not_entered`: what the paper says was not copied yet."""
    file = do.file
    if not file.case.entered:
        raise Conflict("form_not_entered")
    return file.with_case(stage=Stage.VERIFYING)


def note(do: Doing[a.Note]) -> File:
    """Sealed with the case, for colleagues. Raises InvalidInput `request_invalid`: empty, too long, too many."""
    file = do.file
    check_text("note", do.act.text, MOST_TEXT)
    if not do.act.text.strip() or len(file.private.notes) >= MOST_NOTES:
        raise InvalidInput("request_invalid", "note: some text; at most 100 of them")
    return file.with_private(notes=(*file.private.notes, f"{do.now.today} {do.by.id}: {do.act.text}"))


def begin_handling(file: File) -> File:
    """The person is proven: each item goes its way, and what asks for an end is provisionally followed at once."""
    file = _all_to(file.with_case(stage=Stage.HANDLING), Step.SCOPING)
    if file.case.subject and any(item.type in FREEZES for item in _live(file)):
        return file.with_job("freeze")
    return file


def check_wishes(wishes: tuple[a.Wish, ...]) -> None:
    """Raises InvalidInput `request_invalid`."""
    if not 0 < len(wishes) <= MOST_WISHES:
        raise InvalidInput("request_invalid", f"requests: from one to {MOST_WISHES}")
    complaints = sum(wish.type is RequestType.COMPLAINT for wish in wishes)
    if 0 < complaints < len(wishes):
        raise InvalidInput("request_invalid", "a complaint is a case of its own")
    for wish in wishes:
        check_text("words", wish.words, MOST_TEXT)
        if wish.scope.first and wish.scope.last and wish.scope.first > wish.scope.last:
            raise InvalidInput("date_unfit", "first: not after last")


def check_people(by: By, person: Person, agent: Person | None) -> None:
    """Raises InvalidInput `request_invalid`."""
    if not (person.name or person.kana or person.member_id or person.mail or person.phone):
        raise InvalidInput("request_invalid", "person: who it is about")
    if (agent is not None) is (by is By.SELF):
        raise InvalidInput("request_invalid", "agent: where, and only where, one makes the request")
    for who in (person, agent):
        for name, value in msgspec.structs.asdict(who).items() if who else ():
            if isinstance(value, str):
                check_text(name, value, MOST_FIELD)


def check_text(name: str, value: str, most: int) -> None:
    """Raises InvalidInput `request_invalid`: too long, or with control characters other than line breaks."""
    if len(value) > most or any(not c.isprintable() and c not in "\n\u3000" for c in value):
        raise InvalidInput("request_invalid", f"{name}: at most {most} printable characters")


def _items(wishes: tuple[a.Wish, ...]) -> dict[str, Item]:
    return {
        str(number): Item(type=wish.type, scope=wish.scope, way=wish.way, my_number=wish.my_number)
        for number, wish in enumerate(wishes, 1)
    }


def _words(wishes: tuple[a.Wish, ...]) -> dict[str, str]:
    return {str(number): wish.words for number, wish in enumerate(wishes, 1) if wish.words}


def _arrival(on: dt.date, by: Actor, now: Moment, registered_mail: str = "") -> Arrival:
    check_text("registered_mail", registered_mail, 40)
    return Arrival(on=on, registered_mail=registered_mail, by=by.id, at=now.at)


def _all_to(file: File, step: Step) -> File:
    for name, item in file.case.items.items():
        if item.step not in FINISHED:
            file = file.with_item(name, step=step)
    return file


def _taken_up(file: File) -> File:
    """What had lapsed waits again, and a letter that says otherwise is not written any more."""
    for name, item in file.case.items.items():
        if item.step is Step.LAPSED:
            file = file.with_item(name, step=Step.WAITING)
    for name, letter in file.case.letters.items():
        if letter.kind == "lapsed":
            file = file.without_job("letter", name)
    return file


def _live(file: File) -> list[Item]:
    return [item for item in file.case.items.values() if item.step not in FINISHED]


def _priced(file: File, now: Moment) -> File:
    """What is still asked for costs what the notice said when it arrived."""
    arrived_on = file.case.arrival.on if file.case.arrival else now.today
    fees = [now.fee_yen(item.type, arrived_on) for item in _live(file)]
    return file.with_case(fee_yen=max(fees, default=0))
