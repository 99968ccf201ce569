"""What the envelope of an answer holds, by type, outcome and way."""

import datetime as dt
from typing import Any

import pytest

from shared.disclosure.answers import Answer
from shared.disclosure.codes import Category, Channel, Ground, Outcome, RequestType, Stage, Step, Way
from shared.disclosure.file import File
from shared.disclosure.letters import Composer
from shared.disclosure.model import Case, Decision, Item, Letter, Private, Proof, Scope
from shared.papers import answers
from shared.papers.letters import print_paper
from shared.policy.notices import notices
from shared.vocabulary import Kind, Language
from tests.disclosure.counter import YAMADA

AT = dt.datetime(2026, 12, 4, 15, 30, tzinfo=dt.UTC)  # half past midnight on the 5th in Japan
R, D, G = RequestType, Outcome, Ground
TASKS = {R.DISCLOSE: "package", R.RECORD: "records", R.PURPOSE: "purposes", R.ERASE: "erase", R.STOP: "withdraw"}
CODE = "ABCD-2345"


def case_of(
    type_: RequestType,
    outcome: Outcome,
    *,
    ground: Ground | None = None,
    way: Way = Way.PAPER,
    channel: Channel = Channel.POST,
    language: Language = Language.JA,
    task: str | None = None,
    parts: int = 1,
    kinds: tuple[Kind, ...] = (),
) -> File:
    """A case with one item whose answer is to be told."""
    done = outcome in (D.FULL, D.PARTIAL)
    proof = Proof(task or TASKS.get(type_, "by_hand"), AT, ",".join(["0" * 64] * parts))
    item = Item(
        type=type_,
        step=Step.NOTIFYING,
        way=way,
        scope=Scope(kinds=kinds),
        decision=Decision(outcome=outcome, ground=ground, by="handan", at=AT),
        evidence=(proof,) if done else (),
    )
    case = Case(
        number="KG-7H2K-9QXM",
        category=Category.CUSTOMER,
        channel=channel,
        language=language,
        stage=Stage.HANDLING,
        items={"1": item},
        contacted_at=AT,
        taken_by="mado",
    )
    return File(case, Private(person=YAMADA, reasons={"1": "第三者の情報が含まれます。"}, code=CODE))


def papers(file: File) -> list[Any]:
    letter = Letter(kind="answer", items=("1",), way=Way.PAPER)
    return Composer(file, notices().in_force(AT), AT).papers(letter)


def held_in(file: File) -> list[str]:
    return [type(one).__name__ for one in papers(file)]


@pytest.mark.parametrize(
    ("file", "held"),
    [
        (case_of(R.DISCLOSE, D.FULL), ["AnswerCover", "DecisionNotice"]),
        (case_of(R.DISCLOSE, D.PARTIAL, ground=G.HARM), ["AnswerCover", "DecisionNotice", "RefusalNotice"]),
        (case_of(R.RECORD, D.FULL), ["AnswerCover", "DecisionNotice"]),
        (case_of(R.PURPOSE, D.FULL), ["AnswerCover", "DecisionNotice"]),
        (case_of(R.DISCLOSE, D.FULL, way=Way.ELECTRONIC), ["DecisionNotice", "CodeLetter"]),
        (
            case_of(R.DISCLOSE, D.PARTIAL, ground=G.HARM, way=Way.ELECTRONIC),
            ["DecisionNotice", "CodeLetter", "RefusalNotice"],
        ),
        (case_of(R.DISCLOSE, D.FULL, way=Way.ELECTRONIC, channel=Channel.APP), ["DecisionNotice"]),
        (case_of(R.DISCLOSE, D.FULL, task="by_hand"), ["DecisionNotice"]),
        (case_of(R.ERASE, D.FULL), ["ErasureCertificate"]),
        (case_of(R.ERASE, D.PARTIAL, ground=G.LAW_REQUIRES_KEEPING), ["ErasureCertificate", "RefusalNotice"]),
        (case_of(R.ERASE, D.FULL, task="by_hand"), ["DecisionNotice"]),
        (case_of(R.STOP, D.FULL), ["DecisionNotice"]),
        (case_of(R.CORRECT, D.PARTIAL, ground=G.OPINION), ["DecisionNotice", "RefusalNotice"]),
        (case_of(R.DISCLOSE, D.REFUSED, ground=G.HARM), ["RefusalNotice"]),
        (case_of(R.ERASE, D.REFUSED, ground=G.NO_VIOLATION), ["RefusalNotice"]),
        (case_of(R.DISCLOSE, D.NOT_EXIST), ["NonExistenceNotice"]),
        (case_of(R.COMPLAINT, D.FULL), ["DecisionNotice"]),
        (case_of(R.COMPLAINT, D.PARTIAL), ["DecisionNotice"]),
        (case_of(R.COMPLAINT, D.REFUSED), ["DecisionNotice"]),
    ],
)
def test_the_envelope_holds_what_the_answer_calls_for(file: File, held: list[str]):
    assert held_in(file) == held


