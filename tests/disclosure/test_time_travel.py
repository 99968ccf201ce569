"""The days that cases live by, at Japan's midnight, over holidays, the turn of the year and 29 February."""

import datetime as dt

import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.disclosure import acts as a
from shared.disclosure.codes import Defect, RequestType, Stage
from shared.disclosure.days import begins_at
from shared.disclosure.service import Opened
from shared.errors import Conflict, InvalidInput
from tests.disclosure.counter import DECIDER, VERIFIER, WINDOW, Counter, form_of
from tests.disclosure.test_working import Scripted, working

DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)
ARRIVALS = [
    (dt.date(2026, 11, 24), dt.date(2026, 12, 8)),
    (dt.date(2026, 12, 18), dt.date(2027, 1, 1)),  # a holiday: the last day is not moved
    (dt.date(2026, 12, 31), dt.date(2027, 1, 14)),
    (dt.date(2027, 4, 24), dt.date(2027, 5, 8)),  # Golden Week lies between
    (dt.date(2028, 2, 15), dt.date(2028, 2, 29)),
    (dt.date(2028, 2, 29), dt.date(2028, 3, 14)),
    (dt.date(2027, 2, 15), dt.date(2027, 3, 1)),
]
"""When a form arrives, and the last day of the two weeks, read off a calendar."""
OVER = [
    (dt.date(2026, 11, 24), dt.date(2027, 11, 24)),
    (dt.date(2026, 12, 31), dt.date(2027, 12, 31)),
    (dt.date(2027, 2, 27), dt.date(2028, 2, 27)),
    (dt.date(2027, 2, 28), dt.date(2028, 2, 29)),
    (dt.date(2028, 2, 28), dt.date(2029, 2, 28)),
    (dt.date(2028, 2, 29), dt.date(2029, 2, 28)),
    (dt.date(2028, 3, 1), dt.date(2029, 3, 1)),
]
"""When a case ends, and the last day for which its papers are kept."""


def at_desk(documents: SqliteDocuments, on: dt.date) -> Counter:
    return Counter(documents, on)


def to(counter: Counter, on: dt.date, *, last_second: bool = False) -> None:
    """The first instant of that day in Japan; or its last second."""
    counter.clock.set(begins_at(on + DAY) - SECOND if last_second else begins_at(on))


async def arrived(counter: Counter, *types: RequestType) -> Opened:
    """A form that was sent today, and is back today."""
    case = await counter.do(await counter.call(*types), a.SendForm(), WINDOW)
    arrival = a.RegisterArrival(number=case.file.case.number, on=counter.desk.moment().today, stamps_yen=1000)
    case = await counter.do(case, arrival, WINDOW)
    return await counter.do(case, a.EnterForm(first=form_of(case), second=form_of(case)), WINDOW)


async def looked_at(counter: Counter, case: Opened, remind: Scripted | None = None) -> Opened:
    await working(counter, remind=(remind or Scripted()).job).run(case.id)
    return await counter.desk.read(case.id)


async def test_a_day_is_japan_s(sqlite_documents: SqliteDocuments):
    counter = at_desk(sqlite_documents, dt.date(2026, 12, 31))
    to(counter, dt.date(2026, 12, 31), last_second=True)
    assert counter.clock.now() == dt.datetime(2026, 12, 31, 14, 59, 59, tzinfo=dt.UTC)
    before = await arrived(counter, RequestType.PURPOSE)
    counter.clock.advance(SECOND)
    after = await arrived(counter, RequestType.PURPOSE)
    assert [one.file.case.due_on for one in (before, after)] == [dt.date(2027, 1, 14), dt.date(2027, 1, 15)]


@pytest.mark.parametrize(("on", "due_on"), ARRIVALS)
async def test_the_clock_of_two_weeks(sqlite_documents: SqliteDocuments, on: dt.date, due_on: dt.date):
    """Reminders on days 7, 10 and 13 at midnight, not a second earlier, and once; the law's day at the end."""
    counter, remind = at_desk(sqlite_documents, on), Scripted()
    case = await looked_at(counter, await arrived(counter, RequestType.PURPOSE), remind)
    assert case.file.case.due_on == due_on
    for number, day in enumerate((7, 10, 13)):
        to(counter, on + (day - 1) * DAY, last_second=True)
        await looked_at(counter, case, remind)
        assert remind.times == number
        counter.clock.advance(SECOND)
        [found] = await counter.cases.due(counter.clock.now(), limit=9)
        assert found.id == case.id
        await looked_at(counter, case, remind)
        await looked_at(counter, case, remind)
        assert remind.times == number + 1
    to(counter, due_on, last_second=True)
    extended = await counter.desk.do(case.id, a.Extend(to=due_on + DAY, reason="調査"), DECIDER)
    assert extended.file.case.due_on == due_on + DAY


@pytest.mark.parametrize(("on", "due_on"), ARRIVALS)
async def test_when_the_last_day_is_over_it_is_too_late_to_extend(
    sqlite_documents: SqliteDocuments, on: dt.date, due_on: dt.date
):
    counter = at_desk(sqlite_documents, on)
    case = await arrived(counter, RequestType.PURPOSE)
    to(counter, due_on + DAY)
    with pytest.raises(InvalidInput, match="date_unfit"):
        await counter.desk.do(case.id, a.Extend(to=due_on + 9 * DAY, reason="調査"), DECIDER)


