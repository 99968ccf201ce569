"""What was found to be untrue is corrected here, stays so, and those who were handed it are known."""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
import pytest

from shared.audit.store import stream_entries
from shared.clock import ManualClock
from shared.cloud.blobs import Blobs
from shared.cloud.documents import Delete, Documents, Put, settle
from shared.cloud.identity import GoogleSubject
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.vault import WRAPPING_KEY, DataKeys
from shared.consent.gate import admit_self
from shared.consent.ledger import Entry, Said
from shared.consent.model import QOLMS, Cell, Consents, Method, State
from shared.consent.store import ConsentStore
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.carrying_out import CarryingOut
from shared.disclosure.codes import Ground, Outcome, RequestType, Step
from shared.disclosure.correcting import UNDER_WAY, Correcting
from shared.disclosure.corrections import Correction, ProfileFix
from shared.disclosure.deciding import BY_HAND
from shared.disclosure.destroying import places_of
from shared.disclosure.file import SYSTEM
from shared.disclosure.letters import Composer
from shared.disclosure.service import Desk, Opened
from shared.disclosure.shelf import Shelf
from shared.disclosure.store import CaseStore
from shared.disclosure.telling import told
from shared.disclosure.view import case_view
from shared.disclosure.working import Done, Worker, Working
from shared.errors import Conflict, InvalidInput, OutcomeUnknown
from shared.measurement.corrections import Does, PointFix
from shared.measurement.merge import Change, Window, merge
from shared.measurement.model import FIELDS, Points
from shared.measurement.store import MeasurementStore
from shared.papers.answers import DecisionNotice
from shared.policy.notices import notices
from shared.profile.blind import MATCH_KEY, BlindIndex, MatchKeys
from shared.profile.model import Address, Field
from shared.profile.service import Profiles
from shared.profile.store import ProfileStore
from shared.release.provisions import ProvisionStore
from shared.vocabulary import Kind, Language, Purpose
from tests.disclosure.counter import DECIDER, Counter
from tests.disclosure.test_working import Scripted
from tests.fakes import MemorySecrets, SeededIds, permit_to_store
from tests.release.desk import AT_NS, CLINICS, KG, ON
from tests.release.desk import Desk as Releases

RIGHT = 61.5
AT = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
SECRETS: Mapping[str, list[bytes]] = {WRAPPING_KEY: [b"w" * 32], MATCH_KEY: [b"m" * 32]}
WEIGHT = PointFix(kind=Kind.WEIGHT, does=Does.REPLACE, start=AT, values={"kg": RIGHT})


class Killed(Exception):
    """The process dies."""


class Dying:
    """A store before, or behind, whose call numbered `at` (from 0) the process dies."""

    def __init__(self, documents: Documents, at: int = -1, *, behind: bool = False) -> None:
        self._documents, self._at, self._behind, self.calls = documents, at, behind, 0

    def __getattr__(self, name: str) -> Any:
        async def through(*args: Any, **more: Any) -> Any:
            now, self.calls = self.calls, self.calls + 1
            if now == self._at and not self._behind:
                raise Killed
            answer = await getattr(self._documents, name)(*args, **more)
            if now == self._at:
                raise OutcomeUnknown("commit_unknown") if name == "commit" else Killed
            return answer

        return through


