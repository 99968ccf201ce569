import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from shared.sync.model import beside
from shared.sync.nights import MOST, Nights

KEY = b"k" * 32
ON = dt.date(2026, 11, 23)
LONG_AGO = dt.date(2026, 10, 1)
DAYS = st.dates(ON - dt.timedelta(days=20), ON)


def known(**names):
    nights = Nights(b"", KEY, beginning=True)
    for name, on in names.items():
        nights.store(on, [name])
    return Nights(nights.packed(LONG_AGO), KEY)


def test_a_night_that_stays_where_it_is_is_looked_for_nowhere_else():
    assert known(a=ON).elsewhere("a", ON, LONG_AGO) == []


def test_a_night_that_moved_is_taken_from_the_day_it_was_stored_under_however_far():
    was = ON - dt.timedelta(days=3)
    assert known(a=was).elsewhere("a", ON, LONG_AGO) == [was]


def test_a_new_night_is_looked_for_nowhere_where_every_day_around_it_has_been_read():
    assert known(a=ON).elsewhere("b", ON, LONG_AGO) == []


def test_a_night_nothing_is_known_of_may_be_on_either_side():
    both = list(beside("b", ON))
    assert Nights(b"", KEY).elsewhere("b", ON, LONG_AGO) == both, "nothing has been kept yet"
    assert known(a=ON).elsewhere("b", ON, None) == both, "its days have not been read since the kind began anew"
    assert known(a=ON).elsewhere("b", ON, ON) == both, "the day before has not been read"
    assert known(a=ON).elsewhere("b", LONG_AGO, LONG_AGO - dt.timedelta(days=9)) == list(beside("b", LONG_AGO)), (
        "what older days hold is not kept"
    )


def test_a_day_without_its_night_forgets_it():
    nights = known(a=ON)
    nights.store(ON, ["", ""])
    assert nights.elsewhere("a", ON - dt.timedelta(days=1), LONG_AGO) == []


def test_names_cannot_be_read_from_what_is_kept():
    packed = known(secret=ON).packed(LONG_AGO)
    assert b"secret" not in packed
    assert len(packed) == Nights.HEAD + Nights.SIZE
    assert Nights(packed, b"another key".ljust(32)).elsewhere("secret", ON, None) == list(beside("secret", ON))


def test_under_another_key_nothing_is_known_until_everything_was_read_again():
    other = b"o" * 32
    packed = known(a=ON).packed(LONG_AGO)
    assert Nights(packed, other).elsewhere("b", ON, LONG_AGO) == list(beside("b", ON))
    assert Nights(packed, other).packed(LONG_AGO) == packed, "or it would never be known again"
    reading = Nights(packed, other, rereading=True)
    assert reading.elsewhere("a", ON, LONG_AGO) == list(beside("a", ON)), "not yet"
    reading.store(ON, ["a"])
    again = Nights(reading.packed(LONG_AGO), other)
    assert again.elsewhere("a", ON - dt.timedelta(days=3), LONG_AGO) == [ON]
    assert again.elsewhere("b", ON, LONG_AGO) == []
    assert Nights(b"", other, rereading=True).packed(LONG_AGO) == b"", "fingerprints hold, so not every day is stored"


@given(st.dictionaries(st.text(min_size=1, max_size=5), DAYS, max_size=12), DAYS)
def test_what_is_kept_survives_packing_but_for_what_is_too_old(stored, since):
    nights = Nights(b"", KEY, beginning=True)
    for on in set(stored.values()):
        nights.store(on, [name for name, day in stored.items() if day == on])
    again = Nights(nights.packed(since), KEY)
    for name, on in stored.items():
        moved = on + dt.timedelta(days=2)
        if on >= since:
            assert again.elsewhere(name, moved, LONG_AGO) == [on]
        elif moved - dt.timedelta(days=1) < since:
            assert again.elsewhere(name, moved, LONG_AGO) == list(beside(name, moved))


def test_what_has_been_lost_is_not_taken_for_complete():
    nights = Nights(b"", KEY)
    nights.store(ON, ["a"])
    assert nights.packed(LONG_AGO) == b""


def test_more_nights_than_anybody_sleeps_are_not_kept_track_of():
    """They stand in the connection's document, which must not outgrow the store."""
    nights = Nights(b"", KEY, beginning=True)
    nights.store(ON, [str(n) for n in range(MOST + 1)])
    assert nights.packed(LONG_AGO) == b""
    assert Nights(b"", KEY).elsewhere("1", ON, LONG_AGO) == list(beside("1", ON))
