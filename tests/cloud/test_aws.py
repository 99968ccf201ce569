"""Getting credentials without a key, and what a failed call means."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from infra.local.aws import LocalAws
from shared import log
from shared.clock import ManualClock, SystemClock
from shared.cloud import loops
from shared.cloud.aws import METADATA, Aws
from shared.cloud.http import Answer
from shared.config import load
from shared.errors import OutcomeUnknown, Refused, Unavailable
from tests.aws import settings_of
from tests.test_config import GIVEN

SEND: dict[str, Any] = {"Content": {"Raw": {"Data": b"x"}}}


class Metadata:
    """Google's metadata server."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def send(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **_: Any) -> Answer:
        self.asked.append((url, headers or {}))
        return Answer(self.status, {}, b"token.of.google\n")


@pytest.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    yield
    await loops.close_all()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture
def deployed(local_aws: LocalAws, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Callable[[Metadata], Aws]:
    """AWS as it is reached in the cloud. boto3 itself is told that AWS is elsewhere."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)
    settings = load({**GIVEN, "AWS_AUDIENCE": "an audience"})
    return lambda metadata: Aws(settings, function="mail", http=metadata, clock=clock)


async def test_a_token_of_google_is_exchanged_for_credentials_once_an_hour(
    deployed: Callable[[Metadata], Aws], clock: ManualClock
):
    metadata = Metadata()
    aws = deployed(metadata)
    answers = await asyncio.gather(*(aws.call("sts", "get_caller_identity") for _ in range(3)))
    assert {answer["Arn"].split(":", 5)[5] for answer in answers} == {"assumed-role/kagamino-mail/mail"}
    assert metadata.asked == [(f"{METADATA}?audience=an%20audience&format=full", {"Metadata-Flavor": "Google"})]
    clock.advance(dt.timedelta(minutes=54))
    await aws.call("sts", "get_caller_identity")
    assert len(metadata.asked) == 1
    clock.advance(dt.timedelta(minutes=2))
    await aws.call("sts", "get_caller_identity")
    assert len(metadata.asked) == 2


async def test_without_a_token_nothing_is_called(deployed: Callable[[Metadata], Aws]):
    with pytest.raises(Unavailable, match="aws_unavailable"):
        await deployed(Metadata(404)).call("sts", "get_caller_identity")


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that gives every request the same answer, or none; its address, and a count of requests."""
    asked: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.append(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def said(status: int, code: str) -> bytes:
    body = b'{"message":"canary of somebody"}'
    head = (
        f"HTTP/1.1 {status} X\r\nx-amzn-ErrorType: {code}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


async def failing(answer: bytes, call: Callable[[Aws], Awaitable[Any]]) -> tuple[Exception, int]:
    async with answering(answer) as (endpoint, asked):
        aws = Aws(settings_of(AWS_ENDPOINT=endpoint), function="mail", http=Metadata(), clock=SystemClock())
        with pytest.raises((Unavailable, Refused)) as failed:
            await call(aws)
        await aws.close()
    return failed.value, len(asked)


@pytest.mark.parametrize(
    ("answer", "fault", "code"),
    [
        (said(429, "TooManyRequestsException"), Unavailable, "aws_unavailable"),
        (said(503, "ServiceUnavailable"), Unavailable, "aws_unavailable"),
        (said(400, "ThrottlingException"), Unavailable, "aws_unavailable"),
        (said(500, "InternalFailure"), OutcomeUnknown, "aws_unknown"),
        (said(504, "GatewayTimeout"), OutcomeUnknown, "aws_unknown"),
        (b"", OutcomeUnknown, "aws_unknown"),
        (said(400, "MessageRejected"), Refused, "aws_refused"),
        (said(403, "AccessDeniedException"), Refused, "aws_refused"),
    ],
)
async def test_a_mail_that_failed_is_not_sent_again_by_itself_and_the_fault_tells_whether_it_was(
    answer: bytes, fault: type[Exception], code: str
):
    failed, asked = await failing(answer, lambda aws: aws.call("sesv2", "send_email", **SEND))
    assert type(failed) is fault
    assert failed.code == code  # type: ignore[attr-defined]
    assert asked == 1
    assert "canary" not in str(failed)


async def test_what_may_be_repeated_is_tried_three_times():
    _, asked = await failing(said(503, "X"), lambda aws: aws.call("sqs", "receive_message", QueueUrl="http://x/1/q"))
    assert asked == 3


async def test_nobody_there_means_that_nothing_happened():
    aws = Aws(settings_of(AWS_ENDPOINT="http://127.0.0.1:9"), function="m", http=Metadata(), clock=SystemClock())
    with pytest.raises(Unavailable) as failed:
        await aws.call("sesv2", "send_email", **SEND)
    assert type(failed.value) is Unavailable


async def test_a_refusal_says_why_and_one_of_permissions_is_loud(capsys: pytest.CaptureFixture[str]):
    failed, _ = await failing(said(400, "MessageRejected"), lambda aws: aws.call("sesv2", "send_email", **SEND))
    assert isinstance(failed, Refused)
    assert failed.more["said"] == "MessageRejected"
    assert capsys.readouterr().err == ""
    await failing(said(403, "AccessDeniedException"), lambda aws: aws.call("sesv2", "send_email", **SEND))
    assert '"ERROR", "event": "aws.refused"' in capsys.readouterr().err


async def test_a_mistake_of_ours_is_no_fault_of_theirs(aws: Aws):
    with pytest.raises(Exception, match="Unknown parameter"):
        await aws.call("sesv2", "send_email", Nonsense=1)


async def test_calls_are_counted(aws: Aws):
    cost = log.open_account()
    await aws.call("sts", "get_caller_identity")
    assert cost["aws_calls"] == 1
