"""What deciding about consent needs from outside its domain."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from shared.cloud.documents import Write
from shared.consent.model import Change, Consents, Method


class Prepared(NamedTuple):
    """A decision ready to be committed: `writes`, of which the one at `witness` proves that it happened."""

    consents: Consents
    writes: list[Write]
    witness: str


class Ledger(Protocol):
    """Where decisions are kept: `store.ConsentStore`."""

    async def consents(self, uid: str) -> Consents: ...

    async def prepare(
        self, uid: str, changes: tuple[Change, ...], *, method: Method, at: datetime, if_epoch: int | None = None
    ) -> Prepared | Consents:
        """What must be written for `changes`; or, where `if_epoch` is not the epoch any more, the newer state."""
        ...


class Follower(Protocol):
    """Documents that carry a copy of a person's consents, and must change in the same commit.

    Their copy is what makes the gate free of charge where work is done, and their version what stops work in flight.
    """

    async def following(self, uid: str, consents: Consents) -> list[Write]:
        """The writes that bring the copies up to `consents`."""
        ...


class Commit(Protocol):
    """Commits writes and settles unknown outcomes: `documents.settle` with its store given."""

    async def __call__(self, writes: Sequence[Write], *, witness: str) -> list[str]: ...
