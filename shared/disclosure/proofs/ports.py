"""What one-time links need from outside."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.audit.model import Fact
from shared.cloud.documents import Write
from shared.disclosure.proofs.model import Link, StoredLink, Use


class Links(Protocol):
    """Where links are kept: `store.LinkStore`."""

    async def of(self, case: str, use: Use) -> StoredLink | None:
        """The case's link for one use. One read."""
        ...

    async def holding(self, token: str) -> StoredLink | None:
        """The link with this token. One read, whether or not there is one."""
        ...

    def writes(
        self,
        link: Link,
        before: StoredLink | None,
        *,
        at: dt.datetime,
        actor: str,
        action: str,
        facts: Mapping[str, Fact],
    ) -> tuple[list[Write], str]:
        """What makes `link` what is kept, with its audit entry, whose path is the witness."""
        ...


class Marks(Protocol):
    """Keyed hashes: `profile.blind.MatchKeys`. Without them a second factor could be guessed from its hash."""

    async def kept_mark(self, use: str, *parts: str) -> str: ...
    async def agrees(self, kept: str, use: str, *parts: str) -> bool: ...


class CaseTold(Protocol):
    """The case, which learns of it in the very commit in which it happens."""

    async def redeemed(
        self, case: str, use: Use, *, about: str, account: str | None, at: dt.datetime
    ) -> Sequence[Write]:
        """What keeps that the link was followed, by whoever is signed in to `account` where that is its use.

        Raises Refused, Conflict or NotFound where the case waits for no such thing: then the link opens nothing.
        """
        ...

    async def locked(self, case: str, use: Use, *, at: dt.datetime) -> Sequence[Write]:
        """What keeps that the second factor was wrong too often."""
        ...
