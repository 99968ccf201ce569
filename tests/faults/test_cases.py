"""A case from the call to its destruction, while everything fails that can: every transition and every job is struck at
each of its I/Os in every way, then gone on with. Nothing of it is lost, and nothing is done twice."""

import asyncio
import contextlib
import datetime as dt
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.blobs import Blobs
from shared.cloud.documents import Documents, Query, Write, settle
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.vault import KeyShredder
from shared.consent.model import State
from shared.consent.ports import Followed
from shared.consent.recording import Recorder
from shared.consent.store import ConsentStore
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.carrying_out import CarryingOut
from shared.disclosure.codes import Ground, Outcome, RequestType, Stage, Step
from shared.disclosure.destroying import CERTIFICATES, certificate_path
from shared.disclosure.effects import Effects
from shared.disclosure.file import SYSTEM, Actor
from shared.disclosure.model import Job
from shared.disclosure.service import Opened
from shared.disclosure.shelf import Shelf
from shared.disclosure.stored import key_name
from shared.disclosure.working import Done, Working
from shared.erasure.model import Erasure, Progress, StoredErasure
from shared.errors import Conflict, Fault, OutcomeUnknown, Unavailable
from shared.policy.notices import notices
from tests.disclosure.counter import DECIDER, SECOND, VERIFIER, WINDOW, Counter, form_of
from tests.faults.passage import MODES, KilledHere, Mode, Passage, Strike, Turns
from tests.mail.world import Process, Through

MOST_IOS = 60
Making = Callable[[Opened], a.Act]


class NobodyFollows:
    """What follows a decision where nothing is connected."""

    async def following(self, uid: str, consents: object) -> Followed:
        return Followed([], [])


class Erasures:
    """Erasures, each done at once; asking for one is an I/O like any other."""

    def __init__(self, real: Documents) -> None:
        self.real = real
        self.asked: list[StoredErasure] = []

    async def of(self, uid: str) -> list[StoredErasure]:
        return list(self.asked)

    async def request(self, uid: str, kinds: object, how: object, *, fences: Sequence[Write]) -> StoredErasure:
        await self.real.commit(fences)
        at = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
        value = Erasure(
            uid=uid, kinds=[], everything=True, state=Progress.DONE, requested_at=at, due_at=at, again_at=None
        )
        self.asked.append(StoredErasure(value, "1", f"erasures/e{len(self.asked)}"))
        return self.asked[-1]


