"""Secret Manager: the client secret and the wrapping keys, by version, so that rotating one needs no deploy."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from shared import log
from shared.clock import Clock
from shared.cloud.loops import PerLoop
from shared.errors import Fault, Refused, Unavailable

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import AccessSecretVersionResponse, SecretManagerServiceAsyncClient

FRESH = timedelta(minutes=5)
STALE = timedelta(hours=1)
PAUSE = timedelta(seconds=30)
"""So long after a renewal that failed the value at hand serves at once, before the service is asked again."""
ATTEMPT_S = 3.0
CALL_S = 8.0
T = TypeVar("T")
_Question: TypeAlias = tuple[str, str]
"""A secret's name, and a version of it, "latest" or "enabled"."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One version of a secret. The value stays out of every representation."""

    value: bytes = field(repr=False)
    version: str


class Secrets:
    """Secrets of one project, reached at `endpoint` in plain text, or at Google's own when it is empty.

    Values are kept in this process: the newest version, and which are enabled, for `FRESH` (and up to `STALE` while the
    service is down), a numbered version for good, since it never changes. Callers that ask at once share one call;
    while the service is down, it is waited for once each `PAUSE`.
    """

    def __init__(self, *, project: str, endpoint: str, clock: Clock, call_s: float = CALL_S) -> None:
        self._project = project
        self._endpoint = endpoint
        self._clock = clock
        self._call_s = call_s
        self._recent: dict[_Question, tuple[Any, datetime]] = {}
        self._failed_at: dict[_Question, datetime] = {}
        self._versions: dict[_Question, bytes] = {}
        self._flights: dict[_Question, asyncio.Task[Any]] = {}
        self._client: PerLoop[SecretManagerServiceAsyncClient] = PerLoop(self._connect, lambda c: c.transport.close())

    async def get(self, name: str) -> Secret:
        """The newest enabled version of `name`.

        Raises:
            Refused: `secret_missing`: there is no such secret, or no version in it.
            Refused: `secret_version_gone`: every version is disabled or destroyed.
            Unavailable: `secrets_unavailable`, and nothing at most `STALE` old is at hand.
        """
        secret = await self._lately((name, "latest"), lambda: self._fetch_newest(name))
        self._versions[name, secret.version] = secret.value
        return secret

    async def enabled(self, name: str) -> tuple[str, ...]:
        """The numbers of the enabled versions of `name`, newest first. Raises as `get`."""
        return await self._lately((name, "enabled"), lambda: self._list_enabled(name))

    async def get_version(self, name: str, version: str) -> bytes:
        """The value of one numbered version of `name`.

        Raises:
            Refused: `secret_missing`: there is no such version; `secret_version_gone`: it is disabled or destroyed.
            Unavailable: `secrets_unavailable`.
        """
        if (name, version) not in self._versions:
            secret = await self._once((name, version), lambda: self._access(name, version))
            self._versions[name, version] = secret.value
        return self._versions[name, version]

    async def close(self) -> None:
        """Let go of the running loop's connection."""
        await self._client.close()

    async def _lately(self, asked: _Question, fetch: Callable[[], Coroutine[Any, Any, T]]) -> T:
        now = self._clock.now()
        known: tuple[T, datetime] | None = self._recent.get(asked)
        failed_at = self._failed_at.get(asked)
        lately_failed = failed_at is not None and now - failed_at < PAUSE
        if known and now - known[1] < (STALE if lately_failed else FRESH):
            return known[0]
        try:
            answer = await self._once(asked, fetch)
        except Unavailable:
            self._failed_at[asked] = self._clock.now()
            if known and now - known[1] < STALE:
                return known[0]
            raise
        self._recent[asked] = (answer, now)
        return answer

    async def _once(self, asked: _Question, fetch: Callable[[], Coroutine[Any, Any, T]]) -> T:
        flight: asyncio.Task[T] | None = self._flights.get(asked)
        if flight is None:
            flight = asyncio.create_task(fetch())
            self._flights[asked] = flight
            flight.add_done_callback(lambda done: self._landed(asked, done))
        # Shielded: one caller that is cancelled must not take the others down with it.
        return await asyncio.shield(flight)

    def _landed(self, asked: _Question, flight: "asyncio.Task[Any]") -> None:
        self._flights.pop(asked, None)
        if not flight.cancelled():
            flight.exception()  # marked as seen, even where every caller has gone

    async def _fetch_newest(self, name: str) -> Secret:
        try:
            return await self._access(name, "latest")
        except Refused as refused:
            if refused.code != "secret_version_gone":
                raise
        # "latest" is the version made last, whatever its state; while it is disabled the one before it serves.
        return await self._access(name, (await self._list_enabled(name))[0])

    async def _list_enabled(self, name: str) -> tuple[str, ...]:
        from google.api_core import exceptions

        try:
            request = {"parent": self._path(name), "filter": "state:ENABLED", "page_size": 100}
            log.count("secrets_listed")
            pages = await self._client.get().list_secret_versions(request=request, timeout=self._call_s)
            found = [version.name.rpartition("/")[2] async for version in pages]
        except exceptions.GoogleAPIError as failed:
            raise _fault(name, failed) from failed
        if not found:
            raise Refused("secret_version_gone", f"no version of {name} is enabled")
        return tuple(found)

    async def _access(self, name: str, version: str) -> Secret:
        from google.api_core import exceptions

        log.count("secrets_read")
        try:
            answer = await self._call_access(f"{self._path(name)}/versions/{version}")
        except exceptions.GoogleAPIError as failed:
            raise _fault(name, failed) from failed
        return Secret(answer.payload.data, answer.name.rpartition("/")[2])

    async def _call_access(self, path: str) -> "AccessSecretVersionResponse":
        from google.api_core import exceptions
        from google.api_core.retry import AsyncRetry, if_exception_type
        from google.api_core.timeout import ConstantTimeout

        again = if_exception_type(
            exceptions.ServiceUnavailable, exceptions.DeadlineExceeded, exceptions.InternalServerError
        )
        return await self._client.get().access_secret_version(
            name=path,
            retry=AsyncRetry(predicate=again, initial=0.1, maximum=1.0, multiplier=2.0, timeout=self._call_s),
            timeout=ConstantTimeout(ATTEMPT_S),
        )

    def _path(self, name: str) -> str:
        return f"projects/{self._project}/secrets/{name}"

    def _connect(self) -> "SecretManagerServiceAsyncClient":
        from google.cloud.secretmanager_v1 import SecretManagerServiceAsyncClient

        if not self._endpoint:
            return SecretManagerServiceAsyncClient()
        import grpc
        from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
            SecretManagerServiceGrpcAsyncIOTransport,
        )

        channel = grpc.aio.insecure_channel(self._endpoint)
        return SecretManagerServiceAsyncClient(transport=SecretManagerServiceGrpcAsyncIOTransport(channel=channel))


def _fault(name: str, failed: Exception) -> Fault:
    """What a failed call means. Being denied is mended by an operator, so it is "not now", said loudly."""
    from google.api_core import exceptions

    if isinstance(failed, exceptions.NotFound):
        return Refused("secret_missing", f"{name} is not set up")
    if isinstance(failed, exceptions.FailedPrecondition):
        return Refused("secret_version_gone", f"this version of {name} is disabled or destroyed")
    mends_itself = isinstance(failed, exceptions.ServerError | exceptions.TooManyRequests | exceptions.RetryError)
    log.event("secrets.refused", "WARNING" if mends_itself else "ERROR", fault=type(failed).__name__)
    return Unavailable("secrets_unavailable", "secrets cannot be read right now")
