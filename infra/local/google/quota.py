"""Google's limits: calls per user within a minute, calls per project within a day in Pacific time."""

import datetime as dt
from collections import deque
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

_MINUTE = dt.timedelta(minutes=1)
_PACIFIC = ZoneInfo("America/Los_Angeles")

Reason = Literal["userRateLimitExceeded", "dailyLimitExceeded"]


@dataclass
class Quota:
    """The limits (None: without end), and the status they are told with."""

    per_user_per_minute: int | None = 300
    per_project_per_day: int | None = None
    status: Literal[403, 429] = 403
    _recent: dict[str, deque[dt.datetime]] = field(default_factory=dict)
    _day: dt.date | None = None
    _today: int = 0

    def spend(self, sub: str, now: dt.datetime) -> Reason | None:
        """Count one call; why it is refused, or None. Refused calls use up nothing."""
        today = now.astimezone(_PACIFIC).date()
        if today != self._day:
            self._day, self._today = today, 0
        if self.per_project_per_day is not None and self._today >= self.per_project_per_day:
            return "dailyLimitExceeded"
        recent = self._recent.setdefault(sub, deque())
        while recent and now - recent[0] >= _MINUTE:
            recent.popleft()
        if self.per_user_per_minute is not None and len(recent) >= self.per_user_per_minute:
            return "userRateLimitExceeded"
        recent.append(now)
        self._today += 1
        return None
