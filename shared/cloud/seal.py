"""Sealing: authenticated encryption that knows where its ciphertext belongs.

A sealed value is `version (2 bytes) | nonce (12) | ciphertext | tag (16)`: 30 bytes more than it holds. AES-256-GCM;
the place (user, kind, day, …) is associated data, so a ciphertext moved elsewhere does not open.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from shared.errors import Refused
from shared.ids import fresh_bytes

OVERHEAD_BYTES = 30


@dataclass(frozen=True, slots=True)
class Key:
    """A 256-bit key and the number of the version it is or was derived from. Never shown."""

    version: int
    secret: bytes = field(repr=False)

    def derive(self, *purpose: str) -> "Key":
        """A key for one purpose only, from which neither this key nor any other purpose's can be found."""
        info = b"".join(len(p.encode()).to_bytes(2, "big") + p.encode() for p in purpose)
        # One block of HKDF-Expand (RFC 5869): the input is already uniform, so no extract step is needed.
        return Key(self.version, hmac.new(self.secret, info + b"\x01", hashlib.sha256).digest())


def seal(key: Key, plain: bytes, *place: str) -> bytes:
    """Encrypt `plain` for `place` alone."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = fresh_bytes(12)
    return key.version.to_bytes(2, "big") + nonce + AESGCM(key.secret).encrypt(nonce, plain, _associated(place))


def open_sealed(key: Key, sealed: bytes, *place: str) -> bytes:
    """What was sealed for `place`.

    Raises:
        Refused: `seal_broken`: altered, sealed elsewhere, or under another key.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(sealed) < OVERHEAD_BYTES or version_of(sealed) != key.version:
        raise Refused("seal_broken", "not sealed under this key")
    try:
        return AESGCM(key.secret).decrypt(sealed[2:14], sealed[14:], _associated(place))
    except InvalidTag:
        raise Refused("seal_broken", "altered, or moved from where it was sealed") from None


def version_of(sealed: bytes) -> int:
    """Which version of its key a value was sealed under."""
    return int.from_bytes(sealed[:2], "big")


def _associated(place: tuple[str, ...]) -> bytes:
    return b"".join(len(p.encode()).to_bytes(2, "big") + p.encode() for p in place)
