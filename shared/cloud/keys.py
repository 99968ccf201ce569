"""The public keys that sign other parties' tokens, fetched, kept and renewed."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared import log
from shared.clock import Clock
from shared.cloud.http import Sender
from shared.errors import Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

LEAST_FRESH = timedelta(minutes=5)
MOST_FRESH = timedelta(hours=24)
STALE = timedelta(hours=24)
"""How long beyond their freshness keys still serve while their publisher is down. Then nothing is believed."""
PAUSE = timedelta(seconds=30)
"""At least so long between two fetches that tokens with unknown key ids, or a publisher that is down, can cause."""
FETCH_S = 5.0
MIN_KEY_BITS = 2048


class PublishedKeys:
    """RSA public keys by key id, as published at `url`: certificates {id: PEM}, or a JWK set.

    Kept for as long as the publisher's Cache-Control says, between `LEAST_FRESH` and `MOST_FRESH`.
    """

    def __init__(self, url: str, *, http: Sender, clock: Clock) -> None:
        self._url = url
        self._http = http
        self._clock = clock
        self._keys: dict[str, RSAPublicKey] = {}
        self._fresh_until = self._tried_at = datetime.min.replace(tzinfo=UTC)
        self._flight: asyncio.Task[None] | None = None
        self._answered = False

    async def find(self, key_id: str) -> "RSAPublicKey | None":
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
            keys = parse(answer.body)
        except (Unavailable, ValueError, RecursionError) as failed:
            log.event("keys.not_renewed", "WARNING", fault=type(failed).__name__)
            return
        self._keys, self._answered = keys, True
        self._fresh_until = self._clock.now() + _freshness(answer.headers.get("cache-control", ""))


def parse(body: bytes) -> "dict[str, RSAPublicKey]":
    """The usable keys by id: RSA, for signing, at least `MIN_KEY_BITS`. Others are passed over.

    Raises:
        ValueError: this is neither {id: PEM certificate} nor a JWK set, or nothing in it is usable.
    """
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("not an object")  # noqa: TRY004 - wrong data, not a caller's mistake
    listed = document.get("keys")
    published = _jwks(listed) if isinstance(listed, list) else _certificates(document)
    usable = {key_id: key for key_id, key in published if key.key_size >= MIN_KEY_BITS}
    if not usable:
        raise ValueError("no usable key")
    return usable


def _certificates(document: Mapping[str, Any]) -> "Iterator[tuple[str, RSAPublicKey]]":
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    for key_id, pem in document.items():
        with suppress(ValueError, UnsupportedAlgorithm):
            key = x509.load_pem_x509_certificate(str(pem).encode()).public_key()
            if isinstance(key, RSAPublicKey):
                yield key_id, key


def _jwks(listed: list[Any]) -> "Iterator[tuple[str, RSAPublicKey]]":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt.algorithms import RSAAlgorithm
    from jwt.exceptions import InvalidKeyError

    for jwk in listed:
        if not isinstance(jwk, dict) or jwk.get("kty") != "RSA" or not isinstance(jwk.get("kid"), str):
            continue
        if jwk.get("use", "sig") != "sig" or jwk.get("alg", "RS256") != "RS256":
            continue
        with suppress(InvalidKeyError, ValueError, TypeError):
            key = RSAAlgorithm.from_jwk(jwk)
            if isinstance(key, RSAPublicKey):
                yield jwk["kid"], key


def _freshness(cache_control: str) -> timedelta:
    told = re.search(r"(?:^|[\s,])max-age=(\d{1,9})", cache_control.lower())
    return min(max(timedelta(seconds=int(told[1])) if told else LEAST_FRESH, LEAST_FRESH), MOST_FRESH)
