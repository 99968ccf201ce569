"""The server takes its address before it serves, and ends without waiting for nothing."""

import asyncio
from typing import Any

import aiohttp
import pytest

from infra.local.server import HttpServer


async def test_an_address_is_taken_from_the_start():
    first = HttpServer()
    try:
        with pytest.raises(OSError, match="in use"):
            HttpServer(int(first.url.rpartition(":")[2]))
    finally:
        await first.stop()


async def serving(app: Any) -> HttpServer:
    server = HttpServer()
    await server.start(app)
    return server


async def test_it_ends_at_once_where_nothing_is_under_way_even_with_a_connection_kept_open():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    took = []
    for _ in range(5):  # somebody else may have the machine for a while
        server = await serving(app)
        async with aiohttp.ClientSession() as http:
            async with http.get(server.url) as answer:
                assert answer.status == 204
            before = asyncio.get_running_loop().time()
            await server.stop()
            took.append(asyncio.get_running_loop().time() - before)
            with pytest.raises(aiohttp.ClientConnectionError):
                await http.get(server.url)
    assert min(took) < 0.09


async def test_what_is_under_way_when_it_is_told_to_end_is_answered():
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    server = await serving(app)
    async with aiohttp.ClientSession() as http:
        asked = asyncio.ensure_future(http.get(server.url))
        await begun.wait()
        ending = asyncio.ensure_future(server.stop())
        await asyncio.sleep(0.01)
        go_on.set()
        assert (await asked).status == 204
        await ending
