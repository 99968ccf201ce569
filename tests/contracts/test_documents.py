"""What every document store promises, asked of each of them."""

import asyncio
import math
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shared import log
from shared.cloud.documents import NAME, Delete, Document, Documents, Expect, Put, Query, Where
from shared.errors import Conflict, Refused
from shared.vocabulary import Kind

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


async def fill(documents: Documents, rows: dict[str, dict[str, Any]]) -> None:
    await documents.commit([Put(path, data) for path, data in rows.items()])


async def pages(documents: Documents, query: Query) -> list[Document]:
    found: list[Document] = []
    while True:
        page = await documents.query(
            Query(query.collection, query.group, query.where, query.order_by, query.limit, found[-1] if found else None)
        )
        if not page:
            return found
        found += page


def ids(found: Iterable[Document]) -> list[str]:
    return [document.id for document in found]


# one document


async def test_what_was_never_written_is_absent(documents):
    assert await documents.get("users/u1") is None


async def test_a_document_comes_back_as_it_was_written(documents):
    [version] = await documents.commit([Put("users/u1/days/d1", {"n": 1})])
    assert await documents.get("users/u1/days/d1") == Document("users/u1/days/d1", {"n": 1}, version)


async def test_a_put_replaces_the_whole_document(documents):
    await fill(documents, {"users/u1": {"a": 1, "b": {"c": 2}}})
    await fill(documents, {"users/u1": {"b": {"d": 3}}})
    assert (await documents.get("users/u1")).data == {"b": {"d": 3}}


async def test_a_deleted_document_is_absent_and_deleting_it_again_is_fine(documents):
    await fill(documents, {"users/u1": {"n": 1}})
    assert await documents.commit([Delete("users/u1")]) == [""]
    assert await documents.commit([Delete("users/u1")]) == [""]
    assert await documents.get("users/u1") is None


async def test_documents_under_a_deleted_one_stay(documents):
    await fill(documents, {"users/u1": {"n": 1}, "users/u1/days/d1": {"n": 2}})
    await documents.commit([Delete("users/u1")])
    assert (await documents.get("users/u1/days/d1")).data == {"n": 2}


async def test_get_many_answers_in_the_order_asked_with_gaps_and_repeats(documents):
    await fill(documents, {f"users/u{i}": {"n": i} for i in range(5)})
    found = await documents.get_many(["users/u4", "users/none", "users/u0", "users/u4"])
    assert [d and d.data["n"] for d in found] == [4, None, 0, 4]
    assert await documents.get_many([]) == []


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        2**63 - 1,
        -(2**63),
        0.1,
        1e308,
        5e-324,
        math.inf,
        -math.inf,
        2.0**53,
        "",
        "体温 37.2℃ 𠮷 \x00 é",
        b"",
        bytes(range(256)),
        b"\x00\xff" * 250_000,
        NOON,
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        [],
        {},
        [1, "a", None, {"b": [b"c", 1.5, NOON]}],
        {"a.b": {"`": 1, "日本": {}, " ": [{}]}, "0": {"deep": {"deeper": {"deepest": [True]}}}},
    ],
    ids=lambda value: repr(value)[:24],
)
async def test_every_kind_of_value_comes_back_the_same(documents, value):
    await documents.commit([Put("users/u1", {"value": value, "nested": {"in": [{"value": value}]}})])
    found = (await documents.get("users/u1")).data
    assert found == {"value": value, "nested": {"in": [{"value": value}]}}
    assert type(found["value"]) is type(value)


async def test_not_a_number_and_negative_zero_survive(documents):
    await fill(documents, {"users/u1": {"nan": math.nan, "zero": -0.0}})
    found = (await documents.get("users/u1")).data
    assert math.isnan(found["nan"])
    assert math.copysign(1, found["zero"]) == -1


