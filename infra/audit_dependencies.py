"""What can be known about the dependencies without the network: `python -m infra.audit_dependencies`.

Checked: every file is locked with hashes and in step with its .in file; the whole set is exactly what those files lead
to; what is installed is what is locked; every licence is on the list. Not checked, because that needs data from
elsewhere: known vulnerabilities, and releases withdrawn since. It says so every time.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.locked import Locked, read
from infra.manifest import ROOT

FILES = {
    "infra/requirements.in": "requirements.txt",
    "infra/requirements-local.in": "infra/requirements-local.txt",
    "tests/requirements-dev.in": "tests/requirements-dev.txt",
}

LICENCES = re.compile(
    r"(the )?(mit(-0|-cmu)?|apache( software| license,?)?[ -]?(version )?(2(\.0)?)?|https://www\.apache\.org/licenses/\S+"
    r"|(\d-clause )?bsd([ -]\d-clause)?|psf-2\.0|python software foundation|mpl-2\.0|isc|cnri-python"
    r"|mozilla public license 2\.0 mpl 2\.0|dual"
    r"|bsd-3-clause, apache-2\.0, dependency licenses)( license)?( \(mit\))?",
    re.IGNORECASE,
)
"""Licences that ask for nothing but keeping notices (MPL: publishing changes to its own files)."""

TOOLS = {"pip", "setuptools", "wheel"}
"""What a virtual environment brings by itself."""

UNCHECKED = (
    "NOT CHECKED, no data without the network: known vulnerabilities and withdrawn releases.",
    "Before a release, on a machine with access: pip-audit --requirement requirements.txt --disable-pip",
)


def audit(root: Path, installed: Mapping[str, importlib.metadata.Distribution]) -> Iterator[str]:
    """Every fault, as a sentence. `installed` is by canonical name."""
    locked: dict[str, Locked] = {}
    wanted: list[Requirement] = []
    for source, target in FILES.items():
        try:
            entries = read(root / target)
        except ValueError as error:
            yield str(error)
            continue
        for entry in entries:
            if not entry.hashes:
                yield f"{target}: {entry.name} has no hash"
            if not entry.applies:
                continue
            if locked.setdefault(entry.name, entry).lines != entry.lines:
                yield f"{target}: {entry.name} is locked otherwise than in another file"
        asked = listed(root / source)
        yield from (f"{source}: {fault}" for fault in out_of_step(asked, entries))
        wanted += asked
    yield from mismatches(locked, installed)
    reached = closure(wanted, installed)
    here = set(locked)
    yield from (f"{name} is required but not locked" for name in sorted(reached - here))
    yield from (f"{name} is locked but nothing requires it" for name in sorted(here - reached))
    yield from (f"{name} is installed but not locked" for name in sorted(set(installed) - here - TOOLS))
    yield from bad_licences({name: installed[name] for name in sorted(here & set(installed))})


def listed(source: Path) -> list[Requirement]:
    """The requirements an .in file lists."""
    lines = (line.split("#")[0].strip() for line in source.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def out_of_step(asked: Sequence[Requirement], entries: Sequence[Locked]) -> Iterator[str]:
    """What `asked` asks for that `entries` do not give."""
    for requirement in asked:
        name = canonicalize_name(requirement.name)
        versions = [entry.version for entry in entries if entry.name == name]
        if not versions:
            yield f"{requirement.name} is not in the locked file; run `make lock`"
        elif not all(requirement.specifier.contains(version, prereleases=True) for version in versions):
            yield f"{requirement} does not allow the locked {', '.join(versions)}; run `make lock`"


def mismatches(locked: Mapping[str, Locked], installed: Mapping[str, importlib.metadata.Distribution]) -> Iterator[str]:
    """Where the environment differs from what is locked for it."""
    for name, entry in locked.items():
        if name not in installed:
            yield f"{name} is locked but not installed"
        elif installed[name].version != entry.version:
            yield f"{name} is installed as {installed[name].version}, locked as {entry.version}"


def closure(wanted: Sequence[Requirement], installed: Mapping[str, importlib.metadata.Distribution]) -> set[str]:
    """Names of everything `wanted` leads to on this machine, by what the installed distributions say they require."""
    waiting = [(requirement, "") for requirement in wanted]
    seen: set[tuple[str, str]] = set()
    names: set[str] = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = str(canonicalize_name(requirement.name))
        names.add(name)
        for asked in ("", *requirement.extras):
            if (name, asked) not in seen and name in installed:
                seen.add((name, asked))
                waiting += [(Requirement(line), asked) for line in installed[name].requires or ()]
    return names


def bad_licences(distributions: Mapping[str, importlib.metadata.Distribution]) -> Iterator[str]:
    """Distributions whose licence is unknown or not on the list."""
    for name, distribution in distributions.items():
        stated = licence(distribution)
        parts = [part.strip() for part in re.split(r"\b(?:AND|OR)\b|[();]", stated) if part.strip()]
        if not parts or not all(LICENCES.fullmatch(part) for part in parts):
            yield f"{name}: licence {stated or 'unknown'!r} is not on the list"


def licence(distribution: importlib.metadata.Distribution) -> str:
    """What a distribution says its licence is: the expression, else the classifiers, else the first line of
    text, in the metadata or in the file they name."""
    stated = distribution.metadata
    if expression := stated.get_all("License-Expression"):
        return str(expression[0])
    classifiers = [line.split("::")[-1] for line in stated.get_all("Classifier") or () if line.startswith("License ::")]
    named = " AND ".join(line.replace("(", "").replace(")", "") for line in classifiers)
    text = named or "".join(stated.get_all("License") or ())
    if not text and (files := stated.get_all("License-File")):
        text = distribution.read_text(f"licenses/{files[0]}") or ""
    return text.strip().split("\n")[0]


def main() -> None:
    """Print every fault, then what was not checked."""
    installed = {str(canonicalize_name(found.metadata["Name"])): found for found in importlib.metadata.distributions()}
    faults = list(audit(ROOT, installed))
    for fault in faults:
        print(fault)
    for line in UNCHECKED:
        print(f"note: {line}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
