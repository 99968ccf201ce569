"""The document port on Firestore, and on its emulator where FIRESTORE_EMULATOR_HOST names one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from google.api_core import exceptions
from google.cloud.firestore_v1.async_client import AsyncClient
from google.cloud.firestore_v1.types import RunAggregationQueryRequest, RunQueryRequest

from shared import log
from shared.cloud.documents import Document, Query, Write
from shared.cloud.firestore_messages import Message, commit_request, document_of, page, structured_query, version_of
from shared.cloud.loops import PerLoop
from shared.cloud.values import check_path, check_query, check_writes
from shared.errors import Conflict, Fault, OutcomeUnknown, Refused, Unavailable

_LATER = (
    exceptions.Aborted,  # contention, or a deadlock the server broke up
    exceptions.TooManyRequests,
    exceptions.ServerError,  # unavailable, internal, deadline exceeded, unknown
    exceptions.Cancelled,
    exceptions.RetryError,
)


class _Client(AsyncClient):
    """The library's connection (credentials, emulator, headers), spoken to in its own messages."""

    async def call(self, method: str, request: Message, **limits: Any) -> Any:
        return await getattr(self._firestore_api, method)(request=request, metadata=self._rpc_metadata, **limits)

    async def stream(self, method: str, request: Message) -> list[Message]:
        answers = await self.call(method, request)
        return [type(answer).pb(answer) async for answer in answers]

    async def disconnect(self) -> None:
        await self._firestore_api.transport.close()


class FirestoreDocuments:
    """The documents of one Firestore database.

    `read_s` bounds the whole of a read, with the library's own retries in it; `commit_s` the one sending of a commit,
    which is never retried here, because a second sending could hide what became of the first.
    """

    def __init__(
        self, project: str, database: str = "(default)", *, read_s: float = 10.0, commit_s: float = 15.0
    ) -> None:
        self._read_s = read_s
        self._commit_s = commit_s
        self._database = f"projects/{project}/databases/{database}"
        self._root = f"{self._database}/documents"
        # A gRPC channel belongs to the event loop that first uses it.
        self._clients = PerLoop(lambda: _Client(project=project, database=database), _Client.disconnect)

    async def get(self, path: str) -> Document | None:
        """See `Documents`."""
        return (await self.get_many([path]))[0]

    async def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """See `Documents`."""
        for path in paths:
            check_path(path)
        if not paths:
            return []
        log.count("store_reads", len(paths))
        request = {"database": self._database, "documents": list({f"{self._root}/{path}": None for path in paths})}
        async with _reading(self._read_s):
            answers = await self._clients.get().stream("batch_get_documents", request)
        found = {d.path: d for d in (document_of(a.found) for a in answers if a.HasField("found"))}
        return [found.get(path) for path in paths]

    async def query(self, query: Query) -> list[Document]:
        """See `Documents`."""
        check_query(query)
        request = RunQueryRequest(parent=self._parent(query), structured_query=page(self._root, query))
        async with _reading(self._read_s):
            answers = await self._clients.get().stream("run_query", request)
        found = [document_of(answer.document) for answer in answers if answer.HasField("document")]
        log.count("store_reads", max(1, len(found)))
        return found

    async def count(self, query: Query) -> int:
        """See `Documents`."""
        check_query(query)
        counting = {
            "structured_query": structured_query(self._root, query),
            "aggregations": [{"alias": "found", "count": {}}],
        }
        request = RunAggregationQueryRequest(parent=self._parent(query), structured_aggregation_query=counting)
        async with _reading(self._read_s):
            answers = await self._clients.get().stream("run_aggregation_query", request)
        found: int = answers[-1].result.aggregate_fields["found"].integer_value
        log.count("store_reads", max(1, -(-found // 1000)))
        return found

    async def commit(self, writes: Sequence[Write]) -> list[str]:
        """See `Documents`."""
        check_writes(writes)
        if not writes:
            return []
        log.count("store_writes", len(writes))
        request = commit_request(self._database, writes)
        try:
            answer = await self._clients.get().call("commit", request, retry=None, timeout=self._commit_s)
        except exceptions.GoogleAPICallError as failed:
            raise _commit_fault(failed, writes) from failed
        return [version_of(result.update_time) for result in type(answer).pb(answer).write_results]

    async def close(self) -> None:
        """See `Documents`. Closes the running loop's connection; the next use opens another."""
        await self._clients.close()

    def _parent(self, query: Query) -> str:
        within = "" if query.group else query.collection.rpartition("/")[0]
        return f"{self._root}/{within}" if within else self._root


@asynccontextmanager
async def _reading(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except (*_LATER, TimeoutError) as failed:
        raise Unavailable("store_unavailable", type(failed).__name__) from failed
    except exceptions.GoogleAPICallError as failed:
        raise Refused("store_refused", type(failed).__name__) from failed


def _commit_fault(failed: exceptions.GoogleAPICallError, writes: Sequence[Write]) -> Fault:
    """What a failed commit means. Details name the kind of failure only: the library's texts may quote documents."""
    kind = type(failed).__name__
    if isinstance(failed, (exceptions.FailedPrecondition, exceptions.AlreadyExists)):
        return Conflict("precondition_failed")
    # An expected version of a document that is gone; without one, what is not found is the database.
    if isinstance(failed, exceptions.NotFound) and any(isinstance(write.expect, str) for write in writes):
        return Conflict("precondition_failed")
    if isinstance(failed, (exceptions.Aborted, exceptions.TooManyRequests)):
        return Unavailable("store_unavailable", kind)
    if isinstance(failed, _LATER):
        return OutcomeUnknown("commit_unknown", kind)
    return Refused("store_refused", kind)
