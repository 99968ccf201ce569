import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.disclosure.intake.mynumber import is_number, masked

# Made up: they belong to nobody we know of, and each ends in the digit that checks it.
NUMBER = "123456789018"
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
KANJI = str.maketrans("0123456789", "〇一二三四五六七八九")


@st.composite
def numbers(draw) -> str:
    base: str = draw(st.text("0123456789", min_size=11, max_size=11))
    return next(base + digit for digit in "0123456789" if is_number(base + digit))


def grouped(number: str, size: int, between: str) -> str:
    return between.join(number[i : i + size] for i in range(0, 12, size))


def test_the_check_digit_as_the_ordinance_works_it_out():
    """Σ Pn·Qn of 12345678901 is 1·6+2·5+3·4+4·3+5·2+6·7+7·6+8·5+9·4+0·3+1·2 = 212; 212 mod 11 = 3; 11 − 3 = 8."""
    assert is_number("123456789018")
    assert [d for d in range(10) if is_number(f"12345678901{d}")] == [8]


def test_a_rest_of_one_or_none_is_checked_by_zero():
    assert is_number("000000000000")  # rest 0
    assert is_number("000000000060")  # 6·2 = 12, rest 1
    assert not is_number("000000000061")


@given(numbers(), st.data())
def test_every_single_wrong_digit_fails_the_check_but_between_the_rests_that_share_a_zero(number: str, data):
    place = data.draw(st.integers(0, 11))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    wrong = number[:place] + digit + number[place + 1 :]
    assert not is_number(wrong) or (wrong[11] == number[11] == "0")


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        "1234 5678 9018",
        "1234　5678　9018",
        "1234-5678-9018",
        "1234－5678－9018",
        "1234ー5678ー9018",
        "1234−5678−9018",
        "1234.5678.9018",
        "1234・5678・9018",
        "1234/5678/9018",
        "1234 - 5678 - 9018",
        "1234\n5678\n9018",
        "1234 5678\r\n9018",
        "12345678\n9018",
        "1234 56\n78 9018",
        "1 2 3 4 5 6 7 8 9 0 1\n8",
        "123456 789018",
        "123-456-789-018",
        "12 34 56 78 90 18",
        "1 2 3 4 5 6 7 8 9 0 1 8",
        "1|2|3|4|5|6|7|8|9|0|1|8",
        "1234\u200b56789018",
        "1\u00ad23456789018",
        "①②③④⑤⑥⑦⑧⑨⓪①⑧",
        "١٢٣٤٥٦٧٨٩٠١٨",
        NUMBER.translate(FULL_WIDTH),
        "１２３４　５６７８　９０１８",
        NUMBER.translate(KANJI),
        "一二三四 五六七八 九〇一八",
        "一二三四五六七八九零一八",
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "個人番号：{}です",
        "2026年11月25日 {} 電話 090-1234-5678",
        "No.1 {}\n2 ページ",
        "ID{}x",
        "一 3 55 7 " * 20 + "、{}。",
    ],
)
def test_a_number_is_found_however_it_is_written(written: str, around: str):
    text = around.format(written)
    told, found = masked(text)
    assert found
    assert len(told) == len(text)
    assert told.count("●") == 12
    assert told.replace("●", "") == around.format("".join(c for c in written if not is_digit(c)))


def is_digit(letter: str) -> bool:
    return letter.isdigit() or letter in "〇零一二三四五六七八九"


@given(
    numbers(), st.sampled_from([1, 2, 3, 4, 6, 12]), st.sampled_from([" ", "-", "・", "\n", "　", " - "]), st.booleans()
)
def test_every_number_is_found_in_every_grouping(number: str, size: int, between: str, wide: bool):
    if (size, between) == (3, "・"):
        return  # as addresses on a network are written
    written = grouped(number, size, between)
    told, found = masked(f"番号は{written.translate(FULL_WIDTH) if wide else written}、以上")
    assert found
    assert not any(letter.isdigit() for letter in told)


@given(st.text(st.sampled_from("0123456789０〇一 -.\n・|+あa\u200b"), max_size=80))
def test_nothing_is_left_to_be_found_and_nothing_else_is_touched(text: str):
    told, found = masked(text)
    assert masked(told) == (told, False)
    assert found == (told != text)
    assert len(told) == len(text)
    assert all(old == new or (new == "●" and is_digit(old)) for old, new in zip(text, told, strict=True))


@given(st.text(max_size=200))
def test_any_text_at_all_is_taken(text: str):
    told, found = masked(text)
    assert found == (told != text)


@pytest.mark.parametrize(
    "text",
    [
        "123456789012",  # its last digit does not check it
        "1" + NUMBER,  # thirteen digits: a company's number, for example
        NUMBER + "0",
        "090-1234-5678",
        "+81-90-1234-5678",
        "+" + NUMBER,  # a phone number abroad
        "090-1234-5678-9018",
        "1234          5678          9018",  # three columns
        "123 456 789 018 120",  # readings again
        "12 34 56 78 90 18 20",
        "２０２６年１１月２５日",
        "2026-11-25 2026-11-26 10:30",
        "1234-5678-9018-3456",  # a card
        "123.456.789.018",
        "¥123,456,789,018",
        "KG-1234-5678",
        "〒100-0001 千代田区1-2-3",
        "123-45-67890-1",  # registered mail
        "120 080 072 110 118 076 068 122",  # readings
        "令和八年十一月二十五日",
        "",
    ],
)
def test_what_looks_like_a_number_but_is_none(text: str):
    assert masked(text) == (text, False)


PHONES = ["0{0:01}0-{1:04}-{2:04}", "0{0:01}0{1:04}{2:04}", "03-{1:04}-{2:04}", "+81-{0:01}0-{1:04}-{2:04}"]


@pytest.mark.parametrize(
    ("shape", "most"),
    [
        *((shape, 0.0) for shape in PHONES),  # phone numbers
        ("20{0:02}-{1:02}-{2:02} {0:02}:{1:02}:{2:02}", 0.0),  # times
        ("令和{0}年{1}月{2}日", 0.0),
        ("{0:03}-{1:02}-{2:05}-{3:01}", 0.0),  # registered mail, eleven digits
        ("{0:04}{1:04}{2:05}", 0.0),  # a company's number, thirteen
        ("{0:04}-{1:04}-{2:04}-{3:04}", 0.0),  # a card
        ("{0}/{1} {2} {3}\n{1}/{2} {3} {0}", 0.0),  # a table of readings
        ("{0:04}-{1:04}-{2:04}", 0.12),  # a parcel's number cannot be told from it, but by its check
        ("{0:04}{1:04}{2:04}", 0.12),
    ],
)
def test_how_often_other_numbers_are_mistaken(shape: str, most: float):
    """Of 4,000 random ones each."""
    chance = random.Random(1)

    def pick(*_: object) -> list[int]:
        widths = [int(w) if (w := shape.partition(f"{{{i}:0")[2][:1]).isdigit() else 2 for i in range(4)]
        return [chance.randrange(10 ** (width or 2)) for width in widths]

    mistaken = sum(masked(shape.format(*pick())).found for _ in range(4000)) / 4000
    assert mistaken <= most
    assert most == 0 or mistaken > 0.08
