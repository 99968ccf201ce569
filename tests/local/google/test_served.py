"""Over a real socket: what only a server and a connection can show."""

import asyncio
import contextlib
import datetime as dt
import socket
import subprocess
import sys

import aiohttp
import pytest
import uvicorn

from infra.local.google import Fault, World, create_app
from infra.local.google.devices import watch


@contextlib.asynccontextmanager
async def _served(world: World):
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(world), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{listening.getsockname()[1]}") as session:
            yield session
    finally:
        server.should_exit = True
        await task


@pytest.mark.parametrize(
    ("kind", "error", "times"),
    # aiohttp itself asks once more when a GET's connection ends without an answer.
    [("dropped", aiohttp.ServerDisconnectedError, 2), ("truncated", aiohttp.ClientPayloadError, 1)],
)
async def test_a_lost_connection_is_lost_and_the_next_call_is_well(world, kind, error, times):
    world.faults.add(Fault(kind, times=times))
    async with _served(world) as session:
        with pytest.raises((error, ConnectionResetError)):
            async with session.get("/oauth2/v3/certs") as answer:
                await answer.json()
        async with session.get("/oauth2/v3/certs") as answer:
            assert (await answer.json())["keys"]


async def test_an_answer_can_be_lost_after_its_effect(world):
    world.account("a@example.com", devices=[watch()], history=dt.timedelta(hours=1))
    world.client("client", "secret", [])
    code = world.mint_server_auth_code("a@example.com", "client", ["openid"])
    form = {"grant_type": "authorization_code", "code": code, "client_id": "client", "client_secret": "secret"}
    world.faults.add(Fault("dropped", endpoint="token", after=True))
    async with _served(world) as session:
        with pytest.raises((aiohttp.ServerDisconnectedError, ConnectionResetError)):
            await session.post("/token", data=form)
        async with session.post("/token", data=form) as spent:
            assert (await spent.json())["error"] == "invalid_grant"


async def test_a_slow_answer_outlasts_a_callers_patience(world):
    world.faults.add(Fault("slow", seconds=0.3))
    async with _served(world) as session:
        with pytest.raises(TimeoutError):
            await session.get("/oauth2/v3/certs", timeout=aiohttp.ClientTimeout(total=0.05))


def test_it_runs_alone_and_serves_recordings(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    command = [sys.executable, "-u", "-m", "infra.local.google", "--port", "0", "--responses", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(3)]
        process.terminate()
    assert said[0].startswith("not served: broken.json: JSONDecodeError")
    assert said[1] == "accounts: recorded-1@example.com\n"
    assert said[2].startswith("client:   local-client")
