"""Who watches over whom: a relation begins as an invitation, counts once it is accepted, and either side may end it.

`relations/{id}` names both by their ids. `note` is the name that the person gave the relative: it is shown to that
person and whoever may decide for them, stands in no event, audit entry or log, and goes when the relation ends. It is
kept as it is, since sealing it would open the keys to health data to the function that decides about consent.
"""

import datetime as dt
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from shared import ids
from shared.audit.model import Fact, Head, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import Document, Documents, Expect, Put, Query, Where, Write
from shared.consent.model import Cell
from shared.consent.ports import Watched
from shared.policy.model import NoticeRef
from shared.vocabulary import Kind, Language, Purpose

RELATIVE = "relative:"
MOST = 200
"""More than a person can have open, or accept in earnest."""


class RelationState(StrEnum):
    """Where a relation stands."""

    INVITED = "invited"
    ACTIVE = "active"
    ENDED = "ended"


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """One relation. `notice`, `language` and `screen` are how the person was asked, `kinds` and `valid_until` what they
    wanted to give; `code` is the hash of what the relative proves the invitation with, and "" once it is spent.
    `authority` names the right by which somebody invited for the person; "" where they did themself."""

    subject: str
    state: RelationState
    kinds: list[Kind]
    notice: NoticeRef
    language: Language
    screen: str
    invited_at: dt.datetime
    expires_at: dt.datetime
    code: str
    valid_until: dt.datetime | None = None
    note: str = ""
    authority: str = ""
    relative: str = ""
    accepted_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    audit: Head = Head()


class Stored(NamedTuple):
    """A relation, its id, and the version it was read at."""

    value: Relation
    id: str
    version: str

    @property
    def recipient(self) -> str:
        return RELATIVE + self.id

    @property
    def cells(self) -> list[Cell]:
        """What the invitation was about."""
        return [Cell(Purpose.FAMILY_WATCH, kind, self.recipient) for kind in self.value.kinds]


class RelationStore:
    """Reads relations."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def find(self, relation: str) -> Stored | None:
        """The relation of that id. One read, and none where that can be no id."""
        if not relation.isalnum() or not relation.isascii() or len(relation) > 64:
            return None
        found = await self._documents.get(_path(relation))
        return _decoded(found) if found else None

    async def open_of(self, subject: str) -> list[Stored]:
        """What the person began and nobody has ended, accepted or not."""
        found = await self._of("subject", subject, RelationState.INVITED)
        return found + await self._of("subject", subject, RelationState.ACTIVE)

    async def held_by(self, relative: str) -> list[Stored]:
        """What the person accepted and nobody has ended."""
        return await self._of("relative", relative, RelationState.ACTIVE)

    async def ever_held_by(self, relative: str) -> list[Stored]:
        """What the person accepted, ended or not."""
        query = Query("relations", where=(Where("relative", "==", relative),), limit=MOST)
        return [_decoded(found) for found in await self._documents.query(query)]

    async def watched_by(self, relative: str) -> list[Watched]:
        """Those whose invitation this person accepted, and neither of the two has ended."""
        held = await self.held_by(relative)
        return [
            Watched(one.value.subject, one.recipient, one.value.accepted_at or one.value.invited_at) for one in held
        ]

    async def _of(self, side: str, uid: str, state: RelationState) -> list[Stored]:
        where = (Where(side, "==", uid), Where("state", "==", state.value))
        return [_decoded(found) for found in await self._documents.query(Query("relations", where=where, limit=MOST))]


def begun(relation: str, value: Relation, *, actor: str) -> list[Write]:
    """The writes that make an invitation."""
    return _recorded(relation, value, Expect.ABSENT, value.invited_at, actor, "relation.invited")


def accepted(found: Stored, relative: str, at: dt.datetime) -> list[Write]:
    """The writes by which the relative accepts. They hold once: the invitation's version is expected."""
    value = msgspec.structs.replace(found.value, state=RelationState.ACTIVE, relative=relative, accepted_at=at, code="")
    return _recorded(found.id, value, found.version, at, "relative", "relation.accepted")


def ended(found: Stored, at: dt.datetime, *, actor: str, reason: str) -> list[Write]:
    """The writes that end a relation, or an invitation."""
    value = msgspec.structs.replace(found.value, state=RelationState.ENDED, ended_at=at, code="", note="")
    return _recorded(found.id, value, found.version, at, actor, f"relation.{reason}")


def _recorded(
    relation: str, value: Relation, expect: str | Expect, at: dt.datetime, actor: str, action: str
) -> list[Write]:
    facts: dict[str, Fact] = {"kinds": [*value.kinds], "subject": ids.digest("subject", value.subject)}
    if value.relative:
        facts["relative"] = ids.digest("subject", value.relative)
    entry, head = append(f"relation.{relation}", value.audit, at=at, actor=actor, action=action, facts=facts)
    data: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(value, audit=head), builtin_types=KEPT)
    return [Put(_path(relation), data, expect), entry_write(entry)]


def _decoded(found: Document) -> Stored:
    return Stored(msgspec.convert(found.data, Relation, builtin_types=KEPT), found.id, found.version)


def _path(relation: str) -> str:
    return f"relations/{relation}"
