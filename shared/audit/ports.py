"""What the audit needs from outside its domain."""

from datetime import datetime
from typing import Protocol


class Anchors(Protocol):
    """A store where what is put once can be neither changed nor removed, by anybody, until its time has passed.

    Names are 1 to 200 characters of `A-Z a-z 0-9 . _ / -`, contents at most 8 MiB. Each method may raise Unavailable
    `anchors_unavailable` (not now; a put may or may not have happened, and putting the same again is always right)
    and Refused `anchors_refused` (a permission or the bucket itself is missing).
    """

    async def put(self, name: str, content: bytes, kept_until: datetime) -> None:
        """Keep `content` under `name` at least until then. Where the very same content is there already, it is done.

        Raises:
            Conflict: `anchor_differs`: other content is there. It stays; somebody must look.
        """
        ...

    async def get(self, name: str) -> bytes | None:
        """What was put under `name` FIRST, or None. In a store with versions, later versions and marks of deletion
        hide nothing: who can write to it may add them, but not remove what they cover."""
        ...

    async def names(self, prefix: str) -> list[str]:
        """Every name that begins with `prefix` and something was ever put under, sorted."""
        ...
