"""One zip per function, ready to upload: `python -m infra.package [FUNCTION…] [--out DIR]`.

A zip holds the function's main.py at its root, the files of shared/ it can reach and no others, the data files the
manifest lists for it, and a requirements.txt that is the part of the locked one it needs, hashes included. The same
sources give the same bytes.
"""

import argparse
import importlib.metadata
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.utils import canonicalize_name
from rich.console import Console
from rich.table import Table

from infra import locked, manifest
from infra.imports import closure

ALWAYS = ("functions-framework", "httptools", "uvloop")
"""What serves a function, whatever it imports; uvloop and httptools make that three times faster."""

DATA = {"zoneinfo": "tzdata"}
"""Modules of the standard library that need a distribution's data."""

EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Artefact:
    """One built zip: where it is, what it holds, how many bytes it takes, which distributions it asks for."""

    function: str
    path: Path
    members: tuple[str, ...]
    size: int
    requires: tuple[str, ...]


def build(names: Iterable[str], out: Path, *, root: Path = manifest.ROOT) -> list[Artefact]:
    """Write `<name>.zip` for each of `names` into `out`.

    Raises:
        ValueError: a function imports what it may not, or what no locked distribution provides.
    """
    table = manifest.load(root / "serverless.yaml")
    pinned = locked.read(root / "requirements.txt")
    out.mkdir(parents=True, exist_ok=True)
    return [_build(name, table.functions[name], pinned, out, root) for name in names]


def _build(name: str, function: manifest.Function, pinned: Sequence[locked.Locked], out: Path, root: Path) -> Artefact:
    main = root / "functions" / name / "main.py"
    reached = closure(main, root)
    entries = locked.needed(pinned, (*ALWAYS, *_distributions(name, reached.outside)))
    contents = {"main.py": main.read_bytes(), "requirements.txt": _listing(entries)}
    contents |= {str(file.relative_to(root)): file.read_bytes() for file in (*reached.files, *_data(function, root))}
    path = out / f"{name}.zip"
    _write(path, contents)
    return Artefact(
        function=name,
        path=path,
        members=tuple(sorted(contents)),
        size=path.stat().st_size,
        requires=tuple(entry.name for entry in entries),
    )


def _data(function: manifest.Function, root: Path) -> Iterator[Path]:
    for pattern in function.files:
        found = sorted(file for file in root.glob(pattern) if file.is_file())
        if not pattern.startswith("shared/") or not found:
            raise ValueError(f"files: {pattern} names no file under shared/")
        yield from found


def _listing(entries: Iterable[locked.Locked]) -> bytes:
    return "".join(entry.lines for entry in entries).encode()


def _write(path: Path, contents: Mapping[str, bytes]) -> None:
    """Write a zip whose bytes depend on nothing but its contents."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for member, data in sorted(contents.items()):
            info = zipfile.ZipInfo(member, date_time=EPOCH)
            info.create_system, info.external_attr, info.compress_type = 3, 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


def _distributions(function: str, imports: Iterable[str]) -> Iterator[str]:
    """The distributions that provide `imports`; none for the standard library."""
    for name in sorted(imports):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names:
            if top in DATA:
                yield DATA[top]
            continue
        if top in {"functions", "infra", "tests"}:
            raise ValueError(f"{function} imports {name}, which is not deployed")
        yield provider(name)


def provider(name: str) -> str:
    """The installed distribution that owns the module `name`, or the longest part of it that is a module.

    Looking at files rather than at top-level names tells the many distributions apart that share `google`.

    Raises:
        ValueError: nothing installed owns it.
    """
    owners = _owners()
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if owner := owners.get(".".join(parts[:end])):
            return owner
    raise ValueError(f"nothing installed provides {name}")


@cache
def _owners() -> dict[str, str]:
    owners: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = str(canonicalize_name(distribution.metadata["Name"]))
        for file in distribution.files or ():
            if module := re.fullmatch(r"([\w/]+?)(?:/__init__)?(?:\.[\w-]+)?\.(?:py|so|pyd)", file.as_posix()):
                owners.setdefault(module[1].replace("/", "."), name)
    return owners


def main(arguments: Sequence[str] | None = None) -> None:
    """Build what the command line asks for and show what came of it."""
    known = manifest.load().functions
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help=f"of {', '.join(known)}; all by default")
    parser.add_argument("--out", type=Path, default=manifest.ROOT / ".build", help="where the zips go")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.functions) - set(known):
        parser.error(f"no such function: {', '.join(sorted(unknown))}")
    table = Table("function", "zip", "kB", "files of shared/", "distributions", box=None)
    for made in build(chosen.functions or known, chosen.out):
        files = sum(member.startswith("shared/") for member in made.members)
        kilobytes = f"{made.size / 1000:.1f}"
        table.add_row(made.function, made.path.name, kilobytes, str(files), str(len(made.requires)))
    Console().print(table, f"in {chosen.out}")


if __name__ == "__main__":
    main()
