"""Imports point downwards, rules know no vendor, and a cold start pays only for what it uses."""

import re
import subprocess
import sys
import tomllib

import pytest

from infra.imports import closure
from infra.manifest import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]

INNER = sorted(
    str(path.relative_to(ROOT))
    for name in ("model", "ports", "service")
    for path in (ROOT / "shared").rglob(f"{name}.py")
)
VENDORS = {"aiohttp", "boto3", "flask", "functions_framework", "google", "grpc", "requests", "starlette"}

HEAVY = {"aiohttp", "boto3", "flask", "google.api_core", "google.auth", "grpc", "numpy", "requests"}

LIGHT_START = """
import importlib, sys
for name in {names}:
    importlib.import_module(name)
print(*sorted(set(sys.modules) & {heavy}))
"""


def layers():
    (contract,) = (contract for contract in CONTRACTS if contract["type"] == "layers")
    return contract["layers"]


def test_the_layers_name_every_child_of_shared():
    named = {name.strip(" ()") for layer in layers() for name in re.split(r"[|:]", layer)}
    children = {
        f"shared.{path.stem}"
        for path in (ROOT / "shared").iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path.is_dir() and path.name != "__pycache__")
    }
    assert children - named == set(), "a layers contract ignores what it does not name"


def test_every_folder_of_shared_is_a_package():
    folders = {path.parent for path in (ROOT / "shared").rglob("*.py")}
    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("file", INNER)
def test_rules_and_use_cases_reach_no_vendor_no_framework_and_no_store(file):
    found = closure(ROOT / file, ROOT)
    assert {name.split(".")[0] for name in found.outside} & VENDORS == set()
    reached = {str(path.relative_to(ROOT)) for path in found.files}
    stores = {path for path in reached if path.endswith("/store.py")}
    adapters = {path for path in reached if path.startswith("shared/cloud/")} - ALLOWED_OF_CLOUD
    assert stores | adapters == set()


ALLOWED_OF_CLOUD = {"shared/cloud/__init__.py", "shared/cloud/documents.py", "shared/cloud/seal.py"}
"""The document port is words and sealing is arithmetic; neither is an adapter."""


def test_importing_shared_loads_nothing_heavy():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "shared").rglob("*.py"))
        if not path.name.startswith("firestore")  # the adapter itself, which `stores` imports on first use
    ]
    script = LIGHT_START.format(names=modules, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
