"""Compact signed tokens, read with suspicion: shape, signature by a published key, times. What the claims must say for
whom is the business of whoever asks (`identity`)."""

import base64
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from shared.clock import Clock
from shared.cloud.keys import Algorithm, PublishedKeys

if TYPE_CHECKING:
    from shared.cloud.keys import PublicKey

MAX_TOKEN_CHARS = 8192
LEEWAY_S = 30
MAX_SUBJECT_CHARS = 128
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# Each asks the reader to trust or to do something beyond checking the signature with a key it already has.
_REFUSED_HEADERS = frozenset({"crit", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "b64", "zip", "enc", "cty"})


class Unbelieved(Exception):
    """A token is not to be believed, for the reason given in one fixed word."""


class Tokens:
    """Tokens signed by one publisher's keys, with the one algorithm that these are for."""

    def __init__(self, keys: PublishedKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def claims(self, token: str) -> Mapping[str, Any]:
        """What a token says, once its signature and its times have been found good.

        Raises Unbelieved; Unavailable `keys_unavailable`.
        """
        key = await self._keys.find(key_id(token, self._keys.algorithm))
        if key is None:
            raise Unbelieved("key_unknown")
        claims = _verified(token, key, self._keys.algorithm)
        expires, now = claims.get("exp"), self._clock.now().timestamp()
        demand(whole(expires) and expires > now - LEEWAY_S, "expired")
        demand(past(claims.get("iat"), self._clock), "issued_at")
        demand("nbf" not in claims or past(claims["nbf"], self._clock), "not_before")
        return claims


def key_id(token: str, algorithm: Algorithm) -> str:
    """Whose key is said to have signed a token of the right shape and algorithm; nothing of it is believed yet."""
    demand(len(token) <= MAX_TOKEN_CHARS, "size")
    demand(_COMPACT.fullmatch(token) is not None, "shape")
    header = _json_object(token.partition(".")[0])
    demand(header.get("alg") == algorithm, "algorithm")
    demand(str(header.get("typ", "JWT")).upper() == "JWT", "type")
    demand(not _REFUSED_HEADERS & header.keys(), "header_field")
    named = header.get("kid")
    if not isinstance(named, str) or not named:
        raise Unbelieved("key_id")
    return named


def issuer_said(token: str, algorithm: Algorithm) -> object:
    """Who is said to have issued a token of the right shape; nothing of it is believed yet."""
    key_id(token, algorithm)
    return _json_object(token.split(".")[1]).get("iss")


def _json_object(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        raise Unbelieved("shape") from None
    if not isinstance(value, dict):
        raise Unbelieved("shape")
    return value


def _verified(token: str, key: "PublicKey", algorithm: Algorithm) -> dict[str, Any]:
    import jwt

    try:
        # The signature alone: times are checked against our own clock, names against exactly what is expected.
        jwt.api_jws.decode(token, key, algorithms=[algorithm])
    except jwt.PyJWTError:
        raise Unbelieved("signature") from None
    return _json_object(token.split(".")[1])


def subject_of(claims: Mapping[str, Any]) -> str:
    """Whom the token speaks of."""
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= MAX_SUBJECT_CHARS:
        raise Unbelieved("subject")
    return sub


def past(instant: object, clock: Clock) -> bool:
    """Whether it is an instant that is not to come."""
    return whole(instant) and instant <= clock.now().timestamp() + LEEWAY_S


def whole(value: object) -> TypeGuard[int]:
    """Whether it is a whole number, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def demand(holds: bool, reason: str) -> None:
    """Raises Unbelieved where it does not hold."""
    if not holds:
        raise Unbelieved(reason)
