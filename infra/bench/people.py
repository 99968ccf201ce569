"""Linked people to measure with: their documents, keys and tokens as linking leaves them, without the clicking."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from infra.local.google import World
from shared import ids
from shared.clock import Clock
from shared.cloud.documents import Documents, Expect
from shared.cloud.vault import DataKeys, TokenVault
from shared.connection.model import Connection, KindLink, LinkState, Tokens, sealed_as
from shared.connection.ports import StoredConnection
from shared.connection.store import ConnectionStore
from shared.connection.writes import connection_path, put, subject_name
from shared.consent.model import QOLMS, Cell, CellState, Consents, State
from shared.measurement.model import DAY_NS
from shared.source.google_fit.scopes import SCOPES
from shared.vocabulary import Kind, Provider, Purpose

CLIENT = "bench.apps.googleusercontent.com"
CLIENT_SECRET = "bench-client-secret"
SHARDS = 4


class Granted(NamedTuple):
    """What Google gave for one person's consent."""

    access: str
    refresh: str


class FixedSecret(NamedTuple):
    """The only version of a secret."""

    value: bytes
    version: str = "1"


class FixedSecrets:
    """Secrets that are there at once, for measuring everything else."""

    async def get(self, name: str) -> FixedSecret:
        """As `shared.cloud.secrets.Secrets.get`."""
        return FixedSecret(await self.get_version(name, "1"))

    async def get_version(self, name: str, version: str) -> bytes:
        """As `shared.cloud.secrets.Secrets.get_version`."""
        return CLIENT_SECRET.encode() if name == "oauth-client-secret" else name.ljust(32, "-").encode()


def granted(world: World, email: str) -> Granted:
    """Consent to all eight kinds, as the person's phone would obtain it."""
    if CLIENT not in world.oauth.clients:
        world.client(CLIENT, CLIENT_SECRET, [])
    code = world.mint_server_auth_code(email, CLIENT, ["openid", *SCOPES.values()])
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ""}
    answer = world.oauth.exchange(form, CLIENT, CLIENT_SECRET)
    return Granted(str(answer["access_token"]), str(answer["refresh_token"]))


def connection(
    uid: str, tokens: Tokens, *, at: datetime, kinds: Iterable[Kind] = Kind, history_days: int | None = None
) -> Connection:
    """A link that was confirmed at `at` and has not been synced. `history_days` is how far back it reaches, where that
    is not left to the settings."""
    kinds = tuple(kinds)
    today_ns = int(at.timestamp()) * 1_000_000_000 // DAY_NS * DAY_NS
    floor_ns = 0 if history_days is None else today_ns - history_days * DAY_NS
    given = CellState(State.GIVEN, at, 1, 1, "2026-10-01")
    return Connection(
        uid=uid,
        provider=Provider.GOOGLE_FIT,
        state=LinkState.ACTIVE,
        subject=subject_name(uid),
        kinds={kind: KindLink(granted=kind in kinds, floor_ns=floor_ns) for kind in Kind},
        consents=Consents(1, {Cell(Purpose.QOLMS_STORE, kind, QOLMS).key: given for kind in kinds}),
        tokens=tokens,
        linked=1,
        linked_at=at,
        shard=ids.shard_of(uid, SHARDS),
        next_sync_at=at,
    )


@dataclass(frozen=True, slots=True)
class People:
    """Writes linked people into a store, and moves them on."""

    documents: Documents
    keys: DataKeys
    vault: TokenVault
    clock: Clock

    async def link(self, uid: str, grant: Granted, **more: Any) -> None:
        """`uid` is linked as of now, and due."""
        await self.keys.ensure(uid)
        now, account = self.clock.now(), (Provider.GOOGLE_FIT, subject_name(uid))
        tokens = Tokens(
            refresh=await self.vault.seal(uid, sealed_as("refresh", *account), grant.refresh),
            issued_at=now,
            access=await self.vault.seal(uid, sealed_as("access", *account), grant.access),
            access_expires_at=now + timedelta(minutes=55),
        )
        value = connection(uid, tokens, at=now, **more)
        await self.documents.commit([put(connection_path(uid, Provider.GOOGLE_FIT), value, Expect.ABSENT)])

    async def find(self, uid: str) -> StoredConnection:
        """The person's connection as it is stored."""
        found = await ConnectionStore(self.documents, self.clock).connection(uid, Provider.GOOGLE_FIT)
        assert found is not None, uid
        return found

    async def make_due(
        self, uid: str, *, token_expired: bool = False, kinds: Mapping[str, Any] | None = None
    ) -> Connection:
        """The person is due now. `kinds` replaces fields of each kind's link."""
        found = await self.find(uid)
        now = self.clock.now()
        # As if in another minute: the bound on calls per person and minute is not what is measured.
        value = msgspec.structs.replace(found.value, next_sync_at=now, calls=0)
        if token_expired and value.tokens is not None:
            spent = msgspec.structs.replace(value.tokens, access_expires_at=now - timedelta(seconds=1))
            value = msgspec.structs.replace(value, tokens=spent)
        if kinds:
            links = {kind: msgspec.structs.replace(link, **kinds) for kind, link in value.kinds.items()}
            value = msgspec.structs.replace(value, kinds=links)
        await self.documents.commit([put(found.path, value, found.version)])
        return value
