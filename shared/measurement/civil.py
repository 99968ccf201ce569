"""Which civil day an instant belongs to, for a person who moves between zones.

Points carry instants only. The app tells the person's zone and every later change of it; days are cut from that when
measurements are read, so a zone told late moves points between days without touching what is stored. All arithmetic
is on whole nanoseconds since the epoch. Source of the rules: the IANA time zone database, through `zoneinfo`.
"""

import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.errors import InvalidInput

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
MOST_CHANGES = 500
EARLIEST, LATEST = dt.date(1970, 1, 2), dt.date(2199, 12, 31)
"""Civil dates that can be asked about: inside what 64-bit nanoseconds can say."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_DAY = _EPOCH.date().toordinal()
_NAME = re.compile(r"(?!posix|right|localtime|Factory)[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_FARTHEST_OFFSET_NS = DAY_NS
"""Every offset is under a day either way (`datetime.tzinfo.utcoffset`)."""


class ZoneChange(NamedTuple):
    """From `since` (aware) on, the person's days are those of `zone` (an IANA name)."""

    since: dt.datetime
    zone: str


class Piece(NamedTuple):
    """The instants [start_ns, end_ns), all of which bear the civil date `on`."""

    start_ns: int
    end_ns: int
    on: dt.date


@dataclass(frozen=True, slots=True)
class ZoneTimeline:
    """A person's zones over time; the first reaches back for ever, the last on for ever.

    `changes` may be given in any order and are kept ascending, in UTC; of two with the same `since` the later given
    stands.

    Raises:
        InvalidInput: `zone_unknown`; `body_invalid`: a `since` without offset or beyond 1970..2199, no change at
            all, or more than 500.
    """

    changes: tuple[ZoneChange, ...]

    def __post_init__(self) -> None:
        told = {_utc(since): _known(zone) for since, zone in self.changes}
        if not 1 <= len(told) <= MOST_CHANGES:
            raise InvalidInput("body_invalid", f"zone: between 1 and {MOST_CHANGES} zone changes can be kept")
        object.__setattr__(self, "changes", tuple(ZoneChange(since, told[since]) for since in sorted(told)))

    @classmethod
    def of(cls, zone: str) -> "ZoneTimeline":
        """One zone, always."""
        return cls((ZoneChange(_EPOCH, zone),))

    def add(self, since: dt.datetime, zone: str) -> "ZoneTimeline":
        """The timeline with one more change, whenever it is told; the same `since` replaces. Raises as above.

        Where that would be more than can be kept, changes that say what was so already go first: an app may tell its
        zone each time it starts.
        """
        told = (*self.changes, ZoneChange(since, zone))
        return ZoneTimeline(told if len(told) <= MOST_CHANGES else _moves(told))

    def zone_at(self, instant_ns: int) -> str:
        """The IANA name in force at an instant."""
        at = bisect_right(self.changes, instant_ns, key=lambda change: _ns(change.since))
        return self.changes[max(at - 1, 0)].zone

    def zones_between(self, start_ns: int, end_ns: int) -> tuple[str, ...]:
        """The zones in force during [start_ns, end_ns), each once, in order of first use."""
        return tuple(dict.fromkeys(zone for _, _, zone in self._stays(start_ns, end_ns)))

    def civil_day_of(self, instant_ns: int) -> dt.date:
        """The one civil date an instant bears."""
        return _local(instant_ns, ZoneInfo(self.zone_at(instant_ns))).date()

    def written(self, instant_ns: int) -> str:
        """RFC 3339 with the person's own offset; nothing below the second is lost, and no zeros are added.

        Offsets that RFC 3339 cannot say (with seconds: none since 1972) are written in UTC.
        """
        local = _local(instant_ns, ZoneInfo(self.zone_at(instant_ns)))
        if _offset_ns(local) % (60 * SECOND_NS):
            local = local.astimezone(dt.UTC)
        text = local.isoformat()
        fraction = instant_ns % SECOND_NS
        return text if not fraction else f"{text[:19]}.{fraction:09d}".rstrip("0") + text[19:]

    def pieces(self, start_ns: int, end_ns: int) -> list[Piece]:
        """[start_ns, end_ns) cut where the civil date changes: ascending, without gap or overlap.

        Neighbours differ in date, but a date may come twice (a traveller across the date line, a clock set back
        over midnight) or never (a traveller the other way; a country that moves across the line).
        """
        found: list[Piece] = []
        for stay_start, stay_end, zone in self._stays(start_ns, end_ns):
            for piece in _days(stay_start, stay_end, ZoneInfo(zone)):
                joins = bool(found) and found[-1].on == piece.on
                found.append(Piece(found.pop().start_ns, piece.end_ns, piece.on) if joins else piece)
        return found

    def pieces_of(self, first: dt.date, last: dt.date) -> list[Piece]:
        """Every piece of time that bears a civil date of `first`..`last`, both included, ascending.

        Raises:
            InvalidInput: `query_invalid`: outside 1970-01-02..2199-12-31.
        """
        start_ns = _midnight_ns(first) - _FARTHEST_OFFSET_NS
        end_ns = _midnight_ns(last) + DAY_NS + _FARTHEST_OFFSET_NS
        return [piece for piece in self.pieces(start_ns, end_ns) if first <= piece.on <= last]

    def span_of(self, civil_day: dt.date) -> list[tuple[int, int]]:
        """The ranges [start_ns, end_ns) that bear this date: mostly one, of 23 to 25 hours; none if it was skipped."""
        return [(piece.start_ns, piece.end_ns) for piece in self.pieces_of(civil_day, civil_day)]

    def utc_days_covering(self, first: dt.date, last: dt.date) -> list[dt.date]:
        """The UTC days that hold some instant of the civil dates `first`..`last`, ascending; none if all skipped."""
        days = {
            dt.date.fromordinal(day)
            for piece in self.pieces_of(first, last)
            for day in range(_day_number(piece.start_ns), _day_number(piece.end_ns - 1) + 1)
        }
        return sorted(days)

    def _stays(self, start_ns: int, end_ns: int) -> Iterator[tuple[int, int, str]]:
        """[start_ns, end_ns) cut where the person's zone changes."""
        nexts = [_ns(change.since) for change in self.changes[1:]]
        for change, begins, ends in zip(self.changes, [start_ns, *nexts], [*nexts, end_ns], strict=True):
            if max(begins, start_ns) < min(ends, end_ns):
                yield max(begins, start_ns), min(ends, end_ns), change.zone


