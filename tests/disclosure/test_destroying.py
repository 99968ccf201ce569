"""The end of a case: two people see its papers go, and nothing of it can be read any more."""

import contextlib
import datetime as dt
from collections.abc import Sequence

import msgspec
import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.audit.writes import KEPT
from shared.cloud.blobs import Blobs
from shared.cloud.documents import Document, Documents, Expect, Put, Query, Write
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.vault import KeyShredder
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import Category, Channel, RequestType, Stage
from shared.disclosure.days import begins_at
from shared.disclosure.destroying import CERTIFICATES, Destroying, certificate_path
from shared.disclosure.file import Actor
from shared.disclosure.model import Scan
from shared.disclosure.proofs.model import Link, State, Use, path_of
from shared.disclosure.service import Opened
from shared.disclosure.shelf import Shelf, paper_path
from shared.errors import Conflict, NotPermitted, OutcomeUnknown, Refused, Unavailable
from shared.policy.notices import notices
from shared.staff.model import Roster
from shared.staff.ports import Stored
from tests.disclosure.counter import DECIDER, EVERYBODY, MANAGER, SECOND, VERIFIER, WINDOW, YAMADA, Counter
from tests.disclosure.test_working import working

SECRET = "手書きの申請書に書かれたこと"


class Everybody:
    """A roster of those who act here."""

    async def read(self) -> Stored:
        return Stored(Roster(members=tuple(one.member for one in EVERYBODY if one.member)), "1")


@pytest.fixture
def counter(sqlite_documents: SqliteDocuments) -> Counter:
    return Counter(sqlite_documents)


def destroying(counter: Counter) -> Destroying:
    return Destroying(
        blobs=Blobs(counter.documents, counter.clock, counter.ids),
        keys=counter.keys,
        shredder=KeyShredder(counter.documents, counter.clock),
        rosters=Everybody(),
        notices=notices(),
        clock=counter.clock,
    )


async def run(counter: Counter, case: Opened) -> Opened:
    """The system does what is due."""
    await working(counter, destroy=destroying(counter).destroy).run(case.id)
    return await counter.desk.read(case.id)


async def over(counter: Counter, *, account: str = "") -> Opened:
    """A case that was taken back, with a scan and a link, a year and a day ago; it rests."""
    case = await counter.returned(await counter.call(RequestType.PURPOSE))
    shelf = Shelf(blobs=Blobs(counter.documents, counter.clock, counter.ids), keys=counter.keys)
    put = await shelf.put(case.id, "scan.s1", SECRET.encode())
    scan = Scan(
        kind="form", media_type="image/png", pages=1, size_bytes=put.blob.size, sha256=put.blob.sha256,
        by=WINDOW.id, at=counter.clock.now(),
    )  # fmt: skip
    added = a.AddScan(name="s1", scan=scan)
    case = await counter.desk.do(case.id, added, WINDOW, if_version=case.version, along=put.writes)
    at = counter.clock.now()
    link = Link(case=case.id, use=Use.DELIVERY, state=State.REDEEMED, token="t", issued_at=at, expires_at=at)
    data = msgspec.to_builtins(link, builtin_types=KEPT)
    await counter.documents.commit([Put(path_of(case.id, Use.DELIVERY), data, Expect.ABSENT)])
    if account:
        case = await counter.verified(case, account=account)
    case = await counter.do(case, a.Withdraw(), WINDOW)
    case = await run(counter, case)
    assert case.file.case.destroy_on is not None
    counter.clock.set(begins_at(case.file.case.destroy_on + dt.timedelta(days=1)))
    case = await run(counter, case)
    assert case.file.case.stage is Stage.RETAINED
    return case


async def signed(counter: Counter, case: Opened, *by: Actor) -> Opened:
    for one in by:
        case = await counter.do(case, a.SignDestruction(), one)
    return case


async def everything(documents: Documents, case: Opened) -> str:
    """All that is stored about a case, but for the audit log."""
    found: list[Document] = [*await documents.query(Query("cases")), *await documents.query(Query("case_numbers"))]
    found += await documents.query(Query(f"cases/{case.id}/papers"))
    found += await documents.query(Query("proof_links"))
    found += await documents.query(Query("blob_chunks", group=True))
    return str([(one.path, one.data) for one in found])


