"""What a person sees of the stand-in app, in Japanese or English."""

import json
from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from infra.demo.people import Words
from infra.demo.words import KINDS, STATES
from infra.local import app_words as w
from infra.local.tour import confirming
from shared.consent.model import LIVE, QOLMS
from shared.vocabulary import Kind, Language, Purpose

ZONE = "Asia/Tokyo"
PROVIDERS = {"google_fit": "Google Fit"}
_STYLE = """
:root{color-scheme:light dark;--line:#c5ccd6;--ink:#1a2330;--soft:#4d5a69;--page:#fff;--say:#eef4ff;--act:#0b57d0}
@media(prefers-color-scheme:dark){:root{--line:#3a4653;--ink:#e8edf3;--soft:#aab6c3;--page:#11161c;--say:#1d2b40;--act:#a8c7fa}}
*{box-sizing:border-box}body{max-width:44rem;margin:0 auto;padding:1rem;background:var(--page);color:var(--ink);
font:1rem/1.6 system-ui,"BIZ UDPGothic","Hiragino Sans","Noto Sans JP",sans-serif}
h1,h2,p,legend{text-wrap:pretty;word-break:auto-phrase}h1{font-size:1.35rem;line-height:1.35}
h2{font-size:1.15rem;margin:2rem 0 .25rem}
nav{text-align:right}a{color:var(--act)}nav a,.back{display:inline-block;padding:.5rem 0}
fieldset{border:1px solid var(--line);border-radius:.75rem;margin:1.5rem 0 .75rem;padding:.25rem 1rem;display:grid;
grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));column-gap:1rem}
label{display:flex;gap:.6rem;align-items:center;min-height:2.75rem}
input{width:1.25rem;height:1.25rem;margin:0;accent-color:var(--act);flex:none}
form{display:inline}button{cursor:pointer;min-height:2.75rem;padding:.4rem 1.2rem;margin:.25rem .5rem .25rem 0;
border:1px solid var(--line);border-radius:1.5rem;background:none;color:var(--act);font:inherit;font-weight:600}
button.go,button[aria-current]{background:var(--act);color:var(--page);border-color:var(--act)}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}
table{border-collapse:collapse;width:100%;margin:.75rem 0;font-size:.9rem;font-variant-numeric:tabular-nums}
td,th{text-align:left;vertical-align:top;padding:.5rem .6rem .5rem 0;border-bottom:1px solid var(--line)}
small{display:block;color:var(--soft)}pre{overflow:auto;font-size:.8rem;line-height:1.45}
pre.copy{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);border-radius:.75rem;
padding:.6rem 1rem;user-select:all}
form td,form th{vertical-align:middle;padding-block:.25rem}
[role=status]{background:var(--say);padding:.6rem 1rem;border-radius:.75rem}
"""


def page(title: str, body: str, language: Language, query: dict[str, str]) -> str:
    """One page, with the way to itself in the other language. `query` is what it was asked with."""
    other = Language.EN if language is Language.JA else Language.JA
    address = escape(f"?{urlencode({**query, 'lang': other})}")
    switch = f'<a href="{address}" lang="{other}" hreflang="{other}">{_text(w.OTHER_LANGUAGE, language)}</a>'
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style>'
        f"<nav>{switch}</nav><h1>{escape(title)}</h1>{body}</html>"
    )


def message(key: str, language: Language) -> str:
    """What there is to say, if anything."""
    return f"<p role=status>{escape(w.said(key, language))}</p>" if key else ""


def back(language: Language) -> str:
    """The way home."""
    return f'<a class=back href="/app/">← {_text(w.BACK, language)}</a>'


def sign_in_form(uids: Iterable[str], current: str, language: Language) -> str:
    """Who is signed in, and everybody who could be."""
    buttons = "".join(
        f'<button name=uid value="{escape(uid)}"{" aria-current=true" if uid == current else ""}>{escape(uid)}</button>'
        for uid in uids
    )
    who = _text(w.SIGNED_IN, language, current) if current else _text(w.SIGN_IN, language)
    return f'<p>{who}</p><form method=post action="/app/sign_in">{buttons}</form>'


def connect_form(language: Language) -> str:
    """Every kind to choose from, and the way to Google."""
    boxes = "".join(
        f'<label><input type=checkbox name=kind value="{kind}" checked>{_text(KINDS[kind], language)}</label>'
        for kind in Kind
    )
    return (
        f'<form method=post action="/app/connect"><fieldset><legend>{_text(w.TO_SHARE, language)}</legend>{boxes}'
        f"</fieldset><button class=go>{_text(w.CONNECT, language)}</button></form>"
    )


