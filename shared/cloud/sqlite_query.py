"""Queries in SQLite's language, in Firestore's order.

Every field that a query compares or sorts by becomes a byte string whose order is Firestore's order of values: from
a column where a declared index needs the field, otherwise computed row by row with the SQL function `field_key`.
"""

# ruff: noqa: S608 (what stands in a statement's text is a checked field, a quoted collection or a number)

import math
import struct
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.cloud.documents import NAME, Query, Where
from shared.cloud.indexes import Composite, Index

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEPARATOR = "\x01"
_AFTER_SEPARATOR = "\x02"
_NULL, _BOOL, _NAN, _NUMBER, _TIME, _TEXT, _BYTES, _OTHER = (bytes([tag]) for tag in range(1, 9))


def path_key(path: str) -> str:
    """The path as it is stored: sorting it as text sorts it by segments, which "/" would not ("a-b" < "a/b")."""
    return path.replace("/", _SEPARATOR)


def path_of(key: str) -> str:
    """The path that `path_key` stored."""
    return key.replace(_SEPARATOR, "/")


def order_key(value: object) -> bytes:
    """Bytes that sort as Firestore sorts values: None, bools, NaN, numbers, times, text, bytes; lists and maps last.

    Equal numbers have one key, whether whole or fractional; lists and maps have no order among themselves.
    """
    match value:
        case None:
            key = _NULL
        case bool():
            key = _BOOL + bytes([value])
        case int() | float():
            key = _number_key(value)
        case datetime():
            key = _TIME + (((value - _EPOCH) // timedelta(microseconds=1)) + 2**63).to_bytes(8, "big")
        case str():
            key = _TEXT + value.encode()
        case bytes():
            key = _BYTES + value
        case _:
            key = _OTHER
    return key


def _number_key(value: float) -> bytes:
    if math.isnan(value):
        return _NAN
    nearest = float(value) + 0.0  # one zero, without a sign
    bits: int = struct.unpack(">Q", struct.pack(">d", nearest))[0]
    bits = bits ^ (2**64 - 1) if bits >> 63 else bits | 1 << 63
    # A 64-bit whole number is at most 512 away from its nearest float: the rest decides between neighbours.
    rest = value - int(nearest) if isinstance(value, int) else 0
    return _NUMBER + bits.to_bytes(8, "big") + (rest + 2**15).to_bytes(2, "big")


def column(field: str) -> str:
    """The column that holds `field`'s order key, where a declared index needs it. Quoted."""
    return f'"key_{field}"'


def indexed_fields(declared: tuple[Index, ...]) -> dict[str, frozenset[str]]:
    """The fields that have columns, by collection id."""
    fields: dict[str, frozenset[str]] = {}
    for index in declared:
        if isinstance(index, Composite) or index.across:
            names = index.fields if isinstance(index, Composite) else (index.field,)
            plain = {name.removeprefix("-") for name in names} - {NAME}
            fields[index.collection] = fields.get(index.collection, frozenset()) | plain
    return fields


def create_index(index: Index) -> str:
    """The statement that makes a declared index, named after what it holds; "" where the table itself serves."""
    if not isinstance(index, Composite):
        return create_index(Composite(index.collection, (index.field,), group=True)) if index.across else ""
    order = {name.removeprefix("-"): name.startswith("-") for name in index.fields}
    order.setdefault(NAME, index.fields[-1].startswith("-"))
    terms = [_term("path" if field == NAME else column(field), descending) for field, descending in order.items()]
    if not index.group:
        terms.insert(0, "parent")
    name = ".".join([index.collection, "group" if index.group else "each", *index.fields])
    return (
        f'CREATE INDEX IF NOT EXISTS "{name}" ON documents({", ".join(terms)}) '
        f"WHERE collection = {_literal(index.collection)}"
    )


def select(query: Query, indexed: Mapping[str, frozenset[str]]) -> tuple[str, list[Any]]:
    """The whole query, as SQL and its parameters, for rows of path, version and body."""
    scope, values = _matching(query, indexed)
    order = [(_expression(field, query, indexed), descending) for field, descending in query.ordering()]
    if query.after is not None:
        behind, more = _behind(query, order)
        scope, values = f"{scope} AND {behind}", [*values, *more]
    ordered = ", ".join(_term(expression, descending) for expression, descending in order)
    sql = f"SELECT path, version, body FROM documents WHERE {scope} ORDER BY {ordered} LIMIT {query.limit:d}"  # nosec B608
    return sql, values


def count(query: Query, indexed: Mapping[str, frozenset[str]]) -> tuple[str, list[Any]]:
    """How many documents match, as SQL and its parameters."""
    scope, values = _matching(replace(query, after=None), indexed)
    return f"SELECT count(*) FROM documents WHERE {scope}", values  # nosec B608


def _matching(query: Query, indexed: Mapping[str, frozenset[str]]) -> tuple[str, list[Any]]:
    # The collection stands in the text, not among the parameters: only so can SQLite choose a partial index.
    terms, values = [f"collection = {_literal(query.collection.rpartition('/')[2])}"], list[Any]()
    if not query.group:
        prefix = path_key(query.collection)
        terms.append("parent = ? AND path > ? AND path < ?")
        values += [prefix, prefix + _SEPARATOR, prefix + _AFTER_SEPARATOR]
    for condition in query.where:
        term, operands = _comparison(condition, query, indexed)
        terms.append(term)
        values += operands
    compared = {condition.field for condition in query.where}
    for field, _ in query.ordering():
        if field not in compared and field != NAME:
            terms.append(f"{_expression(field, query, indexed)} IS NOT NULL")
    return " AND ".join(terms), values


def _comparison(condition: Where, query: Query, indexed: Mapping[str, frozenset[str]]) -> tuple[str, list[Any]]:
    expression = _expression(condition.field, query, indexed)
    if condition.field == NAME:
        whole = condition.value if query.group else f"{query.collection}/{condition.value}"
        return f"{expression} {condition.op} ?", [path_key(whole)]
    key = order_key(condition.value)
    if condition.op == "==":
        return f"{expression} = ?", [key]
    # The other bound keeps to values of the same type, as Firestore does.
    below, above = (condition.op, ">=") if condition.op in ("<", "<=") else ("<", condition.op)
    least, most = (key[:1], key) if condition.op in ("<", "<=") else (key, bytes([key[0] + 1]))
    # A page that continues has passed one bound with the document it continues behind. Left in, that bound would
    # be the one SQLite starts from, and every page would read again all the pages before it.
    passed = query.ordering()[0] if query.after is not None else None
    bounds = [] if passed == (condition.field, False) else [(f"{expression} {above} ?", least)]
    bounds += [] if passed == (condition.field, True) else [(f"{expression} {below} ?", most)]
    return " AND ".join(term for term, _ in bounds), [operand for _, operand in bounds]


def _behind(query: Query, order: list[tuple[str, bool]]) -> tuple[str, list[Any]]:
    last = query.after
    assert last is not None
    values: list[Any] = [
        path_key(last.path) if field == NAME else order_key(last.data[field]) for field, _ in query.ordering()
    ]
    if len({descending for _, descending in order}) == 1:
        # Compared as one row, all columns of an index narrow the search: a page never rereads ties.
        row, marks = ", ".join(e for e, _ in order), ", ".join("?" * len(order))
        return f"({row}) {'<' if order[0][1] else '>'} ({marks})", values
    clause, parameters = "", list[Any]()
    for (expression, descending), value in reversed(list(zip(order, values, strict=True))):
        ahead = f"{expression} {'<' if descending else '>'} ?"
        clause = f"({ahead} OR ({expression} = ? AND {clause}))" if clause else ahead
        parameters = [value, value, *parameters] if parameters else [value]
    return clause, parameters


def _expression(field: str, query: Query, indexed: Mapping[str, frozenset[str]]) -> str:
    if field == NAME:
        return "path"
    collection = query.collection.rpartition("/")[2]
    return column(field) if field in indexed.get(collection, ()) else f"field_key(body, '{field}')"


def _term(expression: str, descending: bool) -> str:
    return f"{expression} DESC" if descending else expression


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
