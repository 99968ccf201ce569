"""What people write in many ways, folded to one: names, readings, phone numbers, addresses, mail addresses.

For comparing, never for showing: two spellings that fold to the same text are the same to us. Folding twice changes
nothing. An empty result means that nothing is there to be compared.
"""

import re
import unicodedata
from collections.abc import Callable

_VARIANTS = """
高髙 崎﨑 辺邊邉 浜濱濵 島嶋嶌 沢澤 広廣 国國囯 真眞 恵惠 桜櫻 徳德 瀬瀨 増增 曽曾 蔵藏 条條 渕淵渊 円圓 栄榮 竜龍 滝瀧
藪薮籔 柳栁桺 桑桒 富冨 峰峯 鶴靏靍 斎齋 斉齊 吉𠮷 土圡 船舩 館舘 昇曻 松柗枩 杉杦 寿壽 関關 塩鹽 万萬 豊豐 実實 宝寶
学學 応應 会會 桧檜 静靜 青靑 黒黑 黄黃 郷鄕 戸戶 尭堯 遥遙 槙槇 瑶瑤 礼禮 弥彌 権權 荘莊 壮壯 勲勳 穂穗 芦蘆 巌巖 厳嚴
芸藝 剣劍 県縣 亀龜 楽樂 温溫 清淸 収收 聡聰 譲讓 顕顯 頼賴 来來 両兩 緑綠 鉄鐵 将將 粋粹 仏佛 歩步 毎每 満滿 与與 誉譽
稲稻 為爲 衛衞 奥奧 横橫 覚覺 観觀 巻卷 気氣 暁曉 継繼 恒恆 児兒 渋澁澀 証證 浄淨 慎愼 数數 声聲 専專 浅淺 双雙 巣巢
台臺 鎮鎭 伝傳 灯燈 当當 発發 姫姬 録錄 湾灣 亜亞 乗乘 参參 蛍螢 炉爐 労勞 歴歷 暦曆 帰歸 団團 対對 医醫 駅驛 区區
図圖 鉱鑛
"""
"""Forms of one character, the present one first: the old forms that the list of characters in common use (常用漢字表,
2010) has in brackets, and those that families' registers write for them. Compatibility ideographs are folded by NFKC.
Different characters that are merely confused (斎 and 斉) stay apart: whose name it is, papers decide."""
_SMALL = "ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ"
_HEARD_ALIKE = "ヂヅヲヰヱ", "ジズオイエ"
_DASHES = "‐‑‒–—―−─━﹣"

_KATAKANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_PLAIN_KANJI = {ord(other): group[0] for group in _VARIANTS.split() for other in group[1:]}
_LARGE_KANA = str.maketrans(_SMALL[0] + _HEARD_ALIKE[0], _SMALL[1] + _HEARD_ALIKE[1])
_TO_HYPHEN = str.maketrans(dict.fromkeys(_DASHES, "-"))
_VOICE_MARKS = "\u3099\u309a"

_NUMERALS = "〇零一二三四五六七八九"
_DIGIT = rf"[0-9{_NUMERALS}十百]"
_NUMERAL = rf"[{_NUMERALS}十百]+"
_COUNTING = rf"{_NUMERAL}(?=丁目|番|号|条|階|[\-ノ]{_DIGIT})|(?:(?<={_DIGIT}[\-ノ])|(?<=丁目|番地)){_NUMERAL}"
_PREFECTURES = (
    "北海道|東京都|(?:京都|大阪)府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川|福井|"
    "山梨|長野|岐阜|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|"
    "大分|宮崎|鹿児島|沖縄)県"
)


def fold_name(text: str) -> str:
    """A name as written: widths, spaces, case, accents, kana and forms of kanji do not count; 々 is written out."""
    return _settled(text, _name)


def fold_kana(text: str) -> str:
    """A name's reading, in katakana: what sounds alike over the phone, or is small on a form, is alike."""
    return _settled(text, _kana)


def fold_phone(text: str) -> str:
    """A phone number's digits, Japanese ones from their 0 on, others from their +. An extension is left off."""
    return _settled(text, _phone)


def fold_postal(text: str) -> str:
    """The seven digits of a Japanese postal code; "" if it is none."""
    digits = re.sub(r"[〒\sー-]", "", _plain(text).translate(_TO_HYPHEN))
    return digits if re.fullmatch(r"[0-9]{7}", digits) else ""


