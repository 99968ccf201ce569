"""What cases do to consents: provisional freezes of one person's several cases, holds, and jobs that cannot be done."""

import datetime as dt
from functools import partial
from typing import Any

import pytest

from shared.cloud.documents import settle
from shared.cloud.sqlite import SqliteDocuments
from shared.consent.ledger import Entry, Said
from shared.consent.model import Method, State
from shared.consent.ports import Followed
from shared.consent.recording import Recorder
from shared.consent.store import ConsentStore
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import Outcome, RequestType, Step
from shared.disclosure.effects import Effects
from shared.disclosure.model import Job
from shared.disclosure.service import Opened
from shared.errors import Conflict, Refused
from shared.policy.notices import notices
from tests.disclosure.counter import DECIDER, MANAGER, WINDOW, Counter
from tests.disclosure.test_working import Scripted, working

FREEZE, THAW = Job(name="freeze"), Job(name="thaw")


class NobodyFollows:
    """What follows a decision where nothing is connected."""

    async def following(self, uid: str, consents: object) -> Followed:
        return Followed([], [])


class Unasked:
    """No erasure was asked for, and none may be."""

    async def of(self, uid: str) -> list[Any]:
        return []

    async def request(self, *arguments: object, **more: object) -> None:
        raise AssertionError("erased")


class Place:
    """A desk, and what cases do to consents."""

    def __init__(self, documents: SqliteDocuments) -> None:
        self.counter = Counter(documents)
        self.ledger = ConsentStore(documents)
        erasing: Any = Unasked()
        self.effects = Effects(
            cases=self.counter.cases,
            recorder=Recorder(self.ledger, NobodyFollows(), partial(settle, documents)),
            erasing=erasing,
            erasures=erasing,
            notices=notices(),
            clock=self.counter.clock,
        )

    async def asked(self, type_: RequestType = RequestType.ERASE) -> Opened:
        """Hana asks for an end, and is proven; nothing is done about it yet."""
        case = await self.counter.returned(await self.counter.call(type_))
        return await self.counter.verified(case, account="hana")

    async def run(self, case: Opened) -> Opened:
        working_ = working(self.counter, freeze=self.effects.freeze, thaw=self.effects.thaw)
        await working_.run(case.id)
        return await self.counter.desk.read(case.id)

    async def withdrawn(self, case: Opened) -> Opened:
        case = await self.counter.desk.read(case.id)
        return await self.run(await self.counter.do(case, a.Withdraw(), WINDOW))

    async def frozen(self) -> str:
        return (await self.ledger.consents("hana")).frozen


@pytest.fixture
def place(sqlite_documents: SqliteDocuments) -> Place:
    return Place(sqlite_documents)


def reason(case: Opened) -> str:
    return f"request.{case.file.case.number}"


@pytest.mark.parametrize("first", [0, 1])
async def test_of_two_cases_that_freeze_the_one_that_ends_first_takes_nothing_from_the_other(place: Place, first: int):
    cases = [await place.run(await place.asked()), await place.run(await place.asked(RequestType.CEASE))]
    assert await place.frozen() == reason(cases[1])
    ended = await place.withdrawn(cases[first])
    assert not ended.file.case.frozen
    assert await place.frozen() == reason(cases[1 - first])
    await place.withdrawn(cases[1 - first])
    assert await place.frozen() == ""


async def test_a_case_that_freezes_nothing_inherits_no_freeze(place: Place):
    case = await place.run(await place.asked())
    await place.run(await place.asked(RequestType.PURPOSE))
    await place.withdrawn(case)
    assert await place.frozen() == ""


async def test_a_case_leaves_a_freeze_alone_that_is_none_of_any_case(place: Place):
    case = await place.asked()
    at = place.counter.clock.now()
    said = Said(at=at, method=Method.STAFF, notice=notices().in_force(at).ref)
    await place.effects.recorder.record("hana", lambda _: [Entry(None, State.FROZEN, reason="deceased")], said)
    case = await place.run(case)
    assert await place.frozen() == "deceased"
    await place.withdrawn(case)
    assert await place.frozen() == "deceased"


async def test_whoever_was_slow_freezes_nothing_anew(place: Place):
    slow = await place.asked()
    case = await place.withdrawn(await place.run(slow))
    with pytest.raises(Conflict):
        await place.effects.freeze(slow, FREEZE)
    assert await place.frozen() == ""
    assert case.file.case.jobs == ()


async def test_a_hold_on_another_case_of_the_person_s_keeps_data_from_being_erased(place: Place):
    counter = place.counter
    case = await counter.collected(await place.run(await place.asked()))
    case = await counter.do(case, a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
    case = await counter.do(case, auto.BeginExecuting(item="1"))
    other = await counter.do(await place.asked(RequestType.PURPOSE), a.PlaceHold(reason="訴訟"), MANAGER)
    with pytest.raises(Refused, match="held"):
        await place.effects.erase(case, "1")
    await counter.do(other, a.LiftHold(), MANAGER)
    with pytest.raises(AssertionError, match="erased"):
        await place.effects.erase(case, "1")


async def test_what_a_hold_keeps_from_being_done_is_put_off_and_holds_up_nothing_else(place: Place):
    counter = place.counter
    case = await place.asked()
    case = await counter.do(case, a.FixScope(item="1", scope=case.file.case.items["1"].scope), DECIDER)
    case = await place.run(case)
    case = await counter.do(case, a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
    case = await counter.do(case, a.PlaceHold(reason="訴訟"), MANAGER)
    to = counter.desk.moment().today + dt.timedelta(days=30)
    case = await counter.do(case, a.Extend(to=to, reason="訴訟"), DECIDER)
    case = await place.run(case)
    [job] = case.file.case.jobs
    assert (job.name, job.attempt) == ("carry_out", 1)
    assert all(letter.papers for letter in case.file.case.letters.values())
    case = await counter.do(case, a.LiftHold(), MANAGER)
    counter.clock.advance(dt.timedelta(hours=7))
    assert (await place.run(case)).file.case.items["1"].step is Step.NOTIFYING


async def test_a_rule_s_conflict_is_put_off_and_a_race_is_left_to_the_queue(place: Place):
    counter = place.counter
    case = await counter.do(await counter.call(RequestType.PURPOSE), a.SendForm(), WINDOW)
    await working(counter, letter=Scripted(Conflict("case_moved_on")).letter).run(case.id)
    [job] = (await counter.desk.read(case.id)).file.case.jobs
    assert job.attempt == 1

    async def raced(case: Opened, job: Job) -> Any:
        await counter.desk.do(case.id, a.Note(text="x"), WINDOW)
        raise Conflict("case_moved_on")

    counter.clock.advance(dt.timedelta(hours=7))
    with pytest.raises(Conflict):
        await working(counter, letter=raced).run(case.id)
    [job] = (await counter.desk.read(case.id)).file.case.jobs
    assert job.attempt == 1


async def test_looking_at_a_case_that_waits_leaves_no_trace(place: Place):
    counter = place.counter
    case = await counter.do(await counter.call(RequestType.PURPOSE), a.SendForm(), WINDOW)
    await working(counter, letter=Scripted(Conflict("case_moved_on")).letter).run(case.id)
    before = await counter.desk.read(case.id)
    for _ in range(3):
        counter.clock.advance(dt.timedelta(seconds=5))
        assert await working(counter).run(case.id) == "nothing_to_do"
    assert (await counter.desk.read(case.id)).version == before.version