class Works:
    """A desk with people's data beside it, and everything that a correction touches."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.counter = Counter(documents)
        self.clock: ManualClock = self.counter.clock
        self.releases = Releases(documents, self.clock)
        self.office = self.releases.office

    def working(self, over: Documents | None = None) -> Working:
        documents, ids = over or self.documents, SeededIds(9)
        keys = DataKeys(documents, MemorySecrets({name: list(its) for name, its in SECRETS.items()}))
        commit = partial(settle, documents)
        blind = BlindIndex(documents, MatchKeys(MemorySecrets({MATCH_KEY: [b"m" * 32]})), ids)
        desk = Desk(
            cases=CaseStore(documents),
            keys=keys,
            commit=commit,
            queue=self.counter.tasks,
            notices=self.counter.desk.notices,
            clock=self.clock,
            ids=ids,
        )
        correcting = Correcting(
            shelf=Shelf(blobs=Blobs(documents, self.clock, self.counter.ids), keys=keys),
            profiles=Profiles(
                holdings=ProfileStore(documents, keys, blind, self.clock),
                consents=ConsentStore(documents),
                commit=commit,
                clock=self.clock,
                has_number=lambda text: False,
            ),
            days=MeasurementStore(documents, keys),
            keys=keys,
            ledger=ConsentStore(documents),
            provisions=ProvisionStore(documents),
            recipients=self.office.recipients,
            clock=self.clock,
            ids=ids,
        )
        fine = Scripted()
        carrying = CarryingOut(tasks={"correct": correcting.correct, "holders": correcting.holders})
        workers: Mapping[str, Worker] = {
            **dict.fromkeys(("freeze", "thaw", "remind"), fine.job),
            "letter": fine.letter,
            "collect": carrying.collect,
            "carry_out": carrying.carry_out,
        }
        self.profiles, self.shelf = correcting.profiles, correcting.shelf
        return Working(desk=desk, clock=self.clock, workers=workers, post=self.counter.outbox())

    async def hana(self) -> None:
        """She has a weight stored, and a profile."""
        await self.office.decide("hana", "give")
        await self.releases.weigh()
        self.working()
        await self.profiles.change("hana", {Field.NAME: "山田 花", Field.PHONE: "03-1234-5678"}, if_version=0)

    async def handed_on(self, *, points: bool = False) -> Any:
        """A clinic reads what it was given."""
        reader = await self.releases.readers.known(GoogleSubject(CLINICS.account_id))
        person = await self.releases.named(reader.institution)
        released = await self.releases.releasing.release(reader, person, self.releases.asking(points=points))
        return msgspec.json.decode(released.body)

    async def collected(self, *, account: str = "hana") -> Opened:
        counter = self.counter
        case = await counter.returned(await counter.call(RequestType.CORRECT))
        return await counter.collected(await counter.verified(case, account=account))

    async def decided(self, *points: PointFix, profile: tuple[ProfileFix, ...] = ()) -> Opened:
        """It is decided to correct this."""
        act = a.Decide(item="1", outcome=Outcome.FULL, correction=Correction(profile=profile, points=points))
        return await self.counter.do(await self.collected(), act, DECIDER)

    async def carried_out(self, case: Opened) -> Opened:
        """The system does it, and looks again when it said it would."""
        await self.working().run(case.id)
        self.clock.advance(UNDER_WAY)
        await self.working().run(case.id)
        return await self.counter.desk.read(case.id)

    async def kept(self, case: Opened) -> Any:
        """What was and what is, as it lies with the case."""
        self.working()
        return msgspec.json.decode(b"".join([piece async for piece in self.shelf.read(case.id, "corrected.1")]))

    async def weights(self) -> list[Any]:
        """What the app shows of the day."""
        own = admit_self("hana", Consents(), Kind.WEIGHT)
        page = await self.releases.measurements.points(own, AT.date(), AT.date(), "UTC")
        return [row.values["kg"] for row in page.points]

    async def read_again(self) -> None:
        """The source is read once more, and says that it changed the point last."""
        days, key, storing = (
            self.releases.days,
            await self.releases.keys.key("hana"),
            permit_to_store("hana", Kind.WEIGHT),
        )
        [stored] = await days.stored("a", key, [(storing, ON)])
        again = Points(Kind.WEIGHT, [AT_NS], [AT_NS], [2**40], ["raw:x"], [[KG]], [""])
        merged = merge(ON, stored.day, Change(again, whole=Window(AT_NS, AT_NS + 1)))
        await self.documents.commit([days.write(storing, "a", key, merged, stored.expect)])

    async def record(self, *states: State) -> None:
        """Hana's storing of weights comes to these."""
        cell = Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS)
        for state in states:
            said = Said(at=self.clock.now(), method=Method.APP, notice=self.office.notice)
            await self.office.recorder.record("hana", partial(_becomes, cell, state), said)


