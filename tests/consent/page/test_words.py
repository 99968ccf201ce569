"""The page's own words: in both languages, saying the same, and complete for everything that the ledger can say."""

import datetime as dt
import re
from string import Formatter

import pytest

from shared.consent.model import LIVE, Decision, Method, Role, State
from shared.consent.page.html import FILES
from shared.consent.page.telling import day, exactly, listed, moment, say
from shared.consent.page.words import WORDS
from shared.policy.model import Basis
from shared.vocabulary import Language

AT = dt.datetime(2026, 11, 23, 15, 30, 5, tzinfo=dt.UTC)


def named(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(set(WORDS) - {"other_language"}))
def test_both_languages_name_the_same_things(key: str):
    japanese, english = WORDS[key]
    assert named(japanese) == named(english)
    assert japanese
    assert not re.search(r"[ぁ-んァ-ヶ一-龠]", english)


def test_there_are_words_for_everything_that_can_be_shown():
    needed = {f"state.{state}" for state in State if state not in (State.FROZEN, State.THAWED)} | {"state.none"}
    needed |= {f"event.{state}" for state in State} | {f"role.{role}" for role in Role}
    needed |= {f"method.{method}" for method in Method} | {f"language.{language}" for language in Language}
    needed |= {f"done.{decision}" for decision in Decision}
    needed |= {f"basis.{basis}" for basis in Basis if basis is not Basis.CONSENT}
    needed |= {f"{why}{do}" for why in ("new_words", "ends_soon", "expired", "authority_ended") for do in ("", ".do")}
    assert needed <= WORDS.keys()
    assert LIVE


def test_no_word_is_left_over():
    said = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [*FILES.glob("*.html"), *FILES.parent.glob("*.py")]
        if path.name != "words.py"
    )
    families = {"state", "event", "role", "method", "language", "done", "basis", "nav", "nobody"}
    asked = re.findall(r"""["']([a-z0-9_.]+)["']""", said)
    pending = {"new_words", "ends_soon", "expired", "authority_ended"}
    pending |= {f"{why}.do" for why in pending}
    assert {key for key in WORDS if key.split(".")[0] not in families} - set(asked) - pending == set()


def test_times_are_told_in_the_operator_s_zone():
    assert day(AT, "Asia/Tokyo", Language.JA) == "2026年11月24日"
    assert moment(AT, "Asia/Tokyo", Language.EN) == "24 November 2026 00:30"
    assert exactly(AT, "Asia/Tokyo", Language.JA) == "2026年11月24日 00:30:05 (UTC+09:00)"


def test_words_are_put_together():
    assert say(Language.EN)("until", date="today") == "until today"
    assert listed(["a", "b"], Language.JA) == "a、b"
