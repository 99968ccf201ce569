"""What a route answers with, and how that becomes HTTP: the headers that every answer bears, the policy of pages, the
only kind of cookie there is."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
}
_COOKIE = re.compile(r"[A-Za-z0-9_-]+")
_PAGE_POLICY = {
    "default-src": "'none'",
    "style-src": "'self' 'unsafe-inline'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


@dataclass(frozen=True, slots=True)
class Json:
    """Answer with `value` (structs, dataclasses, dicts, dates, …) as JSON."""

    value: Any
    status: int = 200


@dataclass(frozen=True, slots=True)
class Bytes:
    """Answer with `content` as it is, or as it comes where it may be more than memory should hold."""

    content: bytes | AsyncIterator[bytes]
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cookie:
    """What a browser shall bring again, until it is closed or for `lasts_s`: to this host alone, over TLS alone, out of
    any script's reach, and never when another site sends it here. Its name gets the prefix that browsers hold to this.
    Source: draft-ietf-httpbis-rfc6265bis §4.1.3 (`__Host-`)."""

    name: str
    value: str
    lasts_s: int | None = None

    def header(self) -> str:
        """As Set-Cookie says it. `value` must be of letters, digits, `-` and `_`."""
        if not _COOKIE.fullmatch(self.value):
            raise ValueError("a cookie holds letters, digits, - and _")
        lasts = "" if self.lasts_s is None else f"; Max-Age={self.lasts_s}"
        return f"{cookie_name(self.name)}={self.value}; Path=/; Secure; HttpOnly; SameSite=Strict{lasts}"


def cookie_name(name: str) -> str:
    """What the browser calls it."""
    return f"__Host-{name}"


@dataclass(frozen=True, slots=True)
class Page:
    """Answer with a page a person reads. It may carry inline style, and nothing that runs, unless `policy` says what
    else: directives of the content security policy that are this page's own."""

    html: str
    status: int = 200
    policy: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[Cookie] = ()


@dataclass(frozen=True, slots=True)
class Redirect:
    """303 to `location`, with a page for browsers that do not follow it."""

    location: str
    html: str
    cookies: Sequence[Cookie] = ()


Reply = Json | Bytes | Page | Redirect


def respond(reply: Reply) -> Response:
    """The reply as HTTP, without the headers that every answer bears."""
    match reply:
        case Json(value, status):
            return Response(msgspec.json.encode(value), status, media_type="application/json")
        case Bytes(content, media_type, headers):
            kind: type[Response] = Response if isinstance(content, bytes) else StreamingResponse
            return kind(content, 200, dict(headers), media_type=media_type)
        case Page(html, status, policy, cookies):
            return _with(HTMLResponse(html, status, {"content-security-policy": _policy(policy)}), cookies)
        case Redirect(location, html, cookies):
            response = RedirectResponse(location, 303, {"content-security-policy": _policy({})})
            response.body = html.encode()
            response.headers.update(
                {"content-type": "text/html; charset=utf-8", "content-length": str(len(response.body))}
            )
            return _with(response, cookies)


def _with(response: Response, cookies: Sequence[Cookie]) -> Response:
    for cookie in cookies:
        response.headers.append("set-cookie", cookie.header())
    return response


def _policy(own: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in {**_PAGE_POLICY, **own}.items())
