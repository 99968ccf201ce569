"""What the package says by itself, in both languages."""

from dataclasses import dataclass

from shared.consent.model import Method, Role, State
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

FIELD_NAMES: dict[str, Words] = {
    "count": _w("歩数 (歩)", "Steps"),
    "mmol_per_l": _w("血糖値 (mmol/L)", "Blood glucose (mmol/L)"),
    "relation_to_meal": _w("食事との関係", "Relation to meal"),
    "meal_type": _w("食事の種類", "Meal"),
    "relation_to_sleep": _w("睡眠との関係", "Relation to sleep"),
    "specimen": _w("検体", "Specimen"),
    "systolic_mmhg": _w("最高血圧 (mmHg)", "Systolic (mmHg)"),
    "diastolic_mmhg": _w("最低血圧 (mmHg)", "Diastolic (mmHg)"),
    "body_position": _w("姿勢", "Body position"),
    "measurement_location": _w("測定部位", "Measured at"),
    "kg": _w("体重 (kg)", "Weight (kg)"),
    "bpm": _w("心拍数 (回/分)", "Heart rate (beats/min)"),
    "celsius": _w("体温 (°C)", "Body temperature (°C)"),
    "percent": _w("酸素飽和度 (%)", "Oxygen saturation (%)"),
    "supplemental_flow_l_per_min": _w("酸素流量 (L/分)", "Supplemental oxygen (L/min)"),
    "therapy_mode": _w("酸素の投与方法", "Oxygen therapy"),
    "system": _w("測定系", "System"),
    "method": _w("測定方法", "Method"),
    "stage": _w("睡眠の段階", "Sleep stage"),
}

MEANINGS: dict[str, Words] = {
    "left_wrist": _w("左手首", "left wrist"),
    "right_wrist": _w("右手首", "right wrist"),
    "left_upper_arm": _w("左上腕", "left upper arm"),
    "right_upper_arm": _w("右上腕", "right upper arm"),
    "axillary": _w("わき", "armpit"),
    "finger": _w("指", "finger"),
    "forehead": _w("額", "forehead"),
    "oral": _w("口", "mouth"),
    "rectal": _w("直腸", "rectum"),
    "temporal_artery": _w("側頭動脈", "temporal artery"),
    "toe": _w("足の指", "toe"),
    "tympanic": _w("耳（鼓膜）", "ear"),
    "wrist": _w("手首", "wrist"),
    "vaginal": _w("膣", "vagina"),
    "general": _w("特になし", "general"),
    "fasting": _w("空腹時", "fasting"),
    "before_meal": _w("食前", "before a meal"),
    "after_meal": _w("食後", "after a meal"),
    "unknown": _w("不明", "unknown"),
    "breakfast": _w("朝食", "breakfast"),
    "lunch": _w("昼食", "lunch"),
    "dinner": _w("夕食", "dinner"),
    "snack": _w("間食", "snack"),
    "fully_awake": _w("覚醒時", "fully awake"),
    "before_sleep": _w("就寝前", "before sleep"),
    "on_waking": _w("起床時", "on waking"),
    "during_sleep": _w("睡眠中", "during sleep"),
    "interstitial_fluid": _w("間質液", "interstitial fluid"),
    "capillary_blood": _w("毛細血管血", "capillary blood"),
    "plasma": _w("血漿", "plasma"),
    "serum": _w("血清", "serum"),
    "tears": _w("涙液", "tears"),
    "whole_blood": _w("全血", "whole blood"),
    "standing": _w("立位", "standing"),
    "sitting": _w("座位", "sitting"),
    "lying_down": _w("臥位", "lying down"),
    "semi_recumbent": _w("半臥位", "semi-recumbent"),
    "nasal_cannula": _w("鼻カニューレ", "nasal cannula"),
    "peripheral_capillary": _w("末梢毛細血管", "peripheral capillary"),
    "pulse_oximetry": _w("パルスオキシメータ", "pulse oximetry"),
    "session": _w("睡眠の全体", "whole session"),
    "awake": _w("覚醒", "awake"),
    "asleep": _w("睡眠（段階不明）", "asleep"),
    "out_of_bed": _w("離床", "out of bed"),
    "light": _w("浅い睡眠", "light"),
    "deep": _w("深い睡眠", "deep"),
    "rem": _w("レム睡眠", "REM"),
}

