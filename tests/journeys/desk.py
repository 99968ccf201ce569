"""Staff at the desk, over HTTP, and what people ask of it: what journeys of cases are told with."""

from datetime import timedelta
from typing import Any

from infra.local.staff import TEST_STAFF, register_test_staff
from shared.cloud.stores import open_documents
from shared.ids import RandomIds
from shared.staff.model import Role
from tests.journeys.town import Answer, App, Town

ASSERTION = "x-goog-iap-jwt-assertion"
WORDS = "毎月の血糖値のお知らせをやめてほしい"
TARO = {
    "name": "鈴木太郎",
    "kana": "スズキ タロウ",
    "born_on": "1980-02-29",
    "address": "東京都千代田区丸の内1-1-1",
    "postal_code": "100-0005",
    "phone": "03-1234-5678",
    "mail": "taro@partner.example",
}
"""A partner of the operator's: nobody in the app."""


class Clerk:
    """One member of staff at their browser."""

    def __init__(self, town: Town, email: str) -> None:
        self.town, self.email = town, email

    async def call(self, method: str, path: str, body: object = None, **claims: Any) -> Answer:
        """A call through Identity-Aware Proxy, from one of our own pages."""
        sent = {ASSERTION: self.town.platform.issuer.staff_assertion(self.email, **claims)}
        sent |= {"origin": self.town.platform.url, "sec-fetch-site": "same-origin"}
        return await self.town.call(method, path, body=body, headers=sent)

    async def open(self, case: str, reason: str = "対応のため") -> tuple[Any, str]:
        """The case as this member of staff sees it, and what it was opened with."""
        answer = await self.call("POST", f"/disclosure/cases/{case}/open", {"reason": reason})
        assert answer.status == 200, answer.body
        return answer.json["case"], answer.json["opened"]["opening"]

    async def tries(self, case: str, act: str, **more: Any) -> Answer:
        """Open the case, and try to do something to it."""
        seen, opening = await self.open(case)
        body = {"act": {"act": act, **more}, "version": seen["version"], "opening": opening}
        return await self.call("POST", f"/disclosure/cases/{case}/acts", body)

    async def does(self, case: str, act: str, **more: Any) -> Any:
        """Open the case, do it, and see what the system makes of it; the case as it stands then."""
        answer = await self.tries(case, act, **more)
        assert answer.status == 200, (act, answer.body)
        await self.town.settle()
        return (await self.open(case))[0]


class Desk:
    """Everybody at it. `second` holds every role that handles cases; `stranger` none."""

    def __init__(self, town: Town) -> None:
        self.town = town
        by_roles = {one.roles: Clerk(town, one.email) for one in TEST_STAFF}
        self.window = Clerk(town, TEST_STAFF[0].email)
        self.verifier = by_roles[Role.VERIFIER,]
        self.decider = by_roles[Role.DECIDER,]
        self.manager = by_roles[Role.MANAGER,]
        self.auditor = by_roles[Role.AUDITOR,]
        self.second = by_roles[Role.WINDOW, Role.VERIFIER, Role.DECIDER]

    async def begins(self, *types: str, way: str = "paper", **more: Any) -> Any:
        """A partner calls, and asks for these; the case as it stands in the list."""
        wishes = more.pop("wishes", [{"type": one, "way": way} for one in types])
        contact = {"category": "partner", "channel": "phone", "person": TARO, "wishes": wishes, **more}
        answer = await self.window.call("POST", "/disclosure/cases", {"id": RandomIds().ident(), "contact": contact})
        assert answer.status == 201, answer.body
        return answer.json["case"]

    async def returned(self, *types: str, stamps_yen: int = 1000, **more: Any) -> Any:
        """The form goes out, comes back three days later, and is copied twice."""
        case = await self.begins(*types, **more)
        await self.window.does(case["id"], "send_form")
        await self.town.platform.advance(timedelta(days=3), schedules=False)
        number, today = case["number"], self.today
        await self.window.does(case["id"], "register_arrival", number=number, on=today, stamps_yen=stamps_yen)
        form = form_of(*types, **{k: v for k, v in more.items() if k in ("by", "agent", "way", "person", "wishes")})
        return await self.window.does(case["id"], "enter_form", first=form, second=form)

    async def verified(self, *types: str, **more: Any) -> Any:
        """The partner's papers are enough, and agree with the contract."""
        case = await self.returned(*types, **more)
        await self.verifier.does(case["id"], "begin_verification")
        await self.verifier.does(case["id"], "add_proof", document=self.licence())
        await self.verifier.does(case["id"], "match_by_hand", records="取引先台帳 12")
        return await self.verifier.does(case["id"], "verify")

    async def decided(self, case: str, item: str, outcome: str = "full", **more: Any) -> Any:
        """What the item is about is fixed and looked up, and it is decided."""
        await self.decider.does(case, "fix_scope", item=item, scope={})
        return await self.decider.does(case, "decide", item=item, outcome=outcome, **more)

    def licence(self, **more: Any) -> dict[str, Any]:
        """A paper that shows who somebody is."""
        shows = {"agreed": ["name", "birth_on", "address"], "good_until": "2030-01-01", "received_on": self.today}
        return {"type": "document", "paper": "driving_licence", **shows, **more}

    @property
    def today(self) -> str:
        """The civil date in Tokyo."""
        return str((self.town.clock.now() + timedelta(hours=9)).date())


def form_of(*types: str, way: str = "paper", **more: Any) -> dict[str, Any]:
    """The form as it comes back."""
    wishes = more.pop("wishes", [{"type": one, "way": way} for one in types])
    return {"by": "self", "person": TARO, "wishes": wishes, **more}


async def desk_of(town: Town) -> Desk:
    """The desk, everybody on the roster."""
    settings = town.platform.settings
    documents = open_documents(settings["DOCUMENTS"], project=settings["PROJECT"])
    try:
        await register_test_staff(documents, town.clock)
    finally:
        await documents.close()
    return Desk(town)


async def files(app: App, *requests: dict[str, Any], name: str = "") -> Answer:
    """File requests in the app, and let the system look at them."""
    body = {"id": name or RandomIds().ident(), "requests": list(requests)}
    answer = await app.call("POST", "/disclosure/requests", body=body)
    await app.town.settle()
    return answer


async def mine(app: App, case: str) -> Any:
    """A case as its person sees it."""
    answer = await app.call("GET", "/disclosure/requests")
    assert answer.status == 200, answer.body
    return next(one for one in answer.json["requests"] if one["id"] == case)


def steps(case: Any) -> dict[str, str]:
    """Where each item stands, by its id; of the desk's view or the person's."""
    return {one["id"]: one.get("item", one).get("step", "waiting") for one in case["items"]}
