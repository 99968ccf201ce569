"""Who may decide for somebody else: guardians of people under age, and agents. Staff register them, on evidence.

`authorities/{id}` is one person's right to decide for another. What was given by it ends with it; and while a decision
made by it is being recorded, the record may not change (`Right.fence`).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from shared import ids
from shared.audit.evidence import check_evidence
from shared.audit.model import Fact, Head, append
from shared.audit.writes import KEPT, entry_write
from shared.clock import Clock
from shared.cloud.documents import Documents, Expect, Put, Query, Where, Write
from shared.consent.asking import Authority, of_age_at
from shared.consent.ledger import Said
from shared.consent.messages import AskState, OnBehalf
from shared.consent.model import Cell, Giver, Method, Role
from shared.consent.recording import Recorder
from shared.consent.view import Stands
from shared.errors import InvalidInput, NotPermitted
from shared.policy.model import Notice
from shared.policy.notices import Notices
from shared.vocabulary import Kind, Purpose

MOST = 200


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """The document. `evidence` is the reference of the papers: never what stands in them. No purposes, no kinds: all
    of them."""

    subject: str
    holder: str
    role: Role
    evidence: str
    registered_at: dt.datetime
    valid_until: dt.datetime | None = None
    purposes: tuple[Purpose, ...] = ()
    kinds: tuple[Kind, ...] = ()
    ended_at: dt.datetime | None = None
    audit: Head = Head()


class Stored(NamedTuple):
    """A record, its id, and the version it was read at."""

    value: Registered
    id: str
    version: str

    @property
    def authority(self) -> Authority:
        value = self.value
        return Authority(
            id=self.id,
            subject=value.subject,
            holder=value.holder,
            role=value.role,
            evidence=value.evidence,
            valid_until=value.valid_until,
            purposes=value.purposes,
            kinds=value.kinds,
            ended=value.ended_at is not None,
        )

    @property
    def fence(self) -> Put:
        """A write that changes nothing, and fails where the record has changed."""
        return Put(_path(self.id), _builtins(self.value), self.version)


class AuthorityStore:
    """Reads records."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def find(self, authority: str) -> Stored | None:
        """The record of that id. One read, and none where that can be no id."""
        if not authority.isalnum() or not authority.isascii() or len(authority) > 64:
            return None
        found = await self._documents.get(_path(authority))
        return Stored(_decoded(found.data), found.id, found.version) if found else None

    async def over(self, subject: str) -> list[Stored]:
        """Who may decide for the person, or once could."""
        return await self._of("subject", subject)

    async def held_by(self, holder: str) -> list[Stored]:
        """For whom the person may decide, or once could."""
        return await self._of("holder", holder)

    async def _of(self, side: str, uid: str) -> list[Stored]:
        found = await self._documents.query(Query("authorities", where=(Where(side, "==", uid),), limit=MOST))
        return [Stored(_decoded(one.data), one.id, one.version) for one in found]


def registered(authority: str, value: Registered) -> list[Write]:
    """The writes that register a right."""
    return _recorded(authority, value, Expect.ABSENT, value.registered_at, "authority.registered")


def ended(found: Stored, at: dt.datetime) -> list[Write]:
    """The writes that end one."""
    value = msgspec.structs.replace(found.value, ended_at=at)
    return _recorded(found.id, value, found.version, at, "authority.ended")


def check_registration(value: Registered, born_on: dt.date | None, notice: Notice) -> None:
    """Whether such a right can be registered. Raises InvalidInput `evidence_missing`, `registration_invalid`."""
    at = value.registered_at
    check_evidence(value.evidence)
    _demand(value.role in (Role.GUARDIAN, Role.AGENT), "role: guardian or agent")
    _demand(value.subject != value.holder, "holder: somebody else than the person")
    _demand(value.valid_until is None or value.valid_until > at, "valid_until: an instant to come")
    _demand(value.role is Role.GUARDIAN or value.valid_until is not None, "valid_until: an agent's right must end")
    if value.role is Role.GUARDIAN:
        comes_of_age = of_age_at(born_on, notice, at)
        _demand(comes_of_age is not None, "born_on: needed for a guardian")
        _demand(comes_of_age is None or at < comes_of_age, "born_on: the person is of age, and decides alone")


