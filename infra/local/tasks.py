"""Cloud Tasks on one machine: queues that keep tasks, refuse known names, and know what is due when.

`delivery` takes what is due from here and says how it went.
"""

import asyncio
import heapq
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import grpc
from google.cloud import tasks_v2
from google.protobuf import empty_pb2

from infra.local.wire import Faults, Method, Refusal, service
from infra.manifest import Queue
from shared.clock import Clock
from shared.ids import Ids

SERVICE = "google.cloud.tasks.v2.CloudTasks"
NAMES_KEPT = timedelta(hours=1)
MOST_AHEAD = timedelta(days=30)
MAX_TASK_BYTES = 100 * 1024
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")
_INVALID = grpc.StatusCode.INVALID_ARGUMENT


@dataclass(slots=True)
class Entry:
    """A task that waits or is being delivered. `sequence` is the order of creation."""

    task: tasks_v2.Task
    queue: str
    due_at: datetime
    sequence: int
    responses: int = 0
    last_status: int = 0
    gone: bool = False


@dataclass(slots=True)
class QueueState:
    """One queue: its settings, its tasks by full name, how many are being delivered, and who is next.

    `agenda` is a heap of (due, sequence, name) that may hold entries long gone or moved; those are passed over.
    """

    settings: tasks_v2.Queue
    entries: dict[str, Entry] = field(default_factory=dict)
    agenda: list[tuple[datetime, int, str]] = field(default_factory=list)
    running: int = 0

    def plan(self, entry: Entry) -> None:
        """Put a task on the agenda for its `due_at`."""
        heapq.heappush(self.agenda, (entry.due_at, entry.sequence, entry.task.name))

    def next(self) -> Entry | None:
        """The task to start next, whether or not it is due; None when there is none, or none may start."""
        if self.settings.state != tasks_v2.Queue.State.RUNNING or self.running >= self.at_once:
            return None
        while self.agenda:
            due_at, sequence, name = self.agenda[0]
            entry = self.entries.get(name)
            if entry is not None and (entry.due_at, entry.sequence) == (due_at, sequence):
                return entry
            heapq.heappop(self.agenda)
        return None

    @property
    def at_once(self) -> int:
        """How many deliveries may be under way together."""
        return int(self.settings.rate_limits.max_concurrent_dispatches)

    def backoff(self, failures: int) -> timedelta:
        """How long to wait after the `failures`-th failed delivery: doubled a few times, then even steps, capped.

        Source: cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RetryConfig, November 2026.
        """
        retry = self.settings.retry_config
        doublings = min(failures - 1, retry.max_doublings)
        steps = max(1, failures - retry.max_doublings)
        wait: timedelta = min(retry.min_backoff * (2**doublings) * steps, retry.max_backoff)
        return wait


