"""A platform on simulated time, and the people who use it; over HTTP only, every answer held to the contract."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.local.google import World, create_app
from infra.local.google.signing import SigningKey
from infra.local.platform import Platform
from shared.clock import ManualClock
from tests.journeys.contract import Contract
from tests.journeys.town import SIGNING, START, Heard, Town
from tests.local.google.discovery import DiscoveryCheck

SETTINGS = {"BACKFILL_DAYS": "30", "SYNC_INTERVAL_S": "10800"}
GOOGLES_KEY = SigningKey("a" * 40)


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The setting DOCUMENTS. A journey that is told on both stores asks for both, through its parameter."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'documents'}"
    request.getfixturevalue("firestore_emulator")
    return "firestore"


@pytest.fixture
def duplicate_every() -> int:
    """Which tasks are delivered twice: every n-th; 0 for none."""
    return 0


@pytest.fixture
def more_settings() -> dict[str, str]:
    """Settings that a journey needs beside the usual ones."""
    return {}


@pytest.fixture
async def town(
    clock: ManualClock, store: str, duplicate_every: int, more_settings: dict[str, str], contract: Contract
) -> AsyncIterator[Town]:
    """Three hours pass between two fetches of a person, and the first link reaches back thirty days."""
    world = World(clock, auto_live=True, signing_key=GOOGLES_KEY)
    platform = Platform(
        clock,
        documents=store,
        world=world,
        settings=SETTINGS | more_settings,
        duplicate_every=duplicate_every,
        project=f"journey-{uuid.uuid4().hex[:20]}",  # one emulator keeps every project apart
    )
    platform.issuer.firebase.adopt(SIGNING)
    platform.issuer.google.adopt(SIGNING)
    check = DiscoveryCheck(create_app(world))
    heard = Heard(check)
    platform.mount("google", heard)
    async with platform, Town(platform, contract, heard) as town:
        yield town
        deliveries, ticks = set(platform.delivery.counts), {status for _, status in platform.scheduler.statuses}
    check.verify()
    assert deliveries <= {"tasks", "deliveries", "status_200", "status_429", "status_502", "status_503"}
    assert ticks <= {200}
    assert not platform.tasks.given_up
