"""What a tick finds, and what it tells operators."""

import datetime as dt
import json

import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.disclosure import acts as a
from shared.disclosure.codes import RequestType, Stage
from shared.disclosure.sweeping import Sweeping
from tests.disclosure.counter import WINDOW, Counter


@pytest.fixture
def counter(sqlite_documents: SqliteDocuments) -> Counter:
    return Counter(sqlite_documents)


def told(capsys: pytest.CaptureFixture[str]) -> list[int]:
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line["count"] for line in lines if line["event"] == "cases.overdue"]


async def test_a_case_is_told_from_the_day_its_answer_is_due_until_it_is_over(
    counter: Counter, capsys: pytest.CaptureFixture[str]
):
    case = await counter.returned(await counter.call(RequestType.DISCLOSE))
    await counter.call(RequestType.DISCLOSE)  # its form is not back: no day is set for it yet
    sweeping = Sweeping(cases=counter.cases, queue=counter.tasks, clock=counter.clock)
    counter.clock.advance(dt.timedelta(days=13))
    await sweeping.run()
    assert told(capsys) == []
    counter.clock.advance(dt.timedelta(days=1))
    await sweeping.run()
    assert told(capsys) == [1]
    counter.clock.advance(dt.timedelta(days=3))
    await sweeping.run()
    assert told(capsys) == [1]
    over = await counter.desk.do(case.id, a.Withdraw(), WINDOW)
    assert over.file.case.stage is Stage.WITHDRAWN
    await sweeping.run()
    assert told(capsys) == []
