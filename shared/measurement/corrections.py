"""What a person had corrected, as rules that are read over what their source says (個人情報保護法 art. 34).

A rule names points by when they start, not by what they say: so it holds for every report of them, whenever it comes.
Rules hold in the order in which they were made, the later over the earlier; none is ever taken back but by another.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from shared.errors import InvalidInput, Refused
from shared.measurement.limits import EARLIEST_NS, LIMITS, LONGEST_NS, REQUIRED, Limit
from shared.measurement.model import (
    CORRECTED,
    FIELDS,
    SESSION,
    Day,
    Number,
    Points,
    Row,
    SetAside,
    day_of,
    is_corrected,
)
from shared.vocabulary import Kind

MOST_RULES = 500
"""How many of one person and kind are kept: some 100 KB, sealed."""
WIDEST_NS = 31 * 86_400_000_000_000
"""What one rule can be about: what was is kept beside what is."""
WIDEST_REPLACEMENT_NS = 86_400_000_000_000
"""One value for more than a day of points is no correction of a fact."""
ORIGIN = f"{CORRECTED}desk"
"""Of points that were added."""
_INTERVALS = (Kind.STEPS, Kind.SLEEP)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Does(StrEnum):
    """What a correction does to the points it names."""

    REPLACE = "replace"
    """訂正: other values, in the fields that are given."""
    ADD = "add"
    """追加: a point that was missing."""
    REMOVE = "remove"
    """削除."""
    RESTORE = "restore"
    """What the source says stands again: how a correction is undone."""


class PointFix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A correction, as people can name it.

    `start` and `end` are aware. To add they are the point's own (no `end`: an instant). Else the points meant are
    those that start from `start` until before `end` (none given: within that second), of one `origin` where it is
    given. `values` are by the names and in the units of `model.FIELDS`; None unsets one. A night is removed, and added
    as it was: sleep to be added is a session (`stage` 0) or a segment.
    """

    kind: Kind
    does: Does
    start: dt.datetime
    end: dt.datetime | None = None
    origin: str = ""
    values: dict[str, float | None] = {}


class CorrectionRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A correction as it is kept. `id` names the case, item and place in it that it comes from.

    Times are nanoseconds since the epoch: of a point to add its own, else points that start within [start_ns, end_ns).
    `names` are the sleep sessions it was found to mean, which keep their name when their times change.
    """

    id: str
    at: dt.datetime
    does: Does
    start_ns: int
    end_ns: int
    origin: str = ""
    names: tuple[str, ...] = ()
    values: dict[str, Number] = {}

    def means(self, row: Row) -> bool:
        """Whether it is about this point."""
        if row[3] and row[3] in self.names:
            return True
        return self.start_ns <= row[0] < self.end_ns and self.origin in ("", source_of(row[2]))

    def reaches(self, kind: Kind, on: dt.date) -> bool:
        """Whether it can be about a point that is stored under a UTC day."""
        return bool(self.names) or day_of(self.start_ns) <= on <= day_of(max(self.end_ns - 1, self.start_ns))


class Touched(msgspec.Struct, frozen=True):
    """What one rule does: the points that it changes, before and after, as `model.Row`."""

    rule: CorrectionRule

    before: list[Row]
    after: list[Row]


def source_of(origin: str) -> str:
    """The stream that a corrected point first came from."""
    return origin.removeprefix(CORRECTED)


def check_fix(fix: PointFix, at: dt.datetime) -> None:
    """Raises InvalidInput `correction_invalid`: there cannot be such a correction; the detail says why."""
    if fix.start.utcoffset() is None or (fix.end is not None and fix.end.utcoffset() is None):
        raise _wrong("start, end: with an offset from UTC")
    start_ns, end_ns = _ns(fix.start), _ns(fix.end or fix.start)
    if not EARLIEST_NS <= start_ns <= end_ns:
        raise _wrong("start, end: in order, and no earlier than 2000")
    if max(fix.start, fix.end or fix.start) > at + dt.timedelta(days=1):
        raise _wrong("start, end: still to come")
    if fix.does is Does.ADD:
        _check_added(fix, start_ns, end_ns, at)
    elif fix.end is not None and not start_ns < end_ns <= start_ns + WIDEST_NS:
        raise _wrong("end: after start, and 31 days at most")
    elif fix.does is Does.REPLACE:
        if not fix.values or end_ns - start_ns > WIDEST_REPLACEMENT_NS:
            raise _wrong("values: at least one, for a day at most")
        _check_values(fix)
    elif fix.values:
        raise _wrong("values: nothing to say here")


def _check_added(fix: PointFix, start_ns: int, end_ns: int, at: dt.datetime) -> None:
    lasts_ns = end_ns - start_ns
    if (lasts_ns > 0) is not (fix.kind in _INTERVALS) or lasts_ns > LONGEST_NS.get(fix.kind, 0):
        raise _wrong("end: an interval of steps or sleep has one, a reading none")
    if (fix.end or fix.start) > at:
        raise _wrong("start, end: still to come")
    if any(fix.values.get(field.name) is None for field in FIELDS[fix.kind][: REQUIRED[fix.kind]]) or fix.origin:
        raise _wrong("values: all that the kind needs, and no origin")
    _check_values(fix)


def _check_values(fix: PointFix) -> None:
    limits = {field.name: (field, limit) for field, limit in zip(FIELDS[fix.kind], _limits(fix), strict=True)}
    needed = {field.name for field in FIELDS[fix.kind][: REQUIRED[fix.kind]]}
    for name, value in fix.values.items():
        if name not in limits or (value is None and name in needed):
            raise _wrong(f"values: {', '.join(limits)}")
        field, limit = limits[name]
        if value is not None and (not limit.least <= value <= limit.most or (field.whole and value != int(value))):
            raise _wrong(f"{name}: no such value can be")


def _limits(fix: PointFix) -> Sequence[Limit]:
    if fix.kind is Kind.SLEEP and fix.does is Does.ADD:
        return (Limit(SESSION, LIMITS[Kind.SLEEP][0].most),)
    return LIMITS[fix.kind]


def rule_of(fix: PointFix, name: str, at: dt.datetime) -> CorrectionRule:
    """The correction as it is kept."""
    whole = {field.name: field.whole for field in FIELDS[fix.kind]}
    least_ns = 0 if fix.does is Does.ADD else 1_000_000_000
    start_ns = _ns(fix.start)
    session = fix.does is Does.ADD and fix.kind is Kind.SLEEP and fix.values.get("stage") == SESSION
    return CorrectionRule(
        id=name,
        at=at,
        does=fix.does,
        start_ns=start_ns,
        end_ns=_ns(fix.end) if fix.end else start_ns + least_ns,
        origin=source_of(fix.origin),
        names=(f"{CORRECTED}{name}",) if session else (),
        values={one: _number(value, whole=whole[one]) for one, value in fix.values.items()},
    )


def bound(rule: CorrectionRule, kind: Kind, days: Iterable[Day], earlier: Sequence[CorrectionRule]) -> CorrectionRule:
    """The rule, with the names of the sleep sessions that it means: of those that are shown, and of those that rules
    before it mean at the same time."""
    if kind is not Kind.SLEEP or rule.does is Does.ADD:
        return rule
    shown = {row[3] for day in days for row in day.points.rows() if row[3] and rule.means(row)}
    hidden = {name for one in earlier if _overlap(one, rule) for name in one.names}
    return msgspec.structs.replace(rule, names=tuple(sorted(shown | hidden)))


def with_rule(rules: Sequence[CorrectionRule], rule: CorrectionRule) -> tuple[CorrectionRule, ...]:
    """The rules with one more. Raises Refused `too_many_corrections`."""
    if len(rules) >= MOST_RULES:
        raise Refused("too_many_corrections", f"{MOST_RULES} are kept of a kind")
    return (*rules, rule)


def corrected(day: Day, rules: Sequence[CorrectionRule]) -> Day:
    """The day as it is read: the source's points, and every rule over them. Without a rule for it, the very day."""
    kind = day.points.kind
    reaching = [rule for rule in rules if rule.reaches(kind, day.on)]
    if not reaching:
        return day
    source = list(day.points.rows())
    rows, aside = source, day.set_aside
    for rule in reaching:
        rows = _applied(rule, kind, day.on, rows, source)
        aside = _aside(rule, aside, day.set_aside)
    if rows == source and aside == day.set_aside:
        return day
    return Day(day.on, Points.of_rows(kind, rows), aside)


