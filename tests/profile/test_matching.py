"""The desk learns whether there is a strong match, once, and nothing below it: not from reads or time either."""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, combinations
from typing import Any

import msgspec
import pytest

from shared import log
from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.documents import Delete, Query, settle
from shared.cloud.pace import Pace
from shared.errors import Conflict, Fault, InvalidInput, Refused, Unavailable
from shared.ids import digest
from shared.profile import matching
from shared.profile.attempts import Attempts
from shared.profile.blind import MATCH_KEY, MOST_ENTRIES, MatchKeys
from shared.profile.matching import BEAT_S, PER_CASE, Agreement, Answer, Matching, Strength, strength_of
from shared.profile.model import Address, Field, Profile
from shared.profile.references import References
from tests.profile.world import HANA, World

STATED = Profile(**{field.value: value for field, value in HANA.items()})  # type: ignore[arg-type]
STRANGER = Profile(
    name="田中一郎", kana="タナカイチロウ", birth_on=dt.date(1970, 1, 1), phone="06-1111-2222", mail="i@e.jp"
)


def desk(world: World, **parts: Any) -> Matching:
    keys = MatchKeys(world.secrets)
    tries = Attempts(
        documents=world.default,
        keys=keys,
        pace=Pace(world.default, world.clock, "matching", 10),
        commit=partial(settle, world.default),
        clock=parts.get("clock", world.clock),
    )
    own: dict[str, Any] = {
        "finder": world.blind(),
        "opener": world.store(),
        "sealer": References(keys),
        "tries": tries,
        "clock": world.clock,
    }
    return Matching(**{**own, **parts})


async def who(world: World, case: str, answer: Answer) -> tuple[str, ...]:
    return await References(MatchKeys(world.secrets)).open(case, answer.reference)


def without(*fields: Field) -> Profile:
    return msgspec.structs.replace(STATED, **dict.fromkeys((field.value for field in fields), None))


# what is found


async def test_somebody_is_found_however_they_write_it(world: World):
    await world.give("hana")
    said = matching.stated(
        name="山田花子",
        kana="やまだ　はなこ",
        birth_on=dt.date(1990, 4, 1),
        address="港区港南２丁目１５番３号",
        phone="+81 3 6846 1002",
        mail="HANA@EXAMPLE.JP",
        member_id="ｍ-00017",
    )
    answer = await desk(world).match("c1", "saki", said)
    assert (answer.strength, set(answer.fields.values())) == (Strength.STRONG, {Agreement.AGREED})
    assert set(answer.fields) == set(Field)
    assert await who(world, "c1", answer) == ("hana",)


async def test_the_answer_tells_agreement_field_by_field_and_no_value(world: World):
    await world.give("hana", {**HANA, Field.MEMBER_ID: None})
    said = msgspec.structs.replace(STATED, phone="03-9999-9999", kana="ヤマダ ハナエ")
    answer = await desk(world).match("c1", "saki", said)
    assert answer.fields == {
        Field.NAME: Agreement.AGREED,
        Field.KANA: Agreement.DIFFERS,
        Field.BIRTH_ON: Agreement.AGREED,
        Field.ADDRESS: Agreement.AGREED,
        Field.PHONE: Agreement.DIFFERS,
        Field.MAIL: Agreement.AGREED,
        Field.MEMBER_ID: Agreement.NOT_HELD,
    }
    assert not any(value in repr(answer) for value in ("1002", "花子", "hana@"))


def subsets() -> list[frozenset[Field]]:
    return [frozenset(some) for some in chain.from_iterable(combinations(Field, n) for n in range(len(Field) + 1))]


def test_strong_is_birth_date_and_name_or_reading_and_a_way_to_reach_them_and_nothing_less():
    for agreed in subsets():
        fields = {field: Agreement.AGREED if field in agreed else Agreement.DIFFERS for field in Field}
        known = Field.BIRTH_ON in agreed and (Field.NAME in agreed or Field.KANA in agreed)
        strong = known and bool(agreed & {Field.ADDRESS, Field.PHONE, Field.MAIL})
        weakest = Strength.WEAK if agreed else Strength.NONE
        assert strength_of(fields) is (Strength.STRONG if strong else weakest), agreed


