"""What a person's body and devices produce, day by day: the same for the same seed, however the time is sliced.

Each habit turns one local day into records. A night belongs to the day on which the person wakes. After a journey the
same date may be lived twice, once in each zone: what follows from it is told apart by the zone.
"""

import datetime as dt
import math
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from infra.local.google import catalogue as c
from infra.local.google.points import Scalar
from shared.ids import digest

_MINUTE_NS = 60_000_000_000
_MS_NS = 1_000_000
_OLD_STYLE = {1: 112, 2: 72, 3: 112, 4: 109, 5: 110, 6: 111}
"""Sleep stages as activities."""


class Record(NamedTuple):
    """One thing a device measured, and when it knew (which is when it could first upload it)."""

    type_name: str
    start_ns: int
    end_ns: int
    values: tuple[Scalar, ...]
    known_ns: int


@dataclass(frozen=True, slots=True)
class Night:
    """One night's sleep. `stages` is empty where the device saw none; each is (start, end, stage)."""

    id: str
    start_ns: int
    end_ns: int
    stages: tuple[tuple[int, int, int], ...]
    known_ns: int
    old_style: bool = False
    partial: bool = False

    @property
    def type_name(self) -> str:
        """The type its stages are written as."""
        return c.ACTIVITY if self.old_style else c.SLEEP

    def segments(self) -> list[tuple[int, int, int]]:
        """(start, end, value) in the numbers of its type; an old-style night always has at least one."""
        if not self.old_style:
            return list(self.stages)
        return [(a, b, _OLD_STYLE[s]) for a, b, s in self.stages or ((self.start_ns, self.end_ns, 2),)]


