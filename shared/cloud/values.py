"""What a document, a write and a query may be, alike on every store: Firestore's limits, checked before sending.

A store that took what the cloud refuses would hide the fault until deployment. Limits and the formula for sizes:
cloud.google.com/firestore/quotas and cloud.google.com/firestore/native/docs/storage-size, both read November 2026.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.cloud.documents import NAME, Put, Query, Write
from shared.errors import Refused

DOCUMENT_BYTES = 1_048_576
COMMIT_BYTES = 10 * 1_048_576
_VALUE_BYTES = 1_048_487
_DEPTH = 20
_SCALARS = (type(None), bool, int, float, str, bytes, datetime)

# Segments hold no control characters (SQLite's adapter separates them with one) and are not reserved.
_SEGMENT = r"(?!\.{1,2}(?:/|$))(?!__[^/]*__(?:/|$))[^/\x00-\x1f]{1,1500}"
_COLLECTION = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}/{_SEGMENT})*\Z")
_DOCUMENT = re.compile(rf"{_SEGMENT}/{_SEGMENT}(?:/{_SEGMENT}/{_SEGMENT})*\Z")
_ID = re.compile(rf"{_SEGMENT}\Z")
_FIELD = re.compile(r"(?!__.*__$)[A-Za-z_][A-Za-z0-9_]{0,62}\Z")


def check_path(path: str) -> None:
    """Raises: ValueError: this cannot be a document's path."""
    if not _DOCUMENT.match(path):
        raise ValueError(f"not a document's path: {path!r}")


def check_writes(writes: Sequence[Write]) -> None:
    """That `writes` can be one commit.

    Raises:
        ValueError, TypeError: a path or value cannot be stored, or two writes meet in one document. The text names
            fields and types, never values.
        Refused: `document_too_large` or `commit_too_large`.
    """
    if len({w.path for w in writes}) < len(writes):
        raise ValueError("two writes of one commit meet in one document")
    total = 0
    for write in writes:
        check_path(write.path)
        if isinstance(write, Put):
            total += _document_bytes(write)
    if total > COMMIT_BYTES:
        raise Refused("commit_too_large", f"{total} bytes, {COMMIT_BYTES} allowed")


def check_query(query: Query) -> None:
    """Raises: ValueError: no store could answer this query."""
    valid = _FIELD if query.group else _COLLECTION
    if not valid.match(query.collection):
        raise ValueError(f"not a collection{' group' if query.group else ''}: {query.collection!r}")
    if query.limit < 1:
        raise ValueError("a query finds at least one document, or is not asked")
    for name in [*(w.field for w in query.where), *(name.removeprefix("-") for name in query.order_by)]:
        if name != NAME and not _FIELD.match(name):
            raise ValueError(f"not a queryable field: {name!r}")
    for condition in query.where:
        if condition.field == NAME:
            _check_name(condition.value, _DOCUMENT if query.group else _ID)
        else:
            _check_operand(condition.field, condition.op, condition.value)
    if query.ordering()[0] == (NAME, True) and all(w.op != "==" for w in query.where):
        raise ValueError("documents are not scanned backwards by name alone")


def _check_name(value: object, valid: "re.Pattern[str]") -> None:
    if not isinstance(value, str) or not valid.match(value):
        raise ValueError(f"not a name that a document could have: {value!r}")


def _check_operand(field: str, op: str, value: object) -> None:
    if not isinstance(value, _SCALARS) or (isinstance(value, float) and math.isnan(value)):
        raise ValueError(f"{field} cannot be compared to {type(value).__name__}")
    if value is None and op != "==":
        raise ValueError(f"{field}: nothing is more or less than None")


def _document_bytes(put: Put) -> int:
    name = 16 + sum(len(segment.encode()) + 1 for segment in put.path.split("/"))
    size = name + 32 + _map_bytes(put.data, "", 1)
    if size > DOCUMENT_BYTES:
        raise Refused("document_too_large", f"{put.path.split('/')[-2]}: {size} bytes, {DOCUMENT_BYTES} allowed")
    return size


def _map_bytes(data: Mapping[str, Any], where: str, depth: int) -> int:
    size = 0
    for key, value in data.items():
        if not isinstance(key, str):
            raise TypeError(f"{where or 'the document'}: keys are strings, not {type(key).__name__}")
        if not 0 < len(key.encode()) <= 1500 or (key.startswith("__") and key.endswith("__")):
            raise ValueError(f"{where or 'the document'}: a key is empty, too long or reserved")
        size += len(key.encode()) + 1 + _value_bytes(value, f"{where}.{key}" if where else key, depth)
    return size


def _value_bytes(value: object, where: str, depth: int) -> int:
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, (str, bytes)):
        size = len(value) if isinstance(value, bytes) else len(value.encode()) + 1
        if size > _VALUE_BYTES:
            raise Refused("document_too_large", f"{where}: {size} bytes, {_VALUE_BYTES} allowed")
        return size
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ValueError(f"{where}: beyond 64 bits")
        return 8
    if isinstance(value, float):
        return 8
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{where}: a datetime without a zone")
        return 8
    return _container_bytes(value, where, depth + 1)


def _container_bytes(value: object, where: str, depth: int) -> int:
    if not isinstance(value, (list, tuple, dict)):
        raise TypeError(f"{where}: {type(value).__name__} cannot be stored")
    if depth > _DEPTH:
        raise ValueError(f"{where}: nested deeper than {_DEPTH}")
    if isinstance(value, dict):
        return _map_bytes(value, where, depth)
    if any(isinstance(element, (list, tuple)) for element in value):
        raise ValueError(f"{where}: a list directly in a list")
    return sum(_value_bytes(element, where, depth) for element in value)
