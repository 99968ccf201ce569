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
FETCHED = Words("最後の取得", "Last fetched")
BACK = Words("戻る", "Back")
AS_ANSWERED = Words(
    "直近 {0} 日間について GET /measurement が返した内容です。", "What GET /measurement answers for the last {0} days."
)
OTHER_LANGUAGE = Words("English", "日本語")

SAID = {
    "connected": Words("連携が完了しました。", "Connected."),
    "queued": Words("取得を受け付けました。", "The fetch is under way."),
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
