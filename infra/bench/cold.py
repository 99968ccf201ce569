"""Cold start: from the start of the process to the whole of its first answer, beside bare functions, in one run.

Each function is served twice: a stranger calls it and is turned away by a problem document, and somebody who may calls
it and is answered, which takes keys over HTTP, a signature check and the store. Beside them stand functions of
functions-framework's own that answer "ok" and import, at their top, the client libraries which that answer truly
needs (`BARE`), nothing else; they connect to nothing.

All run from their packages, compiled, on this environment's Python, one at a time, in turns. Where the machine is busy
with something else, the ratios of processor time say more than those of the clock on the wall.
"""

import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from infra.bench import neighbourhood
from infra.bench.neighbourhood import Neighbourhood
from infra.bench.served import first_answer, free_port, serving, unpacked
from infra.bench.targets import Part, Target, say
from infra.local import emulator
from infra.manifest import load
from shared.cloud.documents import Data

LIMIT = 1.25
ROUNDS = 7
UID = "bench-user"

LIBRARIES = {
    "token": ("aiohttp", "jwt", "cryptography.x509", "cryptography.hazmat.primitives.asymmetric.rsa"),
    "store": ("google.cloud.firestore_v1.async_client",),
    "secrets": ("google.cloud.secretmanager_v1", "cryptography.hazmat.primitives.ciphers.aead"),
    "tasks": ("google.cloud.tasks_v2",),
}
"""What checks a caller's token; what reads and writes documents; what opens and seals; what queues."""

NEEDS = {
    "oauth_start": (("token", "store", "secrets"), "the caller; the attempt is stored; its PKCE verifier is sealed"),
    "oauth_callback": (("store",), "a browser has no token; the state is looked up"),
    "connection": (("token", "store"), "the caller; their connections are listed"),
    "consent": (("token", "store"), "the caller; their consents are read"),
    "measurement": (("token", "store"), "the caller; their days are looked for, and there are none to open"),
    "sync_dispatch": (("token", "store"), "the scheduler; who is due is looked up, and nobody is"),
    "sync_user": (("token", "store"), "the queue; the connection is looked up, and there is none"),
}
"""What each function's first useful answer needs, and why."""

_MAIN = """
import functions_framework.aio
from starlette.responses import Response
{imports}

@functions_framework.aio.http
async def bare(request):
    return Response("ok")
"""


async def run() -> Part:
    """All functions against their bare counterparts, and what they import in vain."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as held:
        documents, environ = _store(folder, held)
        port = free_port()
        async with neighbourhood.around(
            documents=documents, google="http://127.0.0.1:1", function_url=f"http://127.0.0.1:{port}"
        ) as near:
            starts = _Starts(Path(folder), port, near, {**near.settings, **environ})
            took = await starts.all()
        imports = {name: _imported(starts.homes[name], starts.environ) for name in NEEDS}
    return _part(took, imports, documents)


def _store(folder: str, held: ExitStack) -> tuple[str, dict[str, str]]:
    """The deployment's store where the emulator is, else SQLite, with what the environment must say of it."""
    with suppress(emulator.EmulatorAbsent):
        return "firestore", {emulator.HOST_VARIABLE: held.enter_context(emulator.running())}
    return f"sqlite:{folder}/documents", {}


class Took(NamedTuple):
    """Milliseconds of one start, by the clock on the wall and of processor time."""

    wall: float
    cpu: float


