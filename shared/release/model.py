"""Who may read whom, as each recipient is told it; and what is kept of everything that was handed on."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from shared import ids
from shared.consent.gate import permits
from shared.consent.model import LIVE, Cell, CellState, Consents
from shared.vocabulary import Kind, Purpose

TOLD_FOR = timedelta(days=30)
"""How long a recipient is told that something has ended."""
KEPT_FOR = timedelta(days=3 * 366)
"""How long a provision's record is kept: three years, which the law asks for in general (個人情報保護法 art. 29)."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one recipient has, or had, of one person. It changes in the commit of the decision that it follows from.

    `handle` is the person's name to this recipient alone; `consents` holds the cells that are, or once were, given to
    it. `subject` is "" once the person had everything erased: the end is still told, and leads to nobody. Once there is
    nothing left to tell, at `forget_at`, the store lets it go; None while something is given without an end.
    """

    subject: str
    recipient: str
    handle: str
    consents: Consents
    frozen_at: datetime | None = None
    forget_at: datetime | None = None


def share_id(uid: str, recipient: str) -> str:
    """The one document of this person and this recipient. It leaves the store for no recipient: uids are not secret."""
    return ids.digest("release", uid, recipient)


def share_under(
    consents: Consents, before: Share | None, uid: str, recipient: str, fresh_handle: str, at: datetime
) -> Share | None:
    """The share under a newer state of consent; None where nothing was ever given. What was only asked for, or refused,
    is no business of the recipient's."""
    same = before if before and before.subject else None
    known = same.consents.cells if same else {}
    cells = {
        key: state
        for key, state in consents.cells.items()
        if Cell.of_key(key).recipient == recipient and (state.state in LIVE or key in known)
    }
    if not cells:
        return None
    return Share(
        subject=uid,
        recipient=recipient,
        handle=same.handle if same else fresh_handle,
        consents=Consents(consents.epoch, cells, consents.frozen),
        frozen_at=((same.frozen_at if same else None) or at) if consents.frozen else None,
        forget_at=_all_told(cells.values()),
    )


def _all_told(cells: Iterable[CellState]) -> datetime | None:
    """When nothing of these will be told any more; None where that cannot be said yet. A freeze may end again."""
    ends = [_ends(one) if one.state in LIVE else one.at for one in cells]
    known = [end for end in ends if end is not None]
    return max(known) + TOLD_FOR if len(known) == len(ends) else None


class MayRead(msgspec.Struct, frozen=True):
    """What may be read for a purpose, until when (None: until withdrawn)."""

    purpose: Purpose
    kind: Kind
    until: datetime | None


class Ended(msgspec.Struct, frozen=True):
    """What may not be read any more, since when. Why is the person's own business."""

    purpose: Purpose
    kind: Kind
    at: datetime


class PersonView(msgspec.Struct, frozen=True):
    """One person, as one recipient is told of them."""

    person: str
    may_read: list[MayRead]
    ended: list[Ended]


class People(msgspec.Struct, frozen=True):
    """Those whom a recipient may read, or lately could. `next_after` is None on the last page."""

    people: list[PersonView]
    next_after: str | None


def person_view(share: Share, at: datetime) -> PersonView:
    """What the recipient is told of the person at `at`."""
    told = PersonView(share.handle, [], [])
    for key, state in sorted(share.consents.cells.items()):
        cell = Cell.of_key(key)
        if permits(share.consents, *cell, at).allowed:
            told.may_read.append(MayRead(cell.purpose, cell.kind, _ends(state)))
            continue
        ended_at = _ended_at(share, state)
        if at - ended_at <= TOLD_FOR:
            told.ended.append(Ended(cell.purpose, cell.kind, ended_at))
    return told


def _ends(state: CellState) -> datetime | None:
    return min((end for end in (state.valid_until, state.authority_until) if end is not None), default=None)


def _ended_at(share: Share, state: CellState) -> datetime:
    if state.state not in LIVE:
        return state.at
    ends = [end for end in (state.valid_until, state.authority_until, share.frozen_at) if end is not None]
    return min(ends, default=state.at)


class Form(StrEnum):
    """In which form measurements were handed on."""

    SUMMARIES = "summaries"
    POINTS = "points"


class ProvisionState(StrEnum):
    """What came of a record: it precedes the first byte, so it is made before anything can be sent."""

    RECORDED = "recorded"
    STOPPED = "stopped"
    """Ended at the very moment: recorded, and then not sent."""


class Provision(msgspec.Struct, frozen=True, kw_only=True):
    """One handing on, without any of what was handed on.

    `account` is the hash of who called for the recipient; `first` and `last` are the civil dates asked for, `count` how
    many days or points went out, `sha256` and `size_bytes` of exactly the body that did. `epoch` and `notice` are the
    decision that it rests on. `number` counts what this recipient got of this person. A record outlives the erasing of
    the data, until `kept_until`.
    """

    subject: str
    recipient: str
    account: str
    purpose: Purpose
    kind: Kind
    form: Form
    first: date
    last: date
    count: int
    epoch: int
    notice: str
    sha256: str
    size_bytes: int
    number: int
    at: datetime
    kept_until: datetime
    state: ProvisionState = ProvisionState.RECORDED