def _becomes(cell: Cell, state: State, standing: object) -> list[Entry]:
    return [Entry(cell, state)]


@pytest.fixture
def works(sqlite_documents: SqliteDocuments) -> Works:
    return Works(sqlite_documents)


async def test_a_wrong_weight_is_corrected_and_before_and_after_are_kept_with_the_case(works: Works):
    await works.hana()
    case = await works.carried_out(await works.decided(WEIGHT))
    item = case.file.case.items["1"]
    assert item.step is Step.NOTIFYING
    assert [(one.task, one.count) for one in item.evidence] == [("correct", 1), ("holders", 0)]
    assert await works.weights() == [RIGHT]
    kept = await works.kept(case)
    [touched] = kept["points"]["weight"]
    assert ([row[5] for row in touched["before"]], [row[5] for row in touched["after"]]) == ([KG], [RIGHT])
    blob = await works.shelf.blobs.find(f"cases/{case.id}/papers/corrected.1")
    assert blob is not None
    assert item.evidence[0].proof == blob.sha256
    await works.read_again()
    assert await works.weights() == [RIGHT], "and the source cannot bring the old one back"


async def test_nothing_outside_what_is_sealed_tells_the_values(works: Works):
    await works.hana()
    case = await works.carried_out(
        await works.decided(WEIGHT, profile=(ProfileFix(field=Field.NAME, text="山田 花子"),))
    )
    entries = await stream_entries(works.documents, f"case.{case.id}")
    found = await works.documents.get(f"cases/{case.id}")
    overlay = await works.documents.get("users/hana/corrections/weight")
    told = str([entries, found and found.data, overlay and overlay.data])
    assert overlay is not None
    assert all(text not in told for text in (str(KG), str(RIGHT), "山田"))
    assert any(entry.action == "case.task_done" and entry.facts.get("proof") for entry in entries)


async def test_a_field_of_the_profile_is_corrected_in_the_same_commit_and_says_by_whom(works: Works):
    await works.hana()
    fixes = (ProfileFix(field=Field.NAME, text="山田 花子"), ProfileFix(field=Field.PHONE))
    case = await works.carried_out(await works.decided(profile=fixes))
    held = await works.profiles.see("hana")
    assert held.profile.values() == {Field.NAME: "山田 花子"}
    kept = await works.kept(case)
    assert kept["profile_before"] == {"name": "山田 花", "phone": "03-1234-5678"}
    assert kept["profile_after"] == {"name": "山田 花子"}
    newest = (await works.profiles.changes("hana"))[0]
    assert (newest.actor, newest.fields) == (DECIDER.id, [Field.NAME, Field.PHONE])


async def test_recipients_who_were_handed_the_old_value_are_listed_and_no_others(works: Works):
    await works.hana()
    clinic = await works.releases.clinic()
    await works.office.guide("hana", "give", clinic)
    for points in (False, True):
        await works.handed_on(points=points)
    case = await works.decided(WEIGHT)
    await works.working().run(case.id)
    body = await works.handed_on(points=True)
    assert [row["values"]["kg"] for row in body["points"]] == [RIGHT], "corrected at once"
    case = await works.carried_out(case)
    [holder] = case.file.private.holders["1"]
    assert (holder.recipient, holder.kind, holder.times) == (clinic, Kind.WEIGHT, 3)
    assert holder.name is not None
    assert holder.contact
    [shown] = case_view(case, DECIDER, works.counter.desk.moment()).items
    assert shown.holders == (holder,)
    assert shown.correction == Correction(points=(WEIGHT,))
    elsewhere = PointFix(kind=Kind.WEIGHT, does=Does.ADD, start=AT - dt.timedelta(days=9), values={"kg": RIGHT})
    other = await works.carried_out(await works.decided(elsewhere))
    assert other.file.private.holders["1"] == ()


