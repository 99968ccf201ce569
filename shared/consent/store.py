"""The ledger and its projection as documents.

`users/{uid}/consent/state` is the projection; `users/{uid}/consent_events/{number}` the ledger, created once.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from shared import ids
from shared.audit.model import Fact, Head, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import NAME, Document, Documents, Expect, Put, Query, Where, Write
from shared.consent.ledger import Event, Said, Tail, record
from shared.consent.model import Consents
from shared.consent.ports import Build, Prepared, Standing
from shared.consent.recipients import giver_writes
from shared.errors import Conflict

_PAGE = 300


class _Stored(msgspec.Struct, frozen=True):
    consents: Consents = Consents()
    tail: Tail = Tail()
    audit: Head = Head()
    born_on: str = ""

    @property
    def standing(self) -> Standing:
        return Standing(self.consents, self.tail, dt.date.fromisoformat(self.born_on) if self.born_on else None)


class ConsentStore:
    """Reads the projection; turns decisions into writes. Committing is the caller's, who may have writes of its own."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def standing(self, uid: str) -> Standing:
        """As `ports.Ledger`. One read."""
        return _decoded(await self._documents.get(_state_path(uid))).standing

    async def consents(self, uid: str) -> Consents:
        """The person's consents now. One read."""
        return (await self.standing(uid)).consents

    async def fenced(self, uid: str) -> tuple[Consents, list[Write]]:
        """The person's consents now, and a write that changes nothing and fails where any of it was changed since; none
        where nothing was ever decided. One read."""
        found = await self._documents.get(_state_path(uid))
        return _decoded(found).standing.consents, [Put(found.path, found.data, found.version)] if found else []

    async def prepare(
        self, uid: str, build: Build, said: Said, *, if_epoch: int | None = None, born_on: dt.date | None = None
    ) -> Prepared:
        """As `ports.Ledger`. One read."""
        found = await self._documents.get(_state_path(uid))
        stored = _decoded(found)
        if if_epoch is not None and stored.consents.epoch != if_epoch:
            raise Conflict("consent_stale", f"the epoch is {stored.consents.epoch}")
        consents, events = record(stored.consents, stored.tail, build(stored.standing), said)
        facts: dict[str, Fact] = {
            "epoch": consents.epoch,
            "events": [f"{event.cell}={event.state}" for event in events],
            "notice": said.notice.version,
            "role": said.giver.role,
        }
        if born_on is not None:
            facts["birth"] = "registered"
        action = "consent.recorded" if events else "consent.kept"
        entry, head = append(_stream(uid), stored.audit, at=said.at, actor=_actor(said), action=action, facts=facts)
        tail = Tail(events[-1].number, events[-1].hash) if events else stored.tail
        state = _Stored(consents, tail, head, born_on.isoformat() if born_on else stored.born_on)
        audit = entry_write(entry)
        writes: list[Write] = [
            _state_write(uid, state, found),
            *(_event_write(uid, event) for event in events),
            *giver_writes(uid, consents, events),
            audit,
        ]
        return Prepared(consents, events, writes, audit.path)

    async def prepare_refusal(self, uid: str, code: str, said: Said) -> list[Write]:
        """As `ports.Ledger`. One read."""
        found = await self._documents.get(_state_path(uid))
        stored = _decoded(found)
        entry, head = append(
            _stream(uid),
            stored.audit,
            at=said.at,
            actor=_actor(said),
            action="consent.refused",
            facts={"code": code, "epoch": stored.consents.epoch},
        )
        return [_state_write(uid, msgspec.structs.replace(stored, audit=head), found), entry_write(entry)]

    async def events(self, uid: str, *, after: int = 0, limit: int = 100) -> list[Event]:
        """As `ports.Ledger`."""
        found = await self._documents.query(
            Query(_ledger(uid), where=(Where(NAME, ">", _number(after)),), order_by=(NAME,), limit=limit)
        )
        return [msgspec.convert(d.data, Event, builtin_types=KEPT) for d in found]

    async def events_numbered(self, uid: str, numbers: Sequence[int]) -> list[Event]:
        """As `ports.Ledger`."""
        paths = [f"{_ledger(uid)}/{_number(number)}" for number in numbers]
        found = await self._documents.get_many(paths) if paths else []
        return [msgspec.convert(d.data, Event, builtin_types=KEPT) for d in found if d is not None]

    async def events_of_epoch(self, uid: str, epoch: int) -> list[Event]:
        """As `ports.Ledger`."""
        query = Query(_ledger(uid), where=(Where("epoch", "==", epoch),), order_by=(NAME,), limit=_PAGE)
        found: list[Document] = []
        while page := await self._documents.query(query):
            found += page
            if len(page) < _PAGE:
                break
            query = replace(query, after=page[-1])
        return [msgspec.convert(d.data, Event, builtin_types=KEPT) for d in found]


def _decoded(found: Document | None) -> _Stored:
    return msgspec.convert(found.data, _Stored, builtin_types=KEPT) if found else _Stored()


def _state_write(uid: str, state: _Stored, found: Document | None) -> Put:
    return Put(_state_path(uid), _builtins(state), found.version if found else Expect.ABSENT)


def _event_write(uid: str, event: Event) -> Put:
    return Put(f"{_ledger(uid)}/{_number(event.number)}", _builtins(event), Expect.ABSENT)


def _builtins(value: msgspec.Struct) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(value, builtin_types=KEPT)
    return data


def _actor(said: Said) -> str:
    return "data_subject" if said.giver.role == "self" else str(said.giver.role)


def _stream(uid: str) -> str:
    return f"consent.{ids.digest('subject', uid)}"


def _state_path(uid: str) -> str:
    return f"users/{uid}/consent/state"


def _ledger(uid: str) -> str:
    return f"users/{uid}/consent_events"


def _number(number: int) -> str:
    return f"{number:010d}"
