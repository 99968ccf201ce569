"""Who opened what, of whom and why: in a chain, found again in every way that is asked, and not to be changed."""

import asyncio
import datetime as dt

import pytest

from shared.audit.access import ATTEMPTS, Access, AccessLog, AccessStore, Seen, accessed
from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.clock import ManualClock
from shared.cloud.documents import Put
from shared.errors import Conflict, InvalidInput, OutcomeUnknown
from shared.ids import digest
from tests.fakes import SeededIds

HANA, TARO = digest("subject", "hana"), digest("subject", "taro")
LATER = dt.timedelta(minutes=1)


@pytest.fixture
def log(documents, clock) -> AccessLog:
    return AccessLog(documents=documents, clock=clock, ids=SeededIds())


@pytest.fixture
def log_here(sqlite_documents, clock) -> AccessLog:
    return AccessLog(documents=sqlite_documents, clock=clock, ids=SeededIds())


async def of_hana(log: AccessLog) -> list[Seen]:
    found = await AccessStore(log.documents).of_subject(HANA)
    assert found is not None
    return found


async def open_as(log: AccessLog, staff: str = "s1", **more: str) -> str:
    assert isinstance(log.clock, ManualClock)
    log.clock.advance(LATER)
    return await log.opened(
        **{"staff": staff, "role": "verifier", "what": "case", "reason": "照合のため", "subject": HANA} | more
    )


async def test_an_opening_is_found_by_person_case_staff_and_time_newest_first(log, clock):
    start = clock.now()
    first = await open_as(log, case="c1")
    second = await open_as(log, staff="s2", what="profile", case="c2")
    other = await open_as(log, subject=TARO)
    nobody = await open_as(log, staff="s3", subject="", case="c1")
    store = AccessStore(log.documents)

    def names(found) -> list[str]:
        return [one.id for one in found]

    assert names(await store.of_subject(HANA)) == [second, first]
    assert names(await store.of_case("c1")) == [nobody, first]
    assert names(await store.by_staff("s1")) == [other, first]
    assert names(await store.between(start, clock.now())) == [other, second, first]
    assert names(await store.between(clock.now(), clock.now() + LATER)) == [nobody]
    seen = (await of_hana(log))[0]
    assert seen.access == Access(
        at=start + 2 * LATER,
        staff="s2",
        role="verifier",
        what="profile",
        reason="照合のため",
        subject=HANA,
        case="c2",
    )
    assert seen.intact


async def test_lists_are_paged(log):
    names = [await open_as(log) for _ in range(5)]
    store, found, after = AccessStore(log.documents), [], ""
    while page := await store.of_subject(HANA, after=after, limit=2):
        assert len(page) <= 2
        found += [one.id for one in page]
        after = found[-1]
    assert found == names[::-1]


async def test_a_page_does_not_go_on_behind_somebody_else_s(log_here, clock):
    name = await open_as(log_here, subject=TARO, staff="s2", case="c")
    store = AccessStore(log_here.documents)
    for after in (name, "nowhere", "a/b"):
        assert await store.of_subject(HANA, after=after) is None
        assert await store.by_staff("s1", after=after) is None
        assert await store.of_case("d", after=after) is None
        assert await store.between(clock.now() + LATER, clock.now() + 2 * LATER, after=after) is None


async def test_openings_of_one_person_are_one_chain_and_each_person_has_their_own(log_here):
    for subject in (HANA, TARO, HANA, ""):
        await open_as(log_here, subject=subject, case="c")
    store = AccessStore(log_here.documents)
    for subject, length in ((HANA, 2), (TARO, 1), ("", 1)):
        chain = await store.chain(subject, "c")
        entries = await stream_entries(log_here.documents, chain.stream)
        assert (chain.head.length, len(entries), first_break(entries)) == (length, length, None)


async def test_openings_at_once_are_all_recorded(log_here):
    names = await asyncio.gather(*(open_as(log_here, staff=f"s{n}") for n in range(ATTEMPTS - 1)))
    found = await of_hana(log_here)
    assert {one.id for one in found} == set(names)
    assert all(one.intact for one in found)


async def test_an_opening_that_others_keep_from_being_recorded_is_a_conflict(log_here):
    class Contended:
        def __getattr__(self, name):
            return getattr(log_here.documents, name)

        async def commit(self, writes):
            raise Conflict("precondition_failed")

    log = AccessLog(documents=Contended(), clock=log_here.clock, ids=SeededIds())
    with pytest.raises(Conflict, match="precondition_failed"):
        await open_as(log)


async def test_an_answer_that_was_lost_does_not_record_twice(log_here):
    class Silent:
        def __getattr__(self, name):
            return getattr(log_here.documents, name)

        async def commit(self, writes):
            await log_here.documents.commit(writes)
            raise OutcomeUnknown("commit_unknown")

    name = await open_as(AccessLog(documents=Silent(), clock=log_here.clock, ids=SeededIds()))
    assert [one.id for one in await of_hana(log_here)] == [name]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
async def test_without_a_reason_or_with_a_long_one_nothing_is_recorded(log_here, reason):
    with pytest.raises(InvalidInput, match="reason"):
        await open_as(log_here, reason=reason)
    assert await of_hana(log_here) == []


async def test_it_commits_along_with_what_it_tells_of(log_here, clock):
    access = Access(at=clock.now(), staff="s1", role="window", what="case", reason="電話", case="c1")
    writes = accessed("a1", access, await AccessStore(log_here.documents).chain("", "c1"))
    await log_here.documents.commit([Put("cases/c1", {"opened": 1}), *writes])
    found = await AccessStore(log_here.documents).of_case("c1")
    assert found is not None
    assert [one.access for one in found] == [access]


async def test_the_entry_holds_no_words_of_the_reason(log_here):
    await open_as(log_here, reason="山田花子さんから電話")
    chain = await AccessStore(log_here.documents).chain(HANA, "")
    [entry] = await stream_entries(log_here.documents, chain.stream)
    assert "山田" not in str(entry)


@pytest.mark.parametrize(
    ("field", "value"),
    [("staff", "s9"), ("reason", "another"), ("case", "c9"), ("at", dt.datetime(2020, 1, 1, tzinfo=dt.UTC))],
)
async def test_what_is_shown_of_a_document_that_was_altered_comes_from_the_chain_and_is_marked(log_here, field, value):
    name = await open_as(log_here)
    found = await log_here.documents.get(f"accesses/{name}")
    await log_here.documents.commit([Put(found.path, {**found.data, field: value})])
    [seen] = await of_hana(log_here)
    assert not seen.intact
    assert (seen.access.staff, seen.access.case) == ("s1", "")


@pytest.mark.parametrize("entry", [{"facts": {}}, None, {"actor": "x"}])
async def test_an_opening_whose_entry_was_altered_is_marked(log_here, entry):
    name = await open_as(log_here)
    at = (await log_here.documents.get(f"accesses/{name}")).data["entry"]
    kept = (await log_here.documents.get(at)).data
    await log_here.documents.commit([Put(at, {**kept, **entry} if entry else {})])
    [seen] = await of_hana(log_here)
    assert not seen.intact


async def test_a_reason_that_was_destroyed_is_empty_and_the_opening_stays(log_here):
    name = await open_as(log_here)
    found = await log_here.documents.get(f"accesses/{name}")
    await log_here.documents.commit([Put(found.path, {**found.data, "reason": ""})])
    [seen] = await of_hana(log_here)
    assert (seen.intact, seen.access.reason) == (True, "")
