"""Points as columns: identities, days, order."""

import datetime as dt

from shared.measurement.model import (
    DAY_NS,
    SESSION,
    Ascending,
    Identity,
    Points,
    day_of,
    day_start_ns,
    identify,
    is_manual,
)
from shared.vocabulary import Kind


def test_a_point_is_its_origin_start_and_end() -> None:
    assert identify(Kind.WEIGHT, "", "o", 1, 2) == Identity("", "o", 1, 2)


def test_a_sleep_session_is_its_name_and_a_segment_its_origin_and_start() -> None:
    assert identify(Kind.SLEEP, "night", "o", 1, 2) == Identity("night", "", 0, 0)
    assert identify(Kind.SLEEP, "", "o", 1, 2) == Identity("", "o", 1, 0)
    night = Points(Kind.SLEEP, [1, 1], [9, 5], [0, 0], ["o", "o"], [[SESSION, 4]], ["night", ""])
    assert list(night.identities()) == [Identity("night", "", 0, 0), Identity("", "o", 1, 0)]


def test_days_of_storage_are_utc_days() -> None:
    assert day_of(0) == dt.date(1970, 1, 1)
    assert day_of(-1) == dt.date(1969, 12, 31)
    assert day_of(1_790_726_400_000_000_000 - 1) == dt.date(2026, 9, 29)
    for on in (dt.date(2000, 2, 29), dt.date(2026, 9, 30), dt.date(1969, 1, 1)):
        assert day_of(day_start_ns(on)) == on == day_of(day_start_ns(on) + DAY_NS - 1)


def test_what_has_no_readable_time_has_a_day_of_its_own() -> None:
    assert day_of(None) == dt.date(1970, 1, 1)


def test_entries_typed_in_by_hand_are_told_by_their_stream() -> None:
    assert is_manual("raw:com.google.weight:com.google.android.apps.fitness:user_input")
    assert not is_manual("raw:com.google.weight:com.example.scale:user_inputs")
    assert not is_manual("")


def test_rows_and_columns_are_the_same_points() -> None:
    points = Points(Kind.WEIGHT, [1, 2], [1, 2], [7, 8], ["a", "b"], [[70.5, 71.0]], ["", ""])
    assert Points.of_rows(Kind.WEIGHT, list(points.rows())[::-1]) == points
    assert Points.of_rows(Kind.WEIGHT, []) == Points.none(Kind.WEIGHT)


def test_points_put_in_order_are_marked_only_where_no_two_start_together() -> None:
    def starting(*starts: int) -> Points:
        n = len(starts)
        return Points(Kind.WEIGHT, list(starts), list(starts), [0] * n, ["o"] * n, [[70.0] * n], [""] * n).in_order()

    assert isinstance(starting(1, 2, 3).start_ns, Ascending)
    assert not isinstance(starting(1, 2, 2).start_ns, Ascending)
    assert starting(3, 1, 2).start_ns == [1, 2, 3]


def test_a_span_of_points_keeps_every_column_together() -> None:
    points = Points(Kind.WEIGHT, [1, 2, 3], [1, 2, 4], [7, 8, 9], ["a", "b", "c"], [[1.0, 2.0, 3.0]], [""] * 3)
    assert list(points.span(1, 3).rows()) == list(points.rows())[1:3]
    instants = Points(Kind.WEIGHT, starts := [1, 2, 3], starts, [7, 8, 9], ["a", "b", "c"], [[1.0, 2.0, 3.0]], [""] * 3)
    cut = instants.span(0, 2)
    assert cut.end_ns is cut.start_ns == [1, 2]
