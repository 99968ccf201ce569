"""The size and depth of documents, by Firestore's own formula."""

from datetime import UTC, datetime

import pytest

from shared.cloud.documents import Delete, Put
from shared.cloud.values import COMMIT_BYTES, DOCUMENT_BYTES, check_writes
from shared.errors import Refused


def nested(depth: int) -> dict:
    data: dict = {"n": 1}
    for _ in range(depth - 1):
        data = {"d": data}
    return data


def test_a_document_may_be_twenty_deep_and_no_deeper():
    check_writes([Put("users/u1", nested(20))])
    with pytest.raises(ValueError, match="deeper"):
        check_writes([Put("users/u1", nested(21))])


def mixed(size: int) -> dict:
    """A document of `size` bytes at `users/u1`, counted by hand from the vendor's page."""
    name = 16 + len("users") + 1 + len("u1") + 1
    at, on, n, x, none = 2 + 1 + 8, 2 + 1 + 1, 1 + 1 + 8, 1 + 1 + 8, 4 + 1 + 1
    text = len("体温".encode()) + 1 + len("é".encode()) + 1
    table = 5 + 1 + (1 + 1 + 8) + (4 + 1 + 8 + 8 + 2)
    rest = size - (name + 32 + at + on + n + x + none + text + table) - 2 * 2
    return {
        "at": datetime(2026, 1, 1, tzinfo=UTC), "on": True, "n": 1, "x": 1.5, "none": None, "体温": "é",
        "table": {"a": 1, "list": [1, 2.0, "a"]}, "b": b"x" * 1000, "c": b"x" * (rest - 1000),
    }  # fmt: skip


async def test_sizes_are_those_the_vendor_counts():
    check_writes([Put("users/u1", mixed(DOCUMENT_BYTES))])
    with pytest.raises(Refused, match="document_too_large"):
        check_writes([Put("users/u1", mixed(DOCUMENT_BYTES + 1))])


async def test_a_document_that_is_just_small_enough_for_us_is_small_enough_for_every_store(documents):
    await documents.commit([Put("users/u1", mixed(DOCUMENT_BYTES))])
    assert (await documents.get("users/u1")).data == mixed(DOCUMENT_BYTES)


def test_a_single_value_has_a_limit_of_its_own():
    with pytest.raises(Refused, match="document_too_large"):
        check_writes([Put("u/u", {"b": b"x" * 1_048_488})])


def test_a_commit_has_a_limit_too():
    half = {"b": b"x" * (COMMIT_BYTES // 20)}
    check_writes([Put(f"users/u{i}", half) for i in range(19)])
    with pytest.raises(Refused, match="commit_too_large"):
        check_writes([Put(f"users/u{i}", half) for i in range(20)])


def test_what_is_wrong_is_named_by_field_and_type_never_by_value():
    with pytest.raises(TypeError) as raised:
        check_writes([Delete("users/u2"), Put("users/u1", {"days": {"token": bytearray(b"canary")}})])
    assert str(raised.value) == "days.token: bytearray cannot be stored"
