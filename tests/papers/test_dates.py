"""Eras begin on their day."""

from datetime import date

import pytest

from shared.papers.dates import english_date, japanese_date


@pytest.mark.parametrize(
    ("on", "written"),
    [
        (date(2026, 11, 25), "令和8年11月25日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1926, 12, 24), "大正15年12月24日"),
        (date(1912, 7, 30), "大正元年7月30日"),
        (date(1912, 7, 29), "明治45年7月29日"),
        (date(1873, 1, 1), "明治6年1月1日"),
        (date(1872, 12, 31), "1872年12月31日"),
        (date(2028, 2, 29), "令和10年2月29日"),
    ],
)
def test_a_date_is_written_by_its_era(on: date, written: str):
    assert japanese_date(on) == written


def test_an_english_date_spells_the_month():
    assert english_date(date(2026, 2, 1)) == "1 February 2026"
