"""Cloud Tasks: hand work to a queue. What runs it, and how often, is told in the manifest."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared import log
from shared.cloud.loops import PerLoop
from shared.errors import Unavailable
from shared.ids import digest

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.tasks_v2 import CloudTasksAsyncClient, Task

MAX_PAYLOAD_BYTES = 2048
ATTEMPT_S = 3.0
CALL_S = 8.0
RETRY_AFTER_S = 30


class TaskQueue:
    """Queues of one project and region, reached at `endpoint` in plain text, or at Google's own when it is empty.

    `public_url` is where the functions are, each at /<function>; `account` is the service account whose OIDC token
    each delivery carries.
    """

    def __init__(
        self, *, project: str, region: str, endpoint: str, public_url: str, account: str, call_s: float = CALL_S
    ) -> None:
        self._parent = f"projects/{project}/locations/{region}/queues"
        self._endpoint = endpoint
        self._public_url = public_url.rstrip("/")
        self._account = account
        self._call_s = call_s
        self._client: PerLoop[CloudTasksAsyncClient] = PerLoop(self._connect, lambda c: c.transport.close())

    async def enqueue(
        self,
        queue: str,
        function_path: str,
        payload: Mapping[str, str | int],
        *,
        name_parts: tuple[str, ...],
        schedule_at: datetime | None = None,
        deadline_s: int = 600,
    ) -> bool:
        """Have `payload` posted to the function once at least; True when the task is new, False when it was there.

        `function_path` is `<function>` or `<function>/<path>`. Tasks with equal `name_parts` collapse into one while
        it waits and for about an hour after; their names are hashed, since sequential ones make the queue slow.
        `payload` holds ids and versions only, at most `MAX_PAYLOAD_BYTES` as JSON. `schedule_at` is aware and at most
        30 days ahead. `deadline_s` (15 to 1800) is how long one delivery may take before it is sent again.

        Repeating a call whose answer was lost is safe, and so is done here, within `call_s` seconds in all.

        Raises:
            Unavailable: `queue_unavailable`: it may or may not be queued; calling again with the same name is safe.
            ValueError: the payload is too large. A programming error.
        """
        from google.api_core import exceptions

        task = self._task(queue, function_path, payload, name_parts, schedule_at, deadline_s)
        try:
            await self._create(queue, task)
        except exceptions.AlreadyExists:
            log.count("tasks_known")
            return False
        except exceptions.GoogleAPIError as failed:
            raise _unavailable(queue, failed) from failed
        log.count("tasks_enqueued")
        return True

    async def close(self) -> None:
        """Let go of the running loop's connection."""
        await self._client.close()

    def _task(
        self,
        queue: str,
        function_path: str,
        payload: Mapping[str, str | int],
        name_parts: tuple[str, ...],
        schedule_at: datetime | None,
        deadline_s: int,
    ) -> "Task":
        from google.cloud import tasks_v2

        body = json.dumps(dict(payload), separators=(",", ":"), ensure_ascii=False).encode()
        if len(body) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"a payload of {len(body)} bytes; a task carries ids, at most {MAX_PAYLOAD_BYTES} bytes")
        path = function_path.strip("/")
        return tasks_v2.Task(
            name=f"{self._parent}/{queue}/tasks/{digest(*name_parts)}",
            schedule_time=schedule_at,
            dispatch_deadline=timedelta(seconds=deadline_s),
            http_request=tasks_v2.HttpRequest(
                url=f"{self._public_url}/{path}",
                http_method=tasks_v2.HttpMethod.POST,
                headers={"Content-Type": "application/json"},
                body=body,
                oidc_token=tasks_v2.OidcToken(
                    service_account_email=self._account, audience=f"{self._public_url}/{path.partition('/')[0]}"
                ),
            ),
        )

    async def _create(self, queue: str, task: "Task") -> None:
        from google.api_core import exceptions
        from google.api_core.retry import AsyncRetry, if_exception_type
        from google.api_core.timeout import ConstantTimeout

        again = if_exception_type(
            exceptions.ServiceUnavailable,
            exceptions.DeadlineExceeded,
            exceptions.InternalServerError,
            exceptions.Aborted,
        )
        await self._client.get().create_task(
            parent=f"{self._parent}/{queue}",
            task=task,
            retry=AsyncRetry(predicate=again, initial=0.1, maximum=1.0, multiplier=2.0, timeout=self._call_s),
            timeout=ConstantTimeout(ATTEMPT_S),
        )

    def _connect(self) -> "CloudTasksAsyncClient":
        from google.cloud.tasks_v2 import CloudTasksAsyncClient

        if not self._endpoint:
            return CloudTasksAsyncClient()
        import grpc
        from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport

        channel = grpc.aio.insecure_channel(self._endpoint)
        return CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))


def _unavailable(queue: str, failed: "GoogleAPICallError | Exception") -> Unavailable:
    """A queue that is missing or closed to us is mended by an operator, not by giving the work up."""
    from google.api_core import exceptions

    mends_itself = isinstance(
        failed, exceptions.ServerError | exceptions.TooManyRequests | exceptions.Aborted | exceptions.RetryError
    )
    severity: log.Severity = "WARNING" if mends_itself else "ERROR"
    log.event("queue.refused", severity, queue=queue, fault=type(failed).__name__)
    return Unavailable("queue_unavailable", "the work could not be queued", retry_after_s=RETRY_AFTER_S)
