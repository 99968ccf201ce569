"""Staff at the desk, over HTTP: the steps of a case, each by whoever may take it."""

import json
from typing import Any, NamedTuple

from infra.local.staff import COOKIE, register_test_staff
from shared.cloud.stores import open_documents
from tests.journeys.town import Answer, App, Town

WINDOW, VERIFIER, DECIDER = "suzuki@kagamino.example", "sato@kagamino.example", "takahashi@kagamino.example"
HANA = {
    "name": "花岡 花子",
    "kana": "ハナオカ ハナコ",
    "born_on": "1948-05-03",
    "postal_code": "108-0075",
    "address": "東京都港区港南1-2-3",
    "phone": "03-1234-5678",
    "mail": "hana@example.com",
}


async def http(town: Town, method: str, path: str, *, body: object = None, **more: Any) -> Answer:
    """One request; what routes answer is held to the contract elsewhere."""
    async with town.http.request(method, f"{town.platform.url}{path}", json=body, allow_redirects=False, **more) as got:
        return Answer(got.status, {k.lower(): v for k, v in got.headers.items()}, await got.read())


async def form(town: Town, path: str, **fields: str) -> Answer:
    """A page's form, sent."""
    async with town.http.post(f"{town.platform.url}{path}", data=fields, allow_redirects=False) as got:
        return Answer(got.status, {k.lower(): v for k, v in got.headers.items()}, await got.read())


async def own(app: App, method: str, path: str, *, body: object = None) -> Answer:
    """The app's request."""
    return await http(app.town, method, path, body=body, headers={"Authorization": f"Bearer {app.token}"})


class Desk(NamedTuple):
    """The desk of a town."""

    town: Town

    async def staffed(self) -> "Desk":
        """Everybody is on the roster."""
        settings = self.town.platform.settings
        documents = open_documents(settings["DOCUMENTS"], project=settings["PROJECT"])
        await register_test_staff(documents, self.town.clock)
        await documents.close()
        return self

    async def post(self, email: str, path: str, body: object) -> Answer:
        """From one of the desk's own pages."""
        session = self.town.platform.staff.session(email)
        headers = {"Cookie": f"{COOKIE}={session}", "Origin": self.town.platform.url, "Sec-Fetch-Site": "same-origin"}
        return await http(self.town, "POST", f"/disclosure{path}", body=body, headers=headers)

    async def open(self, email: str, case: str) -> tuple[Any, str]:
        """The case, and what keeps it open."""
        answer = await self.post(email, f"/cases/{case}/open", {"reason": "対応のため"})
        assert answer.status == 200, answer.body
        return answer.json["case"], answer.json["opened"]["opening"]

    async def do(self, email: str, case: str, act: str, **fields: Any) -> Any:
        """One act, on the case as it stands, and what follows from it; the case then."""
        seen, opening = await self.open(email, case)
        body = {"act": {"act": act, **fields}, "version": seen["version"], "opening": opening}
        answer = await self.post(email, f"/cases/{case}/acts", body)
        assert answer.status == 200, (act, answer.body)
        await self.town.settle()
        return answer.json["case"]

    async def printed(self, case: str, what: str) -> Answer:
        """The window prints a paper of the case."""
        _, opening = await self.open(WINDOW, case)
        return await self.post(WINDOW, f"/cases/{case}/{what}", {"opening": opening, "reason": "発送のため"})

    async def begun(self, *types: str, way: str, ident: str = "a" * 26, language: str = "ja") -> str:
        """Somebody calls, gets the form, and it comes back with stamps; the case's id."""
        wishes = [{"type": one, "way": way} for one in types]
        contact = {
            "category": "customer",
            "channel": "phone",
            "person": HANA,
            "wishes": wishes,
            "language": language,
        }
        answer = await self.post(WINDOW, "/cases", {"id": ident, "contact": contact})
        assert answer.status == 201, answer.body
        case = str(answer.json["case"]["id"])
        await self.do(WINDOW, case, "send_form")
        seen, _ = await self.open(WINDOW, case)
        today = self.town.clock.now().date().isoformat()
        await self.do(WINDOW, case, "register_arrival", number=seen["number"], on=today, stamps_yen=1000)
        copied = {"by": "self", "person": HANA, "wishes": wishes}
        await self.do(WINDOW, case, "enter_form", first=copied, second=copied)
        return case

    async def signed_in(self, case: str, app: App) -> None:
        """The applicant proves their account by signing in to the app, which the mailed link opens."""
        await self.do(VERIFIER, case, "begin_verification")
        await self.do(VERIFIER, case, "send_link", use="account")
        token = await self.link("proof")
        answer = await own(app, "POST", "/disclosure/requests/proofs", body={"token": token})
        assert (answer.status, answer.json) == (200, {"confirmed": True})
        await self.do(VERIFIER, case, "verify")

    async def decided(self, case: str, *items: str, **decision: Any) -> Any:
        """These items are decided and carried out."""
        for item in items:
            await self.do(DECIDER, case, "fix_scope", item=item, scope={})
            await self.do(DECIDER, case, "decide", item=item, **(decision or {"outcome": "full"}))
        return (await self.open(WINDOW, case))[0]

    async def link(self, parameter: str) -> str:
        """The token in the newest mail that has one."""
        mails = [mail.text for mail in await self.town.platform.aws.mails() if f"{parameter}=" in mail.text]
        return mails[-1].split(f"{parameter}=")[1].split()[0]


def shown(answer: Answer) -> str:
    """What a page says, or a problem."""
    return answer.body.decode() if "json" not in answer.headers["content-type"] else json.dumps(answer.json)
