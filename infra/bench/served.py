"""Functions served as in the cloud: packaged, by functions-framework's own server, in a process of their own."""

import asyncio
import os
import signal
import socket
import sys
import time
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from infra.package import build

START_S = 60.0


def unpacked(name: str, out: Path) -> Path:
    """The folder where the function's zip lies unpacked, its modules compiled."""
    (made,) = build([name], out)
    home = out / name
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(home)
    return home


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Running:
    """A server process and its children."""

    process: asyncio.subprocess.Process
    started_at: float
    log: Path

    def cpu_s(self) -> float:
        """Seconds of processor time taken so far: what a start costs whatever else the machine does."""
        tasks = (task for pid in self.pids() for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def pids(self) -> list[int]:
        """The server's, and its workers'."""
        found = [self.process.pid]
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            found += [int(pid) for pid in task.read_text().split()]
        return found


@asynccontextmanager
async def serving(
    name: str, home: Path, port: int, environ: Mapping[str, str], *, binaries: Path = Path(sys.executable).parent
) -> AsyncIterator[Running]:
    """The function's server, from its start to the end of the block. It may not answer yet."""
    log = home / "server.log"
    environ = {"PATH": os.defpath, "HOME": str(home), **environ}
    with log.open("wb") as said:
        started_at = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            binaries / "python",
            binaries / "functions-framework",
            *("--target", name, "--host", "127.0.0.1", "--port", str(port)),
            cwd=home,
            env=environ,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield Running(process, started_at, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def first_answer(running: Running, port: int, request: bytes) -> tuple[float, bytes]:
    """Seconds from the start of the process to the whole of its first answer, and that answer."""
    until = running.started_at + START_S
    while time.perf_counter() < until and running.process.returncode is None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.002)
            continue
        writer.write(request)
        answer = await reader.read()
        seconds = time.perf_counter() - running.started_at
        writer.close()
        if answer:
            return seconds, answer
    raise RuntimeError(f"no answer:\n{running.log.read_text(encoding='utf-8')[-2000:]}")


@dataclass
class Memory:
    """The most memory a server and its workers took together, pages they share counted once (PSS)."""

    running: Running
    most_mib: float = 0.0
    _sampling: asyncio.Task[None] | None = field(default=None)

    async def __aenter__(self) -> Self:
        self._sampling = asyncio.create_task(self._sample())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sampling is not None:
            self._sampling.cancel()
        self.look()

    async def _sample(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(0.1)

    def look(self) -> float:
        """What they take now."""
        now = sum(_pss_kib(pid) for pid in self.running.pids()) / 1024
        self.most_mib = max(self.most_mib, now)
        return now


def _pss_kib(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
