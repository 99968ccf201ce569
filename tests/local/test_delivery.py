"""Delivery over real HTTP on a clock that tests move."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import grpc
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport

from infra.local.delivery import Delivery
from infra.local.tasks import LocalTasks
from infra.local.wire import Server
from shared.clock import ManualClock, SystemClock
from shared.ids import RandomIds

START = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PARENT = "projects/p/locations/r/queues/q"


class Worker:
    """Something to deliver to: remembers every request, and answers as told."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.url = ""
        self.statuses: list[int] = []
        self.heard: list[tuple[datetime, str, dict[str, str]]] = []
        self.at_once = self.most_at_once = 0
        self.act: Callable[[str], object] = lambda body: None

    async def answer(self, request: web.Request) -> web.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        body = await request.text()
        self.heard.append((self.clock.now(), body, dict(request.headers)))
        outcome = self.act(body)
        if asyncio.iscoroutine(outcome):
            await outcome
        await asyncio.sleep(0.005)
        self.at_once -= 1
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def tasks(clock: ManualClock) -> LocalTasks:
    made = LocalTasks(project="p", region="r", clock=clock, ids=RandomIds())
    made.add_queue("q", min_backoff_s=10, max_backoff_s=300, doublings=3, attempts=9)
    return made


@pytest.fixture
async def client(tasks: LocalTasks) -> AsyncIterator[tasks_v2.CloudTasksAsyncClient]:
    server = Server(tasks.service())
    await server.start()
    channel = grpc.aio.insecure_channel(server.endpoint)
    yield tasks_v2.CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))
    await channel.close()
    await server.stop()


@pytest.fixture
async def delivery(tasks: LocalTasks, clock: ManualClock) -> AsyncIterator[Delivery]:
    made = Delivery(tasks, service_token=lambda email, audience: f"{email}>{audience}", clock=clock)
    yield made
    await made.close()


@pytest.fixture
async def worker(clock: ManualClock) -> AsyncIterator[Worker]:
    made = Worker(clock)
    app = web.Application()
    app.router.add_post("/work", made.answer)
    server = TestServer(app)
    await server.start_server()
    made.url = str(server.make_url("/work"))
    yield made
    await server.close()


async def create(client, worker, name="t1", **task):
    return await client.create_task(
        parent=PARENT,
        task={
            "name": f"{PARENT}/tasks/{name}" if name else "",
            "http_request": {
                "url": worker.url,
                "body": (name or "").encode(),
                "oidc_token": {"service_account_email": "a@b"},
            },
            **task,
        },
    )


async def test_a_task_arrives_once_with_its_headers_and_its_token(client, worker, delivery, tasks):
    await create(client, worker)
    assert await delivery.drain() == 1
    ((_, body, headers),) = worker.heard
    assert body == "t1"
    assert headers["X-CloudTasks-QueueName"] == "q"
    assert headers["X-CloudTasks-TaskName"] == "t1"
    assert headers["X-CloudTasks-TaskRetryCount"] == "0"
    assert float(headers["X-CloudTasks-TaskETA"]) == START.timestamp()
    assert headers["Authorization"] == f"Bearer a@b>{worker.url}"
    assert tasks.waiting() == []


async def test_a_name_is_refused_while_its_task_waits_and_an_hour_after(client, worker, delivery, clock):
    await create(client, worker)
    with pytest.raises(exceptions.AlreadyExists):
        await create(client, worker)
    await delivery.drain()
    clock.advance(timedelta(minutes=59))
    with pytest.raises(exceptions.AlreadyExists):
        await create(client, worker)
    clock.advance(timedelta(minutes=1))
    await create(client, worker)


async def test_a_task_waits_for_its_time(client, worker, delivery, clock):
    await create(client, worker, schedule_time=START + timedelta(hours=2))
    assert await delivery.drain() == 0
    assert await delivery.run_until(START + timedelta(hours=3)) == 1
    assert worker.heard[0][0] == START + timedelta(hours=2)
    assert clock.now() == START + timedelta(hours=3)


async def test_failures_are_retried_with_growing_waits_until_given_up(client, worker, delivery, tasks):
    worker.statuses = [500, 429, 503, 404, 302, 500, 500, 500, 500]
    await create(client, worker)
    await delivery.run_until(START + timedelta(days=1))
    times = [when for when, _, _ in worker.heard]
    waits = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert waits == [10, 20, 40, 80, 160, 240, 300, 300]
    assert [entry.last_status for entry in tasks.given_up] == [500]
    assert worker.heard[3][2]["X-CloudTasks-TaskRetryCount"] == "3"
    assert worker.heard[3][2]["X-CloudTasks-TaskPreviousResponse"] == "503"


async def test_a_retry_that_succeeds_ends_the_task(client, worker, delivery, tasks):
    worker.statuses = [500]
    await create(client, worker)
    assert await delivery.run_until(START + timedelta(days=1)) == 2
    assert tasks.waiting() == tasks.given_up == []


