"""AWS on this machine begins when it is first called, and leaves nothing behind."""

import asyncio
import socket
import time
from urllib.parse import urlsplit

from infra.local.aws import LocalAws, Mail
from infra.local.mail_box import _shown
from shared.clock import SystemClock
from shared.cloud.aws import Aws
from shared.cloud.http import Http
from tests.aws import settings_of


def listening(local: LocalAws) -> bool:
    """Whether anybody still has the socket."""
    try:
        socket.create_connection(("127.0.0.1", urlsplit(local.endpoint).port or 0), timeout=1).close()
    except OSError:
        return False
    return True


async def ended(local: LocalAws) -> bool:
    """Whether, within ten seconds, nobody has it any more."""
    for _ in range(200):
        if not listening(local):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_nobody_calls_nothing_runs():
    local = LocalAws()
    local.start()
    await asyncio.sleep(0.05)
    assert not local.running
    local.stop()
    local.stop()


async def test_the_first_call_waits_for_it_and_it_ends_with_us():
    local = LocalAws()
    local.start()
    aws = Aws(settings_of(**local.settings()), function="mail", http=Http(), clock=SystemClock())
    started = time.monotonic()
    both = await asyncio.gather(
        aws.call("s3", "list_buckets"), aws.call("sqs", "get_queue_url", QueueName="mail-events")
    )
    assert time.monotonic() - started < 20
    assert [bucket["Name"] for bucket in both[0]["Buckets"]] == [local.settings()["ANCHORS"].removeprefix("s3:")]
    assert both[1]["QueueUrl"].endswith("/123456789012/mail-events")
    assert local.running
    await aws.close()
    local.stop()
    assert await ended(local)


async def test_it_ends_also_when_the_one_who_began_it_cannot_say_so():
    local = LocalAws()
    local.begin()
    process = local._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # as when we are killed
    process.stdin = None
    await asyncio.to_thread(process.wait, 10)
    local._socket.close()
    assert await ended(local)
    local.stop()


def test_a_mail_is_shown_as_text():
    shown = _shown(Mail("<a@b.jp>", "<script>", "<img>", "i", {'"><b>.pdf': b""}), "/mail-box")
    assert "<script>" not in shown
    assert "<img>" not in shown
    assert "<b>" not in shown
