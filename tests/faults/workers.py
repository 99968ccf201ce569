"""Workers: what one process of the functions wires up, over the ports of the stage."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from infra.local.google.signing import SigningKey
from infra.staff import registering
from shared.clock import Clock
from shared.cloud.documents import Documents, settle
from shared.cloud.identity import Identities
from shared.cloud.vault import DataKeys, TokenVault
from shared.config import Settings, load
from shared.connection.linking import Linking
from shared.connection.service import Connections
from shared.connection.store import ConnectionStore
from shared.consent.store import ConsentStore
from shared.erasure.store import ErasureStore
from shared.measurement.store import MeasurementStore
from shared.policy.notices import notices
from shared.source.google_fit.client import GoogleFitSource
from shared.source.google_fit.oauth import GoogleAuthority
from shared.sync.dispatch import Dispatching
from shared.sync.fetch import Fetching
from shared.sync.model import Reach
from shared.sync.service import Pace, Syncing
from shared.vocabulary import Provider
from tests.fakes import SeededIds, consenting_over, following
from tests.faults.copied import Person, Worker
from tests.faults.passage import Passage
from tests.faults.ports import MemoryQueue, PassingDocuments, PassingHttp, PassingQueue, PassingSecrets
from tests.faults.watch import Watch

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
FIT = Provider.GOOGLE_FIT
HANAKO = Person("hanako", "hanako@example.com")
TARO = Person("taro", "taro@example.com")
PEOPLE = (HANAKO, TARO)
CLIENT = "client-of-ours"
TICK_S = 600


class Key(SigningKey):
    """Google's key (one for all worlds: making one is slow), with all that it signed in the world at hand."""

    def __init__(self) -> None:
        super().__init__("stage")
        self.signed: list[str] = []

    def sign(self, claims: dict[str, object]) -> str:
        self.signed.append(super().sign(claims))
        return self.signed[-1]


class Ids(SeededIds):
    """Ids, with every token that was made."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.made: list[str] = []

    def token(self) -> str:
        self.made.append(super().token())
        return self.made[-1]


KEY = Key()

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
T = TypeVar("T")


class Setting(Protocol):
    """What workers find: `scenes.Scenes`."""

    store: Documents
    app: Any
    queue: MemoryQueue
    passage: Passage
    watch: Watch
    ids: Ids
    patience_s: float


class Hands(Worker):
    """A worker with its use cases: one process's worth of what the functions wire up."""

    def __init__(self, name: str, stage: Setting, clock: Clock) -> None:
        super().__init__(name)
        passage, watch = stage.passage, stage.watch
        documents: Any = PassingDocuments(self, stage.store, passage, watch)
        http: Any = PassingHttp(self, stage.app, passage, watch, stage.patience_s)
        queue = PassingQueue(self, stage.queue, passage, clock)
        secrets = PassingSecrets(self, passage)
        tokens, keys = TokenVault(secrets), DataKeys(documents, secrets)
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
            notices=notices(),
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
        follower = following(connections, queue, clock, stage.ids)
        self.consenting = consenting_over(documents, ledger, follower, commit, clock)
        self.registering = registering(documents, clock, stage.ids, notices())
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
            erasures=ErasureStore(documents),
            documents=documents,
            connections=connections,
            queue=queue,
            clock=clock,
            shards=SETTINGS.due_shards,
            tick_s=TICK_S,
            budget_s=SETTINGS.dispatch_budget_s,
        )


Request = Callable[[Hands], Awaitable[T]]
