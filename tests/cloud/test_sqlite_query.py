"""Order keys, against Python's own exact comparisons."""

import math
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.cloud.sqlite_query import order_key, path_key, path_of

WHOLE = st.integers(-(2**63), 2**63 - 1)
NUMBERS = WHOLE | st.floats(allow_nan=False) | WHOLE.map(float)


@given(NUMBERS, NUMBERS)
def test_numbers_compare_exactly_whether_whole_or_fractional(a, b):
    assert (order_key(a) < order_key(b)) == (a < b)
    assert (order_key(a) == order_key(b)) == (a == b)


@given(WHOLE)
def test_neighbouring_whole_numbers_and_their_nearest_fraction_keep_their_order(n):
    around = sorted({max(n - 1, -(2**63)), n, min(n + 1, 2**63 - 1), float(n)})
    keys = [order_key(value) for value in around]
    assert all(a < b for a, b in pairwise(keys))


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_instants_compare_to_the_microsecond(a, b):
    assert (order_key(a) < order_key(b)) == (a < b)


@given(st.text(), st.text())
def test_text_compares_by_code_point(a, b):
    assert (order_key(a) < order_key(b)) == (a < b)


def test_types_stand_in_firestores_order():
    instant, last = datetime(1, 1, 1, tzinfo=UTC), "\U0010ffff"
    values: tuple[object, ...] = (None, False, True, math.nan, -math.inf, instant, "", last, b"", b"\xff", {})
    keys = [order_key(value) for value in values]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@given(
    st.lists(st.text(st.characters(min_codepoint=32, exclude_characters="/", exclude_categories=["Cs"]), min_size=1))
)
def test_paths_come_back_and_sort_by_their_segments(segments):
    path = "/".join(segments)
    assert path_of(path_key(path)) == path
    other = [*segments, "x"]
    assert path_key(path) < path_key("/".join(other)) or not segments
