"""Dates as people in Japan write them, read strictly, and written back in both languages."""

import datetime as dt
import re
import unicodedata
from typing import NamedTuple

from shared.errors import InvalidInput
from shared.vocabulary import Language


class _Era(NamedTuple):
    """`before`: the year before its first. `letter`: as forms and spreadsheets have it."""

    name: str
    letter: str
    before: int
    first: dt.date
    last: dt.date


_ERAS = (
    _Era("令和", "R", 2018, dt.date(2019, 5, 1), dt.date.max),
    _Era("平成", "H", 1988, dt.date(1989, 1, 8), dt.date(2019, 4, 30)),
    _Era("昭和", "S", 1925, dt.date(1926, 12, 25), dt.date(1989, 1, 7)),
    _Era("大正", "T", 1911, dt.date(1912, 7, 30), dt.date(1926, 12, 25)),
    _Era("明治", "M", 1867, dt.date(1873, 1, 1), dt.date(1912, 7, 30)),
)
"""The newest first. 昭和 and 大正 began on the very day the era before them ended, which so belongs to both; 平成 and
令和 on the day after. 明治 counts from its sixth year: until then Japan had another calendar."""

_NUMERALS = "〇一二三四五六七八九"
_YEAR = rf"[0-9]{{1,4}}|[{_NUMERALS}零十]{{1,4}}|元"
_PART = rf"[0-9]{{1,2}}|[{_NUMERALS}零十]{{1,3}}"
_ERA = "|".join(f"{era.name}|{era.name[0]}|{era.letter}" for era in _ERAS)
_WRITTEN = re.compile(
    rf"(?P<era>{_ERA})?(?P<year>{_YEAR})(?:年|(?P<by>[-/.]))(?P<month>{_PART})(?(by)(?P=by)|月)(?P<day>{_PART})(?(by)|日)"
)
_SEPARATORS = str.maketrans(dict.fromkeys("‐‑‒–—―−ー─", "-") | dict.fromkeys("・。", "."))


def parsed(text: str) -> dt.date:
    """The civil date that `text` means: 2026-11-25, 2026/11/25, 2026.11.25, 20261125, 2026年11月25日, 令和8年11月25日,
    R8.11.25, ㋿元年5月1日, in any width, with its numbers in kanji too. A year stands in full, or in its era.

    Raises InvalidInput: `date_unreadable`; `date_impossible`: there is no such day; `date_outside_era`: the era had
    not begun, or was over.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_SEPARATORS).upper()
    plain = re.sub(r"(?<![0-9])\s+|\s+(?![0-9])", "", plain)
    plain = re.sub(r"([0-9]{4})([0-9]{2})([0-9]{2})", r"\1-\2-\3", plain) if len(plain) == 8 else plain
    found = _WRITTEN.fullmatch(plain)
    if found is None or (found["era"] is None and not re.match(r"[0-9]{4}|[^0-9十元]{4}", found["year"])):
        raise InvalidInput("date_unreadable", "for example 2026-11-25, 2026年11月25日, 令和8年11月25日 or R8.11.25")
    year, month, day = (_number(found[part]) for part in ("year", "month", "day"))
    era = next((era for era in _ERAS if found["era"] in (era.name, era.name[0], era.letter)), None)
    try:
        on = dt.date(year + (era.before if era else 0), month, day)
    except ValueError:
        raise InvalidInput("date_impossible", "there is no such day") from None
    if era and not era.first <= on <= era.last:
        last = "" if era.last == dt.date.max else f" {era.last.isoformat()}"
        raise InvalidInput("date_outside_era", f"{era.name}: {era.first.isoformat()} –{last}")
    return on


def told(on: dt.date, language: Language) -> str:
    """2026年11月25日（令和8年）, before 1873 without the era; in English 25 November 2026."""
    if language is Language.EN:
        from babel.dates import format_date

        return str(format_date(on, "d MMMM y", locale="en"))
    era = era_year(on)
    return f"{on.year}年{on.month}月{on.day}日" + (f"（{era}）" if era else "")


def era_year(on: dt.date) -> str:
    """令和8年, 令和元年; of two eras the newer; "" before 1873."""
    era = next((era for era in _ERAS if era.first <= on), None)
    return f"{era.name}{on.year - era.before}年".replace(f"{era.name}1年", f"{era.name}元年") if era else ""


def _number(text: str) -> int:
    """12, 十二, 一二, 元. Zero, which is no part of a date, for what is no number."""
    if text.isdecimal():
        return int(text)
    if text == "元":
        return 1
    digits = text.replace("零", "〇")
    tens = re.fullmatch(rf"([{_NUMERALS[2:]}]?)十([{_NUMERALS[1:]}]?)", digits)
    if tens:
        return 10 * (_NUMERALS.index(tens[1]) if tens[1] else 1) + (_NUMERALS.index(tens[2]) if tens[2] else 0)
    return 0 if "十" in digits else int("".join(str(_NUMERALS.index(digit)) for digit in digits))
