"""What a person consents to: cells, their states, and the projection that work is done from.

A cell is purpose × kind × recipient. What is not in the projection was never given. `epoch` moves with every change, so
work that began under an older state can be told apart. Fields and states follow ISO/IEC TS 27560.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from shared.vocabulary import Kind, Purpose

QOLMS = "qolms"
"""The recipient of `Purpose.QOLMS_STORE`: the QOLMS service itself."""


class State(StrEnum):
    """Where a cell stands, by the newest event about it. EXPIRED is also what time alone makes of a live cell."""

    REQUESTED = "requested"
    """Asked for, and nobody has answered yet: an invitation that waits for its relative."""
    GIVEN = "given"
    REFUSED = "refused"
    RECONFIRMED = "reconfirmed"
    """Given again while it was live: under newer words, or for longer."""
    KEPT = "kept"
    """Of an event alone: asked about a live cell anew, the person said no. What they gave goes on as they gave it."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    """Ended by somebody or something else than the person: the recipient left, an authority ended."""
    ERASING = "erasing"
    """Withdrawn, and what is stored is being erased: nothing can be given until that is done."""
    ERASED = "erased"
    FROZEN = "frozen"
    """Of the whole person (the event names no cell): nothing of theirs may be touched, whatever the cells say."""
    THAWED = "thawed"


LIVE = frozenset({State.GIVEN, State.RECONFIRMED})

DECEASED = "deceased"
"""The reason of the one freeze that does not end: nothing can be decided under it, not even an end."""


class Decision(StrEnum):
    """What a person says about one cell."""

    GIVE = "give"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class Method(StrEnum):
    """How an event came about."""

    LINK = "link"
    """Given by linking: the kinds ticked in the app, then allowed at Google, then confirmed in the app."""
    APP = "app"
    """Set in the app's consent screen."""
    PAGE = "page"
    """Set on the consent page."""
    INVITATION = "invitation"
    """An invitation was made, accepted or ended."""
    STAFF = "staff"
    """Entered by staff, on evidence."""
    SYSTEM = "system"
    """What follows from another event."""


class Role(StrEnum):
    """In what role somebody decides."""

    SELF = "self"
    GUARDIAN = "guardian"
    """Parent or other statutory agent of somebody under age."""
    AGENT = "agent"
    """Delegated, within a scope and a time."""
    RELATIVE = "relative"
    """The recipient of a family watch: may end it, and nothing else."""
    STAFF = "staff"
    SYSTEM = "system"


class Giver(msgspec.Struct, frozen=True):
    """Who decided. `authority` names the record of somebody else's right to; `evidence` what it rests on."""

    role: Role = Role.SELF
    authority: str = ""
    evidence: str = ""


class Cell(NamedTuple):
    """What one decision is about."""

    purpose: Purpose
    kind: Kind
    recipient: str

    @property
    def key(self) -> str:
        """The cell's name in documents."""
        return key_of(*self)

    @classmethod
    def of_key(cls, key: str) -> "Cell":
        """The cell that a name in documents speaks of."""
        purpose, kind, recipient = key.split("|", 2)
        return cls(Purpose(purpose), Kind(kind), recipient)


def key_of(purpose: Purpose, kind: Kind, recipient: str) -> str:
    """A cell's name in documents."""
    return purpose + "|" + kind + "|" + recipient


class Change(msgspec.Struct, frozen=True):
    """One decision about one cell. `valid_until` ends it earlier than the purpose's own term would."""

    purpose: Purpose
    kind: Kind
    recipient: str
    decision: Decision
    valid_until: datetime | None = None

    @property
    def cell(self) -> Cell:
        return Cell(self.purpose, self.kind, self.recipient)


class CellState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where one cell stands: its newest event's state, time, number and epoch, and the notice it was decided under.

    `valid_until` None means until withdrawn; `authority_until` is when whoever gave it stops having the right to.
    `declined` is the version of a newer notice under which the person did not want to give it anew: of that nothing
    else follows, and it moves neither time nor number.
    """

    state: State
    at: datetime
    number: int
    epoch: int
    notice: str
    valid_until: datetime | None = None
    authority_until: datetime | None = None
    declined: str = ""

    def as_of(self, at: datetime) -> State:
        """The state with time taken into account."""
        if self.state not in LIVE:
            return self.state
        if self.valid_until is not None and at >= self.valid_until:
            return State.EXPIRED
        if self.authority_until is not None and at >= self.authority_until:
            return State.INVALIDATED
        return self.state


class Consents(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person's consents as of `epoch`, keyed by `Cell.key`. `frozen`: why nothing may be touched; "" otherwise."""

    epoch: int = 0
    cells: dict[str, CellState] = {}
    frozen: str = ""

    def state_of(self, cell: Cell, at: datetime) -> State | None:
        """Where the cell stands at `at`; None where nothing was ever decided."""
        found = self.cells.get(cell.key)
        return found.as_of(at) if found else None

    def for_purpose(self, purpose: Purpose) -> "Consents":
        """Only the cells of one purpose: what documents that serve it alone carry along."""
        prefix = purpose + "|"
        return Consents(
            self.epoch, {key: state for key, state in self.cells.items() if key.startswith(prefix)}, self.frozen
        )


def open_cells(consents: Consents, recipient: str | None = None) -> list[Cell]:
    """The cells, of one recipient or of all, that are asked for, or were given and not ended by an event. Time is left
    out of account: what has expired is still there to be ended."""
    cells = (Cell.of_key(key) for key, state in consents.cells.items() if state.state in LIVE | {State.REQUESTED})
    return [cell for cell in cells if recipient in (None, cell.recipient)]
