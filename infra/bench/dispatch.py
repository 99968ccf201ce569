"""One tick of sync_dispatch over many due users: seconds, users a second, and memory that must not grow with them.

Each tick runs in a process of its own, `python -m infra.bench.dispatch DOCUMENTS [QUEUE]`, and so does its memory.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from infra.bench.people import SHARDS, connection
from infra.bench.targets import Part, Target, say
from infra.local import emulator
from infra.local.tasks import LocalTasks
from infra.local.wire import Server
from infra.manifest import ROOT
from shared import ids, log
from shared.clock import SystemClock
from shared.cloud.documents import Data, Documents, Put
from shared.cloud.stores import open_documents
from shared.cloud.tasks import TaskQueue
from shared.connection.model import Tokens
from shared.connection.store import ConnectionStore
from shared.connection.writes import connection_path, put
from shared.erasure.store import ErasureStore
from shared.sync.dispatch import Dispatching
from shared.sync.model import Fingerprints
from shared.vocabulary import Provider

PROJECT = "kagamino-bench"
FEW, MANY, OVER_GRPC, ON_EMULATOR = 10_000, 100_000, 5_000, 2_000
GROWTH_MIB = 8
"""How much more a tick over ten times the users may take: what measures memory also measures chance."""
BATCH = 500


class Counting:
    """A queue that takes everything and counts."""

    def __init__(self) -> None:
        self.taken = 0

    async def enqueue(self, *_: object, **__: object) -> bool:
        """As `shared.connection.ports.Queue.enqueue`."""
        self.taken += 1
        await asyncio.sleep(0)
        return True


async def fill(documents: Documents, first: int, last: int) -> None:
    """Users `first` up to `last`, linked long ago and due: each document as large as a settled one."""
    now = datetime.now(UTC)
    tokens = Tokens(b"r" * 150, now, b"a" * 250, now)
    model = connection("nobody", tokens, at=now - timedelta(days=200))
    month = bytes(31 * Fingerprints.SIZE)
    kinds = {kind: msgspec.structs.replace(link, fingerprints=month) for kind, link in model.kinds.items()}
    data = put("any/any", msgspec.structs.replace(model, kinds=kinds), "").data
    for start in range(first, last, BATCH):
        await documents.commit([_due(data, n, now) for n in range(start, min(start + BATCH, last))])


def _due(data: Data, n: int, now: datetime) -> Put:
    uid = ids.digest("bench", str(n))[:28]
    changed = {"uid": uid, "shard": ids.shard_of(uid, SHARDS), "next_sync_at": now - timedelta(milliseconds=n)}
    return Put(connection_path(uid, Provider.GOOGLE_FIT), {**data, **changed})


async def tick(where: str, queue_endpoint: str = "") -> Data:
    """One tick, in this process."""
    clock, documents = SystemClock(), open_documents(where, project=PROJECT)
    queue: Any = Counting()
    if queue_endpoint:
        queue = TaskQueue(
            project=PROJECT,
            region="local",
            endpoint=queue_endpoint,
            public_url="https://f.invalid",
            account="a@b.invalid",
        )
    dispatching = Dispatching(
        documents=documents,
        connections=ConnectionStore(documents, clock),
        erasures=ErasureStore(documents),
        queue=queue,
        clock=clock,
        shards=SHARDS,
        tick_s=300,
        budget_s=480,
    )
    cost, started, cpu = log.open_account(), time.perf_counter(), time.process_time()
    tally = await dispatching.tick()
    seconds = time.perf_counter() - started
    await documents.close()
    return {
        "users": tally.due,
        "queued": tally.queued,
        "seconds": round(seconds, 2),
        "users_per_s": round(tally.due / seconds),
        "cpu_s": round(time.process_time() - cpu, 2),
        "peak_mib": round(_peak_kib() / 1024, 1),
        "store_writes": cost["store_writes"],
    }


def _peak_kib() -> int:
    # Not getrusage: its maximum is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


async def run() -> Part:
    """On SQLite with a queue that counts; a part of it over gRPC; a part on the emulator, where there is one."""
    with tempfile.TemporaryDirectory() as folder:
        where, small = f"sqlite:{folder}/documents", f"sqlite:{folder}/small"
        say(f"dispatch: {FEW:,} users")
        few = await _ticked(where, 0, FEW)
        say(f"dispatch: {MANY:,} users")
        many = await _ticked(where, FEW, MANY)
        say(f"dispatch: {OVER_GRPC:,} users, queued over gRPC")
        over_grpc = await _over_grpc(small)
    numbers: Data = {"sqlite_few": few, "sqlite_many": many, "over_grpc": over_grpc}
    with suppress(emulator.EmulatorAbsent):
        numbers["emulator"] = await _on_emulator()
    grown = many["peak_mib"] - few["peak_mib"]
    targets = [
        Target(f"memory grown from {FEW:,} to {MANY:,} users", grown, GROWTH_MIB, "MiB"),
        Target("users not queued", MANY - many["queued"], 0),
    ]
    return Part(targets, numbers)


async def _ticked(where: str, first: int, last: int) -> Data:
    documents = open_documents(where, project=PROJECT)
    await fill(documents, first, last)
    await documents.close()
    return await _apart(where)


async def _apart(where: str, *more: str, **environ: str) -> Data:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infra.bench.dispatch", where, *more),
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the tick ended with {process.returncode}")
    return dict(json.loads(said))


async def _over_grpc(where: str) -> Data:
    documents = open_documents(where, project=PROJECT)
    await fill(documents, 0, OVER_GRPC)
    await documents.close()
    tasks = LocalTasks(project=PROJECT, region="local", clock=SystemClock(), ids=ids.RandomIds())
    tasks.add_queue("sync")
    cloud = Server(tasks.service())
    await cloud.start()
    try:
        return {**await _apart(where, cloud.endpoint), "waiting": len(tasks.waiting())}
    finally:
        await cloud.stop()


async def _on_emulator() -> Data:
    with emulator.running() as host:
        say(f"dispatch: {ON_EMULATOR:,} users on the emulator")
        before = os.environ.get(emulator.HOST_VARIABLE)
        os.environ[emulator.HOST_VARIABLE] = host
        try:
            documents = open_documents("firestore", project=PROJECT)
            await fill(documents, 0, ON_EMULATOR)
            await documents.close()
            return await _apart("firestore")
        finally:
            if before is None:
                del os.environ[emulator.HOST_VARIABLE]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(tick(*sys.argv[1:]))))
