"""The whole of linking and syncing on one stage: workers over the real store and the simulated Google, a queue, a
scheduler and a person who tries again. A scene can be kept and set up again as often as there are places to fail."""

import asyncio
import io
import pickle
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from infra.local.google import World, create_app
from infra.local.google.signing import SigningKey
from shared.clock import Clock, ManualClock
from shared.cloud.documents import Data, Delete, Documents, Put, Query, settle
from shared.cloud.identity import Identities
from shared.cloud.vault import DataKeys, TokenVault
from shared.config import Settings, load
from shared.connection.linking import Linking
from shared.connection.model import Connection, LinkState
from shared.connection.service import Connections
from shared.connection.store import ConnectionStore
from shared.consent.model import QOLMS, Change, Decision
from shared.consent.service import Consenting
from shared.consent.store import ConsentStore
from shared.errors import Conflict, Fault, NotPermitted, Refused, Unavailable
from shared.measurement.store import MeasurementStore
from shared.source.google_fit.client import GoogleFitSource
from shared.source.google_fit.oauth import GoogleAuthority
from shared.source.google_fit.scopes import SCOPES
from shared.sync.dispatch import Dispatching
from shared.sync.fetch import Fetching
from shared.sync.model import Reach
from shared.sync.service import Pace, Syncing
from shared.vocabulary import Kind, Language, Provider, Purpose
from tests.fakes import SeededIds
from tests.faults.passage import KilledHere, Passage, Strike, Turns
from tests.faults.ports import SECRETS, MemoryQueue, PassingDocuments, PassingHttp, PassingQueue, PassingSecrets, Task
from tests.faults.watch import Person, Watch, Worker, demand

T = TypeVar("T")

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
FIT = Provider.GOOGLE_FIT
HANAKO = Person("hanako", "hanako@example.com")
TARO = Person("taro", "taro@example.com")
PEOPLE = (HANAKO, TARO)
CLIENT = "client-of-ours"
TICK_S = 600


class _RememberingKey(SigningKey):
    """Google's key, with all that it signed."""

    def __init__(self) -> None:
        super().__init__("stage")
        self.signed: list[str] = []

    def sign(self, claims: dict[str, object]) -> str:
        self.signed.append(super().sign(claims))
        return self.signed[-1]


class _RememberingIds(SeededIds):
    """Ids, with every token that was made."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.made: list[str] = []

    def token(self) -> str:
        self.made.append(super().token())
        return self.made[-1]


KEY = _RememberingKey()

SETTINGS: Settings = load(
    {
        "DOCUMENTS": "sqlite::memory:",
        "PUBLIC_URL": "http://backend.test",
        "FIREBASE_PROJECT": "kagamino",
        "SCHEDULER_ACCOUNT": "scheduler@kagamino.test",
        "TASKS_ACCOUNT": "tasks@kagamino.test",
        "GOOGLE_CLIENT_ID": CLIENT,
        "APP_LINK": "http://app.test/linked",
        "DEVELOPMENT": "1",
        "DUE_SHARDS": "1",
        "BACKFILL_DAYS": "20",
        "BACKFILL_SLICE_DAYS": "12",
        "OVERLAP_DAYS": "5",
    }
)
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


class Hands(Worker):
    """A worker with its use cases: one process's worth of what the functions wire up."""

    def __init__(self, name: str, stage: "Stage", clock: Clock) -> None:
        super().__init__(name)
        passage, watch = stage.passage, stage.watch
        documents: Any = PassingDocuments(self, stage.store, passage, watch)
        http: Any = PassingHttp(self, stage.app, passage, watch, stage.patience_s)
        queue = PassingQueue(self, stage.queue, passage, clock)
        secrets = PassingSecrets(self, passage)
        tokens, keys = TokenVault(secrets), DataKeys(documents, secrets, clock)
        connections = ConnectionStore(documents, clock)
        ledger = ConsentStore(documents)
        reach = Reach(SETTINGS.backfill_days, SETTINGS.backfill_slice_days, SETTINGS.overlap_days)
        authority = GoogleAuthority(
            SETTINGS,
            http=http,
            secrets=secrets,
            identities=Identities(SETTINGS, function="any", http=http, clock=clock),
            clock=clock,
        )

        async def commit(writes: Sequence[Any], *, witness: str) -> list[str]:
            return await settle(documents, writes, witness=witness)

        self.linking = Linking(
            documents=documents,
            connections=connections,
            ledger=ledger,
            authority=authority,
            tokens=tokens,
            keys=keys,
            queue=queue,
            clock=clock,
            ids=stage.ids,
            redirect_uri=f"{SETTINGS.public_url}/oauth_callback",
            shards=SETTINGS.due_shards,
        )
        self.connections = Connections(
            documents=documents,
            connections=connections,
            authority=authority,
            tokens=tokens,
            queue=queue,
            clock=clock,
            ids=stage.ids,
        )
        self.consenting = Consenting(ledger, connections, commit, clock)
        self.syncing = Syncing(
            documents=documents,
            connections=connections,
            days=MeasurementStore(documents, keys),
            fetching=Fetching(
                source=GoogleFitSource(SETTINGS, http=http, clock=clock),
                clock=clock,
                reach=reach,
                deadline_s=SETTINGS.sync_deadline_s,
            ),
            authority=authority,
            vault=tokens,
            queue=queue,
            clock=clock,
            ids=stage.ids,
            pace=Pace(
                reach=reach,
                interval_s=SETTINGS.sync_interval_s,
                calls_per_minute=SETTINGS.user_calls_per_minute,
                lease_s=SETTINGS.sync_deadline_s + 30,
            ),
        )
        self.dispatching = Dispatching(
            documents=documents,
            connections=connections,
            queue=queue,
            clock=clock,
            shards=SETTINGS.due_shards,
            tick_s=TICK_S,
            budget_s=SETTINGS.dispatch_budget_s,
        )


