"""Fixtures that many tests share: stores, time and ids."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from shared.clock import ManualClock
from shared.cloud.documents import Documents
from shared.cloud.sqlite import SqliteDocuments
from tests.fakes import SeededIds

# How long one example takes says more about the machine than about us.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

pytest_plugins = ["tests.left_out", "tests.browser", "tests.emulator", "tests.aws"]


@pytest.fixture(params=["sqlite", "firestore"])
async def documents(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Documents]:
    """An empty store of each kind."""
    store: Documents
    if request.param == "sqlite":
        store = SqliteDocuments(str(tmp_path / "documents"))
    else:
        request.getfixturevalue("firestore_emulator")
        from shared.cloud.firestore import FirestoreDocuments

        store = FirestoreDocuments(f"test-{uuid.uuid4().hex[:20]}")
    yield store
    await store.close()


@pytest.fixture
async def sqlite_documents(tmp_path: Path) -> AsyncIterator[SqliteDocuments]:
    """An empty store in a file, for tests that need no other kind."""
    store = SqliteDocuments(str(tmp_path / "documents"))
    yield store
    await store.close()


@pytest.fixture
def clock() -> ManualClock:
    """Midnight UTC of Monday 23 November 2026, standing still."""
    return ManualClock(datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture
def ids() -> SeededIds:
    """The same ids in every run."""
    return SeededIds()
