"""Sessions (nights, above all), and the two ways to list them: by time, or as changes since a token."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

SLEEP_ACTIVITY = 72
_SLEEP_ACTIVITIES = frozenset({SLEEP_ACTIVITY, 109, 110, 111, 112})
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Session:
    """One session. `raw` is served as it stands instead, where it was recorded from the real Google."""

    id: str
    name: str
    start_ms: int
    end_ms: int
    modified_ms: int
    activity: int = SLEEP_ACTIVITY
    package: str = ""
    description: str = ""
    deleted: bool = False
    raw: dict[str, object] | None = None

    @property
    def is_sleep(self) -> bool:
        """Whether it takes the sleep scope to see it."""
        return self.activity in _SLEEP_ACTIVITIES

    def document(self) -> dict[str, object]:
        """The session as Google writes it."""
        if self.raw is not None:
            return self.raw
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "startTimeMillis": str(self.start_ms),
            "endTimeMillis": str(self.end_ms),
            "modifiedTimeMillis": str(self.modified_ms),
            "application": {"packageName": self.package, "version": "", "detailsUrl": ""},
            "activityType": self.activity,
        }


class SessionChanges(NamedTuple):
    """Sessions as they are now that changed since a position, deleted ones apart, and the position behind them."""

    live: list[Session]
    deleted: list[Session]
    position: int


class Sessions:
    """All sessions of one account, and the order in which they changed."""

    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}
        self._log: list[str] = []

    def __len__(self) -> int:
        return sum(not s.deleted for s in self._by_id.values())

    def all(self) -> Sequence[Session]:
        """Those not deleted, by start."""
        return sorted((s for s in self._by_id.values() if not s.deleted), key=lambda s: (s.start_ms, s.id))

    def put(self, session: Session) -> None:
        """Insert, or replace the one of the same id."""
        self._by_id[session.id] = session
        self._log.append(session.id)

    def delete(self, session_id: str, at_ms: int) -> None:
        """Leave a tombstone.

        Raises:
            KeyError: there is no such session.
        """
        self.put(replace(self._by_id[session_id], deleted=True, modified_ms=at_ms))

    def between(self, start_ms: int | None, end_ms: int | None) -> list[Session]:
        """Sessions that start before the end and end after the start, up to one day past the end."""
        return [
            s
            for s in self.all()
            if (start_ms is None or s.end_ms > start_ms)
            and (end_ms is None or (s.start_ms < end_ms and s.end_ms <= end_ms + _DAY_MS))
        ]

    def since(self, position: int | None, now_ms: int) -> SessionChanges:
        """What changed behind `position`; without one, what was modified in the last 30 days."""
        if position is None:
            ids = [i for i, s in self._by_id.items() if s.modified_ms >= now_ms - 30 * _DAY_MS]
        else:
            ids = list(dict.fromkeys(self._log[position:]))
        changed = sorted((self._by_id[i] for i in ids), key=lambda s: (s.start_ms, s.id))
        return SessionChanges([s for s in changed if not s.deleted], [s for s in changed if s.deleted], len(self._log))