class LocalTasks:
    """The queues of one project and region."""

    def __init__(self, *, project: str, region: str, clock: Clock, ids: Ids) -> None:
        self._parent = f"projects/{project}/locations/{region}"
        self._clock = clock
        self._ids = ids
        self._queues: dict[str, QueueState] = {}
        self._names_until: dict[str, datetime] = {}
        self._created = 0
        self.faults = Faults()
        self.given_up: list[Entry] = []
        self.changed = asyncio.Event()

    def add_queue(
        self,
        name: str,
        *,
        per_second: float = 500,
        at_once: int = 1000,
        attempts: int = 100,
        min_backoff_s: float = 0.1,
        max_backoff_s: float = 3600,
        doublings: int = 16,
    ) -> None:
        """Make a queue, or change its settings. The defaults are Cloud Tasks' own."""
        settings = tasks_v2.Queue(
            name=f"{self._parent}/queues/{name}",
            rate_limits=tasks_v2.RateLimits(max_dispatches_per_second=per_second, max_concurrent_dispatches=at_once),
            retry_config=tasks_v2.RetryConfig(
                max_attempts=attempts,
                min_backoff=timedelta(seconds=min_backoff_s),
                max_backoff=timedelta(seconds=max_backoff_s),
                max_doublings=doublings,
            ),
            state=tasks_v2.Queue.State.RUNNING,
        )
        self._queues.setdefault(settings.name, QueueState(settings)).settings = settings

    def add_queue_as_planned(self, name: str, plan: Queue) -> None:
        """Make a queue with the manifest's settings."""
        self.add_queue(
            name,
            per_second=plan.rate.per_second,
            at_once=plan.rate.at_once,
            attempts=plan.retry.attempts,
            min_backoff_s=plan.retry.min_backoff,
            max_backoff_s=plan.retry.max_backoff,
            doublings=plan.retry.doublings,
        )

    def service(self) -> grpc.GenericRpcHandler:
        """For a `wire.Server`."""
        return service(
            SERVICE,
            {
                "CreateQueue": Method(self._create_queue, tasks_v2.CreateQueueRequest, tasks_v2.Queue),
                "GetQueue": Method(lambda r: self._queue(r.name).settings, tasks_v2.GetQueueRequest, tasks_v2.Queue),
                "PauseQueue": Method(
                    lambda r: self._set_running(r.name, False), tasks_v2.PauseQueueRequest, tasks_v2.Queue
                ),
                "ResumeQueue": Method(
                    lambda r: self._set_running(r.name, True), tasks_v2.ResumeQueueRequest, tasks_v2.Queue
                ),
                "CreateTask": Method(self._create_task, tasks_v2.CreateTaskRequest, tasks_v2.Task),
                "GetTask": Method(lambda r: self._entry(r.name).task, tasks_v2.GetTaskRequest, tasks_v2.Task),
                "ListTasks": Method(self._list_tasks, tasks_v2.ListTasksRequest, tasks_v2.ListTasksResponse),
                "DeleteTask": Method(self._delete_task, tasks_v2.DeleteTaskRequest, empty_pb2.Empty),
            },
            self.faults,
        )

    def waiting(self) -> list[Entry]:
        """Every task there is, those being delivered included, in the order they were created."""
        entries = (entry for queue in self._queues.values() for entry in queue.entries.values())
        return sorted(entries, key=lambda entry: entry.sequence)

    def next_due(self) -> datetime | None:
        """When the next task that may start is due; None when there is none."""
        upcoming = (queue.next() for queue in self._queues.values())
        return min((entry.due_at for entry in upcoming if entry is not None), default=None)

    def take_due(self) -> list[Entry]:
        """What is due now and may start, each queue's earliest first. The caller delivers it and says `done`."""
        taken, now = [], self._clock.now()
        for queue in self._queues.values():
            while (entry := queue.next()) is not None and entry.due_at <= now:
                heapq.heappop(queue.agenda)
                queue.running += 1
                taken.append(entry)
        return taken

    def per_second(self, entry: Entry) -> float:
        """How many deliveries the entry's queue may start per second."""
        return float(self._queues[entry.queue].settings.rate_limits.max_dispatches_per_second)

    def done(self, entry: Entry, status: int) -> None:
        """A delivery ended, with an HTTP status or 0 without an answer. 2xx ends the task, anything else repeats it."""
        queue = self._queues[entry.queue]
        queue.running -= 1
        entry.last_status = status
        entry.task.dispatch_count += 1
        if status:
            entry.responses += 1
            entry.task.response_count += 1
        failures = entry.task.dispatch_count
        if entry.gone:
            pass
        elif 200 <= status < 300:
            self._forget(entry)
        elif failures >= queue.settings.retry_config.max_attempts > 0:
            self._forget(entry)
            self.given_up.append(entry)
        else:
            entry.due_at = self._clock.now() + queue.backoff(failures)
            entry.task.schedule_time = entry.due_at
            queue.plan(entry)
        self.changed.set()

    def _create_queue(self, request: tasks_v2.CreateQueueRequest) -> tasks_v2.Queue:
        parent, _, name = request.queue.name.rpartition("/queues/")
        if parent != self._parent or parent != request.parent or not name:
            raise Refusal(_INVALID, "Queue name must be under the parent.")
        if request.queue.name in self._queues:
            raise Refusal(grpc.StatusCode.ALREADY_EXISTS, "Queue already exists.")
        self.add_queue(name)
        settings = self._queues[request.queue.name].settings
        for part in ("rate_limits", "retry_config"):
            given, own = getattr(request.queue, part), getattr(settings, part)
            for name_of in (f for f in type(own).meta.fields if given and f in given and getattr(given, f)):
                setattr(own, name_of, getattr(given, name_of))
        return settings

    def _set_running(self, name: str, running: bool) -> tasks_v2.Queue:
        settings = self._queue(name).settings
        states = tasks_v2.Queue.State
        settings.state = states(states.RUNNING if running else states.PAUSED)
        self.changed.set()
        return settings

    def _create_task(self, request: tasks_v2.CreateTaskRequest) -> tasks_v2.Task:
        queue, task, now = self._queue(request.parent), request.task, self._clock.now()
        task.name = task.name or f"{request.parent}/tasks/{self._ids.ident()}"
        self._demand_acceptable(request.parent, task, now)
        until = self._names_until.get(task.name)
        if task.name in queue.entries or (until and now < until):
            raise Refusal(grpc.StatusCode.ALREADY_EXISTS, "Requested entity already exists")
        # proto-plus hands out its own kind of datetime, which must not become the time of a simulated clock.
        asked = task.schedule_time and datetime.fromtimestamp(task.schedule_time.timestamp(), UTC)
        due_at = max(asked or now, now)
        task.create_time, task.schedule_time = now, due_at
        if "dispatch_deadline" not in task:
            task.dispatch_deadline = timedelta(minutes=10)
        self._created += 1
        queue.entries[task.name] = entry = Entry(task, request.parent, due_at, self._created)
        queue.plan(entry)
        self.changed.set()
        return task

    def _demand_acceptable(self, parent: str, task: tasks_v2.Task, now: datetime) -> None:
        prefix, _, name = task.name.rpartition("/tasks/")
        if prefix != parent or not _TASK_ID.fullmatch(name):
            raise Refusal(_INVALID, f'Task name must be formatted: "{parent}/tasks/<TASK_ID>"')
        if not task.http_request.url.startswith(("http://", "https://")):
            raise Refusal(_INVALID, "HttpRequest.url must be absolute")
        if len(tasks_v2.Task.serialize(task)) > MAX_TASK_BYTES:
            raise Refusal(_INVALID, "Task size too large")
        if task.schedule_time and task.schedule_time > now + MOST_AHEAD:
            raise Refusal(_INVALID, "The Task.scheduleTime is too far in the future")
        if "dispatch_deadline" in task and not 15 <= task.dispatch_deadline.total_seconds() <= 1800:
            raise Refusal(_INVALID, "Task.dispatchDeadline must be between [15s, 30m]")

    def _list_tasks(self, request: tasks_v2.ListTasksRequest) -> tasks_v2.ListTasksResponse:
        entries = list(self._queue(request.parent).entries.values())
        start, size = int(request.page_token or 0), request.page_size or 1000
        return tasks_v2.ListTasksResponse(
            tasks=[entry.task for entry in entries[start : start + size]],
            next_page_token=str(start + size) if start + size < len(entries) else "",
        )

    def _delete_task(self, request: tasks_v2.DeleteTaskRequest) -> empty_pb2.Empty:
        self._forget(self._entry(request.name))
        return empty_pb2.Empty()

    def _forget(self, entry: Entry) -> None:
        entry.gone = True
        now = self._clock.now()
        self._queues[entry.queue].entries.pop(entry.task.name, None)
        self._names_until = {name: until for name, until in self._names_until.items() if until > now}
        self._names_until[entry.task.name] = now + NAMES_KEPT

    def _entry(self, name: str) -> Entry:
        queue = self._queue(name.rpartition("/tasks/")[0])
        if name not in queue.entries:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "Requested entity was not found.")
        return queue.entries[name]

    def _queue(self, name: str) -> QueueState:
        if name not in self._queues:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "Queue does not exist.")
        return self._queues[name]
