"""Google's services as gRPC servers on the client libraries' own message types, with faults on demand.

The libraries carry every message but no server stubs. None are needed: a service is a table of method names with the
functions that answer them, and proto-plus messages read and write themselves.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import grpc


class Refusal(Exception):
    """The service says no with a gRPC status."""

    def __init__(self, code: grpc.StatusCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Method(NamedTuple):
    """What answers a method (plain or async), and the proto-plus types it takes and gives."""

    act: Callable[[Any], Any]
    request: Any
    response: Any


@dataclass(slots=True)
class Fault:
    """The next `times` calls of `method` fail with `code`; with `after`, only once the work is done."""

    method: str
    code: grpc.StatusCode
    times: int = 1
    after: bool = False


class Faults:
    """Faults waiting to happen, in the order they were added. `method` "*" is any."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, method: str, code: grpc.StatusCode, *, times: int = 1, after: bool = False) -> None:
        """Make calls fail: before anything happened, or after, so that the caller cannot know."""
        self._waiting.append(Fault(method, code, times, after))

    def clear(self) -> None:
        """From here on all is well."""
        self._waiting.clear()

    def strike(self, method: str, *, after: bool) -> None:
        """Raise the fault that waits at this point, if any."""
        for fault in self._waiting:
            if fault.method in (method, "*") and fault.after == after and fault.times > 0:
                fault.times -= 1
                raise Refusal(fault.code, "a fault on demand")


def service(name: str, methods: Mapping[str, Method], faults: Faults) -> grpc.GenericRpcHandler:
    """The service `name` (with its package) for a `grpc.aio` server. Methods not in the table are UNIMPLEMENTED."""
    return grpc.method_handlers_generic_handler(
        name,
        {
            method: grpc.unary_unary_rpc_method_handler(
                _answer(method, given.act, faults),
                request_deserializer=_reads(given.request),
                response_serializer=_writes(given.response),
            )
            for method, given in methods.items()
        },
    )


class Server:
    """A gRPC server on a free port of this machine, in plain text."""

    def __init__(self, *services: grpc.GenericRpcHandler) -> None:
        self._services = services
        self._server: Any = None
        self.endpoint = ""

    async def start(self) -> None:
        """Listen; `endpoint` is then host:port."""
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers(self._services)
        self.endpoint = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        await self._server.start()

    async def stop(self) -> None:
        """Stop listening; calls under way are cut off."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


def _answer(method: str, act: Callable[[Any], Any], faults: Faults) -> Callable[[Any, Any], Any]:
    async def answer(request: Any, context: Any) -> Any:
        result: Any = None
        try:
            faults.strike(method, after=False)
            result = act(request)
            if inspect.isawaitable(result):
                result = await result
            faults.strike(method, after=True)
        except Refusal as refusal:
            await context.abort(refusal.code, refusal.detail)
        return result

    return answer


def _reads(message: Any) -> Any:
    # Plain protobuf messages (Empty) and proto-plus messages name the same thing differently.
    return message.deserialize if hasattr(message, "deserialize") else message.FromString


def _writes(message: Any) -> Any:
    return message.serialize if hasattr(message, "serialize") else message.SerializeToString
