"""Which index a query needs, and whether it is declared."""

import pytest

from shared.cloud.documents import NAME, Query, Where
from shared.cloud.indexes import COMPOSITES, Composite, Single, missing, required_index
from tests.fakes import RecordingDocuments


def is_(field: str) -> Where:
    return Where(field, "==", 1)


def over(field: str) -> Where:
    return Where(field, ">", 1)


DUE = Query(
    "connections",
    group=True,
    where=(is_("state"), is_("shard"), Where("next_sync_at", "<=", 9)),
    order_by=("next_sync_at",),
)
X, Y, Z = "x", "y", "z"


@pytest.mark.parametrize(
    ("query", "needed"),
    [
        (Query("a/b/c"), []),
        (Query("c", group=True), []),
        (Query("a/b/c", where=(Where(NAME, ">", "k"),), order_by=(NAME,)), []),
        (Query("a/b/c", where=(is_(X),)), [Single("c", X)]),
        (Query("a/b/c", where=(over(X),), order_by=(f"-{X}",)), [Single("c", X)]),
        (Query("a/b/c", order_by=(X, NAME)), [Single("c", X)]),
        (Query("a/b/c", where=(is_(X), is_(Y))), [Single("c", X), Single("c", Y)]),
        (Query("a/b/c", where=(is_(X), over(NAME))), [Single("c", X)]),
        (Query("a/b/c", where=(is_(X),), order_by=(X,)), [Single("c", X)]),
        (Query("c", group=True, where=(is_(X),)), [Single("c", X, within=False, across=True)]),
        (Query("c", group=True, order_by=(X,)), [Single("c", X, within=False, across=True)]),
        (Query("a/b/c", where=(is_(Y), is_(X), over(Z))), [Composite("c", (X, Y, Z))]),
        (Query("a/b/c", where=(is_(X),), order_by=("-y",)), [Composite("c", (X, "-y"))]),
        (Query("a/b/c", where=(is_(X),), order_by=("-y", NAME)), [Composite("c", (X, "-y", NAME))]),
        (Query("a/b/c", where=(is_(X),), order_by=(f"-{NAME}",)), [Composite("c", (X, f"-{NAME}"))]),
        (Query("a/b/c", order_by=(X, "-y")), [Composite("c", (X, "-y"))]),
        (Query("a/b/c", where=(over(Y),), order_by=(X,)), [Composite("c", (X, Y))]),
        (DUE, [Composite("connections", ("shard", "state", "next_sync_at"), group=True)]),
    ],
)
def test_the_needed_index_follows_from_the_query(query, needed):
    assert list(required_index(query)) == needed


def test_the_due_query_is_served_by_what_is_declared():
    assert missing(DUE) == ()


@pytest.mark.parametrize(
    "declared",
    [
        (),
        (Composite("connections", ("state", "shard", "next_sync_at")),),
        (Composite("connections", ("state", "shard", "-next_sync_at"), group=True),),
        (Composite("connections", ("state", "next_sync_at", "shard"), group=True),),
        (Composite("connections", ("state", "shard", "next_sync_at", "x"), group=True),),
        (Composite("connections", ("state", "next_sync_at"), group=True),),
        (Composite("sessions", ("state", "shard", "next_sync_at"), group=True),),
    ],
)
def test_an_index_of_other_scope_order_or_fields_does_not_serve(declared):
    assert missing(DUE, declared) == required_index(DUE)


def test_equality_fields_may_be_declared_in_any_order():
    assert missing(DUE, (Composite("connections", ("shard", "state", "next_sync_at"), group=True),)) == ()


def test_a_single_field_across_a_group_must_be_declared():
    query = Query("c", group=True, where=(is_(X),))
    assert missing(query, ()) == (Single("c", X, within=False, across=True),)
    assert missing(query, (Single("c", X, across=True),)) == ()


def test_a_field_exempt_from_its_own_index_cannot_be_asked_for_alone():
    query = Query("users/u1/connections", order_by=("next_sync_at",))
    assert missing(query) == (Single("connections", "next_sync_at"),)
    assert missing(query, ()) == ()


def test_no_composite_index_repeats_what_firestore_makes_by_itself():
    assert all(len(index.fields) > 1 for index in COMPOSITES)


async def test_queries_are_recorded_for_comparison(sqlite_documents):
    recording = RecordingDocuments(sqlite_documents)
    await recording.query(DUE)
    await recording.count(Query("users"))
    assert recording.queries == [DUE, Query("users")]
    assert [missing(query) for query in recording.queries] == [(), ()]
