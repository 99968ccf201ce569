"""What the package says by itself, in both languages."""

from dataclasses import dataclass

from shared.disclosure.package.model import Category, Ground
from shared.policy.model import Words
from shared.vocabulary import Language


@dataclass(frozen=True, slots=True)
class Say:
    """The package's words in one language, by their key, with what they name put in."""

    language: Language

    def __call__(self, key: str, /, **named: object) -> str:
        return WORDS[key].of(self.language).format(**named)


def _w(ja: str, en: str) -> Words:
    return Words(ja=ja, en=en)


WORDS: dict[str, Words] = {
    "title": _w("保有個人データ開示書", "Your personal data: what we hold"),
    # columns of measurements
    "start": _w("開始日時", "Start"),
    "end": _w("終了日時", "End"),
    "origin": _w("記録元", "Recorded by"),
    "by_hand": _w("手入力 (1=はい)", "Entered by hand (1 = yes)"),
    "modified": _w("記録元での更新日時", "Last changed at the source"),
    "name": _w("睡眠記録の番号", "Sleep session"),
    "aside.reason": _w("表示しない理由", "Why it is not shown"),
    "aside.raw": _w("届いたままの内容", "As it came"),
    # columns of consents
    "number": _w("番号", "Number"),
    "at": _w("日時", "Time"),
    "purpose": _w("利用目的", "Purpose"),
    "kind": _w("データの種類", "Kind of data"),
    "to": _w("提供先", "Recipient"),
    "state": _w("内容", "What was decided"),
    "by": _w("決めた方", "Decided by"),
    "method": _w("方法", "How"),
    "notice": _w("説明の版", "Notice"),
    "valid_until": _w("有効期限", "Valid until"),
    "reason": _w("理由", "Reason"),
    "receipt": _w("受領書の番号", "Receipt"),
    "comma": _w("、", ", "),
    "everyone": _w("すべて", "Everything"),
    # the report
    "case": _w("受付番号", "Case number"),
    "period": _w("対象期間", "Period"),
    "dates": _w("{first}から{last}まで", "{first} to {last}"),
    "made_at": _w("作成日時", "Made at"),
    "zone": _w("日付の基準", "Dates of"),
    "controller": _w("個人情報取扱事業者", "Controller"),
    "desk": _w("お問合せ窓口", "Questions"),
    "complaints": _w("苦情の解決の申し出先（認定個人情報保護団体）", "Complaints (accredited organization)"),
    "summary": _w("測定値の一覧", "Measurements at a glance"),
    "points": _w("記録の数", "Records"),
    "days": _w("記録のある日数", "Days with data"),
    "first_day": _w("最初の日", "First day"),
    "last_day": _w("最後の日", "Last day"),
    "month": _w("月", "Month"),
    "months": _w("月ごとの推移", "Month by month"),
    "year": _w("{year}年", "{year}"),
    "mean": _w("平均", "Mean"),
    "least": _w("最小", "Lowest"),
    "most": _w("最大", "Highest"),
    "none": _w("この期間の記録はありません。", "Nothing was recorded in this period."),
    "nothing": _w("記録はありません。", "There are no records."),
    "more": _w(
        "新しいものから{shown}件です。すべては{file}にあります。", "The newest {shown}. All of them are in {file}."
    ),
    "all": _w("くわしい内容は{file}にあります。", "In full in {file}."),
    "chart.day": _w("{kind}（1日ごと）{year}年", "{kind}, day by day, {year}"),
    "chart.month": _w("{kind}（月ごと）", "{kind}, month by month"),
    "glance.mean": _w("期間の平均", "Mean of the period"),
    "files.title": _w("このほかのファイル", "The other files"),
    "files.about": _w(
        "すべての記録が、表（CSV）と、ほかのシステムで読める形（FHIR R4、JSON）で入っています。"
        "くわしくはREADMEをご覧ください。",
        "Every single record is in the tables (CSV) and in files for other systems (FHIR R4, JSON); see README.",
    ),
    "contact.title": _w("お問合せ", "Questions and complaints"),
    "withheld.title": _w("開示していない部分", "What is left out"),
    "withheld.none": _w("開示していない部分はありません。", "Nothing is left out."),
    "withheld.where": _w("場所", "Where"),
    "withheld.why": _w("理由", "Why"),
    "withheld.passage": _w("{where} のうち一部の語句", "a passage of {where}"),
    "years.cut": _w(
        "1日ごとの図は新しい{years}年分です。それより前の記録はCSVにあります。",
        "The charts day by day are of the newest {years} years. What is older is in the CSV files.",
    ),
    "reading.steps": _w(
        "1日の合計歩数。日をまたぐ記録は時間で分けています。",
        "Steps of each day. Records over midnight are shared by time.",
    ),
    "reading.band": _w(
        "帯はその日の最小から最大、線は平均。記録のない日で線が切れます。",
        "The band is from the lowest to the highest of each day, the line the mean. It breaks where nothing was "
        "recorded.",
    ),
    "reading.pressure": _w(
        "実線は最高血圧、破線は最低血圧のその日の平均。記録のない日で線が切れます。",
        "Means of each day: solid systolic, dashed diastolic. Lines break where nothing was recorded.",
    ),
    "reading.line": _w(
        "その日の平均（体重は最後の値）。記録のない日で線が切れます。",
        "Mean of each day (of weight, the last value). The line breaks where nothing was recorded.",
    ),
    "reading.sleep": _w(
        "起きた日の睡眠時間。段階の記録がない睡眠は「睡眠」。",
        "Hours slept, on the day of waking up. Sleep without stages is “Asleep”.",
    ),
    "as_recorded": _w(
        "機器やアプリが記録した値をそのまま集計したもので、診断ではありません。",
        "These are the values as devices and apps recorded them, added up. They are not a diagnosis.",
    ),
    "page": _w("ページ", "Page"),
    "steps.unit": _w("歩", "steps"),
    "bpm": _w("回/分", "beats/min"),
    "hours": _w("時間", "hours"),
    "daily_mean": _w("1日平均", "Mean per day"),
    "daily_most": _w("1日最多", "Highest day"),
    "total": _w("合計", "Total"),
    "systolic": _w("最高血圧", "Systolic"),
    "diastolic": _w("最低血圧", "Diastolic"),
    "asleep": _w("睡眠", "Asleep"),
    "deep": _w("深い", "Deep"),
    "light": _w("浅い", "Light"),
    "rem": _w("レム", "REM"),
    "range": _w("最小～最大", "Lowest–highest"),
}

