"""Relatives: invited by the person, accepting with their own account, ended by either."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.consent.invitations import MOST_OPEN
from shared.consent.model import LIVE, Method, Role, State
from shared.consent.ports import Watched
from shared.consent.service import How
from shared.errors import Conflict, InvalidInput, NotFound, NotPermitted, Refused
from shared.policy.model import NoticeRef
from shared.vocabulary import Kind, Purpose
from tests.consent.office import NOTICES, Nudging, Office

WEEK = timedelta(days=7)


@pytest.fixture
def office(sqlite_documents, clock):
    return Office(sqlite_documents, clock)


async def refused(office, uid, relation, code):
    with pytest.raises(Refused) as told:
        await office.invitations.accept(uid, relation, code)
    return str(told.value)


async def test_nothing_flows_before_the_relative_accepts_and_what_was_asked_for_does_from_then_on(documents, clock):
    office = Office(documents, clock)
    invited = await office.invite("hana", note="お母さん")
    assert invited.expires_at == clock.now() + WEEK
    assert set((await office.states("hana", f"relative:{invited.id}")).values()) == {State.REQUESTED}
    assert not await office.watched("hana", invited.id)
    clock.advance(timedelta(days=2))
    await office.invitations.accept("mio", invited.id, invited.code)
    assert await office.watched("hana", invited.id)
    assert not await office.watched("hana", invited.id, Kind.STEPS)
    cell = (await office.consents("hana")).cells[f"family_watch|weight|relative:{invited.id}"]
    assert (cell.state, cell.valid_until) == (State.GIVEN, clock.now() + timedelta(days=365))
    event = (await office.ledger.events("hana"))[-1]
    assert (event.giver.role, event.method) == (Role.SELF, Method.INVITATION)
    assert event.giver.evidence == f"relation:{invited.id}"
    assert event.notice == office.notice
    assert await office.relations.watched_by("mio") == [Watched("hana", f"relative:{invited.id}", clock.now())]
    await office.check("hana", "mio")


async def test_the_end_that_was_asked_for_holds_where_it_is_sooner(office, clock):
    until = clock.now() + timedelta(days=30)
    invited = await office.invite("hana", valid_until=until)
    await office.invitations.accept("mio", invited.id, invited.code)
    assert await office.watched("hana", invited.id)
    clock.set(until)
    assert not await office.watched("hana", invited.id)


async def test_an_invitation_lasts_no_longer_than_what_it_is_to_give(office, clock):
    until = clock.now() + timedelta(days=1)
    invited = await office.invite("hana", valid_until=until)
    assert invited.expires_at == until
    clock.set(until)
    assert await refused(office, "mio", invited.id, invited.code) == "invitation_invalid"


async def test_whoever_fails_to_accept_is_told_one_and_the_same_thing(office, clock):
    invited, other = await office.invite("hana"), await office.invite("yuki")
    told = {
        await refused(office, "mio", "unknown", invited.code),
        await refused(office, "mio", "../users/hana", invited.code),
        await refused(office, "mio", invited.id, other.code),
        await refused(office, "mio", invited.id, ""),
        await refused(office, "hana", invited.id, invited.code),  # their own
    }
    await office.invitations.accept("mio", invited.id, invited.code)
    told |= {
        await refused(office, "mio", invited.id, invited.code),
        await refused(office, "ken", invited.id, invited.code),
        await refused(office, "ken", invited.id, ""),
    }
    clock.advance(WEEK)
    told |= {await refused(office, "mio", other.id, other.code)}
    assert told == {"invitation_invalid"}
    assert await office.refusals("mio") == ["invitation_invalid"] * 6
    assert await office.refusals("hana") == ["invitation_invalid"]
    assert await office.states("yuki", f"relative:{other.id}") == {"weight": State.REQUESTED, "sleep": State.REQUESTED}


async def test_an_invitation_can_be_accepted_up_to_its_end_and_not_at_it(office, clock):
    first, second = await office.invite("hana"), await office.invite("yuki")
    clock.advance(WEEK - timedelta(microseconds=1))
    await office.invitations.accept("mio", first.id, first.code)
    clock.advance(timedelta(microseconds=1))
    assert await refused(office, "mio", second.id, second.code) == "invitation_invalid"


async def test_the_code_and_the_name_stand_nowhere_else(office, sqlite_documents):
    invited = await office.invite("hana", note="お母さん")
    await office.invitations.accept("mio", invited.id, invited.code)
    await office.invitations.end("hana", invited.id)
    events = await office.ledger.events("hana")
    entries = await stream_entries(sqlite_documents, f"relation.{invited.id}")
    relation = await office.relations.find(invited.id)
    assert [entry.action for entry in entries] == ["relation.invited", "relation.accepted", "relation.withdrawn"]
    assert first_break(entries) is None
    for trace in (str(events), str(entries), str(relation)):
        assert invited.code not in trace
        assert "お母さん" not in trace
    assert "hana" not in str(entries)
    assert "mio" not in str(entries)


async def test_what_was_withdrawn_meanwhile_is_not_given(office):
    invited = await office.invite("hana")
    recipient = f"relative:{invited.id}"
    await office.decide("hana", "withdraw", recipient, Purpose.FAMILY_WATCH, [Kind.SLEEP])
    await office.invitations.accept("mio", invited.id, invited.code)
    assert await office.states("hana", recipient) == {"weight": State.GIVEN, "sleep": State.WITHDRAWN}
    gone = await office.invite("yuki")
    await office.consenting.withdraw_all("yuki", How())
    assert await refused(office, "mio", gone.id, gone.code) == "invitation_invalid"


async def test_either_side_ends_it_and_the_ledger_says_who(office):
    by_person, by_relative = await office.relative("hana", "mio"), await office.relative("yuki", "mio")
    await office.invitations.end("hana", by_person)
    await office.invitations.end("mio", by_relative)
    assert set((await office.states("hana", f"relative:{by_person}")).values()) == {State.WITHDRAWN}
    assert set((await office.states("yuki", f"relative:{by_relative}")).values()) == {State.INVALIDATED}
    left = (await office.ledger.events("yuki"))[-1]
    assert (left.giver.role, left.reason) == (Role.RELATIVE, "left")
    assert await office.relations.watched_by("mio") == []
    for uid, relation in (("hana", by_person), ("mio", by_relative), ("ken", by_person), ("ken", "unknown")):
        with pytest.raises(Refused, match=r"^invitation_invalid$"):
            await office.invitations.end(uid, relation)
    await office.check("hana", "yuki")


async def test_nobody_else_can_end_it_and_nothing_can_be_given_to_it_once_ended(office):
    relation = await office.relative("hana", "mio")
    for stranger in ("ken", "yuki", ""):
        with pytest.raises(Refused, match=r"^invitation_invalid$"):
            await office.invitations.end(stranger, relation)
    assert await office.watched("hana", relation)
    await office.invitations.end("mio", relation)
    with pytest.raises(InvalidInput, match="recipient_unknown"):
        await office.decide("hana", "give", f"relative:{relation}", Purpose.FAMILY_WATCH)


async def test_a_relative_can_be_given_more_only_by_their_own_person_and_only_once_accepted(office):
    invited = await office.invite("hana")
    recipient = f"relative:{invited.id}"
    for uid in ("hana", "yuki"):
        with pytest.raises(InvalidInput, match="recipient_unknown"):
            await office.decide(uid, "give", recipient, Purpose.FAMILY_WATCH, [Kind.STEPS])
    await office.invitations.accept("mio", invited.id, invited.code)
    with pytest.raises(InvalidInput, match="recipient_unknown"):
        await office.decide("yuki", "give", recipient, Purpose.FAMILY_WATCH, [Kind.STEPS])
    await office.decide("hana", "give", recipient, Purpose.FAMILY_WATCH, [Kind.STEPS])
    assert await office.watched("hana", invited.id, Kind.STEPS)
    assert await office.recipients.find("yuki", [recipient]) == {}
    assert (await office.recipients.find("hana", [recipient]))[recipient].active


async def test_one_person_watches_another_once(office):
    await office.relative("hana", "mio")
    again = await office.invite("hana", [Kind.STEPS])
    assert await refused(office, "mio", again.id, again.code) == "invitation_invalid"
    await office.invitations.accept("ken", again.id, again.code)


async def test_bad_invitations_are_refused_and_leave_a_line_in_the_audit_log_alone(office, clock):
    wrong: list[Any] = [
        ({"kinds": []}, InvalidInput, "body_invalid"),
        ({"kinds": [Kind.STEPS, Kind.STEPS]}, InvalidInput, "body_invalid"),
        ({"valid_until": clock.now()}, InvalidInput, "decision_impossible"),
    ]
    for given, category, code in wrong:
        with pytest.raises(category, match=code):
            await office.invite("hana", **given)
    with pytest.raises(NotFound, match="notice_unknown"):
        await office.invitations.invite("hana", [Kind.STEPS], How(notice=NoticeRef("2020-01-01", "0" * 64)))
    await office.decide("hana", "give")
    with pytest.raises(Conflict, match="consent_stale"):
        await office.invitations.invite("hana", [Kind.STEPS], How(notice=office.notice), if_epoch=0)
    codes = ["body_invalid", "body_invalid", "decision_impossible", "notice_unknown", "consent_stale"]
    assert await office.refusals("hana") == codes
    assert await office.relations.open_of("hana") == []
    assert len(await office.ledger.events("hana")) == 1


async def test_there_is_an_end_to_inviting_and_what_ran_out_makes_room(office, clock):
    first = [await office.invite("hana", [Kind.STEPS]) for _ in range(MOST_OPEN)]
    with pytest.raises(Conflict, match="too_many_invitations"):
        await office.invite("hana")
    clock.advance(WEEK)
    await office.invite("hana")
    assert await office.states("hana", f"relative:{first[0].id}") == {"steps": State.EXPIRED}
    assert len(await office.relations.open_of("hana")) == 1
    await office.check("hana")


async def test_of_two_relatives_who_accept_at_once_one_has_it(office):
    invited = await office.invite("hana")
    both = await asyncio.gather(
        *(office.invitations.accept(uid, invited.id, invited.code) for uid in ("mio", "ken")), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in both) == ["Refused", "Stored"]
    [relation] = await office.relations.open_of("hana")
    assert len(await office.relations.watched_by(relation.value.relative)) == 1
    assert sum(event.state in LIVE for event in await office.ledger.events("hana")) == 2
    await office.check("hana")


async def test_of_two_invitations_that_one_relative_accepts_at_once_one_counts(office):
    invited = [await office.invite("hana", [kind]) for kind in (Kind.WEIGHT, Kind.SLEEP)]
    both = await asyncio.gather(
        *(office.invitations.accept("mio", one.id, one.code) for one in invited), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in both) == ["Refused", "Stored"]
    assert len(await office.relations.watched_by("mio")) == 1


@pytest.mark.parametrize("ended", ["cell", "relation", "everything"])
async def test_a_withdrawal_right_before_the_acceptance_is_recorded_stands(office, sqlite_documents, clock, ended):
    invited = await office.invite("hana", [Kind.WEIGHT])

    async def withdraw():
        if ended == "cell":
            await office.decide("hana", "withdraw", f"relative:{invited.id}", Purpose.FAMILY_WATCH)
        elif ended == "relation":
            await office.invitations.end("hana", invited.id)
        else:
            await office.consenting.withdraw_all("hana", How())

    racing = Office(Nudging(sqlite_documents, "consent_events/", withdraw), clock, seed=1)
    assert await refused(racing, "mio", invited.id, invited.code) == "invitation_invalid"
    assert await office.states("hana", f"relative:{invited.id}") == {"weight": State.WITHDRAWN}
    assert await office.relations.watched_by("mio") == []
    await office.check("hana")


async def test_an_acceptance_right_before_the_withdrawal_is_recorded_is_withdrawn(office, sqlite_documents, clock):
    invited = await office.invite("hana", [Kind.WEIGHT])

    async def accept():
        await office.invitations.accept("mio", invited.id, invited.code)

    racing = Office(Nudging(sqlite_documents, "consent_events/", accept), clock, seed=1)
    await racing.invitations.end("hana", invited.id)
    assert not await office.watched("hana", invited.id)
    assert await office.states("hana", f"relative:{invited.id}") == {"weight": State.WITHDRAWN}
    assert await office.relations.watched_by("mio") == []


async def test_an_invitation_that_runs_out_while_the_person_decides_is_not_accepted(office, sqlite_documents, clock):
    invited = await office.invite("hana", [Kind.WEIGHT])
    clock.advance(WEEK - timedelta(seconds=1))

    async def meanwhile():
        await office.decide("hana", "give")
        clock.advance(timedelta(seconds=1))

    racing = Office(Nudging(sqlite_documents, "consent_events/", meanwhile), clock, seed=1)
    assert await refused(racing, "mio", invited.id, invited.code) == "invitation_invalid"
    assert not await office.watched("hana", invited.id)


async def test_the_words_at_the_time_of_inviting_are_those_it_is_given_under(office):
    invited = await office.invite("hana")
    found = await office.relations.find(invited.id)
    assert found.value.notice == next(iter(NOTICES)).ref


async def guarded(office, **more):
    """A child, their guardian, and the guardian's right."""
    authority = await office.registering.authority(
        "taro", "hana", Role.GUARDIAN, "koseki-3", born_on=date(2018, 4, 2), **more
    )
    return await office.rights.right("hana", "taro", authority)


