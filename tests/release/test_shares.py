"""Recipients are told whom they may read, and what has ended, by the commit that decides it."""

from datetime import timedelta
from typing import Any

import pytest

from shared.cloud.identity import AppUser, GoogleSubject
from shared.consent.model import Decision
from shared.errors import NotFound
from shared.release.model import TOLD_FOR, Ended, MayRead
from shared.vocabulary import Kind, Purpose
from tests.release.desk import CLINICS, GUIDANCE, OTHERS, Desk, Interrupted

CLINIC, OTHER, MIO = GoogleSubject(CLINICS.account_id), GoogleSubject(OTHERS.account_id), AppUser("mio")
WEIGHT, SLEEP = Kind.WEIGHT, Kind.SLEEP


async def told(desk, caller, *, limit=100):
    """Everything the caller is told, page after page: (what may be read, what has ended) by person."""
    reader, after = await desk.readers.known(caller), ""
    found: dict[str, Any] = {}
    while True:
        page = await desk.readers.people(reader, after=after, limit=limit)
        found |= {one.person: (one.may_read, one.ended) for one in page.people}
        if page.next_after is None:
            return found
        after = page.next_after


async def test_an_institution_is_told_of_its_people_and_of_nobody_elses(documents, clock):
    desk = Desk(documents, clock)
    clinic, other = await desk.clinic(), await desk.clinic(OTHERS)
    for uid in ("hana", "ken", "yui"):
        await desk.office.guide(uid, "give", clinic)
    await desk.office.guide("ken", "give", other, (SLEEP,))
    names = await told(desk, CLINIC, limit=2)
    assert len(names) == 3
    assert list(names.values()) == [([MayRead(GUIDANCE, WEIGHT, None)], [])] * 3
    [(kens, seen)] = (await told(desk, OTHER)).items()
    assert kens not in names
    assert seen == ([MayRead(GUIDANCE, SLEEP, None)], [])
    assert not any(uid in name for name in (*names, kens) for uid in ("hana", "ken", "yui"))


async def test_a_withdrawal_is_told_for_thirty_days_and_the_name_stays(documents, clock):
    desk = Desk(documents, clock)
    clinic = await desk.clinic()
    await desk.office.guide("hana", "give", clinic, (WEIGHT, SLEEP))
    [name] = await told(desk, CLINIC)
    clock.advance(timedelta(days=1))
    await desk.office.guide("hana", "withdraw", clinic)
    ended = Ended(GUIDANCE, WEIGHT, clock.now())
    assert await told(desk, CLINIC) == {name: ([MayRead(GUIDANCE, SLEEP, None)], [ended])}
    clock.advance(TOLD_FOR)
    assert (await told(desk, CLINIC))[name][1] == [ended]
    clock.advance(timedelta(seconds=1))
    assert await told(desk, CLINIC) == {name: ([MayRead(GUIDANCE, SLEEP, None)], [])}
    await desk.office.guide("hana", "withdraw", clinic, (SLEEP,))
    await desk.office.guide("hana", "give", clinic)
    assert [one.kind for one in (await told(desk, CLINIC))[name][0]] == [WEIGHT]


async def test_what_was_never_given_is_no_business_of_the_recipients(documents, clock):
    desk = Desk(documents, clock)
    clinic = await desk.clinic()
    await desk.office.guide("hana", "refuse", clinic)
    await desk.office.guide("hana", "withdraw", clinic)
    assert await told(desk, CLINIC) == {}
    await desk.office.guide("hana", "give", clinic, (SLEEP,))
    await desk.office.guide("hana", "withdraw", clinic)
    [(_, ended)] = (await told(desk, CLINIC)).values()
    assert ended == []


async def test_a_relative_is_told_until_when_and_that_it_ran_out(documents, clock):
    desk = Desk(documents, clock)
    relation = await desk.office.relative("hana", "mio", kinds=(WEIGHT,))
    until = clock.now() + timedelta(days=365)
    assert await told(desk, MIO) == {relation: ([MayRead(Purpose.FAMILY_WATCH, WEIGHT, until)], [])}
    assert await told(desk, AppUser("hana")) == {}
    clock.set(until)
    assert await told(desk, MIO) == {relation: ([], [Ended(Purpose.FAMILY_WATCH, WEIGHT, until)])}
    clock.set(until + TOLD_FOR + timedelta(seconds=1))
    assert await told(desk, MIO) == {}


@pytest.mark.parametrize("side", ["hana", "mio"])
async def test_a_relative_is_told_of_the_end_of_a_relation(documents, clock, side):
    desk = Desk(documents, clock)
    relation = await desk.office.relative("hana", "mio", kinds=(WEIGHT,))
    clock.advance(timedelta(days=2))
    await desk.office.invitations.end(side, relation)
    assert await told(desk, MIO) == {relation: ([], [Ended(Purpose.FAMILY_WATCH, WEIGHT, clock.now())])}
    clock.advance(TOLD_FOR + timedelta(seconds=1))
    assert await told(desk, MIO) == {}


