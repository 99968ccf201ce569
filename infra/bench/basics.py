"""What the small steps cost: sealing, commits, a day of each kind at rest. Nothing is held to these numbers."""

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from infra.bench.dispatch import PROJECT
from infra.bench.household import EMAIL, START, UID, Household
from infra.bench.targets import Part, say, spread
from infra.local import emulator
from infra.local.google import Quota, World
from shared.clock import ManualClock
from shared.cloud.documents import Data, Documents, Put
from shared.cloud.firestore import FirestoreDocuments
from shared.cloud.seal import Key, open_sealed, seal
from shared.cloud.sqlite import SqliteDocuments
from shared.measurement.store import MeasurementStore

SEALED_BYTES = 6_000
COMMITS = 100


async def run() -> Part:
    """On SQLite, and on the emulator, where there is one."""
    numbers: Data = {"sealing": _sealing()}
    with tempfile.TemporaryDirectory() as folder:
        documents, keys = SqliteDocuments(f"{folder}/documents"), SqliteDocuments(f"{folder}/keys")
        say("basics: commits and days at rest")
        numbers["sqlite_commit_ms"] = await _commits(documents)
        numbers["days_at_rest"] = await _days(documents, keys)
        await documents.close()
        await keys.close()
    with suppress(emulator.EmulatorAbsent), emulator.running() as host:
        numbers["emulator_commit_ms"] = await _on_emulator(host)
    return Part([], numbers)


def _sealing() -> Data:
    key, plain = Key(1, bytes(32)), bytes(SEALED_BYTES)
    sealed = seal(key, plain, UID, "steps", "2026-11-23")
    return {
        "bytes": SEALED_BYTES,
        "seal_us": _median_us(lambda: seal(key, plain, UID, "steps", "2026-11-23")),
        "open_us": _median_us(lambda: open_sealed(key, sealed, UID, "steps", "2026-11-23")),
    }


def _median_us(act: Callable[[], object], repetitions: int = 500) -> float:
    took = []
    for _ in range(repetitions):
        started = time.perf_counter()
        act()
        took.append(time.perf_counter() - started)
    return round(statistics.median(took) * 1e6, 1)


async def _commits(documents: Documents) -> Data:
    """A connection, a day and an audit entry together, as a sync with one changed day writes them."""
    took = []
    for n in range(COMMITS):
        started = time.perf_counter()
        await documents.commit(
            [
                Put("users/bench/connections/google_fit", {"n": n, "fingerprints": bytes(2_500)}),
                Put(f"users/bench/days/steps.{n}", {"sealed": bytes(SEALED_BYTES)}),
                Put(f"audit/{n}", {"n": n, "facts": {"kinds": ["steps"], "days": 1}}),
            ]
        )
        took.append((time.perf_counter() - started) * 1000)
    return spread(took, 2)


async def _on_emulator(host: str) -> Data:
    import os

    before = os.environ.get(emulator.HOST_VARIABLE)
    os.environ[emulator.HOST_VARIABLE] = host
    documents = FirestoreDocuments(PROJECT)
    try:
        return await _commits(documents)
    finally:
        await documents.close()
        if before is None:
            del os.environ[emulator.HOST_VARIABLE]


async def _days(documents: Documents, keys: Documents) -> Data:
    """Bytes and samples of a day of each kind that a simulated person's devices measured: the fullest of a week."""
    world = World(ManualClock(START), quota=Quota(per_user_per_minute=None))
    account = world.account(EMAIL, history=timedelta(days=8))
    home = await Household.settled(documents, keys, account, world)
    store = home.syncing.days
    assert isinstance(store, MeasurementStore)
    found: Data = {}
    key, link = await store.key(UID), (await home.people.find(UID)).value
    for permit in link.permits(home.clock.now()):
        dates = [(permit, (START - timedelta(days=n)).date()) for n in range(1, 8)]
        days = [one.day for one in await store.stored(link.account, key, dates) if one.day is not None]
        fullest = max(days, key=lambda day: len(day.points))
        sealed = len(store.write(permit, link.account, key, fullest, "0").data["sealed"])  # type: ignore[union-attr]
        points = len(fullest.points)
        found[permit.kind.value] = {"samples": points, "bytes": sealed, "bytes_per_sample": round(sealed / points, 2)}
    return found
