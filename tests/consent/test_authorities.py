"""Who may decide for somebody else: registered on evidence, within its scope and time, ended with what it gave; and
the dead, for whom nobody decides any more."""

from datetime import date, timedelta

import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.documents import Expect
from shared.connection.model import Connection, KindLink, LinkState, Tokens
from shared.connection.store import ConnectionStore
from shared.connection.writes import connection_path, put
from shared.consent.authorities import within
from shared.consent.model import DECEASED, Role, State
from shared.consent.service import How
from shared.consent.view import stands
from shared.errors import Conflict, InvalidInput, NotFound, NotPermitted, Refused
from shared.vocabulary import Kind, Provider, Purpose
from tests.consent.office import NOTICES, Nudging, Office

CHILD = date(2018, 4, 2)
YEAR = timedelta(days=365)


@pytest.fixture
def office(sqlite_documents, clock):
    return Office(sqlite_documents, clock)


async def agent(office, **scope):
    return await office.registering.authority(
        "hana", "ken", Role.AGENT, "power-7", valid_until=office.clock.now() + YEAR, **scope
    )


async def guardian(office, **more):
    return await office.registering.authority("taro", "hana", Role.GUARDIAN, "koseki-3", born_on=CHILD, **more)


async def test_an_agent_decides_within_scope_and_time_and_the_ledger_names_their_right(documents, clock):
    office = Office(documents, clock)
    one = await agent(office, kinds=[Kind.WEIGHT])
    right = await office.rights.right("ken", "hana", one)
    await office.decide("hana", "give", right=right)
    assert await office.allowed("hana", Kind.WEIGHT)
    event = (await office.ledger.events("hana"))[-1]
    assert (event.giver.role, event.giver.authority, event.giver.evidence) == (Role.AGENT, one, "power-7")
    with pytest.raises(NotPermitted, match="authority_invalid"):
        await office.decide("hana", "give", kinds=[Kind.SLEEP], right=right)
    with pytest.raises(NotPermitted, match="authority_invalid"):
        await office.decide("hana", "withdraw", kinds=[Kind.SLEEP], right=right)
    clock.advance(YEAR)
    assert not await office.allowed("hana", Kind.WEIGHT)
    with pytest.raises(NotPermitted, match="authority_invalid"):
        await office.decide("hana", "give", right=right)
    await office.check("hana")


async def test_a_right_over_purposes_reaches_no_other_purpose(office):
    one = await agent(office, purposes=[Purpose.HEALTH_GUIDANCE])
    right, clinic = await office.rights.right("ken", "hana", one), await office.clinic()
    await office.decide("hana", "give", clinic, Purpose.HEALTH_GUIDANCE, right=right)
    for recipient, purpose in (("qolms", Purpose.QOLMS_STORE), (clinic, Purpose.ONLINE_CONSULT)):
        with pytest.raises(NotPermitted, match="authority_invalid"):
            await office.decide("hana", "give", recipient, purpose, right=right)


async def test_unknown_foreign_and_ended_rights_have_one_answer(office, sqlite_documents, clock):
    ended, expiring, other = await agent(office), await agent(office), await guardian(office)
    await office.registering.end_authority(ended, "letter-1")
    told = set()
    for holder, subject, authority in [
        ("ken", "hana", "unknown"),
        ("ken", "hana", ""),
        ("ken", "hana", "../institutions/x"),
        ("mallory", "hana", ended),
        ("mallory", "hana", expiring),
        ("ken", "taro", expiring),
        ("ken", "taro", other),
        ("hana", "hana", expiring),
        ("ken", "hana", ended),
    ]:
        with pytest.raises(NotPermitted) as refused:
            await office.rights.right(holder, subject, authority)
        told.add(str(refused.value))
    clock.advance(YEAR)
    with pytest.raises(NotPermitted) as refused:
        await office.rights.right("ken", "hana", expiring)
    assert told | {str(refused.value)} == {"authority_invalid: no such right"}
    # In hana's own log: what she tried herself, and what ken did, who once could decide for her; nobody else's.
    assert await office.refusals("hana") == ["authority_invalid"] * 3
    assert await office.refusals("taro") == []
    assert await office.refusals("mallory") == ["authority_invalid"] * 2
    assert await office.refusals("ken") == ["authority_invalid"] * 5