async def test_instants_come_back_in_utc_and_enums_as_their_text(documents):
    tokyo = timezone(timedelta(hours=9))
    await fill(documents, {"users/u1": {"at": NOON.astimezone(tokyo), "kind": Kind.STEPS, "pair": (1, 2)}})
    found = (await documents.get("users/u1")).data
    assert found == {"at": NOON, "kind": "steps", "pair": [1, 2]}
    assert found["at"].tzinfo is UTC
    assert type(found["at"]) is datetime
    assert type(found["kind"]) is str


async def test_field_order_and_odd_field_names_do_not_matter(documents):
    await fill(documents, {"users/u1": {"z": 1, "a": 2, "x.y": 3, "with space": 4, "é": 5}})
    assert (await documents.get("users/u1")).data == {"a": 2, "x.y": 3, "with space": 4, "z": 1, "é": 5}


async def test_a_document_as_large_as_allowed_is_stored_and_a_larger_one_refused(documents):
    room = 1_048_576 - (16 + 6 + 3) - 32 - 2 - 2 - 1000
    await documents.commit([Put("users/u1", {"a": b"x" * 1000, "b": b"x" * room})])
    with pytest.raises(Refused) as refused:
        await documents.commit([Put("users/u1", {"a": b"x" * 1000, "b": b"x" * (room + 1)})])
    assert refused.value.code == "document_too_large"


# expectations


async def test_create_succeeds_once(documents):
    await documents.commit([Put("users/u1", {"n": 1}, Expect.ABSENT)])
    with pytest.raises(Conflict) as conflict:
        await documents.commit([Put("users/u1", {"n": 2}, Expect.ABSENT)])
    assert conflict.value.code == "precondition_failed"
    assert (await documents.get("users/u1")).data == {"n": 1}


async def test_replacing_at_the_known_version_works_and_changes_the_version(documents):
    [first] = await documents.commit([Put("users/u1", {"n": 1})])
    [second] = await documents.commit([Put("users/u1", {"n": 2}, first)])
    [third] = await documents.commit([Put("users/u1", {"n": 3}, second)])
    assert len({first, second, third}) == 3
    assert await documents.get("users/u1") == Document("users/u1", {"n": 3}, third)


async def test_a_stale_version_is_refused_for_put_and_delete(documents):
    [stale] = await documents.commit([Put("users/u1", {"n": 1})])
    [fresh] = await documents.commit([Put("users/u1", {"n": 2})])
    for write in (Put("users/u1", {"n": 3}, stale), Delete("users/u1", stale)):
        with pytest.raises(Conflict):
            await documents.commit([write])
    assert await documents.get("users/u1") == Document("users/u1", {"n": 2}, fresh)


async def test_a_version_is_refused_once_the_document_is_gone_and_when_it_is_back(documents):
    [version] = await documents.commit([Put("users/u1", {"n": 1})])
    assert await documents.commit([Delete("users/u1", version)]) == [""]
    for write in (Put("users/u1", {"n": 2}, version), Delete("users/u1", version)):
        with pytest.raises(Conflict):
            await documents.commit([write])
    await documents.commit([Put("users/u1", {"n": 1})])
    with pytest.raises(Conflict):
        await documents.commit([Put("users/u1", {"n": 2}, version)])


async def test_a_delete_may_demand_absence(documents):
    assert await documents.commit([Delete("users/u1", Expect.ABSENT)]) == [""]
    await fill(documents, {"users/u1": {"n": 1}})
    with pytest.raises(Conflict):
        await documents.commit([Delete("users/u1", Expect.ABSENT)])


async def test_a_write_that_changes_nothing_keeps_the_version(documents):
    [first] = await documents.commit([Put("users/u1", {"n": 1, "m": {"a": 1, "b": 2}})])
    [second] = await documents.commit([Put("users/u1", {"m": {"b": 2, "a": 1}, "n": 1}, first)])
    assert first == second == (await documents.get("users/u1")).version


