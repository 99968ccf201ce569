"""The dependency audit: quiet on what is right, and each fault named."""

import importlib.metadata
from email.message import Message

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra import audit_dependencies as audit
from infra import locked
from infra.manifest import ROOT

LOCK = "alpha==1.0 \\\n    --hash=sha256:aa\n    # via -r in.in\nbeta==2.0 \\\n    --hash=sha256:bb\n    # via alpha\n"


class Installed(importlib.metadata.Distribution):
    """A distribution that is only metadata."""

    def __init__(self, name, version, *, requires=(), licence="MIT"):
        self._lines = [("Name", name), ("Version", version), ("License-Expression", licence)]
        self._lines += [("Requires-Dist", line) for line in requires]

    @property
    def metadata(self):
        message = Message()
        for key, value in self._lines:
            message[key] = value
        return message

    @property
    def requires(self):
        return [value for key, value in self._lines if key == "Requires-Dist"]

    def read_text(self, _):
        return None

    def locate_file(self, path):
        raise FileNotFoundError(path)


@pytest.fixture
def root(tmp_path):
    for source, target in audit.FILES.items():
        for name in (source, target):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "infra/requirements.in").write_text("alpha>=1\n", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text(LOCK, encoding="utf-8")
    return tmp_path


def world(**changes):
    found = {"alpha": Installed("alpha", "1.0", requires=["beta"]), "beta": Installed("beta", "2.0")}
    return {name: dist for name, dist in {**found, **changes}.items() if dist}


def test_a_sound_set_has_no_faults(root):
    assert list(audit.audit(root, world())) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"beta": Installed("beta", "2.1")}, "beta is installed as 2.1, locked as 2.0"),
        ({"beta": None}, "beta is locked but not installed"),
        ({"gamma": Installed("gamma", "1")}, "gamma is installed but not locked"),
        ({"alpha": Installed("alpha", "1.0")}, "beta is locked but nothing requires it"),
        ({"alpha": Installed("alpha", "1.0", requires=["beta", "omega"])}, "omega is required but not locked"),
        ({"beta": Installed("beta", "2.0", licence="AGPL-3.0-only")}, "beta: licence 'AGPL-3.0-only'"),
        ({"beta": Installed("beta", "2.0", licence="MIT AND SSPL-1.0")}, "beta: licence 'MIT AND SSPL-1.0'"),
    ],
)
def test_an_environment_that_differs_is_named(root, changes, fault):
    assert any(fault in found for found in audit.audit(root, world(**changes)))


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("infra/requirements.in", "alpha>=2\n", "does not allow the locked 1.0"),
        ("infra/requirements.in", "alpha\nomega\n", "omega is not in the locked file"),
        ("requirements.txt", "alpha==1.0\nbeta==2.0 \\\n    --hash=sha256:bb\n", "alpha has no hash"),
        ("requirements.txt", "--index-url https://example.org\n", "not a pinned requirement"),
        ("tests/requirements-dev.txt", "beta==2.0 \\\n    --hash=sha256:xx\n", "locked otherwise"),
    ],
)
def test_a_lock_that_is_out_of_step_is_named(root, file, text, fault):
    (root / file).write_text(text, encoding="utf-8")
    assert any(fault in found for found in audit.audit(root, world()))


def test_extras_are_followed_only_where_asked_for():
    installed = world(alpha=Installed("alpha", "1.0", requires=["beta; extra == 'more'"]))
    assert audit.closure([Requirement("alpha")], installed) == {"alpha"}
    assert audit.closure([Requirement("alpha[more]")], installed) == {"alpha", "beta"}


@pytest.mark.parametrize(("text", "found"), [("MIT License\n\nCopyright", []), (None, ["beta: licence 'unknown'"])])
def test_a_licence_that_stands_in_a_file_alone_is_found_there(text, found):
    class Filed(Installed):
        def __init__(self):
            self._lines = [("Name", "beta"), ("License-File", "LICENSE")]

        def read_text(self, name):
            return text if name == "licenses/LICENSE" else None

    assert [fault.removesuffix(" is not on the list") for fault in audit.bad_licences({"beta": Filed()})] == found


def test_every_distribution_the_functions_use_has_a_licence_on_the_list():
    names = [entry.name for entry in locked.read(ROOT / "requirements.txt") if entry.applies]
    installed = {str(canonicalize_name(d.metadata["Name"])): d for d in importlib.metadata.distributions()}
    assert list(audit.bad_licences({name: installed[name] for name in names})) == []


def test_what_is_not_checked_is_said():
    assert any("NOT CHECKED" in line for line in audit.UNCHECKED)
