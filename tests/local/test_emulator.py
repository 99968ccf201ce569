"""The emulator never outlives who started it, and is never missing in silence."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.local.emulator import EmulatorAbsent, command, running

STARTER = """
import sys, time
from infra.local.emulator import running
with running({}) as host:
    print(host, flush=True)
    time.sleep(60)
"""


def is_open(host: str) -> bool:
    name, _, port = host.partition(":")
    try:
        socket.create_connection((name, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.usefixtures("firestore_emulator")
def test_the_emulator_ends_with_its_starter_even_when_that_is_killed():
    starter = subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    host = starter.stdout.readline().strip()
    assert is_open(host)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    deadline = time.monotonic() + 10
    while is_open(host):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_emulator_that_runs_already_is_used_and_left_running():
    with running({"FIRESTORE_EMULATOR_HOST": "somewhere:1"}) as host:
        assert host == "somewhere:1"


def test_what_is_missing_is_said(tmp_path: Path):
    with pytest.raises(EmulatorAbsent, match="java"):
        command(str(tmp_path))
    for name in ("java", "bin/gcloud"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch(mode=0o755)
    with pytest.raises(EmulatorAbsent, match="Cloud SDK"):
        command(str(tmp_path))
    with pytest.raises(EmulatorAbsent, match="component"):
        command(f"{tmp_path}:{tmp_path / 'bin'}")
