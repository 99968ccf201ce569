"""Checkpoints: what a day's entries were, in a form that is put once where nobody can change it.

A day (UTC) is sealed by one `Checkpoint`, a signed document that names the `Segment`s with the day's entries and, by
its hash, the checkpoint of the day before. A segment is lines of `["entry id","entry hash"]` in order of id, gzipped,
and is named after the hash of its bytes: so a run that was killed leaves at most segments that no checkpoint names, and
two runs never fight over a name.

    checkpoints/2026-11-23.jws   compact JWS, typ `audit-checkpoint+jws`
    segments/<sha256>.gz
    keys/<sha256>.json           public keys (JWK) that checkpoints were signed under
"""

import datetime as dt
import gzip
import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from shared.cloud.signing import Jwk, Unbelieved, believed, keys_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TYPE = "audit-checkpoint+jws"
"""The `typ` of a checkpoint's signature."""
KEY = "audit-key"
"""The secret it is made under."""
CHECKPOINTS, SEGMENTS, KEYS = "checkpoints/", "segments/", "keys/"
KEPT = dt.timedelta(days=3653)
"""How long anchors can be removed by nobody: ten years. They hold hashes and ids made of hashes, and nobody's data."""
ROWS = 20_000
"""How many entries a segment holds at most: some 2 MB."""

_row_encoder = msgspec.json.Encoder()
_row_decoder = msgspec.json.Decoder(tuple[str, str])


class Row(NamedTuple):
    """An entry as it is anchored: its document's id, and the hash it bore."""

    id: str
    hash: str


class Segment(msgspec.Struct, frozen=True):
    """A part of the entries of `day`, which all stand on one shelf of it. `sha256` is of the bytes that were put."""

    day: dt.date
    shelf: int
    entries: int
    sha256: str

    @property
    def name(self) -> str:
        """Where it was put."""
        return f"{SEGMENTS}{self.sha256}.gz"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the log at the end of `day`.

    Segments of the day itself come first, by shelf and id; those of days before hold what was committed after its day
    was sealed. `previous`: the SHA-256 of the whole checkpoint before ("" of none), whose number is one less.
    """

    day: dt.date
    number: int
    entries: int
    segments: list[Segment]
    previous: str


class Anchored(NamedTuple):
    """A checkpoint and the hash of its bytes, which the next one names."""

    value: Checkpoint
    sha256: str


class Unsound(Exception):
    """An anchor is not what it should be. `reason`: `checkpoint_unbelieved`, `checkpoint_unreadable`,
    `segment_altered`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def checkpoint_name(day: dt.date) -> str:
    """Where the checkpoint of a day is put."""
    return f"{CHECKPOINTS}{day.isoformat()}.jws"


def day_of(name: str) -> dt.date | None:
    """The day whose checkpoint has this name; None where no checkpoint could."""
    text = name.removeprefix(CHECKPOINTS).removesuffix(".jws")
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if name == checkpoint_name(day) else None


def key_file(key: Jwk) -> tuple[str, bytes]:
    """Where a public key is put, and how it is written: as a key set of one. Its id counts along with its bytes."""
    content = msgspec.json.encode({"keys": [key]}, order="sorted")
    return f"{KEYS}{hashlib.sha256(content).hexdigest()}.json", content


def read_keys(files: Iterable[bytes]) -> "list[Mapping[str, Ed25519PublicKey]]":
    """The public keys of key sets; what is none is passed over."""
    found: list[Mapping[str, Ed25519PublicKey]] = []
    for content in files:
        try:
            found.append(keys_of(content))
        except (ValueError, RecursionError):
            continue
    return found


def read_checkpoint(content: bytes, keys: "Sequence[Mapping[str, Ed25519PublicKey]]") -> Anchored:
    """The checkpoint that one of `keys` signed. Raises Unsound."""
    try:
        jws = content.decode("ascii")
    except UnicodeDecodeError:
        raise Unsound("checkpoint_unbelieved") from None
    for known in keys:
        try:
            payload = believed(jws, known, typ=TYPE)
        except Unbelieved:
            continue
        try:
            value = msgspec.json.decode(payload, type=Checkpoint)
        except msgspec.DecodeError:
            raise Unsound("checkpoint_unreadable") from None
        return Anchored(value, hashlib.sha256(content).hexdigest())
    raise Unsound("checkpoint_unbelieved")


def write_segment(day: dt.date, shelf: int, rows: Sequence[Row]) -> tuple[Segment, bytes]:
    """A segment of these rows, and the bytes to be put under its name."""
    content = gzip.compress(_row_encoder.encode_lines(rows), compresslevel=1, mtime=0)
    return Segment(day, shelf, len(rows), hashlib.sha256(content).hexdigest()), content


def read_segment(segment: Segment, content: bytes) -> list[Row]:
    """The rows of a segment. Raises Unsound: these are not the bytes that its checkpoint speaks of."""
    if hashlib.sha256(content).hexdigest() != segment.sha256:
        raise Unsound("segment_altered")
    try:
        rows = [Row(*pair) for pair in _row_decoder.decode_lines(gzip.decompress(content))]
    except (OSError, EOFError, zlib.error, msgspec.DecodeError):
        raise Unsound("segment_altered") from None
    if len(rows) != segment.entries:
        raise Unsound("segment_altered")
    return rows
