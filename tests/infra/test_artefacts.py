"""Every function's zip, unpacked somewhere else, starts and answers with nothing but what it brought."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from infra.manifest import ROOT, load
from infra.package import build

UV = Path(sys.executable).parent / "uv"
START_S = 40

SEE = """
import importlib.util, json, sys
found = [name for name in ("infra", "functions", "tests", "pytest") if importlib.util.find_spec(name)]
print(json.dumps({"found": found, "path": sys.path}))
"""


@pytest.fixture(params=sorted(load().functions))
def artefact(request, tmp_path):
    """A function's name, and the folder where its zip lies unpacked beside an environment of its own."""
    (made,) = build([request.param], tmp_path / "zips")
    home = tmp_path / "home"
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(home)
    run([UV, "venv", "--quiet", "--python", sys.executable, "venv"], cwd=tmp_path)
    install = [UV, "pip", "install", "--quiet", "--python", tmp_path / "venv/bin/python", "--require-hashes"]
    install += ["--no-deps", "-r", home / "requirements.txt"]
    try:
        run([*install, "--offline"], cwd=tmp_path)
    except subprocess.CalledProcessError:
        run(install, cwd=tmp_path)
    return request.param, home, tmp_path / "venv/bin"


def run(command, **options):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **options)


def environment(home, port):
    """The least a function needs: required settings, and nothing of this process's own."""
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "APP_LINK": "kagamino://linked",
        "DEVELOPMENT": "1",
        "DOCUMENTS": f"sqlite:{home / 'documents.db'}",
        "FIREBASE_PROJECT": "kagamino-local",
        "GOOGLE_CLIENT_ID": "client",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SCHEDULER_ACCOUNT": "scheduler@kagamino-local.iam.gserviceaccount.com",
        "TASKS_ACCOUNT": "tasks@kagamino-local.iam.gserviceaccount.com",
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def served(name, home, binaries):
    """The function's own server, stopped at the end; gives its URL."""
    port = free_port()
    command = [str(binaries / "functions-framework"), "--target", name, "--host", "127.0.0.1", "--port", str(port)]
    with (home / "server.log").open("w", encoding="utf-8") as said:
        server = subprocess.Popen(command, cwd=home, env=environment(home, port), stdout=said, stderr=said)
    try:
        wait_until_open(port, server, home / "server.log")
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(10)


def wait_until_open(port, server, log):
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail(f"it did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


def post(url):
    """Status, content type and body of an anonymous, empty POST."""
    request = urllib.request.Request(url, data=b"{}", headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers.get("content-type", ""), answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers.get("content-type", ""), refused.read()


def test_a_function_starts_alone_and_turns_a_stranger_away(artefact):
    name, home, binaries = artefact
    with served(name, home, binaries) as url:
        status, kind, body = post(url)
    assert 400 <= status < 500, (status, body, (home / "server.log").read_text(encoding="utf-8")[-2000:])
    assert kind.startswith("application/problem+json"), kind
    assert json.loads(body)["status"] == status
    seen = run([binaries / "python", "-c", SEE], cwd=home, env=environment(home, 1)).stdout
    assert json.loads(seen)["found"] == []
    assert str(ROOT) not in json.loads(seen)["path"]
    run([UV, "pip", "check", "--python", binaries / "python"], cwd=home)
