"""What codes are called in letters and on pages, in both languages."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from shared.disclosure.codes import Defect, Ground, RequestType
from shared.policy.model import Basis, Words

K = TypeVar("K", bound=StrEnum)


def _table(rows: Mapping[K, tuple[str, str]]) -> Mapping[K, Words]:
    return MappingProxyType({code: Words(ja, en) for code, (ja, en) in rows.items()})


R, G, D = RequestType, Ground, Defect

REQUESTS = _table(
    {
        R.PURPOSE: ("利用目的の通知", "Notice of the purposes of use"),
        R.DISCLOSE: ("開示", "Disclosure"),
        R.RECORD: ("第三者提供記録の開示", "Disclosure of records of provision to third parties"),
        R.CORRECT: ("訂正・追加・削除", "Correction, addition or deletion"),
        R.CEASE: ("利用停止", "Cessation of use"),
        R.ERASE: ("消去", "Erasure"),
        R.STOP: ("第三者提供の停止", "Stop of provision to third parties"),
        R.COMPLAINT: ("苦情", "Complaint"),
    }
)

DONE = _table(
    {
        R.PURPOSE: ("同封の通知書のとおり利用目的を通知します。", "The purposes of use are in the enclosed notice."),
        R.DISCLOSE: ("お手元に交付する資料のとおり開示します。", "The data is disclosed in what you receive."),
        R.RECORD: ("同封の記録のとおり開示します。", "The records are disclosed as enclosed."),
        R.CORRECT: ("お求めのとおり訂正等を行いました。", "The data was corrected as you asked."),
        R.CEASE: ("お求めの範囲の利用を停止しました。", "The use that you named was ended."),
        R.ERASE: ("お求めの範囲のデータを消去しました。", "The data that you named was erased."),
        R.STOP: (
            "お求めの範囲の第三者提供を停止しました。",
            "Provision to the third parties that you named was ended.",
        ),
        R.COMPLAINT: ("お申し出を調査し、対応しました。", "We looked into your complaint and acted on it."),
    }
)
"""What was done, as a decision notice says it."""

GROUNDS = _table(
    {
        G.HARM: (
            "本人又は第三者の生命、身体、財産その他の権利利益を害するおそれがあるため",
            "It could harm the life, body, property or other rights of you or a third party",
        ),
        G.HINDRANCE: (
            "当社の業務の適正な実施に著しい支障を及ぼすおそれがあるため",
            "It could seriously hinder the proper conduct of our business",
        ),
        G.OTHER_LAW: ("他の法令に違反することとなるため", "It would violate another law"),
        G.PURPOSE_KNOWN: (
            "利用目的が明らかであるか、通知により権利利益等を害するおそれがあるため",
            "The purpose is evident, or telling it could harm rights or interests",
        ),
        G.NOT_UNTRUE: ("内容が事実でないとは認められないため", "The content was not found to be untrue"),
        G.OPINION: (
            "事実ではなく評価・意見に関するものであるため",
            "It concerns an assessment or opinion, and not a fact",
        ),
        G.NO_VIOLATION: (
            "法第35条に定める事由が認められないため",
            "None of the grounds of article 35 was found",
        ),
        G.SUBSTITUTE: (
            "多額の費用を要するなど困難であり、代わりの措置をとるため",
            "It is too difficult or costly, and something is done in its place",
        ),
        G.LAW_REQUIRES_KEEPING: (
            "法令により保存が義務付けられているため",
            "A law obliges us to keep it",
        ),
        G.MY_NUMBER: (
            "番号法により応じることができないため",
            "The My Number Act does not allow it",
        ),
    }
)

BASES = _table(
    {
        Basis.CONSENT: ("ご本人の同意", "Your consent"),
        Basis.NOTICE: ("利用目的の通知・公表", "Notice of the purpose"),
        Basis.CONTRACT: ("契約の履行", "Performance of a contract"),
        Basis.LAW: ("法令", "Law"),
    }
)

_LAW = ("個人情報の保護に関する法律", "Act on the Protection of Personal Information")
_ARTICLES = {
    "32-2": ("第32条第2項", "art. 32(2)"),
    "33-2-1": ("第33条第2項第1号", "art. 33(2)(i)"),
    "33-2-2": ("第33条第2項第2号", "art. 33(2)(ii)"),
    "33-2-3": ("第33条第2項第3号", "art. 33(2)(iii)"),
    "34-1": ("第34条第1項", "art. 34(1)"),
    "34-2": ("第34条第2項", "art. 34(2)"),
    "35-2": ("第35条第2項、第6項", "art. 35(2), (6)"),
    "35-4": ("第35条第4項、第6項", "art. 35(4), (6)"),
}
ARTICLES: Mapping[str, Words] = MappingProxyType(
    {
        **{code: Words(f"{_LAW[0]}{ja}", f"{_LAW[1]}, {en}") for code, (ja, en) in _ARTICLES.items()},
        "my_number_act": Words("行政手続における特定の個人を識別するための番号の利用等に関する法律", "My Number Act"),
    }
)
"""The provisions that `deciding.GROUNDS` names."""

DEFECTS: Mapping[Defect, tuple[Words, Words]] = MappingProxyType(
    {
        code: (Words(what_ja, what_en), Words(how_ja, how_en))
        for code, (what_ja, what_en, how_ja, how_en) in {
            D.NAME: (
                "ご本人のお名前", "Your name",
                "申請書の氏名欄にお名前とフリガナをご記入ください。", "Enter your name and its reading in the form.",
            ),
            D.ADDRESS: (
                "ご住所", "Your address",
                "申請書の住所欄に現在のご住所をご記入ください。", "Enter your present address in the form.",
            ),
            D.BIRTH_DATE: (
                "生年月日", "Your date of birth",
                "申請書の生年月日欄をご記入ください。", "Enter your date of birth in the form.",
            ),
            D.REQUEST: (
                "請求の種類", "What you request",
                "お求めになる請求の種類に印を付けてください。", "Tick what you request.",
            ),
            D.SCOPE: (
                "対象となるデータ", "The data concerned",
                "対象データの種類と期間をお知らせください。", "Tell us which data, and of which period.",
            ),
            D.SIGNATURE: (
                "署名または押印", "Signature or seal",
                "申請書にご署名または押印をお願いします。", "Sign or seal the form.",
            ),
            D.IDENTITY_PAPERS: (
                "本人確認書類", "Proof of identity",
                "運転免許証などの写しを同封してください。", "Enclose a copy of, for example, your driving licence.",
            ),
            D.NUMBER_VISIBLE: (
                "番号のマスキング", "A number that must not be seen",
                "個人番号や保険者番号等を黒く塗りつぶした写しをお送りください。",
                "Send a copy on which the individual number or insurer's numbers are blacked out.",
            ),
            D.MANDATE: (
                "委任状", "Power of attorney",
                "委任の範囲と期限を記した委任状を同封してください。",
                "Enclose a power of attorney that says for what, and until when.",
            ),
            D.SEAL_CERTIFICATE: (
                "印鑑登録証明書", "Certificate of the seal",
                "委任状の印の印鑑登録証明書（発行から3か月以内）を同封してください。",
                "Enclose a certificate of the seal on it, no more than three months old.",
            ),
            D.STATUTORY_PAPERS: (
                "法定代理権を示す書類", "Proof of being the statutory agent",
                "戸籍謄本または登記事項証明書を同封してください。",
                "Enclose a family register or a certificate of registered matters.",
            ),
            D.CORRECTION_GROUNDS: (
                "訂正の内容と根拠", "What is to be corrected, and why",
                "訂正前と訂正後の内容、その根拠をお知らせください。",
                "Tell us what is wrong, what is right, and what shows it.",
            ),
        }.items()
    }
)  # fmt: skip
"""What may be missing, and how to put it right."""
