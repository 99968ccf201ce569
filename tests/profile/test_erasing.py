"""An erasure of everything leaves no profile, no history and no way to be found; and nothing slips in behind it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.documents import Put, Query, settle
from shared.cloud.vault import KeyShredder
from shared.consent.recording import Recorder
from shared.consent.relations import RelationStore
from shared.consent.service import How
from shared.consent.store import ConsentStore
from shared.erasure.service import AskingToErase, Erasing
from shared.erasure.store import ErasureStore
from shared.errors import Conflict, Fault
from shared.measurement.store import DayDeleter
from shared.policy.notices import notices
from shared.profile.model import Field
from shared.profile.store import stream_of
from shared.release.shares import ShareStore
from shared.vocabulary import Kind
from tests.erasure.test_service import Sleeper, Through, Unfollowed, Unsent
from tests.profile.world import HANA, World


def recorder(world: World) -> Recorder:
    return Recorder(ConsentStore(world.default), Unfollowed(), partial(settle, world.default))


async def asked(world: World, uid: str, kinds: list[Kind]) -> str:
    asking = AskingToErase(
        erasures=ErasureStore(world.default),
        relations=RelationStore(world.default),
        recorder=recorder(world),
        notices=notices(),
        queue=Unsent(),
        clock=world.clock,
        ids=world.ids,
    )
    return (await asking.request(uid, kinds, How())).id


def worker(world: World) -> Erasing:
    return Erasing(
        documents=world.default,
        erasures=ErasureStore(world.default),
        days=DayDeleter(world.default),
        shares=ShareStore(world.default),
        profiles=world.eraser(),
        keys=KeyShredder(world.keys, world.clock),
        recorder=recorder(world),
        notices=notices(),
        clock=world.clock,
    )


async def erase(world: World, uid: str) -> None:
    assert await worker(world).run(await asked(world, uid, [])) == "erased"


async def found(world: World) -> list[str]:
    """Who is found by what hana holds."""
    held = (await world.profiles().see("hana")).profile
    return [uid for uid in await world.blind().candidates(held, most=4) if uid in ("hana", "yuki")]


async def test_everything_takes_profile_history_and_index_along(world: World):
    await world.give("hana")
    await world.give("hana", {Field.PHONE: "03-1111-2222"}, if_version=1)
    await erase(world, "hana")
    held = await world.profiles().see("hana")
    assert (held.profile.values(), held.number) == ({}, 3)
    assert await world.profiles().changes("hana") == []
    assert await world.default.query(Query("profile_index")) == []
    entries = await stream_entries(world.default, stream_of("hana"))
    assert first_break(entries) is None
    assert (entries[-1].action, entries[-1].facts) == ("profile.erased", {"changes": 2, "held": True, "number": 3})


async def test_who_shares_a_phone_with_somebody_erased_is_found_as_before(world: World):
    await world.give("hana")
    await world.give("yuki", {**HANA, Field.NAME: "山田雪子", Field.KANA: "ヤマダユキコ"})
    assert await found(world) == ["hana", "yuki"]
    before = (await world.profiles().see("hana")).profile
    await erase(world, "hana")
    assert [uid for uid in await world.blind().candidates(before, most=4) if uid in ("hana", "yuki")] == ["yuki"]


async def test_some_kinds_leave_the_profile_alone(world: World):
    await world.give("hana")
    assert await worker(world).run(await asked(world, "hana", [Kind.SLEEP])) == "erased"
    assert (await world.profiles().see("hana")).profile.values() == HANA


async def test_while_everything_is_being_erased_nothing_can_be_given(world: World):
    await world.give("hana")
    await asked(world, "hana", [])
    with pytest.raises(Conflict, match="erasure_under_way"):
        await world.give("hana", {Field.PHONE: "03-1111-2222"}, if_version=1)
    other = await asked(world, "yuki", [Kind.SLEEP])
    assert (await world.give("yuki")).number == 1
    assert other


async def test_whoever_was_erased_may_begin_anew_and_keeps_what_they_give(world: World):
    await world.give("hana")
    name = await asked(world, "hana", [])
    await worker(world).run(name)
    await world.give("hana", {Field.NAME: "山田花子"}, if_version=2)
    assert await worker(world).run(name) == "nothing_to_do"
    assert (await world.profiles().see("hana")).profile.name == "山田花子"


async def test_who_never_gave_anything_is_fenced_too_and_may_begin_afterwards(world: World):
    await erase(world, "ken")
    with pytest.raises(Conflict, match="profile_stale"):
        await world.give("ken", if_version=0)
    assert (await world.give("ken", if_version=1)).number == 2


async def raced(world: World, uid: str, sleeper: Sleeper, late: Callable[[], Awaitable[Any]], meanwhile: Any) -> bool:
    """Whether `late` fell asleep; if it did, `meanwhile` happened before it was woken."""
    task, asleep = asyncio.ensure_future(late()), asyncio.create_task(sleeper.asleep.wait())
    await asyncio.wait([task, asleep], return_when=asyncio.FIRST_COMPLETED)
    slept = sleeper.asleep.is_set()
    if slept:
        await meanwhile()
        sleeper.awake.set()
    asleep.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.exception() is None or isinstance(task.exception(), Fault), task.exception()
    return slept


@pytest.mark.parametrize("before", [True, False], ids=["held before", "never held"])
async def test_nothing_is_stored_behind_an_erasure_wherever_the_giver_falls_asleep(world: World, before: bool):
    slept = 0
    while True:
        uid, sleeper = f"hana{slept}", Sleeper(slept + 1)
        if before:
            await world.give(uid)
        step = sleeper.step
        slow = world._replace(default=Through(world.default, step), keys=Through(world.keys, step))
        given: dict[Any, Any] = {Field.PHONE: "03-1111-2222"}
        late = partial(slow.give, uid, given, if_version=1 if before else 0)
        if not await raced(world, uid, sleeper, late, partial(erase, world, uid)):
            break
        slept += 1
        held = await world.profiles().see(uid)
        # Erased, whether or not the change came first; or made by somebody who has begun anew, under a new key.
        assert held.profile.values() in ({}, given), f"asleep before call {slept}"
        entries = await stream_entries(world.default, stream_of(uid))
        assert first_break(entries) is None, f"asleep before call {slept}"
        assert (entries[-1].action == "profile.erased") == (not held.profile.values()), f"asleep before call {slept}"
    assert slept >= 8


async def test_a_late_worker_takes_nothing_from_whoever_has_begun_anew(world: World):
    slept = 0
    while True:
        uid, sleeper = f"hana{slept}", Sleeper(slept + 1)
        await world.give(uid)
        name = await asked(world, uid, [])
        step = sleeper.step
        slow = world._replace(default=Through(world.default, step), keys=Through(world.keys, step))

        async def meanwhile(uid: str = uid, name: str = name) -> None:
            await worker(world).run(name)
            await world.give(uid, {Field.NAME: "山田花子"}, if_version=2)

        if not await raced(world, uid, sleeper, partial(worker(slow).run, name), meanwhile):
            break
        slept += 1
        assert (await world.profiles().see(uid)).profile.name == "山田花子", f"asleep before call {slept}"
    assert slept >= 8


async def test_what_was_tampered_with_in_the_index_stands_in_nobodys_way(world: World):
    await world.give("hana")
    await world.give("yuki", {**HANA, Field.NAME: "山田雪子", Field.KANA: "ヤマダユキコ"})
    for one in await world.default.query(Query("profile_index")):
        entries = dict.fromkeys(one.data["entries"], b"x" * 40) if len(one.data["entries"]) == 1 else None
        if entries:
            await world.default.commit([Put(one.path, {"entries": entries})])
    assert await found(world) == ["hana", "yuki"], "by phone and mail"
    await erase(world, "hana")
    assert [len(one.data["entries"]) for one in await world.default.query(Query("profile_index"))] == [1] * 4