async def test_versions_read_by_any_method_serve_as_expectation(documents):
    await fill(documents, {"users/u1": {"n": 1}})
    for read in (
        lambda: documents.get("users/u1"),
        lambda: documents.get_many(["users/u1"]),
        lambda: documents.query(Query("users")),
    ):
        found = await read()
        found = found[0] if isinstance(found, list) else found
        await documents.commit([Put("users/u1", {"n": found.data["n"] + 1}, found.version)])
    assert (await documents.get("users/u1")).data == {"n": 4}


async def test_one_failed_expectation_undoes_the_whole_commit(documents):
    [version] = await documents.commit([Put("users/kept", {"n": 1})])
    await fill(documents, {"users/there": {"n": 1}})
    with pytest.raises(Conflict):
        await documents.commit(
            [
                Put("users/new", {"n": 2}),
                Put("users/kept", {"n": 2}, version),
                Delete("users/there"),
                Put("users/there/days/d1", {}),
                Put("users/missing", {"n": 2}, version),
            ]
        )
    found = await documents.get_many(["users/new", "users/kept", "users/there", "users/there/days/d1", "users/missing"])
    assert [d and d.data for d in found] == [None, {"n": 1}, {"n": 1}, None, None]
    assert found[1].version == version


async def test_fifty_racing_creates_have_one_winner(documents):
    outcomes = await asyncio.gather(
        *(documents.commit([Put("users/u1", {"n": i}, Expect.ABSENT)]) for i in range(50)), return_exceptions=True
    )
    winners = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, list)]
    assert len(winners) == 1
    assert all(isinstance(o, Conflict) for i, o in enumerate(outcomes) if i != winners[0])
    assert (await documents.get("users/u1")).data == {"n": winners[0]}


async def test_twenty_concurrent_increments_with_retry_lose_nothing(documents):
    await fill(documents, {"users/u1": {"n": 0}})

    async def increment() -> None:
        while True:
            found = await documents.get("users/u1")
            try:
                await documents.commit([Put("users/u1", {"n": found.data["n"] + 1}, found.version)])
            except Conflict:
                continue
            return

    await asyncio.gather(*(increment() for _ in range(20)))
    assert (await documents.get("users/u1")).data == {"n": 20}


async def test_three_hundred_writes_are_one_commit(documents):
    versions = await documents.commit([Put(f"users/u{i:03}", {"n": i}) for i in range(300)])
    assert len(versions) == 300
    assert await documents.count(Query("users")) == 300
    with pytest.raises(Conflict):
        await documents.commit(
            [*(Put(f"users/v{i:03}", {"n": i}) for i in range(299)), Put("users/u000", {}, Expect.ABSENT)]
        )
    assert await documents.count(Query("users")) == 300


async def test_an_empty_commit_is_nothing(documents):
    assert await documents.commit([]) == []


# queries


async def test_an_empty_collection_has_no_documents(documents):
    await fill(documents, {"users/u1/days/d1": {"n": 1}})
    assert await documents.query(Query("users")) == []
    assert await documents.query(Query("nothing", group=True)) == []
    assert await documents.count(Query("users")) == 0


async def test_a_query_finds_its_collection_only_in_order_of_id(documents):
    await fill(
        documents,
        {
            "users/u2/days/b": {"n": 1},
            "users/u2/days/a": {"n": 2},
            "users/u2/days/a/days/z": {"n": 3},
            "users/u2-1/days/c": {"n": 4},
            "users/u2": {"n": 5},
            "users/u2/nights/d": {"n": 6},
        },
    )
    assert ids(await documents.query(Query("users/u2/days"))) == ["a", "b"]


async def test_a_group_query_finds_every_collection_of_the_name_in_order_of_path_segments(documents):
    paths = ["a/x/days/2", "a/x/days/1", "a/x-/days/0", "b/y/days/3", "a/x/days/1/days/9"]
    await fill(documents, {path: {} for path in [*paths, "days/top", "a/x/nights/1"]})
    found = [d.path for d in await documents.query(Query("days", group=True))]
    assert found == ["a/x/days/1", "a/x/days/1/days/9", "a/x/days/2", "a/x-/days/0", "b/y/days/3", "days/top"]


