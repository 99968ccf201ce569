"""Outgoing HTTP: one client per event loop, a deadline on every call, bodies that cannot grow without bound."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from shared import log
from shared.cloud.loops import PerLoop
from shared.errors import Unavailable

if TYPE_CHECKING:
    import aiohttp

MAX_BYTES = 8 << 20
"""The largest answer we take: 1,000 Fit points are about 300 KB."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, complete. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Sender(Protocol):
    """Whoever sends a request and brings back the answer: `Http`, or a simulated world."""

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
        timeout_s: float = 20.0,
    ) -> Answer:
        """As `Http.send`."""
        ...


class Http:
    """A client for few hosts and many calls.

    `bodies_in_flight` bounds how many answers are in memory at a time, across all users of this instance; waiting
    for an answer to begin holds no place.
    """

    def __init__(self, *, bodies_in_flight: int = 64) -> None:
        self._places = PerLoop(lambda: asyncio.Semaphore(bodies_in_flight), _nothing_to_close)
        self._sessions = PerLoop(_session, lambda session: session.close())

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
        timeout_s: float = 20.0,
    ) -> Answer:
        """One call, no retry. `url` is taken as encoded already. At most one of `form` and `json` is its body.

        Raises:
            Unavailable: `upstream_unavailable`: no complete answer came in time, or it was larger than `MAX_BYTES`.
        """
        import aiohttp
        from yarl import URL

        session, places = self._sessions.get(), self._places.get()
        log.count("http_calls")
        try:
            # Our own deadline: aiohttp's would not end the wait for a place.
            async with (
                asyncio.timeout(timeout_s),
                session.request(
                    method,
                    URL(url, encoded=True),
                    headers=headers,
                    data=form,
                    json=json,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(),
                ) as response,
            ):
                async with places:
                    body = await _read(response)
                return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            raise Unavailable("upstream_unavailable", type(lost).__name__) from lost

    async def close(self) -> None:
        """Close this loop's connections."""
        await self._sessions.close()


def _session() -> "aiohttp.ClientSession":
    import aiohttp

    # Bounds are the callers': a limit here would queue one user's calls behind another's.
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=0, ttl_dns_cache=60)
    # Many people's calls share the session: a cookie set in answer to one must not go out with another's.
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def _nothing_to_close(_: object) -> None:
    return None


async def _read(response: "aiohttp.ClientResponse") -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > MAX_BYTES:
            response.close()
            raise Unavailable("upstream_malformed", f"an answer of more than {MAX_BYTES} bytes")
    return bytes(body)
