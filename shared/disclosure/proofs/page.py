"""The pages a one-time link leads to, in Japanese and English. They carry no script, and are the same for every token:
what a page shows before its button is pressed says nothing of whether the link is good."""

from html import escape
from typing import Annotated, NamedTuple

import msgspec

from shared.disclosure.proofs.model import Use
from shared.edge import Page, Reply
from shared.errors import Fault
from shared.problems import PROBLEMS
from shared.vocabulary import Language

_FORM_POLICY = {"form-action": "'self'"}


class Follow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a link's page sends, and what the app sends of a link that it opened."""

    token: Annotated[str, msgspec.Meta(max_length=200)]


class AskLink(msgspec.Struct, frozen=True):
    """The address that was mailed."""

    token: str = ""


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
}


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


def fault_page(fault: Fault, language: Language) -> Reply:
    """As `edge.Route.fault_told`."""
    problem = PROBLEMS.get(fault.code, PROBLEMS["unexpected"])
    title = _WORDS[Use.MAIL_ADDRESS, language].title
    return _page(title, f'<p role="alert">{escape(problem.title(language))}</p>', language, problem.status)


def _page(title: str, body: str, language: Language, status: int = 200) -> Page:
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        "<style>body{font:1.125rem/1.8 sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}"
        "button{font:inherit;padding:.75rem 1.25rem;min-height:2.75rem}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Page(html, status, _FORM_POLICY)
