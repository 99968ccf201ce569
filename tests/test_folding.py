import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared import folding
from shared.folding import fold_address, fold_kana, fold_mail, fold_name, fold_phone, fold_postal

WRITTEN = st.text(
    st.one_of(
        st.sampled_from(
            "髙﨑邉齋佐々木ﾊﾞﾝヴゎヶゝゞ゛゜が゙ノ之の一二十百〇丁目番地号条大字〒東京都京都府ー-－"
            "−０１2381+()@.。 　Éßﬀİ\u200b\U000e0100内線x"
        ),
        st.characters(codec="utf-8"),
    ),
    max_size=30,
)


@pytest.mark.parametrize("fold", [fold_name, fold_kana, fold_phone, fold_postal, fold_address, fold_mail])
@given(WRITTEN)
@example("0081008190")
@example("東東京都京都")
@example("一二ノ三1ー2")
def test_folding_twice_changes_nothing(fold, text: str):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("fold", [fold_name, fold_kana, fold_phone, fold_postal, fold_address, fold_mail])
@given(WRITTEN)
def test_how_unicode_writes_the_same_does_not_count(fold, text: str):
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("山田 太郎", "山田　太郎"),
        ("髙橋", "高橋"),
        ("山﨑", "山崎"),
        ("渡邉", "渡辺"),
        ("渡邊", "渡辺"),
        ("齋藤", "斎藤"),
        ("𠮷田", "吉田"),
        ("葛󠄀城", "葛城"),  # with a selector of the glyph's form
        ("神\ufe00田", "神田"),
        ("\ufa19田", "神田"),  # a compatibility ideograph
        ("佐々木", "佐佐木"),
        ("ｻﾄｳ ﾊﾅｺ", "さとう はなこ"),
        ("ﾊﾞﾝﾊﾞ", "ばんば"),
        ("か゛", "が"),
        ("ＪＯＨＮ ＳＭＩＴＨ", "John Smith"),
        ("José", "JOSE"),
        ("Jose\u0301", "José"),
        ("マリア・ガルシア", "マリア ガルシア"),
        ("O’Brien", "O'Brien"),
        ("山\u200b田", "山田"),
    ],
)
def test_one_name_in_two_spellings(one: str, other: str):
    assert fold_name(one) == fold_name(other) != ""


@pytest.mark.parametrize(("one", "other"), [("斎藤", "斉藤"), ("太田", "大田"), ("山田太郎", "山田次郎"), ("か", "が")])
def test_different_names_stay_different(one: str, other: str):
    assert fold_name(one) != fold_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ｷｮｳｺ", "きょうこ"),
        ("キヨウコ", "キョウコ"),
        ("ミズノ カヅコ", "みづの かずこ"),
        ("ヲノ", "オノ"),
        ("ｺｰﾑﾗ", "コ－ムラ"),
        ("ローラ", "ロ−ラ"),
        ("ハ\u309aール", "パール"),
        ("ハ゜ール", "パール"),
    ],
)
def test_one_reading_in_two_spellings(one: str, other: str):
    assert fold_kana(one) == fold_kana(other) != ""


def test_different_readings_stay_different():
    assert fold_kana("ハシモト") != fold_kana("バシモト")
    assert fold_kana("オノ") != fold_kana("オオノ")


@pytest.mark.parametrize(
    "written",
    [
        "09012345678",
        "090-1234-5678",
        "０９０－１２３４－５６７８",
        "090 1234 5678",
        "090ー1234ー5678",
        "（090）1234-5678",
        "+81 90 1234 5678",
        "+81 (0)90-1234-5678",
        "＋８１９０１２３４５６７８",
        "0081 90 1234 5678",
        "81-90-1234-5678",
        "090-1234-5678 内線 12",
        "090-1234-5678 ext. 12",
    ],
)
def test_one_phone_number_in_many_spellings(written: str):
    assert fold_phone(written) == "09012345678"


def test_other_phone_numbers():
    assert fold_phone("+1 (555) 010-0000") == "+15550100000"
    assert fold_phone("0120-444-113") == "0120444113"
    assert fold_phone("なし") == ""


@pytest.mark.parametrize(
    "written", ["100-0001", "〒100-0001", "１００－０００１", "1000001", "〒 100ー0001", "100−0001"]
)
def test_one_postal_code_in_many_spellings(written: str):
    assert fold_postal(written) == "1000001"


@pytest.mark.parametrize("written", ["", "100-001", "100-00012", "abc"])
def test_what_is_no_postal_code(written: str):
    assert fold_postal(written) == ""


@pytest.mark.parametrize(
    "written",
    [
        "東京都千代田区霞が関1-2-3",
        "〒100-0013 東京都千代田区霞が関１－２－３",
        "千代田区霞ヶ関一丁目二番三号",
        "東京都千代田区霞ケ関1丁目2番3号",
        "東京都千代田区霞ガ関１丁目２番地３",
        "東京都千代田区霞が関1丁目2番地の3",
        "東京都 千代田区 霞が関 1ー2ー3",
        "東京都千代田区霞が関一ー二ー三",
        "東京都千代田区霞が関1の2の3",
        "東京都千代田区霞が関1−2‐3",
        "100-0013 千代田区霞が関1-2-3",
    ],
)
def test_one_address_in_many_spellings(written: str):
    assert fold_address(written) == fold_address("千代田区霞ケ関1-2-3") == "千代田区霞ケ関1-2-3"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1-2-3 101号室", "1丁目2番3号 101"),
        ("港区六本木六丁目10番1号", "港区六本木6-10-1"),
        ("横浜市西区みなとみらい２丁目２番１号", "神奈川県横浜市西区みなとみらい2-2-1"),
        ("札幌市中央区北一条西二丁目", "札幌市中央区北1条西2丁目"),
        ("渋谷区二十四軒三十二番", "渋谷区二十四軒32番"),
        ("丸の内2-1 ｺｰﾎﾟ花 201", "丸ノ内二丁目1番コーポ花201号室"),
        ("千代田区三番町5", "千代田区3番町5番地"),
        ("川越市大字古谷上百二番地", "川越市古谷上102"),
        ("龍ケ崎市1", "茨城県竜ヶ崎市1番地"),
        ("つつじヶ丘1-1", "つつじが丘1丁目1"),
    ],
)
def test_pairs_of_one_address(one: str, other: str):
    assert fold_address(one) == fold_address(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("銀座1-23", "銀座12-3"),
        ("銀座1 23", "銀座12 3"),
        ("銀座1-2-3", "銀座1-2"),
        ("一宮市1", "二宮町1"),
        ("大阪市1-1", "大阪狭山市1-1"),
    ],
)
def test_different_addresses_stay_different(one: str, other: str):
    assert fold_address(one) != fold_address(other)


@pytest.mark.parametrize(
    "written",
    [
        "Taro@example.jp",
        "Taro@EXAMPLE.jp",
        " Taro@example.jp ",
        "Ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ",
        "Taro@example。jp",
        "Taro@example.jp.",
    ],
)
def test_one_mail_address_in_many_spellings(written: str):
    assert fold_mail(written) == "Taro@example.jp"


def test_mail_addresses_that_may_be_two_peoples_stay_two():
    assert fold_mail("Taro@example.jp") != fold_mail("taro@example.jp")
    assert fold_mail("jose@example.jp") != fold_mail("josé@example.jp")


def test_every_form_of_a_character_stands_in_one_group_only():
    letters = [letter for group in folding._VARIANTS.split() for letter in group]
    assert len(letters) == len(set(letters))
    assert all(unicodedata.normalize("NFKC", letter) == letter for letter in letters)
