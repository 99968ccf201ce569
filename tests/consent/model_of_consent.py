"""The rules of consent once more, as small as they can be said: what the real ones are held against."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shared.consent.model import QOLMS, Cell, Decision
from shared.vocabulary import Kind, Purpose
from tests.policy.written import LATER_AT

KINDS = (Kind.WEIGHT, Kind.STEPS, Kind.HEART_RATE)
BORN_ON = dt.date(2012, 1, 10)
OF_AGE_AT = dt.datetime(2027, 1, 9, 15, tzinfo=dt.UTC)  # fifteen years later, at midnight in Tokyo
LIVE = ("given", "reconfirmed")
DEATH = "deceased"


class No(Exception):
    """The code of the refusal that is expected."""


class Wish(NamedTuple):
    """One change that somebody asks for. `days`: how long what is given shall last; None: as the notice says."""

    cell: Cell
    decision: Decision
    days: int | None = None


@dataclass
class Model:
    """One person. `cells`: state, end, end of the guardian's right, whether the guardian gave it."""

    cells: dict[Cell, tuple[str, Any, Any, bool]] = field(default_factory=dict)
    epoch: int = 0
    frozen: str = ""
    born: bool = False
    guardian: str = ""
    """none "", "active", "ended"."""
    linked: bool = False

    def state(self, cell: Cell, at: dt.datetime) -> str:
        state, until, right_until, _ = self.cells.get(cell, ("", None, None, False))
        if state in LIVE and until is not None and at >= until:
            return "expired"
        if state in LIVE and right_until is not None and at >= right_until:
            return "invalidated"
        return state

    def allowed(self, cell: Cell, at: dt.datetime) -> bool:
        going = self.state(storing(cell.kind), at) == "erasing"
        return not self.frozen and not going and self.state(cell, at) in LIVE

    def fetched(self, at: dt.datetime) -> list[Kind]:
        return [kind for kind in KINDS if self.linked and self.allowed(storing(kind), at)]

    def under_age(self, at: dt.datetime) -> bool:
        return self.born and at < OF_AGE_AT

    # -------------------------------------------------------------- what may be done, and what comes of it

    def decide(
        self, wishes: Iterable[Wish], at: dt.datetime, *, words: str, if_epoch: int | None, guardian: bool = False
    ) -> None:
        """`words`: the version that giving names."""
        wishes = list(wishes)
        gives = [wish for wish in wishes if wish.decision is Decision.GIVE]
        if guardian and (self.guardian != "active" or not self.under_age(at)):
            raise No("authority_invalid")
        if gives and words != ("later" if at >= LATER_AT else "first"):
            raise No("notice_not_in_force")
        for wish in gives:
            if not possible(wish.cell, at):
                raise No("decision_impossible")
        if if_epoch is not None and if_epoch != self.epoch:
            raise No("consent_stale")
        self.check(gives, at, guardian=guardian)
        new = {}
        for wish in wishes:
            live, erasing = self.state(wish.cell, at) in LIVE, self.state(wish.cell, at) == "erasing"
            if wish.decision is Decision.GIVE:
                until = at + dt.timedelta(days=wish.days) if wish.days is not None else None
                term = at + dt.timedelta(days=30) if wish.cell.purpose is Purpose.ENTRUSTED else None
                ends = min((one for one in (until, term) if one is not None), default=None)
                state = "reconfirmed" if live else "given"
                new[wish.cell] = (state, ends, OF_AGE_AT if guardian else None, guardian)
            else:
                refused = "refused" if wish.decision is Decision.REFUSE else "withdrawn"
                new[wish.cell] = ("erasing" if erasing else refused, None, None, False)
            if live and wish.decision is Decision.REFUSE:
                new[wish.cell] = self.cells[wish.cell] if if_epoch is not None else ("withdrawn", None, None, False)
        self.record(new, at)

    def check(self, gives: list[Wish], at: dt.datetime, *, guardian: bool = False) -> None:
        if any(self.state(wish.cell, at) == "erasing" for wish in gives):
            raise No("erasure_under_way")
        if self.frozen == DEATH or (self.frozen and gives):
            raise No("consent_frozen")
        if guardian and not self.under_age(at):
            raise No("authority_invalid")
        if not guardian and gives and self.under_age(at):
            raise No("guardian_needed")

    def withdraw_all(self, at: dt.datetime) -> None:
        live = [cell for cell in self.cells if self.state(cell, at) in LIVE]
        if not live:
            raise No("nothing_given")
        self.end(live, "withdrawn", at)

    def end(self, cells: Iterable[Cell], state: str, at: dt.datetime) -> None:
        self.record(dict.fromkeys(cells, (state, None, None, False)), at)

    def record(self, new: dict[Cell, tuple[str, Any, Any, bool]], at: dt.datetime, frozen: str | None = None) -> None:
        """One decision: its cells change, the epoch moves once, and a link for which no purpose remains ends."""
        self.cells |= new
        if new or frozen is not None:
            self.epoch += 1
        if frozen is not None:
            self.frozen = frozen
        if self.purposeless(at):
            self.linked = False

    def purposeless(self, at: dt.datetime) -> bool:
        """Whether there is a link for which no purpose remains."""
        return self.linked and self.frozen in ("", DEATH) and not self.fetched(at)

    def register_guardian(self, at: dt.datetime) -> None:
        if self.frozen == DEATH:
            raise No("consent_frozen")
        if at >= OF_AGE_AT:
            raise No("registration_invalid")
        news = not self.born
        self.born, self.guardian = True, "active"
        self.end(self.open() if news else [], "invalidated", at)

    def end_guardian(self, at: dt.datetime) -> None:
        if self.guardian != "active":
            return
        self.guardian = "ended"
        self.end([cell for cell in self.open() if self.cells[cell][3]], "invalidated", at)

    def open(self) -> list[Cell]:
        return [cell for cell, (state, *_) in self.cells.items() if state in LIVE]

    def die(self, at: dt.datetime) -> None:
        if self.frozen == DEATH:
            return
        self.guardian = "ended" if self.guardian else ""
        self.record(dict.fromkeys(self.open(), ("invalidated", None, None, False)), at, DEATH)

    def link(self, at: dt.datetime) -> None:
        new = [storing(kind) for kind in KINDS if self.state(storing(kind), at) not in LIVE]
        self.check([Wish(cell, Decision.GIVE) for cell in new], at)
        self.linked = True
        self.record(dict.fromkeys(new, ("given", None, None, False)), at)

    def erase(self, kinds: list[Kind], at: dt.datetime) -> None:
        """None of `kinds`: everything."""
        cells = [storing(kind) for kind in kinds or Kind]
        stands = [self.state(cell, at) for cell in cells]
        if self.frozen == DEATH:
            raise No("consent_frozen")
        if "erasing" in stands:
            raise No("erasure_under_way")
        anything = not kinds and any(self.state(cell, at) in LIVE for cell in self.cells)
        if anything or any(state in LIVE for state in stands):
            raise No("withdraw_first")
        self.end(cells, "erasing", at)

    def erased(self, kinds: list[Kind], at: dt.datetime) -> None:
        self.end([storing(kind) for kind in kinds if self.state(storing(kind), at) == "erasing"], "erased", at)


def storing(kind: Kind) -> Cell:
    return Cell(Purpose.QOLMS_STORE, kind, QOLMS)


def possible(cell: Cell, at: dt.datetime) -> bool:
    """What the notices of `tests.policy.written` let be given."""
    if cell.purpose is Purpose.ENTRUSTED:
        return at >= LATER_AT and cell.kind in (Kind.STEPS, Kind.WEIGHT)
    if cell.purpose is Purpose.HEALTH_GUIDANCE:
        return at < LATER_AT or cell.kind is Kind.WEIGHT
    return True
