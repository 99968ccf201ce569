"""One person's sync in this process: the real use case, source and stores; Google simulated, and called directly."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from infra.bench.people import CLIENT, FixedSecrets, People, granted
from infra.local.google import Account, Quota, World, create_app
from infra.local.in_process import InProcessHttp
from shared import log
from shared.clock import ManualClock
from shared.cloud.documents import Documents
from shared.cloud.http import Http
from shared.cloud.identity import Identities
from shared.cloud.vault import DataKeys, TokenVault
from shared.config import Settings
from shared.connection.store import ConnectionStore
from shared.ids import RandomIds
from shared.measurement.store import MeasurementStore
from shared.source.google_fit.client import GoogleFitSource
from shared.source.google_fit.oauth import GoogleAuthority
from shared.sync.fetch import Fetching
from shared.sync.model import Outcome, Reach
from shared.sync.service import Pace, Syncing
from shared.vocabulary import Provider

START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
UID = "bench-user"
EMAIL = "bench@example.com"
SETTINGS = Settings(
    documents="sqlite::memory:",
    public_url="https://functions.invalid",
    firebase_project="bench",
    scheduler_account="scheduler@bench.invalid",
    tasks_account="tasks@bench.invalid",
    google_client_id=CLIENT,
    app_link="https://app.invalid/linked",
    backfill_days=30,
    backfill_slice_days=30,
)


class NoQueue:
    """Takes every task and delivers none."""

    def __init__(self) -> None:
        self.taken = 0

    async def enqueue(self, *_: object, **__: object) -> bool:
        """As `shared.connection.ports.Queue.enqueue`."""
        self.taken += 1
        return True


@dataclass(slots=True)
class Household:
    """One linked person, and everything that syncs them. Time stands still until `pass_time`."""

    world: World
    account: Account
    clock: ManualClock
    people: People
    syncing: Syncing

    @classmethod
    async def settled(cls, documents: Documents, keys: Documents, account: Account, world: World) -> "Household":
        """`account`'s person, linked, and synced until there is nothing more to fetch."""
        clock = cast(ManualClock, world.clock)
        secrets = FixedSecrets()
        vault, data_keys = TokenVault(secrets), DataKeys(keys, secrets)
        http = cast(Http, InProcessHttp(create_app(world)))
        reach = Reach(SETTINGS.backfill_days, SETTINGS.backfill_slice_days, SETTINGS.overlap_days)
        syncing = Syncing(
            documents=documents,
            connections=ConnectionStore(documents, clock),
            days=MeasurementStore(documents, data_keys),
            fetching=Fetching(
                source=GoogleFitSource(SETTINGS, http=http, clock=clock), clock=clock, reach=reach, deadline_s=60
            ),
            authority=GoogleAuthority(
                SETTINGS,
                http=http,
                secrets=secrets,
                identities=Identities(SETTINGS, function="sync_user", http=http, clock=clock),
                clock=clock,
            ),
            vault=vault,
            queue=NoQueue(),
            clock=clock,
            ids=RandomIds(),
            pace=Pace(reach=reach, interval_s=3600, calls_per_minute=300, lease_s=270),
        )
        people = People(documents, data_keys, vault, clock)
        await people.link(UID, granted(world, account.email))
        home = cls(world, account, clock, people, syncing)
        await home.sync()
        home.pass_time()
        await home.sync()  # the feeds, begun by the first sync, are caught up after the second
        return home

    def pass_time(self, by: timedelta = timedelta(minutes=2)) -> None:
        """Let time pass, shorter than an access token lives."""
        self.clock.advance(by)

    async def sync(self, **due: Any) -> tuple[Outcome, Counter[str]]:
        """Make the person due, sync them, and say what it came to and cost."""
        await self.people.make_due(UID, **due)
        cost = log.open_account()
        outcome = await self.syncing.sync(UID, Provider.GOOGLE_FIT)
        return outcome, cost


def quiet_world() -> tuple[World, Account]:
    """A Google where one person measures nothing but what is entered by hand."""
    world = World(ManualClock(START), quota=Quota(per_user_per_minute=None))
    return world, world.account(EMAIL, devices=[])
