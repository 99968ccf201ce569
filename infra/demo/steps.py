"""What happens in a story, in both languages: told at the terminal while it happens, and again in the report."""

from infra.demo.people import Words

LINKED = Words(
    "{who.ja}さんが Google Fit と連携し、8 種類のうち {kinds} 種類に同意する",
    "{who.en} connects Google Fit and ticks {kinds} of 8 kinds",
)
FIRST_FETCH = Words(
    "最初の取得が終わる（Google の呼び出し {calls:,} 回）", "The first fetch is done, after {calls:,} calls to Google"
)
WATCH_LOST = Words(
    "みどりさんの時計が電話とつながらなくなる。計測は続くが、送信されない",
    "Midori's watch loses its phone: it measures on, and uploads nothing",
)
WATCH_BACK = Words(
    "みどりさんの時計が電話とつながり、{records:,} 件の記録が最大二日遅れで届く",
    "Midori's watch finds its phone, and uploads {records:,} records up to two days late",
)
BAD_MORNING = Words(
    "Google に障害が起きる。八通りの失敗を {planned} 回仕掛ける",
    "Google has a bad morning: {planned} failures of eight sorts lie in wait",
)
WELL_AGAIN = Words(
    "Google が復旧する。仕掛けた {planned} 回のうち {struck} 回が起き、連携中は {active} 人",
    "Google is well again: {struck} of the {planned} failures came about, {active} links are active",
)
MISTYPED = Words(
    "はなさんが体重と血糖値を誤って入力し、壊れたセンサーが心拍数 5,000 を送る",
    "Hana mistypes her weight and an extra glucose value; a broken sensor says 5,000 bpm",
)
NOTICED = Words(
    "はなさんが Fit アプリで体重を訂正し、血糖値を削除する",
    "Hana corrects the weight and deletes the glucose value in the Fit app",
)
LOOKED_AGAIN = Words("はなさんが訂正と削除の結果をアプリで確かめる", "Hana looks at both again in our app")
TAKES_OFF = Words(
    "健さんがベルリンへ発つ。機内の {hours} 時間は何も計測されない",
    "Ken takes off for Berlin; nothing is measured in the {hours} hours of the flight",
)
LANDS = Words("健さんがベルリンに着き、アプリが新しい時間帯を伝える", "Ken lands in Berlin; his app tells the new zone")
REVOKED = Words(
    "みどりさんが Google アカウントで KAGAMINO のアクセスを取り消す",
    "Midori takes KAGAMINO's access back in her Google Account",
)
REVOCATION_SEEN = Words(
    "次の取得で取り消しが分かる。みどりさんの連携は「{state.ja}」になり、取得は止まる",
    "The next fetch notices: Midori's link {state.en}, and nothing is fetched",
)
RECONNECTED = Words(
    "みどりさんが連携し直す。連携は「{state.ja}」に戻り、続きから取得する",
    "Midori reconnects: her link is {state.en} again, and catches up",
)
GIVEN_TO = Words(
    "はなさんが{hospital.ja}に、保健指導のため{kinds.ja}を見せることに同意する。病院が直近 7 日の {points:,} 件を読む",
    "Hana lets {hospital.en} see {kinds.en} for health guidance; it reads {points:,} points of the last 7 days",
)
TAKEN_BACK = Words(
    "取得が行われている最中に、はなさんが{hospital.ja}への{kind.ja}の提供を撤回する",
    "In the midst of a fetch, Hana takes {kind.en} back from {hospital.en}",
)
CALLED = Words(
    "引っ越しを控えた健さんが窓口に電話し、保有データの開示と消去を求める（受付番号 {number}）",
    "About to move, Ken phones the desk: a copy of all his data, then its erasure (case {number})",
)
FORM_POSTED = Words(
    "受付番号と二次元コードの入った申請書を組版し、郵送する", "The form with its number and code is set, and posted"
)
FORM_BACK = Words(
    "申請書が {yen:,} 円分の切手とともに三日後に届き、二度書き写される。14 日の期限が始まる",
    "Three days later the form is back, with {yen:,} yen in stamps, and is copied twice; the 14 days begin",
)
PROVEN = Words(
    "確認者が運転免許証の写しを見て、アプリに登録された内容との一致を確かめる。取得と提供を暫定的に止める",
    "A verifier sees his licence and that the form matches what he gave in the app; all handling is frozen",
)
DISCLOSURE_DECIDED = Words(
    "別の担当者が全部の開示を決定する。二人の承認がそろう",
    "Another colleague decides to disclose all: two have approved",
)
PACKED = Words(
    "開示の一式（{files} ファイル、計測値 {rows:,} 件）ができ、健さんがアプリで受け取る",
    "The package is made, {files} files with {rows:,} points, and Ken takes it in the app",
)
ERASURE_DECIDED = Words("消去が決定され、システムが実行する", "The erasure is decided; the system carries it out")
ERASED = Words(
    "同意を終え、Google の許可を取り消し、データ鍵を壊し、{documents} 件の文書を消す",
    "Consents end, Google's permission is revoked, the key destroyed, {documents} documents deleted",
)
ANSWERS_POSTED = Words(
    "決定の通知を組版し、郵送する。この事案の書面は {letters} 通",
    "The answers are set and posted: {letters} papers in this case",
)
READ_BACK = Words(
    "全員の値を HTTP で読み戻し、Google にある値と照合する",
    "Everything is read back over HTTP and set against what Google holds",
)
RECORDED = Words(
    "記録された応答 {answers} 件から {accounts} 人分のアカウントを作る",
    "{answers} recorded answers are taken in; accounts: {accounts}",
)

# What the moving line under the story says.
STARTING = Words("準備中", "starting")
HISTORY = Words("三人が {days} 日間機器を使ってきた", "three people have used their devices for {days} days")
LINKING = Words("{who.ja}さんが連携する", "{who.en} links")
FETCHING = Words("{days} 日前までを取得する", "the first fetch reaches back {days} days")
DAYS_PASS = Words("時が過ぎる", "time passes")
REQUEST_HANDLED = Words("請求に応じる", "the request is handled")
COMPARING = Words("読み戻して照合する", "reading back and comparing")
VISITS = Words("取得 {visits} 回、呼び出し {calls:,} 回", "{visits} visits, {calls:,} calls")
