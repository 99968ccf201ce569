"""What cannot be tested on a machine is left out loudly, and may not be missing where it is required."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENTS = ("tests/contracts/test_documents.py", "test_an_empty_commit_is_nothing")
PAGE = ("tests/journeys/test_consent_page.py", "test_everything_can_be_read_without_scripts")
UNUSED = [
    part for name in ("schemathesis", "hypothesispytest", "randomly", "cacheprovider") for part in ("-p", f"no:{name}")
]
NO_FIRESTORE = ("FIRESTORE WAS NOT TESTED", "java is not installed")
NO_BROWSER = ("NO PAGE WAS TESTED IN A BROWSER", "no Chromium is installed")


def run(tmp_path: Path, tests: tuple[str, str], *options: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Tests on a machine that has neither Java nor a browser."""
    kept = {name: value for name, value in os.environ.items() if name != "FIRESTORE_EMULATOR_HOST"}
    required = {"REQUIRE_EMULATOR": "", "REQUIRE_BROWSER": ""}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *UNUSED, *options, "-k", tests[1], tests[0]],
        env={**kept, "PATH": str(tmp_path), **required, **environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("tests", "said"), [(DOCUMENTS, NO_FIRESTORE), (PAGE, NO_BROWSER)])
@pytest.mark.parametrize("workers", ["0", "1"])
def test_what_is_left_out_is_said_loudly(tmp_path: Path, tests: tuple[str, str], said: tuple[str, str], workers: str):
    told = run(tmp_path, tests, "-n", workers).stdout
    assert re.search(r"\d+ tests were left out", told)
    assert "1 passed" in told or tests is PAGE
    for one in said:
        assert one in told


@pytest.mark.parametrize(("required", "said"), [("REQUIRE_EMULATOR", NO_FIRESTORE), ("REQUIRE_BROWSER", NO_BROWSER)])
def test_where_it_is_required_its_absence_fails_the_run(tmp_path: Path, required: str, said: tuple[str, str]):
    told = run(tmp_path, DOCUMENTS, **{required: "1"})
    assert told.returncode != 0
    assert f"{required}=1, but {said[1]}" in told.stderr + told.stdout