def fold_address(text: str) -> str:
    """An address in Japan: without postal code and prefecture, and its numbers as 1-2-3 however they are counted."""
    return _settled(text, _address)


def fold_mail(text: str) -> str:
    """A mail address. Only the domain is without case (RFC 5321 §2.4)."""
    return _settled(text, _mail)


def _settled(text: str, step: Callable[[str], str]) -> str:
    # Leaving something out can bring together what has then to be folded itself.
    while (folded := step(text)) != text:
        text = folded
    return text


def _plain(text: str) -> str:
    """Composed and compatible, without selectors of glyphs and other invisible characters, and without accents."""
    apart = unicodedata.normalize("NFKD", text)
    kept = (
        letter
        for letter in apart
        if letter in _VOICE_MARKS or unicodedata.category(letter) not in ("Mn", "Me", "Cf", "Cc") or letter.isspace()
    )
    return unicodedata.normalize("NFKC", "".join(kept))


def _name(text: str) -> str:
    text = _plain(text).casefold().translate(_KATAKANA).translate(_PLAIN_KANJI).translate(_TO_HYPHEN)
    text = re.sub(r"[\s・.,、，'’`\-]", "", text)
    return re.sub(r"([\u3400-\u9fff\U00020000-\U0003ffff])[々〻]", r"\1\1", text)


def _kana(text: str) -> str:
    text = _plain(text).casefold().translate(_KATAKANA).translate(_LARGE_KANA).translate(_TO_HYPHEN)
    return re.sub(r"[\s・.,、，'’`]", "", text.replace("-", "ー"))


def _phone(text: str) -> str:
    number = re.split(r"内線|ext|x|#", _plain(text).casefold(), maxsplit=1)[0].strip()
    digits = re.sub(r"[^0-9]", "", number)
    if not digits:
        return ""
    abroad = number.lstrip("(").startswith("+")
    home = re.fullmatch(r"81([0-9]+)" if abroad else r"0081([0-9]+)|81([0-9]{9,10})", digits)
    if home:
        return "0" + (home[1] or home[home.re.groups]).lstrip("0")
    return f"+{digits}" if abroad else digits


def _address(text: str) -> str:
    text = _plain(text).casefold().translate(_KATAKANA).translate(_PLAIN_KANJI).translate(_LARGE_KANA)
    text = re.sub(rf"(?<={_DIGIT})ー(?={_DIGIT})", "-", text.translate(_TO_HYPHEN))
    text = re.sub(r"^\W*[0-9]{3}-?[0-9]{4}(?=[^0-9])", "", text)
    text = re.sub(r"(?<=[0-9])[\s,、，]+(?=[0-9])", "-", text)
    text = re.sub(r"[\s,、，.・〒]", "", text).replace("大字", "")
    text = re.sub(rf"^(?:{_PREFECTURES})", "", text)
    text = re.sub(r"(?<=[\u30a1-\u9fff])[ケガ](?=[\u3400-\u9fff])", "ケ", text)
    text = re.sub(r"(?<=[\u3400-\u9fff])之(?=[\u3400-\u9fff])", "ノ", text)
    text = re.sub(_COUNTING, lambda found: str(_number(found[0])), text)
    text = re.sub(r"(?<=[0-9])(?:丁目|番地|番(?!町)|号室|号)ノ?|(?<=[0-9])[ノ丁](?=[0-9])", "-", text)
    return re.sub(r"-+(?=-)|-+(?![0-9])", "", text)


def _number(numeral: str) -> int:
    """三十二 and 三二 are 32."""
    if not re.search("[十百]", numeral):
        return int("".join(str(max(0, _NUMERALS.index(letter) - 1)) for letter in numeral))
    total = last = 0
    for letter in numeral:
        if letter in "十百":
            total, last = total + (last or 1) * (10 if letter == "十" else 100), 0
        else:
            last = last * 10 + max(0, _NUMERALS.index(letter) - 1)
    return total + last


def _mail(text: str) -> str:
    text = re.sub(r"\s", "", _plain_mail(text))
    local, at, domain = text.rpartition("@")
    return f"{local}@{domain.casefold().replace('。', '.').rstrip('.')}" if at else text


def _plain_mail(text: str) -> str:
    kept = (letter for letter in text if unicodedata.category(letter) not in ("Cf", "Cc"))
    return unicodedata.normalize("NFKC", "".join(kept))
