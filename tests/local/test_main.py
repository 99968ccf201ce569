"""`make dev` as a process."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

from infra.manifest import ROOT


async def test_it_says_where_everything_is_and_ends_in_peace_when_interrupted(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "infra.local",
        cwd=ROOT,
        env={**os.environ, "PORT": "0", "DOCUMENTS": f"sqlite:{tmp_path / 'db'}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(90):
        while "Ctrl-C" not in said:
            line = (await process.stdout.readline()).decode()
            assert line, "it ended by itself"
            said += line
        process.send_signal(signal.SIGINT)
        _, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    assert re.search(r"http://127\.0\.0\.1:\d+/oauth_start", said)
    assert re.search(r"^TOKEN=ey", said, re.MULTILINE)
    assert "Traceback" not in complaints.decode()
