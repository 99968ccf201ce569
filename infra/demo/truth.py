"""What the simulated Google holds, told by Google's own records, against what the app reads back."""

import datetime as dt
import json
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from infra.demo.phone import Row
from infra.local.google import Account
from infra.local.google import catalogue as c
from infra.local.google.points import Point, Scalar, Stream
from shared.measurement.model import FIELDS, SESSION
from shared.measurement.rows import Coded
from shared.vocabulary import Kind

TYPES = {
    Kind.STEPS: c.STEPS,
    Kind.BLOOD_GLUCOSE: c.GLUCOSE,
    Kind.BLOOD_PRESSURE: c.PRESSURE,
    Kind.WEIGHT: c.WEIGHT,
    Kind.HEART_RATE: c.HEART_RATE,
    Kind.BODY_TEMPERATURE: c.TEMPERATURE,
    Kind.OXYGEN_SATURATION: c.OXYGEN,
    Kind.SLEEP: c.SLEEP,
}
STAGE_OF_ACTIVITY = {72: 2, 109: 4, 110: 5, 111: 6, 112: 1}
"""Old-style nights are activities; these are the stages they mean (facts of Google Fit, see google_fit.mapping)."""

Fact: TypeAlias = tuple[int, int, str, tuple[Scalar, ...]]
"""Start and end in nanoseconds, origin, values; trailing unset values are left out."""


@dataclass
class Compared:
    """One kind of one person, point by point. `missing` and `extra` are the starts of what differs."""

    held: int = 0
    read: int = 0
    missing: list[int] = field(default_factory=list)
    extra: list[int] = field(default_factory=list)
    newest: str = ""

    def complete(self, set_aside: Iterable[int | None]) -> bool:
        """Whether every point is there as Google holds it, but for those known to have been set aside."""
        return not self.extra and self.missing == sorted(at for at in set_aside if at is not None)


async def compare(held: Iterable[Fact], read: AsyncIterable[Row], kind: Kind) -> Compared:
    """Read everything back, and set it against what Google holds."""
    waiting: dict[Fact, int] = {}
    found = Compared()
    for fact in held:
        waiting[fact] = waiting.get(fact, 0) + 1
        found.held += 1
    instant = _instants()
    newest_ns = -1
    async for row in read:
        fact = _fact(row, kind, instant)
        found.read += 1
        if fact[1] >= newest_ns:
            newest_ns, found.newest = fact[1], row.end
        left = waiting.pop(fact, 0)
        if not left:
            found.extra.append(fact[0])
        elif left > 1:
            waiting[fact] = left - 1
    found.missing = sorted(fact[0] for fact, left in waiting.items() for _ in range(left))
    return found


def held_by(account: Account, kind: Kind, since_ns: int) -> Iterator[Fact]:
    """Everything of a kind that Google would show as the person's, which starts at `since_ns` or later."""
    for stream in _streams(account, TYPES[kind]) or (_streams(account, c.ACTIVITY) if kind is Kind.SLEEP else []):
        old_style = stream.type_name == c.ACTIVITY
        for point in stream.points:
            values = _values(point)
            if old_style:
                if values[:1] and values[0] not in STAGE_OF_ACTIVITY:
                    continue
                values = tuple(STAGE_OF_ACTIVITY[int(value or 0)] for value in values)
            if point.start_ns >= since_ns:
                yield point.start_ns, point.end_ns, point.origin or stream.id, _set(kind, values)
    if kind is Kind.SLEEP:
        for session in account.sessions.all():
            if session.start_ms * 1_000_000 >= since_ns and session.is_sleep:
                yield session.start_ms * 1_000_000, session.end_ms * 1_000_000, session.package, (SESSION,)


def oldest_and_newest(account: Account) -> tuple[int, int] | None:
    """The first start and the last end among the person's points of our kinds; None where there are none."""
    facts = [fact for kind in Kind for fact in held_by(account, kind, 0)]
    return (min(fact[0] for fact in facts), max(fact[1] for fact in facts)) if facts else None


def _streams(account: Account, type_name: str) -> list[Stream]:
    """Google's own merged stream (the one the Fit app shows first), else whatever devices wrote."""
    merged = [account.streams[i] for i in reversed(c.merged_ids(type_name)) if i in account.streams]
    if merged:
        return merged[:1]
    return [s for s in account.streams.values() if s.type_name == type_name and s.id.startswith("raw:")]


def _values(point: Point) -> tuple[Scalar, ...]:
    if not point.raw:
        return point.values
    told = json.loads(point.raw).get("value", [])
    return tuple(one.get("fpVal", one.get("intVal")) for one in told)


def _set(kind: Kind, values: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    """The values as numbers; an enum's 0 is Google's word for unset, and what is unset at the end says nothing."""
    enums = [f.whole and kind not in (Kind.STEPS, Kind.SLEEP) for f in FIELDS[kind]]
    told = [None if enum and not value else value for enum, value in zip(enums, values, strict=False)]
    while told and told[-1] is None:
        told.pop()
    return tuple(told)


def _fact(row: Row, kind: Kind, instant: Callable[[str], int]) -> Fact:
    values = [row.values.get(f.name) for f in FIELDS[kind]]
    while values and values[-1] is None:
        values.pop()
    numbers = tuple(value.number if isinstance(value, Coded) else value for value in values)
    return instant(row.start), instant(row.end), row.origin, numbers


def _instants() -> Callable[[str], int]:
    """RFC 3339 to nanoseconds, quick where one minute follows another."""
    minutes: dict[str, int] = {}

    def instant(text: str) -> int:
        minute, offset = text[:16], text[-6:] if text[-1] != "Z" else "Z"
        start_ns = minutes.get(minute + offset)
        if start_ns is None:
            at = dt.datetime.fromisoformat(f"{minute}:00{offset}")
            start_ns = minutes[minute + offset] = int(at.timestamp()) * 1_000_000_000
        seconds, _, fraction = text[17 : len(text) - len(offset)].partition(".")
        return start_ns + int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0") or 0)

    return instant
