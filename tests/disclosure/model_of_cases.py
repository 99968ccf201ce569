"""The procedure once more, as small as it can be said: what the real desk is held against.

It knows no act, no job and no letter: only where a case and its items stand, and every reason for which something may
be refused. Written from the procedure, not from the code.
"""

import datetime as dt
from dataclasses import dataclass, field

TWO = ("disclosure", "provision_records")
STOPS = ("cease_use", "erasure", "stop_provision")
SURE = ("disclosure", "provision_records", "correction", "erasure")
TELLS = (*TWO, "purpose_notice")
DONE = ("answered", "referred", "withdrawn", "lapsed")
ENDS = ("answered", "lapsed", "unverified", "withdrawn", "referred")
GROUND = {
    "purpose_notice": "purpose_known",
    "disclosure": "harm",
    "provision_records": "harm",
    "correction": "opinion",
    "cease_use": "no_violation",
    "erasure": "no_violation",
    "stop_provision": "no_violation",
}
COSTS = ("purpose_notice", "disclosure")
DAY = dt.timedelta(days=1)


@dataclass
class One:
    """One item."""

    type: str
    step: str = "waiting"
    number: bool = False
    allowed: bool | None = None
    outcome: str = ""
    decider: str = ""
    second: str = ""

    @property
    def gives(self) -> bool:
        return self.outcome in ("full", "partial")


@dataclass
class Kept:
    """One case. `agent`: "" none, "unknown", "proven", "revoked"."""

    stage: str
    items: dict[str, One]
    agent: str = ""
    arrived: dt.date | None = None
    sent: dt.date | None = None
    told: dt.date | None = None
    copied: bool = False
    missing: set[str] = field(default_factory=set)
    photo: bool = False
    matched: bool = False
    account: str = ""
    verifier: str | None = None
    stamps: int = 0
    hold: bool = False
    extended: bool = False
    due: dt.date | None = None
    ended: dt.date | None = None
    until: dt.date | None = None
    signed: list[str] = field(default_factory=list)
    gone: bool = False

    @property
    def over(self) -> bool:
        return self.stage in (*ENDS, "retained", "destroyed")

    @property
    def stopping(self) -> bool:
        """Whether something is provisionally followed."""
        open_ = [one for one in self.items.values() if one.step not in (*DONE, "notifying")]
        return self.stage == "handling" and bool(self.account) and any(one.type in STOPS for one in open_)

    def by_system(self, one: One) -> bool:
        """Whether the system carries it out. No case here says what is to be corrected, so people do that."""
        return bool(self.account) and one.type != "correction"

    def approved(self, one: One) -> bool:
        if one.type not in TWO or not one.gives:
            return True
        return len({one.decider, one.second, self.verifier or ""} - {""}) > 1

    def end(self, today: dt.date, stage: str = "") -> None:
        """Close it where everything in it is done; or as `stage`."""
        steps = {one.step for one in self.items.values()}
        if not stage and not self.over and steps <= set(DONE):
            stage = "answered" if "answered" in steps else "referred" if "referred" in steps else "withdrawn"
        if stage:
            self.stage, self.ended = stage, today
            self.until = (today + DAY).replace(year=(today + DAY).year + 1) - DAY

    def fee(self) -> int:
        return 1000 if any(one.type in COSTS and one.step not in DONE for one in self.items.values()) else 0

    def agency(self, one: One) -> set[str]:
        if not self.agent or one.type == "complaint" or self.agent == "proven":
            return set()
        return {"agency_unproven"} if self.agent == "unknown" else {"agency_over"}

    def identity(self, one: One) -> set[str]:
        if one.step in DONE:
            return set()
        papers = self.agent == "proven" or self.photo
        enough = papers and (self.matched or one.type not in SURE)
        return set() if enough else {"identity_unproven"}

    def take_back(self, names: list[str], today: dt.date) -> None:
        for name in names:
            self.items[name].step = "withdrawn"
        self.end(today)

    def begin(self) -> None:
        self.stage = "handling"
        for one in self.items.values():
            if one.step not in DONE:
                one.step = "scoping"

    def time(self, today: dt.date) -> None:
        """What time alone does."""
        form, mended = self.stage == "form_sent", self.stage == "defect"
        asked = self.sent if form else self.told
        if (form or mended) and asked and today > asked + (90 if form else 30) * DAY:
            self._lapse(today)

    def rest(self, today: dt.date, *, waiting: bool) -> None:
        if self.stage in ENDS and self.ended and today > self.ended + 30 * DAY and not waiting:
            self.stage = "retained"

    def _lapse(self, today: dt.date) -> None:
        for one in self.items.values():
            if one.step not in DONE:
                one.step = "lapsed"
        self.end(today, "lapsed")

    def carry_out(self, today: dt.date, *, held: bool) -> None:
        """What the system does about every item. `held`: a hold stands on a case of the person's."""
        for one in self.items.values():
            if one.step == "collecting":
                one.step = "mynumber_review" if one.number else "collected"
            if one.step == "decided" and self.approved(one):
                blocked = one.gives and (self.agency(one) or (one.type == "erasure" and self.hold))
                if not blocked:
                    one.step = "executing" if one.gives and one.type != "complaint" else "notifying"
            if one.step == "executing" and self.by_system(one) and not (one.type == "erasure" and held):
                one.step = "notifying"
        self.end(today)
