"""What a sync costs the store, counted exactly: the same on every store."""

import uuid

import pytest

from infra.bench import operations
from infra.bench.household import UID
from infra.local.google.sessions import Session
from shared.cloud.documents import Documents
from shared.cloud.sqlite import SqliteDocuments
from shared.consent.gate import admit_self
from shared.consent.model import Consents
from shared.measurement.model import SESSION
from shared.measurement.store import MeasurementStore
from shared.vocabulary import Kind

HOUR_MS = 3_600_000


@pytest.fixture
async def keys(documents, tmp_path):
    """The keys' own database, of the same kind."""
    store: Documents
    if isinstance(documents, SqliteDocuments):
        store = SqliteDocuments(str(tmp_path / "keys"))
    else:
        from shared.cloud.firestore import FirestoreDocuments

        store = FirestoreDocuments(f"keys-{uuid.uuid4().hex[:20]}")
    yield store
    await store.close()


async def test_a_sync_costs_the_store_no_more_than_is_promised(documents, keys):
    measured = await operations.measure(documents, keys)
    assert not [target for target in measured.targets if not target.met]


async def test_a_sync_that_finds_nothing_new_reads_once_and_writes_once(documents, keys):
    home = await operations.settled(documents, keys)
    home.pass_time()
    outcome, cost = await home.sync()
    assert outcome.outcome == "synced"
    assert (cost["store_reads"], cost["store_writes"]) == (1, 1)
    home.pass_time()
    _, cost = await home.sync(token_expired=True)
    assert (cost["store_reads"], cost["store_writes"]) == (1, 2), "the lease is one write more"


async def test_reading_everything_again_costs_no_more_where_nothing_changed(documents, keys):
    home = await operations.settled(documents, keys)
    home.pass_time()
    outcome, cost = await home.sync(kinds={"reread_at": None})
    assert cost["google_calls"] > 0
    assert outcome.days_changed == 0
    assert (cost["store_reads"], cost["store_writes"]) == (1, 1)


@pytest.mark.parametrize("days", [1, 3, 8, 20])
async def test_days_that_change_cost_one_read_and_one_write_each_and_two_more(sqlite_documents, tmp_path, days):
    keys = SqliteDocuments(str(tmp_path / "keys"))
    home = await operations.settled(sqlite_documents, keys)
    home.pass_time()
    operations.enter(home, days)
    outcome, cost = await home.sync()
    assert outcome.days_changed == days
    assert (cost["store_reads"], cost["store_writes"]) == (2 + days, 2 + days), "connection, key; connection, audit"
    await keys.close()


@pytest.mark.parametrize("earlier_h", [10, 30])
async def test_a_night_that_starts_on_another_day_than_before_is_stored_once(sqlite_documents, tmp_path, earlier_h):
    keys = SqliteDocuments(str(tmp_path / "keys"))
    home = await operations.settled(sqlite_documents, keys)
    start_ms = round(home.clock.now().timestamp() * 1000) - 8 * HOUR_MS
    for moved_ms in (0, earlier_h * HOUR_MS):
        home.pass_time()
        now_ms = round(home.clock.now().timestamp() * 1000)
        from_ms = start_ms - moved_ms
        home.account.sessions.put(Session("moving", "", from_ms, from_ms + 7 * HOUR_MS, now_ms))
        await home.sync()
    days = MeasurementStore(home.people.documents, home.people.keys)
    first = home.clock.now().date()
    found = [
        points.start_ns[i] // 1_000_000
        async for day in days.read_days(admit_self(UID, Consents(), Kind.SLEEP), first.replace(day=1), first)
        for points in [day.points]
        for i in range(len(points))
        if points.name[i] == "moving" and points.values[0][i] == SESSION
    ]
    assert found == [start_ms - earlier_h * HOUR_MS]
    await keys.close()