async def test_nobody_writes_a_line_about_a_stranger(office, sqlite_documents):
    with pytest.raises(NotPermitted):
        await office.rights.right("mallory", "hana", "guessed")
    assert await sqlite_documents.get("users/hana/consent/state") is None


@pytest.mark.parametrize("evidence", ["", " ", "with spaces", "山田太郎", "x" * 65])
async def test_without_evidence_nobody_becomes_a_guardian(office, sqlite_documents, evidence):
    with pytest.raises(InvalidInput, match="evidence_missing"):
        await office.registering.authority("taro", "hana", Role.GUARDIAN, evidence, born_on=CHILD)
    assert await office.authorities.over("taro") == []
    assert await sqlite_documents.get("users/taro/consent/state") is None


async def test_what_is_no_right_is_not_registered(office, clock):
    now = clock.now()
    wrong = [
        ("hana", "hana", Role.AGENT, {"valid_until": now + YEAR}),
        ("hana", "ken", Role.AGENT, {}),
        ("hana", "ken", Role.AGENT, {"valid_until": now}),
        ("hana", "ken", Role.RELATIVE, {"valid_until": now + YEAR}),
        ("taro", "hana", Role.GUARDIAN, {}),
        ("taro", "hana", Role.GUARDIAN, {"born_on": date(2011, 11, 23)}),  # fifteen today, in Tokyo
        ("taro", "hana", Role.GUARDIAN, {"born_on": date(2026, 11, 24)}),
        ("taro", "hana", Role.GUARDIAN, {"born_on": date(1890, 1, 1)}),
    ]
    for subject, holder, role, more in wrong:
        with pytest.raises(InvalidInput, match="registration_invalid"):
            await office.registering.authority(subject, holder, role, "x-1", **more)
    await office.registering.authority("taro", "hana", Role.GUARDIAN, "x-1", born_on=date(2011, 11, 24))


async def test_ending_a_right_ends_what_was_given_by_it_and_nothing_else(office, clock):
    one, two = await agent(office), await agent(office)
    await office.decide("hana", "give", kinds=[Kind.STEPS])
    await office.decide("hana", "give", right=await office.rights.right("ken", "hana", one))
    second = await office.rights.right("ken", "hana", two)
    await office.decide("hana", "give", kinds=[Kind.SLEEP], right=second)
    await office.registering.end_authority(one, "letter-1")
    assert await office.states("hana", "qolms") == {
        "steps": State.GIVEN,
        "weight": State.INVALIDATED,
        "sleep": State.GIVEN,
    }
    event = (await office.ledger.events("hana"))[-1]
    assert (event.reason, event.giver.role, event.giver.evidence) == ("authority_ended", Role.STAFF, "letter-1")
    await office.registering.end_authority(one, "letter-1")  # once more changes nothing
    assert (await office.ledger.events("hana"))[-1] == event
    with pytest.raises(NotFound, match="not_registered"):
        await office.registering.end_authority("unknown", "letter-1")
    await office.check("hana")


async def test_what_the_person_gave_again_alone_outlasts_the_right(office):
    one = await agent(office)
    await office.decide("hana", "give", right=await office.rights.right("ken", "hana", one))
    await office.decide("hana", "give")
    await office.registering.end_authority(one, "letter-1")
    assert await office.allowed("hana", Kind.WEIGHT)


async def test_a_decision_cannot_slip_past_the_end_of_its_right(office, sqlite_documents, clock):
    one = await agent(office)

    async def end():
        await office.registering.end_authority(one, "letter-1")

    racing = Office(Nudging(sqlite_documents, "consent_events/", end), clock, seed=1)
    right = await racing.rights.right("ken", "hana", one)
    with pytest.raises(Conflict, match="precondition_failed"):
        await racing.decide("hana", "give", right=right)
    assert not await office.allowed("hana", Kind.WEIGHT)


