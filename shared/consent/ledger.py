"""The append-only ledger of a person's consents: its lines, and how the projection follows from them.

Fields follow ISO/IEC TS 27560. Lines are chained by hash, so any that is altered, lost or moved is found.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from shared.consent.model import LIVE, Cell, CellState, Change, Consents, Decision, Giver, Method, State
from shared.policy.model import NoticeRef
from shared.vocabulary import Language

SCHEMA = "kagamino.consent/1"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """How, when and under which words something was decided: what all events of one decision have in common."""

    at: datetime
    method: Method
    notice: NoticeRef
    language: Language = Language.JA
    screen: str = ""
    giver: Giver = Giver()


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One line of the ledger, chained to the one before. `cell` is "" where the event is about the whole person."""

    number: int
    at: datetime
    cell: str
    state: State
    epoch: int
    method: Method
    notice: NoticeRef
    language: Language
    giver: Giver
    screen: str = ""
    reason: str = ""
    valid_until: datetime | None = None
    authority_until: datetime | None = None
    schema: str = SCHEMA
    previous: str
    hash: str = ""


class Tail(msgspec.Struct, frozen=True):
    """Where a ledger stands: how many events it has, and the hash of the last."""

    events: int = 0
    hash: str = ""


class Entry(NamedTuple):
    """What one event is to say: the state a cell (None: the whole person) gets, and until when that counts."""

    cell: Cell | None
    state: State
    valid_until: datetime | None = None
    authority_until: datetime | None = None
    reason: str = ""


def decided(
    consents: Consents, change: Change, at: datetime, authority_until: datetime | None = None, *, seen: bool = True
) -> Entry:
    """What a decision makes of its cell. Giving what is live reconfirms it.

    Refusing what is live keeps it as it is: whoever says no to newer words, or to a longer time, loses nothing by it.
    To end it is to withdraw it. But a no that was not said looking at this very state (`seen`) may have been to
    something else, and ends it.

    To end what is being erased is welcome, and does not call the erasure off.
    """
    now = consents.state_of(change.cell, at)
    if now is State.ERASING and change.decision is not Decision.GIVE:
        return Entry(change.cell, State.ERASING)
    match change.decision:
        case Decision.GIVE:
            given = State.RECONFIRMED if now in LIVE else State.GIVEN
            return Entry(change.cell, given, change.valid_until, authority_until)
        case Decision.REFUSE:
            if now in LIVE:
                return Entry(change.cell, State.KEPT if seen else State.WITHDRAWN)
            return Entry(change.cell, State.REFUSED)
        case Decision.WITHDRAW:
            return Entry(change.cell, State.WITHDRAWN)


def record(consents: Consents, tail: Tail, entries: Iterable[Entry], said: Said) -> tuple[Consents, list[Event]]:
    """The state after `entries`, and the lines that record them. All of them move the epoch once; none, never."""
    epoch, number, previous = consents.epoch + 1, tail.events, tail.hash
    events: list[Event] = []
    for entry in entries:
        number += 1
        live = entry.state in LIVE
        event = Event(
            number=number,
            at=said.at,
            cell=entry.cell.key if entry.cell else "",
            state=entry.state,
            epoch=epoch,
            method=said.method,
            notice=said.notice,
            language=said.language,
            giver=said.giver,
            screen=said.screen,
            reason=entry.reason,
            valid_until=entry.valid_until if live else None,
            authority_until=entry.authority_until if live else None,
            previous=previous,
        )
        previous = hash_of(event)
        events.append(msgspec.structs.replace(event, hash=previous))
    return rebuild(events, consents), events


def rebuild(events: Iterable[Event], onto: Consents | None = None) -> Consents:
    """The projection, from the ledger alone (or from `onto` with what followed). Linear in the number of events."""
    before = onto or Consents()
    epoch, cells, frozen = before.epoch, dict(before.cells), before.frozen
    for event in events:
        epoch = event.epoch
        if event.state is State.FROZEN:
            frozen = event.reason
        elif event.state is State.THAWED:
            frozen = ""
        elif event.state is State.KEPT:
            cells[event.cell] = msgspec.structs.replace(cells[event.cell], declined=event.notice.version)
        else:
            cells[event.cell] = CellState(
                event.state,
                event.at,
                event.number,
                event.epoch,
                event.notice.version,
                event.valid_until,
                event.authority_until,
            )
    return Consents(epoch, cells, frozen)


def first_break(events: Iterable[Event], tail: Tail | None = None) -> str | None:
    """What is wrong with a ledger read from its start: its first altered, missing or reordered event; else None.

    With `tail` a ledger that ends too early, or goes on, is found as well.
    """
    number, previous = 0, ""
    for event in events:
        if event.number != number + 1:
            return f"event {number + 1} is missing or out of order"
        if event.previous != previous:
            return f"event {event.number} does not follow event {number}"
        if event.hash != hash_of(event):
            return f"event {event.number} was altered"
        number, previous = event.number, event.hash
    if tail is not None and (number, previous) != (tail.events, tail.hash):
        return f"the ledger ends at event {number}, not at {tail.events}"
    return None


def hash_of(event: Event) -> str:
    """SHA-256 over the line without its own hash, in a form that depends on no library's spacing or order."""
    unhashed = msgspec.structs.replace(event, hash="")
    return hashlib.sha256(msgspec.json.encode(unhashed, order="sorted")).hexdigest()
