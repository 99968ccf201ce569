"""The operators' tools, run as they are typed: what is missing is one line, and never an empty store."""

import os
import subprocess
import sys

import pytest

from infra.manifest import ROOT
from shared.cloud.documents import Put
from shared.cloud.sqlite import SqliteDocuments


def typed(module, *arguments, **environment):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", f"infra.{module}", *arguments],
        cwd=ROOT,
        env=kept | {"PYTHONUTF8": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("module", ["fleet", "rotate_keys"])
def test_help_needs_no_setting(module):
    done = typed(module, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "DOCUMENTS" in done.stdout


@pytest.mark.parametrize("module", ["fleet", "rotate_keys"])
@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "DOCUMENTS is missing"),
        ({"DOCUMENTS": "firestore"}, "PROJECT is missing"),
        ({"DOCUMENTS": "sqlite:{folder}/documents"}, "there is no store in the file {folder}/documents"),
        ({"DOCUMENTS": "sqlite::memory:"}, "there is no store in the file :memory:"),
        ({"DOCUMENTS": "mysql"}, "neither sqlite:PATH nor firestore"),
        ({"DOCUMENTS": "sqlite:{folder}/text", "SECRETS_ENDPOINT": "localhost:1"}, "is not available right now"),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_one_line_in_both_languages(tmp_path, module, environment, named):
    (tmp_path / "text").write_text("not a store" * 100)
    (tmp_path / "text.keys").write_text("not a store" * 100)
    settings = {name: value.format(folder=tmp_path) for name, value in environment.items()}
    done = typed(module, **settings)
    assert done.returncode == 1
    assert done.stdout.strip() in ("", "データ鍵 / data keys")
    [line] = done.stderr.splitlines()
    japanese, _, english = line.partition(" / ")
    assert named.format(folder=tmp_path) in english
    assert not japanese.isascii()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text", "text.keys"]


async def test_the_fleet_of_a_file_is_counted(tmp_path):
    store = SqliteDocuments(str(tmp_path / "documents.db"))
    person = {"uid": "a" * 28, "state": "needs_reauth", "shard": 0, "next_sync_at": None}
    await store.commit([Put("users/a/connections/google_fit", person)])
    await store.close()
    table = typed("fleet", DOCUMENTS=f"sqlite:{tmp_path}/documents.db")
    assert (table.returncode, table.stderr) == (0, "")
    assert "needs_reauth" in table.stdout
    assert "再連携" in table.stdout
    assert (
        typed("fleet", "--list", "needs_reauth", DOCUMENTS=f"sqlite:{tmp_path}/documents.db").stdout == "a" * 28 + "\n"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "sqlite:.dev/documents.db"), ({"DEV_STATE": "x"}, "sqlite:x/documents.db"), ({"DOCUMENTS": "y"}, "y")],
)
def test_make_looks_at_the_store_of_make_dev_unless_told_otherwise(tmp_path, given, expected):
    (tmp_path / "python").write_text('#!/bin/sh\necho "$DOCUMENTS $@"\n')
    (tmp_path / "python").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name not in ("DOCUMENTS", "DEV_STATE", "MAKEFLAGS")}
    command = ["make", "--no-print-directory", "--old-file=run-env", f"PY={tmp_path}/python", "fleet", "ARGS=--most 5"]
    done = subprocess.run(command, cwd=ROOT, env=kept | given, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == f"{expected} -m infra.fleet --most 5"
