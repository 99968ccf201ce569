"""The access log: who of the staff opened what, of whom, in which role, and why.

Each opening is an entry in a chain of its own for each person (or each case, while it is not known whose it is), so
that openings make nobody else wait; and a document `accesses/{id}` by which it is found again. What is shown comes from
the entry. The reason alone is not in it, since staff write it and may name people: the entry holds its hash, and the
document the text, which can be destroyed one day while the chain stays.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from shared import ids
from shared.audit.model import Entry, Fact, Head, append, hash_of
from shared.audit.store import decoded
from shared.audit.writes import entry_write
from shared.clock import Clock
from shared.cloud.documents import Document, Documents, Expect, Put, Query, Where, Write, settle
from shared.errors import Conflict, InvalidInput

REASON_CHARS = 200
ATTEMPTS = 5
"""How often an opening is recorded anew where another one of the same person came first."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One opening. `what` is a code (`case`, `profile`, `scan`, …); `subject` the person as in every entry,
    `ids.digest("subject", uid)`, "" where nobody knows whose it is; `case` the case's id, "" outside of any."""

    at: dt.datetime
    staff: str
    role: str
    what: str
    reason: str
    subject: str = ""
    case: str = ""


class Seen(NamedTuple):
    """An opening as it was recorded. `intact`: its entry and its document say the same, and neither was altered. A
    reason that was destroyed is empty, and leaves it so."""

    id: str
    access: Access
    intact: bool


class Chain(NamedTuple):
    """Where a chain of openings stands."""

    stream: str
    head: Head
    expect: str | Expect


def accessed(name: str, access: Access, chain: Chain) -> list[Write]:
    """The writes that record an opening under the new id `name`, along with what it tells of or alone. The last of
    them is its entry, which can be the commit's witness. Another opening in the same chain makes the commit a Conflict.

    Raises InvalidInput `body_invalid`: there is no reason, or it is longer than `REASON_CHARS`.
    """
    if not access.reason.strip() or len(access.reason) > REASON_CHARS:
        raise InvalidInput("body_invalid", f"reason: 1 to {REASON_CHARS} characters")
    facts: dict[str, Fact] = {
        "access": name,
        "staff": access.staff,
        "role": access.role,
        "what": access.what,
        "subject": access.subject,
        "case": access.case,
        "reason": _reason(name, access.reason),
    }
    entry, head = append(chain.stream, chain.head, at=access.at, actor="staff", action="access.opened", facts=facts)
    audit = entry_write(entry)
    found_by = {"at": entry.at, "staff": access.staff, "subject": access.subject, "case": access.case}
    return [
        Put(f"accesses/{name}", {**found_by, "reason": access.reason, "entry": audit.path}, Expect.ABSENT),
        Put(f"access_chains/{chain.stream}", {"audit": msgspec.to_builtins(head)}, chain.expect),
        audit,
    ]


class AccessStore:
    """Reads openings, newest first. Pages go on behind the id `after`; a list is None where that is none of its own."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def chain(self, subject: str, case: str) -> Chain:
        """Where the next opening goes. One read."""
        stream = f"access.{ids.digest('access', subject or case)}"
        found = await self._documents.get(f"access_chains/{stream}")
        if found is None:
            return Chain(stream, Head(), Expect.ABSENT)
        return Chain(stream, msgspec.convert(found.data["audit"], Head), found.version)

    async def of_subject(self, subject: str, *, after: str = "", limit: int = 50) -> list[Seen] | None:
        """Who read this person's data."""
        return await self._page((Where("subject", "==", subject),), after, limit)

    async def of_case(self, case: str, *, after: str = "", limit: int = 50) -> list[Seen] | None:
        """Who opened this case, before it was known whose it is as well."""
        return await self._page((Where("case", "==", case),), after, limit)

    async def by_staff(self, staff: str, *, after: str = "", limit: int = 50) -> list[Seen] | None:
        """What this member of staff opened."""
        return await self._page((Where("staff", "==", staff),), after, limit)

    async def between(
        self, start: dt.datetime, end: dt.datetime, *, after: str = "", limit: int = 50
    ) -> list[Seen] | None:
        """What anybody opened from `start` to before `end`: of a day, as the reader's zone has it."""
        return await self._page((Where("at", ">=", start), Where("at", "<", end)), after, limit)

    async def _page(self, where: tuple[Where, ...], after: str, limit: int) -> list[Seen] | None:
        last = await self._documents.get(f"accesses/{after}") if after.isalnum() else None
        if after and (last is None or not _among(last, where)):
            return None
        query = Query("accesses", where=where, order_by=("-at",), limit=limit, after=last)
        found = await self._documents.query(query)
        entries = await self._documents.get_many([one.data["entry"] for one in found])
        return [_seen(one, entry) for one, entry in zip(found, entries, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLog:
    """Recording openings alone, before what they open is shown."""

    documents: Documents
    clock: Clock
    ids: ids.Ids

    async def opened(self, *, staff: str, role: str, what: str, reason: str, subject: str = "", case: str = "") -> str:
        """Record an opening; its id. Nothing may be shown before this answers.

        Raises InvalidInput `body_invalid` for the reason. Conflict `precondition_failed`: others open the same all the
        time. As `settle` otherwise.
        """
        name, store = self.ids.ident(), AccessStore(self.documents)
        for attempt in range(ATTEMPTS):
            access = Access(
                at=self.clock.now(), staff=staff, role=role, what=what, reason=reason, subject=subject, case=case
            )
            writes = accessed(name, access, await store.chain(subject, case))
            try:
                await settle(self.documents, writes, witness=writes[-1].path)
            except Conflict:
                if attempt + 1 == ATTEMPTS:
                    raise
            else:
                break
        return name


def _reason(name: str, reason: str) -> str:
    return ids.digest("reason", name, reason)


def _among(found: Document, where: Sequence[Where]) -> bool:
    checks = {"==": "__eq__", ">=": "__ge__", "<": "__lt__"}
    return all(getattr(found.data[one.field], checks[one.op])(one.value) is True for one in where)


def _seen(found: Document, entry: Document | None) -> Seen:
    told = _decoded(entry) if entry is not None else None
    facts = told.facts if told is not None else {}
    access = Access(
        at=told.at if told is not None else found.data["at"],
        staff=str(facts.get("staff", found.data["staff"])),
        role=str(facts.get("role", "")),
        what=str(facts.get("what", "")),
        reason=found.data["reason"],
        subject=str(facts.get("subject", found.data["subject"])),
        case=str(facts.get("case", found.data["case"])),
    )
    found_by = (access.at, access.staff, access.subject, access.case)
    same = found_by == tuple(found.data[field] for field in ("at", "staff", "subject", "case"))
    kept = not access.reason or facts.get("reason") == _reason(found.id, access.reason)
    whole = told is not None and hash_of(told) == told.hash and facts.get("access") == found.id
    return Seen(found.id, access, same and kept and whole)


def _decoded(entry: Document) -> Entry | None:
    try:
        return decoded(entry)
    except msgspec.ValidationError:
        return None
