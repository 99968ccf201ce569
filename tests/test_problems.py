"""The table of problems: complete, without leftovers, and in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import errors
from shared.errors import Conflict, Fault, InvalidInput, NotFound, NotPermitted, OutcomeUnknown, Refused, Unavailable
from shared.problems import PROBLEMS, problem_of
from shared.vocabulary import Language

ROOT = Path(__file__).parents[1]
FAULTS = {name for name, thing in vars(errors).items() if isinstance(thing, type) and issubclass(thing, Fault)}
TOLD = FAULTS | {"Returned"}
CODE_COMES_FROM_ELSEWHERE = {
    "functions/oauth_callback/main.py",  # a fault's own code, told to the app
    "shared/connection/linking.py",  # the same, where linking failed
    "shared/disclosure/pages/case.py",  # what kept a job from being done
    "shared/connection/page.py",  # the same, to a person
    "shared/source/google_fit/oauth.py",  # one of two codes that are raised elsewhere as well
}


def code() -> Iterator[tuple[str, ast.Call]]:
    """(file, call) of everything in the code that names a fault."""
    for path in sorted([*ROOT.glob("shared/**/*.py"), *ROOT.glob("functions/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in TOLD:
                yield str(path.relative_to(ROOT)), node


def literal(call: ast.Call) -> str | None:
    """The code, where it is written out."""
    first = call.args[0] if call.args else None
    return str(first.value) if isinstance(first, ast.Constant) else None


def raised() -> set[str]:
    return {found for _, call in code() if (found := literal(call)) is not None and found != "success"}


def test_every_code_raised_anywhere_stands_in_the_table():
    assert raised() - PROBLEMS.keys() == set()


def test_nothing_in_the_table_is_unused():
    assert PROBLEMS.keys() - raised() == set()


def test_codes_are_written_out_but_where_one_is_passed_on():
    assert {path for path, call in code() if call.args and literal(call) is None} == CODE_COMES_FROM_ELSEWHERE


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_each_problem_has_words_in_both_languages(name: str):
    problem = PROBLEMS[name]
    japanese, english = problem.title(Language.JA), problem.title(Language.EN)
    assert any("ぁ" <= letter <= "ん" for letter in japanese)
    assert japanese.endswith("。")
    assert english.isascii() or "“" in english
    assert english.endswith(".")
    assert 400 <= problem.status < 600


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (InvalidInput("new"), 400),
        (NotPermitted("new"), 403),
        (NotFound("new"), 404),
        (Conflict("new"), 409),
        (Refused("new"), 422),
        (Unavailable("new"), 503),
        (OutcomeUnknown("new"), 503),
        (Fault("new"), 500),
    ],
)
def test_a_code_that_nobody_entered_is_told_by_its_category(fault: Fault, status: int):
    assert problem_of(fault) == (status, "new", "new")
