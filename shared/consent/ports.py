"""What deciding about consent needs from outside its domain."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from shared.cloud.documents import Write
from shared.consent.ledger import Entry, Event, Said, Tail
from shared.consent.model import Consents
from shared.policy.model import RecipientType, Words


class Standing(NamedTuple):
    """Where a person's consents stand, and what else decides who may decide."""

    consents: Consents = Consents()
    tail: Tail = Tail()
    born_on: dt.date | None = None


class Prepared(NamedTuple):
    """A decision ready to be committed: `writes`, of which the one at `witness` proves that it happened."""

    consents: Consents
    events: list[Event]
    writes: list[Write]
    witness: str


Build = Callable[[Standing], Sequence[Entry]]
"""What to record, given where things stand. May raise a fault: then nothing is recorded."""


class Ledger(Protocol):
    """Where decisions are kept: `store.ConsentStore`."""

    async def standing(self, uid: str) -> Standing:
        """Where the person's consents stand now. One read."""
        ...

    async def prepare(
        self, uid: str, build: Build, said: Said, *, if_epoch: int | None = None, born_on: dt.date | None = None
    ) -> Prepared:
        """What must be written to record what `build` says, and the date of birth where one is registered. Where that
        is nothing, a commit of these writes still proves that nothing was decided since they were prepared.

        Raises Conflict `consent_stale` where `if_epoch` is not the epoch any more.
        """
        ...

    async def prepare_refusal(self, uid: str, code: str, said: Said) -> list[Write]:
        """What must be written for the audit log to tell that a decision was refused."""
        ...

    async def events(self, uid: str, *, after: int = 0, limit: int = 100) -> list[Event]:
        """At most `limit` events behind number `after`, oldest first."""
        ...

    async def events_numbered(self, uid: str, numbers: Sequence[int]) -> list[Event]:
        """The events of these numbers. One read each."""
        ...

    async def events_of_epoch(self, uid: str, epoch: int) -> list[Event]:
        """The events of one decision; none where there was no such decision."""
        ...


class Recipient(NamedTuple):
    """Somebody who may be given data. `active`: whether anything may go there now. Of a relative: `since` when they are
    that, or were invited, and `answers_by` until when they can accept, where they have not yet."""

    id: str
    type: RecipientType
    name: Words
    address: str = ""
    contact: str = ""
    active: bool = True
    since: dt.datetime | None = None
    answers_by: dt.datetime | None = None


class Recipients(Protocol):
    """Whom a decision can name: `recipients.RecipientStore`."""

    async def find(self, uid: str, ids: Sequence[str]) -> dict[str, Recipient]:
        """Those of `ids` that this person can give data to, or once could."""
        ...


class Watched(NamedTuple):
    """Somebody whom a relative watches over. What of theirs may be shown is for the gate to say, each time: of the
    consents of `subject`, for `recipient`."""

    subject: str
    recipient: str
    since: dt.datetime


class Followed(NamedTuple):
    """What follows a decision: `writes` for the same commit, and work to be begun once it is made. That work is begun
    a second time by whoever sweeps what is due, so it may be lost here."""

    writes: list[Write]
    afterwards: list[Callable[[], Awaitable[None]]]


class Follower(Protocol):
    """Documents that carry a copy of a person's consents, and must change in the same commit.

    Their copy is what makes the gate free of charge where work is done, and their version what stops work in flight.
    """

    async def following(self, uid: str, consents: Consents) -> Followed:
        """What brings the copies up to `consents`."""
        ...


class Commit(Protocol):
    """Commits writes and settles unknown outcomes: `documents.settle` with its store given."""

    async def __call__(self, writes: Sequence[Write], *, witness: str) -> list[str]: ...
