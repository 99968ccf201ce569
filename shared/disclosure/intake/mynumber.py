"""Finding a 個人番号 ("My Number") in text, so that it is taken out before anything is stored.

Twelve digits, the last of which checks the others: 平成26年総務省令第85号 art. 5 (read November 2026). One in ten
runs of twelve digits passes that check by chance. We rather mask a tracking number than store a My Number; what has a
form of its own (phone numbers, dates, amounts, addresses on networks) is told apart by its grouping.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

DIGITS = 12
_MASK = "●"
_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_KANJI = "〇一二三四五六七八九"
_BETWEEN_MAX = 8
"""A gap wider than this many characters separates."""


class Masked(NamedTuple):
    """A text without the number: as long as it was, every digit of a number replaced. `found`: there was one."""

    text: str
    found: bool


class _Signs(dict[int, str]):
    """Each character as what it is to us, one for one: digit, nothing (~), space, line break, dash, dot, bar or x."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        digit = unicodedata.digit(letter, None)
        category = unicodedata.category(letter)
        if digit is not None:
            sign = str(digit)
        elif letter in "\n\r\v\f\x85\u2028\u2029":
            sign = "\n"
        elif letter.isspace():
            sign = " "
        elif category in ("Pd", "Pc") or letter in "−ー─━ｰ/／~〜～":
            sign = "-"
        elif letter in ".．・･·。｡":
            sign = "."
        elif letter in "|｜│┃":
            sign = "|"
        elif category in ("Cf", "Cc", "Mn", "Me"):
            sign = "~"
        else:
            sign = "+" if letter in "+＋" else "x"
        self[code] = sign
        return sign


_SIGNS = _Signs()
_KANJI_AS_DIGITS = str.maketrans(f"{_KANJI}零○", "012345678900") | dict.fromkeys(range(0x30, 0x3A), "x")
_TOGETHER = re.compile(r"[0-9](?:~*[0-9])*")


def is_number(digits: str) -> bool:
    """Whether twelve ASCII digits are a number as it could be given out."""
    rest = sum(int(digit) * weight for digit, weight in zip(digits[:11], _WEIGHTS, strict=True)) % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def masked(text: str) -> Masked:
    """`text` with each digit of every My Number in it replaced by ●.

    Found in any width and in kanji (〇一二…), in one piece or in alike groups (4-4-4, 6-6, digit by digit in a form's
    boxes, …) with one kind of separator, and when a line breaks in its midst. Thirteen digits in a row hold none.
    """
    found = False
    while places := {place for signs in _readings(text) for place in _numbers(signs)}:
        found = True
        text = "".join(_MASK if place in places else letter for place, letter in enumerate(text))
    return Masked(text, found)


def _readings(text: str) -> tuple[str, str]:
    """The text with its digits as digits, and with its kanji for digits as digits."""
    kanji = text.translate(_KANJI_AS_DIGITS) if any(letter in text for letter in _KANJI) else ""
    return text.translate(_SIGNS), kanji.translate(_SIGNS)


def _numbers(signs: str) -> Iterator[int]:
    """The places of the digits of numbers. A line break separates as a space does; or a line was merely wrapped."""
    groups = [found.span() for found in _TOGETHER.finditer(signs)]
    between = [signs[end:start] for (_, end), (start, _) in pairwise(groups)]
    row = _Row([_digits(signs, *group) for group in groups], [_gap(one) for one in between])
    found = list(row.numbers())
    for place, one in enumerate(between):
        if "\n" in one and row.gaps[place] == " " and row.may_be_wrapped(place):
            near = max(0, place - DIGITS)
            nearby = row.wrapped(place, near).numbers()
            found += [(near + start, near + end + 1) for start, end in nearby if start <= place - near < end]
    for start, end in found:
        # +81 90 1234 5678 has twelve digits too.
        if not signs.endswith("+", 0, groups[start][0]):
            yield from (at for at in range(groups[start][0], groups[end - 1][1]) if signs[at].isdigit())


class _Row(NamedTuple):
    """Groups of digits, and what is between each and the next: space, dash, dot or bar, or "" if they are apart."""

    groups: list[str]
    gaps: list[str]

    def numbers(self) -> Iterator[tuple[int, int]]:
        """From which group to before which a number reaches."""
        for place, group in enumerate(self.groups):
            if len(group) == DIGITS and is_number(group):
                yield place, place + 1
        first = 0
        while first < len(self.gaps):
            last = self._alike_from(first)
            yield from self._numbers_within(first, last)
            first = max(last, first + 1)

    def _alike_from(self, first: int) -> int:
        """The last group of those from `first` on that are alike and alike apart."""
        last, gap, size = first, self.gaps[first], len(self.groups[first])
        while gap and last < len(self.gaps) and self.gaps[last] == gap and len(self.groups[last + 1]) == size:
            last += 1
        return last

    def _numbers_within(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        gap, size, count = self.gaps[first], len(self.groups[first]), last - first + 1
        if count == 1 or size > DIGITS // 2 or DIGITS % size or count * size < DIGITS:
            return
        # In a table of numbers every stretch of twelve digits would be one. Digit by digit and by fours, as it is
        # printed in forms and on cards, we look everywhere; otherwise it must stand alone.
        anywhere = gap == " " and size in (1, 4)
        longer = gap != " " and gap in (*self.gaps[max(0, first - 1) : first], *self.gaps[last : last + 1])
        on_a_network = (gap, size) == (".", 3)
        if not anywhere and (count * size != DIGITS or longer or on_a_network):
            return
        digits = "".join(self.groups[first : last + 1])
        for start in range(count - DIGITS // size + 1):
            if is_number(digits[start * size : start * size + DIGITS]):
                yield first + start, first + start + DIGITS // size

    def may_be_wrapped(self, place: int) -> bool:
        """Whether the group at `place` and the next, as one, could be or be among the groups of a number."""
        size = len(self.groups[place]) + len(self.groups[place + 1])
        beside = (*self.groups[max(0, place - 1) : place], *self.groups[place + 2 : place + 3])
        return size == DIGITS or any(len(group) == size for group in beside)

    def wrapped(self, place: int, near: int) -> "_Row":
        """From `near` on as far as it matters, with the group at `place` and the next as one."""
        far = place + DIGITS + 2
        joined = self.groups[place] + self.groups[place + 1]
        groups = [*self.groups[near:place], joined, *self.groups[place + 2 : far]]
        return _Row(groups, [*self.gaps[near:place], *self.gaps[place + 1 : far - 1]])


def _digits(signs: str, start: int, end: int) -> str:
    return signs[start:end].replace("~", "")


def _gap(signs: str) -> str:
    core = signs.replace("~", "").replace("\n", " ").strip()
    return (core or " ") if len(signs) <= _BETWEEN_MAX and core in ("", "-", ".", "|") else ""