STATES: dict[State, Words] = {
    State.REQUESTED: _w("招待し、返事待ち", "Invited, waiting for an answer"),
    State.GIVEN: _w("同意", "Given"),
    State.REFUSED: _w("同意しない", "Refused"),
    State.RECONFIRMED: _w("あらためて同意", "Given again"),
    State.KEPT: _w("新しい説明には同意せず、これまでの同意を維持", "Kept as it was; not given under a newer notice"),
    State.WITHDRAWN: _w("撤回", "Withdrawn"),
    State.EXPIRED: _w("期限切れ", "Expired"),
    State.INVALIDATED: _w("終了", "Ended"),
    State.ERASING: _w("消去の開始", "Erasing began"),
    State.ERASED: _w("消去の完了", "Erased"),
    State.FROZEN: _w("取扱いの停止", "Handling suspended"),
    State.THAWED: _w("取扱いの再開", "Handling resumed"),
}

ROLES: dict[Role, Words] = {
    Role.SELF: _w("ご本人", "Yourself"),
    Role.GUARDIAN: _w("保護者など法定代理人", "Parent or other statutory agent"),
    Role.AGENT: _w("代理人", "Agent"),
    Role.RELATIVE: _w("見守る家族", "The relative"),
    Role.STAFF: _w("担当者", "Staff"),
    Role.SYSTEM: _w("システム", "The system"),
}

METHODS: dict[Method, Words] = {
    Method.LINK: _w("Googleとの連携", "By connecting to Google"),
    Method.APP: _w("アプリ", "In the app"),
    Method.PAGE: _w("同意ページ", "On the consent page"),
    Method.INVITATION: _w("招待", "By invitation"),
    Method.STAFF: _w("担当者による登録", "Entered by staff"),
    Method.SYSTEM: _w("ほかの決定の結果", "Followed from another event"),
}

LABELS: dict[str, Words] = {
    "id": _w("番号", "Id"),
    "at": _w("日時", "Time"),
    "provider": _w("連携先", "Provider"),
    "state": _w("状態", "State"),
    "linked_at": _w("連携した日時", "Linked at"),
    "last_success_at": _w("最後に取得した日時", "Last fetched at"),
    "last_error": _w("最後の問題", "Last problem"),
    "kinds": _w("データの種類", "Kinds"),
    "kind": _w("データの種類", "Kind"),
    "recipient": _w("提供先の番号", "Recipient"),
    "recipient_name": _w("提供先", "Recipient's name"),
    "purpose": _w("利用目的", "Purpose"),
    "form": _w("形式", "Form"),
    "from": _w("期間の最初", "From"),
    "to": _w("期間の最後", "To"),
    "count": _w("件数", "Count"),
    "notice": _w("説明の版", "Notice"),
    "sha256": _w("送った内容のハッシュ値", "Hash of what was sent"),
    "size_bytes": _w("大きさ（バイト）", "Bytes"),
    "everything": _w("すべてのデータ", "Everything"),
    "requested_at": _w("求めた日時", "Asked for at"),
    "due_at": _w("期限", "Due at"),
    "finished_at": _w("完了した日時", "Done at"),
    "backups_until": _w("控えからも消える日時", "Gone from backups by"),
    "deleted": _w("消去した件数", "Deleted"),
    "family_name": _w("姓", "Family name"),
    "given_name": _w("名", "Given name"),
    "name": _w("氏名", "Name"),
    "kana": _w("フリガナ", "Reading (kana)"),
    "born_on": _w("生年月日", "Date of birth"),
    "address": _w("住所", "Address"),
    "postal_code": _w("郵便番号", "Postal code"),
    "phone": _w("電話番号", "Telephone"),
    "mail": _w("メールアドレス", "E-mail"),
    "who": _w("閲覧した者", "Who"),
    "role": _w("役割", "Role"),
    "what": _w("内容", "What"),
    "why": _w("理由", "Why"),
    "reason": _w("理由", "Reason"),
    "case": _w("受付番号", "Case"),
    "subject": _w("件名", "Subject"),
    "text": _w("本文", "Text"),
    "answers": _w("回答", "Answers"),
    "value": _w("値", "Value"),
    "field": _w("項目", "Item"),
}
"""Of the records' fields; one that has no word here is called by its name."""

VALUES: dict[str, Words] = {
    "google_fit": _w("Google Fit", "Google Fit"),
    "active": _w("連携中", "Active"),
    "needs_reauth": _w("再連携が必要", "Needs to be linked again"),
    "revoked": _w("解除済み", "Ended"),
    "paused": _w("停止中", "Paused"),
    "recorded": _w("提供", "Handed on"),
    "stopped": _w("提供せず", "Stopped, not sent"),
    "summaries": _w("1日ごとの集計", "Day summaries"),
    "points": _w("測定値", "Single values"),
    "begun": _w("処理中", "Begun"),
    "done": _w("完了", "Done"),
}
"""Of what records say in codes, for who reads the report; the files keep the codes."""
