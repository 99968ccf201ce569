"""The use cases over a store in memory, with a Google that answers whatever a test says."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from shared.clock import ManualClock
from shared.cloud.documents import Documents, settle
from shared.cloud.http import Answer
from shared.cloud.vault import DataKeys, TokenVault
from shared.config import Settings, load
from shared.connection.linking import Linking
from shared.connection.model import Connection
from shared.connection.ports import Grant, Refreshed
from shared.connection.service import Connections
from shared.connection.store import ConnectionStore
from shared.connection.writes import put, subject_name
from shared.consent.store import ConsentStore
from shared.measurement.model import Day
from shared.measurement.store import MeasurementStore
from shared.policy.notices import notices
from shared.source.google_fit.client import GoogleFitSource
from shared.source.google_fit.wire import TYPES
from shared.sync.fetch import Fetching
from shared.sync.model import Outcome, Reach
from shared.sync.service import Pace, Syncing
from shared.vocabulary import Kind, Language, Provider
from tests.fakes import MemorySecrets, SeededIds, consenting_over, following, permit_to_store

FIT = Provider.GOOGLE_FIT
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SETTINGS: Settings = load(
    {
        "DOCUMENTS": "sqlite::memory:",
        "PUBLIC_URL": "http://backend.test",
        "FIREBASE_PROJECT": "kagamino",
        "SCHEDULER_ACCOUNT": "scheduler@kagamino.test",
        "TASKS_ACCOUNT": "tasks@kagamino.test",
        "GOOGLE_CLIENT_ID": "ours",
        "APP_LINK": "http://app.test/linked",
        "DEVELOPMENT": "1",
        "BACKFILL_DAYS": "10",
        "OVERLAP_DAYS": "5",
    }
)


def ns(at: datetime) -> int:
    """Nanoseconds since the epoch."""
    return int(at.timestamp()) * 1_000_000_000


def point(kind: Kind, start_ns: int, *values: float, origin: str = "raw:x:y", **more: Any) -> dict[str, Any]:
    """One point as Google sends it."""
    name = "intVal" if kind in (Kind.STEPS, Kind.SLEEP) else "fpVal"
    return {
        "startTimeNanos": str(start_ns),
        "endTimeNanos": str(start_ns),
        "dataTypeName": TYPES[kind],
        "originDataSourceId": origin,
        "value": [{name: v} for v in values],
        "modifiedTimeMillis": "1",
        **more,
    }


class Google:
    """Fitness answers as a test wants them; whatever it does not say is an account with one weight and nothing else.

    `datasets`, `changes` and `sessions` are answers by kind (sessions: by themselves), given what was asked."""

    def __init__(self) -> None:
        self.streams = {kind: [f"derived:{TYPES[kind]}:com.google.android.gms:m"] for kind in Kind}
        self.datasets: dict[Kind, Callable[[Mapping[str, str], int, int], Any]] = {}
        self.changes: dict[Kind, Callable[[Mapping[str, str]], Any]] = {}
        self.sessions: Callable[[Mapping[str, str]], Any] = lambda asked: {"session": [], "nextPageToken": "s"}
        self.calls = 0
        self.asked: list[str] = []

    async def send(self, method: str, url: str, **_: Any) -> Answer:
        self.calls += 1
        parts = urlsplit(url)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = parts.path.split("/users/me/")[1]
        self.asked.append(path)
        answer = self._answer(path, asked)
        if isinstance(answer, Answer):
            return answer
        return Answer(200, {}, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def _answer(self, path: str, asked: Mapping[str, str]) -> Any:
        if path == "dataSources":
            return {
                "dataSource": [
                    {"dataStreamId": stream, "dataType": {"name": TYPES[kind]}}
                    for kind, streams in self.streams.items()
                    for stream in streams
                ]
            }
        if path == "sessions":
            return self.sessions(asked)
        stream, what = unquote(path.split("/")[1]), path.split("/")[2]
        kind = next(k for k, streams in self.streams.items() if stream in streams)
        if what == "dataPointChanges":
            return self.changes.get(kind, lambda _: {"nextPageToken": "t"})(asked)
        start, end = map(int, path.split("/")[3].split("-"))
        if kind in self.datasets:
            return self.datasets[kind](asked, start, end)
        at = ns(NOW) - 3_600_000_000_000
        return {"point": [point(kind, at, 60.0)] if kind is Kind.WEIGHT and start <= at < end else []}


class Authority:
    """Google's OAuth side: a code is the account's name, and behind a # what tells it from others. `revoked` are the
    tokens that were handed back, `answers` what it says to the next refreshes."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.revoked: list[str] = []
        self.answers: list[Refreshed] = []

    def consent_url(self, *_: Any, state: str, **__: Any) -> str:
        return f"http://google.test/?state={state}"

    async def exchange(self, code: str, **_: Any) -> Grant:
        account = code.partition("#")[0]
        tokens = f"access-{account}", NOW + timedelta(days=365), f"refresh-{account}"
        return Grant(self._clock.now(), account, frozenset(Kind), *tokens)

    async def refresh(self, refresh_token: str) -> Refreshed:
        return self.answers.pop(0) if self.answers else Refreshed("access", NOW + timedelta(days=365), None, None)

    async def revoke(self, token: str) -> None:
        self.revoked.append(token)


