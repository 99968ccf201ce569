"""Which key opens what.

Health data is sealed under a data key per user. Data keys are wrapped by `wrapping-key` (Secret Manager, versioned)
and kept in a Firestore database of their own without point-in-time recovery, so destroying one erases the person,
backups included.

OAuth tokens are sealed under keys derived from `token-key` and the user: no read beyond the token's own document is
needed to use one, and a token is erased by revoking it at its issuer, which makes every copy worthless.
"""

from typing import Protocol

from shared.clock import Clock
from shared.cloud.documents import Document, Documents, Expect, Put
from shared.cloud.seal import Key, open_sealed, seal, version_of
from shared.errors import Conflict, NotFound, Refused
from shared.ids import fresh_bytes

WRAPPING_KEY = "wrapping-key"
TOKEN_KEY = "token-key"  # nosec B105: the secret's name, not the secret


class Secret(Protocol):
    """One version of a secret."""

    @property
    def value(self) -> bytes: ...
    @property
    def version(self) -> str: ...


class SecretStore(Protocol):
    """Where secrets come from: `secrets.Secrets`."""

    async def get(self, name: str) -> Secret: ...
    async def get_version(self, name: str, version: str) -> bytes: ...


class TokenVault:
    """Seals OAuth tokens for one user and one use."""

    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets

    async def seal(self, uid: str, use: str, plain: str) -> bytes:
        """Seal under the newest version of the token key."""
        return seal(await self._newest(uid, use), plain.encode(), uid, use)

    async def open(self, uid: str, use: str, sealed: bytes) -> str:
        """Open what `seal` made, whichever version was newest then. Raises Refused: `seal_broken`."""
        version = version_of(sealed)
        key = Key(version, await self._secrets.get_version(TOKEN_KEY, str(version))).derive(uid, use)
        return open_sealed(key, sealed, uid, use).decode()

    async def renewed(self, uid: str, use: str, sealed: bytes) -> bytes:
        """The same, sealed under the newest version of the token key, so that older ones can go one day."""
        newest = await self._newest(uid, use)
        if version_of(sealed) == newest.version:
            return sealed
        return seal(newest, (await self.open(uid, use, sealed)).encode(), uid, use)

    async def fingerprint_key(self, uid: str) -> bytes:
        """A key for fingerprints of this user's days: without it a fingerprint cannot be tried against guesses."""
        return (await self._newest(uid, "fingerprint")).secret

    async def _newest(self, uid: str, use: str) -> Key:
        newest = await self._secrets.get(TOKEN_KEY)
        return Key(int(newest.version), newest.value).derive(uid, use)


class DataKeys:
    """One data key per user, in the keys database."""

    def __init__(self, documents: Documents, secrets: SecretStore) -> None:
        self._documents = documents
        self._secrets = secrets

    async def key(self, uid: str) -> Key:
        """The user's data key. One read.

        Raises:
            NotFound: `key_missing`: none was ever made.
            Refused: `key_destroyed`: the person was erased; nothing of theirs opens again.
        """
        found = await self._documents.get(_path(uid))
        if found is None:
            raise NotFound("key_missing")
        return await self._unwrap(uid, found)

    async def ensure(self, uid: str) -> Key:
        """The user's data key, made now if there is none, or none any more: who was erased may begin anew."""
        found = await self._documents.get(_path(uid))
        if found is not None and found.data["wrapped"]:
            return await self._unwrap(uid, found)
        key = Key(1, fresh_bytes(32))
        expect = found.version if found else Expect.ABSENT
        made = {**await self._wrap(uid, key), "generation": _generation(found) + 1}
        try:
            await self._documents.commit([Put(_path(uid), made, expect)])
        except Conflict:
            return await self.key(uid)  # another worker made it first; theirs is the one
        return key

    async def rewrap(self, uid: str) -> bool:
        """Wrap the data key under the newest wrapping key, if it is not yet. True if that changed anything."""
        found = await self._documents.get(_path(uid))
        newest = await self._secrets.get(WRAPPING_KEY)
        if found is None or not found.data["wrapped"] or version_of(found.data["wrapped"]) == int(newest.version):
            return False
        rewrapped = {**found.data, **await self._wrap(uid, await self._unwrap(uid, found))}
        await self._documents.commit([Put(found.path, rewrapped, found.version)])
        return True

    async def _wrap(self, uid: str, key: Key) -> dict[str, object]:
        newest = await self._secrets.get(WRAPPING_KEY)
        return {"wrapped": seal(Key(int(newest.version), newest.value), key.secret, "data-key", uid)}

    async def _unwrap(self, uid: str, found: Document) -> Key:
        wrapped: bytes = found.data["wrapped"]
        if not wrapped:
            raise Refused("key_destroyed")
        version = version_of(wrapped)
        wrapping = Key(version, await self._secrets.get_version(WRAPPING_KEY, str(version)))
        return Key(1, open_sealed(wrapping, wrapped, "data-key", uid))


class DataSealing:
    """Seals what belongs to the owner of a data key, for one `use`, under a key derived for that use alone."""

    def __init__(self, keys: DataKeys, *, use: str) -> None:
        self._keys = keys
        self._use = use

    async def seal(self, owner: str, plain: bytes, *place: str) -> bytes:
        """Seal for `place` alone, under the key that `owner` has. Raises as `DataKeys.key`."""
        return seal((await self._keys.key(owner)).derive(self._use), plain, owner, *place)

    async def open(self, owner: str, sealed: bytes, *place: str) -> bytes:
        """What `seal` sealed. Raises as `DataKeys.key`, and Refused `seal_broken`."""
        return open_sealed((await self._keys.key(owner)).derive(self._use), sealed, owner, *place)


class KeyShredder:
    """Destroys data keys, for which it takes no secret."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    async def generation(self, uid: str) -> int:
        """Which key of theirs in a row the person has now; 0 before the first."""
        return _generation(await self._documents.get(_path(uid)))

    async def destroy(self, uid: str, generation: int) -> None:
        """Make everything sealed under that key unreadable, for good. A newer key, of somebody who began anew, stays.

        Raises Conflict where the key is being wrapped anew this very moment.
        """
        found = await self._documents.get(_path(uid))
        if found is None or not found.data["wrapped"] or _generation(found) > generation:
            return
        gone = {"wrapped": b"", "generation": generation, "destroyed_at": self._clock.now()}
        await self._documents.commit([Put(found.path, gone, found.version)])


def _generation(found: Document | None) -> int:
    return int(found.data.get("generation", 1)) if found else 0


def _path(uid: str) -> str:
    return f"data_keys/{uid}"