@pytest.mark.parametrize("said", [Address("108-8210", "港区港南2-15-3"), Address("", "港区港南2-15-3")])
async def test_a_postal_code_that_was_left_out_contradicts_nothing(world: World, said: Address):
    await world.give("hana")
    stated = msgspec.structs.replace(without(Field.PHONE, Field.MAIL), address=said)
    assert (await desk(world).match("c1", "saki", stated)).strength is Strength.STRONG


@pytest.mark.parametrize("said", [Address("108-0075", "港区港南2-15-3"), Address("108-8210", "港区港南2-15-4")])
async def test_another_postal_code_or_house_contradicts_the_address(world: World, said: Address):
    await world.give("hana")
    stated = msgspec.structs.replace(without(Field.PHONE, Field.MAIL), address=said)
    assert (await desk(world).match("c1", "saki", stated)).strength is Strength.NONE


async def test_two_accounts_that_hold_the_same_are_both_found(world: World):
    await world.give("hana")
    await world.give("hana2")
    answer = await desk(world).match("c1", "saki", STATED)
    assert sorted(await who(world, "c1", answer)) == ["hana", "hana2"]


async def test_who_floods_a_phone_number_does_not_hide_whom_it_belongs_to(world: World):
    for n in range(MOST_ENTRIES + 3):
        await world.give(f"flood{n}", {Field.PHONE: HANA[Field.PHONE], Field.NAME: f"偽{n}"})
    await world.give("hana")
    assert await who(world, "c1", await desk(world).match("c1", "saki", STATED)) == ("hana",)
    assert all(len(one.data["entries"]) <= MOST_ENTRIES for one in await world.default.query(Query("profile_index")))


async def test_who_declares_somebody_s_name_and_birth_date_does_not_hide_them(world: World):
    for n in range(30):
        await world.give(f"flood{n}", {Field.NAME: HANA[Field.NAME], Field.BIRTH_ON: HANA[Field.BIRTH_ON]})
    await world.give("hana")
    assert await world.blind().candidates(STATED, most=1) == ["hana"], "who has the most in common comes first"
    assert await who(world, "c1", await desk(world).match("c1", "saki", STATED)) == ("hana",)


# what is not told

ANYTHING_LESS: dict[str, Callable[[], Profile]] = {
    "another name": lambda: msgspec.structs.replace(STATED, name="山田雪子", kana="ヤマダユキコ"),
    "another birth date": lambda: msgspec.structs.replace(STATED, birth_on=dt.date(1990, 4, 2)),
    "no way to reach them": lambda: msgspec.structs.replace(
        STATED, phone="03-0000-0000", mail="x@y.jp", address=Address("1000001", "千代田区千代田1-1")
    ),
}


@pytest.mark.parametrize("less", ANYTHING_LESS)
async def test_anything_less_than_strong_looks_as_if_there_were_nobody(world: World, less: str):
    said = ANYTHING_LESS[less]()
    nobody = await desk(world).match("c0", "saki", said)
    await world.give("hana")
    somebody = await desk(world).match("c1", "saki", said)
    assert (
        (somebody.strength, somebody.fields)
        == (nobody.strength, nobody.fields)
        == (
            Strength.NONE,
            dict.fromkeys(Field, Agreement.NOT_HELD),
        )
    )
    assert len(somebody.reference) == len(nobody.reference)
    assert await who(world, "c1", somebody) == ()


async def test_the_audit_log_does_not_tell_weak_from_none_either(world: World):
    await world.give("hana")
    await desk(world).match("c1", "saki", ANYTHING_LESS["another name"]())
    [entry] = await stream_entries(world.default, f"match.{digest('case', 'c1')}")
    assert entry.facts["strength"] == "none"


async def test_a_reference_has_one_size_and_opens_for_its_case_alone(world: World):
    await world.give("hana")
    strong = await desk(world).match("c1", "saki", STATED)
    none = await desk(world).match("c2", "saki", STRANGER)
    assert len(strong.reference) == len(none.reference)
    assert b"hana" not in strong.reference
    with pytest.raises(Refused, match="seal_broken"):
        await who(world, "c2", strong)
    with pytest.raises(Refused, match="seal_broken"):
        await who(world, "c1", msgspec.structs.replace(strong, reference=strong.reference[:-1] + b"x"))


