"""The case page and its forms, without a browser: what is shown to whom, and what the forms make."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from shared.audit.store import stream_entries
from shared.cloud.documents import Documents
from shared.cloud.indexes import missing
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import By, Outcome, RequestType, Stage
from shared.disclosure.file import Actor
from shared.disclosure.messages import StaffAct
from shared.disclosure.model import Person
from shared.disclosure.pages.act_forms import ELSEWHERE, EVERY, KEPT, made, offered
from shared.disclosure.pages.case import Shown, case_page
from shared.disclosure.pages.entry import ONCE, read_twice
from shared.disclosure.pages.fields import Kind, read, typed_body, typed_of
from shared.disclosure.pages.frame import Frame, Viewer
from shared.disclosure.pages.seats import MOST_OPEN, Seat
from shared.disclosure.pages.told import events_of
from shared.disclosure.pages.words import words
from shared.disclosure.pages.worklist import row_of
from shared.disclosure.ports import Days
from shared.disclosure.service import Opened
from shared.disclosure.store import CaseStore
from shared.disclosure.view import case_view
from shared.vocabulary import Language
from tests.disclosure.counter import (
    DECIDER,
    EVERYBODY,
    MANAGER,
    VERIFIER,
    WINDOW,
    YAMADA,
    Counter,
)
from tests.fakes import RecordingDocuments

JA = words(Language.JA)
DISCLOSE, CORRECT, PURPOSE = RequestType.DISCLOSE, RequestType.CORRECT, RequestType.PURPOSE


@pytest.fixture
def counter(sqlite_documents: Documents) -> Counter:
    return Counter(sqlite_documents)


async def shown(counter: Counter, case: Opened, by: Actor) -> Shown:
    now = counter.desk.moment()
    seen = {one.id: str(one.item.type) for one in case_view(case, by, now).items}
    entries = await stream_entries(counter.documents, f"case.{case.id}")
    events = events_of(entries, seen, case.file.case.items.keys() - seen.keys(), {})
    return Shown(case, by, now, events)


async def html(counter: Counter, case: Opened, by: Actor, language: Language = Language.JA) -> str:
    assert by.member is not None
    viewer = Viewer(by.member, language, counter.clock.now(), "/")
    return case_page(Frame("/d"), viewer, await shown(counter, case, by), token="t").html


def acts_offered(counter: Counter, case: Opened, by: Actor) -> set[str]:
    return {f"{one.act}{one.item}" for one in offered(case, by, counter.desk.moment())}


async def everywhere(counter: Counter) -> list[Opened]:
    """A case at every place where somebody may look at it."""
    case = await counter.call(DISCLOSE, CORRECT, PURPOSE)
    seen = [case, await counter.returned(case)]
    seen.append(await counter.do(seen[-1], a.BeginVerification(), VERIFIER))
    seen.append(await counter.do(seen[-1], a.AddProof(document=counter.licence()), VERIFIER))
    seen.append(await counter.do(seen[-1], a.MatchAccount(account="hana", subject="s"), VERIFIER))
    seen.append(await counter.do(seen[-1], a.Verify(), VERIFIER))
    for item in "123":
        seen.append(await counter.collected(seen[-1], item))
        seen.append(await counter.do(seen[-1], a.Decide(item=item, outcome=Outcome.FULL), DECIDER))
        seen.append(await counter.do(seen[-1], auto.BeginExecuting(item=item)))
        task = seen[-1].file.case.items[item].tasks[0]
        seen.append(await counter.do(seen[-1], auto.TaskDone(item=item, task=task, proof="p", count=1)))
    today = counter.desk.moment().today
    seen.append(await counter.do(seen[-1], a.RegisterDelivery(items=("1", "2", "3"), on=today, proof="post"), WINDOW))
    assert seen[-1].file.case.stage is Stage.ANSWERED
    return seen


async def test_it_can_be_shown_wherever_a_case_stands_to_everybody_in_both_languages(counter: Counter):
    for case in await everywhere(counter):
        for by in EVERYBODY:
            for language in Language:
                assert case.file.case.number in await html(counter, case, by, language)


def test_there_is_a_form_for_everything_that_staff_do():
    tags: Iterable[Any] = StaffAct.__args__
    assert {one.__struct_config__.tag for one in tags} - KEPT.keys() == {"enter_form"}
    assert KEPT.keys() & ELSEWHERE == set()


def test_one_body_takes_every_form():
    names = [field.name for field in EVERY]
    assert len(set(names)) == len(names)
    for kept in KEPT.values():
        for field in kept.fields:
            assert (field.kind is Kind.SEVERAL) is (
                next(one for one in EVERY if one.name == field.name).kind is Kind.SEVERAL
            )


async def test_who_may_not_is_not_offered_to(counter: Counter):
    case = await counter.call(DISCLOSE)
    assert "send_form" in acts_offered(counter, case, WINDOW)
    assert "send_form" not in acts_offered(counter, case, VERIFIER)
    case = await counter.verified(await counter.returned(case), account="hana")
    assert "fix_scope1" in acts_offered(counter, case, DECIDER)
    assert "fix_scope1" not in acts_offered(counter, case, VERIFIER)


async def test_whoever_verified_is_not_asked_to_decide(counter: Counter):
    from tests.disclosure.counter import SECOND

    case = await counter.do(await counter.returned(await counter.call(DISCLOSE)), a.BeginVerification(), VERIFIER)
    case = await counter.do(case, a.AddProof(document=counter.licence()), VERIFIER)
    case = await counter.do(case, a.MatchAccount(account="hana", subject="s"), VERIFIER)
    case = await counter.do(case, a.Verify(), SECOND)
    assert "fix_scope1" in acts_offered(counter, case, DECIDER)
    assert "fix_scope1" not in acts_offered(counter, case, SECOND)


async def test_only_grounds_that_the_law_knows_for_it_can_be_chosen(counter: Counter):
    case = await counter.verified(await counter.returned(await counter.call(CORRECT)), account="hana")
    case = await counter.collected(case)
    [sheet] = [one for one in offered(case, DECIDER, counter.desk.moment()) if one.act == "decide"]
    [ground] = [field for field in sheet.fields if field.name == "ground"]
    assert ground.options is not None
    assert {code for code, _ in ground.options(JA)} == {"", "not_untrue", "opinion", "my_number"}
    typed = {"outcome": "refused", "ground": "harm", "reason": "x"}
    assert [ident for ident, _ in read(sheet.fields, typed, JA, sheet.form).errors] == ["f-decide1-ground"]
    assert not any(field.name.startswith("place") for field in sheet.fields), "nothing is handed over"


async def test_what_is_left_out_is_named_with_its_ground(counter: Counter):
    case = await counter.verified(await counter.returned(await counter.call(DISCLOSE)), account="hana")
    case = await counter.collected(case)
    [sheet] = [one for one in offered(case, DECIDER, counter.desk.moment()) if one.act == "decide"]
    typed = {
        "outcome": "partial",
        "ground": "harm",
        "reason": "第三者の情報を含むため",
        "place_1": "inquiries",
        "passage_1": "佐藤",
        "because_1": "third_party",
    }
    values, errors = read(sheet.fields, typed, JA, sheet.form)
    assert errors == []
    act = made("decide", "1", values)
    assert isinstance(act, a.Decide)
    assert [(one.path, one.text, one.ground) for one in act.redactions] == [("inquiries", "佐藤", "third_party")]
    case = await counter.do(case, act, DECIDER)
    assert "inquiries 第三者の情報" in await html(counter, case, DECIDER)


async def test_an_item_that_waits_for_the_manager_is_not_in_the_page_of_others(counter: Counter):
    case = await counter.verified(await counter.returned(await counter.call(DISCLOSE, CORRECT)), account="hana")
    case = await counter.collected(case, "1", my_number=True)
    for by in EVERYBODY:
        there = "開示" in (await html(counter, case, by)).partition('id="items"')[2]
        assert there is (by == MANAGER), by.id
    events = (await shown(counter, case, DECIDER)).events
    assert "fix_scope" not in [one.what for one in events]
    assert "fix_scope" in [one.what for one in (await shown(counter, case, MANAGER)).events]


async def test_an_item_that_waits_for_the_manager_is_in_nobody_elses_list(counter: Counter):
    case = await counter.verified(await counter.returned(await counter.call(DISCLOSE, CORRECT)), account="hana")
    case = await counter.collected(case, "1", my_number=True)
    [stored] = await counter.cases.worklist(stage=None, days=Days(), after="", limit=9)
    rows = {by.id: row_of(stored, by, counter.desk.moment()) for by in EVERYBODY}
    assert {name for name, row in rows.items() if "my_number" in row.flags} == {MANAGER.id}
    assert {name for name, row in rows.items() if len(row.requests) == 2} == {MANAGER.id}


async def test_the_list_is_filtered_and_walked_in_order_of_what_is_due_next(counter: Counter):
    first = await counter.call(DISCLOSE)
    second = await counter.returned(await counter.call(DISCLOSE))
    third = await counter.call(PURPOSE)
    today = counter.desk.moment().today

    async def names(stage: Stage | None = None, days: Days = Days(), after: str = "") -> list[str]:  # noqa: B008
        found = await counter.cases.worklist(stage=stage, days=days, after=after, limit=9)
        assert await counter.cases.how_many(stage=stage, days=days) == len(found) or after
        return [one.id for one in found]

    assert await names() == [first.id, *sorted([second.id, third.id], key=(await names()).index)]
    assert await names(Stage.RECEIVED) == [second.id]
    assert await names(days=Days(None, today - dt.timedelta(days=1))) == [first.id]
    assert await names(after=first.id) == (await names())[1:]
    assert await names(after=third.id if (await names())[-1] == third.id else second.id) == []


async def test_the_worklist_costs_three_queries_at_most(sqlite_documents: Documents):
    documents = RecordingDocuments(sqlite_documents)
    counter = Counter(documents)
    await counter.call(DISCLOSE)
    documents.queries.clear()
    store = CaseStore(documents)
    await store.worklist(stage=Stage.CONTACTED, days=Days(), after="", limit=50)
    await store.how_many(stage=Stage.CONTACTED, days=Days())
    assert len(documents.queries) == 2
    assert [missing(query) for query in documents.queries] == [(), ()]


async def test_what_people_write_is_text(counter: Counter):
    hostile = Person(name='<img src=x onerror="alert(1)">', address="</dd><script>alert(1)</script>")
    case = await counter.call(DISCLOSE, person=hostile)
    case = await counter.do(case, a.Note(text="<b>bold</b> {{ 7 * 7 }}"), WINDOW)
    page = await html(counter, case, WINDOW)
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert "&lt;b&gt;bold&lt;/b&gt; {{ 7 * 7 }}" in page


def typed_copies(**second: str) -> dict[str, str | list[str]]:
    once: dict[str, str | list[str]] = {"by": "self", "name": "山田 花子", "types": ["disclosure"], "way": "paper"}
    return {**once, **{f"{name}_2": value for name, value in {**once, **second}.items()}}


def test_two_copies_that_agree_are_one_form():
    # However a date is written, it is the same day.
    act, errors = read_twice({**typed_copies(born_on="S23.5.3"), "born_on": "1948-05-03"}, JA)
    assert errors == []
    assert act is not None
    assert act.first == act.second
    assert act.first.by is By.SELF
    assert act.first.person.born_on == dt.date(1948, 5, 3)


def test_where_two_copies_differ_they_say_so_and_nothing_is_made():
    act, errors = read_twice(typed_copies(name="山田 華子"), JA)
    assert act is None
    assert [ident for ident, _ in errors] == ["f-second-name"]


@pytest.mark.parametrize("field", [field for field in ONCE if field.kind is Kind.DATE], ids=lambda one: one.name)
def test_a_date_that_is_none_is_told_beside_its_field(field: Any):
    act, errors = read_twice({**typed_copies(), field.name: "令和8年2月30日"}, JA)
    assert act is None
    assert [ident for ident, _ in errors] == [f"f-first-{field.name}"]


def test_nothing_that_a_form_may_hold_is_refused_before_it_can_be_shown_again():
    body = typed_body("Body", EVERY, "form_token")
    sent = {field.name: ["?"] if field.kind is Kind.SEVERAL else "\x00?" for field in EVERY}
    assert typed_of(msgspec.convert({**sent, "form_token": "t"}, body)) == {**sent, "form_token": "t"}


def test_a_browser_keeps_so_many_cases_open_and_forgets_the_first():
    assert WINDOW.member is not None
    seat = Seat(WINDOW.member, {f"c{n}": "t" for n in range(MOST_OPEN)})
    cookies = seat.opened("new", "ticket")
    assert [(one.name, one.value, one.lasts_s) for one in cookies] == [
        ("opening-new", "ticket", 3600),
        ("opening-c0", "0", 0),
    ]
    assert len(seat.opened("c3", "ticket")) == 1


async def test_the_clock_of_the_desk_is_what_days_left_are_counted_by(counter: Counter):
    case = await counter.returned(await counter.call(PURPOSE, person=YAMADA))
    assert "あと14日" in await html(counter, case, WINDOW)
    counter.clock.advance(dt.timedelta(days=15))
    assert "1日超過" in await html(counter, case, WINDOW)
