"""Which files and distributions a module reaches, read from its source."""

import pytest

from infra.imports import closure


@pytest.fixture
def tree(tmp_path):
    def write(**files):
        for name, text in files.items():
            path = tmp_path / (name.replace("__", "/").replace("/init/", "/__init__") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for folder in (tmp_path / "shared").rglob("*"):
            if folder.is_dir():
                (folder / "__init__.py").touch()
        (tmp_path / "shared" / "__init__.py").touch()
        return tmp_path

    return write


def reached(root):
    found = closure(root / "main.py", root)
    return {str(path.relative_to(root)) for path in found.files}, found.outside


def test_imports_are_followed_through_shared_with_the_packages_on_the_way(tree):
    root = tree(
        main="from shared.a import one",
        shared__a__one="import shared.b.two\nimport json",
        shared__b__two="",
        shared__b__three="import flask",
    )
    files, outside = reached(root)
    assert files == {
        "shared/__init__.py",
        "shared/a/__init__.py",
        "shared/a/one.py",
        "shared/b/__init__.py",
        "shared/b/two.py",
    }
    assert outside == {"json"}


def test_an_import_inside_a_function_counts(tree):
    root = tree(main="async def f():\n    if True:\n        from google.cloud import firestore", shared__x="")
    assert reached(root)[1] == {"google.cloud.firestore"}


def test_an_import_for_types_only_does_not_count(tree):
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import flask\nelse:\n    import json"
    assert reached(tree(main=text, shared__x=""))[1] == {"typing.TYPE_CHECKING", "json"}


def test_modules_that_import_each_other_end(tree):
    root = tree(main="import shared.x", shared__x="import shared.y", shared__y="import shared.x")
    assert reached(root)[0] == {"shared/__init__.py", "shared/x.py", "shared/y.py"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("from . import x", "relative"),
        ("import importlib\nimportlib.import_module('shared.' + 'x')", "computed"),
        ("import shared.nosuch.y", "does not exist"),
    ],
)
def test_what_cannot_be_packaged_is_refused(tree, text, fault):
    with pytest.raises(ValueError, match=fault):
        reached(tree(main=text, shared__x=""))
