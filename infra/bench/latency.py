"""One user's sync against the slowest chain of upstream calls in it.

A chain is calls of which each needs the answer before it: the token, then the list of streams, then the pages of one
stream in one window. Its length is the sum of what the answers took at the other side, whatever order we asked in.
"""

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.bench.neighbourhood import PROJECT, SlowGoogle, around, slow_google
from infra.bench.people import FixedSecrets, Granted, People
from infra.bench.targets import Part, Target
from shared.cloud import loops
from shared.cloud.vault import DataKeys, TokenVault
from shared.config import load
from shared.sync.service import Syncing
from shared.vocabulary import Provider
from shared.wiring.platform import Platform
from shared.wiring.syncing import syncing

LIMIT = 1.5
WAIT_S = 0.05
"""How long each of Google's answers takes; in the open it is 60 to 300 ms."""
REPEATS = 5
HELD_BACK_HOURS = 12


def chain_s(asked: Sequence[tuple[str, float]]) -> float:
    """Seconds of the longest chain."""
    spent: dict[str, float] = defaultdict(float)
    for what, seconds in asked:
        spent[_link(what)] += seconds
    first = spent.pop("/token", 0.0) + spent.pop("dataSources", 0.0)
    return first + max(spent.values(), default=0.0)


def _link(what: str) -> str:
    """What the pages of one answer have in common."""
    path, _, query = what.partition("?")
    if path.endswith("/dataSources"):
        return "dataSources"
    if path.endswith("/token"):
        return "/token"
    # A feed's token is its place from the last sync, or the page before: one chain either way.
    paged = path.endswith("/dataPointChanges") or "startTime" not in query
    return path if paged else what


async def run() -> Part:
    """First syncs, steady ones, and steady ones that refresh the token."""
    with tempfile.TemporaryDirectory() as folder:
        documents = f"sqlite:{folder}/documents"
        async with (
            slow_google() as google,
            around(documents=documents, google=google.url, function_url="http://127.0.0.1:1") as near,
        ):
            base = _base(near.settings)
            try:
                return await _Measuring(google, base, syncing(base)).all()
            finally:
                await loops.close_all()
                await base.documents.close()


def _base(environ: dict[str, str]) -> Platform:
    from shared.clock import SystemClock
    from shared.cloud.http import Http
    from shared.cloud.identity import Identities
    from shared.cloud.stores import open_documents

    settings, clock = load(environ), SystemClock()
    http = Http(bodies_in_flight=settings.pages_in_flight)
    documents = open_documents(settings.documents, project=PROJECT)
    return Platform(
        settings, clock, documents, http, Identities(settings, function="sync_user", http=http, clock=clock)
    )


class _Measuring:
    def __init__(self, google: SlowGoogle, base: Platform, service: Syncing) -> None:
        from shared.cloud.stores import open_documents

        secrets = FixedSecrets()
        keys = open_documents(base.settings.documents, project=PROJECT, database="keys")
        self._google, self._service = google, service
        self._people = People(base.documents, DataKeys(keys, secrets), TokenVault(secrets), base.clock)
        self._uploaded_to = datetime.now(UTC) - timedelta(hours=HELD_BACK_HOURS)

    async def all(self) -> Part:
        """Warm up with one person, then measure others."""
        grants = await self._google.open(REPEATS + 1, days=31, held_back_hours=HELD_BACK_HOURS)
        await self._google.wait(WAIT_S)
        for n, grant in enumerate(grants):
            await self._link(f"u{n}", grant)
        first = [await self._sync(f"u{n}") for n in range(len(grants))][1:]
        await self._settle([f"u{n}" for n in range(len(grants))])
        steady = await self._steadily()
        refreshed = await self._steadily(token_expired=True)
        reread = await self._steadily(kinds={"reread_at": None})
        cases = {"first": first, "steady": steady, "steady, token refreshed": refreshed, "overlap read again": reread}
        targets = [
            Target(f"{case}: sync over its slowest chain", statistics.median(w / c for w, c in found), LIMIT, "x")
            for case, found in cases.items()
        ]
        return Part(targets, {"upstream_ms": WAIT_S * 1000, "cases": {case: _told(f) for case, f in cases.items()}})

    async def _link(self, uid: str, grant: Granted) -> None:
        await self._people.link(uid, grant)

    async def _settle(self, uids: Sequence[str]) -> None:
        """Fetch history to its end, without waiting, until the feeds are caught up."""
        await self._google.wait(0)
        for uid in uids:
            for _ in range(20):
                await self._people.make_due(uid)
                outcome = await self._service.sync(uid, Provider.GOOGLE_FIT)
                if not outcome.again:
                    break
        await self._google.wait(WAIT_S)

    async def _steadily(self, **due: Any) -> list[tuple[float, float]]:
        found = []
        for _ in range(REPEATS):
            self._uploaded_to += timedelta(minutes=30)
            await self._google.upload(self._uploaded_to)
            await self._people.make_due("u1", **due)
            # Once unmeasured by somebody else, so that Google has its answers ready.
            await self._google.wait(0)
            await self._people.make_due("u0", **due)
            await self._sync("u0")
            await self._google.wait(WAIT_S)
            found.append(await self._sync("u1"))
        return found

    async def _sync(self, uid: str) -> tuple[float, float]:
        """Wall seconds of the sync, and of its longest chain."""
        await self._google.asked()
        started = time.perf_counter()
        outcome = await self._service.sync(uid, Provider.GOOGLE_FIT)
        wall = time.perf_counter() - started
        assert outcome.outcome == "synced", outcome
        assert set(outcome.kinds.values()) == {"ok"}, outcome
        return wall, chain_s(await self._google.asked())


def _told(found: Sequence[tuple[float, float]]) -> dict[str, float]:
    return {
        "sync_ms": round(statistics.median(w for w, _ in found) * 1000),
        "chain_ms": round(statistics.median(c for _, c in found) * 1000),
        "n": len(found),
    }
