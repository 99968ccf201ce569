"""Packing loses nothing, is small, and knows its own damage."""

import datetime as dt
import random
import struct

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Unavailable
from shared.measurement.limits import REQUIRED
from shared.measurement.model import DAY_NS, FIELDS, SESSION, Day, Number, Points, SetAside, day_start_ns
from shared.measurement.pack import canonical, digest, pack, unpack
from shared.vocabulary import Kind

ON = dt.date(2026, 9, 30)
START_NS = day_start_ns(ON)
INT64 = 2**63 - 1

grains = st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000])
odd_floats = st.sampled_from([0.0, -0.0, 1e-05, 0.1 + 0.2, 5e-324, -5e-324, 2.5e-308, 1.7e308, 72.0999984741211, 36.6])
floats = (
    odd_floats | st.floats(allow_nan=False) | st.integers(0, 300).map(float) | st.decimals(0, 99, places=2).map(float)
)
int64s = st.integers(-INT64 - 1, INT64)
texts = st.sampled_from(["", "raw:a", "日本語:時計", "😀"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=4
)
set_asides = st.builds(
    SetAside, st.sampled_from(["wrong_type", "too_old"]), st.binary(max_size=9), st.none() | int64s, st.booleans()
)


@st.composite
def days(draw: st.DrawFn) -> Day:
    kind, grain = draw(st.sampled_from(Kind)), draw(grains)
    count = draw(st.integers(0, 40) | st.sampled_from([1, 2, 15, 16, 300]))
    noise = random.Random(draw(st.integers(0, 2**32)))
    starts = sorted(START_NS + noise.randrange(DAY_NS // grain) * grain for _ in range(count))

    def column(of: st.SearchStrategy[Number]) -> list[Number]:
        few = draw(st.lists(of, min_size=1, max_size=6))
        return [noise.choice(few) for _ in range(count)]

    lengths = draw(st.sampled_from([[0], [60_000_000_000], [0, 1, 10**9], [0, INT64 - START_NS - DAY_NS]]))
    ends = starts if lengths == [0] else [s + noise.choice(lengths) for s in starts]
    values: list[list[Number]] = []
    for i, field in enumerate(FIELDS[kind]):
        of: st.SearchStrategy[Number] = int64s | st.integers(0, 9) if field.whole else floats
        values.append(column(of if i < REQUIRED[kind] else of | st.none()))
    few_texts = draw(st.lists(texts, min_size=1, max_size=4))
    points = Points(
        kind,
        starts,
        ends,
        [m for m in column(int64s | st.integers(0, 9)) if isinstance(m, int)],
        [noise.choice(few_texts) for _ in starts],
        values,
        [noise.choice(few_texts) if kind is Kind.SLEEP else "" for _ in starts],
    )
    return Day(ON, points, draw(st.lists(set_asides, max_size=3)))


def bits(day: Day) -> object:
    """Everything in a day, so that -0.0 and 0.0, 1 and 1.0 differ."""
    return [[(type(v), struct.pack("d", v) if isinstance(v, float) else v) for v in row] for row in day.points.rows()]


def heart_rate_day(*, two_origins: bool = True, grain_ns: int = 1_000_000) -> Day:
    """A sample about every minute, and a new upload every three hours."""
    noise = random.Random(7)
    starts: list[int] = []
    modified: list[int] = []
    bpm: list[Number] = []
    upload_ms, value = 0, 60
    for minute in range(1440):
        start_ns = START_NS + minute * 60_000_000_000 + noise.randrange(8_000_000_000 // grain_ns) * grain_ns
        if minute % 180 == 0:
            upload_ms = start_ns // 1_000_000 + 10_800_000 + noise.randrange(1_000_000)
        value = max(45, min(160, value + noise.randrange(-4, 5)))
        starts.append(start_ns)
        modified.append(upload_ms)
        bpm.append(float(value))
    watch, phone = "raw:com.google.heart_rate.bpm:com.example.watch:Example:Band:0a1b:live", "raw:…:com.example.camera:"
    origins = [phone if two_origins and noise.random() < 0.03 else watch for _ in starts]
    return Day(ON, Points(Kind.HEART_RATE, starts, starts, modified, origins, [bpm], [""] * 1440), [])


@given(days())
def test_what_is_packed_comes_back_to_the_bit(day: Day) -> None:
    back = unpack(day.points.kind, day.on, pack(day))
    assert back == day
    assert bits(back) == bits(day)


@given(days())
def test_equal_days_have_equal_canonical_bytes_however_their_columns_came_about(day: Day) -> None:
    back = unpack(day.points.kind, day.on, pack(day))
    assert canonical(back) == canonical(day)
    assert digest(back, b"key") == digest(day, b"key")


def test_a_days_digest_depends_on_every_part_of_it_and_on_the_key() -> None:
    def day(start: int = 5, end: int = 6, modified: int = 7, origin: str = "o", kg: float = 70.0, **more: str) -> Day:
        aside = [SetAside(more["reason"], b"{}", None)] if more else []
        return Day(
            ON, Points(Kind.WEIGHT, [START_NS + start], [START_NS + end], [modified], [origin], [[kg]], [""]), aside
        )

    variants = [
        day(), day(start=4), day(end=7), day(modified=8), day(origin="p"), day(kg=70.5), day(reason="too_old"),
        day(reason="in_future"), Day(ON, Points.none(Kind.WEIGHT), []),
    ]  # fmt: skip
    digests = {digest(one) for one in variants} | {digest(day(), b"key"), digest(day(), b"other key")}
    assert len(digests) == len(variants) + 2
    assert {len(one) for one in digests} == {8}


def test_a_day_is_the_same_bytes_whether_or_not_its_times_are_one_list() -> None:
    for times in ([], [START_NS], [START_NS, START_NS + 5]):
        n = len(times)
        one, two = (
            Day(ON, Points(Kind.WEIGHT, times, ends, [0] * n, ["o"] * n, [[70.0] * n], [""] * n), [])
            for ends in (times, list(times))
        )
        assert canonical(one) == canonical(two)


def test_whole_numbers_given_as_integers_are_the_same_bytes_as_floats() -> None:
    def day(*kg: float) -> Day:
        times = [START_NS + i for i in range(len(kg))]
        n = len(kg)
        return Day(ON, Points(Kind.WEIGHT, times, times, [0] * n, ["o"] * n, [list(kg)], [""] * n), [])

    assert canonical(day(70, 71)) == canonical(day(70.0, 71.0))
    assert canonical(day(70)) == canonical(day(70.0))


def test_no_zero_is_taken_for_the_other() -> None:
    def day(kg: float) -> Day:
        return Day(ON, Points(Kind.WEIGHT, [START_NS], [START_NS], [0], ["o"], [[kg]], [""]), [])

    assert canonical(day(0.0)) != canonical(day(-0.0))
    assert str(unpack(Kind.WEIGHT, ON, pack(day(-0.0))).points.values) == "[[-0.0]]"


@pytest.mark.parametrize("two_origins", [False, True])
def test_a_day_of_heart_rate_takes_at_most_six_bytes_a_sample_sealed(two_origins: bool) -> None:
    day = heart_rate_day(two_origins=two_origins)
    sealing_bytes = 40
    assert (len(pack(day)) + sealing_bytes) / 1440 <= 4
    assert unpack(Kind.HEART_RATE, ON, pack(day)) == day


@pytest.mark.parametrize("grain_ns", [1, 1_000, 1_000_000_000])
def test_finer_and_coarser_times_are_kept_exactly(grain_ns: int) -> None:
    day = heart_rate_day(grain_ns=grain_ns)
    packed = pack(day)
    assert unpack(Kind.HEART_RATE, ON, packed) == day
    assert len(packed) <= 1440 * {1: 8, 1_000: 6, 1_000_000_000: 3}[grain_ns]


def test_times_that_do_not_ascend_or_leave_the_day_are_refused() -> None:
    for starts in ([3, 2, 4], [0, 2, 1], [0, 5, DAY_NS * 4000], [1, 0], [5, 5, 4, 5]):
        starts_ns = [START_NS + s for s in starts]
        n = len(starts)
        points = Points(Kind.WEIGHT, starts_ns, starts_ns, [0] * n, ["o"] * n, [[70.0] * n], [""] * n)
        with pytest.raises(ValueError, match="ascend"):
            pack(Day(ON, points, []))


@given(st.lists(st.integers(0, DAY_NS - 1), min_size=1, max_size=20), grains)
def test_times_survive_exactly_when_they_ascend(offsets: list[int], grain: int) -> None:
    starts = [START_NS + offset // grain * grain for offset in offsets]
    n = len(starts)
    day = Day(ON, Points(Kind.WEIGHT, starts, starts, [0] * n, ["o"] * n, [[70.0] * n], [""] * n), [])
    if starts == sorted(starts):
        assert unpack(Kind.WEIGHT, ON, pack(day)) == day
    else:
        with pytest.raises(ValueError, match="ascend"):
            pack(day)


def test_no_damage_passes_for_another_day() -> None:
    day = heart_rate_day()
    packed = pack(day)
    unnoticed = []
    for i in [*range(40), *range(40, len(packed), 97), len(packed) - 1]:
        broken = bytearray(packed)
        broken[i] ^= 0x10
        try:
            assert unpack(Kind.HEART_RATE, ON, bytes(broken)) == day
            unnoticed.append(i)
        except Unavailable:
            continue
    assert unnoticed == [5]  # a bit of the frame's header that zstd leaves unused
    for short in (b"", packed[:1], packed[:10], packed[:-1]):
        with pytest.raises(Unavailable):
            unpack(Kind.HEART_RATE, ON, short)


def test_a_day_of_an_unknown_format_is_told_from_a_damaged_one() -> None:
    packed = pack(heart_rate_day())
    with pytest.raises(Unavailable, match="day_format_unknown"):
        unpack(Kind.HEART_RATE, ON, b"\x02" + packed[1:])


@given(st.binary(max_size=60))
def test_bytes_that_are_no_day_are_damage(body: bytes) -> None:
    for packed in (b"\x01" + body, b"\x01" + zstandard.compress(body)):
        with pytest.raises(Unavailable):
            unpack(Kind.HEART_RATE, ON, packed)


def test_a_small_body_that_claims_to_be_huge_is_damage() -> None:
    bomb = zstandard.ZstdCompressor(level=1).compress(b"\0" * (65 * 1024 * 1024))
    with pytest.raises(Unavailable, match="day_damaged"):
        unpack(Kind.WEIGHT, ON, b"\x01" + bomb)


def test_a_day_of_another_kind_is_damage_where_its_fields_differ() -> None:
    with pytest.raises(Unavailable, match="day_damaged"):
        unpack(Kind.BLOOD_PRESSURE, ON, pack(heart_rate_day()))


def test_nights_keep_their_names() -> None:
    night = Points(
        Kind.SLEEP,
        [START_NS, START_NS, START_NS + 5],
        [START_NS + 9, START_NS + 5, START_NS + 9],
        [1, 1, 1],
        ["app", "stream", "stream"],
        [[SESSION, 4, 5]],
        ["night", "", ""],
    )
    day = Day(ON, night, [])
    assert unpack(Kind.SLEEP, ON, pack(day)) == day
