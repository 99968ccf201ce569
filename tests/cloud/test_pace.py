import asyncio
from datetime import timedelta

import pytest

from shared.cloud.pace import Pace
from shared.errors import Unavailable


async def test_a_person_may_try_so_often_and_then_has_to_wait(documents, clock):
    clock.advance(timedelta(minutes=3))
    pace = Pace(documents, clock, "linking", most=3)
    for _ in range(3):
        await pace.spend("hana")
    with pytest.raises(Unavailable, match="too_many_requests") as refused:
        await pace.spend("hana")
    assert refused.value.retry_after_s == 420
    await pace.spend("yuki")
    await Pace(documents, clock, "inviting", most=3).spend("hana")
    clock.advance(timedelta(minutes=7))
    await pace.spend("hana")


async def test_many_at_once_do_not_pass_as_one(documents, clock):
    pace = Pace(documents, clock, "linking", most=3)
    results = await asyncio.gather(*(pace.spend("hana") for _ in range(10)), return_exceptions=True)
    assert sum(result is None for result in results) <= 3
