from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.disclosure.numbers import ALPHABET, fresh, parsed
from shared.errors import InvalidInput
from shared.ids import RandomIds
from tests.fakes import SeededIds

NUMBERS = st.builds(lambda: fresh(RandomIds()))
PLACES = [3, 4, 5, 6, 8, 9, 10, 11]


def refused(text: str) -> bool:
    try:
        parsed(text)
    except InvalidInput as fault:
        return fault.code == "case_number_invalid"
    return False


def put(number: str, place: int, symbol: str) -> str:
    return number[:place] + symbol + number[place + 1 :]


def test_a_fresh_number_is_written_in_groups_and_read_as_it_is():
    number = fresh(SeededIds())
    assert len(number) == 12
    assert (number[:3], number[7]) == ("KG-", "-")
    assert parsed(number) == number


def test_fresh_numbers_differ():
    ids = RandomIds()
    assert len({fresh(ids) for _ in range(1000)}) == 1000


@given(NUMBERS)
def test_every_single_wrong_symbol_is_found(number: str):
    wrong = [put(number, place, symbol) for place in PLACES for symbol in ALPHABET if symbol != number[place]]
    assert len(wrong) == 8 * 31
    assert all(map(refused, wrong))


@given(NUMBERS)
def test_every_two_symbols_that_changed_places_are_found(number: str):
    for one, other in combinations(PLACES, 2):
        swapped = put(put(number, one, number[other]), other, number[one])
        assert swapped == number or refused(swapped)


@given(NUMBERS, st.sampled_from(list(pairwise(PLACES))))
def test_every_wrong_pair_of_alike_symbols_is_found(number: str, places: tuple[int, int]):
    pairs = [put(put(number, places[0], symbol), places[1], symbol) for symbol in ALPHABET]
    assert sum(not refused(pair) for pair in pairs) <= 1


def test_of_arbitrary_texts_one_in_32_passes_the_check():
    """An exact count over a whole pair of places: no more is promised than is kept."""
    number = fresh(SeededIds())
    passing = sum(not refused(put(put(number, 4, a), 9, b)) for a in ALPHABET for b in ALPHABET)
    assert passing == 32


@pytest.mark.parametrize(
    "written",
    [
        "KG-0110-110{c}",
        "kg-0110-110{c}",
        "KG-OIlo-LiO{c}",
        "ＫＧ－０１１０－１１０{c}",
        "KG 0110 110{c}",
        "kg0110110{c}",
        "0110-110{c}",
        " 0110ー110{c}\n",
        "KG−0110−110{c}",
        "KG.0110_110{c}",
    ],
)
def test_what_people_write_for_a_number(written: str):
    check = next(symbol for symbol in ALPHABET if not refused(f"KG-0110-110{symbol}"))
    assert parsed(written.format(c=check)) == f"KG-0110-110{check}"


def test_a_number_that_begins_with_kg_itself_is_read():
    number = next(f"KGKG-00{a}{b}" for a in ALPHABET for b in ALPHABET if not refused(f"KGKG-00{a}{b}"))
    assert parsed(number) == f"KG-{number}"
    assert parsed(f"KG-{number}") == f"KG-{number}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "KG-",
        "KG-0000-000",
        "KG-0000-00000",
        "KG-UUUU-UUUU",
        "XX-0000-0000",
        "KG-０００あ-0000",
        "KG-0000-0000" * 50,
    ],
)
def test_what_is_no_number_is_refused(text: str):
    assert refused(text)
