"""The table of functions and the folders are one and the same, and a function is wiring only."""

import ast
import re

import pytest

from infra.imports import imported
from infra.manifest import ROOT, load

FUNCTIONS = sorted(load().functions)


def test_every_folder_in_functions_stands_in_the_table_and_the_reverse():
    folders = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert folders == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_one_short_file_of_wiring(name):
    folder = ROOT / "functions" / name
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == {"main.py"}
    assert len((folder / "main.py").read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_s_entry_point_bears_its_name(name):
    tree = ast.parse((ROOT / "functions" / name / "main.py").read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)}
    assigned = {ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)}
    assert name in defined | assigned


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_never_import_each_other(name):
    for found in imported(ROOT / "functions" / name / "main.py"):
        assert found.split(".")[0] not in {"functions", "infra", "tests", *FUNCTIONS}, found


def test_names_say_what_is_inside():
    vague = re.compile(r"^(utils?|helpers?|manager|base|common|misc)$")
    named = [path for place in ("functions", "shared", "infra") for path in (ROOT / place).rglob("*.py")]
    assert [
        str(path.relative_to(ROOT)) for path in named if vague.match(path.stem) or vague.match(path.parent.name)
    ] == []


def test_modules_stay_short():
    limit = 300
    long = {
        str(path.relative_to(ROOT)): lines
        for place in ("functions", "shared")
        for path in (ROOT / place).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > limit
    }
    assert long == {}
