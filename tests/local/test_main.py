"""`make dev` as a process."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from infra.manifest import ROOT

JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")
CONNECTION = """curl -s $URL/connection -H "Authorization: Bearer $HANA\""""
SCOPES = [f"https://www.googleapis.com/auth/fitness.{part}.read" for part in ("activity", "sleep")]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


async def process(state: Path, **settings: str) -> asyncio.subprocess.Process:
    kept_out = {"DOCUMENTS", "PORT", "DEV_STATE"}
    environment = {name: value for name, value in os.environ.items() if name not in kept_out}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "infra.local",
        cwd=ROOT,
        env={**environment, "PORT": "0", "DEV_STATE": str(state), **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )


@asynccontextmanager
async def running(state: Path) -> AsyncIterator[str]:
    """What it says once it is up. It ends in peace when it is interrupted."""
    started = await process(state)
    assert started.stdout is not None
    said = ""
    async with asyncio.timeout(90):
        while "Ctrl-C" not in said:
            line = (await started.stdout.readline()).decode()
            assert line, "it ended by itself"
            said += line
    reading = asyncio.create_task(started.stdout.read())
    try:
        yield said
    finally:
        started.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            complaints = await started.stderr.read() if started.stderr else b""
            await reading
            await started.wait()
    assert started.returncode == 0, complaints.decode()
    assert "Traceback" not in complaints.decode()


async def ended(state: Path, **settings: str) -> tuple[int | None, str]:
    """What comes of one that cannot start."""
    async with asyncio.timeout(60):
        started = await process(state, **settings)
        said, complaints = await started.communicate()
    assert said == b""
    return started.returncode, complaints.decode()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def commands(said: str) -> dict[int, str]:
    """The lines to copy, by the number of their step."""
    steps = re.split(r"^# (\d+) .*\n# \1 .*\n", said.partition("Ctrl-C")[0], flags=re.MULTILINE)
    return {int(number): text.strip() for number, text in zip(steps[1::2], steps[2::2], strict=True)}