@pytest.mark.parametrize("sent_on", [dt.date(2026, 10, 3), dt.date(2027, 12, 1), dt.date(2026, 11, 30)])
async def test_a_form_lapses_when_the_90th_day_is_over(sqlite_documents: SqliteDocuments, sent_on: dt.date):
    """On 1 January 2027, on 29 February 2028, and on the last day of a February without one."""
    counter = at_desk(sqlite_documents, sent_on)
    case = await counter.do(await counter.call(RequestType.PURPOSE), a.SendForm(), WINDOW)
    case = await looked_at(counter, case)
    to(counter, sent_on + 90 * DAY, last_second=True)
    assert (await looked_at(counter, case)).file.case.stage is Stage.FORM_SENT
    counter.clock.advance(SECOND)
    case = await looked_at(counter, case)
    assert (case.file.case.stage, case.file.case.closed_on) == (Stage.LAPSED, sent_on + 91 * DAY)


@pytest.mark.parametrize("told_on", [dt.date(2026, 12, 2), dt.date(2028, 1, 30)])
async def test_defects_lapse_when_the_30th_day_is_over(sqlite_documents: SqliteDocuments, told_on: dt.date):
    """On 1 January 2027, and on 29 February 2028."""
    counter = at_desk(sqlite_documents, told_on)
    case = await arrived(counter, RequestType.PURPOSE)
    case = await looked_at(counter, await counter.do(case, a.FindDefects(missing=(Defect.SIGNATURE,)), WINDOW))
    to(counter, told_on + 30 * DAY, last_second=True)
    assert (await looked_at(counter, case)).file.case.stage is Stage.DEFECT
    counter.clock.advance(SECOND)
    assert (await looked_at(counter, case)).file.case.stage is Stage.LAPSED


@pytest.mark.parametrize("closed_on", [dt.date(2026, 12, 2), dt.date(2028, 1, 30)])
async def test_an_unverified_case_can_be_reopened_to_the_end_of_the_30th_day(
    sqlite_documents: SqliteDocuments, closed_on: dt.date
):
    from shared.disclosure.identity import Way

    counter = at_desk(sqlite_documents, closed_on)
    case = await arrived(counter, RequestType.PURPOSE)
    case = await counter.do(case, a.BeginVerification(), VERIFIER)
    case = await counter.do(case, a.CloseUnverified(offered=(Way.APP, Way.MAIL_LINK)), VERIFIER)
    case = await looked_at(counter, case)
    to(counter, closed_on + 30 * DAY, last_second=True)
    case = await looked_at(counter, case)
    assert (await counter.do(case, a.Reopen(), VERIFIER)).file.case.stage is Stage.VERIFYING
    case = await counter.desk.read(case.id)
    case = await counter.do(case, a.CloseUnverified(offered=(Way.APP, Way.MAIL_LINK)), VERIFIER)
    to(counter, closed_on + 61 * DAY)
    with pytest.raises(Conflict, match="case_moved_on"):
        await counter.do(case, a.Reopen(), VERIFIER)


@pytest.mark.parametrize(("on", "kept_until"), OVER)
async def test_papers_are_kept_for_one_year_of_the_calendar(
    sqlite_documents: SqliteDocuments, on: dt.date, kept_until: dt.date
):
    counter = at_desk(sqlite_documents, on)
    case = await counter.do(await counter.call(RequestType.PURPOSE), a.Withdraw(), WINDOW)
    assert (case.file.case.closed_on, case.file.case.destroy_on) == (on, kept_until)
    case = await looked_at(counter, case)
    to(counter, on + 30 * DAY, last_second=True)
    assert (await looked_at(counter, case)).file.case.stage is Stage.WITHDRAWN
    counter.clock.advance(SECOND)
    case = await looked_at(counter, case)
    assert case.file.case.stage is Stage.RETAINED
    to(counter, kept_until, last_second=True)
    assert await counter.cases.papers_due(counter.desk.moment().today) == 0
    with pytest.raises(Conflict, match="not_due"):
        await counter.do(case, a.SignDestruction(), WINDOW)
    counter.clock.advance(SECOND)
    assert await counter.cases.papers_due(counter.desk.moment().today) == 1
    assert len((await counter.do(case, a.SignDestruction(), WINDOW)).file.case.signatures) == 1


@pytest.mark.parametrize(
    ("called_on", "by"),
    [
        (dt.date(2026, 12, 28), dt.date(2027, 1, 5)),  # the desk is closed from the 29th to the 3rd
        (dt.date(2026, 11, 20), dt.date(2026, 11, 25)),  # a weekend and 勤労感謝の日
        (dt.date(2028, 2, 28), dt.date(2028, 3, 1)),  # 29 February is a day of work
    ],
)
async def test_the_form_is_to_be_sent_within_two_business_days(
    sqlite_documents: SqliteDocuments, called_on: dt.date, by: dt.date
):
    case = await at_desk(sqlite_documents, called_on).call(RequestType.PURPOSE)
    assert case.file.case.sort_on == by