async def test_an_end_that_meets_a_decision_ends_it_too(office, sqlite_documents, clock):
    one = await agent(office)

    async def decide():
        await office.decide("hana", "give", right=await office.rights.right("ken", "hana", one))

    await Office(Nudging(sqlite_documents, "audit/authority.", decide), clock, seed=1).registering.end_authority(
        one, "l"
    )
    assert await office.states("hana", "qolms") == {"weight": State.INVALIDATED}
    assert (await office.authorities.find(one)).authority.ended


async def test_the_holder_sees_what_the_right_reaches_and_no_more(office, clock):
    clinic = await office.clinic()
    one = await agent(office, purposes=[Purpose.HEALTH_GUIDANCE], kinds=[Kind.WEIGHT])
    await office.guide("hana", "give", clinic, [Kind.WEIGHT, Kind.SLEEP])
    await office.decide("hana", "give", clinic, Purpose.ONLINE_CONSULT)
    await office.decide("hana", "give")
    await office.decide("hana", "withdraw")
    invited = await office.invite("hana", note="お母さん")
    named = ["qolms", clinic, f"relative:{invited.id}"]
    recipients = await office.recipients.find("hana", named)
    notice = NOTICES.in_force(clock.now())
    whole = stands(await office.consents("hana"), notice, recipients.values(), clock.now())
    seen = within(whole, (await office.rights.right("ken", "hana", one)).authority)
    assert [(cell.purpose, cell.kind) for cell in seen.cells] == [(Purpose.HEALTH_GUIDANCE, Kind.WEIGHT)]
    assert [recipient.id for recipient in seen.recipients] == [clinic]
    assert (seen.erasable, seen.pending, seen.epoch) == ([], [], whole.epoch)
    assert whole.erasable == [Kind.WEIGHT]


async def test_the_audit_log_tells_of_rights_without_naming_anybody(office, sqlite_documents):
    one = await agent(office, kinds=[Kind.WEIGHT])
    await office.registering.end_authority(one, "letter-1")
    entries = await stream_entries(sqlite_documents, f"authority.{one}")
    assert [entry.action for entry in entries] == ["authority.registered", "authority.ended"]
    assert first_break(entries) is None
    assert "hana" not in str(entries)
    assert "'ken'" not in str(entries)


def link(uid, consents, at):
    return Connection(
        uid=uid,
        provider=Provider.GOOGLE_FIT,
        state=LinkState.ACTIVE,
        subject="s" * 64,
        kinds={kind: KindLink() for kind in Kind},
        consents=consents,
        tokens=Tokens(b"sealed", at),
        linked=1,
        linked_at=at,
        shard=0,
        next_sync_at=at,
    )


async def test_with_a_death_everything_ends_in_one_commit_and_the_grant_is_left_to_be_revoked(documents, clock):
    office, now = Office(documents, clock), clock.now()
    clinic, relation = await office.clinic(), await office.relative("hana", "mio")
    await office.decide("hana", "give")
    await office.guide("hana", "give", clinic)
    pending = await office.invite("hana")
    watching = await office.relative("yuki", "hana")
    await agent(office)
    ward = await guardian(office)
    await office.decide("taro", "give", right=await office.rights.right("hana", "taro", ward))
    linked = link("hana", (await office.consents("hana")).for_purpose(Purpose.QOLMS_STORE), now)
    await documents.commit([put(connection_path("hana", Provider.GOOGLE_FIT), linked, Expect.ABSENT)])

    await office.registering.deceased("hana", "certificate-9")

    consents = await office.consents("hana")
    assert consents.frozen == DECEASED
    assert {state.state for state in consents.cells.values()} == {State.INVALIDATED}
    events = [event for event in await office.ledger.events("hana") if event.epoch == consents.epoch]
    assert {event.reason for event in events} == {DECEASED}
    assert len(events) == len(consents.cells) + 1
    [stored] = await ConnectionStore(documents, clock).connections("hana")
    assert (stored.value.state, stored.value.tokens) == (LinkState.REVOKED, None)
    assert len(await ConnectionStore(documents, clock).loose_grants_due(now, limit=5)) == 1
    for one in (relation, pending.id, watching):
        found = await office.relations.find(one)
        assert found is not None
        assert found.value.ended_at == now
    assert not await office.watched("yuki", watching)
    assert [one.authority.ended for one in await office.authorities.over("hana")] == [True]
    assert not await office.allowed("taro", Kind.WEIGHT)  # whose guardian she was
    await office.check("hana", "yuki", "taro")


