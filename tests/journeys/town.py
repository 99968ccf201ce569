"""Who and what journeys are about: the town with its platform, and the people with their apps."""

import datetime as dt
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

import aiohttp
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local.google import Account, Device
from infra.local.platform import Platform
from shared.clock import ManualClock
from shared.source.google_fit.scopes import SCOPES
from shared.source.google_fit.wire import ACTIVITY, TYPES
from shared.vocabulary import Kind
from tests.journeys.contract import Contract

START = dt.datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # nine o'clock on Monday morning in Tokyo
SIGNING = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ALL = tuple(Kind)
TOKYO = "Asia/Tokyo"


class Answer(NamedTuple):
    """What came back from the platform."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code; "" where there is no problem."""
        return str(self.json.get("code", ""))


class Returned(NamedTuple):
    """With what the browser opened the app's link."""

    result: str
    code: str


class Heard:
    """ASGI before the simulated Google: remembers which paths were asked for."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.paths: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.paths.append(unquote(scope["path"]))
        await self.app(scope, receive, send)


class Town:
    """One platform with its simulated Google. Time moves only here."""

    def __init__(self, platform: Platform, contract: Contract, heard: Heard) -> None:
        self.platform = platform
        self.heard = heard
        self.world = platform.world
        self.contract = contract
        self.http = aiohttp.ClientSession()
        assert isinstance(platform.clock, ManualClock)
        self.clock = platform.clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    def person(
        self,
        uid: str,
        *,
        devices: Iterable[Device] | None = None,
        days: float = 1,
        zone: str = TOKYO,
        account: Account | None = None,
    ) -> "App":
        """Somebody with a Google account whose devices (None: one of each) have been in use for `days`."""
        email = f"{uid}@example.com"
        history = timedelta(days=days)
        return App(self, uid, account or self.world.account(email, zone=zone, devices=devices, history=history))

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request to a function, its answer held to the contract. `body` is sent as JSON, `raw` as it is."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        skip = () if raw is not None else ("Content-Type",)
        async with self.http.request(
            method,
            f"{self.platform.url}{path}",
            data=None if raw is None else io.BytesIO(raw),
            headers=sent,
            allow_redirects=False,
            skip_auto_headers=skip,
        ) as got:
            answer = Answer(got.status, {k.lower(): v for k, v in got.headers.items()}, await got.read())
        self.contract.check(method, path, answer.status, answer.headers, answer.body)
        return answer

    async def settle(self) -> None:
        """Let every task that is due run."""
        await self.platform.drain()

    async def tick(self) -> None:
        """The scheduler's tick now, and the five minutes over which it spreads the work."""
        assert await self.platform.tick("sync_dispatch") == 200
        await self.platform.advance(timedelta(minutes=5), schedules=False)

    async def pass_time(self, by: timedelta, *, every: timedelta = timedelta(hours=3)) -> None:
        """Let `by` pass, with the scheduler ticking less often than it does, so that days take moments."""
        until = self.clock.now() + by
        while self.clock.now() < until:
            await self.platform.advance(min(every, until - self.clock.now()), schedules=False)
            await self.tick()

    def fitness_calls(self, email: str = "") -> int:
        """How often Google's Fitness API was called so far, by everyone or on behalf of one account."""
        endpoints = ("dataSources", "datasets", "dataPointChanges", "sessions")
        return sum(
            n
            for (endpoint, who), n in self.world.calls.items()
            if endpoint in endpoints and (not email or who == email)
        )

    def asked_for(self, kind: Kind) -> int:
        """How often Google was asked for a kind's points, changes or nights."""
        names = {TYPES[kind], ACTIVITY} if kind is Kind.SLEEP else {TYPES[kind]}
        asked = sum(any(f":{name}:" in path for name in names) for path in self.heard.paths)
        return asked + sum(path.endswith("/sessions") for path in self.heard.paths if kind is Kind.SLEEP)

    def google_calls(self) -> int:
        """How often Google was called in any way, other than for its keys."""
        return sum(n for (endpoint, _), n in self.world.calls.items() if endpoint != "certs")

    def granted_at_google(self, app: "App") -> bool:
        """Whether anything our client holds still opens that person's data."""
        oauth = self.world.oauth
        held = [t.account for t in oauth.refresh_tokens.values()] + [t.account for t in oauth.access_tokens.values()]
        return app.account in held

    def service_token(self, account: str, function: str) -> str:
        """A token of one of the platform's accounts for one function."""
        return self.platform.issuer.service_token(
            self.platform.settings[f"{account.upper()}_ACCOUNT"], f"{self.platform.url}/{function}"
        )