def touched(rule: CorrectionRule, days: Iterable[Day], earlier: Sequence[CorrectionRule]) -> Touched:
    """What the rule changes in these days, as the source tells them, over the rules before it.

    Raises Refused `correction_unmatched`: nothing.
    """
    before: list[Row] = []
    after: list[Row] = []
    for day in days:
        was = list(corrected(day, earlier).points.rows())
        now = list(corrected(day, [*earlier, rule]).points.rows())
        before += _without(was, now)
        after += _without(now, was)
    if not before and not after:
        raise Refused("correction_unmatched")
    return Touched(rule, before, after)


def _without(rows: Iterable[Row], others: Iterable[Row]) -> list[Row]:
    left = set(others)
    return [row for row in rows if row not in left]


def days_added_to(rules: Iterable[CorrectionRule], first: dt.date, last: dt.date) -> list[dt.date]:
    """The UTC days of `first`..`last` to which points were added, ascending: there may be nothing else of them."""
    return sorted({on for rule in rules if rule.does is Does.ADD and first <= (on := day_of(rule.start_ns)) <= last})


def _applied(rule: CorrectionRule, kind: Kind, on: dt.date, rows: list[Row], source: list[Row]) -> list[Row]:
    match rule.does:
        case Does.ADD:
            return [*rows, _added(rule, kind)] if day_of(rule.start_ns) == on else rows
        case Does.REPLACE:
            return [_replaced(rule, kind, row) if rule.means(row) else row for row in rows]
        case Does.REMOVE:
            return [row for row in rows if not rule.means(row)]
        case Does.RESTORE:
            return [*(row for row in rows if not rule.means(row)), *(row for row in source if rule.means(row))]


def _added(rule: CorrectionRule, kind: Kind) -> Row:
    values = (rule.values.get(field.name) for field in FIELDS[kind])
    return (rule.start_ns, rule.end_ns, ORIGIN, "".join(rule.names), _ms(rule.at), *values)


def _replaced(rule: CorrectionRule, kind: Kind, row: Row) -> Row:
    """The point with other values. A session of sleep has none: it is its times."""
    start_ns, end_ns, origin, name, _, *values = row
    if name:
        return row
    given = (rule.values.get(field.name, old) for field, old in zip(FIELDS[kind], values, strict=True))
    told = origin if is_corrected(origin) else f"{CORRECTED}{origin}"
    return (start_ns, end_ns, told, name, _ms(rule.at), *given)


def _aside(rule: CorrectionRule, now: list[SetAside], stored: list[SetAside]) -> list[SetAside]:
    """What was set aside may say what is to be said no more."""
    if rule.does not in (Does.REMOVE, Does.RESTORE) or rule.origin:
        return now
    kept = [one for one in now if one.start_ns is None or not rule.start_ns <= one.start_ns < rule.end_ns]
    if rule.does is Does.REMOVE:
        return kept
    return [one for one in stored if one in kept or rule.start_ns <= (one.start_ns or 0) < rule.end_ns]


def _overlap(one: CorrectionRule, other: CorrectionRule) -> bool:
    return one.start_ns < max(other.end_ns, other.start_ns + 1) and other.start_ns < max(one.end_ns, one.start_ns + 1)


def _number(value: float | None, *, whole: bool) -> Number:
    return None if value is None else int(value) if whole else float(value)


def _ns(at: dt.datetime) -> int:
    return (at - _EPOCH) // dt.timedelta(microseconds=1) * 1000


def _ms(at: dt.datetime) -> int:
    return _ns(at) // 1_000_000


def _wrong(detail: str) -> InvalidInput:
    return InvalidInput("correction_invalid", detail)
