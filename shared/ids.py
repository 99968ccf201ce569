"""The only place that reads randomness, and how names that must not reveal anything are derived."""

import base64
import hashlib
import secrets
from typing import Protocol


class Ids(Protocol):
    """Where unguessable names come from."""

    def token(self) -> str:
        """256 random bits, as 43 URL-safe characters: states, verifiers, one-time codes."""
        ...

    def ident(self) -> str:
        """128 random bits, as 26 lower-case base32 characters: document and commit ids."""
        ...

    def fraction(self) -> float:
        """A number in [0, 1): jitter, never a secret."""
        ...


class RandomIds:
    """The operating system's randomness."""

    def token(self) -> str:
        return secrets.token_urlsafe(32)

    def ident(self) -> str:
        return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()

    def fraction(self) -> float:
        return secrets.randbits(53) / (1 << 53)


def fresh_bytes(n: int) -> bytes:
    """`n` bytes from the operating system, for keys and nonces: these must never come from a fake."""
    return secrets.token_bytes(n)


def digest(*parts: str) -> str:
    """SHA-256 over length-prefixed parts, 64 hexadecimal characters. For names that must not be guessed back
    from inputs that are themselves unguessable (states, codes), and for stable, evenly spread document ids."""
    h = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        h.update(len(raw).to_bytes(4, "big") + raw)
    return h.hexdigest()


def shard_of(uid: str, shards: int) -> int:
    """Which of `shards` slices of the due index a user belongs to: even, stable, derived from the uid alone."""
    return int(digest("shard", uid)[:8], 16) % shards
