"""What a person sees: the consent screen and its error page, in Japanese or English, without anything fetched."""

from collections.abc import Iterable
from html import escape

from infra.local.google.accounts import Account
from infra.local.google.catalogue import AUTH
from infra.local.google.consent import ConsentRequest, Refusal, hinted

_SCOPES = {
    "activity": ("身体活動データ（歩数など）の表示", "See your physical activity, such as steps"),
    "blood_glucose": ("血糖値データの表示", "See your blood glucose data"),
    "blood_pressure": ("血圧データの表示", "See your blood pressure data"),
    "body": ("体の測定値（体重など）の表示", "See your body measurements, such as weight"),
    "heart_rate": ("心拍数データの表示", "See your heart rate data"),
    "body_temperature": ("体温データの表示", "See your body temperature data"),
    "oxygen_saturation": ("血中酸素飽和度データの表示", "See your oxygen saturation data"),
    "sleep": ("睡眠データの表示", "See your sleep data"),
}
_TEXT = {
    "title": ("Google アカウントでログイン（模擬）", "Sign in with Google (simulated)"),
    "wants": ("{0} が Google アカウントへのアクセスをリクエストしています", "{0} wants access to your Google Account"),
    "account": ("アカウントの選択", "Choose an account"),
    "missing": ("アカウントを選んでから続行してください。", "Choose an account to continue."),
    "scopes": ("{0} がアクセスできる情報を選択してください", "Select what {0} can access"),
    "signin": (
        "氏名、メールアドレスなど、本人確認のための情報も共有されます。",
        "Who you are (name, e-mail address) is shared as well.",
    ),
    "revocable": (
        "この許可は Google アカウントの設定からいつでも取り消せます。",
        "You can take this back at any time in your Google Account.",
    ),
    "allow": ("続行", "Continue"),
    "deny": ("キャンセル", "Cancel"),
    "blocked": (
        "アクセスをブロック: このアプリのリクエストは無効です",
        "Access blocked: this app’s request is invalid",
    ),
    "error": ("エラー {0}: {1}", "Error {0}: {1}"),
}
_STYLE = """
:root{color-scheme:light dark;--line:#dadce0;--ink:#1f1f1f;--soft:#5f6368;--page:#f0f4f9;--card:#fff;--act:#0b57d0;
--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--line:#444746;--ink:#e3e3e3;--soft:#c4c7c5;--page:#1e1f20;--card:#0e0e0e;--act:#a8c7fa;
--bad:#f2b8b5}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);line-height:1.5;
font-family:system-ui,"BIZ UDPGothic","Hiragino Sans","Noto Sans JP",sans-serif}
main{max-width:30rem;margin:0 auto;min-height:100vh;background:var(--card);padding:1.5rem}
@media(min-width:34rem){main{min-height:0;margin:2rem auto;border-radius:1.75rem;padding:2.25rem}}
h1,h2,p{text-wrap:pretty;word-break:auto-phrase}
h1{font-size:1.35rem;font-weight:500;line-height:1.35;margin:.25rem 0 1.25rem}
h2{font-size:1rem;font-weight:600;margin:1.5rem 0 .25rem}
[role=alert]{color:var(--bad);font-weight:600}
.mark{color:var(--soft);font-size:.875rem;margin:0}
label{display:flex;gap:.75rem;align-items:center;min-height:3rem;padding:.5rem 0;border-bottom:1px solid var(--line)}
label span{flex:1;min-width:0;overflow-wrap:anywhere}label small{display:block;color:var(--soft)}
input{width:1.25rem;height:1.25rem;margin:0;accent-color:var(--act);flex:none}
p{color:var(--soft);font-size:.875rem}
.acts{display:flex;gap:.75rem;margin-top:1.5rem}
button{flex:1;cursor:pointer;min-height:3rem;border-radius:1.5rem;font:inherit;font-weight:600;
border:1px solid var(--line);background:none;color:var(--act)}
button.go{background:var(--act);color:var(--card);border-color:var(--act)}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}
"""


def language_of(wish: str | None, accept: str) -> int:
    """0 for Japanese, 1 for English: `hl` decides, then the browser, then Japanese."""
    for tag in [wish or "", *accept.split(",")]:
        short = tag.strip().lower()[:2]
        if short in ("ja", "en"):
            return int(short == "en")
    return 0


def _text(key: str, language: int, *parts: object) -> str:
    return escape(_TEXT[key][language].format(*parts))


def _page(body: str, language: int) -> str:
    return (
        f'<!doctype html><html lang="{("ja", "en")[language]}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_text('title', language)}</title><style>{_STYLE}</style>"
        f'<main><p class="mark">{_text("title", language)}</p>{body}</main></html>'
    )


def screen(asked: ConsentRequest, accounts: Iterable[Account], language: int, *, missing: bool = False) -> str:
    """The consent screen. Scopes come unticked, as Google shows them, and so does everybody but whom the request names
    (`login_hint`); the form posts to its own address. `missing` says that nobody was chosen."""
    people = list(accounts)
    chosen = hinted(asked, people)
    rows = "".join(
        _row("radio", "account", a.email, f"{escape(a.name)}<small>{escape(a.email)}</small>", chosen=a is chosen)
        for a in people
    )
    alert = f'<p role="alert">{_text("missing", language)}</p>' if missing else ""
    ticks = "".join(_row("checkbox", "scope", s, escape(_said(s, language))) for s in asked.to_tick)
    scopes = f"<h2>{_text('scopes', language, asked.client.name)}</h2>{ticks}" if ticks else ""
    signin = f"<p>{_text('signin', language)}</p>" if len(asked.to_tick) < len(asked.scopes) else ""
    return _page(
        f'<form method="post"><h1>{_text("wants", language, asked.client.name)}</h1>'
        f"<h2>{_text('account', language)}</h2>{alert}{rows}{scopes}{signin}<p>{_text('revocable', language)}</p>"
        f'<div class="acts"><button name="decision" value="deny" formnovalidate>{_text("deny", language)}</button>'
        f'<button class="go" name="decision" value="allow">{_text("allow", language)}</button></div></form>',
        language,
    )


def _row(kind: str, name: str, value: str, words: str, *, chosen: bool = False) -> str:
    state = (" required" if kind == "radio" else "") + (" checked" if chosen else "")
    return f'<label><input type="{kind}" name="{name}" value="{escape(value)}"{state}><span>{words}</span></label>'


def _said(scope: str, language: int) -> str:
    group = scope.removeprefix(f"{AUTH}fitness.").removesuffix(".read")
    return _SCOPES[group][language] if group in _SCOPES else scope


def refusal(refused: Refusal, language: int) -> str:
    """The page that says why there is no consent screen."""
    return _page(
        f"<h1>{_text('blocked', language)}</h1><p>{escape(refused.detail)}</p>"
        f"<p><b>{_text('error', language, refused.status, refused.error)}</b></p>",
        language,
    )
