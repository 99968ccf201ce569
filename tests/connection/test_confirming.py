"""Confirming, where the person has decided something else since they consented at Google."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.connection.model import LinkState
from shared.consent.model import Decision
from shared.consent.service import How
from shared.errors import Refused
from shared.vocabulary import Kind
from tests.fakes import decisions
from tests.faults.hostile import Rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


async def decide(rig: Rig, decision: Decision, kind: Kind = Kind.WEIGHT) -> None:
    await rig.consenting.decide("hana", decisions(decision, kind), How(), if_epoch=None)


async def test_a_code_from_before_a_withdrawal_does_not_give_again(rig: Rig) -> None:
    await rig.link("hana", "google")
    code = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=1))
    await decide(rig, Decision.WITHDRAW)

    with pytest.raises(Refused, match="link_invalid"):
        await rig.linking.confirm("hana", code)
    assert not (await rig.connection()).verdict(Kind.WEIGHT, rig.clock.now()).allowed

    rig.clock.advance(timedelta(minutes=1))
    await rig.linking.confirm("hana", await rig.park("hana", "google"))
    assert (await rig.connection()).verdict(Kind.WEIGHT, rig.clock.now()).allowed


async def test_a_withdrawal_at_the_very_moment_of_confirming_is_not_taken_back(rig: Rig) -> None:
    code = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=1))
    ensure = rig.keys.ensure

    class Meanwhile:
        async def ensure(self, uid: str) -> object:
            await decide(rig, Decision.WITHDRAW)
            return await ensure(uid)

    object.__setattr__(rig.linking, "keys", Meanwhile())
    with pytest.raises(Refused, match="link_invalid"):
        await rig.linking.confirm("hana", code)


async def test_what_was_given_again_before_confirming_is_no_obstacle(rig: Rig) -> None:
    code = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=1))
    await decide(rig, Decision.WITHDRAW)
    await decide(rig, Decision.GIVE)
    assert (await rig.linking.confirm("hana", code)).state is LinkState.ACTIVE
