"""What erasing needs from outside its domain."""

from collections.abc import Sequence
from typing import Protocol

from shared.cloud.documents import Write
from shared.erasure.model import StoredErasure
from shared.vocabulary import Kind


class Erasures(Protocol):
    """Where erasures are read: `store.ErasureStore`."""

    async def find(self, name: str) -> StoredErasure | None:
        """One erasure. One read."""
        ...

    async def of(self, uid: str) -> list[StoredErasure]:
        """The person's erasures, the newest first."""
        ...


class DayEraser(Protocol):
    """Where days are kept: `measurement.store.DayDeleter`."""

    async def deletions(self, uid: str, kind: Kind, *, limit: int) -> Sequence[Write]:
        """Deletes of at most `limit` of the day documents there are of a kind, whichever account they came from."""
        ...


class Forgetter(Protocol):
    """Where recipients' names for people are kept: `release.shares.ShareStore`."""

    async def forgetting(self, uid: str) -> Sequence[Write]:
        """What makes them lead to nobody."""
        ...


class ProfileEraser(Protocol):
    """Where profiles are kept: `profile.erasing.ProfileEraser`."""

    async def forgetting(self, uid: str) -> Sequence[Write]:
        """What deletes the person's profile, its history and its place in the index, and fences whoever read it."""
        ...


class KeyDestroyer(Protocol):
    """Where data keys are kept: `vault.KeyShredder`."""

    async def generation(self, uid: str) -> int:
        """Which key of theirs in a row the person has now; 0 before the first."""
        ...

    async def destroy(self, uid: str, generation: int) -> None:
        """Make everything sealed under that key unreadable, for good. A newer key of theirs stays."""
        ...
