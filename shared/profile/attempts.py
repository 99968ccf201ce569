"""Attempts at matching, one document for each case: `match_attempts/{hash of the case}`.

What was stated is kept as keyed hashes, field by field, so that an auditor sees which were varied, and nobody what.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from shared import ids, log
from shared.audit.model import Fact, Head, append
from shared.audit.writes import KEPT, entry_write
from shared.clock import Clock
from shared.cloud.documents import Document, Documents, Expect, Put
from shared.cloud.pace import Pace
from shared.consent.ports import Commit
from shared.errors import Refused
from shared.profile.blind import MatchKeys, folded, mark
from shared.profile.matching import PER_CASE, Answer, Strength
from shared.profile.model import Profile


class _Stored(msgspec.Struct, frozen=True):
    spent: int = 0
    settled: bool = False
    said: dict[str, str] = {}
    audit: Head = Head()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """As `matching.Tries`."""

    documents: Documents
    keys: MatchKeys
    pace: Pace
    commit: Commit
    clock: Clock

    async def begin(self, case: str, staff: str) -> "_Begun":
        """As the port."""
        await self.pace.spend(ids.digest("staff", staff))
        found = await self.documents.get(_path(case))
        stored = msgspec.convert(found.data, _Stored, builtin_types=KEPT) if found else _Stored()
        if stored.settled:
            raise _refused(staff, Refused("match_settled"))
        if stored.spent >= PER_CASE:
            raise _refused(staff, Refused("match_attempts_spent"))
        return _Begun(self, case, staff, found, stored)


@dataclass(frozen=True, slots=True)
class _Begun:
    """As `matching.Try`."""

    at: Attempts
    case: str
    staff: str
    found: Document | None
    stored: _Stored

    async def end(self, stated: Profile, answer: Answer) -> None:
        """As the port."""
        key = await self.at.keys.newest()
        said = {
            field.value: mark(key, "stated", self.case, field, folded(field, value))
            for field, value in stated.values().items()
        }
        before = self.stored.said
        varied = [field for field in sorted(said.keys() | before.keys()) if said.get(field) != before.get(field)]
        facts: dict[str, Fact] = {
            "case": self.case,
            "attempt": self.stored.spent + 1,
            "stated": sorted(said),
            "varied": varied if before else [],
            "strength": answer.strength,
        }
        entry, head = append(
            f"match.{ids.digest('case', self.case)}",
            self.stored.audit,
            at=self.at.clock.now(),
            actor=self.staff,
            action="person.matched",
            facts=facts,
        )
        after = _Stored(self.stored.spent + 1, answer.strength is Strength.STRONG, said, head)
        data: dict[str, Any] = msgspec.to_builtins(after, builtin_types=KEPT)
        audit = entry_write(entry)
        put = Put(_path(self.case), data, self.found.version if self.found else Expect.ABSENT)
        await self.at.commit([put, audit], witness=audit.path)


def _refused(staff: str, why: Refused) -> Refused:
    log.event("match.refused", "WARNING", code=why.code, caller=staff)
    return why


def _path(case: str) -> str:
    return f"match_attempts/{ids.digest('case', case)}"
