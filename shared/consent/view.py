"""Consents, and what they were given under, as their person sees them."""

import datetime as dt
from collections.abc import Iterable

import msgspec

from shared.consent.asking import Pending, pending
from shared.consent.ledger import Event
from shared.consent.model import QOLMS, Cell, Consents, Giver, Method, State
from shared.consent.ports import Prepared, Recipient
from shared.policy.model import Notice, NoticeRef, RecipientType, Words
from shared.vocabulary import Kind, Language, Purpose

_MAY_BE_STORED = frozenset({State.WITHDRAWN, State.EXPIRED, State.INVALIDATED})


class CellView(msgspec.Struct, frozen=True, kw_only=True):
    """One cell. `state` takes time into account; `notice` is the version it was decided under."""

    purpose: Purpose
    kind: Kind
    recipient: str
    state: State
    since: dt.datetime
    valid_until: dt.datetime | None
    notice: str


class RecipientView(msgspec.Struct, frozen=True):
    """Somebody whom a cell names."""

    id: str
    type: RecipientType
    name: Words
    active: bool


class Stands(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person's consents stand.

    `notice` is the one in force, which giving must name. `pending` is what needs asking. `erasable` are the kinds whose
    storing has ended, and of which something may still be stored: the person is asked about them separately.
    """

    epoch: int
    frozen: str | None
    notice: NoticeRef
    cells: list[CellView]
    recipients: list[RecipientView]
    pending: list[Pending]
    erasable: list[Kind]


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger, as its person sees it. `receipt` names the signed receipt of the decision it is part
    of."""

    number: int
    at: dt.datetime
    purpose: Purpose | None
    kind: Kind | None
    recipient: str | None
    state: State
    reason: str | None
    valid_until: dt.datetime | None
    given_by: Giver
    method: Method
    notice: NoticeRef
    language: Language
    screen: str | None
    epoch: int
    receipt: str
    hash: str


class History(msgspec.Struct, frozen=True):
    """A page of the ledger; `next_after` is None on the last one."""

    events: list[EventView]
    next_after: int | None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a decision: where things stand, what was recorded, and the receipt (None where it could not be
    signed now; it can be fetched later)."""

    consent: Stands
    recorded: list[EventView]
    receipt: str
    jws: str | None


def stands(consents: Consents, notice: Notice, recipients: Iterable[Recipient], at: dt.datetime) -> Stands:
    """Everything that was ever decided, as of `at`."""
    return Stands(
        epoch=consents.epoch,
        frozen=consents.frozen or None,
        notice=notice.ref,
        cells=[
            CellView(
                purpose=cell.purpose,
                kind=cell.kind,
                recipient=cell.recipient,
                state=state.as_of(at),
                since=state.at,
                valid_until=state.valid_until,
                notice=state.notice,
            )
            for key, state in sorted(consents.cells.items())
            for cell in (Cell.of_key(key),)
        ],
        recipients=[
            RecipientView(one.id, one.type, notice.contents.service if one.id == QOLMS else one.name, one.active)
            for one in recipients
        ],
        pending=pending(consents, notice, at),
        erasable=[
            kind for kind in Kind if consents.state_of(Cell(Purpose.QOLMS_STORE, kind, QOLMS), at) in _MAY_BE_STORED
        ],
    )


def event_view(event: Event) -> EventView:
    """One line of the ledger."""
    cell = Cell.of_key(event.cell) if event.cell else None
    return EventView(
        number=event.number,
        at=event.at,
        purpose=cell.purpose if cell else None,
        kind=cell.kind if cell else None,
        recipient=cell.recipient if cell else None,
        state=event.state,
        reason=event.reason or None,
        valid_until=event.valid_until,
        given_by=event.giver,
        method=event.method,
        notice=event.notice,
        language=event.language,
        screen=event.screen or None,
        epoch=event.epoch,
        receipt=str(event.epoch),
        hash=event.hash,
    )


def history(events: list[Event], limit: int) -> History:
    """A page that was read with one event more than `limit`, to know whether another follows."""
    shown = events[:limit]
    return History([event_view(event) for event in shown], shown[-1].number if len(events) > limit else None)


def recorded(prepared: Prepared) -> list[EventView]:
    """What a decision recorded."""
    return [event_view(event) for event in prepared.events]