def connections(found: Iterable[Any], language: Language) -> str:
    """Each connection as the function describes it."""
    shown = "".join(_connection(connection, language) for connection in found)
    return shown or f"<p>{_text(w.NOTHING_YET, language)}</p>"


def to_confirm(code: str, url: str, language: Language) -> str:
    """The one-time code, for whoever started somewhere else, and the command that confirms it."""
    return (
        f"<p>{_text(w.CODE, language)}<pre class=copy>{escape(code)}</pre>"
        f"<p>{_text(w.TO_CONFIRM, language)}<pre class=copy>{escape(confirming(url, code))}</pre>"
        f"<p>{_text(w.WHO_CONFIRMS, language)}</p>"
    )


def consents(stands: Any, language: Language) -> str:
    """What is consented to, kind by kind, and the button that says otherwise."""
    return (
        f"<h2>{_text(w.CONSENT, language)}</h2><p>{_text(w.ABOUT_CONSENT, language)}</p>"
        f'<form method=post action="/app/consent"><input type=hidden name=epoch value="{stands["epoch"]}">'
        f'<input type=hidden name=notice value="{stands["notice"]["version"]} {stands["notice"]["sha256"]}"><table>'
        + "".join(_consent(kind, stands["cells"], language) for kind in Kind)
        + "</table></form>"
    )


def to_consent_page(ticket: str, language: Language) -> str:
    """The way to the consent page, as the person who is signed in."""
    return (
        f'<form method=post action="/consent/page?lang={language}"><input type=hidden name=ticket value="{ticket}">'
        f"<button>{_text(w.CONSENT_PAGE, language)}</button></form>"
        if ticket
        else ""
    )


def answered(answer: Any, days: int, language: Language) -> str:
    """What a function answered, word for word."""
    text = escape(json.dumps(answer, indent=1, ensure_ascii=False))
    return f"<p>{_text(w.AS_ANSWERED, language, days)}</p><pre>{text}</pre>"


def kind_name(kind: Kind, language: Language) -> str:
    """The kind as people call it."""
    return w.in_language(KINDS[kind], language)


def _connection(connection: Any, language: Language) -> str:
    provider = PROVIDERS[connection["provider"]]
    state = w.in_language(STATES[connection["state"]], language)
    acts = "".join(
        f'<form method=post action="/app/{act}"><button>{_text(words, language)}</button></form>'
        for act, words in (("sync", w.SYNC), ("disconnect", w.DISCONNECT))
    )
    upcoming = connection["next_sync_at"]
    return (
        f"<h2>{_text(w.HEADING, language, provider, state)}</h2>"
        + (f"<p>{_text(w.NEXT_FETCH, language, _when(upcoming))}</p>" if upcoming else "")
        + ("" if connection["state"] == "revoked" else acts)
        + "<table><tr>"
        + "".join(f"<th scope=col>{_text(head, language)}" for head in (w.KIND, w.STATE, w.FETCHED))
        + "".join(_row(kind, connection["kinds"][kind], language) for kind in Kind if kind in connection["kinds"])
        + "</table>"
    )


def _consent(kind: Kind, cells: Any, language: Language) -> str:
    storing = (Purpose.QOLMS_STORE, kind, QOLMS)
    states = {(cell["purpose"], cell["kind"], cell["recipient"]): cell["state"] for cell in cells}
    state = states.get(storing, "never")
    given = state in LIVE
    act, words = ("withdraw", w.WITHDRAW) if given else ("give", w.GIVE)
    label = _text(w.HEADING, language, kind_name(kind, language), w.in_language(words, language))
    return (
        f"<tr><th scope=row>{_text(KINDS[kind], language)}<td>{_text(w.CONSENTS[state], language)}"
        f'<td><button name=change value="{act} {kind}" aria-label="{label}">{_text(words, language)}</button>'
    )


def _row(kind: Kind, link: Any, language: Language) -> str:
    state = STATES[link["state"]] if link["granted"] else w.NOT_GRANTED
    fault = f"<small>{escape(w.said(link['last_error'], language))}</small>" if link["last_error"] else ""
    return (
        f'<tr><th scope=row><a href="/app/data?kind={kind}">{_text(KINDS[kind], language)}</a>'
        f"<td>{_text(state, language)}{fault}<td>{_when(link['last_success_at'])}"
    )


def _when(instant: str | None) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M}" if instant else "–"


def _text(words: Words, language: Language, *parts: object) -> str:
    return escape(w.in_language(words, language, *parts))
