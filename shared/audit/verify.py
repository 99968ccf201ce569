"""Prove the audit log: that nothing was altered, removed, inserted or put in another order since it was anchored.

    python -m shared.audit.verify --anchors folder:PATH --documents sqlite:PATH
    python -m shared.audit.verify --anchors s3:BUCKET --documents firestore --project PROJECT
    python -m shared.audit.verify --anchors folder:PATH --file entries.ndjson
    python -m shared.audit.verify --documents … --export entries.ndjson

Public keys are those kept beside the checkpoints; with `--keys` (a JWK set) no others are believed. Exit status: 0 the
log is whole, 1 it is not, 2 that cannot be judged.
"""

import argparse
import asyncio
import datetime as dt
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from shared.audit.checkpoints import KEYS, read_keys
from shared.audit.model import Entry
from shared.audit.ports import Anchors
from shared.audit.proof import Proof, Read, prove
from shared.audit.sealing import GRACE
from shared.audit.store import decoded, every_entry
from shared.audit.writes import entry_id
from shared.clock import process_clock
from shared.cloud.anchors import open_anchors
from shared.cloud.documents import Documents
from shared.cloud.signing import keys_of
from shared.cloud.stores import open_documents
from shared.errors import Fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WITHIN = dt.timedelta(hours=4)
"""How long after it may be sealed a day must be."""


class Words(NamedTuple):
    """The same in both languages."""

    ja: str
    en: str


WHOLE = Words(
    "完全です：監査記録に改変、欠落、入れ替えはありません。", "WHOLE: nothing was altered, lost or reordered."
)
BROKEN = Words(
    "壊れています：監査記録は、書かれたときのままではありません。", "BROKEN: the log is not as it was written."
)
UNJUDGED = Words("判定できません。", "CANNOT BE JUDGED.")
CHAINS_ONLY = Words(
    "注意：控えとは照合していません。記録の末尾の欠落や、鎖全体の作り直しは、これだけでは分かりません。",
    "Note: nothing was compared with anchors. Chains alone tell neither a lost end nor a chain made anew.",
)

FINDINGS = {
    "entry_altered": Words("この記録は改変されています。", "This entry was altered."),
    "entry_missing": Words("この記録がないか、順序が違います。", "This entry is missing, or out of its place."),
    "entry_out_of_order": Words("この記録の順序が違います。", "This entry is out of its place."),
    "entry_misplaced": Words("この記録が、別の記録の場所にあります。", "This entry stands in another one's place."),
    "entry_unlinked": Words("この記録が、一つ前の記録に続いていません。", "This entry does not follow the one before."),
    "entry_replaced": Words(
        "この記録は、控えられたときのものと違います。", "This entry is not the one that was anchored."
    ),
    "entry_unanchored": Words(
        "この記録は、その日が封じられた後に加えられています。", "This entry was added after its day had been sealed."
    ),
    "entry_anchored_twice": Words("この記録が二度控えられています。", "This entry was anchored twice."),
    "entry_unreadable": Words("この記録を読み取れません。", "This entry cannot be read as one."),
    "checkpoint_missing": Words("この日の封がありません。", "This day's checkpoint is missing."),
    "checkpoint_unbelieved": Words(
        "この封の署名は、知られている鍵のものではありません。", "None of the known keys signed this checkpoint."
    ),
    "checkpoint_unreadable": Words("この封を読み取れません。", "This checkpoint cannot be read."),
    "checkpoint_unlinked": Words(
        "この封が、前の日の封に続いていません。", "This checkpoint does not follow the one before."
    ),
    "segment_missing": Words("封が指す控えがありません。", "A segment that a checkpoint names is missing."),
    "segment_altered": Words("封が指す控えの内容が違います。", "A segment is not the one that its checkpoint names."),
}


async def stored(documents: Documents) -> AsyncIterator[Read]:
    """The log as it is in the store."""
    async for found in every_entry(documents):
        try:
            yield Read(found.id, decoded(found))
        except msgspec.ValidationError:
            yield Read(found.id, None)


