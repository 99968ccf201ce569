"""Tables that a spreadsheet opens as they are meant: UTF-8 with a byte order mark, RFC 4180, and no formula anywhere."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from shared.disclosure.package.redaction import WITHHELD, Withheld
from shared.measurement.civil import SECOND_NS, ZoneTimeline
from shared.vocabulary import Language

BOM = b"\xef\xbb\xbf"
"""Without it Excel takes Japanese for something else."""
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
"""What a cell that is calculated can begin with. Source: OWASP, CSV Injection (2026-11), full-width forms included."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def defused(text: str) -> str:
    """A text that no spreadsheet calculates: behind an apostrophe, as people would type it."""
    return "'" + text if text[:1] in _FORMULA or text.lstrip()[:1] in _FORMULA else text


def lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV. Texts are made harmless; numbers are written as they are."""
    out = io.StringIO()
    csv.writer(out).writerows([[defused(one) if isinstance(one, str) else one for one in row] for row in rows])
    return out.getvalue().encode()


def cell(value: Any, zones: ZoneTimeline, language: Language) -> Any:
    """A record's value as one cell: times in the person's zone, lists in one cell."""
    match value:
        case None:
            return ""
        case bool():
            return int(value)
        case Withheld():
            return WITHHELD.of(language)
        case dt.datetime():
            return written(value, zones)
        case dt.date():
            return value.isoformat()
        case [*ones] if all(isinstance(one, str) for one in ones):
            return " / ".join(ones)
        case list() | tuple() | dict():
            return msgspec.json.encode(plain(value, zones)).decode()
    return value


def plain(value: Any, zones: ZoneTimeline) -> Any:
    """The value with its times written in the person's zone: what JSON is made of."""
    match value:
        case dt.datetime():
            return written(value, zones)
        case list() | tuple():
            return [plain(one, zones) for one in value]
        case dict():
            return {key: plain(one, zones) for key, one in value.items()}
    return value


def written(at: dt.datetime, zones: ZoneTimeline) -> str:
    """An instant in the person's zone, with its offset."""
    return zones.written((at - _EPOCH) // dt.timedelta(microseconds=1) * (SECOND_NS // 1_000_000))