class Office:
    """Whoever works on cases: a desk and a worker over a store, all of whose I/Os go through a passage."""

    def __init__(self, real: Documents, passage: Passage, erasures: Erasures, *, seed: int = 0) -> None:
        self.real, self.passage, self.erasures, self.process = real, passage, erasures, Process()
        self.longest = 0
        self.tried: set[str] = set()
        through: Any = Through(real, self.process, "store", passage)
        erasing: Any = Through(erasures, self.process, "store", passage)
        self.counter = counter = Counter(through, seed=seed)
        self.blobs = Blobs(through, counter.clock, counter.ids)
        self.shelf = Shelf(blobs=self.blobs, keys=counter.keys)
        self.shredder = KeyShredder(through, counter.clock)
        recorder = Recorder(ConsentStore(through), NobodyFollows(), partial(settle, through))
        acting = Effects(
            cases=counter.cases,
            recorder=recorder,
            erasing=erasing,
            erasures=erasing,
            notices=notices(),
            clock=counter.clock,
        )
        tasks = {"withdraw": acting.withdraw, "erase": acting.erase, "package": self._package}
        carrying = CarryingOut(tasks=tasks)
        workers: Any = {
            "letter": self._letter, "remind": self._remind, "freeze": acting.freeze, "thaw": acting.thaw,
            "collect": carrying.collect, "carry_out": carrying.carry_out, "destroy": self._destroy,
        }  # fmt: skip
        self.working = Working(
            desk=counter.desk, clock=counter.clock, workers=workers, post=counter.outbox(), most_jobs=1
        )

    async def _letter(self, case: Opened, job: Job) -> Done:
        put = await self.shelf.put(case.id, f"{job.item}.1", f"letter {job.item}".encode())
        return Done(auto.LetterSet(letter=job.item, papers=(put.blob.sha256,)), put.writes)

    async def _package(self, case: Opened, item: str) -> Done:
        put = await self.shelf.put(case.id, f"result.{item}.1", b"package")
        return Done(auto.TaskDone(item=item, task="package", proof=put.blob.sha256), put.writes)

    async def _remind(self, case: Opened, job: Job) -> Done:
        return Done(auto.JobDone(name="remind"))

    async def _destroy(self, case: Opened, job: Job) -> Done:
        """As `Destroying`, whose own crash points are tests/disclosure/test_destroying.py; without typesetting."""
        if not case.file.case.destroying:
            return Done(auto.BeginDestruction())
        name = key_name(case.id)
        await self.shredder.destroy(name, await self.shredder.generation(name))
        put = await self.blobs.write(certificate_path(case.id), b"pdf", await self.counter.keys.ensure(CERTIFICATES))
        return Done(auto.Destroyed(certificate=put.blob.sha256), put.writes)

    # -------------------------------------------------------------- one step, struck and gone on with

    async def act(self, case: Opened, make: Making, by: Actor) -> Opened:
        """Somebody does it, until it is done: whoever saw it fail looks again before they do it once more."""
        length = case.file.case.audit.length
        for _ in range(4):
            with contextlib.suppress(Unavailable, OutcomeUnknown, KilledHere, Conflict):
                doing = self.counter.desk.do(case.id, make(case), by, if_version=case.version)
                await self._struck(doing, f"act {length}")
            case = await self.counter.desk.read(case.id)
            if case.file.case.audit.length > length:
                assert case.file.case.audit.length == length + 1, "done twice"
                return case
        raise AssertionError("never done")

    async def work(self, case: Opened) -> Opened:
        """The system does one job after another, until none is left."""
        for _ in range(60):
            one, at = case.file.case, self.counter.clock.now()
            due = next((job for job in one.jobs if job.not_before is None or job.not_before <= at), None)
            item = one.items.get(due.item) if due and due.name == "carry_out" else None
            key = str(due and (due.name, due.item, item and (item.step, item.tasks), one.destroying))
            with contextlib.suppress(Unavailable, OutcomeUnknown, KilledHere, Conflict):
                await self._struck(self.working.run(case.id), key)
            case = await self.counter.desk.read(case.id)
            if not case.file.case.jobs:
                return case
            assert case.file.case.wake_at
            self.counter.clock.set(max(self.counter.clock.now(), case.file.case.wake_at))
        raise AssertionError(f"never done: {case.file.case.jobs}")

    async def _struck(self, doing: Any, step: str) -> None:
        """With the passage's strike, the first time that it is tried."""
        self.passage.trace.clear()
        self.passage.strike = None if step in self.tried else self.strike
        self.tried.add(step)
        self.passage._outage = None
        try:
            await doing
        finally:
            self.longest = max(self.longest, len(self.passage.trace))
            self.passage.strike, self.process.dead = None, False
            self.passage._outage = None

    strike: Strike | None = None


