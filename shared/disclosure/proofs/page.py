"""The pages a one-time link leads to, in Japanese and English. They carry no script, and are the same for every token:
what a page shows before its button is pressed says nothing of whether the link is good."""

import datetime as dt
from collections.abc import Sequence
from html import escape
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from shared.disclosure.proofs.model import Use
from shared.edge import Page, Reply
from shared.errors import Fault
from shared.problems import PROBLEMS
from shared.vocabulary import Language

_FORM_POLICY = {"form-action": "'self'"}
_Token = Annotated[str, msgspec.Meta(max_length=200)]


class Follow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a link's page sends, and what the app sends of a link that it opened."""

    token: _Token


class FollowWithCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page of a delivery sends: the link's token, and the second factor."""

    token: _Token
    code: Annotated[str, msgspec.Meta(max_length=100)] = ""


class AskLink(msgspec.Struct, frozen=True):
    """The address that was mailed."""

    token: str = ""


class File(NamedTuple):
    """Something to fetch: what it is called, and what its form sends."""

    name: str
    item: str
    part: str


class _Words(NamedTuple):
    title: str
    text: str
    button: str
    done: str


_WORDS = {
    (Use.MAIL_ADDRESS, Language.JA): _Words(
        "メールアドレスの確認",
        "個人情報の開示等のご請求で、このメールアドレスをお知らせいただいた方は、下のボタンを押してください。"
        "お心当たりがなければ、何もせずにこの画面を閉じてください。",
        "このメールアドレスで間違いありません",
        "確認できました。この画面を閉じてください。",
    ),
    (Use.MAIL_ADDRESS, Language.EN): _Words(
        "Confirming your mail address",
        "If you gave us this address in a request about your personal information, press the button below. "
        "If you know nothing of it, do nothing and close this page.",
        "This is my mail address",
        "Confirmed. You may close this page.",
    ),
    (Use.DELIVERY, Language.JA): _Words(
        "開示資料の受け取り",
        "郵送でお届けした通知書に同封の「受取番号」を入力してください。受け取りの手続きは、一度だけ行えます。",
        "受け取りに進む",
        "お受け取りの手続きができました。{until}まで、次のファイルを保存できます。"
        "健康に関する情報などが含まれています。ほかの方の目に触れない端末に保存してください。",
    ),
    (Use.DELIVERY, Language.EN): _Words(
        "Fetching what you asked for",
        "Enter the code that came to you by post, with our letter. You can do this once.",
        "Go on",
        "You can save these files until {until}, Japan time. They hold personal information, some of it about your "
        "health. Please save them only where others cannot read them.",
    ),
}
_CODE = {
    Language.JA: ("受取番号", "8文字の英数字です（例 ABCD-2345）。大文字と小文字、ハイフンの有無は問いません。"),
    Language.EN: ("Code", "Eight letters and digits, such as ABCD-2345. Case and the hyphen do not matter."),
}
_LEFT = {
    Language.JA: "受取番号が一致しません。あと{left}回、入力できます。",
    Language.EN: "That is not the code. Tries left: {left}.",
}
_SAVE = {Language.JA: "{name} を保存", Language.EN: "Save {name}"}
_LOST = {
    Language.JA: "保存できなかったときや、時間を過ぎたときは、窓口にご連絡ください。",
    Language.EN: "If anything goes wrong, or time has run out, please contact us.",
}
JST = ZoneInfo("Asia/Tokyo")


def ask_page(token: str, language: Language) -> Page:
    """The page with the button."""
    words = _WORDS[Use.MAIL_ADDRESS, language]
    form = (
        f'<form method="post"><input type="hidden" name="token" value="{escape(token)}">'
        f"<button>{escape(words.button)}</button></form>"
    )
    return _page(words.title, f"<p>{escape(words.text)}</p>{form}", language)


def done_page(language: Language) -> Page:
    """After it was pressed."""
    words = _WORDS[Use.MAIL_ADDRESS, language]
    return _page(words.title, f"<p>{escape(words.done)}</p>", language)