async def cost(world: World, case: str, said: Profile) -> tuple[Strength, dict[str, int]]:
    account = log.open_account()
    answer = await desk(world).match(case, "saki", said)
    return answer.strength, dict(account)


async def test_somebody_and_nobody_cost_the_same_reads(world: World):
    await world.give("hana")
    await world.give("twin", {**HANA, Field.NAME: "山田雪子", Field.KANA: "ヤマダユキコ"})
    (strong, first), (weak, second), (none, third) = (
        await cost(world, "c1", STATED),
        await cost(world, "c2", ANYTHING_LESS["another birth date"]()),
        await cost(world, "c3", msgspec.structs.replace(STRANGER, address=Address("", "x"), member_id="x")),
    )
    assert (strong, weak, none) == (Strength.STRONG, Strength.NONE, Strength.NONE)
    assert first == second == third
    assert first["store_reads"] >= 8


class Slow:
    """What is slower for somebody than for nobody; the clock is the world's."""

    def __init__(self, world: World) -> None:
        self.world, self.asleep_s = world, 0.0

    async def several(self, uids: Sequence[str], purpose: Any) -> list[Profile]:
        held = await self.world.store().several(uids, purpose)
        for one in held:
            self.world.clock.advance(dt.timedelta(milliseconds=37 if one.values() else 3))
        return held

    def now(self) -> dt.datetime:
        return self.world.clock.now()

    def monotonic_s(self) -> float:
        return self.world.clock.monotonic_s()

    async def sleep(self, seconds: float) -> None:
        self.world.clock.advance(dt.timedelta(seconds=seconds))


async def test_somebody_and_nobody_are_answered_at_the_same_beat(world: World):
    await world.give("hana")
    took = []
    for case, said in (("c1", STATED), ("c2", ANYTHING_LESS["another name"]()), ("c3", STRANGER)):
        began, slow = world.clock.now(), Slow(world)
        await desk(world, opener=slow, clock=slow).match(case, "saki", said)
        took.append((world.clock.now() - began).total_seconds())
    assert took == pytest.approx([BEAT_S] * 3, abs=0.001)


# how often


async def test_too_little_to_be_strong_is_refused_and_costs_nothing(world: World):
    await world.give("hana")
    for missing in ((Field.BIRTH_ON,), (Field.NAME, Field.KANA), (Field.ADDRESS, Field.PHONE, Field.MAIL)):
        with pytest.raises(InvalidInput, match="match_too_little"):
            await desk(world).match("c1", "saki", without(*missing))
    assert await world.default.query(Query("match_attempts")) == []


async def test_a_case_has_so_many_attempts_whoever_makes_them(world: World):
    for n in range(PER_CASE):
        await desk(world).match("c1", f"staff{n}", STRANGER)
    with pytest.raises(Refused, match="match_attempts_spent"):
        await desk(world).match("c1", "another", STATED)
    world.clock.advance(dt.timedelta(days=30))
    with pytest.raises(Refused, match="match_attempts_spent"):
        await desk(world).match("c1", "another", STATED)
    await desk(world).match("c2", "another", STATED)


async def test_after_a_strong_match_there_is_no_second_guess_at_a_field_that_differs(world: World):
    await world.give("hana")
    first = await desk(world).match("c1", "saki", msgspec.structs.replace(STATED, phone="03-0000-0000"))
    assert first.fields[Field.PHONE] is Agreement.DIFFERS
    with pytest.raises(Refused, match="match_settled"):
        await desk(world).match("c1", "saki", msgspec.structs.replace(STATED, phone="03-0000-0001"))


async def test_a_member_of_staff_may_ask_so_often_over_all_cases(world: World):
    for n in range(10):
        await desk(world).match(f"c{n}", "saki", STRANGER)
    with pytest.raises(Unavailable, match="too_many_requests"):
        await desk(world).match("c11", "saki", STRANGER)
    await desk(world).match("c11", "ren", STRANGER)


