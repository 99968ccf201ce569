"""Dates as letters write them: 令和8年11月25日, 25 November 2026."""

from datetime import date

# From the day an era begins, newest first; the day before still belongs to the one before it.
# 元号法 and the cabinet orders of 1989-01-07 and 2019-04-01 for the last two; 明治 counts as from the solar calendar.
_ERAS = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
    (date(1873, 1, 1), "明治"),
)
_MEIJI_BEGAN = 1868
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def japanese_date(on: date) -> str:
    """With the era's year; an era's first year is 元年. Before 1873, by the Gregorian year."""
    for begins, era in _ERAS:
        if on >= begins:
            year = on.year - (_MEIJI_BEGAN if era == "明治" else begins.year) + 1
            return f"{era}{'元' if year == 1 else year}年{on.month}月{on.day}日"
    return f"{on.year}年{on.month}月{on.day}日"


def english_date(on: date) -> str:
    """Day, month in words, year: no reader can take the one for the other."""
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"
