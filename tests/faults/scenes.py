"""Scenes: a store, a world, a queue and workers in them; kept, set up again, and told to do things."""

import asyncio
import io
import pickle
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from infra.local.google import World, create_app
from shared.clock import Clock, ManualClock
from shared.cloud.documents import Data, Delete, Documents, Put, Query
from shared.errors import Conflict, Fault, NotPermitted, Unavailable
from shared.vocabulary import Provider
from tests.faults.passage import KilledHere, Passage, Turns
from tests.faults.ports import SECRETS, MemoryQueue, Task
from tests.faults.schedules import Io, Schedule
from tests.faults.watch import Watch
from tests.faults.workers import CLIENT, KEY, PEOPLE, SETTINGS, START, TICK_S, Hands, Ids, Request

T = TypeVar("T")

COLLECTIONS = (
    "audit",
    "connections",
    "consent",
    "consent_events",
    "data_keys",
    "days",
    "dispatch",
    "google_subjects",
    "link_attempts",
    "loose_grants",
)


@dataclass(frozen=True)
class Scene:
    """Everything there is at one moment, to be set up again."""

    frozen: bytes
    documents: dict[str, Data]


@dataclass
class Scenes:
    """A store, on which a scene is set up again and again."""

    store: Documents
    patience_s: float = 30.0
    faults: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    on_raise: Callable[[BaseException], None] = lambda raised: None
    at_first_switch: Callable[[], None] | None = None
    both: tuple[Sequence[Io], Sequence[Io]] = ((), ())
    _workers: int = 0

    # -------------------------------------------------------------- scenes

    async def begin(self) -> None:
        """A new world with empty accounts, a new queue and an empty store."""
        world = World(ManualClock(START), "stage", signing_key=KEY)
        world.client(CLIENT, SECRETS["oauth-client-secret"].decode(), [f"{SETTINGS.public_url}/oauth_callback"])
        for person in PEOPLE:
            world.account(person.email, devices=[])
        KEY.signed.clear()
        await self._set(world, MemoryQueue(), Ids(1), {}, dict(await self.stored()))

    def keep(self) -> Scene:
        """This moment."""
        frozen = io.BytesIO()
        # The two mint tables and the newest-stored table belong to the moment as well.
        moment = (self.world, self.queue, self.ids, self.watch.memory())
        _Pickler(frozen).dump(moment)
        return Scene(frozen.getvalue(), dict(self.watch.documents))

    async def set_up(self, scene: Scene) -> None:
        """That moment again."""
        world, queue, ids, memory = _Unpickler(io.BytesIO(scene.frozen)).load()
        await self._set(world, queue, ids, scene.documents, self.watch.documents)
        self.watch.remember(memory)

    async def _set(
        self, world: World, queue: MemoryQueue, ids: Ids, documents: dict[str, Data], old: dict[str, Data]
    ) -> None:
        puts = [Put(path, data) for path, data in documents.items() if path not in old or old[path] != data]
        deletes = [Delete(path) for path in old if path not in documents]
        if puts or deletes:
            await self.store.commit([*deletes, *puts])
        clock = world.clock
        assert isinstance(clock, ManualClock)
        self.world, self.clock, self.queue, self.ids = world, clock, queue, ids
        self.app = create_app(world)
        self.passage = Passage()
        self.watch = Watch(world, SECRETS)
        self.watch.documents = dict(documents)
        self.watch.google_moved()
        self.faults = []

    async def stored(self) -> dict[str, Data]:
        """Everything in the real store."""
        found: dict[str, Data] = {}
        for collection in COLLECTIONS:
            for document in await self.store.query(Query(collection, group=True, limit=1000)):
                found[document.path] = document.data
        return found

    # -------------------------------------------------------------- doing things

    def worker(self, clock: Clock | None = None) -> Hands:
        """A fresh process, on the stage's clock unless its own goes otherwise."""
        self._workers += 1
        return Hands(f"worker-{self._workers}", self, clock or self.clock)

    async def ask(self, request: Request[T], worker: Hands | None = None) -> T:
        """One request in a process of its own. Raises what it raises, KilledHere included."""
        worker = worker or self.worker()
        task = asyncio.ensure_future(request(worker))
        try:
            return await task
        except Exception as raised:
            self.on_raise(raised)
            raise
        except BaseExceptionGroup as group:
            if group.subgroup(KilledHere):
                raise KilledHere from None
            raise
        finally:
            self.worker_over(worker)

    def worker_over(self, worker: Hands) -> None:
        worker.dead = True
        if self.passage.turns is not None:
            self.passage.turns.over(worker)
        if self.watch.broken:
            raise self.watch.broken[0]

    async def together(self, first: Request[Any], second: Request[Any], schedule: Schedule) -> list[Any]:
        """Two requests at once. `schedule` says whose turn it is (0, 1) for how many I/Os, None for the rest; what each
        came to, faults included. `both` is then what each did."""
        workers = [self.worker(), self.worker()]
        self.passage.turns = turns = Turns(deque((workers[who], n) for who, n in schedule if n != 0))
        turns.at_first_switch = self.at_first_switch
        try:
            return await asyncio.gather(
                *(self.ask(r, w) for r, w in zip((first, second), workers, strict=True)), return_exceptions=True
            )
        finally:
            self.passage.turns = None
            self.both = self.passage.done_by(workers[0]), self.passage.done_by(workers[1])

    async def person(self, request: Request[T], tries: int = 4) -> T:
        """A person, or their app, who tries again where that may help. Raises Fault where it does not."""
        for attempt in range(tries):
            try:
                return await self.ask(request)
            except (Unavailable, Conflict) as fault:
                self.faults.append(fault.code)
                if attempt == tries - 1 or fault.code in ("needs_reauth", "consent_stale"):
                    raise
            except KilledHere:
                self.faults.append("killed")
        raise AssertionError("killed every time")

    async def deliver(self, *, until_tries: int = 50) -> int:
        """Deliver every task that is due, retries as time passes left aside; how many deliveries."""
        deliveries = 0
        while (task := self.queue.take(self.clock.now())) is not None and deliveries < until_tries:
            deliveries += 1
            await self._deliver(task)
        return deliveries

    async def _deliver(self, task: Task) -> None:
        task.attempts += 1
        now = self.clock.now()
        self.queue.delivered.append((now, task.queue))
        try:
            await self.ask(lambda worker: _work(worker, task))
        except KilledHere:
            self.faults.append("killed")
            self.queue.again(task, now)
        except (Unavailable, Conflict, NotPermitted) as fault:
            self.faults.append(fault.code)
            self.queue.again(task, now)
        except Fault as fault:  # parked for a person
            self.faults.append(f"parked {fault.code}")
            self.queue.done(task, now)
        else:
            self.queue.done(task, now)

    async def tick(self) -> None:
        """The scheduler's tick. What fails is left to the next."""
        try:
            await self.ask(lambda worker: worker.dispatching.tick())
        except KilledHere:
            self.faults.append("killed")
        except Fault as fault:
            self.faults.append(fault.code)

    async def pass_time(self, by: timedelta) -> None:
        """Time goes on, with its ticks and deliveries."""
        end = self.clock.now() + by
        while self.clock.now() < end:
            await self.deliver()
            now = self.clock.now()
            moments = [_next_tick(now), *(t.due_at for t in self.queue.waiting.values() if t.due_at > now), end]
            self.clock.set(min(moments))
            if int(self.clock.now().timestamp()) % TICK_S == 0:
                await self.tick()
        await self.deliver()


async def _work(worker: Hands, task: Task) -> None:
    if task.queue == "sync":
        await worker.syncing.sync(str(task.payload["uid"]), Provider(str(task.payload["provider"])))
    else:
        await worker.connections.revoke_due(str(task.payload["grant"]))


def _next_tick(now: datetime) -> datetime:
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % TICK_S + TICK_S, UTC)


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return "key" if obj is KEY else None


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        return KEY
