"""What the desk needs from outside its domain."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shared.cloud.documents import Write
from shared.cloud.seal import Key
from shared.disclosure.codes import Stage
from shared.disclosure.stored import StoredCase


class Days(NamedTuple):
    """Civil days, both included; None: open."""

    first: dt.date | None = None
    last: dt.date | None = None


class Cases(Protocol):
    """Where cases are read: `store.CaseStore`."""

    async def find(self, name: str) -> StoredCase | None:
        """One case. One read."""
        ...

    async def numbered(self, number: str) -> StoredCase | None:
        """The case that bears a number. Two reads."""
        ...

    async def of_subject(self, subject: str, *, limit: int) -> list[StoredCase]:
        """The cases of an account, the newest first."""
        ...

    async def due(self, at: dt.datetime, *, limit: int) -> list[StoredCase]:
        """Those that wait for the system, the longest waiting first."""
        ...

    async def overdue(self, today: dt.date) -> int:
        """How many cases that are not over have to be answered today, or had to before."""
        ...

    async def about(self, name: str) -> list[StoredCase]:
        """The complaints about a case."""
        ...


class Lists(Protocol):
    """Where the desk's lists are read: `store.CaseStore`."""

    async def open_page(self, *, stage: Stage | None, after: str, limit: int) -> list[StoredCase]:
        """Cases that are not over, the most urgent first, behind the one of id `after`."""
        ...


class CaseKeys(Protocol):
    """Where a case's data key is kept, under the name `case.{id}`: `vault.DataKeys`."""

    async def key(self, uid: str) -> Key: ...
    async def ensure(self, uid: str) -> Key: ...


class Commit(Protocol):
    """One atomic commit, settled: `documents.settle`."""

    async def __call__(self, writes: Sequence[Write], *, witness: str) -> object: ...


class Queue(Protocol):
    """Where work goes: `tasks.TaskQueue`."""

    async def enqueue(
        self,
        queue: str,
        function_path: str,
        payload: dict[str, str | int],
        *,
        name_parts: tuple[str, ...],
        schedule_at: dt.datetime | None = None,
    ) -> bool: ...
