import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cloud.seal import OVERHEAD_BYTES, Key, open_sealed, seal, version_of
from shared.errors import Refused

KEY = Key(3, bytes(range(32)))


@given(st.binary(max_size=2000), st.lists(st.text(max_size=20), max_size=4))
def test_what_is_sealed_opens_where_it_belongs(plain, place):
    sealed = seal(KEY, plain, *place)
    assert open_sealed(KEY, sealed, *place) == plain
    assert len(sealed) == len(plain) + OVERHEAD_BYTES
    assert version_of(sealed) == 3


@pytest.mark.parametrize(
    "place",
    [
        ("yuki", "weight", "2026-11-23"),
        ("hana", "heart_rate", "2026-11-23"),
        ("hana", "weight", "2026-11-24"),
        ("hana", "weight"),
        ("hanaweight", "", "2026-11-23"),
    ],
)
def test_moved_elsewhere_it_does_not_open(place):
    with pytest.raises(Refused, match="seal_broken"):
        open_sealed(KEY, seal(KEY, b"61.5 kg", "hana", "weight", "2026-11-23"), *place)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_altered_anywhere_it_does_not_open(position, change):
    sealed = bytearray(seal(KEY, b"61.5 kg", "hana"))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(Refused, match="seal_broken"):
        open_sealed(KEY, bytes(sealed), "hana")


@pytest.mark.parametrize(
    "sealed", [b"", b"\x00\x03", seal(KEY, b"x", "hana")[:-1]], ids=["empty", "header", "one short"]
)
def test_cut_short_it_does_not_open(sealed):
    with pytest.raises(Refused, match="seal_broken"):
        open_sealed(KEY, sealed, "hana")


def test_the_same_plain_text_never_looks_the_same():
    assert len({seal(KEY, b"61.5 kg", "hana") for _ in range(50)}) == 50


def test_derived_keys_are_unlike_each_other_and_their_source():
    keys = {
        KEY.secret,
        KEY.derive("a").secret,
        KEY.derive("b").secret,
        KEY.derive("a", "b").secret,
        KEY.derive("ab").secret,
    }
    assert len(keys) == 5


def test_a_key_never_shows():
    assert "secret" not in repr(KEY)
    assert KEY.secret.hex() not in repr(KEY)
