"""Holds every answer of the functions to functions/openapi.yaml: status, media type, headers, body, codes."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator

PATH = Path(__file__).parents[2] / "functions" / "openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")


class Contract:
    """The document, ready to judge. `check` raises AssertionError with what is wrong."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = yaml.load(PATH.read_text(encoding="utf-8"), yaml.CSafeLoader)
        self._validators: dict[int, Draft202012Validator] = {}

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(method, path, operation) of each."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        """What a node refers to, or itself."""
        while "$ref" in node:
            found: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def codes(self, response: dict[str, Any]) -> list[str]:
        """The problem codes a response may carry: in a problem document, or told on a page."""
        if told := self.resolved(response).get("x-codes"):
            return list(told)
        content = self.resolved(response).get("content", {}).get("application/problem+json")
        if content is None:
            return []
        return [code for part in content["schema"]["allOf"][1:] for code in part["properties"]["code"]["enum"]]

    def check(self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Judge one answer. `path` is as sent, below the platform's address."""
        where = f"{method} {path} answered {status}"
        response = self._response(method, path, status)
        assert response is not None, f"{where}, which the contract does not know"
        media = headers.get("content-type", "").partition(";")[0]
        content = response.get("content", {})
        assert media in content, f"{where} as {media!r}, not {list(content)}"
        for name, header in response.get("headers", {}).items():
            spec = self.resolved(header)
            value = headers.get(name.lower())
            assert value is not None or not spec.get("required"), f"{where} without {name}"
            if value is not None:
                typed = int(value) if spec["schema"]["type"] == "integer" else value
                self._validate(spec["schema"], typed, f"{where}: {name}")
        if media.endswith("json"):
            self._validate(content[media]["schema"], json.loads(body), where)
        assert headers.get("cache-control") == "no-store", f"{where}, and may be cached"

    def _response(self, method: str, path: str, status: int) -> dict[str, Any] | None:
        items = list(self._matching(path))
        for item in items:
            operation = item.get(method.lower())
            if operation is not None and str(status) in operation["responses"]:
                return self.resolved(operation["responses"][str(status)])
            if operation is None and status == 405:
                return self.resolved({"$ref": "#/components/responses/MethodNotAllowed"})
        if status == 404 and not items:
            return self.resolved({"$ref": "#/components/responses/NoSuchRoute"})
        return None

    def _matching(self, path: str) -> Iterator[dict[str, Any]]:
        bare = path.partition("?")[0].rstrip("/")
        for template, item in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), bare):
                yield item

    def _validate(self, schema: dict[str, Any], value: Any, where: str) -> None:
        ready = self._validators.get(id(schema))  # part of the document, so it lives as long as this does
        if ready is None:
            whole = {"components": self.document["components"], "allOf": [schema]}
            ready = self._validators[id(schema)] = Draft202012Validator(whole, validate_formats=True)
        faults = [f"{error.instance_path}: {error.message[:300]}" for error in ready.iter_errors(value)]
        assert not faults, f"{where}: {faults[:5]}"