async def test_of_two_attempts_at_once_one_is_answered_and_counted(world: World):
    await world.give("hana")
    both = await asyncio.gather(
        desk(world).match("c1", "saki", STATED), desk(world).match("c1", "ren", STATED), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in both) == ["Answer", "Conflict"]
    assert len(await stream_entries(world.default, f"match.{digest('case', 'c1')}")) == 1


class Deaf:
    """A store that refuses to commit attempts."""

    def __init__(self, world: World) -> None:
        self._documents = world.default

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def commit(self, writes: Any) -> list[str]:
        if any(write.path.startswith("match_attempts/") for write in writes):
            raise Conflict("precondition_failed")
        return await self._documents.commit(writes)


async def test_nobody_is_answered_before_the_attempt_is_on_record(world: World):
    await world.give("hana")
    with pytest.raises(Conflict):
        await desk(world._replace(default=Deaf(world))).match("c1", "saki", STATED)


async def test_every_attempt_is_on_record_with_what_was_varied_and_no_value(world: World):
    await desk(world).match("c1", "saki", STRANGER)
    await desk(world).match("c1", "saki", msgspec.structs.replace(STRANGER, phone="06-1111-3333"))
    await desk(world).match("c1", "ren", msgspec.structs.replace(STRANGER, phone="06-1111-3333", mail=None))
    entries = await stream_entries(world.default, f"match.{digest('case', 'c1')}")
    assert first_break(entries) is None
    assert [(one.actor, one.facts["attempt"], one.facts["varied"]) for one in entries] == [
        ("saki", 1, []),
        ("saki", 2, ["phone"]),
        ("ren", 3, ["mail"]),
    ]
    assert entries[0].facts["stated"] == ["birth_on", "kana", "mail", "name", "phone"]
    kept = repr([*entries, *await world.default.query(Query("match_attempts"))])
    assert not any(value in kept for value in ("田中", "1970", "1111", "i@e.jp"))


# keys


async def test_after_a_rotation_everybody_is_still_found_and_moves_on_with_their_next_change(world: World):
    await world.give("hana")
    world.secrets.rotate(MATCH_KEY, b"n" * 32)
    assert await who(world, "c1", await desk(world).match("c1", "saki", STATED)) == ("hana",)
    before = {one.path for one in await world.default.query(Query("profile_index"))}
    await world.give("hana", {Field.MEMBER_ID: "M-2"}, if_version=1)
    after = {one.path for one in await world.default.query(Query("profile_index"))}
    assert len(after) == 4
    assert not before & after
    assert await who(world, "c2", await desk(world).match("c2", "saki", STATED)) == ("hana",)


async def test_the_index_leads_nowhere_without_its_key(world: World):
    await world.give("hana")
    stolen = world._replace(secrets=type(world.secrets)({MATCH_KEY: [b"x" * 32], "wrapping-key": [b"w" * 32]}))
    assert "hana" not in await stolen.blind().candidates(STATED, most=4)


async def test_two_people_of_one_household_share_nothing_visible_but_what_they_share(world: World):
    await world.give("hana")
    await world.give("yuki", {**HANA, Field.NAME: "山田雪子", Field.KANA: "ヤマダユキコ"})
    found = await world.default.query(Query("profile_index"))
    assert sorted(len(one.data["entries"]) for one in found) == [1, 1, 1, 1, 2, 2]
    names = [name for one in found for name in one.data["entries"]]
    assert len(set(names)) == len(names), "no two entries of one person bear the same name"
    assert {len(sealed) for one in found for sealed in one.data["entries"].values()} == {256 + 30}


async def test_an_account_that_was_erased_matches_as_nobody(world: World):
    await world.give("hana")
    nobody = await cost(world, "c0", STRANGER)
    await world.default.commit([Delete("users/hana/profile/held")])  # the index still leads there
    assert await cost(world, "c1", msgspec.structs.replace(STATED, address=None, member_id=None)) == nobody


async def test_out_of_reach_is_said_and_never_taken_for_nobody(world: World):
    class Away:
        async def several(self, uids: Sequence[str], purpose: Any) -> list[Profile]:
            raise Unavailable("store_unavailable")

    with pytest.raises(Fault, match="store_unavailable"):
        await desk(world, opener=Away()).match("c1", "saki", STRANGER)
    assert await world.default.query(Query("match_attempts")) == []
