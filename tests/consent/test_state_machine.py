"""Anything that can be done about consent, in any order, beside a small model of it. After every step: nothing was
stored or handed on that was not allowed at that moment (I3, I6), the gate says what the model says of every cell, the
ledger is whole and leads to the state, the epoch only grows, and the connection carries the same state (I8)."""

import asyncio
import datetime as dt
import hashlib
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from infra.staff import institutions, registering
from shared.audit.model import first_break as broken_audit
from shared.audit.store import stream_entries
from shared.cloud.documents import Document, Put, Query, Write, settle
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.vault import KeyShredder
from shared.connection.model import LinkState
from shared.consent.asking import Asked
from shared.consent.authorities import AuthorityStore, Rights
from shared.consent.gate import Permit, admit_self, permits
from shared.consent.ledger import Entry, first_break, rebuild
from shared.consent.model import Cell, Decision, Role, State
from shared.consent.relations import RelationStore
from shared.consent.service import How
from shared.consent.store import ConsentStore
from shared.erasure.service import AskingToErase, Erasing
from shared.erasure.store import ErasureStore
from shared.errors import Fault, Refused
from shared.ids import digest
from shared.measurement.service import Measurements
from shared.measurement.store import DayDeleter
from shared.measurement.zones import ZoneStore
from shared.policy.model import Words
from shared.policy.notices import Notices, load
from shared.profile.blind import MATCH_KEY, BlindIndex, MatchKeys
from shared.profile.erasing import ProfileEraser
from shared.release.ports import Reader, Whom
from shared.release.provisions import ProvisionStore
from shared.release.service import Question, Releasing
from shared.release.shares import ShareStore
from shared.vocabulary import Kind, Purpose
from tests.consent.model_of_consent import BORN_ON, KINDS, OF_AGE_AT, Model, No, Wish, storing
from tests.fakes import MemorySecrets
from tests.faults.hostile import Rig, ns, point
from tests.policy.written import FIRST, LATER, LATER_AT, both

UID = "hana"
HOUR = dt.timedelta(hours=1)
MATCHING = MemorySecrets({MATCH_KEY: [b"m" * 32]})
GUIDANCE, ENTRUSTED = Purpose.HEALTH_GUIDANCE, Purpose.ENTRUSTED
VERSIONS = {"first": FIRST, "later": LATER}


