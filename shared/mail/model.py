"""A mail on its way: what it says (sealed), where it stands, when somebody looks at it again."""

import datetime as dt
import re
from enum import StrEnum
from typing import NamedTuple

import msgspec

from shared.audit.model import Head
from shared.errors import InvalidInput

MOST_BYTES = 700_000
"""What a mail and its attachments may come to: sealed and in one document (1 MiB), and welcome in any mailbox."""
MOST_ATTEMPTS = 16
"""With `backoff` some 35 hours, then a person is told."""
HELD = dt.timedelta(minutes=15)
"""So long a sending holds its mail. Where its outcome stayed unknown, news of the mail has come in by then."""
WATCHED = dt.timedelta(days=14)
"""So long after it was sent news of a mail is asked for: SES gives up after a day, complaints come later."""
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)
"""As browsers take them in (HTML standard, `type=email`), with a dot in the domain."""


class State(StrEnum):
    """Where a mail stands."""

    QUEUED = "queued"
    SENDING = "sending"
    """Somebody is at it, or was, and whether SES took it is not known yet."""
    SENT = "sent"
    """SES took it."""
    DELIVERED = "delivered"
    """The recipient's mail server took it."""
    BOUNCED = "bounced"
    FAILED = "failed"


OPEN = frozenset({State.QUEUED, State.SENDING})
LOST = frozenset({State.BOUNCED, State.FAILED})
"""It did not arrive: somebody has to find another way."""


class Attachment(msgspec.Struct, frozen=True):
    """A PDF that goes along."""

    name: str
    content: bytes


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed: to whom, and what it says."""

    to: str
    subject: str
    text: str
    attachments: list[Attachment] = []


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The mail's document. `about` is a path-like reference to what it tells of, `owner` the name of the data key it is
    sealed under, `template` what kind of letter it is. Until `due_at` nobody tries (again); None: nobody has to.

    `sealed` goes at `forget_at`; what is left says neither to whom nor what.
    """

    about: str
    owner: str
    template: str
    sealed: bytes | None
    state: State
    queued_at: dt.datetime
    due_at: dt.datetime | None
    forget_at: dt.datetime | None
    watched_until: dt.datetime | None = None
    attempts: int = 0
    provider_id: str = ""
    reason: str = ""
    """Why it waits, bounced or failed: a code, never words of a mail server."""
    complained: bool = False
    audit: Head = Head()


class StoredMessage(NamedTuple):
    """A mail, and the version that fences work on it."""

    value: Message
    version: str
    path: str

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as staff see it beside what it is about."""

    id: str
    template: str
    state: State
    queued_at: dt.datetime
    attempts: int
    reason: str
    complained: bool


def view(stored: StoredMessage) -> MessageView:
    """What staff see."""
    one = stored.value
    return MessageView(
        id=stored.id,
        template=one.template,
        state=one.state,
        queued_at=one.queued_at,
        attempts=one.attempts,
        reason=one.reason,
        complained=one.complained,
    )


def backoff(attempts: int) -> dt.timedelta:
    """How long to wait after so many attempts: a minute, doubled each time, four hours at most."""
    return min(dt.timedelta(minutes=1 << max(attempts - 1, 0)), dt.timedelta(hours=4))


def deliverable(address: str) -> bool:
    """Whether anything could be sent there."""
    return len(address) <= 254 and bool(_ADDRESS.fullmatch(address))


def checked(letter: Letter) -> Letter:
    """The letter, if it can be sent at all.

    Raises InvalidInput: `mail_address_invalid`; `mail_too_large`; `body_invalid`: a line break where none may be.
    """
    if not deliverable(letter.to):
        raise InvalidInput("mail_address_invalid")
    if any(not line.isprintable() for line in (letter.subject, *(one.name for one in letter.attachments))):
        raise InvalidInput("body_invalid", "a subject, or an attachment's name, is one line of text")
    size = len(letter.text.encode()) + sum(len(one.content) for one in letter.attachments)
    if size > MOST_BYTES:
        raise InvalidInput("mail_too_large", f"at most {MOST_BYTES} bytes with its attachments")
    return letter