async def test_nobody_answering_is_a_failure_too(client, worker, delivery, tasks):
    await create(client, worker, http_request={"url": "http://127.0.0.1:1/"})
    await delivery.drain()
    assert tasks.waiting()[0].last_status == 0
    assert tasks.next_due() == START + timedelta(seconds=10)


async def test_draining_includes_what_the_work_itself_enqueues(client, worker, delivery):
    async def chain(body: str) -> None:
        if body < "t5":
            await create(client, worker, f"t{int(body[1:]) + 1}")

    worker.act = chain
    await create(client, worker)
    assert await delivery.drain() == 5
    assert [body for _, body, _ in worker.heard] == ["t1", "t2", "t3", "t4", "t5"]


async def test_no_more_are_under_way_than_the_queue_allows(client, worker, delivery, tasks):
    tasks.add_queue("q", at_once=3)
    for n in range(12):
        await create(client, worker, f"t{n}")
    assert await delivery.drain() == 12
    assert worker.most_at_once == 3


async def test_duplicates_come_on_demand_side_by_side_and_in_turn(client, worker, delivery, tasks):
    delivery.duplicate_every = 2
    for n in range(8):
        await create(client, worker, f"t{n}")
    assert await delivery.drain() == 12
    assert sorted(body for _, body, _ in worker.heard) == sorted([*(f"t{n}" for n in range(8)), "t1", "t3", "t5", "t7"])
    assert tasks.waiting() == []


async def test_a_paused_queue_holds_its_tasks(client, worker, delivery):
    await create(client, worker)
    await client.pause_queue(name=PARENT)
    assert await delivery.drain() == 0
    await client.resume_queue(name=PARENT)
    assert await delivery.drain() == 1


async def test_a_deleted_task_does_not_arrive_and_its_name_stays_taken(client, worker, delivery):
    await create(client, worker)
    await client.delete_task(name=f"{PARENT}/tasks/t1")
    assert await delivery.drain() == 0
    with pytest.raises(exceptions.NotFound):
        await client.get_task(name=f"{PARENT}/tasks/t1")
    with pytest.raises(exceptions.AlreadyExists):
        await create(client, worker)


async def test_tasks_without_a_name_get_one_and_can_be_listed_and_read(client, worker):
    made = [await create(client, worker, "") for _ in range(5)]
    pages = await client.list_tasks(request={"parent": PARENT, "page_size": 2})
    assert [task.name async for task in pages] == [task.name for task in made]
    assert (await client.get_task(name=made[0].name)).schedule_time == START


@pytest.mark.parametrize(
    "task",
    [
        {"name": "projects/p/locations/r/queues/other/tasks/t"},
        {"name": f"{PARENT}/tasks/has space"},
        {"http_request": {"url": "ftp://x"}},
        {"http_request": {"url": "http://x", "body": b"x" * 103_000}},
        {"schedule_time": START + timedelta(days=31)},
        {"dispatch_deadline": timedelta(seconds=14)},
        {"dispatch_deadline": timedelta(minutes=31)},
    ],
    ids=["other queue", "bad name", "not http", "too large", "too far ahead", "too short", "too long"],
)
async def test_what_cloud_tasks_refuses_is_refused(client, worker, task):
    with pytest.raises(exceptions.InvalidArgument):
        await create(client, worker, **task)


async def test_queues_are_made_with_their_settings_and_missing_ones_named(client):
    await client.create_queue(
        parent="projects/p/locations/r",
        queue={"name": "projects/p/locations/r/queues/slow", "retry_config": {"max_attempts": 3}},
    )
    made = await client.get_queue(name="projects/p/locations/r/queues/slow")
    assert (made.retry_config.max_attempts, made.rate_limits.max_concurrent_dispatches) == (3, 1000)
    with pytest.raises(exceptions.NotFound):
        await client.get_queue(name="projects/p/locations/r/queues/none")
    with pytest.raises(exceptions.MethodNotImplemented):
        await client.purge_queue(name=PARENT)


async def test_in_real_time_tasks_arrive_by_themselves_at_the_queues_rate(worker):
    clock = SystemClock()
    tasks = LocalTasks(project="p", region="r", clock=clock, ids=RandomIds())
    tasks.add_queue("q", per_second=20, min_backoff_s=0.05)
    delivery = Delivery(tasks, service_token=lambda email, audience: "t", clock=clock)
    server = Server(tasks.service())
    await server.start()
    worker.statuses = [500]
    running = asyncio.create_task(delivery.run())
    async with grpc.aio.insecure_channel(server.endpoint) as channel:
        client = tasks_v2.CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))
        began = clock.monotonic_s()
        for n in range(6):
            await create(client, worker, f"t{n}")
        async with asyncio.timeout(5):
            while tasks.waiting():
                tasks.changed.clear()
                await tasks.changed.wait()
    assert clock.monotonic_s() - began >= 0.25
    assert len(worker.heard) == 7
    running.cancel()
    await delivery.close()
    await server.stop()
