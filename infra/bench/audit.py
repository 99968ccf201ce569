"""How long it takes to prove a log of a million entries against its anchors, and in how much memory."""

import asyncio
import datetime as dt
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from infra.bench.targets import Part, Target
from shared.audit.checkpoints import KEY, ROWS, TYPE, Checkpoint, Row, Segment, checkpoint_name, key_file, write_segment
from shared.audit.model import Entry, Head, append
from shared.audit.verify import main
from shared.audit.writes import entry_id
from shared.cloud.anchors import FolderAnchors
from shared.cloud.signing import Signer
from shared.ids import digest

ENTRIES, PER_STREAM = 1_000_000, 20
LIMIT_S, LIMIT_MIB = 60, 300
DAY = dt.date(2026, 11, 23)
START = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
UNTIL = dt.datetime(2037, 1, 1, tzinfo=dt.UTC)


class _Secret:
    value, version = bytes(32), "1"


class _Secrets:
    """One key."""

    async def get(self, name: str) -> _Secret:
        return _Secret()

    async def get_version(self, name: str, version: str) -> bytes:
        return _Secret.value

    async def enabled(self, name: str) -> tuple[str, ...]:
        return ("1",)


async def run() -> Part:
    """Write an exported log and its anchors into a folder, then prove it in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file, anchors = Path(folder) / "entries.ndjson", Path(folder) / "anchors"
        await _written(file, FolderAnchors(anchors))
        command = ["-m", "infra.bench.audit", "--file", str(file), "--anchors", f"folder:{anchors}"]
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, "--until", str(DAY), stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
        took_s = time.perf_counter() - started
        if process.returncode != 0:
            raise RuntimeError(told.decode())
        *_, cpu_s, mib = map(float, told.decode().splitlines()[-1].split())
        numbers = {
            "entries": ENTRIES,
            "cpu_s": round(cpu_s, 1),
            "log_mib": round(file.stat().st_size / 2**20),
            "anchors_mib": round(sum(one.stat().st_size for one in anchors.rglob("*") if one.is_file()) / 2**20),
        }
    targets = [
        Target("a million entries proven", took_s, LIMIT_S, "s"),
        Target("memory while proving them", mib, LIMIT_MIB, "MiB"),
    ]
    return Part(targets, numbers)


async def _written(file: Path, anchors: FolderAnchors) -> None:
    encode, segments, rows = msgspec.json.Encoder(order="sorted").encode, list[Segment](), list[Row]()
    with file.open("wb") as lines:
        for n, entry in enumerate(_entries(), start=1):
            lines.write(encode(entry) + b"\n")
            rows.append(Row(entry_id(entry.stream, entry.number), entry.hash))
            if len(rows) == ROWS or n == ENTRIES:
                segment, content = write_segment(DAY, 0, rows)
                await anchors.put(segment.name, content, UNTIL)
                segments.append(segment)
                rows = []
    checkpoint = Checkpoint(day=DAY, number=1, entries=ENTRIES, segments=segments, previous="")
    signer = Signer(_Secrets(), KEY)
    jws = await signer.sign(msgspec.json.encode(checkpoint), typ=TYPE)
    await anchors.put(checkpoint_name(DAY), jws.encode(), UNTIL)
    await anchors.put(*key_file((await signer.published()).keys[0]), UNTIL)


def _entries() -> Iterator[Entry]:
    """As a sync with changes writes them, in order of id."""
    for stream in sorted(f"connection.{digest('path', str(n))}" for n in range(ENTRIES // PER_STREAM)):
        head = Head()
        for n in range(PER_STREAM):
            entry, head = append(
                stream,
                head,
                at=START + dt.timedelta(hours=n, microseconds=n),
                actor="system",
                action="sync.stored",
                facts={"kinds": ["steps", "heart_rate", "sleep"], "days": 2, "epoch": 3, "subject": stream[-64:]},
            )
            yield entry


if __name__ == "__main__":
    status = main()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
    sys.exit(status)
