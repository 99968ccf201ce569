"""Store operations per sync, counted: what is asked of the store is what it costs at a million users."""

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from infra.bench.household import Household, quiet_world
from infra.bench.targets import Part, Target
from infra.local.google import catalogue as c
from infra.local.google.sessions import Session
from shared.cloud.documents import Data, Documents
from shared.cloud.sqlite import SqliteDocuments

QUIET = 2
"""Reads and writes, each, that a sync which finds nothing new may cost."""
DAYS = (1, 3, 8, 20)
READS_BEYOND_DAYS = 2
WRITES_BEYOND_DAYS = 3


def enter(home: Household, days: int) -> None:
    """Measurements of `days` different days and kinds, as typed in by hand just now."""
    now = home.clock.now()
    entries = (
        (c.WEIGHT, (61.5,)),
        (c.TEMPERATURE, (36.6,)),
        (c.HEART_RATE, (64.0,)),
        (c.STEPS, (1200,)),
        (c.GLUCOSE, (5.4,)),
    )
    for day in range(days):
        type_name, values = entries[day % len(entries)]
        at = now - timedelta(days=day, minutes=5)
        home.account.enter(type_name, at, values, now, until=at + timedelta(minutes=1))


def sleep(home: Household, name: str, *, nights_ago: int = 0, hours: float = 7) -> None:
    """A night, or more of it."""
    start_ms = round((home.clock.now() - timedelta(days=nights_ago, hours=8)).timestamp() * 1000)
    now_ms = round(home.clock.now().timestamp() * 1000)
    home.account.sessions.put(Session(name, "", start_ms, start_ms + round(hours * 3_600_000), now_ms))


async def settled(documents: Documents, keys: Documents) -> Household:
    """A person with a month of some kinds and two nights, with nothing left to fetch."""
    world, account = quiet_world()
    for day in range(2, 28):
        at = world.clock.now() - timedelta(days=day)
        account.enter(c.WEIGHT, at, (62.0,), at)
        account.enter(c.STEPS, at, (4000,), at, until=at + timedelta(minutes=30))
    for night in (1, 2):
        start_ms = round((world.clock.now() - timedelta(days=night, hours=10)).timestamp() * 1000)
        account.sessions.put(Session(f"night-{night}", "", start_ms, start_ms + 25_200_000, start_ms + 30_000_000))
    return await Household.settled(documents, keys, account, world)


async def measure(documents: Documents, keys: Documents) -> Part:
    """Every case on one pair of stores."""
    home = await settled(documents, keys)
    targets: list[Target] = []
    cases: Data = {}

    def note(case: str, cost: Counter[str], reads: int, writes: int) -> None:
        cases[case] = {name: cost[name] for name in ("store_reads", "store_writes", "google_calls")}
        targets.append(Target(f"{case}: reads", cost["store_reads"], reads))
        targets.append(Target(f"{case}: writes", cost["store_writes"], writes))

    home.pass_time()
    note("nothing new", (await home.sync())[1], QUIET, QUIET)
    home.pass_time()
    note("nothing new, token refreshed", (await home.sync(token_expired=True))[1], QUIET, QUIET)
    home.pass_time()
    note("nothing new, everything read again", (await home.sync(kinds={"reread_at": None}))[1], QUIET, QUIET)
    for days in DAYS:
        home.pass_time()
        enter(home, days)
        outcome, cost = await home.sync()
        assert outcome.days_changed == days, outcome
        note(f"{days} days changed", cost, READS_BEYOND_DAYS + days, WRITES_BEYOND_DAYS + days)
    for case, hours in (("a new night", 5.0), ("a night that grew", 7.5)):
        home.pass_time()
        sleep(home, "night-0", hours=hours)
        outcome, cost = await home.sync()
        assert outcome.days_changed == 1, outcome
        note(case, cost, READS_BEYOND_DAYS + 1, WRITES_BEYOND_DAYS + 1)
    home.pass_time()
    enter(home, 1)
    note("1 day changed, token refreshed", (await home.sync(token_expired=True))[1], 3, 4)
    home.world.oauth.rotation = "strict"
    home.pass_time()
    cases["nothing new, refresh token rotated"] = dict((await home.sync(token_expired=True))[1])
    return Part(targets, {"cases": cases})


async def run() -> Part:
    """On SQLite. The tests count the same on Firestore's emulator."""
    with tempfile.TemporaryDirectory() as folder:
        documents, keys = SqliteDocuments(f"{folder}/documents"), SqliteDocuments(str(Path(folder, "keys")))
        try:
            return await measure(documents, keys)
        finally:
            await documents.close()
            await keys.close()
