"""What the page shows of where consents stand, without a browser."""

import datetime as dt

import msgspec
import pytest

from shared.cloud.tickets import Ticket
from shared.consent.ledger import Entry, Said, Tail, record
from shared.consent.model import QOLMS, Cell, CellState, Consents, Method, State
from shared.consent.page.cards import Card, sections, sights
from shared.consent.page.html import Shown, cells_page, erase_page, receipt_page
from shared.consent.page.known import Known
from shared.consent.page.messages import View
from shared.consent.ports import Recipient
from shared.consent.view import stands
from shared.policy.model import RecipientType, Words
from shared.policy.notices import Notices, notices
from shared.vocabulary import Kind, Language, Purpose

AT = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
NOTICE = notices().find("2026-10-01")
EARLIER = msgspec.structs.replace(
    NOTICE, contents=msgspec.structs.replace(NOTICE.contents, version="2020-01", in_force_from=dt.date(2020, 1, 1))
)
PUBLISHED = Notices((EARLIER, NOTICE))
SERVICE = Recipient(QOLMS, RecipientType.SERVICE, NOTICE.contents.service)
CLINIC = Recipient("institution:a", RecipientType.INSTITUTION, Words("医院", "Clinic"))
MISAKI = Recipient("relative:m", RecipientType.RELATIVE, Words("美咲", "美咲"), since=AT)
STORING = Cell(Purpose.QOLMS_STORE, Kind.STEPS, QOLMS)
GUIDING = Cell(Purpose.HEALTH_GUIDANCE, Kind.STEPS, CLINIC.id)
WATCHING = Cell(Purpose.FAMILY_WATCH, Kind.STEPS, MISAKI.id)


def known(
    cells: dict[Cell, State], *others: Recipient, frozen: str = "", language: Language = Language.EN, acted: str = ""
) -> Known:
    stored = {cell.key: CellState(state, AT, 1, 1, NOTICE.contents.version) for cell, state in cells.items()}
    everybody = {one.id: one for one in (SERVICE, *others)}
    return Known(
        stands=stands(Consents(1, stored, frozen), NOTICE, everybody.values(), AT),
        notice=NOTICE,
        notices=PUBLISHED,
        recipients=everybody,
        language=language,
        at=AT,
        acted=acted,
    )


def test_who_is_asked_about_newer_words_can_leave_it_as_it_was():
    stored = {STORING.key: CellState(State.GIVEN, AT, 1, 1, EARLIER.contents.version)}
    seen = known({STORING: State.GIVEN})._replace(stands=stands(Consents(1, stored), NOTICE, [SERVICE], AT))
    [card] = cards(seen, Purpose.QOLMS_STORE)
    [alert] = card.alerts
    assert "an earlier notice (1 January 2020)" in alert.text
    assert "the present notice (1 October 2026)" in alert.text
    assert (alert.do, alert.leave) == ("give|qolms_store|steps|qolms", "refuse|qolms_store|steps|qolms")
    page = cells_page(shown(seen)).html
    assert 'value="refuse|qolms_store|steps|qolms"' in page
    assert "Leave it as it was" in page
    declined = {STORING.key: msgspec.structs.replace(stored[STORING.key], declined=NOTICE.contents.version)}
    left = known({STORING: State.GIVEN})._replace(stands=stands(Consents(2, declined), NOTICE, [SERVICE], AT))
    assert cards(left, Purpose.QOLMS_STORE)[0].alerts == []


def shown(known: Known, view: View = View.CELLS) -> Shown:
    return Shown(known, view, Ticket("hana", AT, AT + dt.timedelta(minutes=15), "ticket"))


def cards(known: Known, purpose: Purpose) -> list[Card]:
    return next(section.cards for section in sections(known) if section.code == purpose)


def test_who_sees_what_and_why_is_told_in_the_order_of_the_notice():
    found = sights(known({WATCHING: State.GIVEN, GUIDING: State.RECONFIRMED, STORING: State.GIVEN}, CLINIC, MISAKI))
    assert [(one.name, one.kinds, one.why) for one in found] == [
        ("QOLMS service", "Steps", "Sending to and storing at QOLMS"),
        ("Clinic", "Steps", "Health guidance by a medical institution"),
        ("美咲", "Steps", "Family watching over"),
    ]


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.REFUSED, State.REQUESTED, State.EXPIRED, State.ERASED])
def test_whoever_has_nothing_sees_nothing(state: State):
    assert sights(known({WATCHING: state}, MISAKI)) == []


def test_under_a_freeze_nobody_sees_anything_and_nothing_can_be_given():
    frozen = known({STORING: State.GIVEN}, frozen="request")
    assert sights(frozen) == []
    [card] = cards(frozen, Purpose.QOLMS_STORE)
    assert [(row.name, row.control) for row in card.rows] == [("Steps", "switch")]
    assert "All handling of your data is suspended" in cells_page(shown(frozen)).html


