"""Measurements are read by the civil days of the person they are of, and only with the gate's permit."""

import base64
import binascii
import datetime as dt
from bisect import bisect_right
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from shared.consent.gate import Permit
from shared.errors import InvalidInput
from shared.ids import digest
from shared.measurement.civil import Piece, ZoneTimeline, utc_day_of
from shared.measurement.model import Points
from shared.measurement.ports import DayReader, ZoneReader
from shared.measurement.rows import PointRow, row_of
from shared.measurement.summary import DaySummary
from shared.measurement.tally import tally_of
from shared.vocabulary import Kind

MOST_SUMMARY_DAYS = 366
MOST_POINT_DAYS = 31
PAGE_ROWS = 2_000
_TOKEN_CHARS = 256
_INT64 = 1 << 63
_ONE_DAY = dt.timedelta(days=1)

_REACH_DAYS: dict[Kind, tuple[int, int]] = {Kind.STEPS: (2, 0), Kind.SLEEP: (2, 1)}
"""How many UTC days before and after the asked ones can hold what belongs to them: steps or sleep that began up to two
days before, and sleep that goes on after the last day and so belongs to the next."""


class DaySummaries(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The days from `first` to `last` that have points, ascending.

    `zones` are those the days were cut in; `set_aside` counts points of these days that were kept but not believed.
    `salt` is in what is handed on alone: the hash that is kept of it must not tell the values to who tries them.
    """

    kind: Kind
    first: dt.date = msgspec.field(name="from")
    last: dt.date = msgspec.field(name="to")
    zones: tuple[str, ...]
    days: list[DaySummary]
    set_aside: int
    salt: str = ""


class PointsPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points ascending by start, then end; `next_page_token` is None on the last page. `salt` as in `DaySummaries`."""

    kind: Kind
    first: dt.date = msgspec.field(name="from")
    last: dt.date = msgspec.field(name="to")
    zones: tuple[str, ...]
    points: list[PointRow]
    next_page_token: str | None
    salt: str = ""


class Position(NamedTuple):
    """A place in the order of points. `mark` stands for origin and name, so that a URL does not tell them."""

    start_ns: int
    end_ns: int
    mark: str


@dataclass(frozen=True, slots=True)
class Measurements:
    """Reading, as day summaries or point by point.

    Dates are civil dates of the person, both ends included: cut in `zone` (an IANA name) where one is asked for, else
    in the zones the app told. Both acts raise:
        InvalidInput: `query_invalid`: dates out of order, too many, or out of bounds; a page token that is not of this
            question. `zone_unknown`: no such zone. `zone_missing`: none was ever told, and none is asked for.
        Unavailable, Refused: as `DayReader.read_days`.
    """

    days: DayReader
    zones: ZoneReader

    async def day_summaries(
        self, permit: Permit, first: dt.date, last: dt.date, zone: str | None = None
    ) -> DaySummaries:
        """At most 366 days. A step interval over midnight is shared by time; a night counts where it ends."""
        _check_range(first, last, MOST_SUMMARY_DAYS)
        kind, zones = permit.kind, await self._zones_of(permit.uid, zone)
        pieces = zones.pieces_of(first, last)
        tally = tally_of(kind, zones, first, last)
        set_aside = 0
        if pieces:
            before, after = _REACH_DAYS.get(kind, (0, 0))
            since, until = utc_day_of(pieces[0].start_ns), utc_day_of(pieces[-1].end_ns - 1)
            async for day in self.days.read_days(permit, since - before * _ONE_DAY, until + after * _ONE_DAY):
                tally.add(day.points)
                starts = (aside.start_ns for aside in day.set_aside)
                set_aside += sum(start_ns is not None and _holds(pieces, start_ns) for start_ns in starts)
        return DaySummaries(
            kind=kind,
            first=first,
            last=last,
            zones=_zones_within(zones, pieces),
            days=tally.summaries(),
            set_aside=set_aside,
        )

    async def points(
        self,
        permit: Permit,
        first: dt.date,
        last: dt.date,
        zone: str | None = None,
        page_token: str | None = None,
    ) -> PointsPage:
        """At most 31 days, a page of at most 2,000 points; each point once, in the day it starts in.

        The token says how far was read, so what is stored meanwhile neither repeats nor hides other points.
        """
        _check_range(first, last, MOST_POINT_DAYS)
        zones = await self._zones_of(permit.uid, zone)
        asked = permit.uid, permit.purpose, permit.recipient, permit.kind, first.isoformat(), last.isoformat()
        question = digest(*asked, zone or "")[:16]
        reached = _position(page_token, question) if page_token is not None else None
        pieces = zones.pieces_of(first, last)
        rows: list[PointRow] = []
        more = False
        if pieces and (reached is None or reached.start_ns < pieces[-1].end_ns):
            since = utc_day_of(max(pieces[0].start_ns, reached.start_ns if reached else 0))
            until = utc_day_of(pieces[-1].end_ns - 1)
            async with aclosing(self.days.read_days(permit, since, until, growing=True)) as days:
                async for day in days:
                    found = _past(reached, day.points, pieces)
                    here = found[: PAGE_ROWS - len(rows)]
                    rows += [row_of(day.points, place, zones) for _, place in here]
                    reached = here[-1][0] if here else reached
                    more = len(here) < len(found)
                    if more:
                        break
        return PointsPage(
            kind=permit.kind,
            first=first,
            last=last,
            zones=_zones_within(zones, pieces),
            points=rows,
            next_page_token=_token(reached, question) if more and reached else None,
        )

    async def _zones_of(self, uid: str, asked: str | None) -> ZoneTimeline:
        if asked is not None:
            return ZoneTimeline.of(asked)
        told = await self.zones.zones(uid)
        if told is None:
            raise InvalidInput("zone_missing", "zone: tell it once (POST /measurement/zone), or ask for one")
        return told


def _check_range(first: dt.date, last: dt.date, most: int) -> None:
    if last < first:
        raise InvalidInput("query_invalid", "to: before from")
    if (last - first).days >= most:
        raise InvalidInput("query_invalid", f"to: at most {most} days at a time")


def _holds(pieces: list[Piece], instant_ns: int) -> bool:
    at = bisect_right(pieces, instant_ns, key=lambda piece: piece.start_ns) - 1
    return at >= 0 and instant_ns < pieces[at].end_ns


def _zones_within(zones: ZoneTimeline, pieces: list[Piece]) -> tuple[str, ...]:
    return zones.zones_between(pieces[0].start_ns, pieces[-1].end_ns) if pieces else ()


def _past(reached: Position | None, points: Points, pieces: list[Piece]) -> list[tuple[Position, int]]:
    """The points within `pieces` and past `reached`: their positions and places, in order."""
    marks: dict[tuple[str, str], str] = {}
    found = []
    for place, start_ns in enumerate(points.start_ns):
        if not _holds(pieces, start_ns) or (reached and start_ns < reached.start_ns):
            continue
        who = points.origin[place], points.name[place]
        mark = marks.get(who) or marks.setdefault(who, digest(*who)[:16])
        position = Position(start_ns, points.end_ns[place], mark)
        if reached is None or position > reached:
            found.append((position, place))
    return sorted(found)


def _token(reached: Position, question: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((question, *reached))).decode().rstrip("=")


def _position(token: str, question: str) -> Position:
    """Where a page ended. Whoever forges a token only moves within what the same question may read anyway."""
    wrong = InvalidInput("query_invalid", "page_token: not one of ours, or of another question")
    if len(token) > _TOKEN_CHARS:
        raise wrong
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        asked, start_ns, end_ns, mark = msgspec.json.decode(raw, type=tuple[str, int, int, str])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise wrong from None
    if asked != question or not -_INT64 <= start_ns < _INT64:
        raise wrong
    return Position(start_ns, end_ns, mark)