class App:
    """The app on one person's phone, and their browser."""

    def __init__(self, town: Town, uid: str, account: Account) -> None:
        self.town = town
        self.uid = uid
        self.account = account

    @property
    def token(self) -> str:
        """A fresh ID token: the app renews it by itself."""
        return self.town.platform.issuer.token_for(self.uid)

    async def call(self, method: str, path: str, **sent: Any) -> Answer:
        """As `Town.call`, signed in."""
        return await self.town.call(method, path, token=self.token, **sent)

    async def start(self, kinds: Iterable[Kind] = ALL) -> str:
        """Begin linking; the consent screen's address."""
        answer = await self.call("POST", "/oauth_start", body={"provider": "google_fit", "kinds": list(kinds)})
        assert answer.status == 200, answer.body
        return str(answer.json["authorization_url"])

    async def consent(
        self,
        url: str,
        *,
        tick: Iterable[Kind] | None = None,
        deny: bool = False,
        account: Account | None = None,
    ) -> str:
        """Decide on Google's screen (None: everything stays ticked); where Google sends the browser."""
        asked = parse_qs(urlsplit(url).query)["scope"][0].split()
        wanted = asked if tick is None else [SCOPES[kind] for kind in tick]
        form = [("account", (account or self.account).email), ("decision", "deny" if deny else "allow")]
        form += [("scope", scope) for scope in wanted]
        async with self.town.http.post(url, data=form, allow_redirects=False) as got:
            assert got.status == 302, await got.text()
            return got.headers["Location"]

    async def come_back(self, location: str) -> Returned:
        """The browser follows Google's redirect; with what the app's link is opened."""
        parts = urlsplit(location)
        answer = await self.town.call("GET", f"{parts.path}?{parts.query}")
        assert answer.status == 303, answer.body
        opened = answer.headers["location"]
        assert opened.startswith(self.town.platform.settings["APP_LINK"] + "?")
        query = parse_qs(urlsplit(opened).query)
        results = self.town.contract.document["components"]["schemas"]["LinkResult"]["enum"]
        assert query["result"][0] in results
        return Returned(query["result"][0], query.get("code", [""])[0])

    async def confirm(self, code: str) -> Answer:
        """Post the one-time code."""
        return await self.call("POST", "/connection/confirm", body={"code": code})

    async def link(self, kinds: Iterable[Kind] = ALL, *, tick: Iterable[Kind] | None = None) -> Any:
        """The whole way from the button to the first data; the connection as it was confirmed."""
        back = await self.come_back(await self.consent(await self.start(kinds), tick=tick))
        assert back.result == "success"
        answer = await self.confirm(back.code)
        assert answer.status == 201, answer.body
        await self.town.settle()
        return answer.json["connection"]

    async def connection(self) -> Any:
        """The connection as the app shows it; None where there never was one."""
        answer = await self.call("GET", "/connection")
        assert answer.status == 200, answer.body
        found = answer.json["connections"]
        return found[0] if found else None

    async def kind(self, kind: Kind) -> Any:
        """One kind of the connection."""
        return (await self.connection())["kinds"][kind]

    async def sync_now(self) -> Answer:
        """Pull to refresh."""
        answer = await self.call("POST", "/connection/sync", body={})
        await self.town.settle()
        return answer

    async def refresh(self) -> None:
        """A minute later, pull to refresh, and see that it was done."""
        await self.town.platform.advance(timedelta(minutes=1), schedules=False)
        assert (await self.sync_now()).status == 202

    async def disconnect(self) -> Answer:
        """End the link."""
        answer = await self.call("DELETE", "/connection/google_fit")
        await self.town.settle()
        return answer

    async def decide(self, decision: str, *kinds: Kind, if_epoch: int | None = None) -> Answer:
        """Give or withdraw consent for kinds; to give, on the state as it stands, where no other is named."""
        stands = (await self.call("GET", "/consent")).json
        if if_epoch is None and decision == "give":
            if_epoch = stands["epoch"]
        changes = [{"purpose": "qolms_store", "kind": k, "recipient": "qolms", "decision": decision} for k in kinds]
        body: dict[str, object] = {"changes": changes, "notice": stands["notice"]}
        return await self.call("POST", "/consent", body=body if if_epoch is None else {**body, "if_epoch": if_epoch})

    async def storing(self, kind: Kind) -> str:
        """Where consent to storing a kind stands; "" where it was never decided."""
        cells = (await self.call("GET", "/consent")).json["cells"]
        return "".join(c["state"] for c in cells if (c["purpose"], c["kind"]) == ("qolms_store", kind))

    async def days(self, kind: Kind, *, back: int = 7, zone: str | None = TOKYO) -> dict[str, Any]:
        """Day summaries of the last `back` days and tomorrow, by date."""
        answer = await self.call("GET", self._question(kind, back, zone))
        assert answer.status == 200, answer.body
        return {day["on"]: day for day in answer.json["days"]}

    async def points(self, kind: Kind, *, back: int = 7, zone: str | None = TOKYO) -> list[Any]:
        """All points of the last `back` days and tomorrow, page after page."""
        found: list[Any] = []
        token = ""
        while True:
            more = f"&page_token={token}" if token else ""
            answer = await self.call("GET", self._question(kind, back, zone) + "&resolution=point" + more)
            assert answer.status == 200, answer.body
            found += answer.json["points"]
            token = answer.json["next_page_token"]
            if not token:
                return found

    def _question(self, kind: Kind, back: int, zone: str | None) -> str:
        today = self.town.clock.now().date()
        first, last = today - timedelta(days=back), today + timedelta(days=1)
        return f"/measurement?kind={kind}&from={first}&to={last}" + (f"&zone={zone}" if zone else "")
