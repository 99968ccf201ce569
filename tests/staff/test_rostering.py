"""Registering staff: on papers, by somebody else, and in commits that nothing overtakes."""

import datetime as dt
from functools import partial
from typing import Any

import pytest

from infra.roster import rostering
from shared import ids
from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.documents import settle
from shared.errors import Conflict, InvalidInput, NotFound, NotPermitted, Refused
from shared.staff.model import JST, Power, Role, may, require
from shared.staff.service import Person, Rostering
from shared.staff.store import RosterStore
from shared.staff.writes import STREAM
from shared.vocabulary import Language

TODAY = dt.date(2026, 11, 23)
DAY = dt.timedelta(days=1)
BY: Any = {"by": "admin@kagamino.example", "evidence": "hr-7"}


def person(name: str) -> Person:
    return Person(
        sub=f"accounts.google.com:{name}",
        email=f"{name}@kagamino.example",
        name=name,
        languages=(Language.JA, Language.EN),
    )


@pytest.fixture
def use(sqlite_documents, clock) -> Rostering:
    return rostering(sqlite_documents, clock)


async def roles(use: Rostering, member: str, day: dt.date = TODAY) -> set[Role]:
    found = (await use.listed()).find(member)
    assert found is not None
    return set(found.roles(dt.datetime.combine(day, dt.time(12), JST)))


async def test_a_member_begins_without_a_role_and_has_what_is_given(use, clock):
    name = await use.register(person("suzuki"), **BY)
    assert await roles(use, name) == set()
    await use.give(name, Role.WINDOW, TODAY, TODAY + 5 * DAY, **BY)
    await use.give(name, Role.VERIFIER, TODAY + 3 * DAY, **BY)
    assert [await roles(use, name, TODAY + n * DAY) for n in (0, 3, 5)] == [
        {Role.WINDOW},
        {Role.WINDOW, Role.VERIFIER},
        {Role.VERIFIER},
    ]
    member = (await use.listed()).find(name)
    assert member is not None
    require(member, Power.TAKE_IN, clock.now())
    assert may(member, Power.DECIDE, clock.now()) is False
    with pytest.raises(NotPermitted, match="power_missing"):
        require(member, Power.DECIDE, clock.now())


async def test_a_role_ends_and_what_would_begin_later_does_not(use):
    name = await use.register(person("suzuki"), **BY)
    await use.give(name, Role.WINDOW, TODAY, **BY)
    await use.give(name, Role.VERIFIER, TODAY, TODAY + DAY, **BY)
    await use.give(name, Role.DECIDER, TODAY + 9 * DAY, **BY)
    await use.end(name, TODAY + 2 * DAY, role=Role.WINDOW, **BY)
    assert await roles(use, name, TODAY + DAY) == {Role.WINDOW}
    assert await roles(use, name, TODAY + 9 * DAY) == {Role.DECIDER}
    await use.end(name, TODAY, **BY)
    assert [await roles(use, name, TODAY + n * DAY) for n in (0, 1, 9)] == [set(), set(), set()]
    assert (await use.listed()).find(name) is not None


async def test_who_becomes_protection_manager_succeeds_the_one_there_is(use):
    first, second, third = [await use.register(person(name), **BY) for name in ("a", "b", "c")]
    await use.give(first, Role.MANAGER, TODAY, **BY)
    await use.give(second, Role.MANAGER, TODAY + 7 * DAY, **BY)
    await use.give(third, Role.MANAGER, TODAY + 9 * DAY, **BY)
    roster = await use.listed()
    for n in range(20):
        found = roster.manager(dt.datetime.combine(TODAY + n * DAY, dt.time(0), JST))
        assert found is not None
        assert found.id == (first if n < 7 else second if n < 9 else third)


async def test_a_successor_named_by_mistake_is_replaced(use):
    first, second, third = [await use.register(person(name), **BY) for name in ("a", "b", "c")]
    await use.give(first, Role.MANAGER, TODAY, **BY)
    await use.give(second, Role.MANAGER, TODAY + 7 * DAY, **BY)
    await use.give(third, Role.MANAGER, TODAY + 5 * DAY, **BY)
    assert [await roles(use, one, TODAY + 4 * DAY) for one in (first, second, third)] == [{Role.MANAGER}, set(), set()]
    assert [await roles(use, one, TODAY + 8 * DAY) for one in (first, second, third)] == [set(), set(), {Role.MANAGER}]


async def test_there_is_never_no_protection_manager_again(use):
    first, second = [await use.register(person(name), **BY) for name in ("a", "b")]
    await use.give(first, Role.MANAGER, TODAY, **BY)
    for wrong in (
        use.end(first, TODAY + DAY, **BY),
        use.end(first, TODAY + DAY, role=Role.MANAGER, **BY),
        use.give(second, Role.MANAGER, TODAY + DAY, TODAY + 5 * DAY, **BY),
    ):
        with pytest.raises(Refused, match="one_manager"):
            await wrong
    assert await roles(use, first, TODAY + 3 * DAY) == {Role.MANAGER}


async def test_an_auditor_is_given_nothing_to_do(use):
    name = await use.register(person("ito"), **BY)
    await use.give(name, Role.AUDITOR, TODAY, **BY)
    with pytest.raises(Refused, match="auditor_acts"):
        await use.give(name, Role.WINDOW, TODAY, **BY)


