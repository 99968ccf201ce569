"""A provider that knows only its schema: OpenTofu or Terraform can validate and test with it, and no cloud.

It answers the plugin protocol, version 6, on a local socket that the program is told of through
TF_REATTACH_PROVIDERS. Beyond the schema, which the core checks by itself, it refuses values outside a known list and
values for what only the provider decides. It cannot know Google's patterns, conflicts between arguments or defaults.

The few protocol messages needed are written and read here as plain Protocol Buffers fields.
Source: github.com/hashicorp/terraform, docs/plugin-protocol/tfplugin6.proto, read November 2026.
"""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import msgspec

NESTING = {"single": 1, "list": 2}
ADDRESSES = ("registry.terraform.io/hashicorp/google", "registry.opentofu.org/hashicorp/google")


@contextmanager
def serving(schema: dict[str, Any], folder: Path) -> Iterator[str]:
    """Serve `schema` on a socket in `folder`; gives the value of TF_REATTACH_PROVIDERS."""
    answers: dict[str, Callable[[bytes], bytes]] = {
        "GetProviderSchema": lambda _: provider_schema(schema),
        "ValidateResourceConfig": lambda request: validated(schema, request),
        "ValidateProviderConfig": lambda _: b"",
        "ConfigureProvider": lambda _: b"",
        "StopProvider": lambda _: b"",
    }
    methods = {
        name: grpc.unary_unary_rpc_method_handler(lambda request, _, answer=answer: answer(request))
        for name, answer in answers.items()
    }
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("tfplugin6.Provider", methods)])
    socket = folder / "provider.sock"
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    told = {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "unix", "String": str(socket)},
    }
    try:
        yield json.dumps(dict.fromkeys(ADDRESSES, told))
    finally:
        server.stop(None)


def provider_schema(schema: dict[str, Any]) -> bytes:
    """The answer to GetProviderSchema."""
    resources = [
        _field(2, _field(1, name.encode()) + _field(2, _schema(block))) for name, block in schema["resources"].items()
    ]
    return _field(1, _schema(schema["provider"])) + b"".join(resources)


def validated(schema: dict[str, Any], request: bytes) -> bytes:
    """The answer to ValidateResourceConfig: one error per value that cannot be."""
    asked = dict(_fields(request))
    block = schema["resources"][asked[1].decode()]
    packed = dict(_fields(asked[2])).get(1, b"\xc0")
    config = msgspec.msgpack.Decoder(ext_hook=lambda _code, _data: None).decode(packed)
    return b"".join(
        _field(1, _number(1, 1) + _field(2, b"Invalid value") + _field(3, fault.encode()))
        for fault in faults(block, config, asked[1].decode())
    )


def faults(block: dict[str, Any], value: object, place: str) -> Iterator[str]:
    """What in `value`, the contents of a `block`, the provider would refuse. Unknown values are None, and pass."""
    if not isinstance(value, dict):
        return
    for name, attribute in block["attributes"].items():
        given = value.get(name)
        if given is None:
            continue
        if attribute["use"] == "computed":
            yield f"{place}.{name}: only the provider decides this"
        elif "one_of" in attribute and given not in attribute["one_of"]:
            yield f"{place}.{name}: {given!r} is not one of {attribute['one_of']}"
    for name, nested in block["blocks"].items():
        inside = value.get(name)
        for item in inside if isinstance(inside, list) else [inside]:
            yield from faults(nested, item, f"{place}.{name}")


def _schema(block: dict[str, Any]) -> bytes:
    return _field(2, _block(block))


def _block(block: dict[str, Any]) -> bytes:
    return b"".join(
        [_field(2, _attribute(name, attribute)) for name, attribute in block["attributes"].items()]
        + [_field(3, _nested(name, nested)) for name, nested in block["blocks"].items()]
    )


def _attribute(name: str, attribute: dict[str, Any]) -> bytes:
    uses = {"required": (4,), "optional": (5,), "optional_computed": (5, 6), "computed": (6,)}[attribute["use"]]
    typed = json.dumps(attribute["type"]).encode()
    return _field(1, name.encode()) + _field(2, typed) + b"".join(_number(use, 1) for use in uses)


def _nested(name: str, nested: dict[str, Any]) -> bytes:
    sizes = _number(4, nested["min"]) + _number(5, nested["max"])
    return _field(1, name.encode()) + _field(2, _block(nested)) + _number(3, NESTING[nested["nesting"]]) + sizes


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a message that hold bytes, by number; others are passed over."""
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        length, at = _read_varint(data, at)
        if key & 7 == 2:
            yield key >> 3, data[at : at + length]
            at += length


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
