"""People under age: a guardian gives, up to the birthday on which the person decides alone. Ages are counted in the
operator's civil days, by the rule that is in force on them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.clock import ManualClock
from shared.consent.asking import of_age_at, pending
from shared.consent.messages import AskState
from shared.consent.model import Role, State
from shared.consent.service import How
from shared.errors import InvalidInput, NotPermitted, Refused
from shared.vocabulary import Kind, Purpose
from tests.consent.office import NOTICES, Office

NOTICE = next(iter(NOTICES))
MOMENT = timedelta(microseconds=1)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def tokyo(year, month, day):
    """The instant at which that civil date begins in Tokyo."""
    return datetime(year, month, day, tzinfo=UTC) - timedelta(hours=9)


@pytest.fixture
def office(sqlite_documents, clock):
    return Office(sqlite_documents, clock)


async def guarded(office, born_on, kinds=(Kind.WEIGHT,)):
    """Somebody whose guardian has given."""
    one = await office.registering.authority("taro", "hana", Role.GUARDIAN, "koseki-3", born_on=born_on)
    right = await office.rights.right("hana", "taro", one)
    await office.decide("taro", "give", kinds=kinds, right=right)
    return right


@pytest.mark.parametrize(
    ("born_on", "comes_of_age"),
    [
        (date(2012, 5, 10), tokyo(2027, 5, 10)),  # fifteen, while the rule says fifteen
        (date(2013, 7, 15), tokyo(2028, 7, 15)),  # the last day of that rule
        (date(2013, 7, 16), tokyo(2029, 7, 16)),  # fifteen on the day on which the rule says sixteen
        (date(2013, 8, 1), tokyo(2029, 8, 1)),
        (date(2012, 2, 29), tokyo(2027, 3, 1)),  # no such day in 2027
        (date(2016, 2, 29), tokyo(2032, 2, 29)),  # sixteen in a leap year
        (date(2014, 2, 28), tokyo(2030, 2, 28)),
        (date(1980, 1, 1), tokyo(1995, 1, 1)),
    ],
)
def test_the_age_is_measured_by_the_rule_that_is_in_force_on_the_birthday(born_on, comes_of_age):
    assert of_age_at(born_on, NOTICE, NOW) == comes_of_age


def test_who_was_of_age_for_a_fortnight_is_under_age_again_when_the_rule_changes():
    born_on = date(2013, 7, 1)
    assert of_age_at(born_on, NOTICE, tokyo(2028, 7, 1)) == tokyo(2028, 7, 1)
    assert of_age_at(born_on, NOTICE, tokyo(2028, 7, 16) - MOMENT) == tokyo(2028, 7, 1)
    assert of_age_at(born_on, NOTICE, tokyo(2028, 7, 16)) == tokyo(2029, 7, 1)


async def test_under_age_nothing_is_given_alone_and_anything_is_withdrawn_alone(documents, clock):
    office = Office(documents, clock)
    await guarded(office, date(2015, 4, 1))
    assert await office.allowed("taro", Kind.WEIGHT)
    with pytest.raises(Refused, match="guardian_needed"):
        await office.decide("taro", "give", kinds=[Kind.SLEEP])
    with pytest.raises(Refused, match="guardian_needed"):
        await office.invite("taro")
    assert await office.refusals("taro") == ["guardian_needed"] * 2
    await office.decide("taro", "withdraw")
    assert not await office.allowed("taro", Kind.WEIGHT)
    await office.check("taro")


async def test_under_age_an_agent_withdraws_and_only_a_guardian_gives(office, clock):
    guardians = await guarded(office, date(2015, 4, 1))
    until = clock.now() + timedelta(days=30)
    one = await office.registering.authority("taro", "ken", Role.AGENT, "power-7", valid_until=until)
    agents = await office.rights.right("ken", "taro", one)
    with pytest.raises(Refused, match="guardian_needed"):
        await office.decide("taro", "give", kinds=[Kind.SLEEP], right=agents)
    await office.decide("taro", "withdraw", right=agents)
    assert await office.states("taro", "qolms") == {"weight": State.WITHDRAWN}
    await office.decide("taro", "give", right=guardians)
    assert await office.allowed("taro", Kind.WEIGHT)


@pytest.mark.parametrize(
    ("born_on", "birthday"), [(date(2012, 5, 10), tokyo(2027, 5, 10)), (date(2012, 2, 29), tokyo(2027, 3, 1))]
)
async def test_at_midnight_in_tokyo_the_guardians_word_ends_and_the_persons_own_begins(
    office, clock, born_on, birthday
):
    right = await guarded(office, born_on)
    clock.set(birthday - MOMENT)
    assert await office.allowed("taro", Kind.WEIGHT)
    with pytest.raises(Refused, match="guardian_needed"):
        await office.decide("taro", "give", kinds=[Kind.SLEEP])
    await office.decide("taro", "give", kinds=[Kind.STEPS], right=right)
    clock.set(birthday)
    assert await office.states("taro", "qolms") == {"weight": State.INVALIDATED, "steps": State.INVALIDATED}
    asked = {(one.kind, one.why) for one in pending(await office.consents("taro"), NOTICE, birthday)}
    assert {(Kind.WEIGHT, "authority_ended"), (Kind.STEPS, "authority_ended")} <= asked
    for decision in ("give", "withdraw"):
        with pytest.raises(NotPermitted, match="authority_invalid"):
            await office.decide("taro", decision, right=right)
    await office.decide("taro", "give")
    clock.advance(timedelta(days=3650))
    assert await office.allowed("taro", Kind.WEIGHT)


async def test_from_the_birthday_on_a_guardian_sees_and_ends_nothing_any_more(documents, clock):
    office, birthday = Office(documents, clock), tokyo(2027, 5, 10)
    right = await guarded(office, date(2012, 5, 10))
    clock.set(birthday - MOMENT)
    asked = AskState("taro", right.authority.id)
    assert await office.rights.whose("hana", asked) == ("taro", right)
    clock.set(birthday)
    with pytest.raises(NotPermitted, match="authority_invalid: no such right"):
        await office.rights.whose("hana", asked)
    assert await office.refusals("taro") == ["authority_invalid"]


async def test_the_age_rises_at_midnight_in_tokyo_without_a_deploy(sqlite_documents):
    clock = ManualClock(tokyo(2028, 7, 16) - MOMENT)
    office = Office(sqlite_documents, clock)
    await office.registering.born("taro", date(2013, 7, 1), "koseki-3")  # fifteen for a fortnight
    await office.decide("taro", "give")
    with pytest.raises(InvalidInput, match="registration_invalid"):
        await office.registering.authority("taro", "hana", Role.GUARDIAN, "koseki-3")
    clock.set(tokyo(2028, 7, 16))
    with pytest.raises(Refused, match="guardian_needed"):
        await office.decide("taro", "give", kinds=[Kind.SLEEP])
    assert await office.allowed("taro", Kind.WEIGHT)  # what was given of age stands
    one = await office.registering.authority("taro", "hana", Role.GUARDIAN, "koseki-3")
    await office.decide("taro", "give", kinds=[Kind.SLEEP], right=await office.rights.right("hana", "taro", one))
    clock.set(tokyo(2029, 7, 1))
    assert await office.states("taro", "qolms") == {"weight": State.GIVEN, "sleep": State.INVALIDATED}


async def test_a_guardians_word_lasts_to_the_birthday_that_counts_by_then(sqlite_documents, clock):
    office = Office(sqlite_documents, clock)  # in 2026, when the rule says fifteen
    await guarded(office, date(2013, 8, 1))
    clock.set(tokyo(2028, 8, 1))
    assert await office.allowed("taro", Kind.WEIGHT)
    clock.set(tokyo(2029, 8, 1) - MOMENT)
    assert await office.allowed("taro", Kind.WEIGHT)
    clock.set(tokyo(2029, 8, 1))
    assert not await office.allowed("taro", Kind.WEIGHT)


async def test_a_date_of_birth_that_makes_somebody_under_age_ends_what_they_gave(office, sqlite_documents, clock):
    await office.decide("taro", "give")
    invited = await office.invite("taro")
    await office.registering.born("taro", date(2015, 4, 1), "koseki-3")
    assert await office.states("taro", "qolms") == {"weight": State.INVALIDATED}
    assert set((await office.states("taro", f"relative:{invited.id}")).values()) == {State.INVALIDATED}
    with pytest.raises(Refused, match="invitation_invalid"):
        await office.invitations.accept("mio", invited.id, invited.code)
    assert (await office.ledger.events("taro"))[-1].reason == "under_age"
    await office.check("taro")


async def test_a_date_of_birth_that_changes_nothing_leaves_consents_alone_and_stands_in_no_log(
    office, sqlite_documents
):
    await office.decide("hana", "give")
    await office.registering.born("hana", date(1980, 5, 4), "licence-1")
    assert await office.allowed("hana", Kind.WEIGHT)
    assert (await office.ledger.standing("hana")).born_on == date(1980, 5, 4)
    await guarded(office, date(2015, 4, 1))
    await office.registering.born("taro", date(2015, 4, 1), "koseki-3")  # known already
    assert await office.allowed("taro", Kind.WEIGHT)
    await office.registering.born("taro", date(2015, 4, 2), "koseki-4")  # corrected
    assert not await office.allowed("taro", Kind.WEIGHT)
    for uid in ("hana", "taro"):
        assert await office.refusals(uid) == []
        assert "1980" not in str(await office.ledger.events(uid))


async def test_a_decision_keeps_the_date_of_birth(office):
    await office.registering.born("hana", date(1980, 5, 4), "licence-1")
    await office.decide("hana", "give")
    await office.consenting.withdraw_all("hana", How())
    assert (await office.ledger.standing("hana")).born_on == date(1980, 5, 4)


@pytest.mark.parametrize(("evidence", "code"), [("", "evidence_missing"), ("x-1", "registration_invalid")])
async def test_a_date_of_birth_takes_evidence_and_has_been(office, sqlite_documents, evidence, code):
    with pytest.raises(InvalidInput, match=code):
        await office.registering.born("taro", date(2026, 11, 24), evidence)  # tomorrow
    assert await sqlite_documents.get("users/taro/consent/state") is None


async def test_a_guardian_gives_to_an_institution_within_their_scope(office):
    clinic = await office.clinic()
    right = await guarded(office, date(2015, 4, 1))
    await office.decide("taro", "give", clinic, Purpose.HEALTH_GUIDANCE, right=right)
    assert await office.allowed("taro", Kind.WEIGHT, clinic, Purpose.HEALTH_GUIDANCE)
