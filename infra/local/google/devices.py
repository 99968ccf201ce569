"""Devices: what each measures, under which stream, and when it uploads."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from infra.local.google import catalogue as c
from infra.local.google.life import HABITS, Day, Night, Record, Stay, night
from shared.ids import digest

DeviceType = Literal["unknown", "phone", "tablet", "watch", "chestStrap", "scale", "headMounted", "smartDisplay"]
_DAY = dt.timedelta(days=1)


@dataclass
class Device:
    """One device of one account. Everything but the last block is how it was bought; the rest is its life so far.

    `habits` names what it measures (`life.HABITS`, and `sleep`, or `sleep_old_style` for activity segments).
    `buffer` keeps what it measured for so long, then uploads it all at once. `offline` keeps it until that ends.
    `partial_nights` uploads a night while it still lasts. `raw_only` types never reach Google's merged streams,
    because a better device of the same person measures them too.
    """

    model: str
    manufacturer: str
    type: DeviceType
    package: str
    habits: tuple[str, ...]
    buffer: dt.timedelta | None = None
    offline: bool = False
    partial_nights: bool = False
    raw_only: frozenset[str] = frozenset()

    uid: str = ""
    lived_until: dt.datetime | None = None
    uploaded_at: dt.datetime | None = None
    pending: list[Record | Night] = field(default_factory=list)
    _days: dict[tuple[dt.date, int], list[Record | Night]] = field(default_factory=dict)

    def stream_id(self, type_name: str) -> str:
        """The stream this device writes `type_name` to."""
        kind, name = _written_as(type_name)
        return f"{kind}:{type_name}:{self.package}:{self.manufacturer}:{self.model}:{self.uid}:{name}"

    def source(self, type_name: str) -> dict[str, object]:
        """That stream as Google describes it."""
        kind, name = _written_as(type_name)
        known = c.TYPES[type_name]
        return {
            "dataStreamId": self.stream_id(type_name),
            "dataStreamName": name,
            "type": kind,
            "dataType": {"name": type_name, "field": [f.document() for f in known.fields]},
            "device": {
                "uid": self.uid,
                "type": self.type,
                "version": "",
                "model": self.model,
                "manufacturer": self.manufacturer,
            },
            "application": {"packageName": self.package, "version": "1", "detailsUrl": ""},
            "dataQualityStandard": [],
        }

    def measured(self, seed: str, stay: Stay, after: dt.datetime, until: dt.datetime) -> list[Record | Night]:
        """All it came to know after one instant and up to another, in order."""
        low, high = _ns(after), _ns(until)
        found: list[Record | Night] = []
        on = after.astimezone(stay.zone).date() - _DAY
        # A day's last bout ends after midnight, and its night begins before.
        while on <= until.astimezone(stay.zone).date() + _DAY:
            found += [r for r in self._day(seed, stay, on) if low < r.known_ns <= high]
            on += _DAY
        return sorted(found, key=lambda r: r.known_ns)

    def night_at(self, seed: str, stay: Stay, at: dt.datetime) -> Night | None:
        """The part of a night in progress that is known by now, its last stage cut off where it stands."""
        now = _ns(at)
        today = at.astimezone(stay.zone).date()
        for on in (today, today + _DAY):
            for r in self._day(seed, stay, on):
                if isinstance(r, Night) and r.start_ns < now < r.end_ns:
                    stages = tuple((a, min(b, now), s) for a, b, s in r.stages if a < now)
                    return replace(r, end_ns=now, stages=stages, known_ns=now, partial=True)
        return None

    def _day(self, seed: str, stay: Stay, on: dt.date) -> list[Record | Night]:
        key = on, stay.since_ns
        if key not in self._days:
            if len(self._days) > 4:
                del self._days[min(self._days)]
            day = Day(on, stay.zone, f"{seed}|{self.uid}")
            self._days[key] = [r for r in self._live(day) if r.start_ns >= stay.since_ns]
        return self._days[key]

    def _live(self, day: Day) -> Iterator[Record | Night]:
        for habit in self.habits:
            if habit == "sleep":
                yield night(day)
            elif habit == "sleep_old_style":
                yield replace(night(day), old_style=True)
            else:
                yield from HABITS[habit](day)


def _written_as(type_name: str) -> tuple[str, str]:
    return ("derived", "derive_step_deltas") if type_name == c.STEPS else ("raw", "from_device")


def _ns(at: dt.datetime) -> int:
    return round(at.timestamp() * 1000) * 1_000_000


def watch(**changes: object) -> Device:
    """A watch worn day and night: heart rate, steps, oxygen, sleep."""
    return _made(
        Device("Lauf Ü 3", "Tokei", "watch", "jp.tokei.wear", ("heart_rate", "steps", "oxygen", "sleep")), changes
    )


def phone(**changes: object) -> Device:
    """A phone that counts the same steps again; Google's merge prefers the watch."""
    made = Device("Nexus 5", "LGE", "phone", c.GMS, ("steps",), raw_only=frozenset({c.STEPS}))
    return _made(made, changes)


def scale(**changes: object) -> Device:
    """A bathroom scale."""
    return _made(Device("Body Scale 2", "Hakari", "scale", "jp.hakari.app", ("weight",)), changes)


def cuff(**changes: object) -> Device:
    """A blood pressure monitor with a thermometer in the same app."""
    made = Device("HEM-7600T", "Omron", "unknown", "jp.co.omron.healthcare", ("blood_pressure", "temperature"))
    return _made(made, changes)


def glucometer(**changes: object) -> Device:
    """A blood glucose meter."""
    return _made(Device("Meter One", "Tou", "unknown", "com.tou.meter", ("glucose",)), changes)


def old_band(**changes: object) -> Device:
    """A band from before sleep segments: it writes nights as activity segments."""
    return _made(Device("Band 1", "Alt", "watch", "com.alt.band", ("sleep_old_style",)), changes)


def every_device() -> list[Device]:
    """One of each that together yield all eight kinds, the old band left out."""
    return [watch(), phone(), scale(), cuff(), glucometer()]


PRESETS = {"watch": watch, "phone": phone, "scale": scale, "cuff": cuff, "glucometer": glucometer, "old_band": old_band}


def _made(device: Device, changes: dict[str, object]) -> Device:
    for name, value in changes.items():
        if not hasattr(device, name):
            raise TypeError(f"a device has no {name}")
        setattr(device, name, value)
    return device


def name_device(device: Device, account_seed: str, position: int) -> None:
    """Give a device its serial number, obfuscated as Google shows it."""
    device.uid = device.uid or digest(account_seed, device.model, str(position))[:8]
