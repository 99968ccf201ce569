"""Every letter, in both languages, with ordinary values and with terrible ones."""

import time
from datetime import date

import pytest
import segno

from shared.papers import answers, model
from shared.papers.dates import english_date, japanese_date
from shared.papers.letters import print_paper
from shared.vocabulary import Language
from tests.papers.pages import AT, Piece, overlapping, picture, pieces, printed, reader, squeezed, text_of, words_in
from tests.papers.samples import HOSTILE, NUMBER, RARE, letters

EACH = [
    pytest.param(paper, language, id=f"{paper.TEMPLATE}-{language}")
    for language in Language
    for paper in letters(language)
]
TERRIBLE = [
    pytest.param(paper, language, id=f"{paper.TEMPLATE}-{language}")
    for language in Language
    for paper in letters(language, extreme=True)
]
POSTED = [one for one in EACH if isinstance(one.values[0], model.Letter)]
POSTED_TERRIBLY = [one for one in TERRIBLE if isinstance(one.values[0], model.Letter)]


def told(word: str, language: Language) -> str:
    """How a value shows on the page: a date is written out."""
    try:
        on = date.fromisoformat(word)
    except ValueError:
        return word
    return japanese_date(on) if language is Language.JA else english_date(on)


def shown(paper: model.Paper, language: Language) -> list[str]:
    """All that must be found on a paper."""
    codes = {outcome.value for outcome in answers.Outcome}
    hidden = {paper.operator.representative}
    if not isinstance(paper, model.Letter):
        body = paper.operator.complaints
        hidden |= {body.name, body.contact, body.address, body.email, body.hours, body.note}
        hidden |= {paper.operator.email, paper.operator.fax, paper.operator.tel, paper.operator.desk}
    if isinstance(paper, answers.PurposeNotice):
        hidden |= {paper.version}
    return [told(word, language) for word in words_in(paper) if word not in codes | hidden]


@pytest.mark.parametrize(("paper", "language"), EACH)
async def test_a_letter_says_every_value_it_was_given(paper: model.Paper, language: Language):
    text = text_of(await printed(paper, language))
    assert [word for word in shown(paper, language) if squeezed(word) not in text] == []
    assert squeezed(paper.title.of(language)) in text


@pytest.mark.parametrize(("paper", "language"), EACH)
async def test_a_letter_is_made_in_less_than_two_seconds(paper: model.Paper, language: Language):
    began = time.process_time()  # of all its threads; the wall's clock would measure what else the machine does
    await print_paper(paper, language, AT)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(("paper", "language"), [*EACH, *TERRIBLE])
async def test_nothing_leaves_the_page_or_is_printed_over_anything_else(paper: model.Paper, language: Language):
    for runs in pieces(await printed(paper, language)):
        assert [run for run in runs if run.left < 14.5 or run.right > 195.5 or run.top < 12 or run.bottom > 290] == []
        assert overlapping(runs) == []


@pytest.mark.parametrize(("paper", "language"), POSTED_TERRIBLY)
async def test_what_looks_like_markup_is_printed_as_it_is(paper: model.Letter, language: Language):
    text = text_of(await printed(paper, language))
    if HOSTILE in "".join(words_in(paper)):
        assert squeezed(HOSTILE) in text
    assert squeezed(RARE) in text


async def address_of(paper: model.Letter, language: Language) -> list[Piece]:
    """All that could show in the window of an envelope."""
    return [run for run in pieces(await printed(paper, language))[0] if run.left < 110 and run.top < 57]


@pytest.mark.parametrize(("paper", "language"), POSTED)
async def test_the_address_shows_in_the_window_of_an_envelope_however_the_sheet_slips(
    paper: model.Letter, language: Language
):
    address = await address_of(paper, language)
    assert min(run.left for run in address) >= 20
    assert max(run.right for run in address) <= 85
    assert min(run.top for run in address) >= 12
    assert max(run.bottom for run in address) <= 36


@pytest.mark.parametrize(("paper", "language"), [*POSTED, *POSTED_TERRIBLY[:1], *POSTED_TERRIBLY[-1:]])
async def test_nothing_but_the_address_shows_in_the_window(paper: model.Letter, language: Language):
    address = await address_of(paper, language)
    rest = squeezed("".join(run.text for run in address))
    for part in (paper.to.name, paper.to.address, paper.to.postcode, paper.to.care_of):
        assert squeezed(part) in rest
        rest = rest.replace(squeezed(part), "", 1)
    assert rest in ("〒様", "〒様（様代理人）", "", "(onbehalfof)")
    assert max(run.right for run in address) <= 86


@pytest.mark.parametrize("language", Language)
async def test_both_signers_stand_on_one_page_after_the_papers_destroyed(language: Language):
    paper = next(one for one in letters(language, extreme=True) if isinstance(one, answers.DestructionCertificate))
    pages = [squeezed(page.extract_text()) for page in reader(await printed(paper, language)).pages]
    signed = [n for n, text in enumerate(pages) if squeezed(paper.signers[1].name) in text]
    assert signed == [len(pages) - 1]
    assert squeezed(RARE) in pages[-1]
    assert squeezed(paper.signers[0].role) in pages[-1]


