from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.disclosure.intake.dates import era_year, parsed, told
from shared.errors import InvalidInput
from shared.vocabulary import Language

FULL_WIDTH = str.maketrans("0123456789-/.", "０１２３４５６７８９－／．")
KANJI = str.maketrans("0123456789", "〇一二三四五六七八九")


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-25",
        "2026/11/25",
        "2026.11.25",
        "20261125",
        "2026年11月25日",
        " 2026 年 11 月 25 日 ",
        "２０２６年１１月２５日",
        "２０２６／１１／２５",
        "2026−11−25",
        "2026ー11ー25",
        "2026・11・25",
        "令和8年11月25日",
        "令和 8年 11月 25日",
        "令和０８年１１月２５日",
        "令8.11.25",
        "R8.11.25",
        "r8/11/25",
        "Ｒ８－１１－２５",
        "㋿8年11月25日",
        "令和八年十一月二十五日",
        "二〇二六年十一月二十五日",
        "二〇二六年一一月二五日",
    ],
)
def test_one_day_in_many_spellings(written: str):
    assert parsed(written) == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("written", "on"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("R1.5.1", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("㍻2年10月10日", date(1990, 10, 10)),
        ("H2.10.20", date(1990, 10, 20)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("S55.2.29", date(1980, 2, 29)),
        ("大正15年12月25日", date(1926, 12, 25)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("T9.1.1", date(1920, 1, 1)),
        ("明治45年7月30日", date(1912, 7, 30)),
        ("M6.1.1", date(1873, 1, 1)),
        ("平成十年二十日", None),
        ("令和二年二月二十九日", date(2020, 2, 29)),
        ("昭和五十年十月十日", date(1975, 10, 10)),
        ("2024-02-29", date(2024, 2, 29)),
        ("1850-01-01", date(1850, 1, 1)),
    ],
)
def test_eras_and_leap_days(written: str, on: date | None):
    if on is None:
        with pytest.raises(InvalidInput, match="date_unreadable"):
            parsed(written)
    else:
        assert parsed(written) == on


@pytest.mark.parametrize(
    ("written", "era"),
    [
        ("平成31年5月1日", "平成"),
        ("昭和64年1月8日", "昭和"),
        ("平成元年1月7日", "平成"),
        ("令和元年4月30日", "令和"),
        ("大正15年12月26日", "大正"),
        ("昭和元年12月24日", "昭和"),
        ("明治5年12月3日", "明治"),
        ("明治45年7月31日", "明治"),
        ("令和0年5月1日", "令和"),
    ],
)
def test_a_day_outside_its_era_is_refused_and_the_era_told(written: str, era: str):
    with pytest.raises(InvalidInput, match="date_outside_era") as refused:
        parsed(written)
    assert refused.value.detail.startswith(era)


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-11-31",
        "20261301",
        "令和8年2月30日",
        "0000-01-01",
        "2026年十十月1日",
        "令和9999年1月1日",
    ],
)
def test_a_day_that_never_was_is_refused(written: str):
    with pytest.raises(InvalidInput, match="date_impossible"):
        parsed(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "きのう",
        "26/11/25",  # which century, which era?
        "8年11月25日",
        "元年5月1日",
        "2026/11-25",
        "2026年11/25",
        "2026-11",
        "2026 11 25",
        "2026 1 125",
        "11/25/2026",
        "令和8年11月25日生",
        "慶応3年1月1日",
        "R8",
        "X8.11.25",
        "2026-11-25T00:00:00",
        "9" * 5000,
        "２０２６－１１－２５" * 9,
    ],
)
def test_what_cannot_be_read_is_refused(written: str):
    with pytest.raises(InvalidInput, match="date_unreadable"):
        parsed(written)


@given(st.dates(date(1000, 1, 1)), st.booleans(), st.sampled_from(["-", "/", "."]))
def test_every_day_is_read_as_it_is_written(on: date, wide: bool, by: str):
    written = f"{on.year}{by}{on.month}{by}{on.day}"
    assert parsed(written.translate(FULL_WIDTH) if wide else written) == on
    assert parsed(f"{on:%Y年%m月%d日}".translate(KANJI)) == on


@given(st.dates(date(1873, 1, 1), date(2116, 12, 31)))
def test_every_day_is_read_back_in_its_era(on: date):
    assert parsed(f"{era_year(on)}{on.month}月{on.day}日") == on


@given(st.text(st.sampled_from("令和平成RHS0123456789年月日-/.元十〇一二 "), max_size=14))
def test_anything_else_is_refused_and_nothing_breaks(text: str):
    with suppress(InvalidInput):
        assert isinstance(parsed(text), date)


def test_dates_are_told_in_both_languages():
    assert told(date(2026, 11, 5), Language.JA) == "2026年11月5日（令和8年）"
    assert told(date(2019, 5, 1), Language.JA) == "2019年5月1日（令和元年）"
    assert told(date(2029, 5, 1), Language.JA) == "2029年5月1日（令和11年）"
    assert told(date(1872, 12, 31), Language.JA) == "1872年12月31日"
    assert told(date(2026, 11, 5), Language.EN) == "5 November 2026"
