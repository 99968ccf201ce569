"""What came of it all, in numbers: the shape of summary.json, which says what each key means."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from infra.demo.handing_on import HandedOn
from infra.demo.people import Words
from infra.demo.requested import Requested
from infra.demo.stage import Check
from infra.demo.telling import Told
from shared.vocabulary import Kind

KEYS = {
    "ok": "whether everything in `checks` came true; `make demo` exits with 1 otherwise",
    "source": "`simulated`, or the folder the recorded answers came from",
    "began": "simulated time at which people linked",
    "ended": "simulated time at which everything was read back",
    "backfill_days": "how far the first fetch reaches back",
    "sync_interval_s": "how often each person is fetched, in seconds",
    "people": "one entry per person, with one entry per kind",
    "people.state": "of the link, as the app shows it: active, needs_reauth, revoked or paused",
    "kinds.granted": "whether the person ticked the kind on Google's screen",
    "kinds.points": "points read back over HTTP, one by one",
    "kinds.held_by_google": "points the simulated Google holds in the time fetched; each was compared with its values",
    "kinds.set_aside": "points kept apart because they cannot be true, counted per reason",
    "kinds.newest": "end of the newest point, in the zone the person was in",
    "kinds.complete": "every point is there with its value and none beside it; what was not granted left no trace",
    "kinds.documents": "day documents in the store",
    "kinds.sealed_bytes": "their bytes, compressed and sealed, identities and times included",
    "kinds.bytes_per_sample": "sealed bytes per point",
    "points": "of everybody",
    "sealed_bytes": "of all day documents of everybody",
    "story": "what happened, each with its simulated time",
    "checks": "what had to come true, and what was seen",
    "google_calls": "calls per endpoint, as the simulated Google counted them",
    "requests": "requests per function",
    "store_reads": "documents read, all functions together",
    "store_writes": "documents written",
    "by_function": "every cost that the functions logged, per function",
    "median_sync": "the median visit to one person: calls to Google, store reads, store writes",
    "tasks": "deliveries of the queue; some arrive twice on purpose",
    "seconds": "on this machine, per part",
    "handed_on": "kinds that a hospital was given: readings, points, when it was taken back, the answer since",
    "request": "the case of a request on paper: its days, what was packed and erased, evidence, letters",
    "recordings": "which files of the folder were used, and why the others could not be",
}


@dataclass
class KindSeen:
    """One kind of one person. `days` are its day summaries, for the report only."""

    kind: Kind
    granted: bool
    state: str
    points: int
    held_by_google: int
    set_aside: dict[str, int]
    newest: str
    last_error: str
    complete: bool
    documents: int
    sealed_bytes: int
    days: list[dict[str, Any]] = field(default_factory=list)

    @property
    def bytes_per_sample(self) -> float | None:
        """Sealed bytes per point; None where there are none."""
        return round(self.sealed_bytes / self.points, 2) if self.points else None


@dataclass
class PersonSeen:
    """One person at the end of the story."""

    uid: str
    name: Words
    about: Words
    zone: str
    state: str
    kinds: list[KindSeen]


@dataclass
class Recordings:
    """What a folder of recorded answers was good for."""

    used: list[str]
    unusable: dict[str, str]


@dataclass
class Summary:
    """Everything. See `KEYS`."""

    source: str
    began: str
    ended: str
    backfill_days: int
    sync_interval_s: int
    people: list[PersonSeen]
    checks: list[Check]
    story: list[Told]
    google_calls: dict[str, int]
    requests: dict[str, int]
    by_function: dict[str, dict[str, int]]
    median_sync: dict[str, float]
    tasks: dict[str, int]
    seconds: dict[str, float]
    recordings: Recordings | None = None
    handed_on: list[HandedOn] = field(default_factory=list)
    request: Requested | None = None

    @property
    def ok(self) -> bool:
        """Whether the story is as it should be."""
        return all(check.good for check in self.checks)

    def total(self, what: str) -> int:
        """A cost over all functions."""
        return sum(cost.get(what, 0) for cost in self.by_function.values())

    @property
    def points(self) -> int:
        """All points of everybody."""
        return sum(kind.points for person in self.people for kind in person.kinds)

    @property
    def sealed_bytes(self) -> int:
        """All their bytes."""
        return sum(kind.sealed_bytes for person in self.people for kind in person.kinds)

    def write(self, path: Path) -> None:
        """As JSON, with the meaning of each key first."""
        built = msgspec.to_builtins(self)
        for person, seen in zip(built["people"], self.people, strict=True):
            person["name"], person["about"] = seen.name._asdict(), seen.about._asdict()
            for kind, each in zip(person["kinds"], seen.kinds, strict=True):
                del kind["days"]
                kind["bytes_per_sample"] = each.bytes_per_sample
        for check, looked in zip(built["checks"], self.checks, strict=True):
            check["what"], check["seen"] = looked.what._asdict(), looked.seen._asdict()
        for step, told in zip(built["story"], self.story, strict=True):
            step["what"] = told.what._asdict()
        for step, happened in zip(
            built["request"]["happened"] if self.request else [],
            self.request.happened if self.request else [],
            strict=True,
        ):
            step["what"] = happened.what._asdict()
        totals = {what: self.total(what) for what in ("store_reads", "store_writes")}
        totals |= {"points": self.points, "sealed_bytes": self.sealed_bytes}
        path.write_bytes(
            msgspec.json.format(msgspec.json.encode({"keys": KEYS, "ok": self.ok, **totals, **built}), indent=2)
        )
