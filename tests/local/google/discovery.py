"""Holds whoever talks about Fitness to Google's own discovery document: every request sent, every answer given.

`DiscoveryCheck(app)` is ASGI around any app in which Fitness is served, at whatever prefix. It never changes what
passes through; what is wrong is collected in `violations`, and `verify()` fails with all of it. Answers that a fault
spoiled on purpose are not checked, their requests are.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import googleapiclient
from jsonschema_rs import Draft202012Validator

_SHIPPED = Path(googleapiclient.__file__).parent / "discovery_cache/documents/fitness.v1.json"
_BESIDE = Path(__file__).parents[3].parent / "shared/corpus/google-fit/discovery-fitness.v1.json"
_INTEGERS = {"int64": (-(2**63), 2**63 - 1), "uint64": (0, 2**64 - 1)}
_DIGITS = re.compile(r"-?[0-9]+")
_INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}


@cache
def documents() -> dict[str, dict[str, Any]]:
    """The client package's copy of the discovery document, and the corpus' where that is there and says otherwise."""
    found = {path.parent.name: json.loads(path.read_text()) for path in (_SHIPPED, _BESIDE) if path.is_file()}
    return {name: d for name, d in found.items() if name == "documents" or d != found["documents"]}


def schema_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A discovery schema as JSON Schema: closed objects, 64-bit numbers as decimal strings."""
    return {"$defs": {n: _converted(s) for n, s in document["schemas"].items()}, "$ref": f"#/$defs/{name}"}


def _converted(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": f"#/$defs/{node['$ref']}"}
    out: dict[str, Any] = {"type": node["type"]}
    if node["type"] == "object":
        out["properties"] = {n: _converted(p) for n, p in node.get("properties", {}).items()}
        out["additionalProperties"] = False
    if node["type"] == "array":
        out["items"] = _converted(node["items"])
    if node.get("format") in _INTEGERS:
        out["format"] = node["format"]
    if node.get("format") == "int32":
        out |= _INT32
    if "enum" in node:
        out["enum"] = node["enum"]
    return out


def _within(low: int, high: int) -> Callable[[str], bool]:
    return lambda text: bool(_DIGITS.fullmatch(text)) and low <= int(text) <= high


_FORMATS = {name: _within(*bounds) for name, bounds in _INTEGERS.items()}


class Discovery:
    """One discovery document, ready to judge."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.base = document["basePath"]
        self.common = document["parameters"]
        self.methods = list(self._methods(document))
        self.validators = {
            m["response"]["$ref"]: Draft202012Validator(
                schema_of(document, m["response"]["$ref"]), formats=_FORMATS, validate_formats=True
            )
            for m in self.methods
            if "response" in m
        }

    def _methods(self, node: dict[str, Any]):
        for method in node.get("methods", {}).values():
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(method["path"]))
            # An id may hold a slash once the server has decoded it.
            pattern = pattern.replace("(?P<dataSourceId>[^/]+)", "(?P<dataSourceId>.+?)")
            yield {**method, "pattern": re.compile(pattern + "$")}
        for child in node.get("resources", {}).values():
            yield from self._methods(child)

    def method(self, verb: str, path: str) -> tuple[dict[str, Any], dict[str, str]] | None:
        """The method a request means, the most specific where several fit, and its path parameters."""
        tail = path.partition(self.base)[2]
        fits = [(m, found) for m in self.methods if m["httpMethod"] == verb and (found := m["pattern"].match(tail))]
        if not fits:
            return None
        method, found = max(fits, key=lambda f: len(f[0]["path"]))
        return method, found.groupdict()

    def wrong_request(self, verb: str, path: str, query: str) -> list[str]:
        """What is wrong with a request; an empty list where all is well."""
        known = self.method(verb, path)
        if known is None:
            return [f"there is no {verb} {path}"]
        method, in_path = known
        said = parse_qsl(query, keep_blank_values=True)
        names = [name for name, _ in said]
        faults = []
        if in_path.get("userId") != "me":
            faults.append(f"userId is {in_path.get('userId')}, only `me` is supported")
        for name, value in {**in_path, **dict(said)}.items():
            parameter = method["parameters"].get(name) or self.common.get(name)
            if parameter is None:
                faults.append(f"{method['id']} has no parameter {name}")
            elif names.count(name) > 1 and not parameter.get("repeated"):
                faults.append(f"{name} may not be repeated")
            elif not _fits(value, parameter):
                faults.append(f"{name}={value} is no {parameter.get('format', parameter['type'])}")
        return faults

    def wrong_answer(self, verb: str, path: str, status: int, body: bytes) -> list[str]:
        """What is wrong with an answer; an empty list where all is well."""
        try:
            value = json.loads(body, parse_constant=_no_constant)
        except ValueError as reason:
            return [f"not JSON: {reason}"]
        if status >= 400:
            return _wrong_envelope(status, value)
        known = self.method(verb, path)
        if known is None or "response" not in known[0]:
            return []
        validator = self.validators[known[0]["response"]["$ref"]]
        return [f"{error.instance_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


def _fits(value: str, parameter: dict[str, Any]) -> bool:
    if parameter["type"] == "integer":
        return bool(re.fullmatch(r"-?\d+", value)) and _INT32["minimum"] <= int(value) <= _INT32["maximum"]
    if parameter["type"] == "boolean":
        return value in ("true", "false")
    return value in parameter.get("enum", [value])


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _wrong_envelope(status: int, value: Any) -> list[str]:
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict) or error.get("code") != status or not error.get("message"):
        return [f"no error envelope for {status}"]
    first = (error.get("errors") or [{}])[0]
    return [f"the envelope lacks {n}" for n in ("domain", "reason", "message") if not first.get(n)]


@cache
def discoveries() -> dict[str, Discovery]:
    """The documents, each ready to judge."""
    return {name: Discovery(document) for name, document in documents().items()}


class DiscoveryCheck:
    """ASGI around an app; see the module."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.violations: list[str] = []
        self.requests = 0
        self.answers = 0

    def verify(self) -> None:
        """Fail with everything that was wrong so far."""
        assert not self.violations, "\n".join(self.violations[:20])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or "/fitness/v1/" not in scope["path"]:
            await self.app(scope, receive, send)
            return
        verb, path, query = scope["method"], scope["path"], scope["query_string"].decode()
        notes: set[str] = set()
        status, body = 0, bytearray()

        async def heard(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                body.extend(message.get("body", b""))
            await send(message)

        await self.app({**scope, "google.notes": notes}, receive, heard)
        self.requests += 1
        spoiled = notes - {"slow"}
        for name, discovery in discoveries().items():
            # A 400 is the API's own word that the request was wrong, which tests of that provoke.
            if status != 400:
                self._note(name, f"{verb} {path}?{query}", discovery.wrong_request(verb, path, query))
            if not spoiled:
                self._note(name, f"answer to {verb} {path}", discovery.wrong_answer(verb, path, status, bytes(body)))
        self.answers += not spoiled

    def _note(self, document: str, what: str, faults: list[str]) -> None:
        self.violations += [f"[{document}] {what}: {fault}" for fault in faults]
