"""The published notices: read from files that come with the code, held to the hashes they were published under.

    notices/PUBLISHED            a line per version: its hash and its name, oldest first; only ever added to
    notices/<version>/           notice.yaml, ja.md, en.md

A notice's hash is the SHA-256 of what `sha256sum en.md ja.md notice.yaml` prints, so anybody can recompute it:
`cd <version> && sha256sum en.md ja.md notice.yaml | sha256sum`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec

from shared.errors import NotFound, Refused
from shared.policy.model import Contents, Notice, NoticeRef, faults_of

FILES = ("en.md", "ja.md", "notice.yaml")
SHIPPED = Path(__file__).parent / "notices"
_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64}) (?P<version>[0-9A-Za-z.-]{1,40})")


class Notices:
    """Every notice that was ever published, oldest first."""

    def __init__(self, published: tuple[Notice, ...]) -> None:
        self._published = published
        self._by_version = {notice.contents.version: notice for notice in published}

    def __iter__(self) -> Iterator[Notice]:
        return iter(self._published)

    def in_force(self, at: datetime) -> Notice:
        """The newest notice that is in force. Raises Refused `notice_not_in_force` before the first one."""
        begun = [notice for notice in self._published if notice.in_force_at <= at]
        if not begun:
            raise Refused("notice_not_in_force", "no notice is in force yet")
        return max(begun, key=lambda notice: notice.in_force_at)

    def find(self, version: str) -> Notice:
        """The notice of that version, whether in force or not. Raises NotFound `notice_unknown`."""
        if version not in self._by_version:
            raise NotFound("notice_unknown", "version: never published")
        return self._by_version[version]

    def agreed_to(self, ref: NoticeRef | None, at: datetime) -> Notice:
        """The notice that a decision made now may name: the one in force, with the very words it was published with.

        Without a `ref` the one in force. Raises NotFound `notice_unknown` (version or hash were never published) and
        Refused `notice_not_in_force` (not yet, or no more: read the one in force, and ask again).
        """
        current = self.in_force(at)
        if ref is None:
            return current
        named = self.find(ref.version)
        if named.sha256 != ref.sha256:
            raise NotFound("notice_unknown", "sha256: not what this version was published with")
        if named is not current:
            raise Refused("notice_not_in_force", f"in force is {current.contents.version}")
        return named


@cache
def notices(folder: str = "") -> Notices:
    """The notices in `folder`, or those that come with the code. Read once.

    Raises Refused `notices_broken`: what is wrong with them, all at once.
    """
    return load(Path(folder) if folder else SHIPPED)


def load(folder: Path) -> Notices:
    """Read and check every published notice. Raises as `notices`."""
    found: list[Notice] = []
    faults: list[str] = []
    for sha256, version in _listed(folder, faults):
        try:
            notice = read(folder / version)
        except (OSError, ValueError) as wrong:
            faults.append(f"{version}: {wrong}")
            continue
        faults += [f"{version}: {fault}" for fault in faults_of(notice.contents)]
        if notice.sha256 != sha256:
            faults.append(f"{version}: its files are not those it was published with ({notice.sha256})")
        if notice.contents.version != version:
            faults.append(f"{version}: calls itself {notice.contents.version}")
        found.append(notice)
    for older, newer in pairwise(notice.contents for notice in found):
        if newer.in_force_from <= older.in_force_from:
            faults.append(f"{newer.version}: not in force later than {older.version}, which was published before it")
    if faults or not found:
        raise Refused("notices_broken", "; ".join(faults) or "no notice is published")
    return Notices(tuple(found))


def _listed(folder: Path, faults: list[str]) -> list[tuple[str, str]]:
    """The hash and the version of each line of PUBLISHED; what is wrong with others is added to `faults`."""
    try:
        lines = (folder / "PUBLISHED").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as wrong:
        faults.append(f"PUBLISHED: {wrong}")
        return []
    listed: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        told = _LINE.fullmatch(line)
        if told is None:
            faults.append(f"PUBLISHED: line {number} is not a hash, a space and a version")
        elif told["version"] in listed:
            faults.append(f"PUBLISHED: line {number} names {told['version']} again")
        else:
            listed[told["version"]] = told["sha256"]
    return [(sha256, version) for version, sha256 in listed.items()]


def read(folder: Path) -> Notice:
    """One notice, published or not. Raises OSError, ValueError: a file is missing, or is not what it should be."""
    files = {name: (folder / name).read_bytes() for name in FILES}
    for name in FILES:
        if not files[name].decode().strip():
            raise ValueError(f"{name} is empty")
    return Notice(msgspec.convert(_parsed(files["notice.yaml"]), Contents), files, digest_of(files))


def _parsed(text: bytes) -> object:
    import yaml  # only here: whoever needs no notice does not load it

    class Strict(yaml.CSafeLoader):
        """Refuses what would be silently replaced: a name that stands twice in one place."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
            names = [name.value for name, _ in node.value]
            if twice := [str(name) for name in names if names.count(name) > 1]:
                raise yaml.YAMLError(f"{twice[0]} stands twice, the second time{node.start_mark}")
            return dict(super().construct_mapping(node, deep))

    try:
        return yaml.load(text, Strict)  # noqa: S506  # nosec B506 - it is a safe loader
    except yaml.YAMLError as wrong:
        raise ValueError(str(wrong)) from None


def digest_of(files: Mapping[str, bytes]) -> str:
    """The hash a notice is published under: see the top of this file."""
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in FILES)
    return hashlib.sha256(lines.encode()).hexdigest()
