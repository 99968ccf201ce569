"""Signatures that outlive us: compact JWS (RFC 7515) under Ed25519 (RFC 8037), the keys in Secret Manager by version.

A version of the secret is a seed of 32 bytes, and its number the key's id. Adding a version rotates: new signatures are
made under it, old ones stay good for as long as their version is enabled, since its public key stays published.
Disabling a version says that its signatures are to be believed no more.
"""

import base64
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from shared.errors import Refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "EdDSA"
MAX_CHARS = 4 << 20
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER = {"alg", "kid", "typ"}


class Jwk(msgspec.Struct, frozen=True, kw_only=True):
    """A public key (RFC 8037 §2). `x` is its 32 bytes in base64url."""

    kty: str = "OKP"
    crv: str = "Ed25519"
    x: str
    kid: str
    alg: str = ALGORITHM
    use: str = "sig"


class JwkSet(msgspec.Struct, frozen=True):
    """RFC 7517 §5."""

    keys: tuple[Jwk, ...]


class Unbelieved(Exception):
    """A signature is not to be believed. `reason`: `shape`, `algorithm`, `type`, `header_field`, `key_unknown`,
    `signature`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Version(Protocol):
    @property
    def value(self) -> bytes: ...

    @property
    def version(self) -> str: ...


class KeyVersions(Protocol):
    """Where the seeds are: `secrets.Secrets`."""

    async def get(self, name: str) -> _Version:
        """The newest enabled version."""
        ...

    async def get_version(self, name: str, version: str) -> bytes:
        """One version's value."""
        ...

    async def enabled(self, name: str) -> tuple[str, ...]:
        """The numbers of the enabled versions, newest first."""
        ...


class Signer:
    """Signs under the newest version of the secret `name`, and publishes the public key of every enabled one."""

    def __init__(self, secrets: KeyVersions, name: str) -> None:
        self._secrets = secrets
        self._name = name

    async def sign(self, payload: bytes, *, typ: str) -> str:
        """The JWS over `payload`; the same payload under the same version gives the same.

        `typ` says what is signed, so that one thing's signature never passes for another's.

        Raises:
            Refused: `secret_missing` (there is no such secret, or it is no seed), `secret_version_gone`.
            Unavailable: `secrets_unavailable`.
        """
        from jwt.api_jws import PyJWS

        newest = await self._secrets.get(self._name)
        headers = {"kid": newest.version, "typ": typ}
        return PyJWS([ALGORITHM]).encode(payload, self._key(newest.value), algorithm=ALGORITHM, headers=headers)

    async def published(self) -> JwkSet:
        """The keys that signatures are checked with, newest first. Raises as `sign`."""
        return JwkSet(tuple([jwk async for jwk in self._public()]))

    async def _public(self) -> AsyncIterator[Jwk]:
        for version in await self._secrets.enabled(self._name):
            try:
                seed = await self._secrets.get_version(self._name, version)
            except Refused as gone:
                if gone.code != "secret_version_gone":
                    raise
                continue  # disabled since it was listed
            yield public_jwk(self._key(seed).public_key(), version)

    def _key(self, seed: bytes) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if len(seed) != 32:
            raise Refused("secret_missing", f"{self._name} is not a seed of 32 bytes")
        return Ed25519PrivateKey.from_private_bytes(seed)


def public_jwk(key: "Ed25519PublicKey", kid: str) -> Jwk:
    """How a public key is published."""
    from jwt.algorithms import OKPAlgorithm

    return Jwk(x=OKPAlgorithm.to_jwk(key, as_dict=True)["x"], kid=kid)


def keys_of(published: bytes) -> "dict[str, Ed25519PublicKey]":
    """The keys of a JWK set by id: those for Ed25519 that have one. Raises ValueError: it is no JWK set, or holds none.

    Private keys are passed over as well: nobody should have them.
    """
    document = json.loads(published)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")  # noqa: TRY004 - wrong data, not a caller's mistake
    found = dict(_usable(listed))
    if not found:
        raise ValueError("no usable key")
    return found


def _usable(listed: Iterable[Any]) -> "Iterable[tuple[str, Ed25519PublicKey]]":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from jwt.algorithms import OKPAlgorithm
    from jwt.exceptions import InvalidKeyError

    for one in listed:
        if not isinstance(one, dict) or one.get("alg", ALGORITHM) != ALGORITHM or one.get("use", "sig") != "sig":
            continue
        try:
            key = OKPAlgorithm.from_jwk(one)
        except (InvalidKeyError, TypeError, ValueError):
            continue
        if isinstance(key, Ed25519PublicKey) and isinstance(one.get("kid"), str):
            yield one["kid"], key


def believed(jws: str, keys: "Mapping[str, Ed25519PublicKey]", *, typ: str) -> bytes:
    """The payload of `jws`, once one of `keys` was found to have signed it as a `typ`. Raises Unbelieved."""
    import jwt
    from jwt.api_jws import PyJWS

    header = _header(jws)
    if header.get("alg") != ALGORITHM:
        raise Unbelieved("algorithm")
    if header.get("typ") != typ:
        raise Unbelieved("type")
    if header.keys() != _HEADER:
        # Any further field asks the reader to trust, or to do, something beyond checking with a key already at hand.
        raise Unbelieved("header_field")
    key = keys.get(header["kid"]) if isinstance(header["kid"], str) else None
    if key is None:
        raise Unbelieved("key_unknown")
    try:
        payload: bytes = PyJWS([ALGORITHM]).decode(jws, key, algorithms=[ALGORITHM])
    except jwt.PyJWTError:
        raise Unbelieved("signature") from None
    return payload


def _header(jws: str) -> dict[str, Any]:
    if len(jws) > MAX_CHARS or not _COMPACT.fullmatch(jws):
        raise Unbelieved("shape")
    segment = jws.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        raise Unbelieved("shape") from None
    if not isinstance(header, dict):
        raise Unbelieved("shape")
    return header
