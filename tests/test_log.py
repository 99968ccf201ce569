import asyncio
import json

import pytest

from shared import log


def test_an_event_is_one_line_of_json(capsys):
    log.event("sync.done", "NOTICE", kind="weight", count=3)
    line = json.loads(capsys.readouterr().err)
    assert line == {"severity": "NOTICE", "event": "sync.done", "kind": "weight", "count": 3}


def test_a_field_that_is_not_listed_is_refused_and_nothing_is_written(capsys):
    with pytest.raises(ValueError, match="email"):
        log.event("sync.done", email="hana@example.com")
    assert capsys.readouterr().err == ""


async def test_each_request_counts_its_own_cost_its_tasks_included():
    async def request(n):
        account = log.open_account()
        await asyncio.gather(*(work() for _ in range(n)))
        return account["store_reads"]

    async def work():
        await asyncio.sleep(0)
        log.count("store_reads")

    assert await asyncio.gather(*(asyncio.create_task(request(n)) for n in (1, 2, 3))) == [1, 2, 3]


def test_counting_outside_a_request_is_harmless():
    log.count("store_reads")
