"""The server takes its address before it serves."""

import pytest

from infra.local.server import HttpServer


async def test_an_address_is_taken_from_the_start():
    first = HttpServer()
    try:
        with pytest.raises(OSError, match="in use"):
            HttpServer(int(first.url.rpartition(":")[2]))
    finally:
        await first.stop()
