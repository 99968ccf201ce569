"""A case as it is stored: `cases/{id}`, with what is sealed in it under the key `case.{id}`; and the writes of it."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from shared.audit.model import Fact, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import Data, Document, Expect, Put, Write
from shared.cloud.seal import Key, open_sealed, seal
from shared.disclosure.codes import Stage
from shared.disclosure.file import Actor, File
from shared.disclosure.model import Case, Private


class StoredCase(NamedTuple):
    """A case, and the version that fences work on it."""

    id: str
    value: Case
    version: str


def path_of(name: str) -> str:
    """Where a case lives."""
    return f"cases/{name}"


def key_name(name: str) -> str:
    """What the case's data key is called."""
    return f"case.{name}"


def stored(found: Document) -> StoredCase:
    """The document as a case. A store may give maps back in any order."""
    case = msgspec.convert(found.data, Case, builtin_types=KEPT)
    items = dict(sorted(case.items.items(), key=lambda one: int(one[0])))
    letters = dict(sorted(case.letters.items(), key=lambda one: int(one[0].removeprefix("l"))))
    return StoredCase(found.id, msgspec.structs.replace(case, items=items, letters=letters), found.version)


def opened(one: StoredCase, key: Key | None) -> File:
    """The case with what is sealed in it; without the key, which is destroyed with its papers, nothing is.

    Raises Refused `seal_broken`.
    """
    if key is None or not one.value.private:
        return File(one.value, Private())
    plain = open_sealed(key, one.value.private, "case", one.id)
    return File(one.value, msgspec.json.decode(plain, type=Private))


def written(
    name: str,
    file: File,
    key: Key | None,
    expect: str | Expect,
    *,
    at: dt.datetime,
    by: Actor,
    action: str,
    facts: Mapping[str, Fact],
) -> tuple[list[Write], str]:
    """The writes that keep the case and say what was done, and the path of the one that proves them. Without a key
    nothing about people is kept."""
    entry, head = append(f"case.{name}", file.case.audit, at=at, actor=by.id, action=action, facts=facts)
    gone = file.case.stage is Stage.DESTROYED
    sealed = seal(key, msgspec.json.encode(file.private), "case", name) if key and not gone else b""
    case = msgspec.structs.replace(file.case, audit=head, private=sealed)
    audit = entry_write(entry)
    return [Put(path_of(name), plain(case), expect), audit], audit.path


def plain(case: Case) -> Data:
    """The case as a document."""
    data: Data = msgspec.to_builtins(case, builtin_types=KEPT)
    return data


def numbered(number: str, name: str) -> Put:
    """Which case a number is; no number is given twice."""
    return Put(f"case_numbers/{number}", {"case": name}, Expect.ABSENT)