async def test_whoever_began_to_read_before_the_correction_is_waited_for(works: Works):
    await works.hana()
    clinic = await works.releases.clinic()
    await works.office.guide("hana", "give", clinic)
    case = await works.decided(WEIGHT)
    await works.working().run(case.id)
    works.clock.advance(UNDER_WAY - dt.timedelta(seconds=1))
    await works.working().run(case.id)
    waiting = (await works.counter.desk.read(case.id)).file.case
    assert waiting.items["1"].tasks == ("holders",)
    assert [job.attempt for job in waiting.jobs if job.name == "carry_out"] == [0]
    await works.handed_on()  # its record is the last that can tell the old value
    case = await works.carried_out(case)
    assert [one.recipient for one in case.file.private.holders["1"]] == [clinic]


async def test_undoing_is_a_new_correction(works: Works):
    await works.hana()
    await works.carried_out(await works.decided(WEIGHT))
    await works.carried_out(await works.decided(PointFix(kind=Kind.WEIGHT, does=Does.RESTORE, start=AT)))
    assert await works.weights() == [KG]


@pytest.mark.parametrize(
    "fix",
    [
        PointFix(kind=Kind.WEIGHT, does=Does.REMOVE, start=AT - dt.timedelta(hours=1)),
        PointFix(kind=Kind.STEPS, does=Does.REMOVE, start=AT),
    ],
    ids=["no such point", "nothing of the kind is stored"],
)
async def test_what_cannot_be_done_is_not_done_in_part_and_is_left_to_people(works: Works, fix: PointFix):
    await works.hana()
    profile = (ProfileFix(field=Field.NAME, text="山田 花子"),)
    case = await works.carried_out(await works.decided(WEIGHT, fix, profile=profile))
    assert case.file.case.items["1"].tasks == (BY_HAND,)
    assert any("correct: c" in note for note in case.file.private.notes)
    assert await works.weights() == [KG]
    assert (await works.profiles.see("hana")).profile.name == "山田 花"
    case = await works.counter.do(case, a.RecordEvidence(item="1", proof="台帳で訂正"), DECIDER)
    assert case.file.case.items["1"].step is Step.NOTIFYING


@pytest.mark.parametrize("states", [(State.WITHDRAWN, State.ERASING), (State.WITHDRAWN, State.ERASING, State.ERASED)])
async def test_what_was_erased_meanwhile_does_not_come_back_by_a_correction(works: Works, states: tuple[State, ...]):
    await works.hana()
    added = PointFix(kind=Kind.WEIGHT, does=Does.ADD, start=AT, values={"kg": RIGHT})
    case = await works.decided(added)
    await works.record(*states)
    case = await works.carried_out(case)
    assert case.file.case.items["1"].tasks == (BY_HAND,)
    assert await works.documents.get("users/hana/corrections/weight") is None


async def test_an_erasure_that_begins_while_it_is_corrected_is_before_it_or_behind(works: Works):
    """The commit expects the consents as they were: behind an erasure's beginning nothing is written."""
    await works.hana()
    case = await works.decided(WEIGHT)
    [job] = [one for one in case.file.case.jobs if one.name == "carry_out"]
    case = await works.counter.do(case, auto.BeginExecuting(item="1"))
    done = await works.working().workers["carry_out"](case, job)
    assert isinstance(done, Done)
    await works.record(State.ERASING)
    with pytest.raises(Conflict, match="case_moved_on"):
        await works.counter.desk.do(case.id, done.act, SYSTEM, along=done.along)
    assert await works.documents.get("users/hana/corrections/weight") is None