class Told:
    """A store that tells of every commit, and lets something happen just before one of its operations."""

    def __init__(self, real: SqliteDocuments, committed: Callable[[Sequence[Write]], None]) -> None:
        self._real = real
        self._committed = committed
        self._before: tuple[int, Callable[[], Awaitable[None]]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def interrupt(self, at: int, act: Callable[[], Awaitable[None]]) -> None:
        """Before the operation that is the `at`-th from here on."""
        self._before = (at, act)

    def undisturbed(self) -> None:
        self._before = None

    async def _operation(self) -> None:
        if self._before is not None:
            left, act = self._before
            self._before = (left - 1, act) if left > 1 else None
            if left <= 1:
                await act()

    async def get(self, path: str) -> Document | None:
        await self._operation()
        return await self._real.get(path)

    async def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        await self._operation()
        return await self._real.get_many(paths)

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        await self._operation()
        versions = await self._real.commit(writes)
        self._committed(writes)
        return versions


class OneClinic(NamedTuple):
    """A desk at which one clinic asks, for one person."""

    known: Whom

    async def whom(self, reader: Reader, person: str) -> Whom:
        return self.known

    async def still(self, reader: Reader) -> bool:
        return True


@cache
def published() -> Notices:
    """Both notices, read once."""
    with tempfile.TemporaryDirectory() as folder:
        return load(both(Path(folder)))


def cells_of(clinic: str) -> list[Cell]:
    """Every cell there is here."""
    recipients = {Purpose.QOLMS_STORE: "qolms", GUIDANCE: clinic, ENTRUSTED: clinic}
    return [Cell(purpose, kind, recipient) for purpose, recipient in recipients.items() for kind in KINDS]


PLACES = st.integers(0, 3 * len(KINDS) - 1)
WISHES = st.lists(
    st.tuples(PLACES, st.sampled_from(Decision), st.sampled_from([None, None, 1, 20])),
    min_size=1,
    max_size=3,
    unique_by=lambda wish: wish[0],
)


class Consenting(RuleBasedStateMachine):
    """One person, a guardian, a clinic, a link to Google, two notices."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model = Model()
        self.epochs = [0]
        self.sent: list[tuple[list[Wish], str, int, bool]] = []
        self.erasures: list[str] = []
        self.measured: dict[Kind, list[dt.datetime]] = {kind: [] for kind in KINDS}
        self.loop.run_until_complete(self._begin())

    async def _begin(self) -> None:
        self.real = SqliteDocuments(":memory:")
        self.store = Told(self.real, self._committed)
        store: Any = self.store
        self.rig = rig = Rig(store)
        self.notices = published()
        rig.consenting = replace(rig.consenting, notices=self.notices)
        rig.linking = replace(rig.linking, notices=self.notices)
        for kind in Kind:
            rig.google.datasets[kind], rig.google.changes[kind] = self._dataset(kind), self._feed(kind)
        self.clock, self.consenting = rig.clock, rig.consenting
        self.ledger = ConsentStore(store)
        self.staff = registering(store, self.clock, rig.ids, self.notices)
        hospitals = institutions(store, self.clock, rig.ids, self.notices)
        words = Words("港病院", "Minato")
        self.clinic = "institution:" + await hospitals.register(words, "東京都港区", "03-0000-0000", "contract-1")
        self.cells = cells_of(self.clinic)
        self.authority = ""
        authorities = AuthorityStore(store)
        parts: dict[str, Any] = {"recorder": self.consenting.recorder, "notices": self.notices, "clock": self.clock}
        self.rights = Rights(authorities=authorities, **parts)
        erasing: dict[str, Any] = {**parts, "erasures": ErasureStore(store)}
        self.asking = AskingToErase(**erasing, relations=RelationStore(store), queue=rig.queue, ids=rig.ids)
        self.observed: dict[str, str] = {}
        self.reader, self.provisions = Reader("caller", institution=self.clinic), ProvisionStore(store)
        self.measurements = Measurements(days=rig.days, zones=ZoneStore(store))
        self.releasing = Releasing(
            desk=OneClinic(Whom(UID, self.clinic)),
            ledger=ConsentStore(store),
            provisions=self.provisions,
            commit=partial(settle, store),
            clock=self.clock,
            ids=rig.ids,
        )
        self.erasing = Erasing(
            **erasing,
            keys=KeyShredder(store, self.clock),
            documents=store,
            days=DayDeleter(store),
            shares=ShareStore(store),
            profiles=ProfileEraser(store, BlindIndex(store, MatchKeys(MATCHING), rig.ids), self.clock),
        )

    def teardown(self) -> None:
        self.loop.run_until_complete(self.real.close())
        self.loop.close()

    def _dataset(self, kind: Kind) -> Callable[[Any, int, int], Any]:
        def answer(_: Any, start: int, end: int) -> Any:
            starts = [ns(at) for at in self.measured.get(kind, ())]
            return {"point": [point(kind, at, 60) for at in starts if start <= at < end]}

        return answer

    def _feed(self, kind: Kind) -> Callable[[Any], Any]:
        def answer(asked: Any) -> Any:
            points = [point(kind, ns(at), 60) for at in self.measured.get(kind, ())]
            return {"insertedDataPoint": points[int(asked.get("pageToken", "0")) :], "nextPageToken": str(len(points))}

        return answer

    # -------------------------------------------------------------- I3 and I6, at the moment of every commit

    def _committed(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if isinstance(write, Put) and "/connections/" in write.path and write.data["state"] == LinkState.REVOKED:
                # Decisions were modelled already; else it is a visit that finds every consent run out.
                assert not self.model.linked or self.model.purposeless(self.clock.now())
                self.model.linked = False
            if isinstance(write, Put) and write.path.startswith("provisions/"):
                told = write.data
                cell = Cell(Purpose(told["purpose"]), Kind(told["kind"]), told["recipient"])
                if told["state"] == "recorded":
                    assert self.model.allowed(cell, self.clock.now()), f"I6: {cell} is on record without consent"
            if isinstance(write, Put) and "/days/" in write.path:
                kind = Kind(write.path.split("/")[3].partition(".")[0])
                assert self.model.allowed(storing(kind), self.clock.now()), f"I3: {kind} is stored without consent"
                assert self.model.linked, f"I3: {kind} is stored while not linked"

    # -------------------------------------------------------------- doing it, and saying what comes of it

    async def _both(self, expected: Callable[[], None], done: Awaitable[Any]) -> Any:
        """Do it; what the model says of it is what has to come of it, the code of a refusal included."""
        before = replace(self.model, cells=dict(self.model.cells))
        code, answer = "", None
        try:
            expected()
        except No as no:
            self.model, code = before, str(no)
        told = ""
        try:
            answer = await done
        except Fault as fault:
            told = fault.code
        assert told == code
        return answer

    async def _decide(self, wishes: list[Wish], words: str, if_epoch: int | None, *, guardian: bool = False) -> None:
        at = self.clock.now()
        until = {wish: at + dt.timedelta(days=wish.days) for wish in wishes if wish.days is not None}
        asked = [Asked(*wish.cell, wish.decision, until.get(wish)) for wish in wishes]

        async def done() -> None:
            how = How(notice=self.notices.find(VERSIONS[words]).ref)
            if guardian:
                right = await self.rights.right("haha", UID, self.authority)
                how = replace(how, right=right)
            await self.consenting.decide(UID, asked, how, if_epoch=if_epoch)

        await self._both(
            lambda: self.model.decide(wishes, at, words=words, if_epoch=if_epoch, guardian=guardian), done()
        )

    def _wishes(self, drawn: list[tuple[int, Decision, int | None]]) -> list[Wish]:
        return [Wish(self.cells[place], decision, days) for place, decision, days in drawn]

    @property
    def _words(self) -> str:
        return "later" if self.clock.now() >= LATER_AT else "first"

    # -------------------------------------------------------------- rules: deciding

    @rule(drawn=WISHES)
    def decide(self, drawn: Any) -> None:
        """What the app sends, looking at the state as it is."""
        wishes, words, epoch = self._wishes(drawn), self._words, self.model.epoch
        self.sent.append((wishes, words, epoch, False))
        self.loop.run_until_complete(self._decide(wishes, words, epoch))

    @rule(kinds=st.sets(st.sampled_from(KINDS), min_size=1), decision=st.sampled_from(Decision))
    def decide_about_storing(self, kinds: set[Kind], decision: Decision) -> None:
        wishes = [Wish(storing(kind), decision) for kind in sorted(kinds)]
        self.sent.append((wishes, self._words, self.model.epoch, False))
        self.loop.run_until_complete(self._decide(wishes, self._words, self.model.epoch))

    @rule(drawn=WISHES, words=st.sampled_from(["first", "later"]))
    def decide_under_any_words(self, drawn: Any, words: str) -> None:
        self.loop.run_until_complete(self._decide(self._wishes(drawn), words, None))

    @precondition(lambda self: self.sent)
    @rule(place=st.integers(0, 1000))
    def replay(self, place: int) -> None:
        """An old request once more: it was made looking at an older state, and decides nothing."""
        wishes, words, epoch, guardian = self.sent[place % len(self.sent)]
        self.loop.run_until_complete(self._decide(wishes, words, epoch, guardian=guardian))

    @rule()
    def withdraw_everything(self) -> None:
        at = self.clock.now()
        self.loop.run_until_complete(
            self._both(lambda: self.model.withdraw_all(at), self.consenting.withdraw_all(UID, How()))
        )

    # -------------------------------------------------------------- rules: time

    @rule(hours=st.sampled_from([1, 24, 24 * 7, 24 * 40]))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(hours * HOUR)

    @precondition(lambda self: self.clock.now() < LATER_AT)
    @rule()
    def a_new_notice_comes_into_force(self) -> None:
        self.clock.set(LATER_AT)

    @precondition(lambda self: self.clock.now() < OF_AGE_AT)
    @rule()
    def a_birthday(self) -> None:
        self.clock.set(OF_AGE_AT)

    # -------------------------------------------------------------- rules: others who decide, and death

    @precondition(lambda self: self.model.guardian != "active")
    @rule()
    def a_guardian_is_registered(self) -> None:
        at = self.clock.now()
        done = self.staff.authority(UID, "haha", Role.GUARDIAN, "koseki-3", born_on=BORN_ON)
        self.authority = (
            self.loop.run_until_complete(self._both(lambda: self.model.register_guardian(at), done)) or self.authority
        )

    @precondition(lambda self: self.authority)
    @rule(drawn=WISHES)
    def the_guardian_decides(self, drawn: Any) -> None:
        wishes, words, epoch = self._wishes(drawn), self._words, self.model.epoch
        self.sent.append((wishes, words, epoch, True))
        self.loop.run_until_complete(self._decide(wishes, words, epoch, guardian=True))

    @precondition(lambda self: self.authority)
    @rule()
    def the_guardian_s_right_ends(self) -> None:
        at = self.clock.now()
        done = self.staff.end_authority(self.authority, "court-1")
        self.loop.run_until_complete(self._both(lambda: self.model.end_guardian(at), done))

    @precondition(lambda self: len(self.sent) > 2 or self.erasures)
    @rule()
    def death(self) -> None:
        at = self.clock.now()
        self.loop.run_until_complete(self._both(lambda: self.model.die(at), self.staff.deceased(UID, "koseki-9")))

    @precondition(lambda self: self.model.frozen == "deceased")
    @rule()
    def the_death_was_a_mistake(self) -> None:
        at = self.clock.now()
        self.loop.run_until_complete(
            self._both(lambda: self.model.record({}, at, frozen=""), self.staff.alive(UID, "koseki-10"))
        )

    @precondition(lambda self: not self.model.frozen)
    @rule()
    def a_freeze(self) -> None:
        self._frozen(State.FROZEN, "dispute")

    @precondition(lambda self: self.model.frozen == "dispute")
    @rule()
    def a_thaw(self) -> None:
        self._frozen(State.THAWED, "")

    def _frozen(self, state: State, reason: str) -> None:
        at = self.clock.now()
        said = How().said(self.notices.in_force(at), self.clock)
        done = self.consenting.recorder.record(UID, lambda _: [Entry(None, state, reason=reason)], said)
        self.loop.run_until_complete(self._both(lambda: self.model.record({}, at, frozen=reason), done))

    # -------------------------------------------------------------- rules: linking, fetching, reading, erasing

    @initialize(young=st.booleans())
    def link_at_first(self, young: bool) -> None:
        """Of age, or by the word of a guardian."""
        if young:
            self.a_guardian_is_registered()
            wishes = [Wish(storing(kind), Decision.GIVE) for kind in KINDS]
            self.loop.run_until_complete(self._decide(wishes, self._words, None, guardian=True))
        self.link()

    @rule()
    def link(self) -> None:
        self.clock.advance(dt.timedelta(minutes=1))
        at = self.clock.now()
        self.loop.run_until_complete(self._both(lambda: self.model.link(at), self.rig.link(UID, "google", KINDS)))

    @rule(kind=st.sampled_from(KINDS))
    def something_is_measured(self, kind: Kind) -> None:
        self.measured[kind].append(self.clock.now())

    @rule()
    def sync(self) -> None:
        """A visit, and what it leaves to be done at once. What is new of what is allowed is stored."""
        self.clock.advance(2 * HOUR)
        self.loop.run_until_complete(self._visits())
        self.loop.run_until_complete(self._check_newest())

    @rule(at=st.integers(1, 12), kinds=st.sets(st.sampled_from(KINDS), min_size=1), again=st.booleans())
    def sync_while_something_is_withdrawn(self, at: int, kinds: set[Kind], again: bool) -> None:
        """A decision comes in the middle of a visit, between any two of its operations."""
        self.clock.advance(2 * HOUR)

        async def change_mind() -> None:
            for decision in (Decision.WITHDRAW, Decision.GIVE)[: 2 if again else 1]:
                await self._decide([Wish(storing(kind), decision) for kind in sorted(kinds)], self._words, None)

        for kind in KINDS:
            self.measured[kind].append(self.clock.now() - HOUR)
        self.store.interrupt(at, change_mind)
        self.loop.run_until_complete(self._visits())
        self.store.undisturbed()

    async def _visits(self) -> None:
        outcome = await self.rig.sync(UID)
        for _ in range(5):
            if outcome.again:
                outcome = await self.rig.sync(UID)
        if outcome.outcome not in ("not_due", "busy", "superseded"):
            assert not self.model.purposeless(self.clock.now()), "the grant outlives its purpose"

    async def _check_newest(self) -> None:
        at = self.clock.now()
        for kind in self.model.fetched(at):
            if self.measured[kind] and self.measured[kind][-1] > at - 24 * HOUR:
                on = self.measured[kind][-1].date()
                names = [found.id for found in await self.real.query(Query(f"users/{UID}/days"))]
                assert any(name.startswith(f"{kind}.{on}") for name in names), f"{kind} of {on} is not stored"

    @rule(kind=st.sampled_from(KINDS))
    def release(self, kind: Kind) -> None:
        """The clinic asks for a kind."""
        allowed = self.model.allowed(Cell(GUIDANCE, kind, self.clinic), self.clock.now())
        assert self.loop.run_until_complete(self._released(kind)) == ("" if allowed else "consent_missing")

    @rule(
        kind=st.sampled_from(KINDS),
        at=st.integers(1, 9),
        decision=st.sampled_from(Decision),
    )
    def release_while_something_is_decided(self, kind: Kind, at: int, decision: Decision) -> None:
        """What was given just now is asked for; a decision comes between any two operations of handing on."""
        cell = Cell(GUIDANCE, kind, self.clinic)
        decided = []
        self.loop.run_until_complete(self._decide([Wish(cell, Decision.GIVE)], self._words, None))

        async def change_mind() -> None:
            await self._decide([Wish(cell, decision)], self._words, None)
            decided.append(decision)

        self.store.interrupt(at, change_mind)
        told = self.loop.run_until_complete(self._released(kind))
        self.store.undisturbed()
        if decided and not self.model.allowed(cell, self.clock.now()):
            assert told == "consent_missing", "I6: sent behind a withdrawal"

    async def _released(self, kind: Kind) -> str:
        """What became of the clinic's question: a code, "" where it was answered. What it got, it keeps."""
        today = self.clock.now().date()

        async def read(permit: Permit) -> Any:
            return await self.measurements.day_summaries(permit, today, today, "UTC")

        try:
            body, record = await self.releasing.release(self.reader, "hana", Question(GUIDANCE, kind, read))
        except Fault as fault:
            return fault.code
        self.observed[record.id] = hashlib.sha256(body).hexdigest()
        return ""

    @rule(kind=st.sampled_from(KINDS))
    def people_see_their_own(self, kind: Kind) -> None:
        consents = self.loop.run_until_complete(self.ledger.consents(UID))
        if self.model.frozen or self.model.state(storing(kind), self.clock.now()) == "erasing":
            with pytest.raises(Refused, match="consent_missing"):
                admit_self(UID, consents, kind)
        else:
            assert admit_self(UID, consents, kind).epoch == self.model.epoch

    @rule(kinds=st.sets(st.sampled_from(KINDS)))
    def ask_to_erase(self, kinds: set[Kind]) -> None:
        at, chosen = self.clock.now(), sorted(kinds)
        done = self.asking.request(UID, chosen, How())
        found = self.loop.run_until_complete(self._both(lambda: self.model.erase(chosen, at), done))
        if found is not None:
            self.erasures.append(found.id)

    @precondition(lambda self: self.erasures)
    @rule()
    def erase(self) -> None:
        name = self.erasures.pop()
        at, found = self.clock.now(), self.loop.run_until_complete(ErasureStore(self.real).find(name))
        assert found is not None
        self.loop.run_until_complete(
            self._both(lambda: self.model.erased(found.value.kinds, at), self.erasing.run(name))
        )
        left = {
            one.id.partition(".")[0]
            for one in self.loop.run_until_complete(self.real.query(Query(f"users/{UID}/days")))
        }
        assert not left & {*found.value.kinds}, "what was erased is stored"

    # -------------------------------------------------------------- after every step

    @invariant()
    def the_gate_says_what_the_model_says(self) -> None:
        consents, at = self.loop.run_until_complete(self.ledger.consents(UID)), self.clock.now()
        for cell in self.cells:
            assert permits(consents, *cell, at).allowed == self.model.allowed(cell, at), cell
            assert (consents.state_of(cell, at) or "") == self.model.state(cell, at), cell

    @invariant()
    def the_ledger_is_whole_and_leads_to_the_state(self) -> None:
        standing = self.loop.run_until_complete(self.ledger.standing(UID))
        events = self.loop.run_until_complete(self.ledger.events(UID, limit=1000))
        assert first_break(events, standing.tail) is None
        assert rebuild(events) == standing.consents
        entries = self.loop.run_until_complete(stream_entries(self.real, f"consent.{digest('subject', UID)}"))
        assert broken_audit(entries) is None

    @invariant()
    def the_recipient_got_what_is_on_record_and_nothing_else(self) -> None:
        """I6: one to one, and the same bytes."""
        found = self.loop.run_until_complete(self.provisions.of_person(UID, after="", limit=1000)) or []
        assert {one.id: one.value.sha256 for one in found if one.value.state == "recorded"} == self.observed

    @invariant()
    def the_epoch_only_grows(self) -> None:
        epoch = self.loop.run_until_complete(self.ledger.consents(UID)).epoch
        assert epoch == self.model.epoch >= self.epochs[-1]
        self.epochs.append(epoch)

    @invariant()
    def the_connection_carries_the_same_state(self) -> None:
        found = self.loop.run_until_complete(self.rig.links.connections(UID))
        if not found:
            assert not self.model.linked
            return
        [connection] = [one.value for one in found]
        consents = self.loop.run_until_complete(self.ledger.consents(UID))
        assert (connection.state is not LinkState.REVOKED) == self.model.linked
        assert (connection.tokens is not None) == self.model.linked
        if self.model.linked:
            assert connection.consents == consents.for_purpose(Purpose.QOLMS_STORE)
            assert set(connection.permitted(self.clock.now())) == set(self.model.fetched(self.clock.now()))


Consenting.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,  # take this line out, and raise the numbers, to look for more
    phases=[Phase.generate],  # with Phase.shrink a story that fails is made short, which takes minutes
    suppress_health_check=list(HealthCheck),
)
TestConsenting = Consenting.TestCase
