"""What the system does about cases by itself."""

import datetime as dt
from collections.abc import Mapping

import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.carrying_out import CarryingOut
from shared.disclosure.codes import Outcome, RequestType, Stage, Step
from shared.disclosure.days import begins_at
from shared.disclosure.model import Job
from shared.disclosure.service import Opened
from shared.disclosure.working import STUCK_AFTER, Done, NotYet, Worker, Working
from shared.errors import Unavailable
from tests.disclosure.counter import DECIDER, WINDOW, Counter


@pytest.fixture
def counter(sqlite_documents: SqliteDocuments) -> Counter:
    return Counter(sqlite_documents)


class Scripted:
    """A worker or task that does as it is told: fails, waits, or is done."""

    def __init__(self, *outcomes: Exception | NotYet | None) -> None:
        self.outcomes, self.times = list(outcomes), 0

    def _next(self) -> NotYet | None:
        self.times += 1
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def job(self, case: Opened, job: Job) -> Done | NotYet:
        return self._next() or Done(auto.JobDone(name=job.name, item=job.item))

    async def letter(self, case: Opened, job: Job) -> Done | NotYet:
        return self._next() or Done(auto.LetterSet(letter=job.item, papers=("0" * 64,)))

    async def task(self, case: Opened, item: str) -> Done | NotYet:
        name = case.file.case.items[item].tasks[0]
        return self._next() or Done(auto.TaskDone(item=item, task=name, proof="p"))


def working(counter: Counter, **more: Worker) -> Working:
    fine = Scripted()
    tasks = dict.fromkeys(("withdraw", "erase", "package", "purposes", "records", "correct"), fine.task)
    carrying = CarryingOut(tasks=tasks)
    workers: Mapping[str, Worker] = {
        **dict.fromkeys(("freeze", "thaw", "remind"), fine.job),
        "letter": fine.letter,
        "collect": carrying.collect,
        "carry_out": carrying.carry_out,
        **more,
    }
    return Working(desk=counter.desk, clock=counter.clock, workers=workers, post=counter.outbox())


async def test_a_decision_is_carried_out_to_where_the_answer_waits_to_be_posted(counter: Counter):
    case = await counter.verified(await counter.returned(await counter.call(RequestType.ERASE)), account="hanako")
    case = await counter.do(case, a.FixScope(item="1", scope=case.file.case.items["1"].scope), DECIDER)
    await working(counter).run(case.id)
    case = await counter.do(await counter.desk.read(case.id), a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
    assert await working(counter).run(case.id) == "done"
    case = await counter.desk.read(case.id)
    item = case.file.case.items["1"]
    assert item.step is Step.NOTIFYING
    assert [one.task for one in item.evidence] == ["withdraw", "erase"]
    assert case.file.case.jobs == ()
    assert not case.file.case.frozen


async def test_what_fails_is_tried_again_ever_more_rarely_and_then_told_to_a_person(
    counter: Counter, capsys: pytest.CaptureFixture[str]
):
    letter = Scripted(*(Unavailable("store_unavailable") for _ in range(STUCK_AFTER)))
    case = await counter.do(await counter.call(RequestType.DISCLOSE), a.SendForm(), WINDOW)
    waits = []
    for _ in range(STUCK_AFTER):
        await working(counter, letter=letter.letter).run(case.id)
        [job] = (await counter.desk.read(case.id)).file.case.jobs
        assert job.not_before is not None
        waits.append(job.not_before - counter.clock.now())
        counter.clock.set(job.not_before)
    assert waits == sorted(waits)
    assert waits[0] < dt.timedelta(minutes=2)
    assert '"case.job_stuck"' in capsys.readouterr().err
    await working(counter, letter=letter.letter).run(case.id)
    assert (await counter.desk.read(case.id)).file.case.letters["l1"].papers


async def test_nothing_is_done_before_its_time(counter: Counter):
    until = counter.clock.now() + dt.timedelta(minutes=2)
    letter = Scripted(NotYet(until))
    case = await counter.do(await counter.call(RequestType.DISCLOSE), a.SendForm(), WINDOW)
    await working(counter, letter=letter.letter).run(case.id)
    await working(counter, letter=letter.letter).run(case.id)
    assert letter.times == 1
    [job] = (await counter.desk.read(case.id)).file.case.jobs
    assert (job.attempt, job.not_before, job.problem) == (0, until, "")


async def test_a_form_that_never_comes_back_lapses_with_a_letter(counter: Counter):
    case = await counter.do(await counter.call(RequestType.DISCLOSE), a.SendForm(), WINDOW)
    sent_on = case.file.case.form_sent_on
    assert sent_on is not None
    await working(counter).run(case.id)
    counter.clock.set(begins_at(sent_on + dt.timedelta(days=91)) - dt.timedelta(seconds=1))
    await working(counter).run(case.id)
    assert (await counter.desk.read(case.id)).file.case.stage is Stage.FORM_SENT
    counter.clock.advance(dt.timedelta(seconds=1))
    await working(counter).run(case.id)
    lapsed = (await counter.desk.read(case.id)).file.case
    assert lapsed.stage is Stage.LAPSED
    assert [letter.kind for letter in lapsed.letters.values()] == ["form", "lapsed"]


async def test_the_desk_is_reminded_on_days_7_10_and_13_once_each(counter: Counter):
    remind = Scripted()
    case = await counter.returned(await counter.call(RequestType.DISCLOSE))
    arrival = case.file.case.arrival
    assert arrival is not None
    told = {}
    for day in range(15):
        counter.clock.set(begins_at(arrival.on + dt.timedelta(days=day)) + dt.timedelta(hours=9))
        before = remind.times
        for _ in range(2):
            await working(counter, remind=remind.job).run(case.id)
        if remind.times > before:
            told[day] = remind.times - before
    assert told == {7: 1, 10: 1, 13: 1}


async def test_cases_are_woken_when_there_is_something_to_do_and_not_before(counter: Counter):
    case = await counter.returned(await counter.call(RequestType.DISCLOSE))
    await working(counter).run(case.id)
    arrival = case.file.case.arrival
    assert arrival is not None
    day_7 = begins_at(arrival.on + dt.timedelta(days=7))
    assert [one.id for one in await counter.cases.due(day_7 - dt.timedelta(seconds=1), limit=10)] == []
    assert [one.id for one in await counter.cases.due(day_7, limit=10)] == [case.id]
