"""A hundred users in flight in one process: sync_user under its real server, against a slow Google over HTTP.

`steady` is the day's ordinary sync: the feeds bring what the watch measured in the last hours. `overlap` is the same
while the last 30 days of a dozen people are read again, as happens once a day to each. `first links` is the same while
a dozen have just linked, and their first 15 days arrive.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from infra.bench import neighbourhood
from infra.bench.neighbourhood import PROJECT, Neighbourhood, SlowGoogle, slow_google
from infra.bench.people import FixedSecrets, Granted, People
from infra.bench.served import Memory, Running, first_answer, free_port, serving, unpacked
from infra.bench.targets import Part, Target, say, spread
from shared.clock import SystemClock
from shared.cloud.documents import Data
from shared.cloud.stores import open_documents
from shared.cloud.vault import DataKeys, TokenVault
from shared.vocabulary import Provider

IN_FLIGHT = 100
MOST_MIB = 300
WAIT_S = 0.2
ROUNDS = 3
OTHERS = 12
"""Of the hundred, how many read much at once."""
HELD_BACK_HOURS = 24
ACCOUNTS = 4


@dataclass
class Load:
    """The worker, and everybody who makes it work."""

    google: SlowGoogle
    around: Neighbourhood
    people: People
    running: Running
    url: str
    http: aiohttp.ClientSession
    uploaded_to: datetime
    busy: int = 0

    async def phase(self, uids: Sequence[str], *, special: Mapping[str, Any] | None = None) -> Data:
        """All of `uids` in flight all the time. Each is synced `ROUNDS` times, again and again until those in `special`
        (with how they are due) are through with their one."""
        took: list[float] = []
        special = special or {}
        pending = len(special)

        async def person(uid: str) -> None:
            nonlocal pending
            left = 1 if uid in special else ROUNDS
            while left > 0 or (uid not in special and pending):
                left -= 1
                await self.people.make_due(uid, **special.get(uid, {}))
                started = time.perf_counter()
                await self.sync(uid)
                took.append(time.perf_counter() - started)
            pending -= uid in special

        uploads = asyncio.create_task(self._upload_on())
        started = time.perf_counter()
        self.busy = 0
        try:
            async with Memory(self.running) as memory:
                before = memory.look()
                await asyncio.gather(*map(person, uids))
        finally:
            uploads.cancel()
        seconds = time.perf_counter() - started
        return {
            "users_in_flight": len(uids),
            "syncs": len(took),
            "sent_back": self.busy,
            "users_per_s": round(len(took) / seconds, 1),
            "before_mib": round(before, 1),
            "peak_mib": round(memory.most_mib, 1),
            "sync_ms": spread([s * 1000 for s in took], 0),
        }

    async def sync(self, uid: str) -> Data:
        """One task, delivered until it is taken; its outcome."""
        while (outcome := await self._delivered(uid)) is None:
            self.busy += 1
            await asyncio.sleep(1)
        return outcome

    async def _delivered(self, uid: str) -> Data | None:
        token = self.around.issuer.service_token(self.around.settings["TASKS_ACCOUNT"], f"{self.url}/sync_user")
        body = {"uid": uid, "provider": Provider.GOOGLE_FIT.value}
        async with self.http.post(self.url, json=body, headers={"authorization": f"Bearer {token}"}) as answer:
            told = await answer.json()
            if answer.status == 503 and told["code"] == "instance_busy":
                return None
            assert answer.status == 200, told
            assert told["outcome"] == "synced", told
            assert set(told["kinds"].values()) == {"ok"}, told
            return dict(told)

    async def _upload_on(self) -> None:
        """Devices upload another half hour of the day that was held back, every second."""
        while self.uploaded_to < datetime.now(UTC) - timedelta(minutes=30):
            self.uploaded_to += timedelta(minutes=30)
            with suppress(aiohttp.ClientError):
                await self.google.upload(self.uploaded_to)
            await asyncio.sleep(1)


async def run() -> Part:
    """Settle a hundred people, then measure."""
    with tempfile.TemporaryDirectory() as folder:
        home, port = unpacked("sync_user", Path(folder)), free_port()
        url, documents = f"http://127.0.0.1:{port}", f"sqlite:{folder}/documents"
        async with (
            slow_google() as google,
            neighbourhood.around(documents=documents, google=google.url, function_url=url) as around,
            serving("sync_user", home, port, around.settings) as running,
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=300), connector=aiohttp.TCPConnector(limit=0, force_close=True)
            ) as http,
        ):
            await first_answer(running, port, b"GET / HTTP/1.0\r\n\r\n")
            async with Memory(running) as idle:
                pass
            clock, secrets = SystemClock(), FixedSecrets()
            store = open_documents(documents, project=PROJECT)
            keys = open_documents(documents, project=PROJECT, database="keys")
            people = People(store, DataKeys(keys, secrets), TokenVault(secrets), clock)
            load = Load(google, around, people, running, url, http, clock.now() - timedelta(hours=HELD_BACK_HOURS))
            try:
                return await _measured(load, idle.most_mib)
            finally:
                await store.close()
                await keys.close()


async def _measured(load: Load, idle_mib: float) -> Part:
    """People settled without waiting, then each phase on top of the one before."""
    say("flight: settling people")
    await load.google.wait(0)
    held = {"accounts": ACCOUNTS, "held_back_hours": HELD_BACK_HOURS}
    steady = await _link(load, "steady", await load.google.open(IN_FLIGHT - OTHERS, days=3, prefix="steady", **held))
    month = await load.google.open(2 * OTHERS, days=31, prefix="month", **held)
    long = await _link(load, "long", month[:OTHERS])
    await _settle(load, [*steady, *long])
    new = await _link(load, "new", month[OTHERS:])
    await load.google.wait(WAIT_S)

    again = {"kinds": {"reread_at": None}}
    phases: Data = {}
    say("flight: steady")
    phases["steady"] = await load.phase([*steady, *long])
    say("flight: overlap read again")
    phases["overlap"] = await load.phase([*steady, *long], special=dict.fromkeys(long, again))
    say("flight: first links")
    phases["first links"] = await load.phase([*steady, *new], special={uid: {} for uid in new})
    targets = [Target(f"{name}: memory", found["peak_mib"], MOST_MIB, "MiB") for name, found in phases.items()]
    return Part(targets, {"upstream_ms": WAIT_S * 1000, "idle_mib": round(idle_mib, 1), "phases": phases})


async def _link(load: Load, prefix: str, grants: Sequence[Granted]) -> list[str]:
    uids = [f"{prefix}-{n}" for n in range(len(grants))]
    for uid, grant in zip(uids, grants, strict=True):
        await load.people.link(uid, grant, history_days=31 if prefix != "steady" else 3)
    return uids


async def _settle(load: Load, uids: Sequence[str]) -> None:
    """Fetch everyone's history to its end, until the feeds are caught up."""
    gate = asyncio.Semaphore(16)

    async def person(uid: str) -> None:
        async with gate:
            for _ in range(8):
                await load.people.make_due(uid)
                if not (await load.sync(uid))["again"]:
                    return

    await asyncio.gather(*map(person, uids))