def check_born_on(born_on: dt.date, notice: Notice, at: dt.datetime) -> None:
    """Whether somebody can be born on that day. Raises InvalidInput `registration_invalid`."""
    today = notice.civil_date(at)
    _demand(dt.date(today.year - 130, 1, 1) <= born_on <= today, "born_on: a civil date of the last 130 years")


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise InvalidInput("registration_invalid", what)


def _recorded(authority: str, value: Registered, expect: str | Expect, at: dt.datetime, action: str) -> list[Write]:
    facts: dict[str, Fact] = {
        "subject": ids.digest("subject", value.subject),
        "holder": ids.digest("subject", value.holder),
        "role": value.role,
        "evidence": value.evidence,
        "scope": _words(value.purposes, value.kinds),
    }
    entry, head = append(f"authority.{authority}", value.audit, at=at, actor="staff", action=action, facts=facts)
    return [Put(_path(authority), _builtins(msgspec.structs.replace(value, audit=head)), expect), entry_write(entry)]


def _words(purposes: Sequence[Purpose], kinds: Sequence[Kind]) -> list[str]:
    return [*purposes, *kinds] or ["all"]


def _decoded(data: dict[str, Any]) -> Registered:
    return msgspec.convert(data, Registered, builtin_types=KEPT)


def _builtins(value: Registered) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(value, builtin_types=KEPT)
    return data


def _path(authority: str) -> str:
    return f"authorities/{authority}"


class Right(NamedTuple):
    """Somebody's right, as of when it was looked up; `fence` belongs into the commit of what they decide by it."""

    authority: Authority
    fence: Put

    def reaches(self, cells: Sequence[Cell]) -> bool:
        """Whether it covers all of them."""
        return all(self.authority.covers(cell.purpose, cell.kind) for cell in cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Looks up whether somebody may decide, and see, for somebody else."""

    authorities: AuthorityStore
    recorder: Recorder
    notices: Notices
    clock: Clock

    async def whose(self, caller: str, asked: AskState | OnBehalf | None) -> tuple[str, Right | None]:
        """Whose matter a call is: the caller's own where nobody is named, else that of somebody the caller has a right
        to. Raises as `right`."""
        if asked is None or not (asked.subject or asked.authority):
            return caller, None
        return asked.subject, await self.right(caller, asked.subject, asked.authority)

    async def right(self, holder: str, subject: str, authority: str) -> Right:
        """The right that `holder` names. Raises NotPermitted `authority_invalid`: unknown, somebody else's, about
        somebody else, or over, all alike. A guardian's is over from the day on which the person decides alone.

        The refusal stands in the audit log of the person whom the holder once could decide for; anybody else's names
        and ids lead nowhere, and it stands in the caller's own.
        """
        found, at = await self.authorities.find(authority), self.clock.now()
        theirs = found is not None and (found.value.holder, found.value.subject) == (holder, subject)
        if found is not None and theirs and not await self._over(found.authority, at):
            return Right(found.authority, found.fence)
        giver = found.authority.giver if found is not None and theirs else Giver()
        said = Said(at=at, method=Method.APP, notice=self.notices.in_force(at).ref, giver=giver)
        await self.recorder.tell_refused(subject if theirs else holder, "authority_invalid", said)
        raise NotPermitted("authority_invalid", "no such right")

    async def _over(self, authority: Authority, at: dt.datetime) -> bool:
        if authority.over(at) or authority.role is not Role.GUARDIAN:
            return authority.over(at)
        born_on = (await self.recorder.ledger.standing(authority.subject)).born_on
        comes_of_age = of_age_at(born_on, self.notices.in_force(at), at)
        return comes_of_age is None or at >= comes_of_age


def within(stands: Stands, authority: Authority) -> Stands:
    """What the holder may see: what their right reaches, and nothing else."""
    cells = [cell for cell in stands.cells if authority.covers(cell.purpose, cell.kind)]
    named = {cell.recipient for cell in cells}
    return msgspec.structs.replace(
        stands,
        cells=cells,
        recipients=[one for one in stands.recipients if one.id in named],
        pending=[one for one in stands.pending if authority.covers(one.purpose, one.kind)],
        erasable=[kind for kind in stands.erasable if authority.covers(Purpose.QOLMS_STORE, kind)],
    )
