"""A sealed token opens for its person, its use and its account, and nowhere else."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.connection.writes import grant_name, put
from tests.faults.hostile import FIT, Rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


@pytest.mark.parametrize("over", [False, True])
async def test_tokens_moved_to_another_account_of_the_same_person_are_not_spent(rig: Rig, over: bool) -> None:
    await rig.link("hana", "google")
    parked = await rig.links.loose_grant(grant_name(await rig.park("hana", "another")))
    found = await rig.links.connection("hana", FIT)
    assert parked is not None
    assert found is not None
    tokens = msgspec.structs.replace(parked.value.tokens, **({"access": b""} if over else {}))
    moved = msgspec.structs.replace(found.value, tokens=tokens, next_sync_at=rig.clock.now())
    await rig.store.commit([put(found.path, moved, found.version)])

    assert (await rig.sync()).outcome == "seal_broken"
    assert rig.google.calls == 0


async def test_a_token_moved_into_a_grant_of_another_account_is_not_revoked_in_its_place(rig: Rig) -> None:
    await rig.link("hana", "google")
    await rig.connections.disconnect("hana", FIT)
    [name] = await rig.links.loose_grants_due(rig.clock.now(), limit=9)
    ended = await rig.links.loose_grant(name)
    parked = await rig.links.loose_grant(grant_name(await rig.park("hana", "another")))
    assert ended is not None
    assert parked is not None
    moved = msgspec.structs.replace(ended.value, tokens=parked.value.tokens)
    await rig.store.commit([put(ended.path, moved, ended.version)])

    assert await rig.connections.revoke_due(name) == "put_off"
    assert rig.authority.revoked == []