class _Starts:
    def __init__(self, folder: Path, port: int, near: Neighbourhood, environ: Mapping[str, str]) -> None:
        self._folder, self._port, self._near, self.environ = folder, port, near, environ
        self._sqlite = environ["DOCUMENTS"] != "firestore"
        self.homes = {name: unpacked(name, folder) for name in load().functions if name in NEEDS}
        for parts in sorted({(), *(parts for parts, _ in NEEDS.values())}):
            self.homes[_bare(parts)] = self._bare_home(parts)
        for home in self.homes.values():
            compileall.compile_dir(home, quiet=1)

    def _bare_home(self, parts: tuple[str, ...]) -> Path:
        home = self._folder / f"bare-{'-'.join(parts)}"
        home.mkdir()
        names = [name for part in parts for name in LIBRARIES[part]]
        if self._sqlite:
            names = ["sqlite3" if name.startswith("google.cloud.firestore") else name for name in names]
        imports = "\n".join(f"import {name}" for name in names)
        (home / "main.py").write_text(_MAIN.format(imports=imports), encoding="utf-8")
        return home

    async def all(self) -> dict[str, list[Took]]:
        """Every kind of start, in turns; one unmeasured turn first."""
        took: dict[str, list[Took]] = defaultdict(list)
        for turn in range(ROUNDS + 1):
            say(f"cold: turn {turn} of {ROUNDS}")
            for name, home in self.homes.items():
                if name.startswith("bare"):
                    found = {name: await self._start("bare", home, b"GET / HTTP/1.0\r\n\r\n", b"ok")}
                else:
                    found = {
                        f"{name}: stranger": await self._start(name, home, self._stranger(name), b"problem+json"),
                        f"{name}: served": await self._start(name, home, *self._served(name)),
                    }
                for what, one in found.items() if turn else ():
                    took[what].append(one)
        return took

    async def _start(self, name: str, home: Path, request: bytes, expected: bytes) -> Took:
        async with serving(name, home, self._port, self.environ) as running:
            seconds, answer = await first_answer(running, self._port, request)
            took = Took(seconds * 1000, running.cpu_s() * 1000)
        if expected not in answer:
            raise RuntimeError(f"{name} answered {answer[:600]!r}\n{running.log.read_text(encoding='utf-8')[-2000:]}")
        return took

    def _stranger(self, name: str) -> bytes:
        # A browser without anything is served a page; it is turned away where there is no such route.
        return (
            f"{'POST' if name == 'oauth_callback' else _method(name)} / HTTP/1.0\r\ncontent-length: 0\r\n\r\n".encode()
        )

    def _served(self, name: str) -> tuple[bytes, bytes]:
        target = {
            "measurement": "/?kind=steps&from=2026-11-01&to=2026-11-02&zone=Asia/Tokyo",
            "oauth_callback": f"/?code=x&state={'s' * 43}",
        }.get(name, "/")
        body = {
            "oauth_start": {"provider": "google_fit", "kinds": ["steps"]},
            "sync_user": {"uid": UID, "provider": "google_fit"},
        }.get(name)
        raw = json.dumps(body).encode() if body else b""
        head = f"{_method(name)} {target} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {len(raw)}\r\n"
        if name != "oauth_callback":
            head += f"authorization: Bearer {self._token(name)}\r\n"
        return head.encode() + b"\r\n" + raw, b" 303 " if name == "oauth_callback" else b" 200 "

    def _token(self, name: str) -> str:
        accounts = {"sync_dispatch": "SCHEDULER_ACCOUNT", "sync_user": "TASKS_ACCOUNT"}
        if name not in accounts:
            return self._near.issuer.token_for(UID)
        audience = f"{self.environ['PUBLIC_URL']}/{name}"
        return self._near.issuer.service_token(self.environ[accounts[name]], audience)


def _method(name: str) -> str:
    return "POST" if name in ("oauth_start", "sync_dispatch", "sync_user") else "GET"


def _bare(parts: tuple[str, ...]) -> str:
    return " + ".join(("bare", *parts))


def _imported(home: Path, environ: Mapping[str, str]) -> Data:
    """What importing main.py takes beyond the framework, per top-level package: modules and milliseconds."""
    code = (
        "import functions_framework.aio, starlette.requests, starlette.responses, sys; "
        "sys.stderr.write('--\\n'); import main"
    )
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        cwd=home,
        env={"PATH": os.defpath, "HOME": str(home), **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    tops: dict[str, list[float]] = defaultdict(list)
    for line in done.stderr.partition("--\n")[2].splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        tops[rest.partition("|")[2].strip().split(".")[0]].append(int(own) / 1000)
    ordered = sorted(tops.items(), key=lambda item: -sum(item[1]))
    return {top: {"modules": len(ms), "ms": round(sum(ms), 1)} for top, ms in ordered if sum(ms) >= 1}


def _part(took: Mapping[str, list[Took]], imports: Mapping[str, Data], documents: str) -> Part:
    wall = {what: statistics.median(one.wall for one in found) for what, found in took.items()}
    cpu = {what: statistics.median(one.cpu for one in found) for what, found in took.items()}
    targets: list[Target] = []
    functions: Data = {}
    for name, (parts, reason) in NEEDS.items():
        beside = _bare(parts)
        targets += [
            Target(f"{name}, {case}, over {beside}", wall[f"{name}: {case}"] / wall[beside], LIMIT, "x")
            for case in ("stranger", "served")
        ]
        functions[name] = {
            "stranger_ms": round(wall[f"{name}: stranger"]),
            "served_ms": round(wall[f"{name}: served"]),
            "served_cpu_ratio": round(cpu[f"{name}: served"] / cpu[beside], 2),
            "stranger_over_bare_framework": round(wall[f"{name}: stranger"] / wall["bare"], 2),
            "needs": [library for part in parts for library in LIBRARIES[part]],
            "because": reason,
            "imports_beyond_framework": imports[name],
        }
    numbers: Data = {
        "store": documents.partition(":")[0],
        "environment": "packages unpacked, on this environment's interpreter and libraries",
        "turns": ROUNDS,
        "bare_ms": {what: round(value) for what, value in wall.items() if what.startswith("bare")},
        "functions": functions,
    }
    return Part(targets, numbers)