@pytest.mark.parametrize("language", Language)
async def test_a_refusal_names_ground_article_reason_and_whom_to_complain_to(language: Language):
    paper = next(one for one in letters(language) if isinstance(one, answers.RefusalNotice))
    text = text_of(await printed(paper, language))
    item, body = paper.items[0], paper.operator.complaints
    for word in (item.ground, item.article, item.reason, body.contact, body.email, body.hours, body.note):
        assert squeezed(word) in text


def test_a_refusal_is_called_partial_only_if_nothing_is_refused_wholly():
    paper = next(one for one in letters(Language.JA) if isinstance(one, answers.RefusalNotice))
    whole = answers.RefusalNotice(
        number=paper.number,
        operator=paper.operator,
        to=paper.to,
        on=paper.on,
        received_on=paper.received_on,
        items=(
            *paper.items,
            answers.Refusal(request="消去", part=False, what="x", ground="x", article="x", reason="x"),
        ),
    )
    assert paper.title == answers.RefusalNotice.IN_PART
    assert whole.title == answers.RefusalNotice.TITLE


async def test_a_letter_goes_without_what_it_was_not_given():
    paper = next(one for one in letters(Language.JA) if isinstance(one, model.ExtensionNotice))
    assert paper.destroy_on is None
    assert "破棄いたします" not in text_of(await printed(paper, Language.JA))


def test_whom_we_cannot_identify_is_offered_two_ways_at_least():
    paper = next(one for one in letters(Language.JA) if isinstance(one, model.UnverifiedNotice))
    with pytest.raises(ValueError, match="ways"):
        model.UnverifiedNotice(
            number=paper.number,
            operator=paper.operator,
            to=paper.to,
            on=paper.on,
            received_on=paper.received_on,
            reopen_until=paper.reopen_until,
            ways=paper.ways[:1],
        )


def test_nobody_signs_a_destruction_twice():
    paper = next(one for one in letters(Language.JA) if isinstance(one, answers.DestructionCertificate))
    with pytest.raises(ValueError, match="signers"):
        answers.DestructionCertificate(
            number=paper.number,
            operator=paper.operator,
            certificate=paper.certificate,
            answered_on=paper.answered_on,
            due_on=paper.due_on,
            destroyed_on=paper.destroyed_on,
            papers=paper.papers,
            signers=(paper.signers[0], paper.signers[0]),
        )


@pytest.mark.parametrize("language", Language)
async def test_the_form_has_three_pages_and_each_bears_the_number(language: Language):
    form = letters(language)[0]
    pages = reader(await printed(form, language)).pages
    assert len(pages) == 3
    assert all(NUMBER in page.extract_text() for page in pages)
    assert pages[0].extract_text().count("☐") > 10


@pytest.mark.parametrize("language", Language)
async def test_a_form_that_costs_nothing_asks_for_no_stamps(language: Language):
    form = letters(language)[0]
    assert isinstance(form, model.ApplicationForm)
    free = model.ApplicationForm(number=NUMBER, operator=form.operator, kinds=form.kinds, fee_yen=0, kept_years=1)
    text = text_of(await printed(free, language))
    assert "★" not in text
    assert "1,000" not in text
    assert "1,000" in text_of(await printed(form, language))


async def test_the_code_on_the_form_is_its_number():
    per_mm = 10
    page = picture(await printed(letters(Language.JA)[0], Language.JA), 0, per_mm)
    corner = page.crop((174 * per_mm, 14 * per_mm, 192 * per_mm, 36 * per_mm)).point(lambda grey: 255 * (grey < 128))
    left, top, right, bottom = corner.getbbox()
    expected = [[bool(module) for module in row] for row in segno.make_qr(NUMBER, error="q", boost_error=False).matrix]
    side = len(expected)
    step_x, step_y = (right - left) / side, (bottom - top) / side
    seen = [
        [corner.getpixel((left + int((x + 0.5) * step_x), top + int((y + 0.5) * step_y))) > 0 for x in range(side)]
        for y in range(side)
    ]
    assert seen == expected
    assert step_x / per_mm > 0.5  # mm a module: what a phone reads off paper


FIELDS = (
    "受付番号／申請日／利用目的の通知／開示／第三者提供記録の開示／訂正・追加・削除／利用の停止／消去／第三者への提供の停止／"
    "お客様／取引先／応募者／従業員／お問い合わせをした方／委託元のお客様／その他／フリガナ／氏名／生年月日／住所／登録住所／"
    "電話番号／メール／会員ID／申請する方／代理人の氏名／代理人の住所／本人との関係／親権者・未成年後見人／成年後見人／"
    "委任による代理人／委任の範囲／委任の期限／連絡先／お問い合わせの記録／期間／特定個人情報を含みますか／いまの内容／正しい内容／"
    "正しいと分かる資料／第35条／停止する提供先と目的／開示の方法／電子データ／書面／送付先／本人確認書類の写し／委任状／印鑑証明書／"
    "法定代理権の証明／郵便切手1,000円分／隠したもの／個人番号（マイナンバー）／保険者番号／1年間保存／署名／印／"
    "到達日／書留番号／本人確認の方法／結果／確認者／印鑑証明発行日／切手の額／使用／返却／判断者／判断・理由／条項／"
    "特定個人情報保護管理者の判断／回答日／交付方法・証跡／破棄予定日／破棄日／立会者"
)


async def test_the_form_has_every_field_that_handling_it_needs():
    text = text_of(await printed(letters(Language.JA)[0], Language.JA))
    assert [field for field in FIELDS.split("／") if field not in text] == []
