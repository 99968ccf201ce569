"""The platform as a whole, with two small functions that use what the real ones use."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from google.cloud.secretmanager_v1 import SecretVersion

from infra.local.platform import Platform
from infra.manifest import Manifest, parse
from shared import config
from shared.clock import ManualClock, SystemClock, process_clock

START = datetime(2026, 11, 22, 9, 32, tzinfo=UTC)

FRONT = '''
"""Takes an app user's wish and queues it; the scheduler's tick queues one too."""
from __future__ import annotations

import functions_framework.aio
import msgspec
from starlette.responses import JSONResponse

from shared.clock import process_clock
from shared.cloud.http import Http
from shared.cloud.identity import Identities
from shared.cloud.tasks import TaskQueue
from shared.config import settings
from shared.errors import NotPermitted


class Wish(msgspec.Struct):
    """Resolved by name in this very module, however many others are called main."""

    what: Inner


class Inner(msgspec.Struct):
    front: str


parts = []


def built():
    if not parts:
        s = settings()
        parts.append(Identities(s, function="front", http=Http(), clock=process_clock()))
        parts.append(
            TaskQueue(
                project=s.project,
                region=s.region,
                endpoint=s.tasks_endpoint,
                public_url=s.public_url,
                account=s.tasks_account,
            )
        )
    return parts


@functions_framework.aio.http
async def front(request):
    identities, queue = built()
    try:
        if request.headers.get("x-cloudscheduler"):
            caller = (await identities.scheduler(request)).email
        else:
            caller = (await identities.app_user(request)).uid
    except NotPermitted as refused:
        return JSONResponse({"code": refused.code}, 401)
    wish = msgspec.json.decode(await request.body() or b'{"what": {"front": "tick"}}', type=Wish)
    now = process_clock().now()
    new = await queue.enqueue(
        "work", "back/deep", {"caller": caller, "what": wish.what.front}, name_parts=(caller, str(now.timestamp()))
    )
    return {"caller": caller, "path": request.url.path, "query": str(request.query_params), "new": new}
'''

BACK = '''
"""Does what was queued, once it knows that the queue sent it."""
from __future__ import annotations

import functions_framework.aio
import msgspec
from starlette.responses import JSONResponse

from shared.clock import process_clock
from shared.cloud.http import Http
from shared.cloud.identity import Identities
from shared.cloud.secrets import Secrets
from shared.config import settings
from shared.errors import NotPermitted


class Wish(msgspec.Struct):
    caller: str
    what: str


done = []


@functions_framework.aio.http
async def back(request):
    s = settings()
    if request.method == "GET":
        return {"done": done}
    try:
        await Identities(s, function="back", http=Http(), clock=process_clock()).tasks(request)
    except NotPermitted as refused:
        return JSONResponse({"code": refused.code}, 401)
    wish = msgspec.json.decode(await request.body(), type=Wish)
    secret = await Secrets(project=s.project, endpoint=s.secrets_endpoint, clock=process_clock()).get("wrapping-key")
    at = process_clock().now().strftime("%H:%M")
    done.append([at, wish.caller, wish.what, request.url.path, len(secret.value)])
    return {}
'''


def manifest() -> Manifest:
    sized = {"memory": "256Mi", "cpu": 1, "concurrency": 1, "instances": {"min": 0, "max": 1}, "timeout": 30}
    touches = {"databases": ["default"], "secrets": [], "enqueues": []}
    return parse(
        {
            "service": "tried",
            "region": "asia-northeast1",
            "runtime": "python311",
            "time_zone": "Asia/Tokyo",
            "settings": {"fixed": {}, "deployment": []},
            "databases": {
                "default": {"id": "(default)", "point_in_time_recovery": False, "backup_days": 7, "expires": {}}
            },
            "secrets": {"oauth-client-secret": "", "wrapping-key": ""},
            "functions": {
                "front": {
                    "title": "",
                    "trigger": "https",
                    "called_by": ["app_user", "scheduler"],
                    **sized,
                    **touches,
                },
                "back": {"title": "", "trigger": "queue", "called_by": ["tasks"], **sized, **touches},
            },
            "schedules": {"every_quarter": {"function": "front", "cron": "*/15 * * * *", "deadline": 60}},
            "queues": {
                "work": {
                    "function": "back",
                    "path": "/deep",
                    "deadline": 60,
                    "rate": {"per_second": 100, "at_once": 10},
                    "retry": {"attempts": 3, "min_backoff": 1, "max_backoff": 10, "doublings": 2},
                }
            },
        }
    )


@pytest.fixture
def functions(tmp_path: Path) -> Path:
    for name, text in (("front", FRONT), ("back", BACK)):
        (tmp_path / "functions" / name).mkdir(parents=True)
        (tmp_path / "functions" / name / "main.py").write_text(text, encoding="utf-8")
    return tmp_path / "functions"


@pytest.fixture
def platform(functions: Path, tmp_path: Path) -> Platform:
    return Platform(ManualClock(START), documents=f"sqlite:{tmp_path / 'db'}", functions=functions, manifest=manifest())


@pytest.fixture
async def running(platform: Platform) -> AsyncIterator[Platform]:
    async with platform:
        yield platform


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def done(running: Platform, http: aiohttp.ClientSession) -> list[list[object]]:
    async with http.get(f"{running.url}/back") as answer:
        found: list[list[object]] = (await answer.json())["done"]
        return found


async def wish(running: Platform, http: aiohttp.ClientSession, what: str, uid: str = "hana") -> tuple[int, object]:
    headers = {"Authorization": f"Bearer {running.issuer.token_for(uid)}"}
    address = f"{running.url}/front/some%20where?q=1"
    async with http.post(address, json={"what": {"front": what}}, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_wish_goes_from_a_signed_in_person_through_the_queue_to_the_worker(running, http):
    status, answer = await wish(running, http, "tea")
    assert (status, answer) == (200, {"caller": "hana", "path": "/some where", "query": "q=1", "new": True})
    assert await done(running, http) == []
    assert await running.drain() == 1
    assert await done(running, http) == [["09:32", "hana", "tea", "/deep", 32]]


async def test_whoever_is_not_signed_in_or_not_the_queue_is_refused(running, http):
    async with http.post(f"{running.url}/front", json={}) as answer:
        assert answer.status == 401
    token = running.issuer.token_for("hana")
    forged = {"Authorization": f"Bearer {token}", "X-CloudTasks-TaskName": "t", "X-CloudTasks-QueueName": "work"}
    async with http.post(f"{running.url}/back/deep", json={"caller": "x", "what": "y"}, headers=forged) as answer:
        assert answer.status == 401


async def test_schedules_and_tasks_happen_in_order_of_time_as_it_is_moved(running, http):
    await wish(running, http, "tea")
    await running.advance(timedelta(minutes=45))
    assert [row[:3] for row in await done(running, http)] == [
        ["09:32", "hana", "tea"],
        *([at, "scheduler@kagamino-local.iam.gserviceaccount.com", "tick"] for at in ("09:45", "10:00", "10:15")),
    ]
    assert running.clock.now() == START + timedelta(minutes=45)
    assert running.scheduler.statuses == {("front", 200): 3}


async def test_time_can_pass_without_the_schedules(running, http):
    await running.advance(timedelta(hours=1), schedules=False)
    assert await done(running, http) == []


async def test_one_tick_can_be_had_at_once(running, http):
    assert await running.tick("front") == 200
    await running.drain()
    assert len(await done(running, http)) == 1
    with pytest.raises(KeyError):
        await running.tick("back")


async def test_a_worker_that_fails_is_called_again_later(running, http):
    running.secrets.set_state("wrapping-key", "1", SecretVersion.State.DISABLED)
    await wish(running, http, "tea")
    await running.drain()
    running.secrets.set_state("wrapping-key", "1", SecretVersion.State.ENABLED)
    await running.advance(timedelta(seconds=1), schedules=False)
    assert [row[2] for row in await done(running, http)] == ["tea"]


async def test_the_issuers_keys_and_the_simulated_googles_are_published_together(running, http):
    async with http.get(f"{running.url}/identity/certs") as answer:
        published = {key["kid"] for key in (await answer.json())["keys"]}
    async with http.get(f"{running.url}/google/oauth2/v3/certs") as answer:
        googles = {key["kid"] for key in (await answer.json())["keys"]}
    async with http.get(f"{running.url}/identity/firebase_certs") as answer:
        assert "BEGIN CERTIFICATE" in next(iter((await answer.json()).values()))
    assert googles
    assert googles < published


async def test_a_stopped_platform_leaves_the_process_as_it_was(platform, monkeypatch, http):
    monkeypatch.setenv("DOCUMENTS", "before")
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    monkeypatch.delenv("FUNCTION_SIGNATURE_TYPE", raising=False)
    clock = process_clock()
    async with platform:
        assert config.settings().public_url == platform.url
        assert process_clock() is platform.clock
        await wish(platform, http, "tea")
    assert os.environ["DOCUMENTS"] == "before"
    assert not {"PUBLIC_URL", "FUNCTION_SIGNATURE_TYPE"} & os.environ.keys()
    assert process_clock() is clock


async def test_the_next_platform_starts_with_fresh_functions(functions, tmp_path, http):
    for _ in range(2):
        async with Platform(
            ManualClock(START), documents=f"sqlite:{tmp_path / 'db'}", functions=functions, manifest=manifest()
        ) as platform:
            await wish(platform, http, "tea")
            await platform.drain()
            assert len(await done(platform, http)) == 1


async def test_two_platforms_at_once_are_refused_and_the_first_goes_on(running, functions, tmp_path, http):
    other = Platform(ManualClock(START), documents="sqlite:x", functions=functions, manifest=manifest())
    with pytest.raises(RuntimeError, match="another platform"):
        await other.start()
    assert (await wish(running, http, "tea"))[0] == 200


async def test_a_function_that_cannot_be_loaded_is_said_at_once_and_nothing_stays_behind(platform, functions):
    (functions / "back" / "main.py").write_text("import shared.nothing", encoding="utf-8")
    before = dict(os.environ)
    with pytest.raises(ModuleNotFoundError):
        await platform.start()
    assert dict(os.environ) == before


async def test_secrets_outlive_the_process_where_a_folder_is_given(functions, tmp_path):
    values = []
    for _ in range(2):
        kept = Platform(
            ManualClock(START), documents="sqlite:x", functions=functions, manifest=manifest(), state=tmp_path / "state"
        )
        async with kept:
            values.append(kept.secrets.newest("wrapping-key"))
    assert values[0] == values[1]
    assert (tmp_path / "state" / "secrets.json").stat().st_mode & 0o077 == 0


async def test_on_the_systems_clock_tasks_arrive_by_themselves(functions, tmp_path, http):
    async with Platform(SystemClock(), documents="sqlite:x", functions=functions, manifest=manifest()) as platform:
        await wish(platform, http, "tea")
        while not platform.delivery.counts["status_200"]:
            platform.tasks.changed.clear()
            await platform.tasks.changed.wait()
        assert len(await done(platform, http)) == 1