async def test_equality_and_range_narrow_and_order_sorts(documents):
    await fill(
        documents,
        {f"users/u{i}": {"state": "active" if i % 2 else "paused", "shard": i % 3, "due": 100 - i} for i in range(12)},
    )
    found = await documents.query(
        Query("users", where=(Where("state", "==", "active"), Where("due", "<=", 97)), order_by=("due",))
    )
    assert ids(found) == ["u11", "u9", "u7", "u5", "u3"]
    found = await documents.query(
        Query(
            "users",
            where=(Where("state", "==", "active"), Where("due", ">", 89), Where("due", "<", 97)),
            order_by=("-due",),
        )
    )
    assert ids(found) == ["u5", "u7", "u9"]
    assert await documents.count(Query("users", where=(Where("state", "==", "active"), Where("shard", "==", 0)))) == 2


async def test_a_range_without_order_sorts_by_the_compared_field(documents):
    await fill(documents, {f"users/u{i}": {"due": 10 - i} for i in range(5)})
    assert ids(await documents.query(Query("users", where=(Where("due", ">", 7),)))) == ["u2", "u1", "u0"]


@pytest.mark.parametrize(("order", "expected"), [("rank", "adbc"), ("-rank", "cbda")])
async def test_ties_fall_in_order_of_path_in_the_direction_of_the_last_field(documents, order, expected):
    await fill(documents, {f"users/{i}": {"rank": rank} for i, rank in zip("abcd", [1, 2, 2, 1], strict=True)})
    assert "".join(ids(await documents.query(Query("users", order_by=(order,))))) == expected


async def test_several_orders_may_point_either_way(documents):
    await fill(documents, {f"users/{a}{b}": {"a": a, "b": b} for a in range(3) for b in range(3)})
    query = Query("users", order_by=("a", "-b"), limit=2)
    expected = ["02", "01", "00", "12", "11", "10", "22", "21", "20"]
    assert ids(await pages(documents, query)) == expected
    assert ids(await pages(documents, Query("users", order_by=("-a", NAME), limit=2))) == [
        "20", "21", "22", "10", "11", "12", "00", "01", "02",
    ]  # fmt: skip


async def test_documents_without_the_ordered_or_compared_field_are_not_found(documents):
    await fill(documents, {"users/a": {"n": 1}, "users/b": {}, "users/c": {"n": None}})
    assert ids(await documents.query(Query("users", order_by=("n",)))) == ["c", "a"]
    assert await documents.count(Query("users", order_by=("n",))) == 2
    assert ids(await documents.query(Query("users", where=(Where("n", "==", None),)))) == ["c"]
    assert ids(await documents.query(Query("users", where=(Where("n", "<", 5),)))) == ["a"]


VALUES = [
    None, False, True, math.nan, -math.inf, -(2**63), -1.5, -1, -0.0, 0, 5e-324, 1, 1.5, 2**53, 2.0**53, 2**53 + 1,
    2**63 - 1, 2.0**63, math.inf, datetime(1969, 1, 1, tzinfo=UTC), NOON, "", "a", "a\x00", "ab", "z", "é", "日", "𠮷",
    b"", b"a", b"\xff",
]  # fmt: skip


