"""Grants that nobody uses: whatever happens on the way, each ends up in use or revoked at Google."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import msgspec
import pytest

from shared.cloud.documents import Put, Write
from shared.cloud.sqlite import SqliteDocuments
from shared.connection.model import LinkState
from shared.connection.writes import grant_name, put
from shared.errors import Conflict, Refused
from tests.faults.hostile import FIT, Rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


async def linked_and_dead(rig: Rig) -> None:
    """Hana's link, whose grant Google says is dead."""
    await rig.link("hana", "google")
    found = await rig.links.connection("hana", FIT)
    assert found is not None
    dead = msgspec.structs.replace(found.value, state=LinkState.NEEDS_REAUTH, tokens=None)
    await rig.store.commit([put(found.path, dead, found.version)])


async def test_an_attempt_given_up_is_revoked_though_its_account_belongs_to_a_link_that_is_dead(rig: Rig) -> None:
    await linked_and_dead(rig)
    given_up = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=12))

    assert await rig.connections.revoke_due(grant_name(given_up)) == "revoked"
    assert rig.authority.revoked == ["refresh-google"]
    assert await rig.owner("google") == "hana"
    with pytest.raises(Refused, match="account_linked_elsewhere"):
        await rig.link("taro", "google")
    assert (await rig.link("hana", "google")).state is LinkState.ACTIVE


async def test_a_dead_link_made_anew_at_the_last_moment_is_not_revoked_with_an_attempt_given_up(rig: Rig) -> None:
    await linked_and_dead(rig)
    given_up = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=12))
    commit = rig.store.commit

    async def made_anew(writes: Sequence[Write]) -> list[str]:
        rig.store.commit = commit  # type: ignore[method-assign]
        assert any(isinstance(w, Put) and "revoking_until" in w.data for w in writes)
        await rig.link("hana", "google")
        return await commit(writes)

    rig.store.commit = made_anew  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        await rig.connections.revoke_due(grant_name(given_up))
    assert await rig.connections.revoke_due(grant_name(given_up)) == "superseded"
    assert rig.authority.revoked == []


async def test_a_worker_that_dies_over_revoking_leaves_the_account_whose_it_was(rig: Rig) -> None:
    class Killed(BaseException):
        pass

    async def dies(token: str) -> None:
        raise Killed

    await linked_and_dead(rig)
    given_up = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=12))
    revoke, rig.authority.revoke = rig.authority.revoke, dies  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await rig.connections.revoke_due(grant_name(given_up))
    rig.authority.revoke = revoke  # type: ignore[method-assign]
    rig.clock.advance(timedelta(minutes=3))
    assert await rig.owner("google") == "hana"
    assert await rig.connections.revoke_due(grant_name(given_up)) == "revoked"
    assert await rig.owner("google") == "hana"
