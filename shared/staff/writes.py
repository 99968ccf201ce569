"""The roster as a document, `roster/staff`, and the writes of it."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from shared.audit.model import Fact, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import Put
from shared.staff.model import Roster
from shared.staff.ports import Stored

PATH = "roster/staff"
STREAM = "staff"


def changed(before: Stored, after: Roster, *, at: dt.datetime, action: str, facts: Mapping[str, Fact]) -> list[Put]:
    """The writes of one change: the whole roster on top of what was read, and the entry that tells of it, the witness,
    last."""
    entry, head = append(STREAM, before.value.audit, at=at, actor="administrator", action=action, facts=facts)
    whole = msgspec.structs.replace(after, audit=head)
    return [Put(PATH, msgspec.to_builtins(whole, builtin_types=KEPT), before.version), entry_write(entry)]