def by(office, right):
    return How(notice=office.notice, right=right)


async def test_a_guardian_invites_for_a_child_who_cannot_and_what_it_gives_ends_with_the_right(documents, clock):
    office = Office(documents, clock)
    right = await guarded(office)
    with pytest.raises(Refused, match="guardian_needed"):
        await office.invite("taro")
    made = await office.invitations.invite(
        "taro", [Kind.WEIGHT], by(office, right), if_epoch=await office.epoch("taro")
    )
    await office.invitations.accept("mio", made.id, made.code)
    assert await office.watched("taro", made.id)
    asked, given = await office.ledger.events("taro")
    for event in (asked, given):
        assert (event.giver.role, event.giver.authority, event.giver.evidence) == (
            Role.GUARDIAN,
            right.authority.id,
            "koseki-3",
        )
    assert given.authority_until == NOTICES.in_force(clock.now()).start_of(date(2034, 4, 2))  # sixteen by then
    await office.registering.end_authority(right.authority.id, "court-1")
    assert not await office.watched("taro", made.id)
    assert set((await office.states("taro", f"relative:{made.id}")).values()) == {State.INVALIDATED}
    await office.check("taro")


async def test_an_invitation_dies_with_the_right_that_it_was_made_by(office):
    right = await guarded(office)
    made = await office.invitations.invite("taro", [Kind.WEIGHT], by(office, right))
    await office.registering.end_authority(right.authority.id, "court-1")
    assert await refused(office, "mio", made.id, made.code) == "invitation_invalid"
    assert not await office.watched("taro", made.id)


