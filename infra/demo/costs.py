"""What the functions cost: their log lines, kept in a file and added up while they are written."""

import contextlib
import io
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

_BROKEN_OFF = "ASGI callable returned without"
"""What the server says where the simulated Google breaks off an answer on purpose."""


class FunctionLog(io.TextIOBase):
    """Stands in for standard error while the functions run: lines go to a file, costs into counters."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8")
        self._rest = ""
        self.heard: Callable[[], None] = lambda: None
        self.requests: Counter[str] = Counter()
        self.costs: dict[str, Counter[str]] = defaultdict(Counter)
        self.events: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.syncs: list[Counter[str]] = []

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take the functions' lines instead of standard error."""
        with self._file, contextlib.redirect_stderr(self):
            yield

    def write(self, text: str) -> int:
        """Keep complete lines, and count those that are events."""
        self._file.write(text)
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._take(line)
        return len(text)

    def flush(self) -> None:
        """Nothing waits here but half a line."""
        if not self._file.closed:
            self._file.flush()

    def text(self) -> str:
        """All that was written so far."""
        self.flush()
        return self._path.read_text(encoding="utf-8")

    def _take(self, line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            self.events["not_an_event"] += bool(line.strip()) and not line.startswith(_BROKEN_OFF)
            return
        self.events[said["event"]] += 1
        if said["event"] == "request":
            self._request(said)
        self.heard()

    def _request(self, said: dict[str, Any]) -> None:
        name, cost = said["function"], Counter(said["cost"])
        self.requests[name] += 1
        self.statuses[said["status"]] += 1
        self.costs[name].update(cost)
        if name == "sync_user" and said["status"] == 200 and cost["google_calls"]:
            self.syncs.append(cost)

    def total(self, what: str) -> int:
        """One cost over all functions."""
        return sum(cost[what] for cost in self.costs.values())

    def typical_sync(self) -> dict[str, float]:
        """The median cost of a visit to one person that asked Google anything: mostly one that finds nothing new."""
        names = ("google_calls", "store_reads", "store_writes")
        return {name: median(cost[name] for cost in self.syncs) if self.syncs else 0 for name in names}
