"""The words, the frame and the address of the pages, without a browser."""

import ast
import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.pofile import read_po

from shared.disclosure import letters
from shared.disclosure.agents import AgentKind, Reason
from shared.disclosure.codes import By, Category, Channel, Outcome, RequestType, Stage, Step, Way
from shared.disclosure.deciding import BY_HAND, TASKS
from shared.disclosure.evidence import Flaw, Shown
from shared.disclosure.identity import Level
from shared.disclosure.machine import TABLE
from shared.disclosure.package.model import Category as Held
from shared.disclosure.package.model import Ground as LeftOut
from shared.disclosure.pages import case, entry, intake, opening
from shared.disclosure.pages import frame as frames
from shared.disclosure.pages import words as texts
from shared.disclosure.pages.act_forms import ELSEWHERE, EVERY, KEPT
from shared.disclosure.pages.audit import fields_of
from shared.disclosure.pages.dashboard import left_by
from shared.disclosure.pages.fields import label_of
from shared.disclosure.pages.frame import NAVIGATION, ChooseLanguage, Frame
from shared.disclosure.pages.words import LOCALE, words
from shared.disclosure.pages.worklist import Due, WorklistView
from shared.disclosure.proofs.model import Use
from shared.edge import Call
from shared.errors import InvalidInput, NotFound, NotPermitted
from shared.mail import letters as mail_letters
from shared.mail.model import State
from shared.profile.matching import Agreement
from shared.profile.model import Field
from shared.staff.model import Role
from shared.vocabulary import Kind, Language

PAGES = Path(frames.__file__).parent
FILES = PAGES / "files"
TEMPLATES = Path(mail_letters.__file__).parent / "templates"
CATALOGUES = {}
for _language in Language:
    with (LOCALE / f"{_language}.po").open("rb") as _file:
        CATALOGUES[_language] = read_po(_file, locale=_language)
KEYS = {one.id if isinstance(one.id, str) else one.id[0] for one in CATALOGUES[Language.JA] if one.id}

WHOLE = re.compile(r'\bw\(\s*"([^"]+)"\s*[,)]')
BEGINNING = re.compile(r'\bw\(\s*"([^"]+)" ~')


