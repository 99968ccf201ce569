"""Days are sealed once, completely, whatever happens meanwhile."""

import asyncio
import datetime as dt
import itertools
import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from shared.audit.checkpoints import KEY, KEYS, read_checkpoint, read_keys
from shared.audit.sealing import GRACE, LATE
from shared.audit.writes import entry_id
from shared.clock import ManualClock
from shared.cloud.documents import Delete, Put
from shared.cloud.signing import Signer
from shared.errors import Conflict, OutcomeUnknown, Refused, Unavailable
from tests.audit.anchors import MemoryAnchors
from tests.audit.book import DAY, MONDAY, NOON, OTHER_SEED, SEED, Book
from tests.fakes import MemorySecrets

TUESDAY, WEDNESDAY, THURSDAY = MONDAY + DAY, MONDAY + 2 * DAY, MONDAY + 3 * DAY


@pytest.fixture
def book(sqlite_documents, clock) -> Book:
    return Book(sqlite_documents, clock)


def sealed(book: Book, day: dt.date):
    content = book.anchors.kept[f"checkpoints/{day}.jws"]
    keys = read_keys(found for name, found in book.anchors.kept.items() if name.startswith(KEYS))
    return read_checkpoint(content, keys).value


def told(capsys, event: str) -> list[dict]:
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line for line in lines if line["event"] == event]


async def test_each_day_that_is_over_is_sealed_and_the_whole_is_proven(documents, clock):
    book = Book(documents, clock)
    await book.week()
    await book.seal()
    assert [name for name in book.anchors.kept if name.startswith("checkpoints/")] == [
        f"checkpoints/{day}.jws" for day in (MONDAY, TUESDAY, WEDNESDAY)
    ]
    assert [sealed(book, day).entries for day in (MONDAY, TUESDAY, WEDNESDAY)] == [6, 12, 13]
    proof = await book.prove()
    assert (proof.findings, proof.entries, proof.streams, proof.checkpoints) == ([], 31, 5, 3)
    assert (proof.late, proof.waiting, proof.sealed_to) == (0, 0, WEDNESDAY)


async def test_a_day_without_entries_is_sealed_as_well(book):
    await book.write("s", NOON)
    await book.write("s", NOON + 3 * DAY)
    await book.seal(THURSDAY)
    assert [sealed(book, MONDAY + n * DAY).entries for n in range(4)] == [1, 0, 0, 1]
    assert (await book.prove()).findings == []


async def test_a_log_without_any_entry_begins_with_the_day_that_is_over(book):
    await book.seal(MONDAY)
    assert sealed(book, MONDAY).number == 1


async def test_a_day_is_sealed_no_sooner_than_late_commits_may_come(book):
    await book.week()
    book.clock.set(dt.datetime.combine(TUESDAY, dt.time(), dt.UTC) + GRACE - dt.timedelta(seconds=1))
    assert (await book.sealing().run()).days == 0
    book.clock.advance(dt.timedelta(seconds=1))
    assert (await book.sealing().run()).sealed_to == MONDAY


async def test_running_again_changes_nothing(book):
    await book.week()
    await book.seal()
    before = dict(book.anchors.kept)
    assert (await book.sealing().run()).days == 0
    assert book.anchors.kept == before


class Broken(Exception):
    """The process died."""


class Failing:
    """A store, or anchors, of which one call fails: before it does anything, or after; counted over both together."""

    def __init__(self, part, calls: "itertools.count[int]", at: int, *, after: bool) -> None:
        self._part, self._calls, self._at, self._after = part, calls, at, after

    def __getattr__(self, name):
        async def call(*args):
            dies = next(self._calls) == self._at
            if dies and not self._after:
                raise Broken
            answer = await getattr(self._part, name)(*args)
            if dies:
                raise Broken
            return answer

        return call


