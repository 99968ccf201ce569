"""When a schedule written in cron fires: five fields of numbers, as the manifest allows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_FURTHEST_DAYS = 366 * 8


class Cron:
    """Minute, hour, day of month, month, day of week (0 and 7 are Sunday), in the civil time of `zone`.

    As in cron, a day fits when either of its two fields fits, where both are restricted. Civil times that a change
    of clocks skips do not fire; those it repeats fire once.
    """

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        fields = expression.split()
        if len(fields) != len(_BOUNDS):
            raise ValueError(f"not five fields: {expression!r}")
        minutes, hours, self._days, self._months, weekdays = (
            _numbers(field, *bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)
        )
        self._times = [time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)]
        self._weekdays = {day % 7 for day in weekdays}
        self._either = not fields[2].startswith("*") and not fields[4].startswith("*")
        self._zone = zone

    def after(self, instant: datetime) -> datetime:
        """The first firing later than `instant`, in UTC.

        Raises:
            ValueError: it never fires.
        """
        first = instant.astimezone(self._zone).date()
        for offset in range(_FURTHEST_DAYS):
            for firing in self._on(first + timedelta(days=offset)):
                if firing > instant:
                    return firing
        raise ValueError("this schedule never fires")

    def _on(self, day: date) -> Iterator[datetime]:
        if day.month not in self._months or not self._fits(day):
            return
        for moment in self._times:
            local = datetime.combine(day, moment, self._zone)
            firing = local.astimezone(UTC)
            if firing.astimezone(self._zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                yield firing

    def _fits(self, day: date) -> bool:
        by_date, by_weekday = day.day in self._days, day.isoweekday() % 7 in self._weekdays
        return by_date or by_weekday if self._either else by_date and by_weekday


def _numbers(field: str, least: int, most: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low = least if span == "*" else int(first)
        high = most if span == "*" or (step and not last) else int(last or first)
        if not least <= low <= high <= most or (step and int(step) < 1):
            raise ValueError(f"{field!r} is outside {least}..{most}")
        found.update(range(low, high + 1, int(step or 1)))
    return found
