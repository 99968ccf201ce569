"""The compiled requirement files as values: what is pinned, by which hashes, and who asked for it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

_HEAD = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$")


@dataclass(frozen=True, slots=True)
class Locked:
    """One pinned distribution. `via` names the distributions that require it, and the .in files that list it.

    `lines` is its entry as it stands in the file, hashes included, comments left out.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    via: frozenset[str]
    lines: str

    @property
    def applies(self) -> bool:
        """Whether this machine and Python are among those it is for."""
        return not self.marker or Marker(self.marker).evaluate()


def read(path: Path) -> list[Locked]:
    """Every entry of a compiled requirement file, in its order.

    Raises:
        ValueError: a line is neither a pinned requirement nor a hash nor a comment: an index or a URL, for example.
    """
    found: list[Locked] = []
    entry: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), "end==0"]:
        if not line.startswith((" ", "#")) and line.strip():
            if entry:
                found.append(_locked(entry, path))
            entry = [line]
        elif entry and line.strip():
            entry.append(line)
    return found


def needed(locked: Iterable[Locked], names: Iterable[str]) -> list[Locked]:
    """The entries for `names` and for everything they require, in the file's order.

    Raises:
        KeyError: one of `names` is not in the file.
    """
    entries = list(locked)
    known = {entry.name for entry in entries}
    chosen = {str(canonicalize_name(name)) for name in names}
    if missing := chosen - known:
        raise KeyError(f"not locked: {', '.join(sorted(missing))}")
    while more := {entry.name for entry in entries if entry.via & chosen} - chosen:
        chosen |= more
    return [entry for entry in entries if entry.name in chosen]


def _locked(entry: list[str], path: Path) -> Locked:
    head = _HEAD.match(entry[0])
    if head is None:
        raise ValueError(f"{path.name}: not a pinned requirement: {entry[0]}")
    hashes, via = [], set()
    for line in (text.strip() for text in entry[1:]):
        if line.startswith("--hash="):
            hashes.append(line.removeprefix("--hash=").removesuffix("\\").strip())
        elif line.startswith("#"):
            via.add(line.removeprefix("#").strip().removeprefix("via").strip())
        else:
            raise ValueError(f"{path.name}: not understood: {line}")
    lines = [line for line in entry if not line.lstrip().startswith("#")]
    return Locked(
        name=str(canonicalize_name(head["name"])),
        version=head["version"],
        marker=(head["marker"] or "").strip(),
        hashes=tuple(hashes),
        via=frozenset(via - {""}),
        lines="\n".join(lines) + "\n",
    )
