"""How the consent page puts things: its words with what they name put in, lists, dates and times."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from shared.consent.page.words import WORDS
from shared.vocabulary import Language

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


Say = Callable[..., str]
"""The page's words in one language: by their key, with what they name put in."""


def say(language: Language) -> Say:
    """The words in the reader's language."""

    def said(key: str, /, **named: object) -> str:
        return WORDS[key][language is Language.EN].format(**named)

    return said


def listed(names: list[str], language: Language) -> str:
    """Names in a row."""
    return ("、" if language is Language.JA else ", ").join(names)


def day(at: dt.datetime, zone: str, language: Language) -> str:
    """The civil date at `at` in `zone`."""
    return date(at.astimezone(ZoneInfo(zone)).date(), language)


def date(on: dt.date, language: Language) -> str:
    """A civil date."""
    if language is Language.JA:
        return f"{on.year}年{on.month}月{on.day}日"
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def clock_time(at: dt.datetime, zone: str) -> str:
    """The time of day at `at` in `zone`, to the minute."""
    return at.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def moment(at: dt.datetime, zone: str, language: Language) -> str:
    """Date and time of day at `at` in `zone`."""
    return f"{day(at, zone, language)} {clock_time(at, zone)}"


def exactly(at: dt.datetime, zone: str, language: Language) -> str:
    """Date and time at `at` in `zone`, to the second, with the offset from UTC."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(at, zone, language)} {local:%H:%M:%S} (UTC{local.isoformat()[-6:]})"
