"""Outgoing calls against a server of our own: every wait ends in time, and a wait that ends takes no place along."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.cloud.http import Http
from shared.errors import Unavailable


class Upstream:
    """Answers at once; or begins an answer, or does not even begin one, until `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/silent":
            await self.go.wait()
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        if request.path == "/slow":
            self.begun.set()
            await self.go.wait()
        await response.write_eof()
        return response


@pytest.fixture
async def upstream() -> AsyncIterator[tuple[Upstream, str]]:
    made = Upstream()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    server = TestServer(app)
    await server.start_server()
    yield made, str(server.make_url("/")).rstrip("/")
    made.go.set()
    await server.close()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    made = Http(bodies_in_flight=1)
    yield made
    await made.close()


@pytest.fixture
async def occupied(upstream: tuple[Upstream, str], http: Http) -> "asyncio.Task[object]":
    """The one place is taken, by a body that ends when `go` is set."""
    taking = asyncio.create_task(http.send("GET", f"{upstream[1]}/slow"))
    await upstream[0].begun.wait()
    await asyncio.sleep(0.05)
    return taking


@pytest.mark.parametrize("path", ["/silent", "/slow"])
async def test_an_answer_that_does_not_end_in_time_is_given_up(
    upstream: tuple[Upstream, str], http: Http, path: str
) -> None:
    with pytest.raises(Unavailable) as unavailable:
        await asyncio.wait_for(http.send("GET", upstream[1] + path, timeout_s=0.1), 5)
    assert unavailable.value.code == "upstream_unavailable"
    assert (await http.send("GET", f"{upstream[1]}/")).body == b"x"


async def test_waiting_for_a_place_ends_in_time_as_well(
    upstream: tuple[Upstream, str], http: Http, occupied: "asyncio.Task[object]"
) -> None:
    with pytest.raises(Unavailable) as unavailable:
        await asyncio.wait_for(http.send("GET", f"{upstream[1]}/", timeout_s=0.1), 5)
    assert unavailable.value.code == "upstream_unavailable"
    upstream[0].go.set()
    await occupied
    assert (await http.send("GET", f"{upstream[1]}/")).body == b"x"


async def test_whoever_is_cancelled_is_cancelled_and_leaves_the_place_free(
    upstream: tuple[Upstream, str], http: Http, occupied: "asyncio.Task[object]"
) -> None:
    waiting = asyncio.create_task(http.send("GET", f"{upstream[1]}/"))
    await asyncio.sleep(0.05)
    for task in (waiting, occupied):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await http.send("GET", f"{upstream[1]}/")).body == b"x"


async def test_waiting_for_an_answer_to_begin_holds_no_place(upstream: tuple[Upstream, str], http: Http) -> None:
    waiting = asyncio.create_task(http.send("GET", f"{upstream[1]}/silent"))
    await asyncio.sleep(0.05)
    assert (await http.send("GET", f"{upstream[1]}/", timeout_s=5)).body == b"x"
    upstream[0].go.set()
    assert (await waiting).status == 200


async def test_no_cookie_that_an_answer_sets_goes_out_with_the_next_call(http: Http) -> None:
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("cookie"))
        response = web.Response(text="x")
        response.set_cookie("session", "hana", path="/")
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    # By name: for numbers aiohttp keeps no cookies anyway.
    async with TestServer(app, host="localhost") as server:
        url = f"http://localhost:{server.port}/"
        await http.send("GET", url)
        await http.send("GET", url)
    assert seen == [None, None]
