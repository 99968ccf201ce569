"""What SES publishes of a mail, read.

Source: docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html, November 2026.
"""

import re
from enum import StrEnum
from typing import NamedTuple

import msgspec

_UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)
_CODE = re.compile(r"[A-Za-z]{1,40}")


class Happened(StrEnum):
    """What may have happened to a mail. SES knows more, which changes nothing for us."""

    SEND = "Send"
    DELIVERY = "Delivery"
    BOUNCE = "Bounce"
    REJECT = "Reject"
    COMPLAINT = "Complaint"
    OTHER = "Other"


class Event(NamedTuple):
    """One event. `message` is our id, empty where the mail was none of ours; `reason` a code without personal data."""

    happened: Happened
    message: str
    provider_id: str
    reason: str


class _Bounce(msgspec.Struct, rename="camel"):
    bounce_type: str = ""
    bounce_sub_type: str = ""


class _Complaint(msgspec.Struct, rename="camel"):
    complaint_feedback_type: str | None = None


class _Mail(msgspec.Struct, rename="camel"):
    message_id: str = ""
    tags: dict[str, list[str]] = {}


class _Published(msgspec.Struct, rename="camel"):
    event_type: str
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None


class _Envelope(msgspec.Struct, rename="pascal"):
    type: str
    message: str


def read(text: str) -> Event | None:
    """The event that SNS handed to SQS, in SNS's envelope or without it (`RawMessageDelivery`); None: unreadable."""
    try:
        inner = msgspec.json.decode(text, type=_Envelope).message
    except _UNREADABLE:
        inner = text
    try:
        told = msgspec.json.decode(inner, type=_Published)
    except _UNREADABLE:
        return None
    happened = next((one for one in Happened if one == told.event_type), Happened.OTHER)
    ours = told.mail.tags.get("message", [""])
    return Event(happened, _ident(ours[0] if ours else ""), told.mail.message_id[:200], _reason(told))


def _ident(tag: str) -> str:
    """Our id, if it can be one: it becomes part of a path."""
    return tag if re.fullmatch(r"[a-z0-9]{1,64}", tag) else ""


def _reason(told: _Published) -> str:
    words: list[str] = []
    if told.bounce is not None:
        words = [told.bounce.bounce_type, told.bounce.bounce_sub_type]
    return ".".join([told.event_type.lower(), *words]) if all(map(_CODE.fullmatch, words)) else told.event_type.lower()
