"""An erasure that somebody asked for: what it covers, how far it has come, and what proves that it was carried out."""

import datetime as dt
from enum import StrEnum
from typing import NamedTuple

import msgspec

from shared.audit.model import Head
from shared.vocabulary import Kind

BACKUPS_LAST = dt.timedelta(days=7)
"""How long past states and backups are kept (serverless.yaml): so long may what was erased be in them, sealed."""
SWEEP = dt.timedelta(minutes=15)
"""An erasure that has not ended after this long is begun again: its task was lost, or its worker died."""


class Progress(StrEnum):
    """Where an erasure stands."""

    BEGUN = "begun"
    DONE = "done"


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """The erasure's document. `deleted` counts day documents by kind; `due_at` is what the notice promises.

    `everything` destroys the person's data key as well, with which everything sealed under it is unreadable at once:
    the one of that `generation`, and no newer one. Which it is, the first worker settles (None until then): who asks
    need not be able to see any key.
    """

    uid: str
    kinds: list[Kind]
    everything: bool
    generation: int | None = None
    state: Progress
    requested_at: dt.datetime
    due_at: dt.datetime
    again_at: dt.datetime | None
    deleted: dict[Kind, int] = {}
    profile_gone: bool = False
    finished_at: dt.datetime | None = None
    backups_until: dt.datetime | None = None
    audit: Head = Head()


class StoredErasure(NamedTuple):
    """An erasure, and the version that fences work on it."""

    value: Erasure
    version: str
    path: str

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]


class ErasureView(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure as its person sees it. `backups_until`: by then it has left the last backup as well."""

    id: str
    kinds: list[Kind]
    everything: bool
    state: Progress
    requested_at: dt.datetime
    due_at: dt.datetime
    finished_at: dt.datetime | None
    backups_until: dt.datetime | None


def view(stored: StoredErasure) -> ErasureView:
    """What the person sees."""
    one = stored.value
    return ErasureView(
        id=stored.id,
        kinds=one.kinds,
        everything=one.everything,
        state=one.state,
        requested_at=one.requested_at,
        due_at=one.due_at,
        finished_at=one.finished_at,
        backups_until=one.backups_until,
    )