async def test_two_signatures_destroy_the_papers_and_a_certificate_stays(counter: Counter):
    case = await run(counter, await signed(counter, await over(counter), WINDOW, VERIFIER))
    one = case.file.case
    assert one.stage is Stage.DESTROYED
    assert (one.scans, one.letters, one.subject, one.private, one.jobs) == ({}, {}, "", b"", ())
    assert [signature.by for signature in one.signatures] == [WINDOW.id, VERIFIER.id]
    assert case.file.private.person.name == ""
    with pytest.raises(Refused, match="key_destroyed"):
        await counter.keys.key(f"case.{case.id}")
    left = await everything(counter.documents, case)
    assert "scan.s1" not in left
    assert "proof_links" not in left
    key = await counter.keys.key(CERTIFICATES)
    blobs = Blobs(counter.documents, counter.clock, counter.ids)
    certificate = b"".join([piece async for piece in blobs.read(certificate_path(case.id), key)])
    assert certificate.startswith(b"%PDF")
    stored = await blobs.find(certificate_path(case.id))
    assert stored is not None
    assert one.certificate == stored.sha256
    entries = await stream_entries(counter.documents, f"case.{case.id}")
    assert first_break(entries) is None
    assert [entry.action for entry in entries][-2:] == ["case.begin_destruction", "case.destroyed"]
    assert entries[-1].facts["certificate"] == stored.sha256


async def test_a_destroyed_case_is_found_by_its_number_and_nothing_can_be_done_to_it(counter: Counter):
    case = await run(counter, await signed(counter, await over(counter), WINDOW, VERIFIER))
    found = await counter.cases.numbered(case.file.case.number)
    assert found is not None
    for by, act in [(WINDOW, a.Note(text="x")), (MANAGER, a.PlaceHold(reason="訴訟")), (WINDOW, a.SignDestruction())]:
        with pytest.raises(Conflict, match="case_moved_on"):
            await counter.desk.do(case.id, act, by)
    assert await working(counter).run(case.id) == "nothing_to_do"


async def test_a_call_that_is_sent_again_years_later_opens_the_destroyed_case_and_makes_no_key(counter: Counter):
    case = await run(counter, await signed(counter, await over(counter), WINDOW, VERIFIER))
    again = a.Contact(
        category=Category.CUSTOMER, channel=Channel.PHONE, person=YAMADA, wishes=(a.Wish(type=RequestType.PURPOSE),)
    )
    assert (await counter.desk.begin(case.id, again, WINDOW)).file.case.stage is Stage.DESTROYED
    with pytest.raises(Refused, match="key_destroyed"):
        await counter.keys.key(f"case.{case.id}")


async def test_one_signature_or_the_same_one_twice_destroys_nothing(counter: Counter):
    case = await run(counter, await signed(counter, await over(counter), WINDOW))
    with pytest.raises(NotPermitted, match="same_person"):
        await signed(counter, case, WINDOW)
    assert (await run(counter, case)).file.case.stage is Stage.RETAINED
    case = await signed(counter, case, VERIFIER)
    with pytest.raises(Conflict, match="case_moved_on"):
        await signed(counter, case, SECOND)


async def test_nothing_is_signed_before_the_day_after_the_last(counter: Counter):
    case = await over(counter)
    assert case.file.case.destroy_on is not None
    counter.clock.set(begins_at(case.file.case.destroy_on + dt.timedelta(days=1)) - dt.timedelta(seconds=1))
    with pytest.raises(Conflict, match="not_due"):
        await signed(counter, case, WINDOW)


async def test_a_hold_stops_the_signing_and_what_was_signed_counts_no_more(counter: Counter):
    case = await signed(counter, await over(counter), WINDOW)
    case = await counter.do(case, a.PlaceHold(reason="訴訟"), MANAGER)
    with pytest.raises(Conflict, match="not_due"):
        await signed(counter, case, VERIFIER)
    case = await counter.do(case, a.LiftHold(), MANAGER)
    case = await run(counter, await signed(counter, case, VERIFIER))
    assert case.file.case.stage is Stage.RETAINED
    assert (await run(counter, await signed(counter, case, WINDOW))).file.case.stage is Stage.DESTROYED