def failing(book: Book, anchors: MemoryAnchors, at: int, *, after: bool):
    calls = itertools.count(1)
    return book.sealing(
        documents=Failing(book.documents, calls, at, after=after), anchors=Failing(anchors, calls, at, after=after)
    )


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_call_and_run_again_it_anchors_the_very_same(book, after):
    await book.write("connection.a", NOON, 4)
    await book.write("consent.a", NOON)
    await book.write("consent.a", NOON + DAY)
    await book.seal(TUESDAY)
    whole = dict(book.anchors.kept)
    for at in itertools.count(1):
        clean = MemoryAnchors()
        await book.documents.commit([Delete(f"audit_days/{day}") for day in (MONDAY, TUESDAY)])
        try:
            await failing(book, clean, at, after=after).run()
        except Broken:
            assert (await book.sealing(anchors=clean).run()).sealed_to == TUESDAY
            assert clean.kept == whole
        else:
            break
    assert at > 70


async def test_killed_at_any_call_with_entries_coming_late_nothing_is_lost(sqlite_documents, clock):
    book = Book(sqlite_documents, clock)
    await book.week()
    book.clock.set(dt.datetime.combine(WEDNESDAY, dt.time(3), dt.UTC))
    for at in range(5, 60, 6):
        with suppress(Broken):
            await failing(book, book.anchors, at, after=True).run()
        # Before and behind whatever has been read so far.
        await book.write("a.first", NOON + dt.timedelta(seconds=at))
        await book.write("z.last", NOON + dt.timedelta(seconds=at))
    for day in (TUESDAY, WEDNESDAY, THURSDAY):
        await book.seal(day)
    proof = await book.prove()
    assert (proof.findings, proof.waiting) == ([], 0)
    assert proof.late > 0


async def test_two_runs_at_once_anchor_one_and_the_same(book):
    await book.week()
    book.clock.set(dt.datetime.combine(THURSDAY, dt.time(3), dt.UTC))
    both = await asyncio.gather(book.sealing().run(), book.sealing().run(), return_exceptions=True)
    failed = [one for one in both if isinstance(one, BaseException)]
    assert all(isinstance(one, Conflict) for one in failed)
    await book.sealing().run()
    assert (await book.prove()).findings == []


async def test_a_put_whose_answer_was_lost_is_put_again(book):
    class Silent(MemoryAnchors):
        lost = 0

        async def put(self, name, content, kept_until):
            await super().put(name, content, kept_until)
            self.lost += 1
            if self.lost % 2:
                raise Unavailable("anchors_unavailable")

    book.anchors = Silent()
    await book.week()
    book.clock.set(dt.datetime.combine(THURSDAY, dt.time(3), dt.UTC))
    for _ in range(40):
        try:
            if (await book.sealing().run()).sealed_to == WEDNESDAY:
                break
        except Unavailable:
            continue
    assert (await book.prove()).findings == []


async def test_a_commit_of_unknown_outcome_is_gone_on_with(book):
    class Silent:
        def __init__(self, documents):
            self._documents, self.lost = documents, 0

        def __getattr__(self, name):
            return getattr(self._documents, name)

        async def commit(self, writes):
            versions = await self._documents.commit(writes)
            self.lost += 1
            if self.lost == 2:
                raise OutcomeUnknown("commit_unknown")
            return versions

    await book.week()
    book.clock.set(dt.datetime.combine(THURSDAY, dt.time(3), dt.UTC))
    with pytest.raises(OutcomeUnknown):
        await book.sealing(documents=Silent(book.documents)).run()
    assert (await book.sealing().run()).finished
    assert (await book.prove()).findings == []


async def test_what_was_committed_late_is_in_the_next_checkpoint_and_only_there(documents, clock):
    book = Book(documents, clock)
    await book.week()
    await book.seal(TUESDAY)
    late = await book.write("consent.a", NOON)
    other = await book.write("late.only", NOON, 5)  # more than a segment holds
    for day in (WEDNESDAY, THURSDAY, THURSDAY + DAY):
        await book.seal(day)
    proof = await book.prove()
    assert (proof.findings, proof.late, proof.waiting) == ([], 6, 0)
    taken_in = [one for one in sealed(book, WEDNESDAY).segments if one.day == MONDAY]
    assert taken_in
    assert late.number == 7
    assert other.number == 5


