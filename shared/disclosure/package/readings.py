"""Measurements as tables: one file for each kind and civil year, one line for each point, nothing rounded."""

from collections.abc import Iterator
from typing import Any

from shared.disclosure.package.redaction import WITHHELD, Redactions
from shared.disclosure.package.tables import Written, lines
from shared.disclosure.package.terms import FIELD_NAMES, MEANINGS
from shared.disclosure.package.words import Say
from shared.measurement.civil import ZoneTimeline
from shared.measurement.model import FIELDS, Day, Points, is_manual
from shared.measurement.rows import WORDS
from shared.vocabulary import Kind, Language

SLICE = 2_000
"""Points written at a time: some 10 ms of work."""


def slices(points: Points) -> Iterator[Points]:
    """The points, some at a time."""
    for first in range(0, len(points), SLICE):
        yield points.span(first, first + SLICE)


def head(kind: Kind, say: Say) -> bytes:
    """The first line: what each column is, with its unit."""
    fields = (FIELD_NAMES[field.name].of(say.language) for field in FIELDS[kind])
    name = [say("name")] if kind is Kind.SLEEP else []
    return lines([[say("start"), say("end"), *fields, say("origin"), say("by_hand"), say("modified"), *name]])


def body(points: Points, times: Written, redactions: Redactions, language: Language) -> bytes:
    """The lines of some points."""
    start = list(map(times, points.start_ns))
    end = start if points.end_ns is points.start_ns else list(map(times, points.end_ns))
    by_hand = [int(is_manual(one)) for one in points.origin]
    modified = [times(ms * 1_000_000) if ms else "" for ms in points.modified_ms]
    columns = [_column(points, place, redactions, language) for place in range(len(points.values))]
    name = [points.name] if points.kind is Kind.SLEEP else []
    return lines(zip(start, end, *columns, points.origin, by_hand, modified, *name, strict=True))


def _column(points: Points, place: int, redactions: Redactions, language: Language) -> list[Any]:
    field, column = FIELDS[points.kind][place].name, points.values[place]
    meaning = WORDS[points.kind].get(field)
    if meaning is not None:
        told: list[Any] = [_meaning(value, meaning, language) for value in column]
    elif None in column:
        told = ["" if value is None else value for value in column]
    else:
        return list(column)
    for at, value in enumerate(column):
        if value is None and redactions.masks(points.kind, field, points.start_ns[at], points.end_ns[at]):
            told[at] = WITHHELD.of(language)
    return told


def _meaning(value: float | None, words: dict[int, str], language: Language) -> str:
    if value is None:
        return ""
    word = words.get(int(value))
    return str(int(value)) if word is None else MEANINGS[word].of(language)


def aside_head(say: Say) -> bytes:
    """The first line of what was set aside."""
    return lines([[say("start"), say("aside.reason"), say("aside.raw")]])


def aside_body(day: Day, zones: ZoneTimeline, language: Language) -> bytes:
    """What was set aside in a day, as it came."""
    return lines(
        (
            "" if one.start_ns is None else zones.written(one.start_ns),
            one.reason,
            one.raw.decode("utf-8", "replace") or WITHHELD.of(language),
        )
        for one in day.set_aside
    )