async def test_after_a_death_nobody_decides_anything(office):
    one = await agent(office)
    right = await office.rights.right("ken", "hana", one)
    await office.decide("hana", "give")
    open_to_all = await office.invite("yuki")
    await office.registering.deceased("hana", "certificate-9")
    for decision in ("give", "withdraw", "refuse"):
        with pytest.raises(Refused, match="consent_frozen"):
            await office.decide("hana", decision)
        with pytest.raises((Refused, NotPermitted, Conflict)):
            await office.decide("hana", decision, right=right)
    with pytest.raises(NotFound, match="nothing_given"):
        await office.consenting.withdraw_all("hana", How())
    with pytest.raises(Refused, match="consent_frozen"):
        await office.invite("hana")
    for act in (agent(office), office.registering.born("hana", CHILD, "x-1")):
        with pytest.raises(Refused, match="consent_frozen"):
            await act
    assert (await office.relations.find(open_to_all.id)).value.ended_at is None
    await office.check("hana")


async def test_a_death_is_registered_once_and_goes_on_where_it_was_cut(office, sqlite_documents, clock):
    watching = await office.relative("yuki", "hana")

    class Cut(Nudging):
        async def commit(self, writes):
            if any(write.path.startswith("users/yuki/") for write in writes):
                raise Conflict("precondition_failed")
            return await super().commit(writes)

    with pytest.raises(Conflict):
        await Office(Cut(sqlite_documents, "", None), clock, seed=1).registering.deceased("hana", "certificate-9")
    assert await office.watched("yuki", watching)
    await office.registering.deceased("hana", "certificate-9")
    assert not await office.watched("yuki", watching)
    assert sum(event.state is State.FROZEN for event in await office.ledger.events("hana")) == 1


async def test_an_invitation_made_while_the_death_is_recorded_ends_as_well(office, sqlite_documents, clock):
    made = []

    async def invite():
        made.append(await office.invite("hana"))

    racing = Office(Nudging(sqlite_documents, "consent_events/", invite), clock, seed=1)
    await racing.registering.deceased("hana", "certificate-9")
    assert (await office.relations.find(made[0].id)).value.ended_at is not None
    assert set((await office.states("hana", f"relative:{made[0].id}")).values()) == {State.INVALIDATED}


async def test_a_death_registered_by_mistake_can_be_taken_back_and_what_ended_is_asked_anew(office):
    await office.decide("hana", "give")
    with pytest.raises(NotFound, match="not_registered"):
        await office.registering.alive("hana", "letter-2")
    await office.registering.deceased("hana", "certificate-9")
    await office.registering.alive("hana", "letter-2")
    assert not await office.allowed("hana", Kind.WEIGHT)
    await office.decide("hana", "give")
    assert await office.allowed("hana", Kind.WEIGHT)
    await office.check("hana")


async def test_a_death_takes_evidence(office, sqlite_documents):
    for act in (office.registering.deceased("hana", ""), office.registering.alive("hana", "")):
        with pytest.raises(InvalidInput, match="evidence_missing"):
            await act
    assert await sqlite_documents.get("users/hana/consent/state") is None
