"""The task queue through the real client, against the local Cloud Tasks over gRPC."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from infra.local.tasks import LocalTasks
from infra.local.wire import Server
from shared import log
from shared.clock import ManualClock
from shared.cloud.tasks import MAX_PAYLOAD_BYTES, TaskQueue
from shared.errors import Unavailable
from shared.ids import RandomIds

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
async def service() -> AsyncIterator[tuple[LocalTasks, str]]:
    local = LocalTasks(project="p", region="asia-northeast1", clock=ManualClock(NOW), ids=RandomIds())
    local.add_queue("sync")
    server = Server(local.service())
    await server.start()
    yield local, server.endpoint
    await server.stop()


@pytest.fixture
def local(service: tuple[LocalTasks, str]) -> LocalTasks:
    return service[0]


@pytest.fixture
async def queue(service: tuple[LocalTasks, str]) -> AsyncIterator[TaskQueue]:
    opened = TaskQueue(
        project="p",
        region="asia-northeast1",
        endpoint=service[1],
        public_url="https://api.example.jp/",
        account="tasks@p.iam.gserviceaccount.com",
    )
    yield opened
    await opened.close()


async def test_a_task_says_whom_to_call_with_what_and_as_whom(local: LocalTasks, queue: TaskQueue) -> None:
    later = NOW + timedelta(hours=3)
    assert await queue.enqueue(
        "sync",
        "connection/revoke_due",
        {"uid": "u1", "epoch": 7},
        name_parts=("u1", "7"),
        schedule_at=later,
        deadline_s=90,
    )
    (entry,) = local.waiting()
    request = entry.task.http_request
    assert request.url == "https://api.example.jp/connection/revoke_due"
    assert json.loads(request.body) == {"uid": "u1", "epoch": 7}
    assert request.headers["Content-Type"] == "application/json"
    assert request.oidc_token.service_account_email == "tasks@p.iam.gserviceaccount.com"
    assert request.oidc_token.audience == "https://api.example.jp/connection"
    assert entry.due_at == later
    assert entry.task.dispatch_deadline == timedelta(seconds=90)


async def test_without_a_time_a_task_is_due_at_once(local: LocalTasks, queue: TaskQueue) -> None:
    await queue.enqueue("sync", "sync_user", {"uid": "u1"}, name_parts=("u1",))
    assert local.next_due() == NOW


async def test_equal_name_parts_collapse_and_names_tell_nothing(local: LocalTasks, queue: TaskQueue) -> None:
    cost = log.open_account()
    first = await queue.enqueue("sync", "sync_user", {"uid": "u1"}, name_parts=("u1", "slot1"))
    again = await queue.enqueue("sync", "sync_user", {"uid": "u1"}, name_parts=("u1", "slot1"))
    other = await queue.enqueue("sync", "sync_user", {"uid": "u1"}, name_parts=("u1s", "lot1"))
    assert (first, again, other) == (True, False, True)
    assert cost == {"tasks_enqueued": 2, "tasks_known": 1}
    assert all("u1" not in entry.task.name.rpartition("/")[2] for entry in local.waiting())


async def test_a_payload_over_two_kibibytes_is_a_programming_error(local: LocalTasks, queue: TaskQueue) -> None:
    with pytest.raises(ValueError, match="at most"):
        await queue.enqueue("sync", "sync_user", {"x": "é" * (MAX_PAYLOAD_BYTES // 2)}, name_parts=("big",))
    assert local.waiting() == []


@pytest.mark.parametrize("after", [False, True], ids=["before it happened", "after it happened"])
async def test_a_lost_answer_is_asked_for_again_and_queues_once(
    local: LocalTasks, queue: TaskQueue, after: bool
) -> None:
    local.faults.add("CreateTask", grpc.StatusCode.UNAVAILABLE, after=after)
    assert await queue.enqueue("sync", "sync_user", {"uid": "u1"}, name_parts=("u1",)) is not after
    assert len(local.waiting()) == 1


async def test_a_queue_that_is_missing_denied_or_full_is_unavailable(local: LocalTasks, queue: TaskQueue) -> None:
    for code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.RESOURCE_EXHAUSTED):
        local.faults.add("CreateTask", code)
        with pytest.raises(Unavailable) as unavailable:
            await queue.enqueue("sync", "sync_user", {"uid": "u1"}, name_parts=("u1",))
        assert unavailable.value.code == "queue_unavailable"
    with pytest.raises(Unavailable) as unavailable:
        await queue.enqueue("absent", "sync_user", {"uid": "u1"}, name_parts=("u1",))
    assert unavailable.value.retry_after_s


async def test_nothing_listening_is_unavailable() -> None:
    lost = TaskQueue(project="p", region="r", endpoint="127.0.0.1:1", public_url="https://x", account="a@b", call_s=0.3)
    with pytest.raises(Unavailable):
        await lost.enqueue("sync", "sync_user", {"uid": "u1"}, name_parts=("u1",))
    await lost.close()