async def test_until_the_next_checkpoint_what_came_late_waits(book):
    await book.write("s", NOON)
    await book.seal(MONDAY)
    await book.write("s", NOON)
    proof = await book.prove()
    assert (proof.findings, proof.waiting) == ([], 1)


@pytest.mark.parametrize("days", [LATE, LATE + 1])
async def test_what_comes_later_than_that_is_told_as_added(book, days):
    await book.write("s", NOON)
    await book.seal(MONDAY + (days - 1) * DAY)
    forged = await book.write("forged", NOON)
    await book.seal(MONDAY + days * DAY)
    await book.seal(MONDAY + (days + 1) * DAY)
    found = [("entry_unanchored", entry_id("forged", forged.number))] if days > LATE else []
    assert (await book.prove()).findings == found


async def test_other_content_under_a_checkpoint_s_name_wakes_somebody_up(book, capsys):
    await book.week()
    book.clock.set(dt.datetime.combine(THURSDAY, dt.time(3), dt.UTC))
    book.anchors.kept[f"checkpoints/{MONDAY}.jws"] = b"planted"
    with pytest.raises(Refused, match="audit_differs"):
        await book.sealing().run()
    assert told(capsys, "audit.differs")[0]["reason"] == "checkpoint_unbelieved"
    assert book.anchors.kept[f"checkpoints/{MONDAY}.jws"] == b"planted"


async def test_a_checkpoint_put_while_the_day_was_being_sealed_wakes_somebody_up(book, capsys):
    class Raced(MemoryAnchors):
        async def put(self, name, content, kept_until):
            if name.startswith("checkpoints/"):
                self.kept[name] = b"another's"
            await super().put(name, content, kept_until)

    book.anchors = Raced()
    await book.week()
    book.clock.set(dt.datetime.combine(TUESDAY, dt.time(3), dt.UTC))
    with pytest.raises(Refused, match="audit_differs"):
        await book.sealing().run()
    assert told(capsys, "audit.differs")[0]["reason"] == "anchor_differs"


async def copied(book: Book, day: dt.date, to: dt.date) -> None:
    book.anchors.kept[f"checkpoints/{to}.jws"] = book.anchors.kept[f"checkpoints/{day}.jws"]


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (WEDNESDAY, "checkpoint_unbelieved"),  # ours, but of another day
        (THURSDAY, "checkpoint_missing"),  # with a day left out
        (MONDAY - 2 * DAY, "checkpoint_missing"),
    ],
)
async def test_a_planted_checkpoint_does_not_make_days_count_as_sealed(book, capsys, to, reason):
    await book.week()
    await book.seal(TUESDAY)
    await copied(book, TUESDAY, to)
    book.clock.set(dt.datetime.combine(THURSDAY + DAY, dt.time(3), dt.UTC))
    with pytest.raises(Refused, match="audit_differs"):
        await book.sealing().run()
    assert told(capsys, "audit.differs")[-1]["reason"] == reason


async def test_a_checkpoint_of_a_day_that_is_not_over_is_not_believed_even_when_signed(book, capsys):
    await book.week()
    await book.seal(WEDNESDAY)
    book.clock.set(dt.datetime.combine(WEDNESDAY, dt.time(23), dt.UTC))
    with pytest.raises(Refused, match="audit_differs"):
        await book.sealing().run()
    assert told(capsys, "audit.differs")[-1]["reason"] == "checkpoint_unbelieved"


async def test_a_name_that_no_checkpoint_has_is_told(book, capsys):
    await book.week()
    await book.seal(MONDAY)
    book.anchors.kept["checkpoints/2026-11-23b.jws"] = b""
    with pytest.raises(Refused, match="audit_differs"):
        await book.sealing().run()
    assert told(capsys, "audit.differs")[-1]["reason"] == "checkpoint_unbelieved"


