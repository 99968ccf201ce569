"""Setting up: what is installed is what the files list, and only when they change."""

import hashlib
import subprocess
import sys

import pytest

from infra import environment
from infra.manifest import ROOT


def test_the_pinned_installer_is_found_with_its_hashes():
    (entry,) = (
        entry for name in environment.RUN for entry in environment.entries(ROOT / name) if entry.startswith("uv==")
    )
    assert entry.count("--hash=sha256:") > 5


@pytest.mark.parametrize("wanted", ["run", "dev"])
def test_a_set_that_is_installed_already_costs_nothing(tmp_path, wanted):
    files = environment.SETS[wanted]
    for name in (*files, "infra/environment.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / ".venv").mkdir()
    digest = hashlib.sha256(b"".join((tmp_path / name).read_bytes() for name in files)).hexdigest()
    (tmp_path / ".venv" / f".installed-{wanted}").write_text(digest)
    command = [sys.executable, str(tmp_path / "infra/environment.py"), wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    assert done.stderr == ""
    assert sorted(path.name for path in (tmp_path / ".venv").iterdir()) == [f".installed-{wanted}"]


def test_compiled_modules_are_kept_whatever_the_machine_says():
    assert "PYTHONDONTWRITEBYTECODE" not in environment.quiet()


def test_a_command_that_fails_is_told_and_not_hidden(capsys):
    assert not environment.attempt([sys.executable, "-c", "raise SystemExit('no such package')"])
    assert "no such package" in capsys.readouterr().err
