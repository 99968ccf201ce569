"""Somebody of whom everything is held: measurements as they are stored, consents, and records of every category."""

import csv
import datetime as dt
import hashlib
import io
import json
import math
import random
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.cloud.documents import Documents, Expect
from shared.cloud.vault import WRAPPING_KEY, DataKeys
from shared.consent.model import Decision
from shared.disclosure.package.held import ErasureRecords, ProvisionRecords
from shared.disclosure.package.model import Category, Order
from shared.disclosure.package.ports import Record, Records, Sources
from shared.disclosure.package.service import write_package
from shared.erasure.store import ErasureStore
from shared.measurement.model import DAY_NS, FIELDS, SESSION, Day, Points, SetAside, day_start_ns
from shared.measurement.store import MeasurementStore
from shared.measurement.zones import ZoneStore
from shared.papers.typesetting import typeset
from shared.release.provisions import ProvisionStore
from shared.vocabulary import Kind, Language
from tests.consent.receipts import House
from tests.fakes import MemorySecrets, permit_to_store

UID = "hana"
AT = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
WATCH = "raw:com.google.heart_rate.bpm:com.example.watch"
HOUR_NS = DAY_NS // 24
MINUTE_NS = HOUR_NS // 60


def rows_of(kind: Kind, on: dt.date, chance: random.Random, per_day: int) -> list[tuple[Any, ...]]:  # noqa: C901 - a case for each kind
    """A plausible day in UTC of somebody in Japan."""
    start = day_start_ns(on)
    wave = math.sin(on.toordinal() / 58)
    modified = start // 1_000_000 + 86_400_000

    def at(hour: float) -> int:
        return start + int(hour * HOUR_NS)

    def one(begin: int, end: int, *values: Any, name: str = "", origin: str = WATCH) -> tuple[Any, ...]:
        blank = [None] * (len(FIELDS[kind]) - len(values))
        return (begin, end, origin, name, modified, *values, *blank)

    hand = "raw:entered:com.example.app:user_input"
    match kind:
        case Kind.STEPS:
            return [one(at(hour), at(hour + 1), max(0, int(chance.gauss(620 + 120 * wave, 300)))) for hour in range(13)]
        case Kind.HEART_RATE:
            every = DAY_NS // per_day
            return [
                one(start + n * every, start + n * every, float(round(chance.gauss(71 + 4 * wave, 11))))
                for n in range(per_day)
            ]
        case Kind.BLOOD_GLUCOSE:
            return [
                one(at(hour), at(hour), round(chance.gauss(5.6 + meal * 1.6, 0.6), 1), (meal and 4) or 2, None, None, 2)
                for hour, meal in ((22, 0), (0.5, 1), (4.5, 1), (11, 1))
                if on.toordinal() % 3
            ]
        case Kind.BLOOD_PRESSURE:
            return [
                one(
                    at(hour),
                    at(hour),
                    round(chance.gauss(128 + 5 * wave, 7)) * 1.0,
                    round(chance.gauss(81, 5)) * 1.0,
                    2,
                    3,
                )
                for hour in (12.5, 21.5)
                if chance.random() < 0.8
            ]
        case Kind.WEIGHT:
            return [one(at(22), at(22), round(62 + 2 * wave + chance.gauss(0, 0.3), 1), origin=hand)]
        case Kind.BODY_TEMPERATURE:
            return [one(at(22.1), at(22.1), round(chance.gauss(36.4, 0.2), 1), 1)] if chance.random() < 0.6 else []
        case Kind.OXYGEN_SATURATION:
            return [one(at(h), at(h), float(min(100, round(chance.gauss(97, 1.2))))) for h in (16, 18)]
        case Kind.SLEEP:
            begin = at(14.5) + int(chance.gauss(0, 20)) * MINUTE_NS
            rows, t = [], begin
            for stage in (4, 5, 4, 6, 4, 5, 4, 6, 1, 4):
                end = t + int(chance.uniform(25, 55)) * MINUTE_NS
                rows.append(one(t, end, stage))
                t = end
            return [one(begin, t, SESSION, name=f"night-{on}"), *rows]


class Listed:
    """As `ports.Records`: what it was given, the newest first."""

    def __init__(self, fields: Sequence[str], *records: Record) -> None:
        self.fields = fields
        self.records = list(records)

    async def of(self, uid: str, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Record]:
        for record in self.records:
            yield record


