"""E-mail by Amazon SES, and what SES tells of it afterwards, by SNS and SQS.

A mail is built by the standard library and sent as it is (`Content.Raw`). SES puts a Message-ID and a date of its own
in the place of ours; what it tells of a mail is found by a tag that holds our id.

Source: docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, …/ses/latest/dg/header-fields.html,
November 2026.
"""

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import NamedTuple

from shared.cloud.aws import Aws

TAG = "message"
AT_ONCE = 10  # what SQS gives at most
HIDDEN_S = 120
"""So long nobody else is given what was received: long enough to commit it."""


class SesMail:
    """Sends as `sender` (`Name <address>`), under one configuration set."""

    def __init__(self, aws: Aws, *, sender: str, configuration_set: str) -> None:
        self._aws = aws
        self._sender = sender
        self._configuration_set = configuration_set

    async def send(
        self, *, ident: str, to: str, subject: str, text: str, attachments: Sequence[tuple[str, bytes]]
    ) -> str:
        """Send one mail; SES's id of it. `attachments` are PDFs by name.

        Raises as `Aws.call`. ValueError: a line break in a header, which whoever queued it should have refused.
        """
        built = mime(self._sender, ident=ident, to=to, subject=subject, text=text, attachments=attachments)
        more = {"ConfigurationSetName": self._configuration_set} if self._configuration_set else {}
        answer = await self._aws.call(
            "sesv2",
            "send_email",
            Destination={"ToAddresses": [_deliverable(to)]},
            Content={"Raw": {"Data": built}},
            EmailTags=[{"Name": TAG, "Value": ident}],
            **more,
        )
        return str(answer.get("MessageId", ""))


class Received(NamedTuple):
    """What SES tells, as text, and the receipt by which SQS is told that it is done with."""

    text: str
    receipt: str


class SesNews:
    """The queue at `url`, where what becomes of mails arrives. What is not done with comes again."""

    def __init__(self, aws: Aws, url: str) -> None:
        self._aws = aws
        self._url = url

    async def receive(self) -> list[Received]:
        """A few, or none. Raises as `Aws.call`."""
        answer = await self._aws.call(
            "sqs",
            "receive_message",
            QueueUrl=self._url,
            MaxNumberOfMessages=AT_ONCE,
            VisibilityTimeout=HIDDEN_S,
            WaitTimeSeconds=0,
        )
        return [Received(one["Body"], one["ReceiptHandle"]) for one in answer.get("Messages", [])]

    async def done(self, receipt: str) -> None:
        """Never tell this again. Raises as `Aws.call`."""
        await self._aws.call("sqs", "delete_message", QueueUrl=self._url, ReceiptHandle=receipt)


def mime(
    sender: str, *, ident: str, to: str, subject: str, text: str, attachments: Sequence[tuple[str, bytes]]
) -> bytes:
    """The mail as bytes of seven bits. Raises ValueError: a header cannot hold this, a line break for example."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = _deliverable(to)
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{ident}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    # RFC 3834: no holiday notes in answer to what no person sent.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text, cte="base64")
    for name, content in attachments:
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return mail.as_bytes()


def _deliverable(address: str) -> str:
    """Some Japanese carriers gave out addresses whose dots stand where RFC 5321 allows them only in quotes."""
    local, _, domain = address.rpartition("@")
    odd = local.startswith(".") or local.endswith(".") or ".." in local
    return f'"{local}"@{domain}' if odd else address
