"""Measurements are opened in one place, for whoever holds the gate's permit, and only the gate makes permits."""

import ast
import importlib
import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.imports import imported
from infra.manifest import ROOT
from shared.consent.gate import Permit
from shared.measurement.overlay import CorrectionStore
from shared.measurement.service import Measurements
from shared.measurement.store import MeasurementStore

STORE = "shared/measurement/store.py"
SOURCES = {
    str(path.relative_to(ROOT)): path
    for place in ("functions", "shared", "infra")
    for path in sorted((ROOT / place).rglob("*.py"))
    if "bench" not in path.parts  # which packs and times what it invented
}
COUNTS = "infra/demo/stored.py"
"""Counts documents and their sealed bytes, and opens none by itself."""
DAYS = re.compile(r"(^|/)days(/|$)")
DOORS = {"shared.measurement.pack.unpack", "shared.measurement.pack.pack"}
SEALS = {"shared.cloud.seal.open_sealed", "shared.cloud.seal.seal"}


def paths_named(file: Path) -> Iterator[str]:
    """Every text in a file that is, or is part of, the path of a document or collection of days."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
            texts = ["".join(map(str, parts))]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("Query", "Put", "get"):
            texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "/" in node.value:
            texts = [node.value] if " " not in node.value else []
        else:
            continue
        yield from (text for text in texts if " " not in text and DAYS.search(text))


def names_used(file: Path) -> set[str]:
    """Every name and attribute that stands in a file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found |= {node.name.rpartition(".")[2], node.asname or ""}
    return found


def test_no_other_code_names_the_documents_of_days():
    naming = {where for where, file in SOURCES.items() if any(paths_named(file))}
    assert naming == {STORE, COUNTS}


def test_no_other_code_packs_or_unpacks_a_day_or_opens_what_days_are_sealed_in():
    reach = {where: set(imported(file)) for where, file in SOURCES.items()}
    assert {w for w, names in reach.items() if names & DOORS} == {STORE}
    assert {w for w, names in reach.items() if names & SEALS} == {
        STORE,
        "shared/cloud/blobs.py",  # papers of cases, in places of their own
        "shared/cloud/tickets.py",  # of the consent page, under a key of their own
        "shared/cloud/vault.py",  # tokens, and the keys themselves
        "shared/disclosure/stored.py",  # cases, each under a key of its own
        "shared/measurement/overlay.py",  # what was corrected, under the person's key, in a place of its own
        "shared/profile/blind.py",  # whose entry in an index it is, under a key of its own
        "shared/profile/store.py",  # profiles, under the person's key, in places of their own
    }


def test_what_was_corrected_is_read_over_the_days_where_they_are_read_and_nowhere_else():
    reach = {where: set(imported(file)) for where, file in SOURCES.items()}
    applying = {where for where, names in reach.items() if "shared.measurement.corrections.corrected" in names}
    assert applying == {STORE}


def test_no_other_code_makes_a_permit_or_holds_the_gates_seal():
    making = {where for where, file in SOURCES.items() if re.search(r"\bPermit\(", file.read_text(encoding="utf-8"))}
    assert making == {"shared/consent/gate.py"}
    forging = {"_SEAL", "__new__", "__setattr__", "__reduce__"}
    holding = {where for where, file in SOURCES.items() if "Permit" in names_used(file) and names_used(file) & forging}
    assert holding <= {"shared/consent/gate.py"}
    assert not any("shared.consent.gate._SEAL" in imported(file) for file in SOURCES.values())


ADMITTING = {
    "admit_self": {
        "shared/consent/gate.py",
        "functions/measurement/main.py",
        "infra/demo/stored.py",
    },
    "admit_request": {
        "shared/consent/gate.py",
        "shared/disclosure/correcting.py",
        "shared/disclosure/package/reading.py",
    },
}
"""The two permits that take no decision of the person's, and who may ask for them: who found the caller to be that
person, and who answers a request of theirs."""


@pytest.mark.parametrize("door", sorted(ADMITTING))
def test_only_who_answers_people_about_themselves_asks_for_a_permit_without_their_consent(door: str):
    asking = {where for where, file in SOURCES.items() if door in names_used(file) or f"def {door}" in file.read_text()}
    assert asking == ADMITTING[door]


def opening() -> Iterator[tuple[str, typing.Callable[..., object]]]:
    """Every public way to get at measurements or to write them, ports included."""
    days, source = (importlib.import_module(f"shared.{name}.ports") for name in ("measurement", "sync"))
    for kind in (MeasurementStore, CorrectionStore, Measurements, days.DayReader, source.Days):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if name[0] != "_" and name != "key":  # the key alone opens nothing: `SEALS`
                yield f"{kind.__name__}.{name}", method


WAYS = dict(opening())


def test_the_ways_to_measurements_are_known():
    assert {"MeasurementStore.read_days", "MeasurementStore.stored", "MeasurementStore.write"} <= WAYS.keys()
    assert {"Measurements.day_summaries", "Measurements.points", "DayReader.read_days", "Days.write"} <= WAYS.keys()


@pytest.mark.parametrize("way", sorted(WAYS))
def test_each_takes_a_permit_and_neither_a_uid_nor_a_kind_beside_it(way: str):
    wanted = inspect.signature(WAYS[way]).parameters
    hints = typing.get_type_hints(WAYS[way])
    permits = [name for name, hint in hints.items() if hint is Permit or Permit in inner(hint)]
    assert len(permits) == 1, "mypy then refuses whoever has none"
    assert wanted[permits[0]].default is inspect.Parameter.empty
    assert not {"uid", "kind", "user", "person"} & wanted.keys()


def inner(hint: object) -> set[object]:
    """What a generic type holds, at any depth; None where it may be left out."""
    held = set(typing.get_args(hint))
    return held.union(*map(inner, held)) if held else held
