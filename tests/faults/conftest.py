"""The stage on each store."""

import uuid
from collections.abc import AsyncIterator

import pytest

from shared.cloud.sqlite import SqliteDocuments
from tests.faults.stage import Stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """On SQLite."""
    store = SqliteDocuments(":memory:")
    made = Stage(store)
    await made.begin()
    yield made
    await store.close()


@pytest.fixture
async def firestore_stage(firestore_emulator: str) -> AsyncIterator[Stage]:
    """On the Firestore emulator."""
    from shared.cloud.firestore import FirestoreDocuments

    assert firestore_emulator
    store = FirestoreDocuments(f"test-{uuid.uuid4().hex[:20]}")
    made = Stage(store)
    await made.begin()
    yield made
    await store.close()