CATEGORIES: dict[Category, Words] = {
    Category.PROFILE: _w("ご登録内容", "Profile"),
    Category.MEASUREMENTS: _w("測定値", "Measurements"),
    Category.CONSENTS: _w("同意の記録", "Consents"),
    Category.CONNECTIONS: _w("連携の状態", "Connections"),
    Category.PROVISIONS: _w("第三者提供の記録", "Provisions to third parties"),
    Category.ACCESS: _w("閲覧の記録", "Who read your data"),
    Category.ERASURES: _w("消去の記録", "Erasures"),
    Category.INQUIRIES: _w("お問合せ・ご請求", "Inquiries and requests"),
}

GROUNDS: dict[Ground, Words] = {
    Ground.HARM: _w(
        "本人または第三者の生命、身体、財産その他の権利利益を害するおそれがあるため（個人情報保護法第33条第2項第1号）",
        "It may harm the life, body, property or other rights and interests of the person or of others "
        "(APPI art. 33(2)(i))",
    ),
    Ground.HINDRANCE: _w(
        "業務の適正な実施に著しい支障を及ぼすおそれがあるため（同項第2号）",
        "It may seriously hinder the proper conduct of our business (APPI art. 33(2)(ii))",
    ),
    Ground.OTHER_LAW: _w(
        "他の法令に違反することとなるため（同項第3号）", "It would break another law (APPI art. 33(2)(iii))"
    ),
    Ground.THIRD_PARTY: _w("ほかの方の個人情報であるため", "It is somebody else's personal information"),
    Ground.MY_NUMBER: _w(
        "特定個人情報であり、特定個人情報保護管理者が開示しないと判断したため",
        "It is My Number data, which its protection manager decided not to disclose",
    ),
    Ground.ERASING: _w("ご本人の求めにより消去しているところであるため", "It is being erased, as the person asked"),
}
