"""What a function has around it while it is measured: a Google in another process, keys, secrets, a queue, tokens."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from infra.bench.people import CLIENT, CLIENT_SECRET, Granted
from infra.local.gateway import Gateway
from infra.local.issuer import Issuer
from infra.local.platform import local_settings
from infra.local.secrets import LocalSecrets
from infra.local.server import HttpServer
from infra.local.tasks import LocalTasks
from infra.local.wire import Server
from infra.manifest import load
from shared.clock import SystemClock
from shared.ids import RandomIds

PROJECT = "kagamino-bench"


@dataclass(frozen=True, slots=True)
class SlowGoogle:
    """The other process, spoken to."""

    url: str
    _http: aiohttp.ClientSession

    async def open(
        self, users: int, *, days: float, accounts: int = 1, held_back_hours: float = 0, prefix: str = "u"
    ) -> list[Granted]:
        """Grants of `users`, spread over `accounts` with `days` of history, the last hours still on the devices."""
        told = {"users": users, "days": days, "accounts": accounts, "held_back_hours": held_back_hours}
        return [Granted(*pair) for pair in await self._ask("open", {**told, "prefix": prefix})]

    async def upload(self, until: datetime) -> int:
        """Every device uploads what it measured up to `until`; how many records."""
        return int(await self._ask("upload", {"until": until.isoformat()}))

    async def wait(self, seconds: float) -> None:
        """Answer after so long from here on."""
        await self._ask("wait", {"seconds": seconds})

    async def asked(self) -> list[tuple[str, float]]:
        """What was asked since the last time, and the seconds each answer took."""
        return [(what, seconds) for what, seconds in await self._ask("asked", {})]

    async def _ask(self, what: str, told: dict[str, Any]) -> Any:
        async with self._http.post(f"{self.url}/_bench/{what}", json=told) as answer:
            answer.raise_for_status()
            return await answer.json()


@asynccontextmanager
async def slow_google() -> AsyncIterator[SlowGoogle]:
    """The process, for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "infra.bench.google", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        timeout = aiohttp.ClientTimeout(total=300)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            yield SlowGoogle(url, http)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Keys, secrets and a queue at their addresses; `settings` is a function's environment."""

    settings: dict[str, str]
    issuer: Issuer
    tasks: LocalTasks


@asynccontextmanager
async def around(*, documents: str, google: str, function_url: str) -> AsyncIterator[Neighbourhood]:
    """Everything a function at `function_url` needs, with `google` as its Google."""
    clock, manifest = SystemClock(), load()
    issuer = Issuer(firebase_project=PROJECT, clock=clock)
    secrets = LocalSecrets(project=PROJECT, clock=clock)
    for name in manifest.secrets:
        secrets.put(name, CLIENT_SECRET.encode() if name == "oauth-client-secret" else name.ljust(32, "-").encode())
    tasks = LocalTasks(project=PROJECT, region=manifest.region, clock=clock, ids=RandomIds())
    for name in manifest.queues:
        tasks.add_queue(name)
    cloud, web = Server(tasks.service(), secrets.service()), HttpServer()
    await cloud.start()
    await web.start(Gateway({}, {"identity": issuer.app()}))
    settings = local_settings(function_url, documents=documents, cloud_endpoint=cloud.endpoint, project=PROJECT)
    settings |= {
        "REGION": manifest.region,
        "FIREBASE_CERTS_URL": f"{web.url}/identity/firebase_certs",
        "FIREBASE_ACCOUNTS_URL": f"{web.url}/identity",
        "GOOGLE_CERTS_URL": f"{web.url}/identity/certs",
        "GOOGLE_CLIENT_ID": CLIENT,
        "GOOGLE_TOKEN_URL": f"{google}/token",
        "GOOGLE_REVOKE_URL": f"{google}/revoke",
        "GOOGLE_FITNESS_URL": f"{google}/fitness/v1",
    }
    try:
        yield Neighbourhood(settings, issuer, tasks)
    finally:
        await web.stop()
        await cloud.stop()
