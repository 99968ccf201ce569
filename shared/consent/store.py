"""The ledger and its projection as documents.

`users/{uid}/consent/state` is the projection; `users/{uid}/consent_events/{number}` the ledger, created once.
"""

import datetime as dt

import msgspec

from shared import ids
from shared.audit.model import Head, append
from shared.audit.writes import KEPT, entry_write
from shared.cloud.documents import NAME, Documents, Expect, Put, Query, Write
from shared.consent.model import Change, Consents, Event, Method, decide
from shared.consent.ports import Prepared


class _Stored(msgspec.Struct, frozen=True):
    consents: Consents = Consents()
    events: int = 0
    last_hash: str = ""
    audit: Head = Head()


class ConsentStore:
    """Reads the projection; turns decisions into writes. Committing is the caller's, who may have writes of its own."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def consents(self, uid: str) -> Consents:
        """The person's consents now. One read."""
        found = await self._documents.get(_state_path(uid))
        return msgspec.convert(found.data, _Stored, builtin_types=KEPT).consents if found else Consents()

    async def prepare(
        self, uid: str, changes: tuple[Change, ...], *, method: Method, at: dt.datetime, if_epoch: int | None = None
    ) -> Prepared | Consents:
        """As `ports.Ledger.prepare`."""
        found = await self._documents.get(_state_path(uid))
        stored = msgspec.convert(found.data, _Stored, builtin_types=KEPT) if found else _Stored()
        if if_epoch is not None and stored.consents.epoch != if_epoch:
            return stored.consents
        consents, events = decide(
            stored.consents, changes, method=method, at=at, events_so_far=stored.events, previous=stored.last_hash
        )
        entry, head = append(
            f"consent.{ids.digest('subject', uid)}",
            stored.audit,
            at=at,
            actor="data_subject",
            action="consent.decided",
            facts={"epoch": consents.epoch, "cells": [f"{e.cell}={e.decision}" for e in events]},
        )
        state = _Stored(consents, stored.events + len(events), events[-1].hash, head)
        audit = entry_write(entry)
        writes: list[Write] = [
            Put(
                _state_path(uid),
                msgspec.to_builtins(state, builtin_types=KEPT),
                found.version if found else Expect.ABSENT,
            ),
            *(
                Put(
                    f"users/{uid}/consent_events/{e.number:010d}",
                    msgspec.to_builtins(e, builtin_types=KEPT),
                    Expect.ABSENT,
                )
                for e in events
            ),
            audit,
        ]
        return Prepared(consents, writes, audit.path)

    async def events(self, uid: str, *, limit: int = 1000) -> list[Event]:
        """The first `limit` lines of the ledger, oldest first."""
        found = await self._documents.query(Query(f"users/{uid}/consent_events", order_by=(NAME,), limit=limit))
        return [msgspec.convert(d.data, Event, builtin_types=KEPT) for d in found]


def _state_path(uid: str) -> str:
    return f"users/{uid}/consent/state"