class Queue:
    """Keeps what was enqueued, by name."""

    def __init__(self) -> None:
        self.tasks: dict[tuple[str, ...], Mapping[str, str | int]] = {}

    async def enqueue(
        self,
        queue: str,
        function_path: str,
        payload: Mapping[str, str | int],
        *,
        name_parts: tuple[str, ...],
        schedule_at: datetime | None = None,
    ) -> bool:
        new = name_parts not in self.tasks
        self.tasks[name_parts] = payload
        return new


class Rig:
    """The use cases over a store in memory."""

    def __init__(self, store: Documents) -> None:
        self.store, self.clock, self.ids = store, ManualClock(NOW), SeededIds(7)
        self.google, self.queue, self.authority = Google(), Queue(), Authority(self.clock)
        self.secrets = MemorySecrets({"token-key": [b"t" * 32], "wrapping-key": [b"w" * 32]})
        vault, self.keys = TokenVault(self.secrets), DataKeys(store, self.secrets)
        self.links = ConnectionStore(store, self.clock)
        self.days = MeasurementStore(store, self.keys)
        reach = Reach(SETTINGS.backfill_days, SETTINGS.backfill_slice_days, SETTINGS.overlap_days)
        shared: dict[str, Any] = {
            "documents": store, "connections": self.links, "queue": self.queue, "clock": self.clock, "ids": self.ids,
            "authority": self.authority,
        }  # fmt: skip
        ledger = ConsentStore(store)
        self.linking = Linking(
            **shared,
            ledger=ledger,
            tokens=vault,
            keys=self.keys,
            notices=notices(),
            redirect_uri="http://backend.test/x",
            shards=4,
        )
        self.connections = Connections(**shared, tokens=vault)
        http: Any = self.google
        self.syncing = Syncing(
            **shared,
            days=self.days,
            vault=vault,
            fetching=Fetching(
                source=GoogleFitSource(SETTINGS, http=http, clock=self.clock),
                clock=self.clock,
                reach=reach,
                deadline_s=60,
            ),
            pace=Pace(reach=reach, interval_s=3600, calls_per_minute=300, lease_s=270),
        )

        async def commit(writes: Sequence[Any], *, witness: str) -> list[str]:
            return await settle(store, writes, witness=witness)

        follower = following(self.links, self.queue, self.clock, self.ids)
        self.consenting = consenting_over(store, ledger, follower, commit, self.clock)

    async def link(self, uid: str, account: str, kinds: Sequence[Kind] = tuple(Kind)) -> Connection:
        return await self.linking.link_with_device_code(uid, FIT, kinds, f"{account}#{self.ids.token()}")

    async def park(self, uid: str, account: str) -> str:
        """Consent at Google and come back; the code that waits to be confirmed."""
        started = await self.linking.start(uid, FIT, list(Kind), Language.JA)
        state = parse_qs(urlsplit(started.authorization_url).query)["state"][0]
        back = await self.linking.returned(state=state, code=account, error="", scope="")
        assert back.result == "success"
        return back.code

    async def sync(self, uid: str = "hana") -> Outcome:
        return await self.syncing.sync(uid, FIT)

    async def renew(self, *answers: Refreshed) -> Connection:
        """Days pass, a visit each: the access token is over each time, and Google answers what is said here."""
        self.authority.answers = list(answers)
        for _ in answers:
            found = await self.links.connection("hana", FIT)
            assert found is not None
            assert found.value.tokens is not None
            tokens = msgspec.structs.replace(found.value.tokens, access=b"")
            over = msgspec.structs.replace(found.value, tokens=tokens, next_sync_at=NOW)
            await self.store.commit([put(found.path, over, found.version)])
            self.clock.advance(timedelta(days=1))
            await self.sync()
        return await self.connection()

    async def connection(self, uid: str = "hana") -> Connection:
        found = await self.links.connection(uid, FIT)
        assert found is not None
        return found.value

    async def day(self, kind: Kind, at: datetime, uid: str = "hana") -> Day | None:
        account = (await self.connection(uid)).account
        [found] = await self.days.stored(account, await self.keys.key(uid), [(permit_to_store(uid, kind), at.date())])
        return found.day

    async def owner(self, account: str) -> str | None:
        return (await self.links.claim_on(subject_name(account))).owner
