import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.clock import ManualClock
from shared.cloud.documents import Documents, Put, settle
from shared.consent import ledger
from shared.consent.asking import MOST_CHANGES, Asked, Authority
from shared.consent.gate import permits
from shared.consent.ledger import Said, Tail, rebuild
from shared.consent.model import QOLMS, Cell, Consents, Decision, Method, Role, State
from shared.consent.ports import Followed, Recipient
from shared.consent.service import Consenting, How
from shared.consent.store import ConsentStore
from shared.errors import Conflict, Fault, InvalidInput, NotFound, NotPermitted, Refused
from shared.ids import digest
from shared.policy.model import NoticeRef, RecipientType, Words
from shared.policy.notices import notices
from shared.vocabulary import Kind, Purpose
from tests.fakes import consenting_over, decisions, right_by

NOTICE = notices().find("2026-10-01").ref
GIVE, WITHDRAW = Decision.GIVE, Decision.WITHDRAW
Build = Callable[..., Consenting]


class Copies:
    """A document that follows the person's consents; `before` runs while it is being prepared."""

    def __init__(self, documents: Documents, before: Callable[[], Awaitable[object]] | None = None) -> None:
        self.documents = documents
        self.before = before

    async def following(self, uid: str, consents: Consents) -> Followed:
        found = await self.documents.get("copies/c")
        writes = [Put("copies/c", {"epoch": consents.epoch}, found.version)] if found else []
        if self.before is not None:
            before, self.before = self.before, None
            await before()
        return Followed([*writes], [])


class Known:
    """A clinic that is registered, one that has left, and the service."""

    async def find(self, uid: str, ids: object) -> dict[str, Recipient]:
        name = Words("医院", "Clinic")
        return {
            QOLMS: Recipient(QOLMS, RecipientType.SERVICE, name),
            "institution:a": Recipient("institution:a", RecipientType.INSTITUTION, name),
            "institution:left": Recipient("institution:left", RecipientType.INSTITUTION, name, active=False),
            "relative:r": Recipient("relative:r", RecipientType.RELATIVE, name),
        }


@pytest.fixture
def build(documents: Documents, clock: ManualClock) -> Build:
    def built(before: Callable[[], Awaitable[object]] | None = None) -> Consenting:
        store, commit = ConsentStore(documents), partial(settle, documents)
        made = consenting_over(documents, store, Copies(documents, before), commit, clock)
        return replace(made, recipients=Known())

    return built


def how(**more: object) -> How:
    return How(notice=NOTICE, **more)  # type: ignore[arg-type]


async def decide(
    consenting: Consenting, decision: Decision, *kinds: Kind, if_epoch: int | None = None, **more: object
) -> Consents:
    asked = decisions(decision, *(kinds or (Kind.WEIGHT,)))
    return (await consenting.decide("hana", asked, how(**more), if_epoch=if_epoch)).consents


def allowed(consents: Consents, clock: ManualClock, kind: Kind = Kind.WEIGHT) -> bool:
    return permits(consents, Purpose.QOLMS_STORE, kind, QOLMS, clock.now()).allowed


async def state(consenting: Consenting, uid: str = "hana") -> Consents:
    return (await consenting.standing(uid)).consents


async def audited(documents: Documents, uid: str = "hana") -> list[str]:
    entries = await stream_entries(documents, f"consent.{digest('subject', uid)}")
    assert first_break(entries) is None
    assert uid not in str(entries)
    return [str(entry.facts.get("code", entry.facts["epoch"])) for entry in entries]


async def test_giving_and_withdrawing(build: Build, clock: ManualClock) -> None:
    consenting = build()
    assert not allowed(await state(consenting), clock)
    assert allowed(await decide(consenting, GIVE, if_epoch=0), clock)
    assert allowed(await state(consenting), clock)
    await decide(consenting, WITHDRAW, if_epoch=1)
    assert not allowed(await state(consenting), clock)
    assert (await state(consenting, "yuki")).epoch == 0


async def test_a_decision_made_on_an_older_state_is_refused_and_leaves_only_a_line_of_audit(
    build: Build, documents: Documents
) -> None:
    consenting = build()
    await decide(consenting, GIVE, if_epoch=0)
    await decide(consenting, WITHDRAW, if_epoch=1)
    with pytest.raises(Conflict, match="consent_stale"):
        await decide(consenting, GIVE, if_epoch=0)
    assert len(await ConsentStore(documents).events("hana")) == 2
    assert await audited(documents) == ["1", "2", "consent_stale"]


def one(purpose: str = "qolms_store", kind: str = "weight", recipient: str = QOLMS, **more: object) -> Asked:
    return Asked(purpose, kind, recipient, **{"decision": GIVE, **more})  # type: ignore[arg-type]