async def test_values_of_all_types_sort_alike_in_every_store(documents):
    await fill(documents, {f"users/{i:02}": {"v": value} for i, value in enumerate(VALUES)})
    assert ids(await documents.query(Query("users", order_by=("v",)))) == [f"{i:02}" for i in range(len(VALUES))]


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("==", 0, [8, 9]),
        ("==", 0.0, [8, 9]),
        ("==", 2**53, [13, 14]),
        ("==", 2**53 + 1, [15]),
        ("==", True, [2]),
        ("==", "a", [22]),
        ("==", NOON, [20]),
        ("==", b"a", [30]),
        ("<", 0, [4, 5, 6, 7]),
        ("<=", 0, [4, 5, 6, 7, 8, 9]),
        (">", 2**53, [15, 16, 17, 18]),
        (">=", 2**63 - 1, [16, 17, 18]),
        (">=", False, [1, 2]),
        ("<", True, [1]),
        (">", "a", [23, 24, 25, 26, 27, 28]),
        ("<", "a\x00", [21, 22]),
        (">", datetime(1969, 6, 1, tzinfo=UTC), [20]),
        ("<=", b"a", [29, 30]),
    ],
)
async def test_comparisons_keep_to_their_type(documents, op, value, expected):
    await fill(documents, {f"users/{i:02}": {"v": each} for i, each in enumerate(VALUES)})
    query = Query("users", where=(Where("v", op, value),))
    assert [int(i) for i in ids(await documents.query(query))] == expected
    assert await documents.count(query) == len(expected)


async def test_ids_can_be_compared_and_sorted(documents):
    await fill(documents, {f"users/u1/days/2026-11-{day:02}": {"n": day % 3} for day in range(1, 11)})
    days = "users/u1/days"
    within = (Where(NAME, ">=", "2026-11-03"), Where(NAME, "<", "2026-11-06"))
    assert ids(await documents.query(Query(days, where=within))) == ["2026-11-03", "2026-11-04", "2026-11-05"]
    backwards = Query(days, where=(Where("n", "==", 0),), order_by=(f"-{NAME}",), limit=2)
    assert ids(await documents.query(backwards)) == ["2026-11-09", "2026-11-06"]
    assert ids(await documents.query(Query(days, where=(Where(NAME, "==", "2026-11-07"),)))) == ["2026-11-07"]
    both = (Where("n", "==", 0), Where(NAME, ">", "2026-11-03"))
    assert ids(await documents.query(Query(days, where=both))) == ["2026-11-06", "2026-11-09"]
    assert await documents.count(Query(days, where=within)) == 3


async def test_a_group_compares_whole_paths(documents):
    await fill(documents, {f"users/u{i}/days/d": {} for i in range(4)})
    query = Query("days", group=True, where=(Where(NAME, ">", "users/u1/days/d"),))
    assert [d.path for d in await documents.query(query)] == ["users/u2/days/d", "users/u3/days/d"]


