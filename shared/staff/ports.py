"""What registering staff needs from outside its domain."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shared.cloud.documents import Expect, Write
from shared.staff.model import Roster


class Stored(NamedTuple):
    """The roster, and the version that fences changes of it; absent before the first."""

    value: Roster
    version: str | Expect


class Rosters(Protocol):
    """Where the roster is read: `store.RosterStore`."""

    async def read(self) -> Stored:
        """Everybody. One read."""
        ...


class Commit(Protocol):
    """Commits writes and settles unknown outcomes: `documents.settle` with its store given."""

    async def __call__(self, writes: Sequence[Write], *, witness: str) -> list[str]: ...