class Stay(NamedTuple):
    """Where the person lives, and since when (0: from the first day on). What began before was not lived there."""

    zone: ZoneInfo
    since_ns: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of one person, as one of their devices sees it."""

    on: dt.date
    zone: ZoneInfo
    seed: str

    def chance(self, what: str) -> random.Random:
        """Randomness for one purpose on this day, independent of whatever else is drawn."""
        return _chance(self.seed, self.on.isoformat(), what)

    def at(self, hour: float) -> int:
        """The instant `hour` hours after local midnight by the clock on the wall, in nanoseconds."""
        wall = dt.datetime.combine(self.on, dt.time(), self.zone) + dt.timedelta(hours=hour)
        return round(wall.timestamp() * 1000) * _MS_NS

    def person(self, what: str, low: float, high: float) -> float:
        """A trait that stays the same from day to day."""
        return _chance(self.seed.split("|")[0], what).uniform(low, high)


def _chance(*parts: str) -> random.Random:
    # Seeded, since a simulated life has to repeat itself.
    return random.Random(digest(*parts))


def single(value: float) -> float:
    """The nearest 32-bit float, which is what Fit keeps and returns with all its digits."""
    nearest: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return nearest


def sleep_hours(day: Day) -> tuple[float, float]:
    """When the person fell asleep (negative: before midnight) and woke, by the clock of the day they woke on."""
    # Seeded by the person alone, so that two devices see the same night.
    chance = _chance(day.seed.split("|")[0], day.on.isoformat(), "sleep")
    return -chance.uniform(0.2, 1.6) + chance.choice((0, 0, 0, 1.9)), chance.uniform(5.8, 7.9)


def heart_rate(day: Day) -> Iterator[Record]:
    """One reading a minute, off the minute by some milliseconds, lower asleep, with gaps when the watch is off."""
    chance = day.chance("heart_rate")
    resting = day.person("resting", 52, 68)
    asleep, awake = day.at(sleep_hours(day)[0]), day.at(sleep_hours(day)[1])
    off_from = day.at(chance.uniform(18, 21))
    off_to = off_from + round(chance.uniform(20, 50)) * _MINUTE_NS
    bpm, effort = resting, 0.0
    minute, end = day.at(0), day.at(24)
    while minute < end:
        if asleep <= minute < awake:
            target = resting - 6
        else:
            effort = effort * 0.92 + (chance.random() < 0.03) * chance.uniform(10, 55)
            target = resting + 12 + effort
        bpm += (target - bpm) * 0.3 + chance.gauss(0, 1.6)
        at = minute + chance.randrange(0, 1000) * _MS_NS
        if not off_from <= minute < off_to:
            yield Record(c.HEART_RATE, at, at, (float(round(min(190, max(40, bpm)))),), at)
        minute += _MINUTE_NS


def steps(day: Day) -> Iterator[Record]:
    """Bouts of walking, each reported minute by minute."""
    chance = day.chance("steps")
    hour = sleep_hours(day)[1] + chance.uniform(0.2, 0.8)
    while hour < 22:
        at = day.at(hour) + chance.randrange(1000) * _MS_NS
        minutes = chance.choice((2, 3, 5, 8, 15, 30))
        pace = chance.uniform(60, 118)
        for i in range(minutes):
            start = at + i * _MINUTE_NS
            count = max(1, round(chance.gauss(pace, 8)))
            yield Record(c.STEPS, start, start + _MINUTE_NS, (count,), start + _MINUTE_NS)
        hour += minutes / 60 + chance.expovariate(1 / 1.1)


def glucose(day: Day) -> Iterator[Record]:
    """Fasting, and before or after some meals; the trailing enums come and go as devices please."""
    chance = day.chance("glucose")
    level = day.person("glucose", 4.6, 6.4)
    wake = sleep_hours(day)[1]
    plan = [(wake + 0.2, 2, 2, 3, 0.0), (wake + 2.1, 4, 2, 1, 1.9), (12.2, 3, 3, 1, 0.3), (20.6, 4, 4, 1, 2.2)]
    for hour, relation, meal, sleep, rise in plan:
        if chance.random() < 0.2:
            continue
        at = day.at(hour + chance.uniform(-0.2, 0.2))
        value = single(round(level + rise + chance.gauss(0, 0.4), 1))
        shape = chance.randrange(4)
        values: tuple[Scalar, ...] = (value, relation, meal, sleep, 2)
        if shape == 1:
            values = (value, relation, None, None, 2)
        elif shape == 2:
            values = (value, relation, 0, 0, 0)
        elif shape == 3:
            values = (value,)
        yield Record(c.GLUCOSE, at, at, values, at)


def blood_pressure(day: Day) -> Iterator[Record]:
    """Morning and evening, sitting, left upper arm."""
    chance = day.chance("blood_pressure")
    base = day.person("pressure", 108, 142)
    for hour in (sleep_hours(day)[1] + 0.5, 21.3):
        at = day.at(hour + chance.uniform(0, 0.5))
        systolic = round(base + chance.gauss(0, 5))
        yield Record(
            c.PRESSURE, at, at, (float(systolic), float(round(systolic * 0.64 + chance.gauss(0, 3))), 2, 3), at
        )


def weight(day: Day) -> Iterator[Record]:
    """After getting up, most mornings."""
    chance = day.chance("weight")
    if chance.random() < 0.85:
        at = day.at(sleep_hours(day)[1] + chance.uniform(0.1, 0.4))
        drift = math.sin(day.on.toordinal() / 40)
        kg = single(round(day.person("weight", 51, 88) + drift + chance.gauss(0, 0.3), 2))
        yield Record(c.WEIGHT, at, at, (kg,), at)


def temperature(day: Day) -> Iterator[Record]:
    """Once a morning, under the arm or in the ear."""
    chance = day.chance("temperature")
    at = day.at(sleep_hours(day)[1] + chance.uniform(0.1, 1))
    celsius = single(round(36.4 + chance.gauss(0, 0.25), 1))
    yield Record(c.TEMPERATURE, at, at, (celsius, chance.choice((1, 8))), at)


def oxygen(day: Day) -> Iterator[Record]:
    """Every quarter of an hour asleep."""
    chance = day.chance("oxygen")
    asleep, awake = sleep_hours(day)
    at, end = day.at(asleep), day.at(awake)
    while at < end:
        values = (float(round(min(100, chance.gauss(96.4, 1.1)))), 0.0, 0, 1, 1)
        yield Record(c.OXYGEN, at, at, values if chance.random() < 0.7 else values[:1], at)
        at += 15 * _MINUTE_NS + chance.randrange(2000) * _MS_NS


def night(day: Day) -> Night:
    """The night that ends on this day; about one in six without stages."""
    chance = day.chance("night")
    start_hour, end_hour = sleep_hours(day)
    start, end = day.at(start_hour), day.at(end_hour)
    stages: list[tuple[int, int, int]] = []
    at = start
    while at < end:
        stage = chance.choice((4, 4, 5, 6)) if chance.random() > 0.08 else 1
        until = min(end, at + chance.randrange(6 if stage != 1 else 1, 46 if stage != 1 else 9) * _MINUTE_NS)
        if stages and stages[-1][2] == stage:
            stages[-1] = (stages[-1][0], until, stage)
        else:
            stages.append((at, until, stage))
        at = until
    return Night(
        digest(day.seed, day.on.isoformat(), day.zone.key, "night")[:24],
        start,
        end,
        () if chance.random() < 1 / 6 else tuple(stages),
        end,
    )


HABITS: dict[str, Callable[[Day], Iterator[Record]]] = {
    "heart_rate": heart_rate,
    "steps": steps,
    "glucose": glucose,
    "blood_pressure": blood_pressure,
    "weight": weight,
    "temperature": temperature,
    "oxygen": oxygen,
}
"""What a device may measure, by name. `sleep` and `sleep_old_style` are nights and stand apart."""