async def test_a_hold_between_the_second_signature_and_the_destruction_still_stops_it(counter: Counter):
    case = await signed(counter, await over(counter), WINDOW, VERIFIER)
    case = await counter.do(case, a.PlaceHold(reason="訴訟"), MANAGER)
    case = await run(counter, case)
    assert case.file.case.stage is Stage.RETAINED
    assert case.file.private.person == YAMADA
    assert "scan.s1" in await everything(counter.documents, case)


async def test_once_it_has_begun_a_hold_comes_too_late_and_is_told_so(counter: Counter):
    case = await signed(counter, await over(counter), WINDOW, VERIFIER)
    case = await counter.do(case, auto.BeginDestruction())
    with pytest.raises(Conflict, match="case_moved_on"):
        await counter.do(case, a.PlaceHold(reason="訴訟"), MANAGER)
    assert (await run(counter, case)).file.case.stage is Stage.DESTROYED


@pytest.mark.parametrize("act", [auto.BeginDestruction(), auto.Destroyed(certificate="0" * 64)])
async def test_not_even_the_system_destroys_what_two_have_not_signed(counter: Counter, act: a.Act):
    case = await signed(counter, await over(counter), WINDOW)
    with pytest.raises(Conflict, match="not_due"):
        await counter.do(case, act)


async def test_a_hold_on_another_case_of_the_person_s_stops_it(counter: Counter):
    case = await over(counter, account="hanako")
    other = await counter.verified(await counter.returned(await counter.call(RequestType.ERASE)), account="hanako")
    other = await counter.do(other, a.PlaceHold(reason="訴訟"), DECIDER)
    with pytest.raises(Conflict, match="not_due"):
        await signed(counter, case, WINDOW)
    await counter.do(other, a.LiftHold(), DECIDER)
    case = await signed(counter, case, WINDOW, VERIFIER)
    other = await counter.desk.read(other.id)
    await counter.do(other, a.PlaceHold(reason="訴訟"), DECIDER)
    assert (await run(counter, case)).file.case.stage is Stage.RETAINED


async def test_an_open_complaint_about_it_stops_it(counter: Counter):
    case = await over(counter)
    await counter.call(RequestType.COMPLAINT, about=case.id)
    with pytest.raises(Conflict, match="not_due"):
        await signed(counter, case, WINDOW)


class StopsAt:
    """A store whose `at`-th operation from here on fails before it has any effect, or whose `at`-th commit after it."""

    def __init__(self, real: SqliteDocuments) -> None:
        self.real, self.left, self.after = real, 0, False

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    async def _through(self, done: object) -> object:
        self.left -= 1
        if self.left != 0:
            return await done  # type: ignore[misc]
        if self.after:
            await done  # type: ignore[misc]
            raise OutcomeUnknown("commit_unknown", "made to")
        done.close()  # type: ignore[attr-defined]
        raise Unavailable("store_unavailable", "made to")

    async def get(self, path: str) -> object:
        return await (self.real.get(path) if self.after else self._through(self.real.get(path)))

    async def query(self, query: Query) -> object:
        return await (self.real.query(query) if self.after else self._through(self.real.query(query)))

    async def commit(self, writes: Sequence[Write]) -> object:
        return await self._through(self.real.commit(writes))


@pytest.mark.parametrize("after", [False, True])
async def test_wherever_it_stops_the_next_run_ends_it(sqlite_documents: SqliteDocuments, after: bool):
    stopping = StopsAt(sqlite_documents)
    for at in range(1, 100):
        counter = Counter(stopping, seed=at)  # type: ignore[arg-type]
        case = await signed(counter, await over(counter), WINDOW, VERIFIER)
        stopping.left, stopping.after = at, after
        with contextlib.suppress(Unavailable, OutcomeUnknown, Conflict):
            await run(counter, case)
        struck, stopping.left = stopping.left <= 0, 0
        for _ in range(3):
            counter.clock.advance(dt.timedelta(hours=1))
            case = await run(counter, case)
        assert case.file.case.stage is Stage.DESTROYED, at
        assert await sqlite_documents.query(Query(f"cases/{case.id}/papers")) == []
        assert await Blobs(sqlite_documents, counter.clock, counter.ids).find(paper_path(case.id, "scan.s1")) is None
        if not struck:
            break
    assert at > 5