EARLIER = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
BEYOND = dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.timezone(-dt.timedelta(hours=12)))
WRONG: dict[str, tuple[list[Asked], str]] = {
    "none": ([], "body_invalid"),
    "too many": ([one(recipient=str(n)) for n in range(201)], "body_invalid"),
    "one cell twice": ([one(), one(decision=WITHDRAW)], "body_invalid"),
    "another purpose": ([one("advertising")], "purpose_unknown"),
    "another kind": ([one(kind="location")], "kind_unknown"),
    "nobody we know": ([one(recipient="hospital")], "recipient_unknown"),
    "a recipient of another purpose": ([one("health_guidance")], "recipient_unknown"),
    "a service where a relative is due": ([one("family_watch")], "recipient_unknown"),
    "one that has left": ([one("health_guidance", recipient="institution:left")], "recipient_unknown"),
    "what needs no consent": ([one("self_access")], "decision_impossible"),
    "what may never touch it": ([one("new_service")], "decision_impossible"),
    "an end that has been": ([one(valid_until=EARLIER)], "decision_impossible"),
    "an end beyond time": ([one(valid_until=BEYOND)], "decision_impossible"),
    "an end of no place": ([one(valid_until=EARLIER.replace(tzinfo=None, year=2030))], "decision_impossible"),
    "one wrong among right ones": ([one(), one(kind="sleep", recipient="x")], "recipient_unknown"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_cannot_be_decided_is_refused_and_leaves_only_a_line_of_audit(
    build: Build, documents: Documents, case: str
) -> None:
    asked, code = WRONG[case]
    with pytest.raises(InvalidInput, match=code):
        await build().decide("hana", asked, how(), if_epoch=None)
    assert await ConsentStore(documents).events("hana") == []
    assert await audited(documents) == [code]


async def test_of_too_many_recipients_no_more_are_looked_up_than_a_decision_can_name(build: Build) -> None:
    class Counted(Known):
        looked_up = 0

        async def find(self, uid: str, ids: object) -> dict[str, Recipient]:
            self.looked_up += len(list(ids))  # type: ignore[call-overload]
            return await super().find(uid, ids)

    known = Counted()
    asked = [one(recipient=f"relative:{n}", decision=WITHDRAW) for n in range(10_000)]
    with pytest.raises(InvalidInput, match="body_invalid"):
        await replace(build(), recipients=known).decide("hana", asked, how(), if_epoch=None)
    assert known.looked_up <= MOST_CHANGES


@pytest.mark.parametrize(
    ("ref", "code"),
    [
        (NoticeRef("1999", NOTICE.sha256), "notice_unknown"),
        (NoticeRef(NOTICE.version, "0" * 64), "notice_unknown"),
    ],
    ids=["a version that never was", "other words"],
)
async def test_words_that_were_never_published_cannot_be_agreed_to(
    build: Build, documents: Documents, ref: NoticeRef, code: str
) -> None:
    with pytest.raises(NotFound, match=code):
        await build().decide("hana", decisions(GIVE, Kind.WEIGHT), How(notice=ref), if_epoch=0)
    assert await audited(documents) == [code]


async def test_withdrawing_is_not_kept_waiting_by_words_or_states(build: Build, clock: ManualClock) -> None:
    consenting = build()
    await decide(consenting, GIVE)
    stale = How(notice=NoticeRef("1999", ""))
    after = await consenting.decide("hana", decisions(WITHDRAW, Kind.WEIGHT), stale, if_epoch=None)
    assert not allowed(after.consents, clock)
    assert after.events[0].notice == NOTICE


async def test_what_is_given_says_under_which_words_how_and_by_whom(build: Build) -> None:
    prepared = await build().decide("hana", [one()], how(screen="matrix", method=Method.PAGE), if_epoch=0)
    [event] = prepared.events
    assert (event.notice, event.screen, event.method, event.giver.role) == (NOTICE, "matrix", Method.PAGE, Role.SELF)
    assert (event.state, event.number, event.epoch) == (State.GIVEN, 1, 1)


async def test_what_a_relative_sees_ends_by_itself_and_never_later_than_the_notice_says(
    build: Build, clock: ManualClock
) -> None:
    year = clock.now() + dt.timedelta(days=365)
    for until, ends in ((None, year), (year + dt.timedelta(days=1), year), (year - dt.timedelta(days=300),) * 2):
        asked = [one("family_watch", recipient="relative:r", valid_until=until)]
        prepared = await build().decide("hana", asked, how(), if_epoch=None)
        assert prepared.events[0].valid_until == ends


async def test_the_ledger_alone_gives_the_state_and_the_audit_log_tells_of_each_change(
    build: Build, documents: Documents
) -> None:
    consenting = build()
    for kind in (Kind.WEIGHT, Kind.SLEEP, Kind.STEPS):
        await decide(consenting, GIVE, kind)
    await consenting.decide("hana", [one(kind="sleep", decision=WITHDRAW), one(kind="steps")], how(), if_epoch=3)
    events = await ConsentStore(documents).events("hana")
    assert rebuild(events) == await state(consenting)
    assert ledger.first_break(events, (await consenting.standing("hana")).tail) is None
    assert await audited(documents) == ["1", "2", "3", "4"]


async def test_stopping_everything_ends_what_is_live_and_nothing_else(build: Build, clock: ManualClock) -> None:
    consenting = build()
    with pytest.raises(NotFound, match="nothing_given"):
        await consenting.withdraw_all("hana", how())
    await decide(consenting, GIVE, Kind.WEIGHT, Kind.SLEEP)
    await consenting.decide("hana", [one("health_guidance", recipient="institution:a")], how(), if_epoch=None)
    await decide(consenting, WITHDRAW, Kind.SLEEP)
    prepared = await consenting.withdraw_all("hana", how())
    assert {event.cell for event in prepared.events} == {
        "qolms_store|weight|qolms",
        "health_guidance|weight|institution:a",
    }
    assert not any(s.as_of(clock.now()) in ("given", "reconfirmed") for s in prepared.consents.cells.values())


AGENT = Authority("a1", "hana", "ken", Role.AGENT, "paper 17", kinds=(Kind.WEIGHT,))


async def test_an_agent_decides_within_their_scope_and_time(build: Build, clock: ManualClock) -> None:
    consenting = build()
    given = await decide(
        consenting, GIVE, right=right_by(replace(AGENT, valid_until=clock.now() + dt.timedelta(days=1)))
    )
    assert allowed(given, clock)
    clock.advance(dt.timedelta(days=1))
    assert not allowed(given, clock)


@pytest.mark.parametrize(
    "authority",
    [
        replace(AGENT, ended=True),
        replace(AGENT, evidence=""),
        replace(AGENT, valid_until=EARLIER),
        replace(AGENT, kinds=(Kind.SLEEP,)),
        replace(AGENT, purposes=(Purpose.FAMILY_WATCH,)),
        replace(AGENT, role=Role.GUARDIAN),  # of somebody who is not under age
    ],
    ids=["ended", "no evidence", "run out", "another kind", "another purpose", "of age"],
)
async def test_a_right_that_is_over_or_does_not_cover_it_decides_nothing(
    build: Build, documents: Documents, authority: Authority
) -> None:
    with pytest.raises(NotPermitted, match="authority_invalid"):
        await decide(build(), GIVE, right=right_by(authority))
    assert await audited(documents) == ["authority_invalid"]


async def test_what_follows_changes_in_the_same_commit(build: Build, documents: Documents) -> None:
    await documents.commit([Put("copies/c", {"epoch": 0})])
    await decide(build(), GIVE)
    copy = await documents.get("copies/c")
    assert copy is not None
    assert copy.data == {"epoch": 1}


async def test_a_copy_that_moved_meanwhile_makes_it_decide_again(build: Build, documents: Documents) -> None:
    await documents.commit([Put("copies/c", {"epoch": 0})])
    await decide(build(lambda: documents.commit([Put("copies/c", {"epoch": 0, "synced": True})])), GIVE)
    copy = await documents.get("copies/c")
    assert copy is not None
    assert copy.data == {"epoch": 1}
    assert len(await ConsentStore(documents).events("hana")) == 1


async def test_two_decisions_at_once_both_count_where_neither_names_an_epoch(
    build: Build, documents: Documents, clock: ManualClock
) -> None:
    kinds = list(Kind)[:4]
    await asyncio.gather(*(decide(build(), GIVE, kind) for kind in kinds))
    stands = await ConsentStore(documents).consents("hana")
    assert stands.epoch == 4
    assert all(allowed(stands, clock, kind) for kind in kinds)


async def test_of_two_decisions_on_the_same_state_one_wins(build: Build) -> None:
    async def try_to(decision: Decision) -> object:
        try:
            return await decide(build(), decision, if_epoch=0)
        except Fault as lost:
            return lost

    results = await asyncio.gather(try_to(GIVE), try_to(WITHDRAW))
    assert sum(isinstance(result, Conflict) for result in results) == 1


async def test_prepared_decisions_write_nothing_by_themselves(documents: Documents, clock: ManualClock) -> None:
    store = ConsentStore(documents)
    said = Said(at=clock.now(), method=Method.LINK, notice=NOTICE)
    prepared = await store.prepare("hana", lambda _: [ledger.Entry(None, State.FROZEN, reason="deceased")], said)
    assert prepared.consents.frozen == "deceased"
    assert (await store.standing("hana")).tail == Tail()
    assert not (await store.consents("hana")).frozen


async def test_while_frozen_or_being_erased_nothing_can_be_given(
    build: Build, documents: Documents, clock: ManualClock
) -> None:
    consenting = build()
    said = Said(at=clock.now(), method=Method.STAFF, notice=NOTICE)
    entries = [ledger.Entry(None, State.FROZEN, reason="deceased")]
    await consenting.recorder.record("hana", lambda _: entries, said)
    with pytest.raises(Refused, match="consent_frozen"):
        await decide(consenting, GIVE)
    cell = Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS)
    await consenting.recorder.record("yuki", lambda _: [ledger.Entry(cell, State.ERASING)], said)
    with pytest.raises(Conflict, match="erasure_under_way"):
        await consenting.decide("yuki", decisions(GIVE, Kind.WEIGHT), how(), if_epoch=None)