async def shell(*lines: str) -> list[Any]:
    """What bash answers to them, value by value."""
    typed = "\n".join(lines)
    asked = await asyncio.create_subprocess_exec(
        "bash", "-ec", typed, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    answered, complaints = await asked.communicate()
    assert (asked.returncode, complaints) == (0, b"")
    found, rest = [], answered.decode().strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        found.append(value)
        rest = rest[end:].strip()
    return found


async def allowed(consent: str) -> str:
    """The page that a browser arrives at once hana has agreed at Google."""
    form = {"account": "hana@example.com", "scope": SCOPES, "decision": "allow"}
    async with aiohttp.ClientSession() as browser, browser.post(consent, data=form) as page:
        assert page.status == 200
        return await page.text()


async def test_it_says_where_everything_is_in_both_languages_and_keeps_tokens_to_itself(state: Path) -> None:
    async with running(state) as said:
        assert re.search(r"http://127\.0\.0\.1:\d+/oauth_start", said)
        assert "eyJ" not in said
        variables = state / "tokens.env"
        assert variables.stat().st_mode & 0o777 == 0o600
        names = re.findall(r"^(\w+)=", variables.read_text(encoding="utf-8"), re.MULTILINE)
        assert names == ["URL", "HANA", "KEN", "YUI", "TICK", "HOSPITAL", "HOSPITAL_ID"]
    for pattern in (r"^    (.*)\n    (.*)$", r"^# \d+ (.*)\n# \d+ (.*)$", r"^(.*起動.*) / (.*)$", r"^(Ctrl.*) / (.*)$"):
        found = re.findall(pattern, said, re.MULTILINE)
        assert found
        for japanese, english in found:
            assert JAPANESE.search(japanese)
            assert not JAPANESE.search(english)
    # A shell that knows no remarks among what is typed (zsh) reads them as commands.
    remarks = re.findall(r"^# \d+ (.*)$", said, re.MULTILINE)
    assert not [remark for remark in remarks if re.search(r"[`'\"$;&|<>()*?\[\]\\!#]", remark)]


async def test_a_second_one_ends_and_leaves_the_first_as_it_is(state: Path) -> None:
    async with running(state) as said:
        tour = commands(said)
        await shell(tour[1], tour[2])
        before = contents(state)
        assert "documents.db" in before
        for port in ("0", re.findall(r"127\.0\.0\.1:(\d+)", said)[0]):
            code, complaint = await ended(state, PORT=port)
            assert code == 1
            assert "すでに動いています" in complaint
            assert "is running already" in complaint
            assert re.findall(r"http://127\.0\.0\.1:\d+", said)[0] in complaint
            assert "Traceback" not in complaint
        assert contents(state) == before
        assert await shell(tour[1], CONNECTION) == [{"connections": []}]
        assert any(b"link_attempts" in held for held in before.values())
    async with running(state):
        left = contents(state).values()
        assert not any(b"link_attempts" in held for held in left), "what a former one left is removed"


async def test_a_port_that_is_taken_costs_nobody_their_store(tmp_path: Path) -> None:
    state, store = tmp_path, tmp_path / "documents.db"
    store.write_bytes(b"kept")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, complaint = await ended(state, PORT=str(port))
    assert code == 1
    assert f"ポート {port} を使えません" in complaint
    assert f"Cannot listen on port {port}" in complaint
    assert f"PORT={port + 1} make dev" in complaint
    assert "Traceback" not in complaint
    assert store.read_bytes() == b"kept"


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="bash and curl are not installed")
async def test_the_tour_works_as_it_is_printed(state: Path) -> None:
    async with running(state) as said, asyncio.timeout(60):
        tour = commands(said)
        [begun] = await shell(tour[1], tour[2])
        page = await allowed(begun["authorization_url"])
        code, command = (unescape(found) for found in re.findall(r"<pre class=copy>([^<]*)</pre>", page))
        [mistaken] = await shell(tour[1], command.replace("$HANA", "$KEN"))
        assert mistaken["code"] == "link_invalid"
        [confirmed] = await shell(tour[1], tour[3].replace("PASTE_IT_HERE", code))
        assert confirmed["connection"]["state"] == "active"
        assert {kind for kind, link in confirmed["connection"]["kinds"].items() if link["granted"]} == {
            "steps",
            "sleep",
        }
        await shell(tour[1], f"until {CONNECTION} | grep -q 'last_success_at\":\"2'; do sleep 0.1; done")

        assert (await shell(tour[1], tour[4]))[1] == {"queued": True}
        _, days, points = await shell(tour[1], tour[5])
        assert days["days"]
        assert points["points"]
        now, withdrawn, given, history = await shell(tour[1], tour[6])
        assert [stands["epoch"] for stands in (now, withdrawn["consent"], given["consent"])] == [1, 2, 3]
        sleep = [line["state"] for line in history["events"] if line["kind"] == "sleep"]
        assert sleep == ["given", "withdrawn", "given"]
        _, readable, read, handed_on = await shell(tour[1], tour[7])
        assert [one["kind"] for one in readable["people"][0]["may_read"]] == ["steps"]
        assert read["days"] == days["days"]
        assert [(one["kind"], one["count"]) for one in handed_on["provisions"]] == [("steps", len(days["days"]))]
        assert await shell(tour[1], tour[8]) == [{"done": "status"}]
        assert (await shell(tour[1], "curl -s $URL/google/_world"))[0]["faults"][0]["status"] == 503
        assert await shell(tour[1], tour[9]) == [{}]
        [tick] = await shell(tour[1], tour[10])
        assert "code" not in tick
        assert await shell(tour[1], tour[11]) == [{"disconnected": True}]
        stopped, begun, erasures, readable = await shell(tour[1], tour[12])
        assert {cell["state"] for cell in stopped["consent"]["cells"]} == {"withdrawn"}
        assert begun["everything"]
        assert [one["id"] for one in erasures["erasures"]] == [begun["id"]]
        assert [(one["may_read"], [end["kind"] for end in one["ended"]]) for one in readable["people"]] == [
            ([], ["steps"])
        ]
        assert list(tour) == list(range(1, 13))