@pytest.mark.parametrize("seed", [SEED, OTHER_SEED])
async def test_a_checkpoint_that_was_made_but_changed_before_it_was_put_is_not_put(book, capsys, seed):
    await book.week()
    book.clock.set(dt.datetime.combine(TUESDAY, dt.time(3), dt.UTC))

    class Stops(MemoryAnchors):
        async def put(self, name, content, kept_until):
            if name.startswith("checkpoints/"):
                raise Unavailable("anchors_unavailable")
            await super().put(name, content, kept_until)

    book.anchors = Stops()
    with pytest.raises(Unavailable):
        await book.sealing().run()
    work = await book.documents.get(f"audit_days/{MONDAY}")
    payload: dict[str, Any] = {
        "day": str(MONDAY),
        "number": 1 if seed == OTHER_SEED else 2,
        "entries": 0,
        "segments": [],
    }
    signer = Signer(MemorySecrets({KEY: [seed]}), KEY)
    jws = await signer.sign(msgspec.json.encode({**payload, "previous": ""}), typ="audit-checkpoint+jws")
    await book.documents.commit([Put(work.path, {**work.data, "jws": jws})])
    with pytest.raises(Refused, match="audit_differs"):
        await book.sealing().run()
    assert told(capsys, "audit.differs")


async def test_under_a_new_key_what_the_old_one_signed_stays_good(book):
    await book.week()
    await book.seal(MONDAY)
    book.secrets.rotate(KEY, OTHER_SEED)
    await book.seal(TUESDAY)
    book.secrets = MemorySecrets({KEY: [OTHER_SEED]})  # made anew: the same number, another key
    await book.seal(WEDNESDAY)
    proof = await book.prove()
    assert (proof.findings, proof.checkpoints) == ([], 3)


async def test_an_entry_that_was_altered_before_it_was_anchored_is_told(book, capsys):
    await book.week()
    found = await book.documents.get("audit/consent.a.0000000001")
    await book.documents.commit([Put(found.path, {**found.data, "actor": "intruder"})])
    await book.seal()
    assert [(one["reason"], one["count"]) for one in told(capsys, "audit.differs")] == [("entry_altered", 1)]
    assert (await book.prove()).findings == [("entry_altered", "consent.a.0000000001")]


async def test_what_is_no_entry_at_all_stops_nothing_and_is_told(book, capsys):
    await book.week()
    await book.documents.commit([Put('audit/"x" y', {"shelf": f"03.{MONDAY}", "hash": 7})])
    await book.seal()
    assert [one["reason"] for one in told(capsys, "audit.differs")] == ["entry_altered"]
    assert sealed(book, MONDAY).entries == 7


async def test_an_entry_that_is_gone_is_told_the_next_day(book, capsys):
    await book.week()
    await book.seal(TUESDAY)
    await book.documents.commit([Delete("audit/consent.a.0000000002")])
    await book.seal(WEDNESDAY)
    assert [(one["reason"], one["count"]) for one in told(capsys, "audit.differs")] == [("entry_missing", 1)]


class Passing(ManualClock):
    """Time passes with each look at it."""

    def monotonic_s(self) -> float:
        self.advance(dt.timedelta(seconds=1))
        return super().monotonic_s()


async def test_where_time_runs_out_the_next_run_goes_on(sqlite_documents):
    book = Book(sqlite_documents, Passing(NOON))
    await book.week()
    book.clock.set(dt.datetime.combine(THURSDAY, dt.time(3), dt.UTC))
    runs = [await book.sealing(budget_s=0).run()]
    while not runs[-1].finished:
        runs.append(await book.sealing(budget_s=0).run())
    assert len(runs) > 5
    assert sum(run.entries for run in runs) == 31
    assert (await book.prove()).findings == []
