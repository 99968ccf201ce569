"""A kind is known everywhere or nowhere: every table that names most kinds names them all."""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.manifest import ROOT
from shared.vocabulary import Kind


def tables() -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """(module.NAME, table) of every table at the top of a module that is keyed by kinds."""
    for top in ("shared", "infra"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if path.name == "__main__.py" or "tofu" in path.parts:
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for label, found in vars(importlib.import_module(name)).items():
                if isinstance(found, Mapping) and found and all(isinstance(key, Kind) for key in found):
                    yield f"{name}.{label}", found


TABLES = dict(tables())


def test_there_are_tables_of_kinds():
    assert {"shared.measurement.model.FIELDS", "shared.source.google_fit.wire.TYPES"} <= TABLES.keys()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_that_names_most_kinds_names_them_all(name: str):
    missing = set(Kind) - TABLES[name].keys()
    assert not missing or len(missing) > len(Kind) / 2, f"{name} lacks {sorted(missing)}"