async def story(office: Office) -> Opened:
    """A call, a form, papers, a freeze; one decision with a second signature, one refusal, an erasure; answers; a
    year; two signatures."""
    counter = office.counter
    case = await counter.call(RequestType.DISCLOSE, RequestType.ERASE, RequestType.CEASE)
    case = await office.work(await office.act(case, lambda _: a.SendForm(), WINDOW))
    arrival = a.RegisterArrival(number=case.file.case.number, on=counter.desk.moment().today, stamps_yen=1000)
    case = await office.act(case, lambda _: arrival, WINDOW)
    form = form_of(case)
    case = await office.act(case, lambda _: a.EnterForm(first=form, second=form), WINDOW)
    case = await office.act(case, lambda _: a.BeginVerification(), VERIFIER)
    case = await office.act(case, lambda _: a.AddProof(document=counter.licence()), VERIFIER)
    match = a.MatchAccount(account="hanako", subject="subject of hanako")
    case = await office.act(case, lambda _: match, VERIFIER)
    case = await office.work(await office.act(case, lambda _: a.Verify(), VERIFIER))
    assert case.file.case.frozen
    for item in ("1", "2", "3"):
        scope = case.file.case.items[item].scope
        fix = a.FixScope(item=item, scope=scope)
        case = await office.act(case, lambda _, fix=fix: fix, DECIDER)  # type: ignore[misc]
    case = await office.work(case)
    refuse = a.Decide(item="3", outcome=Outcome.REFUSED, ground=Ground.NO_VIOLATION, reason="理由")
    for act in (a.Decide(item="1", outcome=Outcome.FULL), a.Decide(item="2", outcome=Outcome.FULL), refuse):
        case = await office.act(case, lambda _, act=act: act, DECIDER)  # type: ignore[misc]
    case = await office.work(case)
    assert {one.step for one in case.file.case.items.values()} == {Step.NOTIFYING}
    assert not case.file.case.frozen
    deliver = a.RegisterDelivery(items=("1", "2", "3"), on=counter.desk.moment().today, proof="書留")
    case = await office.work(await office.act(case, lambda _: deliver, WINDOW))
    assert case.file.case.stage is Stage.ANSWERED
    for days in (31, 340):
        counter.clock.advance(dt.timedelta(days=days))
        with contextlib.suppress(Unavailable, OutcomeUnknown, KilledHere, Conflict):
            await office._struck(office.working.run(case.id), f"time {days}")
        with contextlib.suppress(Unavailable):
            await office.working.run(case.id)
        case = await office.work(await counter.desk.read(case.id))
    for by in (WINDOW, SECOND):
        case = await office.act(case, lambda _: a.SignDestruction(), by)
    return await office.work(case)


async def told(office: Office, case: Opened) -> list[tuple[str, str, object]]:
    """What was done, by whom, in which order, but for attempts that were put off."""
    entries = await stream_entries(office.real, f"case.{case.id}")
    assert first_break(entries) is None
    assert len(entries) == case.file.case.audit.length
    left_out = ("case.job_delayed", "case.tick")
    return [(one.action, one.actor, one.facts.get("items")) for one in entries if one.action not in left_out]


async def everything_once(office: Office, case: Opened, clean: list[tuple[str, str, object]]) -> None:
    """As if nothing had happened."""
    assert case.file.case.stage is Stage.DESTROYED
    found = await told(office, case)
    # Two jobs that both fail may change places; each is done once all the same.
    assert sorted(map(str, found)) == sorted(map(str, clean)) or sorted(one[0] for one in found) == sorted(
        one[0] for one in clean
    )
    assert len(office.erasures.asked) == 1
    events = await ConsentStore(office.real).events("hanako")
    assert [one.state for one in events] == [State.FROZEN, State.THAWED]
    certificate = await Blobs(office.real, office.counter.clock, office.counter.ids).find(certificate_path(case.id))
    assert certificate is not None
    assert certificate.sha256 == case.file.case.certificate


@pytest.fixture
async def store() -> AsyncIterator[SqliteDocuments]:
    made = SqliteDocuments(":memory:")
    yield made
    await made.close()


async def clean_story(real: Documents) -> tuple[list[tuple[str, str, object]], int]:
    office = Office(real, Passage(), Erasures(real))
    case = await story(office)
    clean = await told(office, case)
    await everything_once(office, case, clean)
    return clean, office.longest


@pytest.mark.parametrize("mode", MODES)
async def test_wherever_a_step_of_a_case_goes_wrong_it_is_gone_on_with(store: SqliteDocuments, mode: Mode):
    clean, longest = await clean_story(store)
    assert 5 < longest < MOST_IOS
    for at in range(1, longest + 1):
        fresh = SqliteDocuments(":memory:")
        office = Office(fresh, Passage(), Erasures(fresh))
        office.strike = Strike(at, mode)
        try:
            await everything_once(office, await story(office), clean)
        except (AssertionError, Fault) as problem:
            raise AssertionError(f"I/O {at} {mode}: {problem!r}") from problem
        finally:
            await fresh.close()


