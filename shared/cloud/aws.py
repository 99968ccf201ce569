"""AWS, reached from Google Cloud without a stored key.

A function proves who it is by an ID token that Google signs for its service account, and is given credentials for an
hour by the role whose trust policy names that account. On a developer's machine `AWS_ENDPOINT` stands for all of AWS.
boto3 blocks, so each call runs in a thread; it tries again by itself only where repeating changes nothing.

Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html, and
cloud.google.com/functions/docs/securing/function-identity#identity_tokens, November 2026.
"""

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from shared import log
from shared.clock import Clock
from shared.cloud.http import Sender
from shared.cloud.loops import PerLoop
from shared.config import Settings
from shared.errors import Fault, OutcomeUnknown, Refused, Unavailable

METADATA = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity"
CONNECT_S, READ_S = 3, 8
CALL_S = 40.0
"""At most so long a call takes, all attempts together: three of `CONNECT_S + READ_S`, and getting credentials."""
BEFORE_EXPIRY = timedelta(minutes=5)
MOST_BYTES = 16 << 20
_REPEATABLE = frozenset({"s3", "sqs", "sts"})
"""Services whose calls of ours change nothing when repeated. A mail that is sent twice arrives twice."""
_NOT_NOW = frozenset({"ConditionalRequestConflict", "RequestTimeout", "SlowDown", "TooManyRequestsException"})
_OURS_TO_MEND = (401, 403)


@dataclass(frozen=True, slots=True)
class _Credentials:
    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)
    until: datetime | None


class Aws:
    """Every AWS service, as one function may use it."""

    def __init__(self, settings: Settings, *, function: str, http: Sender, clock: Clock) -> None:
        self._settings = settings
        self._function = function
        self._http = http
        self._clock = clock
        self._credentials: _Credentials | None = None
        self._one_at_a_time = PerLoop(asyncio.Lock, _nothing_to_close)
        self._clients = PerLoop(lambda: _Clients(settings), lambda clients: clients.close())

    async def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """One call of boto3: `await aws.call("sqs", "receive_message", QueueUrl=…)`. A `Body` comes back as bytes.

        Raises:
            Unavailable: `aws_unavailable`: out of reach, or asked too often; nothing happened.
            OutcomeUnknown: `aws_unknown`: it was sent, and no answer came, or one that does not tell.
            Refused: `aws_refused`: AWS says no; `more["said"]` is its word for why. Permissions are also logged loudly.
        """
        credentials = await self._current()
        log.count("aws_calls")
        try:
            async with asyncio.timeout(CALL_S):
                return await asyncio.to_thread(self._clients.get().call, credentials, service, operation, arguments)
        except TimeoutError as late:
            raise OutcomeUnknown("aws_unknown", f"{service} took too long") from late
        except Exception as failed:
            fault = _fault(failed, service, operation)
            if fault is None:
                raise
            if isinstance(fault, Refused) and "Expired" in str(fault.more["said"]):
                self._credentials = None
            raise fault from failed

    async def close(self) -> None:
        """Let go of the running loop's connections."""
        await self._clients.close()

    async def _current(self) -> _Credentials:
        if self._settings.aws_endpoint:
            return _Credentials("local", "opens-nothing", None, None)  # nosec B106
        async with self._one_at_a_time.get():
            have = self._credentials
            if have is None or have.until is None or self._clock.now() >= have.until - BEFORE_EXPIRY:
                have = self._credentials = await self._assumed()
            return have

    async def _assumed(self) -> _Credentials:
        token = await self._own_token()
        arguments = {
            "RoleArn": f"{self._settings.aws_role}-{self._function}",
            "RoleSessionName": self._function,
            "WebIdentityToken": token,
        }
        try:
            async with asyncio.timeout(CALL_S):
                answer = await asyncio.to_thread(
                    self._clients.get().call, None, "sts", "assume_role_with_web_identity", arguments
                )
        except TimeoutError as late:
            raise Unavailable("aws_unavailable", "no credentials in time") from late
        except Exception as failed:
            fault = _fault(failed, "sts", "assume_role_with_web_identity")
            if fault is None:
                raise
            raise fault from failed
        given = answer["Credentials"]
        return _Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], given["Expiration"])

    async def _own_token(self) -> str:
        asked = f"{METADATA}?audience={quote(self._settings.aws_audience, safe='')}&format=full"
        try:
            answer = await self._http.send("GET", asked, headers={"Metadata-Flavor": "Google"}, timeout_s=CONNECT_S)
        except Unavailable as failed:
            raise Unavailable("aws_unavailable", "the metadata server does not answer") from failed
        if answer.status != 200:
            raise Unavailable("aws_unavailable", f"the metadata server answered {answer.status}")
        return answer.body.decode("ascii", "replace").strip()