async def test_a_death_and_the_end_of_an_institution_are_told_alike(documents, clock):
    desk = Desk(documents, clock)
    clinic = await desk.clinic()
    relation = await desk.office.relative("hana", "mio", kinds=(WEIGHT,))
    await desk.office.guide("hana", "give", clinic)
    clock.advance(timedelta(hours=1))
    died_at = clock.now()
    await desk.office.registering.deceased("hana", "certificate-1")
    [seen] = (await told(desk, CLINIC)).values()
    assert seen == ([], [Ended(GUIDANCE, WEIGHT, died_at)])
    assert await told(desk, MIO) == {relation: ([], [Ended(Purpose.FAMILY_WATCH, WEIGHT, died_at)])}
    await desk.office.guide("ken", "give", clinic)
    await desk.office.institutions.end(clinic.removeprefix("institution:"), "contract-2")
    [(_, share)] = [one for one in await desk.shares.of_recipient(clinic, after="", limit=9) if one[1].subject == "ken"]
    assert [state.state for state in share.consents.cells.values()] == ["invalidated"]


async def test_a_freeze_that_is_about_nobody_in_particular_is_told_to_everybody(sqlite_documents, clock):
    from shared.consent.ledger import Entry
    from shared.consent.model import State

    desk = Desk(sqlite_documents, clock)
    clinic = await desk.clinic()
    await desk.office.guide("hana", "give", clinic)
    await desk.office.decide("hana", "give")
    clock.advance(timedelta(hours=1))
    frozen_at = clock.now()
    for state, seen in (
        (State.FROZEN, ([], [Ended(GUIDANCE, WEIGHT, frozen_at)])),
        (State.THAWED, ([MayRead(GUIDANCE, WEIGHT, None)], [])),
    ):
        said = desk.office.registering._said("order-1", clock.now())
        entry = Entry(None, state, reason="dispute")
        await desk.office.recorder.record("hana", just(entry), said)
        assert [*(await told(desk, CLINIC)).values()] == [seen]
        clock.advance(timedelta(hours=1))


def just(entry):
    return lambda _: [entry]


async def test_no_commit_of_a_decision_leaves_its_recipients_untold(sqlite_documents, clock):
    from shared.audit.store import stream_entries
    from shared.ids import digest
    from shared.release.shares import share_path

    commits: list[set[str]] = []
    desk = Desk(Interrupted(sqlite_documents, commits), clock)
    clinic = await desk.clinic()
    for decision in (Decision.GIVE, Decision.WITHDRAW, Decision.GIVE):
        await desk.office.guide("hana", decision, clinic)
    relation = await desk.office.relative("hana", "mio", kinds=(WEIGHT,))
    await desk.office.invitations.end("mio", relation)
    deciding = [paths for paths in commits if any("/consent_events/" in path for path in paths)]
    telling = [paths for paths in deciding if any(path.startswith("releases/") for path in paths)]
    assert len(deciding) == 6
    assert len(telling) == 5, "all but the invitation, of which nobody can be told yet"
    assert all(share_path("hana", clinic) in paths for paths in telling[:3])
    assert len(await stream_entries(sqlite_documents, f"consent.{digest('subject', 'hana')}")) == 6


async def test_a_share_goes_once_nothing_of_it_is_left_to_tell(documents, clock):
    desk = Desk(documents, clock)
    clinic = await desk.clinic()

    async def forget_at(recipient):
        [(_, share)] = await desk.shares.of_recipient(recipient, after="", limit=2)
        return share.forget_at

    await desk.office.guide("hana", "give", clinic, (WEIGHT, SLEEP))
    assert await forget_at(clinic) is None
    await desk.office.guide("hana", "withdraw", clinic)
    assert await forget_at(clinic) is None
    clock.advance(timedelta(days=3))
    await desk.office.guide("hana", "withdraw", clinic, (SLEEP,))
    assert await forget_at(clinic) == clock.now() + TOLD_FOR
    await desk.office.guide("hana", "give", clinic)
    assert await forget_at(clinic) is None
    relation = await desk.office.relative("hana", "mio", kinds=(WEIGHT,))
    assert await forget_at(f"relative:{relation}") == clock.now() + timedelta(days=365) + TOLD_FOR


async def test_once_forgotten_a_name_leads_to_nobody_and_a_new_one_is_given(documents, clock):
    desk = Desk(documents, clock)
    clinic = await desk.clinic()
    await desk.office.guide("hana", "give", clinic)
    [name] = await told(desk, CLINIC)
    await desk.office.guide("hana", "withdraw", clinic)
    await documents.commit(await desk.shares.forgetting("hana"))
    assert await told(desk, CLINIC) == {name: ([], [Ended(GUIDANCE, WEIGHT, clock.now())])}
    reader = await desk.readers.known(CLINIC)
    with pytest.raises(NotFound, match="person_unknown"):
        await desk.readers.whom(reader, name)
    await desk.office.guide("hana", "give", clinic)
    [again] = await told(desk, CLINIC)
    assert again != name


async def test_what_was_given_anew_while_everything_was_erased_is_told_on_to_its_end(documents, clock):
    desk = Desk(documents, clock)
    clinic, other = await desk.clinic(), await desk.clinic(OTHERS)
    for one in (clinic, other):
        await desk.office.guide("hana", "give", one)
        await desk.office.guide("hana", "withdraw", one)
    await desk.office.guide("hana", "give", clinic)
    await documents.commit(await desk.shares.forgetting("hana"))
    [name] = await told(desk, CLINIC)
    assert (await desk.readers.whom(await desk.readers.known(CLINIC), name)).subject == "hana"
    assert [one.subject for one in await desk.shares.of_person("hana")] == ["hana"]
    await desk.office.guide("hana", "withdraw", clinic)
    assert await told(desk, CLINIC) == {name: ([], [Ended(GUIDANCE, WEIGHT, clock.now())])}
