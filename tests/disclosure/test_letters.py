"""Every letter that the machine asks for is set, and says what the case says."""

import datetime as dt
import io

import pypdf
import pytest

from shared.cloud.blobs import Blobs
from shared.cloud.sqlite import SqliteDocuments
from shared.disclosure import acts as a
from shared.disclosure.codes import Defect, Ground, Outcome, RequestType, Way
from shared.disclosure.identity import Way as Shows
from shared.disclosure.lettering import Lettering
from shared.disclosure.mailing import Mailing
from shared.disclosure.service import Opened
from shared.disclosure.shelf import Shelf
from shared.mail.store import MessageStore
from shared.policy.notices import notices
from tests.disclosure.counter import DECIDER, VERIFIER, WINDOW, YAMADA, Counter
from tests.disclosure.test_working import working


@pytest.fixture
def counter(sqlite_documents: SqliteDocuments) -> Counter:
    return Counter(sqlite_documents)


def shelf(counter: Counter) -> Shelf:
    return Shelf(blobs=Blobs(counter.documents, counter.clock, counter.ids), keys=counter.keys)


def mailing(counter: Counter) -> Mailing:
    return Mailing(outbox=counter.outbox(), notices=notices(), clock=counter.clock, cases_url="https://desk/cases")


async def letters_of(counter: Counter, case: Opened) -> list[str]:
    """The text of each paper that waits to be set, once it is."""
    lettering = Lettering(shelf=shelf(counter), mailing=mailing(counter), notices=notices(), clock=counter.clock)
    await working(counter, letter=lettering.letter).run(case.id)
    texts = []
    for name, letter in (await counter.desk.read(case.id)).file.case.letters.items():
        for number, _ in enumerate(letter.papers, 1):
            pdf = b"".join([piece async for piece in shelf(counter).read(case.id, f"{name}.{number}")])
            texts.append("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages))
    return texts


async def test_the_form_goes_out_with_its_cover_and_bears_the_number(counter: Counter):
    case = await counter.do(await counter.call(RequestType.DISCLOSE), a.SendForm(), WINDOW)
    cover, form = await letters_of(counter, case)
    assert "山田 花子" in cover
    assert YAMADA.address in cover
    for paper in (cover, form):
        assert case.file.case.number in paper


async def test_everything_that_is_missing_stands_in_one_notice(counter: Counter):
    case = await counter.returned(await counter.call(RequestType.DISCLOSE))
    case = await counter.do(case, a.FindDefects(missing=(Defect.SIGNATURE, Defect.IDENTITY_PAPERS)), WINDOW)
    notice = (await letters_of(counter, case))[-1]
    assert "署名または押印" in notice
    assert "本人確認書類" in notice


async def test_a_refusal_names_ground_article_reason_and_whom_to_complain_to(counter: Counter):
    case = await counter.collected(
        await counter.verified(await counter.returned(await counter.call(RequestType.DISCLOSE)))
    )
    refused = a.Decide(item="1", outcome=Outcome.REFUSED, ground=Ground.HARM, reason="第三者の情報が含まれます。")
    case = await counter.do(case, refused, DECIDER)
    notice = (await letters_of(counter, case))[-1]
    for words in ("権利利益を害する", "第33条第2項第1号", "第三者の情報が含まれます。", "JAPHIC", "お問い合わせ"):
        assert words in notice.replace("\n", "")


async def test_an_unverified_person_is_offered_further_ways(counter: Counter):
    case = await counter.returned(await counter.call(RequestType.DISCLOSE))
    case = await counter.do(case, a.BeginVerification(), VERIFIER)
    case = await counter.do(case, a.CloseUnverified(offered=(Shows.APP, Shows.TWO_PAPERS)), VERIFIER)
    notice = (await letters_of(counter, case))[-1]
    assert "アプリ" in notice
    assert "本人確認書類2点" in notice.replace("\n", "")


@pytest.mark.parametrize("words", [(), ("1",)])
async def test_what_is_taken_back_is_confirmed(counter: Counter, words: tuple[str, ...]):
    case = await counter.returned(await counter.call(RequestType.DISCLOSE))
    case = await counter.do(case, a.Withdraw(items=words), WINDOW)
    assert "取下げ" in (await letters_of(counter, case))[-1]


async def test_who_asked_for_it_by_mail_gets_the_form_by_mail(counter: Counter):
    case = await counter.do(await counter.call(RequestType.DISCLOSE), a.SendForm(way=Way.ELECTRONIC), WINDOW)
    await letters_of(counter, case)
    [message] = await MessageStore(counter.documents).of(f"cases/{case.id}")
    assert message.value.template == "form_sent"
    letter = (await counter.desk.read(case.id)).file.case.letters["l1"]
    assert (letter.mail, letter.sent_on) == (message.id, counter.desk.moment().today)


async def test_the_desk_is_told_by_mail_that_a_day_comes_near(counter: Counter):
    case = await counter.returned(await counter.call(RequestType.DISCLOSE))
    counter.clock.advance(dt.timedelta(days=7))
    await working(counter, remind=mailing(counter).remind).run(case.id)
    [message] = await MessageStore(counter.documents).of(f"cases/{case.id}")
    assert message.value.template == "reminder"
