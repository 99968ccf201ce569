"""A person's phone: the app and the browser on it, which know the functions' addresses and nothing else."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec

from shared.measurement.rows import Coded
from shared.source.google_fit.scopes import SCOPES
from shared.vocabulary import Kind

MOST_DAYS = {"day": 366, "point": 31}
"""Of one question to GET /measurement."""


class Unexpected(Exception):
    """The system answered something the story does not allow."""


class Row(msgspec.Struct):
    """One point as the app reads it."""

    start: str
    end: str
    values: dict[str, float | int | Coded]
    origin: str
    entered_by_hand: bool
    name: str


class _Points(msgspec.Struct):
    points: list[Row]
    next_page_token: str | None


class _Summaries(msgspec.Struct):
    days: list[dict[str, Any]]


@dataclass
class Form(HTMLParser):
    """The fields a person sees on a page: (type, name, value)."""

    fields: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an input or a button."""
        if tag in ("input", "button"):
            named = dict(attrs)
            kind = named.get("type") or tag
            self.fields.append((kind, named.get("name") or "", named.get("value") or ""))

    def values(self, name: str) -> set[str]:
        """What can be chosen under a name."""
        return {value for _, called, value in self.fields if called == name}


@dataclass
class Phone:
    """One person's. `sign_in` gives the ID token that the identity provider would."""

    url: str
    session: aiohttp.ClientSession
    sign_in: Callable[[], str]

    async def link(self, kinds: Iterable[Kind], account: str, ticked: Collection[Kind]) -> Any:
        """Connect Google Fit: ask for `kinds`, tick some of them at Google, come back, confirm; the new connection."""
        wanted = {"provider": "google_fit", "kinds": list(kinds)}
        started = await self.call("POST", "oauth_start", 200, json=wanted)
        back = await self._consent(started["authorization_url"], account, ticked)
        app_link = await self._follow(back, 303)
        came = {name: values[0] for name, values in parse_qs(urlsplit(app_link).query).items()}
        if came.get("result") != "success":
            raise Unexpected(f"the browser came back with {came}")
        return (await self.call("POST", "connection/confirm", 201, json={"code": came["code"]}))["connection"]

    async def _consent(self, url: str, account: str, ticked: Collection[Kind]) -> str:
        """Google's screen: choose the account, tick, continue; where Google sends the browser."""
        async with self.session.get(url) as shown:
            form = Form()
            form.feed(await shown.text())
        scopes = {SCOPES[kind] for kind in ticked}
        if account not in form.values("account") or not scopes <= form.values("scope"):
            raise Unexpected("Google's consent screen does not offer what was asked for")
        filled = [("account", account), ("decision", "allow"), *(("scope", scope) for scope in sorted(scopes))]
        async with self.session.post(url, data=filled, allow_redirects=False) as sent:
            return _location(sent, 302)

    async def _follow(self, url: str, status: int) -> str:
        async with self.session.get(url, allow_redirects=False) as answer:
            return _location(answer, status)

    async def connection(self) -> dict[str, Any]:
        """What the app shows of the link."""
        shown: dict[str, Any] = (await self.call("GET", "connection", 200))["connections"][0]
        return shown

    async def tell_zone(self, zone: str) -> None:
        """The phone has noticed where it is."""
        await self.call("POST", "measurement/zone", 200, json={"zone": zone})

    async def days(self, kind: Kind, first: date, last: date) -> list[dict[str, Any]]:
        """Day summaries."""
        found: list[dict[str, Any]] = []
        for since, until in _spans(first, last, MOST_DAYS["day"]):
            query = {"kind": kind.value, "from": since.isoformat(), "to": until.isoformat()}
            raw = await self._raw("GET", "measurement", 200, params=query)
            found += msgspec.json.decode(raw, type=_Summaries).days
        return found

    async def points(self, kind: Kind, first: date, last: date) -> AsyncIterator[Row]:
        """Every point, page by page."""
        for since, until in _spans(first, last, MOST_DAYS["point"]):
            span = {"from": since.isoformat(), "to": until.isoformat()}
            query = {"kind": kind.value, "resolution": "point", **span}
            while True:
                raw = await self._raw("GET", "measurement", 200, params=query)
                page = msgspec.json.decode(raw, type=_Points)
                for row in page.points:
                    yield row
                if page.next_page_token is None:
                    break
                query["page_token"] = page.next_page_token

    async def look(self, path: str) -> tuple[int, Any]:
        """Whatever a screen of the app is answered: the status, and the JSON."""
        headers = {"authorization": f"Bearer {self.sign_in()}"}
        async with self.session.get(f"{self.url}/{path}", headers=headers) as answer:
            return answer.status, msgspec.json.decode(await answer.read())

    async def fetch(self, path: str) -> bytes:
        """A file that the app lets its person have."""
        return await self._raw("GET", path, 200)

    async def call(self, method: str, path: str, status: int, **sent: Any) -> Any:
        """A request as the signed-in person; its JSON."""
        return msgspec.json.decode(await self._raw(method, path, status, **sent))

    async def _raw(self, method: str, path: str, status: int, **sent: Any) -> bytes:
        headers = {"authorization": f"Bearer {self.sign_in()}"}
        async with self.session.request(method, f"{self.url}/{path}", headers=headers, **sent) as answer:
            body = await answer.read()
            if answer.status != status:
                raise Unexpected(f"{method} /{path} answered {answer.status}: {body[:300].decode(errors='replace')}")
            return body


def _location(answer: aiohttp.ClientResponse, status: int) -> str:
    if answer.status != status or "location" not in answer.headers:
        raise Unexpected(f"{answer.url.path} answered {answer.status} instead of sending the browser on")
    return answer.headers["location"]


def _spans(first: date, last: date, most: int) -> Iterable[tuple[date, date]]:
    while first <= last:
        until = min(last, first + timedelta(days=most - 1))
        yield first, until
        first = until + timedelta(days=1)
