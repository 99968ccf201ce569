"""What holds for any paper."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from shared.errors import InvalidInput, Refused
from shared.papers.report import Heading, Report, Text, print_report
from shared.papers.typesetting import MAX_TEXT, MAX_VALUES, typeset
from shared.vocabulary import Language
from tests.papers.pages import AT, letters_of, pieces, reader, squeezed, text_of

JA = Language.JA


async def page_of(text: str, *, language: Language = JA, title: str = "題", at: datetime = AT) -> bytes:
    report = Report(title=title, number="KG-7Q4M-X2T9", about="", by="", on=date(2026, 11, 25), blocks=(Text(text),))
    return await print_report(report, language, at)


async def test_the_same_values_give_the_same_bytes():
    assert await page_of("同じ") == await page_of("同じ")


async def test_another_instant_gives_other_bytes():
    assert await page_of("同じ") != await page_of("同じ", at=AT + timedelta(hours=1))


async def test_any_zone_of_the_same_instant_gives_the_same_bytes():
    from zoneinfo import ZoneInfo

    assert await page_of("同じ") == await page_of("同じ", at=AT.astimezone(ZoneInfo("Asia/Tokyo")))


@pytest.mark.parametrize("language", Language)
async def test_the_file_says_its_title_its_language_and_what_it_conforms_to(language: Language):
    pdf = reader(await page_of("中身", language=language, title="開示資料"))
    assert pdf.metadata is not None
    assert pdf.metadata.title == "開示資料"
    assert pdf.metadata.creation_date == AT
    root: Any = pdf.trailer["/Root"]
    assert root["/Lang"].startswith(language.value)
    assert root["/MarkInfo"]["/Marked"]
    about = root["/Metadata"].get_data().decode()
    for claim in ("<pdfaid:part>2<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"):
        assert claim in about


@pytest.mark.parametrize(
    "name",
    [
        "髙橋𠮷子",
        "辻\U000e0100 一",  # the 辻 with one dot, by a variation selector
        "渡邉・渡邊・﨑・德・濵・塚",
        "か\u3099 ハ\u309a",  # combining (semi-)voiced marks
        "e\u0301 Nguyễn Łukasz Жанна Ünal",
        "☐ ☑ ☒ □ ■ ✓ ㈱ ① ～ 〜 － −",
        "ﾀﾅｶ ﾀﾛｳ",
    ],
)
async def test_rare_and_combining_characters_come_out_as_text(name: str):
    import unicodedata

    text = unicodedata.normalize("NFC", text_of(await page_of(f"氏名は{name}です")))
    found = text.replace("\U000e0100", "")
    for letter in squeezed(unicodedata.normalize("NFC", name)).replace("\U000e0100", ""):
        assert letter in found


@pytest.mark.parametrize(
    ("text", "named"), [("絵😀文字", "😀.*U\\+1F600"), ("한 ก", "U\\+D55C.*U\\+0E01"), ("\ue000", "U\\+E000")]
)
async def test_a_character_that_no_font_has_is_named_and_nothing_else_is(text: str, named: str):
    with pytest.raises(InvalidInput, match=named) as fault:
        await page_of("秘密の氏名 " + text)
    assert fault.value.code == "glyph_missing"
    assert "秘密" not in str(fault.value)


async def test_what_nobody_sees_is_left_out():
    hidden = await page_of("山\u200b田\u202e太\ufeff郎\x00\x07\u2066")
    assert hidden == await page_of("山田太郎")


async def test_half_a_character_is_left_out():
    assert await page_of("山\ud83d田") == await page_of("山田")


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\u2028", "\x0b"])
async def test_any_line_break_is_one(newline: str):
    assert await page_of(f"一行{newline}二行") == await page_of("一行\n二行")


@pytest.mark.parametrize(
    "text",
    ['*#[x]_ $y$ #eval("1+1")', '#read("look.typ")', "\\u{41}", "<label> @ref `raw`", "= head", "- item", "//", "]"],
)
async def test_markup_in_a_value_stays_text(text: str):
    assert squeezed(text) in text_of(await page_of(text))
    assert squeezed(text) in text_of(await page_of("x", title=text))


async def test_dates_are_written_out_and_instants_are_not():
    data = {"number": "x", "about": "", "by": "", "on": date(2019, 5, 1), "blocks": [{"type": "text", "text": AT}]}
    made = text_of(await typeset("report", data, language=JA, title="題", at=AT))
    assert "令和元年5月1日" in made
    assert "2026-11-25T03:00:00Z" in made


async def test_one_text_has_a_bound():
    assert await page_of("あ" * MAX_TEXT)
    with pytest.raises(InvalidInput) as fault:
        await page_of("あ" * (MAX_TEXT + 1))
    assert fault.value.code == "paper_too_long"


@pytest.mark.parametrize("blocks", [[1] * MAX_VALUES, ["あ" * 15_000] * 100])
async def test_all_of_a_paper_has_a_bound(blocks: list[object]):
    data = {"number": "x", "about": "", "by": "", "on": "", "blocks": blocks}
    with pytest.raises(InvalidInput) as fault:
        await typeset("report", data, language=JA, title="題", at=AT)
    assert fault.value.code == "paper_too_long"


async def test_the_longest_word_there_can_be_stays_on_its_page():
    assert text_of(await page_of("W" * 2_000)).count("W") == 2_000


async def test_a_template_that_fails_is_our_fault_and_quotes_no_value():
    with pytest.raises(Refused) as fault:
        await typeset("report", {"number": "秘密"}, language=JA, title="題", at=AT)
    assert fault.value.code == "paper_faulty"
    assert "秘密" not in str(fault.value)


async def test_others_are_served_while_a_paper_is_being_set():
    report = Report(
        title="題",
        number="x",
        about="",
        by="",
        on=date(2026, 11, 25),
        blocks=tuple(Heading(f"{n} 章", 2) for n in range(400)),
    )
    setting = asyncio.ensure_future(print_report(report, JA, datetime(2026, 1, 1, tzinfo=UTC)))
    beats = 0
    while not setting.done():
        await asyncio.sleep(0.002)
        beats += 1
    await setting
    assert beats > 3


@pytest.mark.parametrize(
    ("whole", "language"),
    [
        ("次のとおり", JA),
        ("令和8年11月25日", JA),
        ("KG-7Q4M-X2T9", JA),
        ("25 November 2026", Language.EN),
    ],
)
async def test_no_line_break_goes_through_what_belongs_together(whole: str, language: Language):
    report = Report(
        title="題",
        number="x",
        about="",
        by="",
        on=date(2026, 1, 1),
        blocks=tuple(Text("あ" * n + whole + "い" * 60) for n in range(30, 60)),
    )
    made = await print_report(report, language, AT)
    lines = [""]
    left = 0.0
    for run in (run for runs in pieces(made) for run in runs):
        if run.left <= left:
            lines.append("")
        lines[-1] += run.text
        left = run.left
    assert sum(whole in line for line in lines) == 30


async def test_punctuation_stands_clear_of_its_neighbours():
    made = await page_of("お送りいたします。「申請書」に、必要な事項（すべて）を「ご記入」のうえ、" * 20)
    on_line = letters_of(made, page=1)
    assert len(on_line) > 200
    for (letter, _, right, line), (following, left, _, other_line) in pairwise(on_line):
        if line == other_line:
            assert left - right > 0.08, letter + following  # mm of white between
