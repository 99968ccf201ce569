"""One Google account: its devices, its data streams and sessions, and everything that may happen to them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from infra.local.google import catalogue as c
from infra.local.google.devices import Device, name_device
from infra.local.google.life import Night, Record, Stay
from infra.local.google.points import Point, Scalar, Stream
from infra.local.google.sessions import Session, Sessions
from shared.ids import digest


class Account:
    """A person at Google. Built by `World.account`; all times are aware, points are found by their start in ns."""

    def __init__(self, email: str, name: str, zone: ZoneInfo, seed: str, born_at: dt.datetime) -> None:
        self.email = email
        self.name = name
        self.stay = Stay(zone)
        self.sub = str(10**20 + int(digest("sub", seed, email)[:15], 16))
        self.devices: list[Device] = []
        self.streams: dict[str, Stream] = {}
        self.sessions = Sessions()
        self.refresh_refusal: str | None = None
        self._seed = digest(seed, email)
        self._born_at = born_at
        self._partial: dict[str, list[Point]] = {}

    @property
    def zone(self) -> ZoneInfo:
        """Where the person lives now."""
        return self.stay.zone

    def fly(self, zone: str, takes_off: dt.datetime, lands: dt.datetime) -> None:
        """Up to the take-off life was lived in the zone before, and is lived in `zone` from the landing on, with its
        days and nights; between them nothing is measured."""
        self.live(takes_off)
        self.stay = Stay(ZoneInfo(zone), _ns(lands))

    def add_device(self, device: Device) -> Device:
        """Start using a device; its life begins where the account's history does, or with the last flight."""
        name_device(device, self._seed, len(self.devices))
        device.lived_until = device.lived_until or self._born_at
        device.uploaded_at = device.lived_until
        self.devices.append(device)
        return device

    def live(self, until: dt.datetime) -> int:
        """Let every device measure and upload up to `until`; how many records reached Google."""
        return sum(self._live(device, until) for device in self.devices)

    def _live(self, device: Device, until: dt.datetime) -> int:
        uploaded, before = 0, device.lived_until
        while device.lived_until and device.lived_until < until:
            stop = until
            if device.buffer and device.uploaded_at:
                stop = min(until, max(device.uploaded_at + device.buffer, device.lived_until))
            device.pending += device.measured(self._seed, self.stay, device.lived_until, stop)
            device.lived_until = stop
            due = not device.buffer or (device.uploaded_at and device.uploaded_at + device.buffer <= stop)
            if device.buffer and due:
                device.uploaded_at = stop
            if due and not device.offline:
                uploaded += self._flush(device, stop if device.buffer else None)
        moved = device.lived_until != before
        if (
            moved
            and device.partial_nights
            and not device.offline
            and (part := device.night_at(self._seed, self.stay, until))
        ):
            self._upload(device, [part], None)
        return uploaded

    def upload_late(self, device: Device, at: dt.datetime) -> int:
        """End a device's absence: all it kept arrives now, with its old times; how many records."""
        device.offline = False
        device.uploaded_at = at
        return self._flush(device, at)

    def _flush(self, device: Device, at: dt.datetime | None) -> int:
        pending, device.pending = device.pending, []
        self._upload(device, pending, None if at is None else _ms(at))
        return len(pending)

    def _upload(self, device: Device, records: Iterable[Record | Night], modified_ms: int | None) -> None:
        by_type: dict[str, list[Point]] = {}
        origins: dict[str, str] = {}
        for record in records:
            modified = modified_ms or record.known_ns // 1_000_000
            if isinstance(record, Night):
                by_type.setdefault(record.type_name, []).extend(self._night(device, record, modified))
                continue
            origin = origins.get(record.type_name)
            if origin is None:
                origin = origins[record.type_name] = device.stream_id(record.type_name)
            by_type.setdefault(record.type_name, []).append(
                Point(record.end_ns, record.start_ns, origin, modified, record.values)
            )
        for type_name, points in by_type.items():
            self._put(device.source(type_name), type_name, points, merged=type_name not in device.raw_only)

    def _night(self, device: Device, night: Night, modified_ms: int) -> list[Point]:
        """Write the session (old-style nights have none), drop what a longer night replaces, return what is new."""
        if not night.old_style:
            start_ms, end_ms = night.start_ns // 1_000_000, night.end_ns // 1_000_000
            self.sessions.put(Session(night.id, "睡眠", start_ms, end_ms, modified_ms, package=device.package))
        origin = device.stream_id(night.type_name)
        points = [Point(end, start, origin, modified_ms, (stage,)) for start, end, stage in night.segments()]
        before = {p[:3]: p for p in self._partial.pop(night.id, [])}
        if night.partial:
            self._partial[night.id] = points
        now = {p[:3] for p in points}
        self.delete(night.type_name, [p for key, p in before.items() if key not in now])
        return [p for p in points if p[:3] not in before]

    def enter(
        self,
        type_name: str,
        at: dt.datetime,
        values: Sequence[Scalar],
        now: dt.datetime,
        *,
        until: dt.datetime | None = None,
    ) -> Point:
        """Type a measurement into the Fit app."""
        origin = c.manual_id(type_name)
        point = Point(_ns(until or at), _ns(at), origin, _ms(now), tuple(values))
        self._put(plain_source(origin, type_name), type_name, [point], merged=True)
        return point

    def walk(self, start: dt.datetime, end: dt.datetime, steps: int, now: dt.datetime) -> None:
        """Enter a walk: an activity, from which Google estimates steps that only `estimated_steps` shows."""
        self.enter(c.ACTIVITY, start, (7,), now, until=end)
        origin = f"derived:{c.STEPS}:{c.GMS}:from_activities"
        estimated = self.stream(c.merged_ids(c.STEPS)[1], c.STEPS)
        estimated.put([Point(_ns(end), _ns(start), origin, _ms(now), (steps,))])

    def raw_point(self, stream_id: str, type_name: str, point: Point) -> None:
        """Put a point into one stream exactly as it is, however impossible."""
        self.stream(stream_id, type_name).put([point])

    def find(self, type_name: str, *, start_ns: int | None = None) -> Point:
        """The newest point of a type in its (last) merged stream, or the one that starts at `start_ns`.

        Raises:
            LookupError: there is none.
        """
        for stream in self._merged(type_name):
            for point in reversed(stream.points):
                if start_ns is None or point.start_ns == start_ns:
                    return point
        raise LookupError(f"{self.email} has no such point of {type_name}")

    def correct(self, type_name: str, point: Point, values: Sequence[Scalar], now: dt.datetime) -> Point:
        """Give a point another value, everywhere it is held; identity and times stay."""
        better = point._replace(values=tuple(values), modified_ms=_ms(now), raw="")
        for stream in self._holding(type_name, point):
            stream.put([better])
        return better

    def delete(self, type_name: str, points: Iterable[Point]) -> None:
        """Delete points wherever they are held."""
        for point in points:
            for stream in self._holding(type_name, point):
                stream.remove([point])

    def stream(self, stream_id: str, type_name: str, source: dict[str, object] | None = None) -> Stream:
        """The stream of that id, made where it is new."""
        if stream_id not in self.streams:
            self.streams[stream_id] = Stream(source or plain_source(stream_id, type_name))
        return self.streams[stream_id]

    def _put(self, source: dict[str, object], type_name: str, points: Sequence[Point], *, merged: bool) -> None:
        if not points:
            return
        self.stream(str(source["dataStreamId"]), type_name, source).put(points)
        if merged:
            for stream_id in c.merged_ids(type_name):
                self.stream(stream_id, type_name).put(points)

    def _merged(self, type_name: str) -> list[Stream]:
        return [self.streams[i] for i in reversed(c.merged_ids(type_name)) if i in self.streams]

    def _holding(self, type_name: str, point: Point) -> list[Stream]:
        return [s for s in self.streams.values() if s.type_name == type_name and s.holds(point)]


def plain_source(stream_id: str, type_name: str, fields: Sequence[c.FieldSpec] = ()) -> dict[str, object]:
    """How Google describes a stream that no device writes; `fields` where the catalogue does not know the type."""
    kind, _, package, *rest = stream_id.split(":")
    return {
        "dataStreamId": stream_id,
        "dataStreamName": rest[-1] if rest else "",
        "type": kind,
        "dataType": {"name": type_name, "field": [f.document() for f in fields or c.TYPES[type_name].fields]},
        "application": {"packageName": package},
        "dataQualityStandard": [],
    }


def _ns(at: dt.datetime) -> int:
    return _ms(at) * 1_000_000


def _ms(at: dt.datetime) -> int:
    return round(at.timestamp() * 1000)
