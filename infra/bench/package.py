"""A person's package of five years and 1.5 million samples: memory, seconds, and whether others get their turn.

It is made in a process of its own, `python -m infra.bench.package DOCUMENTS`, and so is its memory.
"""

import asyncio
import datetime as dt
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

from infra.bench.people import FixedSecrets
from infra.bench.targets import Part, Target, say, spread
from infra.manifest import ROOT
from shared.cloud.documents import Data, Documents, Expect
from shared.cloud.signing import Signer
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.vault import DataKeys
from shared.consent.gate import admit
from shared.consent.model import QOLMS, Cell, CellState, Consents, State
from shared.consent.recipients import RecipientStore
from shared.consent.store import ConsentStore
from shared.disclosure.package.model import Category, Order
from shared.disclosure.package.ports import Record, Sources
from shared.disclosure.package.service import write_package
from shared.measurement.model import DAY_NS, FIELDS, SESSION, Day, Points, day_start_ns
from shared.measurement.store import MeasurementStore
from shared.measurement.zones import ZoneStore
from shared.papers.typesetting import typeset
from shared.policy.notices import notices
from shared.vocabulary import Kind, Language, Purpose

UID = "bench-user"
LAST = dt.date(2026, 11, 22)
DAYS = 5 * 365
BEATS = 780
"""Heart rates a day, which with all the rest makes 1.5 million points."""
RSS_MIB = 300
TURN_S = 0.1
"""How long 95 of 100 others on the loop have to wait at most. The longest depends on what else the machine does."""
_BATCH = 50
_HOUR_NS = DAY_NS // 24
_ORIGIN = "raw:com.google.bench:com.example.watch"


def day_of(kind: Kind, on: dt.date) -> Day:
    """One UTC day of somebody, as a watch and a scale would have it."""
    start, n = day_start_ns(on), on.toordinal()

    def row(begin: int, lasts: int, value: float, *more: float | None, name: str = "") -> tuple[Any, ...]:
        values = (value, *more, *[None] * (len(FIELDS[kind]) - 1 - len(more)))
        return (begin, begin + lasts, _ORIGIN, name, start // 1_000_000, *values)

    hours = [start + hour * _HOUR_NS for hour in range(24)]
    match kind:
        case Kind.HEART_RATE:
            every = DAY_NS // BEATS
            rows = [row(start + k * every, 0, 60.0 + (k * k + n) % 43) for k in range(BEATS)]
        case Kind.STEPS:
            rows = [row(at, _HOUR_NS, (n * 37 + k * 101) % 900) for k, at in enumerate(hours[:14])]
        case Kind.SLEEP:
            spans = [(hours[14] + k * _HOUR_NS // 2, _HOUR_NS // 2, (4, 5, 4, 6)[k % 4]) for k in range(13)]
            rows = [row(hours[14], 13 * _HOUR_NS // 2, SESSION, name=f"night-{on}"), *(row(*one) for one in spans)]
        case Kind.BLOOD_PRESSURE:
            rows = [row(at, 0, 120.0 + n % 17, 80.0 + n % 7) for at in hours[12:22:9]]
        case Kind.BLOOD_GLUCOSE:
            rows = [row(at, 0, 5 + (n + k) % 40 / 10) for k, at in enumerate(hours[::6])]
        case _:
            value = {Kind.WEIGHT: 62.0, Kind.BODY_TEMPERATURE: 36.4, Kind.OXYGEN_SATURATION: 97.0}[kind]
            rows = [row(at, 0, value + round(math.sin(n / 40), 1)) for at in hours[21:23]]
    return Day(on, Points.of_rows(kind, rows), [])


async def fill(documents: Documents) -> int:
    """Five years of every kind. How many points that is."""
    keys = DataKeys(documents, FixedSecrets())
    key, days, count = await keys.ensure(UID), MeasurementStore(documents, keys), 0
    at = dt.datetime.combine(LAST, dt.time(), dt.UTC)
    for kind in Kind:
        cell = Cell(Purpose.QOLMS_STORE, kind, QOLMS)
        permit = admit(UID, Consents(1, {cell.key: CellState(State.GIVEN, at, 1, 1, "2026-10-01")}), *cell, at)
        for first in range(0, DAYS, _BATCH):
            made = [day_of(kind, LAST - dt.timedelta(days=back)) for back in range(first, min(first + _BATCH, DAYS))]
            count += sum(len(day.points) for day in made)
            await documents.commit([days.write(permit, "google1", key, day, Expect.ABSENT) for day in made])
    return count


class Noted:
    """As `disclosure.package.ports.Records`: a thousand records."""

    fields = ("at", "who", "what")

    async def of(self, uid: str, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Record]:
        """As the port."""
        for number in range(1000):
            yield Record(f"r{number}", {"at": since, "who": "staff", "what": "profile"})


class Counted:
    """As `disclosure.package.ports.Progress`."""

    def __init__(self) -> None:
        self.told = 0

    async def __call__(self, done: int, of: int) -> None:
        """As the port."""
        self.told += 1


async def make(where: str) -> Data:
    """The package, in this process, thrown away piece by piece."""
    documents = SqliteDocuments(where)
    published = notices()
    at = dt.datetime.combine(LAST + dt.timedelta(days=1), dt.time(), dt.UTC)
    sources = Sources(
        days=MeasurementStore(documents, DataKeys(documents, FixedSecrets())),
        zones=ZoneStore(documents),
        ledger=ConsentStore(documents),
        recipients=RecipientStore(documents, published.in_force(at).contents.service),
        notices=published,
        signer=cast(Signer, None),  # nothing was decided, so nothing is signed
        public_url="https://functions.invalid",
        records={category: Noted() for category in Category},
        typeset=typeset,
    )
    order = Order(
        case="bench",
        number="KG-0000-0000",
        uid=UID,
        at=at,
        language=Language.JA,
        first=LAST - dt.timedelta(days=DAYS),
        last=LAST,
        zone="Asia/Tokyo",
    )
    waits: list[float] = []
    watching = asyncio.create_task(_watch(waits))
    size, largest, progress = 0, 0, Counted()
    started, cpu = time.perf_counter(), time.process_time()
    async for some in write_package(order, sources, progress):
        size, largest = size + len(some), max(largest, len(some))
    seconds = time.perf_counter() - started
    watching.cancel()
    await documents.close()
    return {
        "seconds": round(seconds, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "package_mib": round(size / 2**20, 1),
        "largest_piece_kib": largest >> 10,
        "peak_mib": round(_peak_kib() / 1024, 1),
        "waits_s": spread(waits, digits=3),
        "progress_told": progress.told,
    }


async def _watch(waits: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        waits.append(time.perf_counter() - before - 0.005)


def _peak_kib() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


async def run() -> Part:
    """Fill a store, then make the package once, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        where = f"{folder}/documents"
        say("package: storing five years")
        documents = SqliteDocuments(where)
        samples = await fill(documents)
        await documents.close()
        say(f"package: packing {samples:,} samples")
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "infra.bench.package", where],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    found = json.loads(done.stdout)
    targets = [
        Target("peak memory of a package of 1.5 million samples", found["peak_mib"], RSS_MIB, "MiB"),
        Target("how long 95 of 100 others had to wait", found["waits_s"]["p95"], TURN_S, "s"),
    ]
    return Part(targets, {"samples": samples, "samples_per_s": round(samples / found["seconds"]), **found})


if __name__ == "__main__":
    print(json.dumps(asyncio.run(make(sys.argv[1]))))