def test_who_left_sees_nothing_and_can_still_be_withdrawn_from():
    left = CLINIC._replace(active=False)
    there = known({GUIDING: State.GIVEN}, left)
    assert sights(there) == []
    [card] = cards(there, Purpose.HEALTH_GUIDANCE)
    assert "Nothing is provided to this recipient" in card.note
    assert [row.do for row in card.rows] == ["withdraw|health_guidance|steps|institution:a"]


@pytest.mark.parametrize(("cell", "who"), [(GUIDING, CLINIC), (WATCHING, MISAKI)])
def test_who_left_and_has_nothing_is_left_to_the_history(cell: Cell, who: Recipient):
    over = {cell: State.WITHDRAWN}
    left = who._replace(active=False)
    assert cards(known(over, left), cell.purpose) == []
    assert len(cards(known(over, who), cell.purpose)) == 1
    just_now = f"card-{cell.purpose}-{who.id.replace(':', '-')}"
    assert len(cards(known(over, left, acted=just_now), cell.purpose)) == 1


@pytest.mark.parametrize(("hours", "note"), [(1, "They have not accepted yet"), (0, "The invitation ran out")])
def test_of_an_invitation_only_what_was_asked_for_is_shown_and_whether_it_can_be_answered(hours: int, note: str):
    invited = MISAKI._replace(active=False, answers_by=AT + dt.timedelta(hours=hours))
    [card] = cards(known({WATCHING: State.REQUESTED}, invited), Purpose.FAMILY_WATCH)
    assert card.note.startswith(note)
    assert card.about == "Invited on 23 November 2026"
    assert [(row.control, row.state) for row in card.rows] == [
        ("cancel", "Waiting for an answer" if hours else "Ended by time")
    ]
    assert card.tally == ("Waiting for an answer: Steps" if hours else "Nothing is consented to")


@pytest.mark.parametrize(
    ("cells", "everything"),
    [
        ({STORING: State.WITHDRAWN}, "erase|"),
        ({STORING: State.WITHDRAWN, GUIDING: State.GIVEN}, ""),
        ({STORING: State.WITHDRAWN, Cell(Purpose.QOLMS_STORE, Kind.SLEEP, QOLMS): State.ERASING}, ""),
    ],
)
def test_everything_can_be_erased_where_nothing_is_given_and_nothing_being_erased(
    cells: dict[Cell, State], everything: str
):
    html = erase_page(shown(known(cells, CLINIC), View.ERASE)).html
    assert 'value="erase|steps"' in html
    assert ('value="erase|"' in html) == bool(everything)


def test_where_nothing_can_be_erased_the_page_says_so():
    html = erase_page(shown(known({STORING: State.GIVEN}), View.ERASE)).html
    assert "There is nothing to erase at present." in html
    assert "erase|" not in html


@pytest.mark.parametrize(
    ("language", "words"), [(Language.JA, "いまは署名できません"), (Language.EN, "cannot be signed")]
)
def test_a_receipt_that_cannot_be_signed_now_is_shown_all_the_same(language: Language, words: str):
    said = Said(at=AT, method=Method.PAGE, notice=NOTICE.ref)
    _, events = record(Consents(), Tail(), [Entry(STORING, State.GIVEN)], said)
    html = receipt_page(shown(known({STORING: State.GIVEN}, language=language), View.RECEIPT), events, None).html
    assert words in html
    assert events[0].hash in html
    assert 'id="jws"' not in html


@pytest.mark.parametrize(
    ("state", "told"),
    [(State.GIVEN, True), (State.REQUESTED, True), (State.WITHDRAWN, False), (State.ERASING, False)],
)
def test_only_what_gives_is_told_to_be_withdrawable(state: State, told: bool):
    said = Said(at=AT, method=Method.PAGE, notice=NOTICE.ref)
    _, events = record(Consents(), Tail(), [Entry(STORING, state)], said)
    html = receipt_page(shown(known({STORING: state}), View.RECEIPT), events, "j.w.s").html
    assert ("Can be withdrawn at any time" in html) == told


@pytest.mark.parametrize(("method", "told"), [(Method.PAGE, True), (Method.SYSTEM, False)])
def test_a_language_is_told_only_where_somebody_read_something(method: Method, told: bool):
    said = Said(at=AT, method=method, notice=NOTICE.ref)
    _, events = record(Consents(), Tail(), [Entry(STORING, State.ERASED)], said)
    html = receipt_page(shown(known({STORING: State.ERASED}), View.RECEIPT), events, "j.w.s").html
    assert ("Language shown" in html) == told
