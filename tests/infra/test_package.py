"""Packaging: what goes into a zip, and that the same sources give the same bytes. See also test_artefacts.py."""

import os
import shutil
import zipfile

import pytest
import yaml

from infra import locked
from infra.manifest import ROOT
from infra.package import ALWAYS, build, main, provider

MAIN = """\
from shared.inner import used


async def consent(request):
    from google.cloud import firestore

    return firestore, used
"""


@pytest.fixture
def root(tmp_path):
    """A small repository of its own, with the real table and the real lock."""
    for name in ("serverless.yaml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    files = {
        "functions/consent/main.py": MAIN,
        "shared/__init__.py": "",
        "shared/inner/__init__.py": "",
        "shared/inner/used.py": "from zoneinfo import ZoneInfo\n",
        "shared/inner/unused.py": "import msgspec\n",
        "shared/inner/page.html": "<p>",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    give_files(tmp_path)
    return tmp_path


def built(root, name="consent"):
    (artefact,) = build([name], root / "out", root=root)
    return artefact


def give_files(root, *patterns):
    table = yaml.safe_load((root / "serverless.yaml").read_text(encoding="utf-8"))
    table["functions"]["consent"]["files"] = list(patterns)
    (root / "serverless.yaml").write_text(yaml.safe_dump(table), encoding="utf-8")


def test_a_zip_holds_the_function_and_what_it_reaches_and_no_more(root):
    assert built(root).members == (
        "main.py",
        "requirements.txt",
        "shared/__init__.py",
        "shared/inner/__init__.py",
        "shared/inner/used.py",
    )


def test_requirements_are_the_part_of_the_lock_that_is_needed_with_its_hashes(root):
    artefact = built(root)
    assert {*ALWAYS, "google-cloud-firestore", "grpcio", "tzdata"} <= set(artefact.requires)
    assert {"msgspec", "google-cloud-tasks", "aiohttp"}.isdisjoint(artefact.requires)
    with zipfile.ZipFile(artefact.path) as archive:
        archive.extract("requirements.txt", root / "x")
    entries = locked.read(root / "x" / "requirements.txt")
    assert [entry.name for entry in entries] == list(artefact.requires)
    whole = {entry.name: entry.hashes for entry in locked.read(ROOT / "requirements.txt")}
    assert all(entry.hashes == whole[entry.name] for entry in entries)


def test_the_same_sources_give_the_same_bytes(root):
    first = built(root).path.read_bytes()
    for file in root.rglob("*.py"):
        file.chmod(0o600)
        os.utime(file, (1_000_000_000, 1_000_000_000))
    assert built(root).path.read_bytes() == first


def test_data_files_come_along_only_where_the_table_lists_them(root):
    give_files(root, "shared/inner/*.html")
    assert "shared/inner/page.html" in built(root).members


@pytest.mark.parametrize("pattern", ["shared/inner/*.yaml", "serverless.yaml"])
def test_a_data_file_that_is_not_there_or_not_shared_is_refused(root, pattern):
    give_files(root, pattern)
    with pytest.raises(ValueError, match="names no file under shared/"):
        built(root)


@pytest.mark.parametrize(
    ("text", "fault"),
    [("import infra.manifest", "not deployed"), ("import nowhere_at_all", "nothing installed provides")],
)
def test_imports_that_cannot_work_when_deployed_are_refused(root, text, fault):
    (root / "functions/consent/main.py").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=fault):
        built(root)


def test_a_distribution_that_is_only_for_tests_cannot_be_deployed(root):
    (root / "functions/consent/main.py").write_text("import hypothesis", encoding="utf-8")
    with pytest.raises(KeyError, match="hypothesis"):
        built(root)


def test_distributions_that_share_a_name_are_told_apart():
    assert provider("google.cloud.firestore.AsyncClient") == "google-cloud-firestore"
    assert provider("google.cloud.tasks_v2") == "google-cloud-tasks"
    assert provider("google.auth.transport") == "google-auth"
    assert provider("google.protobuf.timestamp_pb2") == "protobuf"


def test_the_command_line_refuses_a_function_that_is_not_in_the_table(tmp_path):
    with pytest.raises(SystemExit):
        main(["nosuch", "--out", str(tmp_path)])
