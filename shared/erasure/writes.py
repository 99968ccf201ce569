"""Erasures as documents, `erasures/{id}`, and the writes of them."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from shared import ids
from shared.audit.model import Fact, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import Expect, Put
from shared.erasure.model import Erasure


def path_of(name: str) -> str:
    """Where an erasure lives."""
    return f"erasures/{name}"


def put(path: str, value: Erasure, expect: str | Expect) -> Put:
    """The write of the whole document."""
    return Put(path, msgspec.to_builtins(value, builtin_types=KEPT), expect)


def recorded(
    value: Erasure, path: str, *, at: dt.datetime, actor: str, action: str, facts: Mapping[str, Fact]
) -> tuple[Erasure, Put]:
    """`value` with its audit head moved on, and the entry that must be committed with it."""
    about: dict[str, Fact] = {"subject": ids.digest("subject", value.uid), "kinds": list(value.kinds)}
    entry, head = append(
        f"erasure.{ids.digest('path', path)}", value.audit, at=at, actor=actor, action=action, facts={**about, **facts}
    )
    return msgspec.structs.replace(value, audit=head), entry_write(entry)
