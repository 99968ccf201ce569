"""What a case leaves behind: letters and the package as files, and whether they are what they say they are."""

import csv
import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from shared.audit.checkpoints import KEYS, read_keys
from shared.audit.proof import Proof, prove
from shared.audit.sealing import GRACE
from shared.audit.verify import WITHIN, stored
from shared.disclosure.package.model import Category
from shared.wiring.auditing import sealing
from shared.wiring.platform import platform

MANIFEST = "manifest.json"


@dataclass
class Paper:
    """One letter's paper, as a file. `whole`: its bytes are those the case has on record, and it names the case."""

    file: str
    title: str
    pages: int
    sha256: str
    whole: bool


@dataclass
class Packed:
    """A package, unpacked. `wrong` are files that are not what the manifest says of them, missing or too many."""

    files: int
    size_bytes: int
    rows: dict[str, int]
    wrong: list[str]


def unpack(raw: bytes, folder: Path, zip_path: Path) -> Packed:
    """Keep the package, and its files beside it, each held against the manifest."""
    zip_path.write_bytes(raw)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        archive.extractall(folder)
        content = {name: archive.read(name) for name in archive.namelist()}
    listed = {one["path"]: one for one in msgspec.json.decode(content.pop(MANIFEST))["files"]}
    wrong = [name for name in {*listed, *content} if not _as_listed(listed.get(name), content.get(name))]
    return Packed(len(content) + 1, len(raw), _rows(content), sorted(wrong))


def _rows(content: Mapping[str, bytes]) -> dict[str, int]:
    """Points by kind, as the tables of measurements have them: one for each kind and year, under a heading."""
    found: Counter[str] = Counter()
    for name, raw in content.items():
        folder, _, table = name.partition("/")
        kind, _, year = table.removesuffix(".csv").rpartition("-")
        if folder == Category.MEASUREMENTS and year.isdigit():
            found[kind] += sum(1 for _ in csv.reader(io.StringIO(raw.decode("utf-8-sig")))) - 1
    return dict(found)


def _as_listed(listed: dict[str, Any] | None, content: bytes | None) -> bool:
    return listed is not None and content is not None and listed["sha256"] == hashlib.sha256(content).hexdigest()


def keep_paper(raw: bytes, path: Path, sha256: str, number: str) -> Paper:
    """Write a letter's PDF down, and look into it."""
    from pypdf import PdfReader

    path.write_bytes(raw)
    whole = raw.startswith(b"%PDF-") and hashlib.sha256(raw).hexdigest() == sha256
    if not whole:
        return Paper(path.name, "", 0, sha256, whole)
    pdf = PdfReader(io.BytesIO(raw))
    told = "".join(page.extract_text() for page in pdf.pages)
    return Paper(path.name, str((pdf.metadata and pdf.metadata.title) or ""), len(pdf.pages), sha256, number in told)


async def audit_proof(now: datetime) -> Proof:
    """The audit log, proven as `python -m shared.audit.verify` does: every chain, and the anchors of sealed days."""
    parts = platform("audit_checkpoint")
    kept = sealing(parts).anchors
    keys = read_keys([await kept.get(name) or b"" for name in await kept.names(KEYS)])
    until = (now - GRACE - WITHIN).date() - timedelta(days=1)
    return await prove(stored(parts.documents), kept, keys, until)
