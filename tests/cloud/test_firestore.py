"""What Firestore's answers mean, over a real connection to a server that fails in every way it can."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import grpc
import pytest

from infra.local.emulator import HOST_VARIABLE
from shared.cloud.documents import Delete, Expect, Put, Query
from shared.cloud.firestore import FirestoreDocuments
from shared.errors import Conflict, Fault, OutcomeUnknown, Refused, Unavailable

CANARY = "canary-7f3a"
"""Stands in the server's error texts, which may quote documents, and must not stand in ours."""


class Failing:
    """Answers every call with one status, or, without one, never."""

    def __init__(self) -> None:
        self.status: grpc.StatusCode | None = None
        self.calls: Counter[str] = Counter()

    def handlers(self) -> grpc.GenericRpcHandler:
        streams = ("BatchGetDocuments", "RunQuery", "RunAggregationQuery")
        methods = {name: grpc.unary_stream_rpc_method_handler(self._stream(name)) for name in streams}
        methods["Commit"] = grpc.unary_unary_rpc_method_handler(self._answer("Commit"))
        return grpc.method_handlers_generic_handler("google.firestore.v1.Firestore", methods)

    def _answer(self, name: str):
        async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            self.calls[name] += 1
            if self.status is None:
                await asyncio.sleep(60)
            await context.abort(self.status, f"document {CANARY} is at fault")
            return b""

        return answer

    def _stream(self, name: str):
        answer = self._answer(name)

        async def stream(request: bytes, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
            yield await answer(request, context)

        return stream


@pytest.fixture
async def failing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Failing]:
    handler = Failing()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    monkeypatch.setenv(HOST_VARIABLE, f"127.0.0.1:{port}")
    yield handler
    await server.stop(None)


@pytest.fixture
async def store(failing: Failing) -> AsyncIterator[FirestoreDocuments]:
    documents = FirestoreDocuments("p", read_s=0.3, commit_s=0.3)
    yield documents
    await documents.close()


PLAIN = (Put("users/u1", {"n": 1}),)
AT_VERSION = (Put("users/u1", {"n": 1}, "2026-11-23T00:00:00.123456789Z"),)
CREATE = (Put("users/u1", {"n": 1}, Expect.ABSENT), Delete("users/u2"))
S = grpc.StatusCode


@pytest.mark.parametrize(
    ("status", "writes", "fault", "code"),
    [
        (S.FAILED_PRECONDITION, AT_VERSION, Conflict, "precondition_failed"),
        (S.ALREADY_EXISTS, CREATE, Conflict, "precondition_failed"),
        (S.NOT_FOUND, AT_VERSION, Conflict, "precondition_failed"),
        (S.NOT_FOUND, PLAIN, Refused, "store_refused"),
        (S.NOT_FOUND, CREATE, Refused, "store_refused"),
        (S.ABORTED, PLAIN, Unavailable, "store_unavailable"),
        (S.RESOURCE_EXHAUSTED, PLAIN, Unavailable, "store_unavailable"),
        (S.DEADLINE_EXCEEDED, PLAIN, OutcomeUnknown, "commit_unknown"),
        (S.UNAVAILABLE, PLAIN, OutcomeUnknown, "commit_unknown"),
        (S.CANCELLED, PLAIN, OutcomeUnknown, "commit_unknown"),
        (S.UNKNOWN, PLAIN, OutcomeUnknown, "commit_unknown"),
        (S.INTERNAL, PLAIN, OutcomeUnknown, "commit_unknown"),
        (S.DATA_LOSS, PLAIN, OutcomeUnknown, "commit_unknown"),
        (None, PLAIN, OutcomeUnknown, "commit_unknown"),
        (S.PERMISSION_DENIED, PLAIN, Refused, "store_refused"),
        (S.INVALID_ARGUMENT, PLAIN, Refused, "store_refused"),
    ],
)
async def test_a_failed_commit_is_sent_once_and_called_what_it_is(store, failing, status, writes, fault, code):
    failing.status = status
    with pytest.raises(Fault) as raised:
        await store.commit(writes)
    assert (type(raised.value), raised.value.code) == (fault, code)
    assert failing.calls == {"Commit": 1}
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "fault", "code"),
    [
        (S.UNAVAILABLE, Unavailable, "store_unavailable"),
        (S.ABORTED, Unavailable, "store_unavailable"),
        (S.DATA_LOSS, Unavailable, "store_unavailable"),
        (S.CANCELLED, Unavailable, "store_unavailable"),
        (None, Unavailable, "store_unavailable"),
        (S.PERMISSION_DENIED, Refused, "store_refused"),
        (S.FAILED_PRECONDITION, Refused, "store_refused"),
        (S.NOT_FOUND, Refused, "store_refused"),
    ],
)
@pytest.mark.parametrize("read", ["get", "query", "count"])
async def test_a_failed_read_is_over_in_time_and_called_what_it_is(store, failing, status, fault, code, read):
    failing.status = status
    asked = {"get": store.get, "query": store.query, "count": store.count}[read]
    async with asyncio.timeout(5):
        with pytest.raises(Fault) as raised:
            await asked("users/u1" if read == "get" else Query("users"))
    assert (type(raised.value), raised.value.code) == (fault, code)
    assert CANARY not in str(raised.value)


async def test_a_read_is_tried_again_within_its_time(store, failing):
    failing.status = S.UNAVAILABLE
    with pytest.raises(Unavailable):
        await store.get("users/u1")
    assert failing.calls["BatchGetDocuments"] > 1


@pytest.mark.usefixtures("firestore_emulator")
def test_one_store_serves_several_event_loops():
    documents = FirestoreDocuments("test-loops")

    async def write(n):
        await documents.commit([Put("users/u1", {"n": n})])
        [found] = await documents.query(Query("users"))
        await documents.close()
        return found.data["n"]

    assert [asyncio.run(write(n)) for n in range(3)] == [0, 1, 2]
