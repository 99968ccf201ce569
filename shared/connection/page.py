"""What a browser sees between Google and the app: usually nothing, since it is sent on at once."""

from html import escape
from urllib.parse import urlencode

from shared.connection.steps import Returned
from shared.errors import Refused
from shared.problems import problem_of
from shared.vocabulary import Language

_WORDS = {
    Language.JA: ("Googleとの連携", "アプリに戻って連携を完了してください。", "連携できませんでした", "アプリに戻る"),
    Language.EN: (
        "Connecting to Google",
        "Go back to the app to finish connecting.",
        "Not connected",
        "Back to the app",
    ),
}
_STYLE = (
    "body{font:1.1rem/1.7 system-ui,sans-serif;margin:0;display:grid;place-items:center;min-height:100vh;"
    "background:#f6f8fa;color:#1a2330}main{max-width:26rem;padding:2rem 1.5rem;text-align:center}"
    "h1{font-size:1.35rem;margin:0 0 1rem}a{display:inline-block;margin-top:1.5rem;padding:.8rem 1.6rem;"
    "border-radius:.6rem;background:#0b57d0;color:#fff;text-decoration:none;font-weight:600}"
    "a:focus-visible{outline:3px solid #1a2330;outline-offset:3px}"
)


def app_link(target: str, returned: Returned) -> str:
    """The app's link with the outcome, and the one-time code where there is one."""
    query = {"result": returned.result} | ({"code": returned.code} if returned.code else {})
    return f"{target}{'&' if '?' in target else '?'}{urlencode(query)}"


def returned_page(returned: Returned, location: str, language: Language) -> str:
    """The page for a browser that does not follow the redirect into the app. It repeats nothing from outside."""
    title, done, failed, back = _WORDS[language]
    success = returned.result == "success"
    heading = title if success else failed
    text = done if success else problem_of(Refused(returned.result)).title(language)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(heading)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(heading)}</h1><p>{escape(text)}</p>"
        f'<a href="{escape(location)}">{escape(back)}</a></main></body></html>'
    )