@pytest.mark.parametrize("behind", [False, True])
async def test_wherever_the_worker_dies_it_is_done_once_and_whole(works: Works, behind: bool):
    await works.hana()
    profile = (ProfileFix(field=Field.NAME, text="山田 花子"),)
    at, died = 0, True
    while died:
        await works.documents.commit([Delete("users/hana/corrections/weight")])
        held = await works.profiles.see("hana")
        await works.profiles.change("hana", {Field.NAME: "山田 花"}, if_version=held.number)
        case = await works.decided(WEIGHT, profile=profile)
        dying: Any = Dying(works.documents, at, behind=behind)
        died, at = False, at + 1
        try:
            await works.working(dying).run(case.id)
        except Killed:
            died = True
        died = died or dying.calls >= at
        case = await works.carried_out(case)
        assert [one.task for one in case.file.case.items["1"].evidence] == ["correct", "holders"]
        assert await works.weights() == [RIGHT]
        assert (await works.profiles.see("hana")).profile.name == "山田 花子"
        kept = await works.kept(case)
        assert [row[5] for row in kept["points"]["weight"][0]["before"]] == [KG], "what was is what was before it"
        assert kept["profile_before"] == {"name": "山田 花"}
    assert at > 10


async def test_for_who_is_not_in_this_system_people_do_it(works: Works):
    case = await works.collected(account="")
    wanted = Correction(points=(WEIGHT,))
    with pytest.raises(InvalidInput, match="correction_invalid"):
        await works.counter.do(case, a.Decide(item="1", outcome=Outcome.FULL, correction=wanted), DECIDER)
    case = await works.counter.do(case, a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
    await works.working().run(case.id)
    assert (await works.counter.desk.read(case.id)).file.case.items["1"].tasks == (BY_HAND,)


async def test_what_is_held_elsewhere_of_an_app_user_people_do_too(works: Works):
    await works.hana()
    case = await works.counter.do(await works.collected(), a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
    await works.working().run(case.id)
    assert (await works.counter.desk.read(case.id)).file.case.items["1"].tasks == (BY_HAND,)


@pytest.mark.parametrize(
    ("outcome", "correction"),
    [
        (Outcome.REFUSED, Correction(points=(WEIGHT,))),
        (Outcome.NOT_EXIST, Correction(points=(WEIGHT,))),
        (Outcome.FULL, Correction()),
        (Outcome.FULL, Correction(points=(WEIGHT,) * 51)),
        (Outcome.FULL, Correction(points=(msgspec.structs.replace(WEIGHT, values={"kg": 5_000}),))),
        (Outcome.FULL, Correction(profile=(ProfileFix(field=Field.NAME, text="a"),) * 2)),
        (Outcome.FULL, Correction(profile=(ProfileFix(field=Field.BIRTH_ON, text="平成2年"),))),
        (Outcome.FULL, Correction(profile=(ProfileFix(field=Field.ADDRESS, text="東京都"),))),
    ],
)
async def test_a_decision_cannot_be_saved_with_a_correction_that_cannot_be(
    works: Works, outcome: Outcome, correction: Correction
):
    case = await works.collected()
    ground = Ground.NOT_UNTRUE if outcome is Outcome.REFUSED else None
    act = a.Decide(item="1", outcome=outcome, ground=ground, reason="調査の結果", correction=correction)
    with pytest.raises(InvalidInput, match="correction_invalid"):
        await works.counter.do(case, act, DECIDER)


async def test_only_corrections_carry_one(works: Works):
    counter = works.counter
    case = await counter.verified(await counter.returned(await counter.call(RequestType.CEASE)), account="hana")
    case = await counter.collected(case)
    act = a.Decide(item="1", outcome=Outcome.FULL, correction=Correction(points=(WEIGHT,)))
    with pytest.raises(InvalidInput, match="correction_invalid"):
        await counter.do(case, act, DECIDER)


async def test_the_answer_says_what_was_corrected(works: Works):
    await works.hana()
    case = await works.carried_out(await works.decided(WEIGHT, profile=(ProfileFix(field=Field.PHONE),)))
    [answer] = [one for one in case.file.case.letters.values() if one.kind == "answer"]
    [paper] = Composer(case.file, notices().in_force(works.clock.now()), works.clock.now()).papers(answer)
    assert isinstance(paper, DecisionNotice)
    [done] = paper.items
    said = "お求めのとおり訂正等を行いました。電話番号：なし。体重 令和8年11月22日 12:00：体重 (kg) 61.5に訂正。"
    assert done.done == said


def test_every_correction_can_be_told_in_both_languages():
    correction = Correction(
        profile=(
            ProfileFix(field=Field.ADDRESS, address=Address("108-0075", "東京都港区港南1-2-3")),
            *(ProfileFix(field=field, text="1990-04-01") for field in Field if field is not Field.ADDRESS),
        ),
        points=(
            *(
                PointFix(kind=kind, does=Does.REPLACE, start=AT, values={field.name: 1 for field in fields})
                for kind, fields in FIELDS.items()
            ),
            PointFix(kind=Kind.BLOOD_GLUCOSE, does=Does.REPLACE, start=AT, values={"meal_type": None}),
            PointFix(kind=Kind.STEPS, does=Does.REMOVE, start=AT, end=AT + dt.timedelta(seconds=90)),
            PointFix(kind=Kind.SLEEP, does=Does.ADD, start=AT, end=AT + dt.timedelta(hours=8), values={"stage": 0}),
            PointFix(kind=Kind.WEIGHT, does=Does.RESTORE, start=AT),
        ),
    )
    notice = notices().in_force(AT)
    ja, en = told(correction, notice, Language.JA), told(correction, notice, Language.EN)
    assert "歩数 令和8年11月22日 12:00～令和8年11月22日 12:01:30：削除" in ja
    assert "食事の種類 なしに訂正" in ja
    assert "睡眠の段階 睡眠の全体を追加" in ja
    assert "Weight, 22 November 2026 12:00: corrected to Weight (kg) 1" in en
    assert en.endswith("Weight 22 November 2026 12:00: restored to what its source says.")


async def test_what_was_and_is_goes_with_the_other_papers(works: Works):
    await works.hana()
    case = await works.carried_out(await works.decided(WEIGHT))
    assert "corrected.1" in places_of(case.file.case)


async def test_a_profile_that_was_let_go_does_not_begin_anew_by_a_correction(works: Works):
    await works.hana()
    case = await works.decided(profile=(ProfileFix(field=Field.NAME, text="山田 花子"),))
    held = await works.profiles.see("hana")
    await works.profiles.change("hana", {Field.NAME: None, Field.PHONE: None}, if_version=held.number)
    case = await works.carried_out(case)
    assert case.file.case.items["1"].tasks == (BY_HAND,)
    assert not (await works.profiles.see("hana")).profile.values()


async def test_the_proof_does_not_tell_the_values_to_who_tries_them(works: Works):
    await works.hana()
    removal = PointFix(kind=Kind.WEIGHT, does=Does.RESTORE, start=AT)
    proofs = []
    for fix in (WEIGHT, removal, WEIGHT):
        case = await works.carried_out(await works.decided(fix))
        proofs.append(case.file.case.items["1"].evidence[0].proof)
        kept = await works.kept(case)
        assert len(kept["salt"]) >= 22, "128 bits, at the least"
    assert len(set(proofs)) == 3


async def test_what_may_succeed_later_is_tried_again_and_not_left_to_people(works: Works):
    await works.hana()
    await works.carried_out(await works.decided(WEIGHT))
    found = await works.documents.get("users/hana/corrections/weight")
    assert found is not None
    await works.documents.commit([Put(found.path, {"sealed": found.data["sealed"][:-1] + b"x"})])
    case = await works.carried_out(await works.decided(WEIGHT))
    assert case.file.case.items["1"].tasks == ("correct", "holders")
    assert [job.attempt for job in case.file.case.jobs if job.name == "carry_out"] == [2]
