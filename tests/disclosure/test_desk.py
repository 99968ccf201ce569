"""Cases at the desk, from the first call to the last paper, on real stores."""

import asyncio
import datetime as dt

import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.documents import Documents
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import Ground, Outcome, RequestType, Stage, Step, Way
from shared.disclosure.model import Scope
from shared.errors import Conflict, Fault, NotPermitted
from tests.disclosure.counter import DECIDER, SECOND, WINDOW, YAMADA, Counter

DISCLOSE, ERASE, PURPOSE = RequestType.DISCLOSE, RequestType.ERASE, RequestType.PURPOSE


@pytest.fixture
def counter(documents: Documents) -> Counter:
    return Counter(documents)


async def test_a_call_becomes_a_case_with_a_number(counter: Counter):
    case = await counter.call(DISCLOSE, ERASE)
    assert case.file.case.stage is Stage.CONTACTED
    assert case.file.case.number.startswith("KG-")
    assert [item.type for item in case.file.case.items.values()] == [DISCLOSE, ERASE]
    found = await counter.cases.numbered(case.file.case.number)
    assert found is not None
    assert found.id == case.id


async def test_nothing_about_the_person_can_be_read_in_the_document(counter: Counter):
    case = await counter.call(DISCLOSE)
    found = await counter.documents.get(f"cases/{case.id}")
    assert found is not None
    assert YAMADA.name not in str(found.data)
    assert YAMADA.phone not in str(found.data)
    assert case.file.private.person == YAMADA


async def test_the_same_call_sent_twice_is_one_case(counter: Counter):
    first = await counter.call(DISCLOSE, name="aaaaaaaaaaaaaaaaaaaaaaaaaa")
    second = await counter.call(DISCLOSE, name="aaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert (second.id, second.file.case.number) == (first.id, first.file.case.number)


async def test_a_request_goes_from_the_call_to_the_answer(counter: Counter):
    case = await counter.returned(await counter.call(DISCLOSE))
    assert case.file.case.due_on == dt.date(2026, 12, 11)
    case = await counter.collected(await counter.verified(case, account="hanako"))
    case = await counter.do(case, a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
    case = await counter.do(case, auto.BeginExecuting(item="1"))
    case = await counter.do(case, auto.TaskDone(item="1", task="package", proof="sha256:1", count=3))
    assert case.file.case.items["1"].step is Step.NOTIFYING
    today = counter.desk.moment().today
    case = await counter.do(case, a.RegisterDelivery(items=("1",), on=today, proof="receipt"), WINDOW)
    assert (case.file.case.stage, case.file.case.closed_on) == (Stage.ANSWERED, today)
    assert case.file.case.destroy_on == dt.date(2027, 11, 27)
    entries = await stream_entries(counter.documents, f"case.{case.id}")
    assert first_break(entries) is None
    assert [entry.action for entry in entries][-2:] == ["case.task_done", "case.register_delivery"]


async def test_of_two_deciders_at_once_one_wins_and_the_other_sees_a_conflict(counter: Counter):
    case = await counter.collected(await counter.verified(await counter.returned(await counter.call(PURPOSE))))
    full = a.Decide(item="1", outcome=Outcome.FULL)
    refused = a.Decide(item="1", outcome=Outcome.REFUSED, ground=Ground.PURPOSE_KNOWN, reason="公表済みです。")
    outcomes = await asyncio.gather(
        counter.do(case, full, DECIDER), counter.do(case, refused, SECOND), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["Conflict", "Opened"]


async def test_whoever_verified_cannot_decide(counter: Counter):
    case = await counter.returned(await counter.call(PURPOSE))
    case = await counter.do(case, a.BeginVerification(), SECOND)
    case = await counter.do(case, a.AddProof(document=counter.licence()), SECOND)
    case = await counter.do(case, a.Verify(), SECOND)
    with pytest.raises(NotPermitted, match="verifier_decides"):
        await counter.do(case, a.FixScope(item="1", scope=Scope()), SECOND)


async def test_a_missing_fee_holds_up_its_own_item_alone(counter: Counter):
    case = await counter.returned(await counter.call(DISCLOSE, ERASE), stamps_yen=0)
    case = await counter.verified(case, account="hanako")
    case = await counter.collected(await counter.collected(case, "1"), "2")
    with pytest.raises(Conflict, match="fee_missing"):
        await counter.do(case, a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
    case = await counter.do(case, a.Decide(item="2", outcome=Outcome.FULL), DECIDER)
    case = await counter.do(case, a.RecordStamps(received=1000), WINDOW)
    case = await counter.do(case, a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
    assert {item.step for item in case.file.case.items.values()} == {Step.DECIDED}


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (a.Decide(item="1", outcome=Outcome.REFUSED), "reason_missing"),
        (a.Decide(item="1", outcome=Outcome.REFUSED, reason="理由"), "reason_missing"),
        (a.Decide(item="1", outcome=Outcome.PARTIAL, ground=Ground.HARM), "reason_missing"),
        (a.Decide(item="1", outcome=Outcome.REFUSED, ground=Ground.OPINION, reason="理由"), "ground_unfit"),
        (a.Decide(item="1", outcome=Outcome.FULL, ground=Ground.HARM, reason="理由"), "ground_unfit"),
    ],
)
async def test_a_refusal_takes_a_ground_of_the_law_and_a_reason(counter: Counter, act: a.Decide, code: str):
    case = await counter.collected(await counter.verified(await counter.returned(await counter.call(DISCLOSE))))
    with pytest.raises(Fault, match=code):
        await counter.do(case, act, DECIDER)


async def test_what_asks_for_an_end_freezes_from_the_verification_on(counter: Counter):
    case = await counter.verified(await counter.returned(await counter.call(ERASE)), account="hanako")
    assert [job.name for job in case.file.case.jobs if job.name == "freeze"] == ["freeze"]
    assert {"case": case.id} in counter.tasks.payloads


async def test_data_found_in_paper_is_for_the_window_to_post(counter: Counter):
    case = await counter.call(DISCLOSE)
    case = await counter.do(case, a.SendForm(way=Way.PAPER), WINDOW)
    case = await counter.do(case, auto.LetterSet(letter="l1", papers=("0" * 64,)))
    case = await counter.do(case, a.Posted(letter="l1", on=counter.desk.moment().today, tracking="123"), WINDOW)
    assert case.file.case.letters["l1"].tracking == "123"
    with pytest.raises(Conflict, match="case_moved_on"):
        await counter.do(case, a.Posted(letter="l1", on=counter.desk.moment().today), WINDOW)


async def test_what_is_open_is_listed_the_most_urgent_first_and_what_is_over_is_not(counter: Counter):
    first = await counter.returned(await counter.call(DISCLOSE))
    second = await counter.call(ERASE)
    over = await counter.do(await counter.call(PURPOSE), a.Withdraw(), WINDOW)
    listed = [one.id for one in await counter.cases.open_page(stage=None, after="", limit=10)]
    assert listed == [second.id, first.id]
    assert over.id not in listed
    received = await counter.cases.open_page(stage=Stage.RECEIVED, after="", limit=10)
    assert [one.id for one in received] == [first.id]
    behind = await counter.cases.open_page(stage=None, after=second.id, limit=10)
    assert [one.id for one in behind] == [first.id]