def test_a_partial_refusal_says_what_is_left_out_and_by_which_article():
    *_, refusal = papers(case_of(R.DISCLOSE, D.PARTIAL, ground=G.HARM))
    assert refusal.title == answers.RefusalNotice.IN_PART
    [item] = refusal.items
    assert item.part
    assert "不開示" in item.what
    assert "第33条第2項第1号" in item.article
    assert item.reason == "第三者の情報が含まれます。"
    *_, refusal = papers(case_of(R.CORRECT, D.PARTIAL, ground=G.OPINION))
    assert "不開示" not in refusal.items[0].what
    [refusal] = papers(case_of(R.DISCLOSE, D.REFUSED, ground=G.HARM))
    assert refusal.title == answers.RefusalNotice.TITLE


def test_a_certificate_of_erasure_names_the_day_in_japan_and_when_no_backup_can_be_read():
    [everything] = papers(case_of(R.ERASE, D.FULL))
    assert everything.erased_on == dt.date(2026, 12, 5)
    assert everything.unreadable_on == dt.date(2026, 12, 12)
    assert "暗号鍵の破棄" in everything.erased[0].how
    [provisions, records] = everything.kept
    assert "第29条" in provisions.why
    assert provisions.until == dt.date(2029, 12, 7), "three years at least"
    assert records.until is None
    [some] = papers(case_of(R.ERASE, D.FULL, kinds=(Kind.STEPS, Kind.SLEEP)))
    assert len(some.erased) == 2
    assert not any("鍵" in one.how for one in some.erased), "the key to the rest is still there"


def test_what_is_fetched_says_how():
    by_link, in_app = (
        papers(case_of(R.DISCLOSE, D.FULL, way=Way.ELECTRONIC, channel=channel))[0].items[0].done
        for channel in (Channel.POST, Channel.APP)
    )
    assert "受取番号" in by_link
    assert "アプリ" in in_app
    [refused] = papers(case_of(R.COMPLAINT, D.REFUSED))
    assert refused.items[0].done == ""


def test_the_code_goes_with_a_link_alone():
    for file in (
        case_of(R.DISCLOSE, D.FULL),
        case_of(R.DISCLOSE, D.FULL, way=Way.ELECTRONIC, channel=Channel.APP),
        case_of(R.DISCLOSE, D.REFUSED, ground=G.HARM, way=Way.ELECTRONIC),
        case_of(R.ERASE, D.FULL, way=Way.ELECTRONIC),
    ):
        assert CODE not in repr(papers(file))
    assert CODE in repr(papers(case_of(R.RECORD, D.FULL, way=Way.ELECTRONIC)))


def test_the_cover_counts_what_is_in_the_envelope():
    cover, *_ = papers(case_of(R.PURPOSE, D.FULL, parts=2))
    assert [(one.what, one.quantity) for one in cover.enclosed] == [
        ("個人情報の開示等に関する決定通知書", "1部"),
        ("利用目的の通知書", "2部"),
    ]
    cover, *_ = papers(case_of(R.DISCLOSE, D.PARTIAL, ground=G.HARM))
    assert len(cover.enclosed) == 3


def test_what_was_not_decided_is_not_answered():
    file = case_of(R.DISCLOSE, D.FULL).with_item("1", decision=None)
    with pytest.raises(KeyError):
        Answer(
            file=file,
            notice=notices().in_force(AT),
            head=Composer(file, notices().in_force(AT), AT)._head(),
            received_on=AT.date(),
            name="1",
        ).papers()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    "file",
    [
        case_of(R.DISCLOSE, D.PARTIAL, ground=G.HARM, way=Way.ELECTRONIC, language=Language.JA),
        case_of(R.ERASE, D.PARTIAL, ground=G.LAW_REQUIRES_KEEPING),
        case_of(R.DISCLOSE, D.FULL),
    ],
)
async def test_every_paper_of_an_answer_is_set(file: File, language: Language):
    for paper in papers(file.with_case(language=language)):
        assert (await print_paper(paper, language, AT)).startswith(b"%PDF")
