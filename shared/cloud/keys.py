"""The public keys that sign other parties' tokens, fetched, kept and renewed."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

from shared import log
from shared.clock import Clock
from shared.cloud.http import Sender
from shared.errors import Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey

Algorithm = Literal["RS256", "ES256"]

LEAST_FRESH = timedelta(minutes=5)
MOST_FRESH = timedelta(hours=24)
STALE = timedelta(hours=24)
"""How long beyond their freshness keys still serve while their publisher is down. Then nothing is believed."""
PAUSE = timedelta(seconds=30)
"""At least so long between two fetches that tokens with unknown key ids, or a publisher that is down, can cause."""
FETCH_S = 5.0
MIN_KEY_BITS = 2048


class PublishedKeys:
    """Public keys for one algorithm by key id, as published at `url`: certificates {id: PEM}, or a JWK set.

    Kept for as long as the publisher's Cache-Control says, between `LEAST_FRESH` and `MOST_FRESH`.
    """

    def __init__(self, url: str, *, http: Sender, clock: Clock, algorithm: Algorithm = "RS256") -> None:
        self.algorithm = algorithm
        self._url = url
        self._http = http
        self._clock = clock
        self._keys: dict[str, PublicKey] = {}
        self._fresh_until = self._tried_at = datetime.min.replace(tzinfo=UTC)
        self._flight: asyncio.Task[None] | None = None
        self._answered = False

    async def find(self, key_id: str) -> "PublicKey | None":
        """The key with this id, or None when the publisher does not have it.

        Raises:
            Unavailable: `keys_unavailable`: there are no keys to believe in, or this one is not among them, and the
                publisher does not answer.
        """
        now = self._clock.now()
        if now >= self._fresh_until and self._may_try(now):
            await self._renew()
        if key_id not in self._keys and (self._renewing() or now - self._tried_at >= PAUSE):
            # The publisher may have begun to sign with a new key. Whoever invents ids cannot make us ask often.
            await self._renew()
        unheard_of = key_id not in self._keys and not self._answered
        if not self._keys or unheard_of or now >= self._fresh_until + STALE:
            raise Unavailable("keys_unavailable", "sign-in cannot be checked right now", retry_after_s=10)
        return self._keys.get(key_id)

    def _may_try(self, now: datetime) -> bool:
        usable = self._keys and now < self._fresh_until + STALE
        return not usable or now - self._tried_at >= PAUSE

    def _renewing(self) -> bool:
        return self._flight is not None and not self._flight.done()

    async def _renew(self) -> None:
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._fetch_all())
        await asyncio.shield(self._flight)

    async def _fetch_all(self) -> None:
        self._tried_at, self._answered = self._clock.now(), False
        log.count("keys_fetched")
        try:
            answer = await self._http.send("GET", self._url, timeout_s=FETCH_S)
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            keys = parse(answer.body, self.algorithm)
        except (Unavailable, ValueError, RecursionError) as failed:
            log.event("keys.not_renewed", "WARNING", fault=type(failed).__name__)
            return
        self._keys, self._answered = keys, True
        self._fresh_until = self._clock.now() + _freshness(answer.headers.get("cache-control", ""))


def parse(body: bytes, algorithm: Algorithm = "RS256") -> "dict[str, PublicKey]":
    """The usable keys by id: for signing, RSA of at least `MIN_KEY_BITS` or on the curve P-256. Others are passed over.

    Raises:
        ValueError: this is neither {id: PEM certificate} nor a JWK set, or nothing in it is usable.
    """
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("not an object")  # noqa: TRY004 - wrong data, not a caller's mistake
    listed = document.get("keys")
    published = _jwks(listed, algorithm) if isinstance(listed, list) else _certificates(document)
    usable = {key_id: key for key_id, key in published if _suits(key, algorithm)}
    if not usable:
        raise ValueError("no usable key")
    return usable


def _suits(key: object, algorithm: Algorithm) -> "TypeGuard[PublicKey]":
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if algorithm == "ES256":
        return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    return isinstance(key, RSAPublicKey) and key.key_size >= MIN_KEY_BITS


def _certificates(document: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    for key_id, pem in document.items():
        with suppress(ValueError, UnsupportedAlgorithm):
            yield key_id, x509.load_pem_x509_certificate(str(pem).encode()).public_key()


def _jwks(listed: list[Any], algorithm: Algorithm) -> Iterator[tuple[str, object]]:
    from jwt.algorithms import ECAlgorithm, RSAAlgorithm
    from jwt.exceptions import InvalidKeyError

    kind, reader = ("EC", ECAlgorithm) if algorithm == "ES256" else ("RSA", RSAAlgorithm)
    for jwk in listed:
        if not isinstance(jwk, dict) or jwk.get("kty") != kind or not isinstance(jwk.get("kid"), str):
            continue
        if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm:
            continue
        with suppress(InvalidKeyError, ValueError, TypeError):
            yield jwk["kid"], reader.from_jwk(jwk)


def _freshness(cache_control: str) -> timedelta:
    told = re.search(r"(?:^|[\s,])max-age=(\d{1,9})", cache_control.lower())
    return min(max(timedelta(seconds=int(told[1])) if told else LEAST_FRESH, LEAST_FRESH), MOST_FRESH)