def _moves(told: Iterable[ZoneChange]) -> tuple[ZoneChange, ...]:
    """The changes that change something; the first is one."""
    moves: list[ZoneChange] = []
    for since, zone in sorted({_utc(since): zone for since, zone in told}.items()):
        if not moves or moves[-1].zone != zone:
            moves.append(ZoneChange(since, zone))
    return tuple(moves)


def utc_day_of(instant_ns: int) -> dt.date:
    """The UTC day an instant lies in: the day document it is stored in."""
    return dt.date.fromordinal(_day_number(instant_ns))


def _days(start_ns: int, end_ns: int, zone: ZoneInfo) -> Iterator[Piece]:
    for since_ns, until_ns, offset_ns in _constant(start_ns, end_ns, zone):
        first, last = (since_ns + offset_ns) // DAY_NS, (until_ns - 1 + offset_ns) // DAY_NS
        for day in range(first, last + 1):
            midnight_ns = day * DAY_NS - offset_ns
            on = dt.date.fromordinal(_EPOCH_DAY + day)
            yield Piece(max(midnight_ns, since_ns), min(midnight_ns + DAY_NS, until_ns), on)


def _constant(start_ns: int, end_ns: int, zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """[start_ns, end_ns) cut at the zone's transitions, with the offset in each part.

    `zoneinfo` does not tell its transitions, so they are bracketed by asking once a day and then halved down to the
    second. Since 1970 no two transitions of any zone lie closer than 166 hours (tzdata 2026f), so none is missed.
    """
    begins, offset_ns, at = start_ns, _offset_at(start_ns, zone), start_ns
    while at < end_ns:
        ahead = min(at + DAY_NS, end_ns)
        if _offset_at(ahead, zone) != offset_ns:
            turn = _transition(at, ahead, zone)
            if turn < end_ns:
                yield begins, turn, offset_ns
                begins, offset_ns = turn, _offset_at(turn, zone)
        at = ahead
    if begins < end_ns:
        yield begins, end_ns, offset_ns


def _transition(before_ns: int, after_ns: int, zone: ZoneInfo) -> int:
    """The whole second at which the offset stops being what it is at `before_ns`."""
    old = _offset_at(before_ns, zone)
    low, high = before_ns // SECOND_NS, -(-after_ns // SECOND_NS)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_at(middle * SECOND_NS, zone) == old:
            low = middle
        else:
            high = middle
    return high * SECOND_NS


def _offset_at(instant_ns: int, zone: ZoneInfo) -> int:
    return _offset_ns(_local(instant_ns, zone))


def _offset_ns(local: dt.datetime) -> int:
    offset = local.utcoffset() or dt.timedelta(0)
    return (offset.days * 86_400 + offset.seconds) * SECOND_NS


def _local(instant_ns: int, zone: ZoneInfo) -> dt.datetime:
    """The wall clock at an instant, to the second."""
    return dt.datetime.fromtimestamp(instant_ns // SECOND_NS, zone)


def _ns(instant: dt.datetime) -> int:
    return (instant - _EPOCH) // dt.timedelta(microseconds=1) * 1000


def _day_number(instant_ns: int) -> int:
    return _EPOCH_DAY + instant_ns // DAY_NS


def _midnight_ns(day: dt.date) -> int:
    if not EARLIEST <= day <= LATEST:
        raise InvalidInput("query_invalid", f"dates from {EARLIEST} to {LATEST} can be asked about")
    return (day.toordinal() - _EPOCH_DAY) * DAY_NS


def _utc(since: dt.datetime) -> dt.datetime:
    if since.tzinfo is None or since.utcoffset() is None:
        raise InvalidInput("body_invalid", "since: the moment of a zone change needs an offset from UTC")
    try:
        at = since.astimezone(dt.UTC)
    except OverflowError:  # the first and the last hours of the calendar
        at = None
    if at is None or not EARLIEST.year <= at.year <= LATEST.year:
        raise InvalidInput("body_invalid", f"since: between {EARLIEST.year} and {LATEST.year}")
    return at


def _known(zone: str) -> str:
    if len(zone) <= 64 and _NAME.fullmatch(zone):
        try:
            return ZoneInfo(zone).key
        except (KeyError, ValueError, OSError):
            pass  # zoneinfo's ways to say "no such file", "not a zone file" and "a folder"
    raise InvalidInput("zone_unknown", "zone is not the name of a time zone in the IANA database")
