"""What mail needs from outside its domain."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.cloud.documents import Write
from shared.mail.model import StoredMessage


class Messages(Protocol):
    """Where mails are read: `store.MessageStore`."""

    async def find(self, name: str) -> StoredMessage | None:
        """One mail. One read."""
        ...

    async def due(self, at: dt.datetime, *, limit: int) -> list[StoredMessage]:
        """Those somebody should have tried by now, the longest waiting first."""
        ...

    async def to_forget(self, at: dt.datetime, *, limit: int) -> list[StoredMessage]:
        """Those whose content's time is over."""
        ...

    async def any_watched(self, at: dt.datetime) -> bool:
        """Whether news of any mail may still come."""
        ...


class Sealing(Protocol):
    """Sealing under a data key that has a name: `vault.DataSealing`."""

    async def seal(self, owner: str, plain: bytes, *place: str) -> bytes:
        """Seal for `place` alone. Raises NotFound `key_missing`, Refused `key_destroyed`."""
        ...

    async def open(self, owner: str, sealed: bytes, *place: str) -> bytes:
        """Open. Raises as `seal`, and Refused `seal_broken`."""
        ...


class Carrier(Protocol):
    """Who carries mails: `cloud.mail.SesMail`."""

    async def send(
        self, *, ident: str, to: str, subject: str, text: str, attachments: Sequence[tuple[str, bytes]]
    ) -> str:
        """Hand one over; the carrier's id of it.

        Raises Unavailable (it was not taken), OutcomeUnknown (perhaps it was), Refused (`more["said"]` tells why).
        """
        ...


class Told(Protocol):
    """One piece of news, and by what it is put away."""

    @property
    def text(self) -> str: ...
    @property
    def receipt(self) -> str: ...


class News(Protocol):
    """Where the carrier tells what became of mails: `cloud.mail.SesNews`."""

    async def receive(self) -> Sequence[Told]:
        """A few, or none; what is not put away comes again."""
        ...

    async def done(self, receipt: str) -> None:
        """Put one away for good."""
        ...


class Queue(Protocol):
    """Where work goes: `tasks.TaskQueue`."""

    async def enqueue(
        self,
        queue: str,
        function_path: str,
        payload: Mapping[str, str | int],
        *,
        name_parts: tuple[str, ...],
        schedule_at: dt.datetime | None = None,
    ) -> bool: ...


class Commit(Protocol):
    """Commits writes and settles unknown outcomes: `documents.settle` with its store given."""

    async def __call__(self, writes: Sequence[Write], *, witness: str) -> list[str]: ...