async def test_nobody_changes_what_is_registered_about_themselves(use):
    boss, other = [await use.register(person(name), **BY) for name in ("boss", "other")]
    await use.give(boss, Role.MANAGER, TODAY, **BY)
    own = {"by": "BOSS@kagamino.example", "evidence": "hr-9"}
    for wrong in (
        use.give(boss, Role.DECIDER, TODAY, **own),
        use.amend(boss, name="Boss", **own),
        use.end(boss, TODAY, **own),
        use.give(other, Role.MANAGER, TODAY + DAY, **own),  # it would end their own term
        use.amend(other, email="x@kagamino.example", by="x@kagamino.example", evidence="hr-9"),
        use.register(person("new"), by="new@kagamino.example", evidence="hr-9"),
    ):
        with pytest.raises(NotPermitted, match="self_change"):
            await wrong
    await use.give(other, Role.DECIDER, TODAY, **own)
    assert await roles(use, other) == {Role.DECIDER}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"evidence": ""}, "evidence_missing"),
        ({"evidence": "a name"}, "evidence_missing"),
        ({"by": ""}, "registration_invalid"),
        ({"by": "admin"}, "registration_invalid"),
    ],
    ids=str,
)
async def test_every_change_names_its_papers_and_its_author(use, given, code):
    name = await use.register(person("suzuki"), **BY)
    for change in (
        use.register(person("tanaka"), **{**BY, **given}),
        use.amend(name, name="x", **{**BY, **given}),
        use.give(name, Role.WINDOW, TODAY, **{**BY, **given}),
        use.end(name, TODAY, **{**BY, **given}),
    ):
        with pytest.raises(InvalidInput, match=code):
            await change


async def test_the_past_is_not_changed(use, clock):
    name = await use.register(person("suzuki"), **BY)
    for change in (use.give(name, Role.WINDOW, TODAY - DAY, **BY), use.end(name, TODAY - DAY, **BY)):
        with pytest.raises(InvalidInput, match="today or later"):
            await change
    clock.set(dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC))  # midnight in Japan
    with pytest.raises(InvalidInput, match="today or later"):
        await use.give(name, Role.WINDOW, TODAY, **BY)


async def test_who_is_not_registered_cannot_be_changed(use):
    for change in (
        use.give("nobody", Role.WINDOW, TODAY, **BY),
        use.end("nobody", TODAY, **BY),
        use.amend("nobody", name="x", **BY),
    ):
        with pytest.raises(NotFound, match="not_registered"):
            await change


async def test_every_change_is_in_the_audit_log_without_names(use, sqlite_documents):
    name = await use.register(person("suzuki"), **BY)
    await use.give(name, Role.WINDOW, TODAY, **BY)
    await use.amend(name, name="Suzuki Hanako", **BY)
    await use.end(name, TODAY + DAY, **BY)
    entries = await stream_entries(sqlite_documents, STREAM)
    assert [one.action.partition(".")[2] for one in entries] == ["registered", "role_given", "amended", "role_ended"]
    assert first_break(entries) is None
    assert (await use.listed()).audit.hash == entries[-1].hash
    for one in entries:
        assert one.facts["member"] == name
        assert one.facts["by"] == ids.digest("by", "admin@kagamino.example")
        assert one.facts["evidence"] == "hr-7"
        assert not any(word in str(one) for word in ("suzuki", "Suzuki", "@"))


class Overtaken:
    """Commits, but not before somebody else has committed as well."""

    def __init__(self, documents, others):
        self.commit, self.others = partial(settle, documents), others

    async def __call__(self, writes, *, witness):
        if self.others:
            await self.others.pop()
        return await self.commit(writes, witness=witness)


async def test_two_changes_at_once_are_both_made(use, sqlite_documents, clock):
    name = await use.register(person("suzuki"), **BY)
    overtaken = Overtaken(sqlite_documents, [use.give(name, Role.VERIFIER, TODAY, **BY)])
    late = Rostering(rosters=RosterStore(sqlite_documents), commit=overtaken, clock=clock)
    await late.give(name, Role.WINDOW, TODAY, **BY)
    assert await roles(use, name) == {Role.WINDOW, Role.VERIFIER}


async def test_two_protection_managers_named_at_once_are_still_one(use, sqlite_documents, clock):
    first, second = [await use.register(person(name), **BY) for name in ("a", "b")]
    overtaken = Overtaken(sqlite_documents, [use.give(first, Role.MANAGER, TODAY, **BY)])
    late = Rostering(rosters=RosterStore(sqlite_documents), commit=overtaken, clock=clock)
    await late.give(second, Role.MANAGER, TODAY, **BY)
    assert [await roles(use, first), await roles(use, second)] == [set(), {Role.MANAGER}]


async def test_a_roster_that_keeps_changing_is_a_conflict(use, sqlite_documents, clock):
    name = await use.register(person("suzuki"), **BY)
    more = [use.amend(name, name=f"n{n}", **BY) for n in range(5)]
    late = Rostering(rosters=RosterStore(sqlite_documents), commit=Overtaken(sqlite_documents, more), clock=clock)
    with pytest.raises(Conflict):
        await late.give(name, Role.WINDOW, TODAY, **BY)