@pytest.mark.parametrize("order", ["due", "-due", NAME, f"-{NAME}"])
async def test_paging_through_250_documents_loses_and_repeats_nothing(documents, order):
    await fill(documents, {f"users/u{i:03}/connections/fit": {"due": i // 60, "state": "on"} for i in range(250)})
    query = Query("connections", True, (Where("state", "==", "on"),), (order,), limit=70)
    found = await pages(documents, query)
    expected = sorted(range(250), reverse=order.startswith("-"))
    assert [d.path for d in found] == [f"users/u{i:03}/connections/fit" for i in expected]


async def test_a_page_continues_behind_its_last_document_even_when_that_is_gone(documents):
    await fill(documents, {f"users/u{i}": {"n": 1} for i in range(4)})
    first = await documents.query(Query("users", order_by=("n",), limit=2))
    await documents.commit([Delete("users/u1")])
    assert ids(await documents.query(Query("users", order_by=("n",), after=first[-1]))) == ["u2", "u3"]


async def test_a_query_sees_every_commit_before_it(documents):
    for i in range(10):
        await documents.commit([Put(f"users/u{i}", {"n": i})])
        assert len(await documents.query(Query("users", where=(Where("n", ">=", 0),)))) == i + 1


async def test_a_closed_store_opens_again_on_its_next_use(documents):
    for n in range(2):
        await documents.commit([Put("users/u1", {"n": n})])
        await documents.close()
        await documents.close()
    assert (await documents.get("users/u1")).data == {"n": 1}


# what breaks the rules never leaves the process


@pytest.mark.parametrize(
    "data",
    [
        {"n": 2**63},
        {"n": [[1]]},
        {"n": [(1, 2)]},
        {"n": {1, 2}},
        {"n": datetime(2026, 1, 1)},
        {"n": NOON.date()},
        {"n": "\ud800"},
        {"n": ...},
        {"__n__": 1},
        {"": 1},
        {"n": {"": 1}},
        {1: 1},
    ],
    ids=repr,
)
async def test_what_cannot_be_stored_is_a_programming_error(documents, data):
    with pytest.raises((ValueError, TypeError)):
        await documents.commit([Put("users/u0", {}), Put("users/u1", data)])
    assert await documents.get("users/u0") is None


@pytest.mark.parametrize(
    "path", ["", "users", "users/", "/users/u1", "users/u1/days", "users/.", "users/__u1__", "a//b/c"]
)
async def test_what_is_no_path_is_a_programming_error(documents, path):
    with pytest.raises(ValueError, match="path"):
        await documents.get(path)
    with pytest.raises(ValueError, match="path"):
        await documents.commit([Put(path, {})])


@pytest.mark.parametrize(
    "query",
    [
        Query("users/u1"),
        Query("users/u1/days", group=True),
        Query("users", limit=0),
        Query("users", order_by=("a.b",)),
        Query("users", order_by=(f"-{NAME}",)),
        Query("users", where=(Where("a b", "==", 1),)),
        Query("users", where=(Where("a", "==", math.nan),)),
        Query("users", where=(Where("a", "<", None),)),
        Query("users", where=(Where("a", "==", [1]),)),
        Query("users", where=(Where(NAME, "<", "a/"),)),
        Query("users", where=(Where(NAME, "<", 1),)),
        Query("users", group=True, where=(Where(NAME, "<", "u1"),)),
    ],
    ids=repr,
)
async def test_what_no_store_can_answer_is_a_programming_error(documents, query):
    with pytest.raises(ValueError, match=r".+"):
        await documents.query(query)
    with pytest.raises(ValueError, match=r".+"):
        await documents.count(query)


async def test_two_writes_to_one_document_are_a_programming_error(documents):
    with pytest.raises(ValueError, match="one document"):
        await documents.commit([Put("users/u1", {}), Delete("users/u1")])


@pytest.mark.parametrize("version", ["", "yesterday"])
async def test_what_is_no_version_conflicts_or_is_a_programming_error(documents, version):
    await fill(documents, {"users/u1": {"n": 1}})
    with pytest.raises((Conflict, ValueError)):
        await documents.commit([Put("users/u1", {"n": 2}, version)])
    assert (await documents.get("users/u1")).data == {"n": 1}


# costs


async def test_costs_are_counted_as_the_port_says(documents):
    async def cost(operation: Any) -> dict[str, int]:
        account = log.open_account()
        with suppress(Conflict):
            await operation
        return dict(account)

    puts = [Put(f"users/u{i}", {"n": i}) for i in range(3)]
    assert await cost(documents.commit(puts)) == {"store_writes": 3}
    assert await cost(documents.commit([Put("users/u0", {}, Expect.ABSENT), Delete("users/u9")])) == {"store_writes": 2}
    assert await cost(documents.commit([])) == {}
    assert await cost(documents.get("users/u0")) == {"store_reads": 1}
    assert await cost(documents.get("users/none")) == {"store_reads": 1}
    assert await cost(documents.get_many(["users/u0", "users/none", "users/u1"])) == {"store_reads": 3}
    assert await cost(documents.get_many([])) in ({}, {"store_reads": 0})
    assert await cost(documents.query(Query("users"))) == {"store_reads": 3}
    assert await cost(documents.query(Query("users", limit=2))) == {"store_reads": 2}
    assert await cost(documents.query(Query("nobody"))) == {"store_reads": 1}
    assert await cost(documents.count(Query("users"))) == {"store_reads": 1}
