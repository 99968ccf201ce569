"""Reports of any length."""

from datetime import date
from typing import Any

import pytest

from shared.papers.report import Block, Chart, Facts, Heading, Report, Table, Text, print_report
from shared.vocabulary import Language
from tests.papers.pages import AT, overlapping, picture, pieces, reader, text_of

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 40" font-family="BIZ UDPGothic" font-size="6">'
    '<rect x="20" y="5" width="120" height="30" fill="{}"/></svg>'
)


def report(*blocks: Block) -> Report:
    return Report(
        title="開示資料", number="KG-7Q4M-X2T9", about="髙橋 𠮷子 様", by="会社", on=date(2026, 11, 25), blocks=blocks
    )


@pytest.mark.parametrize("language", Language)
async def test_everything_of_a_report_is_in_it(language: Language):
    made = await print_report(
        report(
            Heading("登録情報"),
            Text("説明です。"),
            Facts((("氏名", "髙橋 𠮷子"), ("住所", "東京都"))),
            Heading("測定", 2),
            Table(("日時", "値"), (("朝", "120"), ("夜", "118")), widths=(2, 1), numeric=(1,)),
            Chart(SVG.format("#000"), "黒い四角", "図の題"),
        ),
        language,
        AT,
    )
    text = text_of(made)
    for word in (
        "開示資料",
        "髙橋𠮷子様",
        "登録情報",
        "説明です。",
        "東京都",
        "測定",
        "日時",
        "120",
        "118",
        "図の題",
        "令和8年" if language == "ja" else "2026",
    ):
        assert word in text


async def test_a_chart_is_drawn_and_told_in_words():
    drawn = await print_report(report(Chart(SVG.format("#000"), "黒い四角", "題")), Language.JA, AT)
    empty = await print_report(report(Chart(SVG.format("#fff"), "白い四角", "題")), Language.JA, AT)
    dark = [sum(1 for grey in picture(pdf, 1, 1).tobytes() if grey < 50) for pdf in (drawn, empty)]
    assert dark[0] > dark[1] + 1_000
    root: Any = reader(drawn).trailer["/Root"]
    assert "黒い四角".encode("utf-16-be") in b"".join(
        bytes(alt.original_bytes) for alt in _alts(root["/StructTreeRoot"])
    )


def _alts(node, depth: int = 0):
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for one in node:
            yield from _alts(one, depth + 1)
    elif isinstance(node, dict):
        if "/Alt" in node:
            yield node["/Alt"]
        if "/K" in node:
            yield from _alts(node["/K"], depth + 1)


async def test_a_long_table_repeats_its_head_on_every_page_and_loses_no_row():
    rows = tuple((f"行{n}", f"{n * 7}", "あ" * (n % 60)) for n in range(300))
    made = await print_report(
        report(Heading("表"), Table(("見出し", "値", "備考"), rows, numeric=(1,))), Language.JA, AT
    )
    pages = [page.extract_text() for page in reader(made).pages][1:]
    assert len(pages) > 5
    assert all("見出し" in page for page in pages)
    text = text_of(made)
    assert [row for row in rows if row[0] not in text] == []
    assert [overlapping(runs) for runs in pieces(made) if overlapping(runs)] == []


def test_a_row_that_does_not_fit_its_head_is_a_programming_error():
    with pytest.raises(ValueError, match="rows"):
        Table(("a", "b"), (("1",),))
    with pytest.raises(ValueError, match="widths"):
        Table(("a", "b"), (("1", "2"),), widths=(1,))
