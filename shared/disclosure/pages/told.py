"""What happened to a case, in plain words: its stream of the audit log, as far as the reader may know of it."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from shared.audit.model import Entry
from shared.disclosure.pages.words import Words

SYSTEM, PERSON = "system", "data_subject"
UNTOLD = frozenset({"tick", "job_done", "job_delayed"})
"""What only moves the system's own work on."""


class Event(NamedTuple):
    """One thing that happened: `what` is a code, `by` a name, "" for the system's; `item` is a type's code or ""."""

    at: dt.datetime
    what: str
    by: str
    item: str = ""
    stage: str = ""

    def shown(self, w: Words) -> dict[str, Any]:
        """For the template of timelines."""
        return {
            "iso": self.at.isoformat(),
            "at": w.moment(self.at),
            "what": w(f"did.{self.what}"),
            "by": {SYSTEM: w("by_system"), PERSON: w("by_person")}.get(self.by, self.by),
            "note": w(f"type.{self.item}") if self.item else "",
            "stage": w(f"stage.{self.stage}") if self.stage else "",
        }


def events_of(
    entries: Sequence[Entry], seen: Mapping[str, str], hidden: Collection[str], names: Mapping[str, str]
) -> list[Event]:
    """The newest first. `seen` are the types of the items that the reader may know of, by id; what happened to those
    that are `hidden` is left out; `names` are those of staff, by id. A stage stands where it changed."""
    found: list[Event] = []
    before = ""
    for one in entries:
        what, item = one.action.removeprefix("case."), str(one.facts.get("item", ""))
        stage = str(one.facts.get("stage", ""))
        if what in UNTOLD and stage == before:
            continue
        changed, before = (stage if stage != before else ""), stage
        if item and item in hidden:
            continue
        found.append(Event(one.at, what, names.get(one.actor, one.actor), seen.get(item, ""), changed))
    return found[::-1]