Request = Callable[[Hands], Awaitable[T]]


@dataclass
class Stage:
    """A store, on which a scene is set up again and again."""

    store: Documents
    patience_s: float = 30.0
    faults: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    on_raise: Callable[[BaseException], None] = lambda raised: None
    at_first_switch: Callable[[], None] | None = None
    _workers: int = 0

    # -------------------------------------------------------------- scenes

    async def begin(self) -> None:
        """A new world with empty accounts, a new queue and an empty store."""
        world = World(ManualClock(START), "stage", signing_key=KEY)
        world.client(CLIENT, SECRETS["oauth-client-secret"].decode(), [f"{SETTINGS.public_url}/oauth_callback"])
        for person in PEOPLE:
            world.account(person.email, devices=[])
        await self._set(world, MemoryQueue(), _RememberingIds(1), {}, dict(await self.stored()))

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
        self, world: World, queue: MemoryQueue, ids: _RememberingIds, documents: dict[str, Data], old: dict[str, Data]
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

    async def together(
        self, first: Request[Any], second: Request[Any], schedule: Sequence[tuple[int, int | None]]
    ) -> list[Any]:
        """Two requests at once. `schedule` says whose turn it is (0, 1) for how many I/Os, None for the rest; what each
        came to, faults included."""
        workers = [self.worker(), self.worker()]
        self.passage.turns = turns = Turns(deque((workers[who], n) for who, n in schedule if n != 0))
        turns.at_first_switch = self.at_first_switch
        try:
            return await asyncio.gather(
                *(self.ask(r, w) for r, w in zip((first, second), workers, strict=True)), return_exceptions=True
            )
        finally:
            self.passage.turns = None

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

    # -------------------------------------------------------------- the stories' verbs

    async def link(
        self,
        kinds: Sequence[Kind],
        person: Person = HANAKO,
        at_google: Person | None = None,
        ticked: Sequence[Kind] | None = None,
    ) -> None:
        """Start, consent at Google, come back, confirm; begin anew where an attempt is spent."""
        for _ in range(4):
            started = await self.person(lambda w: w.linking.start(person.uid, FIT, list(kinds), Language.JA))
            scopes = ["openid", *(SCOPES[kind] for kind in (ticked or kinds))]
            location = self.world.consent(started.authorization_url, (at_google or person).email, scopes)
            code = await self._returned(location)
            if code and await self._confirmed(person, code):
                return
        raise AssertionError("never linked")

    async def park(self, kinds: Sequence[Kind], person: Person = HANAKO, at_google: Person | None = None) -> str:
        """Consent at Google, up to the code that waits to be confirmed."""
        started = await self.ask(lambda w: w.linking.start(person.uid, FIT, list(kinds), Language.JA))
        location = self.world.consent(started.authorization_url, (at_google or person).email)
        return await self._returned(location)

    async def _returned(self, location: str) -> str:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(location).query).items()}

        async def back(worker: Hands) -> Any:
            return await worker.linking.returned(
                state=query["state"], code=query.get("code", ""), error="", scope=query.get("scope", "")
            )

        try:
            returned = await self.ask(back)
        except KilledHere:
            self.faults.append("killed")
            returned = await self.ask(back)  # the person reloads the page
        return str(returned.code)

    async def _confirmed(self, person: Person, code: str) -> bool:
        before = self.watch.connection(person.uid)
        try:
            await self.person(lambda w: w.linking.confirm(person.uid, code))
        except Refused:
            connection = self.watch.connection(person.uid)
            linked_now = connection is not None and connection.linked > (before.linked if before else 0)
            return linked_now and connection is not None and connection.state is LinkState.ACTIVE
        return True

    async def decide(self, decision: Decision, *kinds: Kind, person: Person = HANAKO) -> None:
        """Give or withdraw."""
        changes = tuple(Change(Purpose.QOLMS_STORE, kind, QOLMS, decision) for kind in kinds)
        await self.person(lambda w: w.consenting.decide(person.uid, changes, if_epoch=None))

    async def rest(self) -> None:
        """Two intervals pass without faults; then everything must be as if there never had been any."""
        self.strike(None)
        delivered, called = len(self.queue.delivered), sum(self.world.calls.values())
        await self.pass_time(timedelta(seconds=2 * SETTINGS.sync_interval_s))
        self.watch.check_chains()
        self.check_busy(len(self.queue.delivered) - delivered, sum(self.world.calls.values()) - called)
        for person in PEOPLE:
            connection = self.watch.connection(person.uid)
            if connection is not None:
                self.check_person(person, connection)
        left = [path for path in self.watch.documents if path.startswith("loose_grants/")]
        demand(not left, "I10", f"grants nobody uses are left: {left}")
        demand(not self.queue.given_up, "I10", f"given up: {self.queue.given_up}")
        waiting = [task for task in self.queue.waiting.values() if task.due_at <= self.clock.now()]
        demand(not waiting, "I10", f"still waiting: {waiting}")

    def check_busy(self, deliveries: int, calls: int) -> None:
        """I10: nobody tries for ever. Two intervals need two visits, what a fault left over, and history's slices."""
        demand(deliveries <= 12, "I10", f"{deliveries} deliveries in two intervals")
        demand(calls <= 120, "I10", f"{calls} calls of Google in two intervals")

    def check_person(self, person: Person, connection: Connection) -> None:
        """I1, I5 and I10 for one person, whatever state their link is in."""
        if connection.state is not LinkState.ACTIVE:
            return
        late = self.clock.now() - (connection.last_success_at or START)
        demand(late <= timedelta(seconds=SETTINGS.sync_interval_s + 2 * TICK_S), "I10", f"not fresh for {late}")
        demand(connection.failures == 0 and connection.lease is None, "I10", "traces of a fault are left")
        token = self.watch.refresh_token(connection)
        demand(
            token is not None and self.watch.is_newest(token), "I5", "the newest refresh token is not what is stored"
        )
        since = START.replace(hour=0) - timedelta(days=SETTINGS.backfill_days)
        self.watch.check_fetched(person.uid, int(since.timestamp()) * 1_000_000_000)

    async def check_store(self) -> None:
        """The store holds what was committed, and nothing else."""
        demand(await self.stored() == self.watch.documents, "I8", "the store is not what was committed")

    def tokens_made(self) -> list[str]:
        """Every state, verifier, nonce and one-time code so far."""
        return list(self.ids.made)

    @property
    def id_tokens(self) -> list[str]:
        """Every ID token Google signed so far."""
        return KEY.signed

    def connection(self, person: Person = HANAKO) -> Connection:
        """The connection as stored."""
        found = self.watch.connection(person.uid)
        assert found is not None
        return found

    def strike(self, strike: Strike | None) -> None:
        """Let something go wrong; numbers count from here."""
        self.passage.trace.clear()
        self.passage.strike = strike


async def _work(worker: Hands, task: Task) -> None:
    if task.queue == "sync":
        await worker.syncing.sync(str(task.payload["uid"]), Provider(task.payload["provider"]))
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
