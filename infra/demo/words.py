"""Everything the report says, in Japanese and English."""

from infra.demo.people import Words
from shared.measurement.limits import Reason
from shared.vocabulary import Kind

KINDS = {
    Kind.STEPS: Words("歩数", "Steps"),
    Kind.BLOOD_GLUCOSE: Words("血糖値", "Blood glucose"),
    Kind.BLOOD_PRESSURE: Words("血圧", "Blood pressure"),
    Kind.WEIGHT: Words("体重", "Weight"),
    Kind.HEART_RATE: Words("心拍数", "Heart rate"),
    Kind.BODY_TEMPERATURE: Words("体温", "Body temperature"),
    Kind.OXYGEN_SATURATION: Words("血中酸素飽和度", "Oxygen saturation"),
    Kind.SLEEP: Words("睡眠", "Sleep"),
}
STATES = {
    "active": Words("連携中", "active"),
    "needs_reauth": Words("再連携待ち", "needs to reconnect"),
    "paused": Words("一時停止", "paused"),
    "revoked": Words("解除済み", "ended"),
    "not granted": Words("同意なし", "not granted"),
    "no data": Words("データなし", "no data"),
}
REASONS = {
    Reason.MALFORMED: Words("形式の誤り", "malformed"),
    Reason.WRONG_TYPE: Words("別の種類の値", "of another type"),
    Reason.TOO_OLD: Words("2000年より前の日時", "before 2000"),
    Reason.IN_FUTURE: Words("未来の日時", "in the future"),
    Reason.END_BEFORE_START: Words("終了が開始より前", "ends before it starts"),
    Reason.VALUE_MISSING: Words("値がない", "without a value"),
    Reason.IMPOSSIBLE: Words("あり得ない値", "impossible value"),
}
SECONDS = {
    "link_and_first_fetch": Words("連携と最初の取得", "linking and first fetch"),
    "days": Words("シミュレーションの経過", "the simulated days"),
    "read_back_and_compare": Words("読み戻しと照合", "reading back and comparing"),
    "request": Words("開示と消去の請求", "the request for disclosure and erasure"),
}

