"""A copy of all that was committed, opened, beside what Google has: what the checks compare."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from infra.local.google import Account, World
from infra.local.google import catalogue as c
from shared.audit.writes import KEPT
from shared.cloud.documents import Data, Put, Write
from shared.cloud.seal import Key, open_sealed
from shared.connection.model import Connection
from shared.connection.writes import subject_name
from shared.consent.model import Consents
from shared.measurement.model import Day, Identity, identify
from shared.measurement.pack import unpack
from shared.source.google_fit.scopes import SCOPES
from shared.vocabulary import Kind

TYPE_OF = {
    Kind.STEPS: c.STEPS,
    Kind.BLOOD_GLUCOSE: c.GLUCOSE,
    Kind.BLOOD_PRESSURE: c.PRESSURE,
    Kind.WEIGHT: c.WEIGHT,
    Kind.HEART_RATE: c.HEART_RATE,
    Kind.BODY_TEMPERATURE: c.TEMPERATURE,
    Kind.OXYGEN_SATURATION: c.OXYGEN,
    Kind.SLEEP: c.SLEEP,
}
KIND_OF = {name: kind for kind, name in TYPE_OF.items()}
Row = tuple[Any, ...]
_NEVER = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass
class Worker:
    """One process: alive until it is killed. `seen` is what Google returned to it, by kind: identity → modified."""

    name: str
    dead: bool = False
    seen: dict[Kind, dict[Identity, int]] = field(default_factory=lambda: defaultdict(dict))


@dataclass(frozen=True)
class Person:
    """Somebody, and their account at Google."""

    uid: str
    email: str


class Copy:
    """What is in the store, as it was committed there, and the world it came from."""

    def __init__(self, world: World, secrets: dict[str, bytes]) -> None:
        self.world = world
        self.documents: dict[str, Data] = {}
        self._secrets = secrets
        self._opened: dict[bytes, Any] = {}

    def take(self, writes: Sequence[Write]) -> None:
        """What a commit did."""
        for write in writes:
            if isinstance(write, Put):
                self.documents[write.path] = _as_stored(write.data)
            else:
                self.documents.pop(write.path, None)

    # -------------------------------------------------------------- what is stored, opened

    def connection(self, uid: str, documents: dict[str, Data] | None = None) -> Connection | None:
        """The person's connection as stored."""
        data = (self.documents if documents is None else documents).get(f"users/{uid}/connections/google_fit")
        return msgspec.convert(data, Connection, builtin_types=KEPT) if data is not None else None

    def consents(self, uid: str, documents: dict[str, Data] | None = None) -> Consents:
        """The person's consents as stored."""
        data = (self.documents if documents is None else documents).get(f"users/{uid}/consent/state")
        return msgspec.convert(data["consents"], Consents, builtin_types=KEPT) if data is not None else Consents()

    def refresh_token(self, connection: Connection | None) -> str | None:
        """The stored refresh token, in plain."""
        if connection is None or connection.tokens is None:
            return None
        sealed = connection.tokens.refresh
        if sealed not in self._opened:
            place = connection.uid, connection.sealed_as("refresh")
            key = Key(1, self._secrets["token-key"]).derive(*place)
            self._opened[sealed] = open_sealed(key, sealed, *place).decode()
        token: str = self._opened[sealed]
        return token

    def _account(self, uid: str) -> Account:
        """The Google account this person has linked."""
        data = self.documents[f"users/{uid}/connections/google_fit"]
        linked = [a for a in self.world.accounts.values() if subject_name(a.sub) == data["subject"]]
        return linked[0]

    def days(self, uid: str, kind: Kind, documents: dict[str, Data] | None = None) -> dict[str, Day]:
        """The person's days of one kind, by path."""
        documents = self.documents if documents is None else documents
        prefix = f"users/{uid}/days/{kind}."
        return {path: self._day(uid, path, data) for path, data in documents.items() if path.startswith(prefix)}

    def _day(self, uid: str, path: str, data: Data) -> Day:
        sealed: bytes = data["sealed"]
        if sealed not in self._opened:
            kind, on, account = path.rpartition("/")[2].split(".")
            wrapped = self.documents[f"data_keys/{uid}"]["wrapped"]
            secret = open_sealed(Key(1, self._secrets["wrapping-key"]), wrapped, "data-key", uid)
            packed = open_sealed(Key(1, secret), sealed, uid, kind, on, account)
            self._opened[sealed] = unpack(Kind(kind), dt.date.fromisoformat(on), packed)
        day: Day = self._opened[sealed]
        return day

    # -------------------------------------------------------------- what Google has

    def held(self, uid: str, kind: Kind) -> dict[Identity, Row]:
        """Every point Google has of one kind, as it has to be stored: (start, end, modified, values…)."""
        return self._held_by(self._account(uid), kind)

    def held_elsewhere(self, uid: str, kind: Kind) -> set[Identity]:
        """What all other accounts have."""
        others = [account for account in self.world.accounts.values() if account is not self._account(uid)]
        return {identity for account in others for identity in self._held_by(account, kind)}

    def _held_by(self, account: Account, kind: Kind) -> dict[Identity, Row]:
        rows: dict[Identity, Row] = {}
        stream = account.streams.get(c.merged_ids(TYPE_OF[kind])[-1])
        for point in stream.points if stream else []:
            if point.raw:
                continue
            identity = identify(kind, "", point.origin, point.start_ns, point.end_ns)
            rows[identity] = (point.start_ns, point.end_ns, point.modified_ms, *_values(kind, point.values))
        if kind is Kind.SLEEP:
            for night in account.sessions.all():
                start_ns, end_ns = night.start_ms * 1_000_000, night.end_ms * 1_000_000
                identity = identify(kind, night.id, "", start_ns, end_ns)
                rows[identity] = (start_ns, end_ns, night.modified_ms, 0)
        return rows

    def stored(self, uid: str, kind: Kind) -> dict[Identity, Row]:
        """Every point stored of one kind, in the same form. Raises Broken (I2) where one is there twice."""
        rows: dict[Identity, Row] = {}
        for day in self.days(uid, kind).values():
            for identity, row in zip(day.points.identities(), day.points.rows(), strict=True):
                demand(identity not in rows, "I2", f"{kind} {identity} is stored twice")
                rows[identity] = (row[0], row[1], row[4], *row[5:])
        return rows


def _values(kind: Kind, values: Sequence[Any]) -> tuple[Any, ...]:
    from shared.measurement.model import FIELDS

    fields = FIELDS[kind]
    padded = [*values, *([None] * len(fields))][: len(fields)]
    return tuple(
        None if value is None or (value == 0 and one.whole and kind is not Kind.STEPS) else value
        for one, value in zip(fields, padded, strict=True)
    )


def _as_stored(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _as_stored(one) for name, one in value.items()}
    return [_as_stored(one) for one in value] if isinstance(value, list | tuple) else value


def demand(holds: bool, invariant: str, what: str) -> None:
    if not holds:
        raise Broken(f"{invariant}: {what}")


assert set(SCOPES) == set(TYPE_OF)
