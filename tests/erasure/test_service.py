"""An erasure of everything destroys the key that there was, and never the one of somebody who has begun anew."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from shared.clock import ManualClock
from shared.cloud.documents import Document, Documents, Put, Query, Write, settle
from shared.cloud.seal import Key
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.vault import WRAPPING_KEY, DataKeys, KeyShredder
from shared.consent.model import QOLMS, Cell, Consents, State
from shared.consent.ports import Followed
from shared.consent.recording import Recorder
from shared.consent.relations import RelationStore
from shared.consent.service import How
from shared.consent.store import ConsentStore
from shared.erasure.model import Progress
from shared.erasure.service import AskingToErase, Erasing
from shared.erasure.store import ErasureStore
from shared.errors import Conflict, Fault
from shared.ids import Ids
from shared.measurement.store import DayDeleter
from shared.policy.notices import notices
from shared.profile.blind import MATCH_KEY, BlindIndex, MatchKeys
from shared.profile.erasing import ProfileEraser
from shared.release.shares import ShareStore
from shared.vocabulary import Kind, Purpose
from tests.fakes import MemorySecrets

WEIGHT = Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS)


class Unfollowed:
    """Nobody who is erased here has a link."""

    async def following(self, uid: str, consents: Consents) -> Followed:
        return Followed([], [])


class Unsent:
    """A queue whose tasks the tests carry out themselves."""

    async def enqueue(self, *_: object, **more: object) -> bool:
        return True


class Sleeper:
    """Falls asleep before its n-th call of a store, until it is woken."""

    def __init__(self, before: int) -> None:
        self.left = before
        self.asleep, self.awake = asyncio.Event(), asyncio.Event()

    async def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.asleep.set()
            await self.awake.wait()


class Through:
    """A store, as somebody sees it who takes `step` before each call."""

    def __init__(self, documents: Documents, step: Callable[[], Awaitable[None]]) -> None:
        self.documents, self.step = documents, step

    async def get(self, path: str) -> Document | None:
        await self.step()
        return await self.documents.get(path)

    async def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        await self.step()
        return await self.documents.get_many(paths)

    async def query(self, query: Query) -> list[Document]:
        await self.step()
        return await self.documents.query(query)

    async def count(self, query: Query) -> int:
        return await self.documents.count(query)

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        await self.step()
        return await self.documents.commit(writes)

    async def close(self) -> None:
        await self.documents.close()


class World(NamedTuple):
    """Two databases, as there are."""

    default: SqliteDocuments
    keys: SqliteDocuments
    clock: ManualClock
    ids: Ids

    def asking(self) -> AskingToErase:
        return AskingToErase(
            erasures=ErasureStore(self.default),
            relations=RelationStore(self.default),
            recorder=Recorder(ConsentStore(self.default), Unfollowed(), partial(settle, self.default)),
            notices=notices(),
            queue=Unsent(),
            clock=self.clock,
            ids=self.ids,
        )

    def worker(self, step: Callable[[], Awaitable[None]] | None = None) -> Erasing:
        default, keys = (Through(one, step or awake) for one in (self.default, self.keys))
        return Erasing(
            documents=default,
            erasures=ErasureStore(default),
            days=DayDeleter(default),
            shares=ShareStore(default),
            profiles=ProfileEraser(default, self.blind(default), self.clock),
            keys=KeyShredder(keys, self.clock),
            recorder=Recorder(ConsentStore(default), Unfollowed(), partial(settle, default)),
            notices=notices(),
            clock=self.clock,
        )

    def blind(self, documents: Documents) -> BlindIndex:
        return BlindIndex(documents, MatchKeys(MemorySecrets({MATCH_KEY: [b"m" * 32]})), self.ids)

    def data_keys(self) -> DataKeys:
        return DataKeys(self.keys, MemorySecrets({WRAPPING_KEY: [b"w" * 32]}))

    async def begins(self, uid: str) -> Key:
        """As a link does: with a key, and something stored."""
        key = await self.data_keys().ensure(uid)
        await self.default.commit([Put(f"users/{uid}/days/weight.2026-11-22.a", {"sealed": b"x"})])
        return key

    async def state(self, uid: str) -> State | None:
        return (await ConsentStore(self.default).consents(uid)).state_of(WEIGHT, self.clock.now())


async def awake() -> None:
    """Never asleep."""


@pytest.fixture
async def world(tmp_path: Path, clock: ManualClock, ids: Ids) -> Any:
    world = World(SqliteDocuments(str(tmp_path / "default")), SqliteDocuments(str(tmp_path / "keys")), clock, ids)
    yield world
    await world.default.close()
    await world.keys.close()


async def test_who_asks_needs_no_key_and_the_worker_settles_which_one_goes(world: World):
    await world.begins("hana")
    asked = await world.asking().request("hana", [], How())
    assert asked.value.generation is None
    assert await world.worker().run(asked.id) == "erased"
    done = await ErasureStore(world.default).find(asked.id)
    assert done
    assert (done.value.state, done.value.generation) == (Progress.DONE, 1)
    with pytest.raises(Fault, match="key_destroyed"):
        await world.data_keys().key("hana")


async def test_a_worker_who_falls_asleep_anywhere_leaves_whoever_has_begun_anew_their_key(world: World):
    """Until there is no call left before which it could fall asleep."""
    slept = 0
    while True:
        uid = f"hana{slept}"
        await world.begins(uid)
        asked = await world.asking().request(uid, [], How())
        sleeper = Sleeper(slept + 1)
        late = asyncio.create_task(world.worker(sleeper.step).run(asked.id))
        asleep = asyncio.create_task(sleeper.asleep.wait())
        await asyncio.wait([late, asleep], return_when=asyncio.FIRST_COMPLETED)
        if not sleeper.asleep.is_set():
            asleep.cancel()
            break
        slept += 1
        await world.worker().run(asked.id)
        assert await world.state(uid) is State.ERASED
        newer = await world.begins(uid)
        sleeper.awake.set()
        await asyncio.gather(late, return_exceptions=True)
        assert late.exception() is None or isinstance(late.exception(), Conflict)
        assert await world.data_keys().key(uid) == newer, f"asleep before call {slept}"
        assert await world.worker().run(asked.id) == "nothing_to_do"
        assert await world.default.get(f"users/{uid}/days/weight.2026-11-22.a"), f"asleep before call {slept}"
    assert slept >= 8
    assert await late == "erased"


async def test_an_erasure_that_settled_on_a_key_before_a_crash_goes_on_with_that_one(world: World):
    await world.begins("hana")
    asked = await world.asking().request("hana", [], How())

    async def die(before: list[int]) -> None:
        before[0] -= 1
        if before[0] == 0:
            raise Conflict("precondition_failed")

    with pytest.raises(Conflict):
        await world.worker(partial(die, [4])).run(asked.id)  # it has read, and committed which key
    found = await ErasureStore(world.default).find(asked.id)
    assert found
    assert found.value.generation == 1
    assert await world.worker().run(asked.id) == "erased"
    with pytest.raises(Fault, match="key_destroyed"):
        await world.data_keys().key("hana")


async def test_what_was_asked_for_looking_at_another_state_is_refused(world: World):
    epoch = (await ConsentStore(world.default).consents("hana")).epoch
    await world.asking().request("hana", [Kind.SLEEP], How(), if_epoch=epoch)
    with pytest.raises(Conflict, match="consent_stale"):
        await world.asking().request("hana", [Kind.WEIGHT], How(), if_epoch=epoch)
    assert await world.state("hana") is None
    assert len(await ErasureStore(world.default).of("hana")) == 1


async def test_the_time_within_which_it_is_done_is_the_notice_s(world: World):
    asked = await world.asking().request("hana", [Kind.SLEEP], How())
    assert asked.value.due_at - asked.value.requested_at == datetime(2026, 1, 2) - datetime(2026, 1, 1)
