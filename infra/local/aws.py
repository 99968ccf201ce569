"""AWS on this machine: moto's server, begun by the first call that reaches its address, and not before.

Its socket is taken from the start and handed over (`aws_server`), so whoever calls first only waits; a platform that
sends no mail and anchors nothing pays for none of it. The process that serves lives as long as the pipe to this one.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from email import message_from_string, policy
from typing import Any

import aiohttp

from infra.manifest import ROOT

REGION = "ap-northeast-1"
BUCKET = "kagamino-local-anchors"
SENDER = "KAGAMINO 個人情報窓口 <privacy@kagamino.example>"
QUEUE = "mail-events"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:mail-events"
_GUARDED = '"$@" & child=$!; read -r _; kill -9 $child'
"""As `emulator` has it: the guard takes the server along, also when this process is killed."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it was sent. `attachments` by name."""

    to: str
    subject: str
    text: str
    ident: str
    attachments: dict[str, bytes]


class LocalAws:
    """One simulated AWS: from the first call after `start`, or from `begin` on. `stop` ends it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self.endpoint = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._process: subprocess.Popen[bytes] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def running(self) -> bool:
        """Whether anybody has called it yet."""
        return self._process is not None

    def settings(self) -> dict[str, str]:
        """The functions' settings that lead here."""
        return {
            "AWS_REGION": REGION,
            "AWS_ENDPOINT": self.endpoint,
            "ANCHORS": f"s3:{BUCKET}",
            "MAIL_FROM": SENDER,
            "MAIL_EVENTS_URL": f"{self.endpoint}/123456789012/{QUEUE}",
        }

    def start(self) -> None:
        """Wait for the first call."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self.begin)

    def begin(self) -> None:
        """Serve. Whoever has called waits in the socket's own queue until the server takes it from there."""
        self._stop_waiting()
        number = self._socket.fileno()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARDED, "aws", sys.executable, "-m", "infra.local.aws_server", str(number)],
            cwd=ROOT,
            pass_fds=(number,),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self) -> None:
        """End it, with all that it held. Twice is fine."""
        self._stop_waiting()
        self._socket.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def _stop_waiting(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop = None

    async def mails(self) -> list[Mail]:
        """What was sent, the oldest first."""
        if not self.running:
            return []
        async with aiohttp.ClientSession() as session, session.get(f"{self.endpoint}/moto-api/data.json") as answer:
            held = await answer.json(content_type=None)
        return [_mail(one["raw_data"]) for one in held.get("ses", {}).get("RawMessage", [])]

    async def tell(self, event: dict[str, Any]) -> None:
        """What SES would publish of a mail; it goes the way it would at AWS, by SNS to SQS."""
        form = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": TOPIC, "Message": json.dumps(event)}
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential=local/20261101/{REGION}/sns/aws4_request"}
        async with (
            aiohttp.ClientSession(headers=signed) as session,
            session.post(f"{self.endpoint}/", data=form) as answer,
        ):
            if answer.status != 200:
                raise RuntimeError(f"SNS answered {answer.status}")


def _mail(raw: str) -> Mail:
    parsed = message_from_string(raw, policy=policy.default)
    body = parsed.get_body(("plain",))
    return Mail(
        to=str(parsed["To"]),
        subject=str(parsed["Subject"]),
        text=str(body.get_content()).replace("\r\n", "\n") if body is not None else "",
        ident=str(parsed["Message-ID"]).strip("<>").partition("@")[0],
        attachments={str(one.get_filename()): one.get_content() for one in parsed.iter_attachments()},
    )
