import msgspec
import pytest

from shared.measurement.civil import ZoneTimeline
from shared.measurement.model import FIELDS, SESSION, Points
from shared.measurement.rows import WORDS, row_of
from shared.vocabulary import Kind

TOKYO = ZoneTimeline.of("Asia/Tokyo")


def told(kind, *values, start_ns=1, end_ns=1, origin="watch", name=""):
    columns = [[value] for value in [*values, *[None] * (len(FIELDS[kind]) - len(values))]]
    return msgspec.to_builtins(row_of(Points(kind, [start_ns], [end_ns], [0], [origin], columns, [name]), 0, TOKYO))


def test_a_reading_is_told_with_units_in_its_names_and_no_nanosecond_lost():
    assert told(Kind.HEART_RATE, 61.0) == {
        "start": "1970-01-01T09:00:00.000000001+09:00",
        "end": "1970-01-01T09:00:00.000000001+09:00",
        "values": {"bpm": 61.0},
        "origin": "watch",
        "entered_by_hand": False,
        "name": "",
    }


def test_an_enum_is_told_as_the_sources_number_and_as_a_word_where_there_is_one():
    values = told(Kind.BLOOD_GLUCOSE, 5.5, 2, 99, None, 0)["values"]
    assert values == {
        "mmol_per_l": 5.5,
        "relation_to_meal": {"number": 2, "word": "fasting"},
        "meal_type": {"number": 99},
        "specimen": {"number": 0},
    }


def test_a_night_keeps_its_name_and_its_length():
    night = told(Kind.SLEEP, SESSION, end_ns=8 * 3600 * 10**9, name="night-1")
    assert (night["name"], night["end"]) == ("night-1", "1970-01-01T17:00:00+09:00")
    assert night["values"] == {"stage": {"number": 0, "word": "session"}}


def test_what_a_person_typed_in_is_marked():
    assert told(Kind.WEIGHT, 70.0, origin="raw:com.google.weight:app:user_input")["entered_by_hand"] is True


@pytest.mark.parametrize("kind", list(Kind))
def test_words_are_known_for_whole_numbers_only_and_for_every_enum(kind):
    enums = {field.name for field in FIELDS[kind] if field.whole} - {"count"}
    assert set(WORDS[kind]) == enums