async def exported(path: Path) -> AsyncIterator[Read]:
    """The log as `--export` wrote it: an entry a line, in order of id."""
    decode = msgspec.json.Decoder(Entry).decode
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                entry = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield Read(f"{path.name}:{number}", None)
            else:
                yield Read(entry_id(entry.stream, entry.number), entry)


async def export(documents: Documents, path: Path) -> None:
    """Write the log as lines. What cannot be read as an entry is written as it can, and is told when it is proven."""
    encode = msgspec.json.Encoder(order="sorted").encode
    with path.open("xb") as lines:
        async for name, entry in stored(documents):
            lines.write(encode(entry if entry is not None else {"unreadable": name}) + b"\n")


async def run(chosen: argparse.Namespace) -> int:
    """What the command line asks for."""
    documents = open_documents(chosen.documents, project=chosen.project) if chosen.documents else None
    try:
        if chosen.export is not None and documents is not None:
            await export(documents, chosen.export)
            return 0
        entries = stored(documents) if documents is not None else exported(chosen.file)
        anchors = open_anchors(chosen.anchors) if chosen.anchors else None
        proof = await prove(entries, anchors, chosen.keys or await _kept_keys(anchors), chosen.until or _until())
    finally:
        if documents is not None:
            await documents.close()
    return _show(proof, anchored=anchors is not None)


async def _kept_keys(anchors: Anchors | None) -> "Sequence[Mapping[str, Ed25519PublicKey]]":
    if anchors is None:
        return []
    return read_keys([await anchors.get(name) or b"" for name in await anchors.names(KEYS)])


def _until() -> dt.date:
    """The last day that must be sealed by now."""
    return (process_clock().now() - GRACE - WITHIN).date() - dt.timedelta(days=1)


def _show(proof: Proof, *, anchored: bool) -> int:
    _tell(BROKEN if proof.findings else WHOLE)
    for what, where in proof.findings:
        sys.stdout.write(f"- {where}\n")
        _tell(FINDINGS[what], indent="    ")
    if not anchored:
        _tell(CHAINS_ONLY)
    sys.stdout.write(
        f"  記録 | entries          {proof.entries}\n"
        f"  流れ | streams          {proof.streams}\n"
        f"  封 | checkpoints        {proof.checkpoints}, {proof.sealed_to or '-'}\n"
        f"  後から | taken in late  {proof.late}\n"
        f"  未封 | not sealed yet   {proof.waiting}\n"
    )
    return 1 if proof.findings else 0


def _tell(words: Words, indent: str = "") -> None:
    sys.stdout.write(f"{indent}{words.ja}\n{indent}{words.en}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Its exit status says the verdict."""
    parser = argparse.ArgumentParser(
        prog="python -m shared.audit.verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--documents", help="the store: sqlite:PATH or firestore")
    source.add_argument("--file", type=Path, help="an exported log")
    parser.add_argument("--project", default="", help="Google Cloud project id, for firestore")
    against = parser.add_mutually_exclusive_group(required=True)
    against.add_argument("--anchors", help="the write-once store, as in the setting ANCHORS")
    against.add_argument("--chains-only", action="store_true", help="compare with no anchors")
    against.add_argument("--export", type=Path, help="write the log to a new file instead of proving it")
    parser.add_argument("--keys", type=Path, help="a JWK set: no other keys are believed")
    parser.add_argument("--until", type=dt.date.fromisoformat, help="the last day that must be sealed (UTC)")
    chosen = parser.parse_args(arguments)
    if chosen.export is not None and chosen.documents is None:
        parser.error("--export reads --documents")
    try:
        if chosen.keys is not None:
            chosen.keys = [keys_of(chosen.keys.read_bytes())]
        return asyncio.run(run(chosen))
    except (Fault, OSError, ValueError, RecursionError) as wrong:
        _tell(UNJUDGED)
        sys.stdout.write(f"  {wrong}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
