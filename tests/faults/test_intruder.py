"""An intruder's tries: people after each other's accounts, a device gone mad, a Google that answers anything."""

from collections.abc import AsyncIterator

import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.errors import Refused
from tests.faults.hostile import FIT, Rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


# ---------------------------------------------------------------- after somebody's account


async def test_linking_another_account_does_not_free_one_that_somebody_else_linked_meanwhile(rig: Rig) -> None:
    await rig.link("hana", "shared")
    await rig.connections.disconnect("hana", FIT)
    await rig.link("taro", "shared")
    await rig.link("hana", "her own")

    assert await rig.owner("shared") == "taro"
    with pytest.raises(Refused, match="account_linked_elsewhere"):
        await rig.link("jiro", "shared")


async def test_linking_another_account_frees_the_one_in_use(rig: Rig) -> None:
    await rig.link("hana", "old")
    await rig.link("hana", "new")
    assert (await rig.owner("old"), await rig.owner("new")) == (None, "hana")