class _Clients:
    """boto3's clients, made in the threads that use them: threads may share one, but not make two at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._making = threading.Lock()
        self._made: dict[str, tuple[_Credentials | None, Any]] = {}

    def call(
        self, credentials: _Credentials | None, service: str, operation: str, arguments: dict[str, Any]
    ) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self._client(credentials, service), operation)(**arguments)
        if hasattr(answer.get("Body"), "read"):
            with answer["Body"] as body:
                answer["Body"] = body.read(MOST_BYTES)
        return answer

    async def close(self) -> None:
        made, self._made = self._made, {}
        for _, client in made.values():
            await asyncio.to_thread(client.close)

    def _client(self, credentials: _Credentials | None, service: str) -> Any:
        with self._making:
            known = self._made.get(service)
            if known is None or known[0] != credentials:
                # A client of credentials that are over is left to the calls that still hold it.
                known = self._made[service] = credentials, self._make(credentials, service)
            return known[1]

    def _make(self, credentials: _Credentials | None, service: str) -> Any:
        import boto3
        from botocore import UNSIGNED
        from botocore.config import Config

        attempts = 3 if service in _REPEATABLE else 1
        config = Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": "path"} if self._settings.aws_endpoint else None,
            signature_version=UNSIGNED if credentials is None else None,
        )
        # A session of our own: the default one looks for keys in files and environment.
        session = boto3.Session(
            aws_access_key_id=credentials and credentials.key_id,
            aws_secret_access_key=credentials and credentials.secret,
            aws_session_token=credentials and credentials.token,
            region_name=self._settings.aws_region,
        )
        return session.client(service, config=config, endpoint_url=self._settings.aws_endpoint or None)


async def _nothing_to_close(_: object) -> None:
    return None


def _fault(failed: Exception, service: str, operation: str) -> Fault | None:
    """What a failed call means; None for a mistake of our own."""
    from botocore import exceptions as boto

    if isinstance(failed, boto.ClientError):
        return _told(failed, service, operation)
    never_sent = boto.EndpointConnectionError | boto.ConnectTimeoutError | boto.ProxyConnectionError | boto.SSLError
    if isinstance(failed, never_sent):
        return Unavailable("aws_unavailable", f"{service} is out of reach")
    lost = boto.HTTPClientError | boto.IncompleteReadError | boto.ReadTimeoutError
    if isinstance(failed, lost) or type(failed).__name__ == "ResponseParserError":
        return OutcomeUnknown("aws_unknown", f"{service} did not answer")
    return None


def _told(failed: Any, service: str, operation: str) -> Fault:
    code = str(failed.response.get("Error", {}).get("Code", ""))
    status = int(failed.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status in (429, 503) or code in _NOT_NOW or "Throttl" in code:
        return Unavailable("aws_unavailable", f"{service}: {code}", retry_after_s=30)
    if status >= 500:
        return OutcomeUnknown("aws_unknown", f"{service}: {code}")
    if status in _OURS_TO_MEND or "Expired" in code:
        log.event("aws.refused", "ERROR", action=f"{service}.{operation}", code=code, upstream_status=status)
    return Refused("aws_refused", f"{service}: {code}", more={"said": code})
