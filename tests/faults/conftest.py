"""The stage on each store."""

from collections.abc import AsyncIterator

import pytest

from shared.cloud.documents import Documents
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
async def any_stage(documents: Documents) -> Stage:
    """On each store."""
    made = Stage(documents)
    await made.begin()
    return made
