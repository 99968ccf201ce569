"""Consent as a projection of decisions, and the gate: the one function that says whether data may be touched.

A cell is purpose × kind × recipient. What is not in the projection was never given. `epoch` moves with every change,
so work that began under an older state can be told apart.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from shared.vocabulary import Kind, Purpose

QOLMS = "qolms"
"""The recipient of `Purpose.QOLMS_STORE`: the QOLMS service itself."""


class Decision(StrEnum):
    """What a person says about one cell."""

    GIVE = "give"
    WITHDRAW = "withdraw"


class Method(StrEnum):
    """How the decision reached us."""

    LINK = "link"
    """Given by linking: the kinds ticked in the app, then allowed at Google, then confirmed in the app."""
    APP = "app"
    """Set in the app's consent screen."""


class Cell(NamedTuple):
    """What one decision is about."""

    purpose: Purpose
    kind: Kind
    recipient: str

    @property
    def key(self) -> str:
        """The cell's name in documents."""
        return f"{self.purpose}|{self.kind}|{self.recipient}"


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One decision, as the app sends it."""

    purpose: Purpose
    kind: Kind
    recipient: str
    decision: Decision

    @property
    def cell(self) -> Cell:
        return Cell(self.purpose, self.kind, self.recipient)


class CellState(msgspec.Struct, frozen=True):
    """Where one cell stands: the newest decision about it. `valid_until` None means until withdrawn."""

    decision: Decision
    at: datetime
    valid_until: datetime | None = None


class Consents(msgspec.Struct, frozen=True):
    """A person's consents as of `epoch`, keyed by `Cell.key`."""

    epoch: int = 0
    cells: dict[str, CellState] = {}


class Event(msgspec.Struct, frozen=True):
    """One line of the ledger: a decision about one cell, chained to the one before."""

    number: int
    at: datetime
    cell: str
    decision: Decision
    method: Method
    epoch: int
    previous: str
    hash: str


class Verdict(NamedTuple):
    """The gate's answer; `reason` is a code, "" where allowed."""

    allowed: bool
    reason: str = ""


def permits(consents: Consents, purpose: Purpose, kind: Kind, recipient: str, at: datetime) -> Verdict:
    """May this purpose touch this kind for this recipient at this instant? Fails closed.

    Asked when work is queued, before each fetch, and inside the commit, whose precondition on the document that
    `consents` was read from makes the answer hold at the very moment of writing (I3).
    """
    state = consents.cells.get(Cell(purpose, kind, recipient).key)
    if state is None:
        return Verdict(False, "never_given")
    if state.decision is not Decision.GIVE:
        return Verdict(False, "withdrawn")
    if state.valid_until is not None and at >= state.valid_until:
        return Verdict(False, "expired")
    return Verdict(True)


def decide(
    consents: Consents, changes: tuple[Change, ...], *, method: Method, at: datetime, events_so_far: int, previous: str
) -> tuple[Consents, list[Event]]:
    """The state after `changes`, and the ledger lines that record them. All of them move the epoch once."""
    epoch = consents.epoch + 1
    cells = dict(consents.cells)
    events: list[Event] = []
    for change in changes:
        cells[change.cell.key] = CellState(change.decision, at)
        event = Event(
            events_so_far + len(events) + 1, at, change.cell.key, change.decision, method, epoch, previous, ""
        )
        previous = hash_of(event)
        events.append(msgspec.structs.replace(event, hash=previous))
    return Consents(epoch, cells), events


def rebuild(events: list[Event]) -> Consents:
    """The projection, from the ledger alone. Proves that the stored one is what was decided."""
    consents = Consents()
    for event in events:
        cells = {**consents.cells, event.cell: CellState(event.decision, event.at)}
        consents = Consents(event.epoch, cells)
    return consents


def hash_of(event: Event) -> str:
    """SHA-256 over the line without its own hash."""
    unhashed = msgspec.structs.replace(event, hash="")
    return hashlib.sha256(msgspec.json.encode(unhashed, order="sorted")).hexdigest()
