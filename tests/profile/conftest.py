"""A world for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.clock import ManualClock
from shared.ids import Ids
from tests.profile.world import World, world_at


@pytest.fixture
async def world(tmp_path: Path, clock: ManualClock, ids: Ids) -> AsyncIterator[World]:
    """Nobody is in it."""
    world = world_at(tmp_path, clock, ids)
    yield world
    await world.default.close()
    await world.keys.close()