@dataclass
class Person:
    """Everything over one SQLite store."""

    house: House
    documents: Documents
    days: MeasurementStore
    records: dict[Category, Records]
    typeset: Any = typeset

    @classmethod
    async def of(cls, documents: Documents, clock: Any) -> "Person":
        keys = DataKeys(documents, MemorySecrets({WRAPPING_KEY: [b"w" * 32]}))
        await keys.ensure(UID)
        house = House(documents, clock)
        records: dict[Category, Records] = {
            Category.PROFILE: Listed(
                ("name", "kana", "born_on", "address", "phone", "mail"),
                Record(
                    "profile",
                    {
                        "name": "髙田 花",
                        "kana": "タカダ ハナ",
                        "born_on": dt.date(1980, 2, 29),
                        "address": "東京都港区芝1-2-3 みなとマンション405号室",
                        "phone": "03-1234-5678",
                        "mail": "hana@example.jp",
                    },
                ),
            ),
            Category.CONNECTIONS: Listed(("provider", "state", "linked_at")),
            Category.PROVISIONS: ProvisionRecords(ProvisionStore(documents)),
            Category.ACCESS: Listed(
                ("at", "who", "role", "what", "why", "case"),
                Record(
                    "a1",
                    {"at": AT, "who": "staff-7", "role": "verifier", "what": "profile", "why": "照合", "case": "KG-1"},
                ),
            ),
            Category.ERASURES: ErasureRecords(ErasureStore(documents)),
            Category.INQUIRIES: Listed(
                ("at", "subject", "text", "answers"),
                Record(
                    "q1",
                    {
                        "at": AT - dt.timedelta(days=9),
                        "subject": "歩数が表示されません",
                        "text": "夫の高田太郎の時計では表示されます。",
                        "answers": [
                            {"at": AT - dt.timedelta(days=8), "by": "窓口 佐藤", "text": "再連携をお試しください。"}
                        ],
                    },
                ),
            ),
        }
        return cls(house, documents, MeasurementStore(documents, keys), records)

    async def store(self, kind: Kind, on: dt.date, rows: Sequence[Any], aside: Sequence[SetAside] = ()) -> None:
        permit, key = permit_to_store(UID, kind), await self.days.key(UID)
        day = Day(on, Points.of_rows(kind, rows), list(aside))
        expect = Expect.ANYTHING
        await self.documents.commit([self.days.write(permit, "google1", key, day, expect)])

    async def live(self, first: dt.date, last: dt.date, kinds: Sequence[Kind] = tuple(Kind), per_day: int = 24) -> None:
        """Store what somebody measures from one UTC day to another, with some days on which they do not."""
        chance = random.Random(7)
        for number in range(first.toordinal(), last.toordinal() + 1):
            on = dt.date.fromordinal(number)
            for kind in kinds:
                if number % 41 >= 4:
                    await self.store(kind, on, rows_of(kind, on, chance, per_day))

    async def decide(self) -> None:
        """Some decisions, one of them about somebody else."""
        await self.house.open_clinic()
        await self.house.decide(Decision.GIVE, *Kind)
        await self.house.decide(Decision.WITHDRAW, Kind.WEIGHT)

    def sources(self, **instead: Any) -> Sources:
        given: dict[str, Any] = {
            "days": self.days,
            "zones": ZoneStore(self.documents),
            "ledger": self.house.ledger,
            "recipients": self.house.recipients,
            "notices": self.house.notices,
            "signer": self.house.signer,
            "public_url": "https://kagamino.example",
            "records": self.records,
            "typeset": self.typeset,
        }
        return Sources(**{**given, **instead})


def order(**instead: Any) -> Order:
    """A request for everything of some days."""
    given: dict[str, Any] = {
        "case": "case1",
        "number": "KG-4F7K-92XA",
        "uid": UID,
        "at": AT,
        "language": Language.JA,
        "first": dt.date(2026, 11, 1),
        "last": dt.date(2026, 11, 22),
        "zone": "Asia/Tokyo",
    }
    return Order(**{**given, **instead})


class Steps:
    """As `ports.Progress`: remembers."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    async def __call__(self, done: int, of: int) -> None:
        self.told.append((done, of))


async def written(what: Order, sources: Sources, progress: Any = None) -> bytes:
    return b"".join([some async for some in write_package(what, sources, progress or Steps())])


async def unpacked(what: Order, sources: Sources) -> dict[str, bytes]:
    """The files of a package, which are what its manifest says."""
    archive = zipfile.ZipFile(io.BytesIO(await written(what, sources)))
    assert archive.testzip() is None
    files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files["manifest.json"])
    told = {one["path"]: (one["sha256"], one["size_bytes"]) for one in manifest["files"]}
    assert told == {
        path: (hashlib.sha256(raw).hexdigest(), len(raw)) for path, raw in files.items() if path != "manifest.json"
    }
    return files


def table(raw: bytes) -> list[list[str]]:
    """The rows of a CSV file, its head included."""
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


async def no_report(template: str, data: object, *, images: Mapping[str, str], **_: object) -> bytes:
    """As `ports.Typeset`: what it was given, as JSON."""
    return json.dumps([data, dict(images)], ensure_ascii=False, default=str).encode()
