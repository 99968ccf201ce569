"""Everything the stand-in app says, in Japanese and English. Kinds and states are called as in the report."""

from infra.demo.people import Words
from shared.problems import PROBLEMS
from shared.vocabulary import Language

APP = Words("KAGAMINO アプリ（模擬）", "KAGAMINO app (simulated)")
SIGN_IN = Words("利用者を選んでサインインしてください。", "Sign in as one of these people.")
SIGNED_IN = Words("{0} としてサインインしています。", "You are signed in as {0}.")
TO_SHARE = Words("連携するデータの種類", "Kinds of data to share")
CONNECT = Words("Google Fit と連携する", "Connect Google Fit")
NOTHING_YET = Words("連携しているサービスはありません。", "Nothing is connected yet.")
HEADING = Words("{0}：{1}", "{0}: {1}")
NEXT_FETCH = Words("次回の取得：{0}（日本時間）", "Next fetch: {0} (Japan time)")
SYNC = Words("今すぐ取得する", "Fetch now")
DISCONNECT = Words("連携を解除する", "Disconnect")
KIND, STATE = Words("種類", "Kind"), Words("状態", "State")
NOT_GRANTED = Words("許可なし", "not granted")
FETCHED = Words("最後の取得", "Last fetched")
CONSENT = Words("同意", "Consent")
ABOUT_CONSENT = Words(
    "取得には、Google での許可と、ここでの同意の両方が必要です。撤回した種類は、その時から取得も保存もされません。",
    "Fetching a kind takes permission at Google and consent here. From the moment you withdraw, that kind is neither"
    " fetched nor stored.",
)
CONSENTS = {
    "requested": Words("確認待ち", "asked for"),
    "given": Words("同意あり", "given"),
    "reconfirmed": Words("同意あり（再確認済み）", "given, and confirmed again"),
    "refused": Words("同意しない", "refused"),
    "withdrawn": Words("撤回済み", "withdrawn"),
    "expired": Words("期限切れ", "expired"),
    "invalidated": Words("無効", "no longer valid"),
    "erasing": Words("消去中", "being erased"),
    "erased": Words("消去済み", "erased"),
    "never": Words("同意なし", "not given"),
}
GIVE, WITHDRAW = Words("同意する", "Give"), Words("撤回する", "Withdraw")
CONSENT_PAGE = Words("同意の画面を開く", "Open the consent page")
CODE = Words("1回だけ使えるコード", "One-time code")
TO_CONFIRM = Words(
    "ターミナルで連携を始めた場合は、そこで次を実行すると確定します。",
    "If you began in a terminal, run this there to confirm.",
)
WHO_CONFIRMS = Words(
    "確定できるのは連携を始めた本人だけです（10分以内、1回限り）。"
    "hana 以外が始めた場合は、$HANA をその人の変数に替えてください。",
    "Only the person who began can confirm, within 10 minutes, once. If that is not hana, put their variable in the"
    " place of $HANA.",
)
BACK = Words("戻る", "Back")
AS_ANSWERED = Words(
    "直近 {0} 日間について GET /measurement が返した内容です。", "What GET /measurement answers for the last {0} days."
)
OTHER_LANGUAGE = Words("English", "日本語")

SAID = {
    "connected": Words("連携が完了しました。", "Connected."),
    "queued": Words("取得を受け付けました。", "The fetch is under way."),
    "given": Words("同意を記録しました。", "Your consent is recorded."),
    "withdrawn": Words(
        "同意を撤回しました。この種類は、もう取得も保存もされません。",
        "Consent is withdrawn. This kind is neither fetched nor stored any more.",
    ),
    "waiting": Words(
        "Google での許可は済みました。連携はまだ確定していません。",
        "Google has agreed. The connection is not confirmed yet.",
    ),
    "refused": Words(
        "このコードは、サインイン中の人のものではないか、使用済みか、期限切れです。",
        "This code is not for the person who is signed in here, or was used, or has expired.",
    ),
    "disconnected": Words("連携を解除しました。", "Disconnected."),
}


def said(key: str, language: Language) -> str:
    """The message of that key: one of SAID, or a fault's code. An address can carry no other text into a page."""
    if key in SAID:
        return in_language(SAID[key], language)
    return PROBLEMS.get(key, PROBLEMS["unexpected"]).title(language)


def in_language(words: Words, language: Language, *parts: object) -> str:
    """The words in that language, with `parts` in their places."""
    return (words.ja if language is Language.JA else words.en).format(*parts)