@pytest.mark.parametrize(("mode", "at"), [("after", 5), ("dies", 6)])
async def test_on_firestore_too(firestore_emulator: str, mode: Mode, at: int):
    """Sampled, for time."""
    from shared.cloud.firestore import FirestoreDocuments
    from shared.ids import RandomIds

    assert firestore_emulator
    real = FirestoreDocuments(f"test-{RandomIds().ident()[:20]}")
    office = Office(real, Passage(), Erasures(real))
    office.strike = Strike(at, mode)
    case = await story(office)
    assert case.file.case.stage is Stage.DESTROYED
    assert len(office.erasures.asked) == 1
    assert first_break(await stream_entries(real, f"case.{case.id}")) is None
    await real.close()


async def test_two_workers_at_one_case_do_everything_once():
    """The second begins after each number of the first's I/Os, and is through before the first goes on."""
    for at in range(1, 40, 2):
        real, passage = SqliteDocuments(":memory:"), Passage()
        erasures = Erasures(real)
        one, two = Office(real, passage, erasures), Office(real, passage, erasures, seed=1)
        counter = one.counter
        case = await counter.verified(await counter.returned(await counter.call(RequestType.ERASE)), account="hanako")
        case = await counter.do(case, a.FixScope(item="1", scope=case.file.case.items["1"].scope), DECIDER)
        case = await counter.do(case, auto.Collected(item="1"), SYSTEM)
        case = await counter.do(case, a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
        two.counter.clock.set(counter.clock.now())
        turns = Turns(deque([(one.process, at), (two.process, None), (one.process, None)]))
        passage.turns = turns
        await asyncio.gather(*(_through(office, case, turns) for office in (one, two)))
        passage.turns = None
        case = await one.work(await counter.desk.read(case.id))
        assert case.file.case.items["1"].step is Step.NOTIFYING
        assert [proof.task for proof in case.file.case.items["1"].evidence] == ["withdraw", "erase"]
        assert len(erasures.asked) == 1, at
        assert len(await real.query(Query(f"cases/{case.id}/papers"))) == len(case.file.case.letters)
        events = await ConsentStore(real).events("hanako")
        assert [event.state for event in events] == [State.FROZEN, State.THAWED], at
        await real.close()


async def _through(office: Office, case: Opened, turns: Turns) -> None:
    office.working = Working(
        desk=office.working.desk, clock=office.working.clock, workers=office.working.workers, post=office.working.post
    )
    with contextlib.suppress(Unavailable, Conflict):
        await office.working.run(case.id)
    turns.over(office.process)


async def test_of_two_deciders_one_wins_however_their_work_is_woven():
    for at in range(1, 8):
        real, passage = SqliteDocuments(":memory:"), Passage()
        one, two = Office(real, passage, Erasures(real)), Office(real, passage, Erasures(real), seed=1)
        counter = one.counter
        case = await counter.verified(await counter.returned(await counter.call(RequestType.PURPOSE)))
        case = await counter.collected(case)
        two.counter.clock.set(counter.clock.now())
        turns = Turns(deque([(one.process, at), (two.process, None), (one.process, None)]))
        passage.turns = turns

        async def decided(office: Office, by: Actor, act: a.Act, case: Opened = case, turns: Turns = turns) -> object:
            try:
                return await office.counter.desk.do(case.id, act, by, if_version=case.version)
            except Conflict as conflict:
                return conflict
            finally:
                turns.over(office.process)

        refuse = a.Decide(item="1", outcome=Outcome.REFUSED, ground=Ground.PURPOSE_KNOWN, reason="公表済み")
        found = await asyncio.gather(
            decided(one, DECIDER, a.Decide(item="1", outcome=Outcome.FULL)), decided(two, SECOND, refuse)
        )
        assert sum(isinstance(each, Conflict) for each in found) == 1, at
        entries = await stream_entries(real, f"case.{case.id}")
        assert [entry.action for entry in entries].count("case.decide") == 1
        await real.close()