def asked_in_templates() -> tuple[set[str], set[str]]:
    """Keys, and what keys begin with that are put together."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in FILES.glob("*.html"))
    return set(WHOLE.findall(source)), set(BEGINNING.findall(source))


def asked_in_code() -> tuple[set[str], set[str]]:
    """The same, of `w("…")`, `w(f"…{x}")` and `Said("…")` in the code of the pages."""
    whole, beginnings = set(), set()
    for path in PAGES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ("w", "Said") or not node.args:
                continue
            match node.args[0]:
                case ast.Constant(value=str() as key):
                    whole.add(key)
                case ast.JoinedStr(values=[ast.Constant(value=str() as start), *_]):
                    beginnings.add(start)
    return whole, beginnings


def put_together() -> set[str]:
    """Keys whose ends are codes, or names of fields."""
    fields = (*EVERY, *fields_of({}), *intake.FIELDS, *opening.FIELDS, *case.SCAN, *entry.ONCE)
    lists: dict[str, Iterable[object]] = {
        "role": Role,
        "nav": (one.key for one in NAVIGATION),
        "stage": Stage,
        "step": Step,
        "type": RequestType,
        "outcome": Outcome,
        "category": Category,
        "channel": Channel,
        "by": By,
        "way": Way,
        "language": Language,
        "kind": Kind,
        "due": (one for one in Due if one),
        "why": opening.Why,
        "intake": intake.PARTS,
        "act": {*KEPT, *ELSEWHERE},
        # Whatever is in the log is told, and has a name.
        "did": {"begun", *(act.__struct_config__.tag for act in TABLE)},
        "use": Use,
        "link": ("sent", "followed", "locked"),
        "left": left_by(dt.date(2026, 11, 25)),
        "scan": case.SCAN_KINDS,
        "shows": Shown,
        "flaw": Flaw,
        "evidence": ("document", "sign_in", "mail_link", "match"),
        "agent_kind": AgentKind,
        "agency": Reason,
        "held": (*Held, "everything"),
        "left_out": LeftOut,
        "level": map(int, Level),
        "agreement": Agreement,
        "match.field": Field,
        "mail.state": State,
        "mail": (path.name.split(".")[0] for path in TEMPLATES.glob("*.txt")),
        "letter": vars(letters)["_LETTERS"],
        "task": {task for tasks in TASKS.values() for task in tasks} | {BY_HAND, "delivered"},
        "field": (label_of(one.name).removeprefix("field.") for one in fields),
        "hint": (one.name for one in fields if one.hint),
    }
    return {f"{start}.{code}" for start, codes in lists.items() for code in codes}


def test_both_catalogues_have_every_key_that_is_asked_for():
    for whole, beginnings in (asked_in_templates(), asked_in_code()):
        assert whole
        assert whole - KEYS == set()
        assert {start for start in beginnings if not any(key.startswith(start) for key in KEYS)} == set()
    assert put_together() - KEYS == set()


def test_no_key_stands_there_unasked():
    (first, starts), (second, more) = asked_in_templates(), asked_in_code()
    asked, beginnings = first | second | put_together(), tuple(starts | more)
    assert {key for key in KEYS - asked if not key.startswith(beginnings)} == set()


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_catalogues_say_the_same_things():
    said: dict[Language, dict[str, Any]] = {
        language: {one.id if isinstance(one.id, str) else one.id[0]: one.string for one in catalogue if one.id}
        for language, catalogue in CATALOGUES.items()
    }
    assert said[Language.JA].keys() == said[Language.EN].keys()
    for key, japanese in said[Language.JA].items():
        english = said[Language.EN][key]
        one, many = (value if isinstance(value, tuple) else (value,) for value in (japanese, english))
        assert len(many) == (2 if isinstance(japanese, tuple) else 1), key
        assert {frozenset(fields(text)) for text in (*one, *many)} == {frozenset(fields(one[0]))}, key
        assert all(text.strip() for text in (*one, *many)), key
        assert not any("ぁ" <= letter <= "ヶ" for text in many for letter in text), key
    assert all(not one.fuzzy for catalogue in CATALOGUES.values() for one in catalogue if one.id)


def test_numbers_take_the_right_form():
    english, japanese = words(Language.EN), words(Language.JA)
    assert [english("days.left", n=n) for n in (1, 2, 1200)] == ["1 day left", "2 days left", "1,200 days left"]
    assert japanese("days.left", n=1) == "あと1日"


def test_a_key_that_is_none_is_an_error():
    for asked in ({}, {"n": 1}):
        with pytest.raises(KeyError):
            words(Language.JA)("nothing.of.that.name", **asked)
    with pytest.raises(KeyError):
        words(Language.JA)("reason.title", other="x")


def test_days_and_moments_are_those_of_japan():
    late = dt.datetime(2026, 11, 30, 15, 4, tzinfo=dt.UTC)
    assert words(Language.JA).moment(late) == "2026年12月1日(火) 00:04"
    assert words(Language.EN).moment(late) == "Tue 1 Dec 2026 00:04"
    assert words(Language.JA).short_day(late.date()) == "11/30(月)"
    assert texts.words(Language.EN).short_day(late.date()) == "Mon 30 Nov"


FRAME = Frame("/disclosure")


@pytest.mark.parametrize(
    ("back", "to"),
    [
        ("/", "/disclosure/"),
        ("/cases/c1?tab=x", "/disclosure/cases/c1?tab=x"),
        ("", "/disclosure/"),
        ("cases", "/disclosure/"),
        ("//evil.example", "/disclosure/"),
        ("https://evil.example", "/disclosure/"),
        ("/\\evil.example", "/disclosure/"),
        ("/a\r\nset-cookie: x=y", "/disclosure/"),
        ("javascript:alert(1)", "/disclosure/"),
    ],
)
async def test_choosing_a_language_leads_back_and_nowhere_else(back: str, to: str):
    call = Call(None, {}, None, ChooseLanguage(Language.EN, back), Language.JA)
    answer = await FRAME.choose_language(call)
    assert answer.location == to
    assert [cookie.header().split(";")[0] for cookie in answer.cookies] == ["__Host-lang=en"]


async def test_a_frame_at_the_root_leads_to_no_other_host():
    call = Call(None, {}, None, ChooseLanguage(Language.EN, "//evil.example"), Language.JA)
    assert (await Frame("").choose_language(call)).location == "/"


@pytest.mark.parametrize("language", list(Language))
def test_a_fault_is_told_in_the_reader_s_language_and_no_more_than_is_meant_for_people(language: Language):
    page = FRAME.fault_page(NotFound("no_such_route", "<b>canary</b>"), language)
    assert page.status == 404
    assert f'lang="{language}"' in page.html
    assert "canary" not in page.html
    stranger = FRAME.fault_page(NotPermitted("not_staff", "accounts.google.com:7<"), language)
    assert "accounts.google.com:7&lt;" in stranger.html


def test_an_address_says_what_is_filtered_by_and_begins_anew():
    view = WorklistView(stage="defect", due=Due.OVER, after="c9")
    assert view.address("/d") == "/d/?stage=defect&due=over"
    assert view.address("/d", after="c20") == "/d/?stage=defect&due=over&after=c20"
    assert view.address("/d", due=Due.ANY) == "/d/?stage=defect"
    assert WorklistView().address("/d") == "/d/"
    assert not WorklistView().narrowed
    for view in (WorklistView(stage="x"), WorklistView(type="x"), WorklistView(due=Due.OVER)):
        assert view.narrowed


def test_a_stage_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match="query_invalid"):
        _ = WorklistView(stage="nowhere").at


def test_what_is_due_when_are_days_without_gap_or_overlap():
    today = dt.date(2026, 11, 25)
    assert WorklistView().days(today) == (None, None)
    assert WorklistView(due=Due.OVER).days(today) == (None, dt.date(2026, 11, 24))
    assert WorklistView(due=Due.TODAY).days(today) == (today, today)
    assert WorklistView(due=Due.WEEK).days(today) == (today, dt.date(2026, 12, 2))
    assert WorklistView(due=Due.LATER).days(today) == (dt.date(2026, 12, 3), None)


def test_the_page_of_the_list_has_no_style_or_script_of_its_own():
    source = "".join(path.read_text(encoding="utf-8") for path in FILES.glob("*.html"))
    assert re.findall(r"<style|<script(?! src=)| style=| on(?!e=)\w+=|javascript:", source) == []
    assert "unsafe" not in "".join(frames.POLICY.values())
