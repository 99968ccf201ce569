"""Medical institutions: registered, amended and ended by staff; who gave to one is found when it ends."""

import asyncio
import dataclasses

import pytest

from infra.manifest import load
from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.documents import Query
from shared.consent.asking import Asked
from shared.consent.institutions import Ended
from shared.consent.model import LIVE, Decision, Method, Role, State
from shared.consent.recipients import givers
from shared.consent.service import How
from shared.errors import InvalidInput, NotFound, Unavailable
from shared.policy.model import Words
from shared.vocabulary import Kind, Purpose
from tests.consent.office import CLINIC, Nudging, Office


@pytest.fixture
def office(sqlite_documents, clock):
    return Office(sqlite_documents, clock)


def name(recipient):
    return recipient.removeprefix("institution:")


async def test_a_registered_institution_can_be_given_to_and_is_shown_by_its_name(documents, clock):
    office = Office(documents, clock)
    clinic = await office.clinic()
    await office.guide("hana", "give", clinic, [Kind.WEIGHT, Kind.SLEEP])
    assert await office.allowed("hana", Kind.WEIGHT, clinic, Purpose.HEALTH_GUIDANCE)
    assert not await office.allowed("hana", Kind.WEIGHT, clinic, Purpose.ONLINE_CONSULT)
    assert (await office.recipients.find("hana", [clinic]))[clinic].name == CLINIC
    [known] = await office.institutions.listed()
    assert (known.id, known.people) == (name(clinic), 1)


async def test_ending_one_stops_it_for_everybody_and_their_ledgers_tell(documents, clock):
    office = Office(documents, clock)
    clinic, other = await office.clinic(), await office.clinic()
    people = [f"person{n}" for n in range(23)]
    for uid in people:
        await office.guide(uid, "give", clinic, [Kind.WEIGHT, Kind.SLEEP])
    await office.guide("person0", "give", other)
    await office.decide("person0", "give", other, Purpose.ONLINE_CONSULT)
    assert await office.institutions.end(name(clinic), "contract-1-ended") == Ended(23, 0)
    assert not (await office.recipients.find("person0", [clinic]))[clinic].active
    for uid in people:
        assert set((await office.states(uid, clinic)).values()) == {State.INVALIDATED}
    assert set((await office.states("person0", other)).values()) == {State.GIVEN}
    event = (await office.ledger.events("person1"))[-1]
    assert (event.reason, event.method, event.giver.role) == ("recipient_ended", Method.STAFF, Role.STAFF)
    assert event.giver.evidence == "contract-1-ended"
    assert await documents.query(Query(givers(name(clinic)))) == []
    with pytest.raises(InvalidInput, match="recipient_unknown"):
        await office.guide("hana", "give", clinic)
    await office.guide("person2", "withdraw", clinic)  # what is over can be withdrawn all the same
    await office.check(*people)


async def test_the_markers_follow_every_decision(office, sqlite_documents):
    clinic = await office.clinic()

    async def marked():
        return [marker.id for marker in await sqlite_documents.query(Query(givers(name(clinic))))]

    await office.guide("hana", "refuse", clinic)
    assert await marked() == []
    await office.guide("hana", "give", clinic, [Kind.WEIGHT, Kind.SLEEP])
    assert await marked() == ["hana"]
    await office.guide("hana", "withdraw", clinic, [Kind.WEIGHT])
    await office.decide("hana", "give")
    assert await marked() == ["hana"]
    await office.guide("hana", "withdraw", clinic, [Kind.SLEEP])
    assert await marked() == []


async def test_a_decision_on_its_way_while_the_institution_ends_is_found_as_well(sqlite_documents, clock):
    office = Office(sqlite_documents, clock)
    clinic = await office.clinic()
    known, ended = await office.recipients.find("late", [clinic]), asyncio.Event()

    class ReadBeforeTheEnd:
        async def find(self, uid, ids):
            await ended.wait()
            return known

    decide = dataclasses.replace(office.consenting, recipients=ReadBeforeTheEnd()).decide
    asked = [Asked(Purpose.HEALTH_GUIDANCE, Kind.WEIGHT, clinic, Decision.GIVE)]
    decision = asyncio.ensure_future(decide("late", asked, How(notice=office.notice), if_epoch=0))

    class Waiting:
        def now(self):
            return clock.now()

        async def sleep(self, seconds):
            assert seconds > load().functions["consent"].timeout
            ended.set()
            await decision

    assert await Office(sqlite_documents, Waiting(), seed=1).institutions.end(name(clinic), "over") == Ended(1, 0)
    assert await office.states("late", clinic) == {"weight": State.INVALIDATED}


async def test_whom_the_store_does_not_let_us_reach_is_told_when_it_is_ended_again(sqlite_documents, clock):
    office = Office(sqlite_documents, clock)
    clinic = await office.clinic()
    for uid in ("hana", "yuki"):
        await office.guide(uid, "give", clinic)

    class Failing(Nudging):
        async def commit(self, writes):
            if any(write.path.startswith("users/yuki/") for write in writes):
                raise Unavailable("store_unavailable")
            return await super().commit(writes)

    failing = Office(Failing(sqlite_documents, "", None), clock, seed=1)
    assert await failing.institutions.end(name(clinic), "over") == Ended(1, 1)
    assert await office.states("yuki", clinic) == {"weight": State.GIVEN}
    assert not (await office.recipients.find("yuki", [clinic]))[clinic].active  # nothing goes there all the same
    assert await office.institutions.end(name(clinic), "over") == Ended(1, 0)
    assert await office.states("yuki", clinic) == {"weight": State.INVALIDATED}
    assert len([e for e in await office.ledger.events("hana") if e.state not in LIVE]) == 1


async def test_amending_changes_what_is_said_and_the_audit_log_has_every_step(office, sqlite_documents):
    clinic = name(await office.clinic())
    await office.institutions.amend(clinic, "letter-2", name=Words(ja="新港病院", en="New Minato Hospital"))
    await office.institutions.amend(clinic, "letter-3", contact="03-1111-1111")
    [known] = await office.institutions.listed()
    assert (known.value.name.ja, known.value.address, known.value.contact) == ("新港病院", "東京都港区", "03-1111-1111")
    await office.institutions.end(clinic, "letter-4")
    await office.institutions.end(clinic, "letter-5")
    entries = await stream_entries(sqlite_documents, f"institution.{clinic}")
    assert [(entry.action, entry.facts["evidence"]) for entry in entries] == [
        ("institution.registered", "contract-1"),
        ("institution.amended", "letter-2"),
        ("institution.amended", "letter-3"),
        ("institution.ended", "letter-4"),
    ]
    assert first_break(entries) is None
    assert "病院" not in str(entries)


async def test_what_is_unknown_or_says_nothing_is_refused(office):
    for wrong in ("", "unknown", "../users/hana", "a/b"):
        with pytest.raises(NotFound, match="not_registered"):
            await office.institutions.end(wrong, "x-1")
        with pytest.raises(NotFound, match="not_registered"):
            await office.institutions.amend(wrong, "x-1", contact="03")
    for evidence in ("", "a b", "山田"):
        with pytest.raises(InvalidInput, match="evidence_missing"):
            await office.institutions.register(CLINIC, "東京都", "03", evidence)
    for address in ("", "  ", "a\nb", "x" * 201):
        with pytest.raises(InvalidInput, match="registration_invalid"):
            await office.institutions.register(CLINIC, address, "03", "x-1")
    assert await office.institutions.listed() == []