TITLE = Words("健康データ連携の実演報告", "Health data link: report of the demonstration")
MADE_UP = Words(
    "登場する人物と計測値はすべて架空のものです。Google は模擬環境で、関数・キュー・保存は本番と同じコードです。",
    "The people and their measurements are made up. Google is simulated; functions, queue and store run the code"
    " that runs in the cloud.",
)
RECORDED = Words(
    "記録された Google Fit の応答を、本番と同じ処理で取得しました。",
    "Recorded answers of Google Fit, fetched by the job that runs in the cloud.",
)
GOOD = Words("すべて確認できました", "Everything checked out")
BAD = Words("確認できない項目があります", "Something is not as it should be")
CHECKED = Words("確認したこと", "What was checked")
STORY = Words("出来事", "What happened")
STORY_TIMES = Words("時刻は模擬の日本時間です。", "Times are simulated ones, in Japan.")
DAY = Words("{n}日目", "day {n}")
WEEKDAYS = tuple(Words(*day.split()) for day in ("月 Mon", "火 Tue", "水 Wed", "木 Thu", "金 Fri", "土 Sat", "日 Sun"))
WHO = Words("だれの何が保存されたか", "Who has what")
HANDED_ON = Words("病院に渡ったもの、止まったもの", "What a hospital was handed, and what stopped")
HANDED_WHY = Words(
    "はなさんが保健指導のために{hospital.ja}へ提供した種類です。時刻は模擬の日本時間です。",
    "The kinds that Hana gave to {hospital.en} for health guidance. Times are simulated ones, in Japan.",
)
READINGS = Words("読んだ回数", "Readings")
LAST_POINTS = Words("最後に渡った件数", "Points, last time")
LAST_READ = Words("最後に読んだ時刻", "Last read")
TAKEN_BACK = Words("撤回した時刻", "Taken back")
ANSWERED = Words("その後の応答", "Answered since")
STILL_READ = Words("読める", "may read")
REFUSED = Words("拒否 {n} 回（{code}）", "refused {n} times ({code})")
REQUEST = Words("紙の請求：開示と消去", "A request on paper: disclosure and erasure")
REQUEST_WHY = Words(
    "健さんの事案 {number}、回答の期限は {due}。書面、開示の一式、空になったアカウントは {folder}/ にあります。"
    "一人が本人を確かめ、別の一人が決め、システムが実行しました。",
    "Ken's case {number}, to be answered by {due}. Letters, package and the emptied account are in {folder}/."
    " One colleague verified who he is, another decided, and the system carried it out.",
)
CASE_DAYS = Words("事案の経過", "The days of the case")
WHEN, DAYS_LEFT = Words("日時", "When"), Words("残り日数", "Days left")
FOUND = Words("見つかったもの、消したもの", "What was found, and what was erased")
IN_PACKAGE, DELETED = (
    Words("開示した計測値", "Points disclosed"),
    Words("消した文書（1日1件）", "Documents deleted, a day each"),
)
COUNTED = Words("数", "Count")
EVIDENCE, DONE, PROOF = Words("実行の証拠", "Evidence"), Words("したこと", "Done"), Words("証拠", "Proof")
LETTERS, PAGES = Words("組版した書面", "Papers that were set"), Words("ページ", "Pages")
AUDITED = Words(
    "監査記録 {entries:,} 件の鎖と封を検証しました。",
    "The chains and seals of the audit log's {entries:,} entries were verified.",
)
FIGURES = Words("数値の要約", "Key figures")
COSTS = Words("処理にかかったもの", "What it took")
FILES = Words("記録ファイル", "Recorded files")
YES, NO = Words("はい", "yes"), Words("いいえ", "no")
TABLE = Words("データ表", "Data table")
DATE = Words("日付", "Date")
WHAT, WHY = Words("内容", "What"), Words("理由", "Reason")
COUNT, TASKS = Words("件数", "Points"), Words("タスク", "Tasks")
GOOGLE_CALLS, MEDIAN = Words("Google の呼び出し", "Calls to Google"), Words("取得1回の中央値", "Median visit")
TOOK = Words("所要時間（秒）", "Seconds it took")
KIND, POINTS, HELD = Words("種類", "Kind"), Words("保存件数", "Points stored"), Words("Google の件数", "At Google")
NEWEST, STATE, COMPLETE = Words("最新の値", "Newest"), Words("状態", "State"), Words("完全", "Complete")
ASIDE, EACH = Words("除外", "Set aside"), Words("1件あたり", "Bytes each")
FILE, SERVED = Words("ファイル", "File"), Words("利用", "Used")
ENDPOINT, CALLS = Words("Google の窓口", "Google endpoint"), Words("呼び出し", "Calls")
FUNCTION, REQUESTS = Words("関数", "Function"), Words("要求", "Requests")
READS, WRITES = Words("読み取り", "Store reads"), Words("書き込み", "Store writes")
MADE_FROM = Words(
    "グラフは GET /measurement の日ごとの要約から作成しました。線は計測のない日で途切れます。",
    "The charts are drawn from the day summaries of GET /measurement. Lines break on days without a measurement.",
)

MIN, MEAN, MAX = Words("最小", "lowest"), Words("平均", "mean"), Words("最大", "highest")
BAND = Words("1日の最小〜最大", "lowest to highest of the day")
SYSTOLIC, DIASTOLIC = Words("収縮期（平均）", "systolic (mean)"), Words("拡張期（平均）", "diastolic (mean)")
LAST = Words("その日の最後の値", "last of the day")
LOWEST = Words("1日の最小", "lowest of the day")
STEPS_A_DAY = Words("1日の歩数", "steps a day")
STAGES = {
    "deep": Words("深い睡眠", "deep"),
    "light": Words("浅い睡眠", "light"),
    "rem": Words("レム睡眠", "REM"),
    "asleep": Words("睡眠（段階不明）", "asleep, stage unknown"),
    "awake": Words("覚醒・離床", "awake or out of bed"),
}
