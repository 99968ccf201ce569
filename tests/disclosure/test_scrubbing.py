"""No My Number gets into a case, whichever way somebody writes it in."""

import datetime as dt

import pytest

from shared.cloud.sqlite import SqliteDocuments
from shared.disclosure import acts as a
from shared.disclosure.codes import RequestType
from shared.disclosure.scrubbing import scrubbed
from tests.disclosure.counter import WINDOW, Counter

NUMBER = "123456789018"


def test_the_number_the_tests_write_is_one():
    assert scrubbed(a.Note(text=f"番号は{NUMBER}です"))[1]


@pytest.mark.parametrize("written", [NUMBER, "1234 5678 9018", "１２３４－５６７８－９０１８"])
async def test_what_somebody_writes_is_kept_without_the_number(sqlite_documents: SqliteDocuments, written: str):
    counter = Counter(sqlite_documents)
    wish = a.Wish(type=RequestType.CORRECT, words=f"私の番号 {written} を訂正")
    case = await counter.call(wishes=(wish,))
    case = await counter.do(case, a.Note(text=f"電話で {written} とのこと"), WINDOW)
    kept = str(case.file.private)
    assert written not in kept
    assert "訂正" in kept
    assert "とのこと" in kept


def test_the_number_of_a_registered_letter_stays():
    act = a.Posted(letter="l1", on=dt.date(2026, 11, 25), tracking=NUMBER)
    assert scrubbed(act) == (act, False)
