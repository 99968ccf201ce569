"""Stand-ins for the ports, shared by tests of many parts."""

import base64
import datetime as dt
import random
from collections.abc import Sequence
from typing import NamedTuple

from shared.clock import Clock
from shared.cloud.documents import Document, Documents, Put, Query, Write
from shared.connection.ending import ConsentFollower
from shared.connection.ports import Links, Queue
from shared.consent.asking import Asked, Authority
from shared.consent.authorities import Right
from shared.consent.gate import Permit, admit
from shared.consent.model import QOLMS, Cell, CellState, Consents, Decision, State
from shared.consent.ports import Commit, Follower, Ledger
from shared.consent.recipients import RecipientStore
from shared.consent.recording import Recorder
from shared.consent.service import Consenting
from shared.ids import Ids
from shared.policy.notices import notices
from shared.vocabulary import Kind, Purpose

EPOCH = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


class SeededIds:
    """Ids that look random and are the same in every run."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def token(self) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(32)).decode().rstrip("=")

    def ident(self) -> str:
        return base64.b32encode(self._random.randbytes(16)).decode().rstrip("=").lower()

    def fraction(self) -> float:
        return self._random.random()


class RecordingDocuments:
    """A store that remembers the queries it was asked, for comparing them with the declared indexes."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.queries: list[Query] = []

    async def get(self, path: str) -> Document | None:
        return await self._documents.get(path)

    async def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        return await self._documents.get_many(paths)

    async def query(self, query: Query) -> list[Document]:
        self.queries.append(query)
        return await self._documents.query(query)

    async def count(self, query: Query) -> int:
        self.queries.append(query)
        return await self._documents.count(query)

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        return await self._documents.commit(writes)

    async def close(self) -> None:
        await self._documents.close()


class MemorySecret(NamedTuple):
    """One version of a secret."""

    value: bytes
    version: str


class MemorySecrets:
    """Secrets with versions, in memory; versions count from 1."""

    def __init__(self, versions: dict[str, list[bytes]]) -> None:
        self._versions = versions

    def rotate(self, name: str, value: bytes) -> None:
        self._versions[name].append(value)

    async def get(self, name: str) -> MemorySecret:
        return MemorySecret(self._versions[name][-1], str(len(self._versions[name])))

    async def get_version(self, name: str, version: str) -> bytes:
        return self._versions[name][int(version) - 1]

    async def enabled(self, name: str) -> tuple[str, ...]:
        return tuple(str(number) for number in range(len(self._versions[name]), 0, -1))


def decisions(decision: Decision, *kinds: Kind, recipient: str = QOLMS) -> list[Asked]:
    """The same decision about storing each of `kinds`, as the app sends it."""
    return [Asked(Purpose.QOLMS_STORE, kind, recipient, decision) for kind in kinds]


def permit_to_store(uid: str, kind: Kind) -> Permit:
    """The gate's permit for somebody who consents to storing this kind."""
    cell = Cell(Purpose.QOLMS_STORE, kind, QOLMS)
    return admit(uid, Consents(1, {cell.key: CellState(State.GIVEN, EPOCH, 1, 1, "2026-10-01")}), *cell, EPOCH)


def consenting_over(
    documents: Documents, ledger: Ledger, follower: Follower, commit: Commit, clock: Clock
) -> Consenting:
    """Deciding under the notices that come with the code."""
    published = notices()
    return Consenting(
        ledger=ledger,
        recorder=Recorder(ledger, follower, commit),
        recipients=RecipientStore(documents, published.in_force(clock.now()).contents.service),
        notices=published,
        clock=clock,
    )


def following(links: Links, queue: Queue, clock: Clock, ids: Ids) -> ConsentFollower:
    """What follows a decision where there are connections."""
    return ConsentFollower(connections=links, queue=queue, clock=clock, ids=ids)


def right_by(authority: Authority) -> Right:
    """A right that nobody has to look up; its record is whatever it is."""
    return Right(authority, Put(f"authorities/{authority.id}", {}))