async def test_a_right_that_ends_while_the_relative_accepts_gives_nothing(office, sqlite_documents, clock):
    right = await guarded(office)
    made = await office.invitations.invite("taro", [Kind.WEIGHT], by(office, right))

    async def court():
        await office.registering.end_authority(right.authority.id, "court-1")

    nudged = Office(Nudging(sqlite_documents, f"relations/{made.id}", court), clock, seed=1)
    assert await refused(nudged, "mio", made.id, made.code) == "invitation_invalid"
    assert not await office.watched("taro", made.id)
    await office.check("taro")


async def test_a_right_reaches_only_the_invitations_it_covers(office, clock):
    made = await office.invite("hana", [Kind.WEIGHT, Kind.SLEEP])
    narrow, wide = [
        await office.rights.right(
            "ken",
            "hana",
            await office.registering.authority(
                "hana", "ken", Role.AGENT, "power-7", valid_until=clock.now() + 4 * WEEK, kinds=kinds
            ),
        )
        for kinds in ([Kind.WEIGHT], [Kind.WEIGHT, Kind.SLEEP])
    ]
    with pytest.raises(NotPermitted, match="authority_invalid"):
        await office.invitations.invite("hana", [Kind.SLEEP], by(office, narrow))
    with pytest.raises(Refused, match="invitation_invalid"):
        await office.invitations.end("hana", made.id, narrow)
    await office.invitations.end("hana", made.id, wide)
    assert set((await office.states("hana", f"relative:{made.id}")).values()) == {State.WITHDRAWN}
    assert (await office.ledger.events("hana"))[-1].giver.role is Role.AGENT
    await office.check("hana")
