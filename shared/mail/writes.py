"""Mails as documents, `messages/{id}`, and the writes of them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from shared.audit.model import Fact, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import Expect, Put
from shared.mail.model import Message, StoredMessage


def path_of(name: str) -> str:
    """Where a mail lives."""
    return f"messages/{name}"


def put(path: str, value: Message, expect: str | Expect) -> Put:
    """The write of the whole document."""
    return Put(path, msgspec.to_builtins(value, builtin_types=KEPT), expect)


def recorded(
    value: Message, path: str, *, at: dt.datetime, action: str, facts: Mapping[str, Fact], actor: str = "system"
) -> tuple[Message, Put]:
    """`value` with its audit head moved on, and the entry that must be committed with it."""
    about: dict[str, Fact] = {"about": value.about, "template": value.template}
    name = path.rpartition("/")[2]
    entry, head = append(f"mail.{name}", value.audit, at=at, actor=actor, action=action, facts={**about, **facts})
    return msgspec.structs.replace(value, audit=head), entry_write(entry)


def moved(
    found: StoredMessage, at: dt.datetime, action: str, *, actor: str = "system", **changes: Any
) -> tuple[Message, list[Put], str]:
    """`found` with `changes`: what it is then, what to commit, and the witness of that commit."""
    changed = msgspec.structs.replace(found.value, **changes)
    facts: dict[str, Fact] = {"state": changed.state, "attempts": changed.attempts, "reason": changed.reason}
    changed, audit = recorded(changed, found.path, at=at, action=action, facts=facts, actor=actor)
    return changed, [put(found.path, changed, found.version), audit], audit.path