def code_page(token: str, language: Language, *, left: int | None = None) -> Page:
    """The page that asks for the second factor; `left`: it was wrong, and may be tried so often again."""
    words, (label, hint) = _WORDS[Use.DELIVERY, language], _CODE[language]
    wrong = left is not None
    told = f'<p class="wrong" role="alert" id="wrong">{escape(_LEFT[language].format(left=left))}</p>' if wrong else ""
    aria = 'aria-invalid="true" aria-describedby="wrong hint"' if wrong else 'aria-describedby="hint"'
    form = (
        f'<form method="post"><input type="hidden" name="token" value="{escape(token)}">'
        f'<label for="code">{escape(label)}</label><p id="hint" class="hint">{escape(hint)}</p>{told}'
        f'<input id="code" name="code" required maxlength="40" autocomplete="one-time-code" autocapitalize="characters"'
        f' spellcheck="false" {aria}><button>{escape(words.button)}</button></form>'
    )
    status = PROBLEMS["second_factor_wrong"].status if wrong else 200
    return _page(words.title, f"<p>{escape(words.text)}</p>{form}", language, status)


def files_page(ticket: str, files: Sequence[File], until: dt.datetime, language: Language) -> Page:
    """What there is to fetch, each by a button: no address leads to it."""
    words = _WORDS[Use.DELIVERY, language]
    forms = "".join(
        f'<li><form method="post" action="files"><input type="hidden" name="ticket" value="{escape(ticket)}">'
        f'<input type="hidden" name="item" value="{escape(one.item)}">'
        f'<input type="hidden" name="part" value="{escape(one.part)}">'
        f"<button>{escape(_SAVE[language].format(name=one.name))}</button></form></li>"
        for one in files
    )
    text = words.done.format(until=f"{until.astimezone(JST):%H:%M}")
    body = f"<p>{escape(text)}</p><ul>{forms}</ul><p>{escape(_LOST[language])}</p>"
    return _page(words.title, body, language)


def fault_page(fault: Fault, language: Language) -> Reply:
    """As `edge.Route.fault_told`, of a link that proves something."""
    return _fault(fault, language, Use.MAIL_ADDRESS)


def delivery_fault_page(fault: Fault, language: Language) -> Reply:
    """As `edge.Route.fault_told`, of a delivery."""
    return _fault(fault, language, Use.DELIVERY)


def _fault(fault: Fault, language: Language, use: Use) -> Page:
    problem = PROBLEMS.get(fault.code, PROBLEMS["unexpected"])
    title = _WORDS[use, language].title
    return _page(title, f'<p role="alert">{escape(problem.title(language))}</p>', language, problem.status)


_STYLE = """
:root{color-scheme:light dark}
body{font:1.0625rem/1.8 "BIZ UDPGothic","Hiragino Sans","Noto Sans JP",system-ui,sans-serif;max-width:36rem;
margin:0 auto;padding:1.5rem 1rem 4rem;color:#1d2730;background:#fff}
h1{font-size:1.5rem;line-height:1.4;margin:1rem 0 1.5rem;border-bottom:3px solid #0b6b75;padding-bottom:.5rem}
label{display:block;font-weight:700}
.hint{margin:0 0 .5rem;font-size:.9375rem}
.wrong{margin:.5rem 0;padding:.5rem .75rem;border-left:4px solid #b3261e;background:#fdecea;color:#7a1710}
input:not([type=hidden]){display:block;box-sizing:border-box;width:100%;max-width:16rem;font:inherit;font-size:1.25rem;
letter-spacing:.1em;padding:.5rem .75rem;min-height:2.75rem;border:2px solid #5b6770;border-radius:.375rem}
button{font:inherit;font-weight:700;margin-top:1.25rem;padding:.625rem 1.5rem;min-height:2.75rem;max-width:100%;
overflow-wrap:anywhere;color:#fff;background:#0b6b75;border:0;border-radius:.375rem}
button:focus-visible,input:focus-visible{outline:3px solid #c25100;outline-offset:2px}
ul{list-style:none;margin:1rem 0 2rem;padding:0}
@media(prefers-color-scheme:dark){body{color:#e8edf0;background:#12181c}h1{border-color:#5cc3cd}
.wrong{background:#3a1512;color:#ffd9d4}input:not([type=hidden]){color:inherit;background:#1d2730;border-color:#9aa7b0}
button{color:#06282c;background:#5cc3cd}button:focus-visible,input:focus-visible{outline-color:#ffb27a}}
"""


def _page(title: str, body: str, language: Language, status: int = 200) -> Page:
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)} - KAGAMINO</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Page(html, status, _FORM_POLICY)
