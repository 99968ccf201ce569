"""What is held is what its person gave last, sealed, on record, and nothing else."""

import datetime as dt
from typing import Any

import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.documents import Documents, Put, Query
from shared.consent.model import DECEASED
from shared.errors import Conflict, Fault, InvalidInput, OutcomeUnknown, Refused
from shared.profile.model import CHANGES_KEPT, Address, Field
from shared.profile.service import By
from shared.profile.store import stream_of
from shared.vocabulary import Purpose
from tests.profile.world import HANA, World


async def everything(documents: Documents, uid: str) -> str:
    """All that the store has of somebody, as one text."""
    found = [await documents.get(f"users/{uid}/profile/held")]
    for collection in (f"users/{uid}/profile_changes", "profile_index", "audit"):
        found += await documents.query(Query(collection, limit=500))
    return repr(found)


async def test_what_was_given_is_held_and_what_was_left_out_stays(world: World):
    assert (await world.profiles().see("hana")).number == 0
    await world.give("hana")
    held = await world.give("hana", {Field.PHONE: "090-0000-1111"}, if_version=1)
    assert held.number == 2
    assert held.profile.values() == {**HANA, Field.PHONE: "090-0000-1111"}
    taken = await world.profiles().change("hana", {Field.MAIL: None}, if_version=2)
    assert taken.profile.mail is None
    assert (await world.profiles().see("hana")).profile == taken.profile


async def test_a_change_that_was_decided_looking_at_another_version_is_refused(world: World):
    await world.give("hana")
    with pytest.raises(Conflict, match="profile_stale"):
        await world.give("hana", {Field.PHONE: "090-0000-1111"}, if_version=0)
    assert (await world.profiles().see("hana")).profile.phone == HANA[Field.PHONE]


async def test_what_changes_nothing_leaves_no_trace(world: World):
    await world.give("hana")
    before = await everything(world.default, "hana")
    assert (await world.give("hana", if_version=1)).number == 1
    assert await everything(world.default, "hana") == before


async def test_the_store_shows_nothing_of_what_is_held(world: World):
    await world.give("hana")
    await world.give("hana", {Field.NAME: "鈴木花子"}, if_version=1)
    seen = await everything(world.default, "hana")
    for canary in ("山田", "花子", "ハナコ", "1990", "港南", "6846", "example.jp", "M-00017", "'hana'"):
        assert canary not in seen.replace("users/hana", ""), canary


async def test_every_change_is_on_record_by_the_names_of_its_fields(world: World):
    await world.give("hana", {Field.NAME: "山田花子", Field.PHONE: "0312345678"})
    await world.profiles().change("hana", {Field.PHONE: None}, if_version=1, by=By("staff", {"case": "c1"}))
    entries = await stream_entries(world.default, stream_of("hana"))
    assert first_break(entries) is None
    assert [(one.actor, one.action, one.facts) for one in entries] == [
        ("data_subject", "profile.changed", {"number": 1, "fields": ["name", "phone"]}),
        ("staff", "profile.changed", {"number": 2, "fields": ["phone"], "case": "c1"}),
    ]


async def test_what_stood_before_is_kept_for_so_many_changes_and_no_more(world: World):
    for number in range(CHANGES_KEPT + 3):
        await world.give("hana", {Field.PHONE: f"03-0000-{number:04}"}, if_version=number)
    changes = await world.profiles().changes("hana")
    assert [one.number for one in changes] == list(range(CHANGES_KEPT + 3, 3, -1))
    assert changes[0].before.phone == f"03-0000-{CHANGES_KEPT + 1:04}"
    assert changes[0].before.name is None, "only what was touched"
    assert changes[0].fields == [Field.PHONE]


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {"inquiry", "request_handling", "self_access"}))
async def test_it_opens_for_no_other_purpose(world: World, purpose: Purpose):
    await world.give("hana")
    with pytest.raises(Refused, match="consent_missing"):
        await world.profiles().see("hana", purpose)
    with pytest.raises(Refused, match="consent_missing"):
        await world.profiles().changes("hana", purpose)
    with pytest.raises(Refused, match="consent_missing"):
        await world.store().several(["hana"], purpose)


WRONG: dict[str, tuple[Field, Any]] = {
    "blank": (Field.NAME, " 　"),
    "a control character": (Field.NAME, "山田\u202e花子"),
    "a line break": (Field.ADDRESS, Address("1088210", "港区\n港南")),
    "unborn": (Field.BIRTH_ON, dt.date(2026, 11, 24)),
    "too old": (Field.BIRTH_ON, dt.date(1899, 12, 31)),
    "a short number": (Field.PHONE, "0312"),
    "a long number": (Field.PHONE, "1" * 16),
    "letters in a number": (Field.PHONE, "03-CALL-1002345"),
    "no domain": (Field.MAIL, "hana@"),
    "no dot": (Field.MAIL, "hana@example"),
    "two addresses": (Field.MAIL, "a@b.jp,c@d.jp"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_cannot_be_its_field_is_refused_by_name(world: World, case: str):
    field, value = WRONG[case]
    with pytest.raises(InvalidInput, match=f"body_invalid: {field}"):
        await world.give("hana", {field: value})
    assert (await world.profiles().see("hana")).number == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field.MEMBER_ID, "123456789018"),
        (Field.NAME, "山田花子 1234 5678 9018"),
        (Field.ADDRESS, Address("108-8210", "港区港南2-15-3 123456789018")),
    ],
)
async def test_what_may_be_a_my_number_is_kept_nowhere(world: World, field: Field, value: Any):
    with pytest.raises(InvalidInput, match=f"body_invalid: {field}.*My Number"):
        await world.give("hana", {field: value})
    assert (await world.profiles().see("hana")).number == 0


async def test_who_is_born_today_in_japan_may_be_held(world: World):
    world.clock.set(dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC))
    assert (await world.give("hana", {Field.BIRTH_ON: dt.date(2026, 11, 23)})).number == 1


async def test_nobody_speaks_under_the_name_of_somebody_who_has_died(world: World):
    await world.default.commit([Put("users/hana/consent/state", {"consents": {"epoch": 1, "frozen": DECEASED}})])
    with pytest.raises(Refused, match="consent_frozen"):
        await world.give("hana")


class Forgetful:
    """A store whose answer to the n-th commit is lost: before it happened, or after."""

    def __init__(self, documents: Documents, lost: int, *, after: bool) -> None:
        self._documents, self._left, self._after = documents, lost, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def commit(self, writes: Any) -> list[str]:
        self._left -= 1
        if self._left == 0:
            if self._after:
                await self._documents.commit(writes)
            raise OutcomeUnknown("commit_unknown")
        return await self._documents.commit(writes)


@pytest.mark.parametrize("after", [False, True])
async def test_an_answer_that_was_lost_changes_neither_what_is_held_nor_how_often(world: World, after: bool):
    lossy = world._replace(default=Forgetful(world.default, 1, after=after))
    assert (await lossy.give("hana")).number == 1
    assert (await world.profiles().see("hana")).profile.values() == HANA
    assert len(await stream_entries(world.default, stream_of("hana"))) == 1


async def test_two_changes_at_once_are_one_change_and_one_refusal(world: World):
    import asyncio

    await world.give("hana")
    given = [{Field.PHONE: "03-1111-1111"}, {Field.PHONE: "03-2222-2222"}]
    done = await asyncio.gather(
        *(world.give("hana", one, if_version=1) for one in given),  # type: ignore[arg-type]
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Held"]
    [refused] = [one for one in done if isinstance(one, Fault)]
    assert refused.code == "profile_stale"
    assert (await world.profiles().see("hana")).number == 2
