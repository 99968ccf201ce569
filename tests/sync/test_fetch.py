import asyncio

import pytest

from shared.errors import Refused, Unavailable
from shared.sync.fetch import AccessToken


class Provider:
    """Knows one good token; refreshing takes a while."""

    def __init__(self, *, fault=None):
        self.refreshed = 0
        self.finished = 0
        self.fault = fault
        self.go = asyncio.Event()

    async def refresh(self):
        self.refreshed += 1
        await self.go.wait()
        if self.fault:
            raise self.fault
        self.finished += 1
        return "good"

    async def read(self, token):
        if token != "good":
            raise Refused("access_token_dead")
        return "data"


async def test_a_dead_token_is_renewed_once_for_all_who_meet_it():
    provider = Provider()
    provider.go.set()
    token = AccessToken("dead", provider.refresh)
    assert await asyncio.gather(*(token.use(provider.read) for _ in range(8))) == ["data"] * 8
    assert provider.refreshed == 1
    assert await token.use(provider.read) == "data"
    assert provider.refreshed == 1


async def test_a_kind_that_gives_up_does_not_break_off_the_renewal():
    provider = Provider()
    token = AccessToken("dead", provider.refresh)
    asking = asyncio.create_task(token.use(provider.read))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    provider.go.set()
    await token.settled()
    assert (provider.refreshed, provider.finished, token.value) == (1, 1, "good")


async def test_a_failed_renewal_is_told_to_all_and_not_repeated():
    provider = Provider(fault=Unavailable("upstream_unavailable"))
    provider.go.set()
    token = AccessToken("dead", provider.refresh)
    told = await asyncio.gather(*(token.use(provider.read) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in told)
    assert provider.refreshed == 1
    await token.settled()


async def test_a_token_that_stays_dead_is_not_renewed_again():
    async def refused(token):
        raise Refused("access_token_dead")

    provider = Provider()
    provider.go.set()
    token = AccessToken("dead", provider.refresh)
    for _ in range(2):
        with pytest.raises(Refused, match="access_token_dead"):
            await token.use(refused)
    assert provider.refreshed == 1


async def test_settling_without_a_renewal_is_nothing():
    await AccessToken("good", Provider().refresh).settled()
