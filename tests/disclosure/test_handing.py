"""What is handed over: by links and codes, in the app, on paper; and what links prove of whoever applied."""

import asyncio
import datetime as dt
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import msgspec
import pytest
from starlette.requests import Request

from shared import edge
from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.cloud.blobs import Blobs
from shared.cloud.documents import Documents, settle
from shared.cloud.pace import Pace
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.tickets import PAGE_KEY, Tickets
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.agents import Agent, AgentKind, Mandate
from shared.disclosure.carrying_out import CarryingOut
from shared.disclosure.codes import By, Channel, Outcome, RequestType, Stage, Step, Way
from shared.disclosure.evidence import MailLink, SignIn
from shared.disclosure.file import PERSON, SYSTEM, Actor
from shared.disclosure.handing_acts import FetchActs, Print, PrintActs, public_routes
from shared.disclosure.identity import Level, level_of
from shared.disclosure.inviting import Inviting
from shared.disclosure.mailing import Mailing
from shared.disclosure.model import Person
from shared.disclosure.proofs.model import MOST_ISSUES, MOST_TRIES, State, Use
from shared.disclosure.proofs.service import Proofs
from shared.disclosure.proofs.store import LinkStore
from shared.disclosure.service import Opened
from shared.disclosure.shelf import Shelf
from shared.disclosure.staff_acts import StaffActs
from shared.disclosure.stored import key_name, written
from shared.disclosure.told import CasesTold
from shared.disclosure.working import Done, Working
from shared.errors import Conflict, Fault, InvalidInput, NotFound, NotPermitted, OutcomeUnknown, Refused
from shared.mail.model import Letter
from shared.mail.store import MessageStore
from shared.policy.notices import notices
from shared.profile.blind import MATCH_KEY, MatchKeys
from shared.vocabulary import Language
from tests.disclosure.counter import DECIDER, SECOND, VERIFIER, WINDOW, YAMADA, Counter
from tests.disclosure.test_working import Scripted
from tests.fakes import MemorySecrets

DISCLOSE, PURPOSE, ERASE = RequestType.DISCLOSE, RequestType.PURPOSE, RequestType.ERASE
ZIP = b"PK-what-is-held-of-her" * 100_000


Got: TypeAlias = tuple[int, dict[str, str], bytes]


@dataclass
class Handing:
    """A desk that hands things over."""

    counter: Counter

    def __post_init__(self) -> None:
        self.secrets = MemorySecrets({MATCH_KEY: [b"m" * 32], PAGE_KEY: [b"p" * 32]})
        self.shelf = Shelf(
            blobs=Blobs(self.counter.documents, self.counter.clock, self.counter.ids), keys=self.counter.keys
        )
        self.mailing = Mailing(
            outbox=self.counter.outbox(), notices=notices(), clock=self.counter.clock, cases_url="https://desk/cases"
        )
        self.proofs = self.proofs_over(self.counter.documents)

    def proofs_over(self, documents: Documents) -> Proofs:
        return Proofs(
            links=LinkStore(documents),
            marks=MatchKeys(self.secrets),
            cases=CasesTold(self.counter.desk),
            commit=partial(settle, documents),
            clock=self.counter.clock,
            ids=self.counter.ids,
        )

    def inviting(self) -> Inviting:
        return Inviting(
            proofs=self.proofs,
            mailing=self.mailing,
            desk=self.counter.desk,
            ids=self.counter.ids,
            pages_url="https://desk",
            app_link="https://app/linked",
        )

    async def package(self, case: Opened, item: str) -> Done:
        put = await self.shelf.put(case.id, f"result.{item}.1", ZIP)
        return Done(
            auto.TaskDone(item=item, task=case.file.case.items[item].tasks[0], proof=put.blob.sha256), put.writes
        )

    def working(self) -> Working:
        carrying = CarryingOut(
            tasks={
                **dict.fromkeys(("package", "records", "purposes"), self.package),
                **dict.fromkeys(("withdraw", "erase"), Scripted().task),
            }
        )
        workers = {
            **dict.fromkeys(("freeze", "thaw", "remind"), Scripted().job),
            "letter": Scripted().letter,
            "collect": carrying.collect,
            "carry_out": carrying.carry_out,
            "link": self.inviting().link,
            "tell_locked": self.mailing.tell_locked,
        }
        return Working(desk=self.counter.desk, clock=self.counter.clock, workers=workers, post=self.counter.outbox())

    async def read(self, case: Opened) -> Opened:
        return await self.counter.desk.read(case.id)

    async def run(self, case: Opened) -> Opened:
        await self.working().run(case.id)
        return await self.read(case)

    async def decided(self, case: Opened, *items: str) -> Opened:
        """These items are decided in full and carried out to where they are handed over."""
        for item in items or ("1",):
            case = await self.read(case)
            scope = case.file.case.items[item].scope
            case = await self.run(await self.counter.do(case, a.FixScope(item=item, scope=scope), DECIDER))
            case = await self.run(await self.counter.do(case, a.Decide(item=item, outcome=Outcome.FULL), DECIDER))
        return case

    async def waiting(self, *types: RequestType, way: Way = Way.ELECTRONIC, **more: Any) -> Opened:
        """A case on paper of which everything waits to be fetched."""
        wishes = tuple(a.Wish(type=one, way=way) for one in types or (DISCLOSE,))
        case = await self.counter.call(wishes=wishes, **more)
        case = await self.counter.verified(await self.counter.returned(case), account="hanako")
        return await self.decided(case, *case.file.case.items)

    async def mails(self, case: Opened) -> list[tuple[str, Letter]]:
        """Template and content of each mail of a case, the oldest first."""
        found = []
        for one in reversed(await MessageStore(self.counter.documents).of(f"cases/{case.id}")):
            sealed = one.value.sealed
            assert sealed
            plain = await self.counter.outbox().sealing.open(one.value.owner, sealed, one.path)
            found.append((one.value.template, msgspec.msgpack.decode(plain, type=Letter)))
        return found

    async def token(self, case: Opened) -> str:
        """The one in the newest mail that has any."""
        tokens = [re.search(r"(?:token|proof)=([\w-]+)", letter.text) for _, letter in await self.mails(case)]
        return [found[1] for found in tokens if found][-1]

    async def posted(
        self, method: str, path: str, *, language: str = "ja", **fields: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request to the public pages: status, headers, body."""
        acts = FetchActs(
            proofs=self.proofs,
            desk=self.counter.desk,
            shelf=self.shelf,
            tickets=Tickets(self.secrets, self.counter.clock, use="handing over"),
            pace=Pace(self.counter.documents, self.counter.clock, "fetching_results", 20),
        )
        form = "&".join(f"{name}={value}" for name, value in fields.items()).encode()

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": form if method == "POST" else b"", "more_body": False}

        headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"accept-language", language.encode())]
        query = form if method == "GET" else b""
        scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}
        response: Any = await edge.App("links", lambda: public_routes(acts))(Request(scope, receive))
        if hasattr(response, "body_iterator"):
            body = b"".join([piece async for piece in response.body_iterator])
        else:
            body = bytes(response.body)
        return response.status_code, dict(response.headers), body


@pytest.fixture
def handing(sqlite_documents: SqliteDocuments) -> Handing:
    return Handing(Counter(sqlite_documents))


# links that prove something


async def in_verification(handing: Handing, *types: RequestType, **more: Any) -> Opened:
    case = await handing.counter.returned(await handing.counter.call(*types or (DISCLOSE,), **more))
    return await handing.counter.do(case, a.BeginVerification(), VERIFIER)


async def test_a_link_is_mailed_to_the_address_that_was_stated_and_following_it_is_evidence(handing: Handing):
    case = await in_verification(handing)
    case = await handing.run(await handing.counter.do(case, a.SendLink(use=Use.MAIL_ADDRESS), VERIFIER))
    [(template, letter)] = await handing.mails(case)
    assert (template, letter.to) == ("verify_address", YAMADA.mail)
    link = case.file.case.links["mail_address"]
    assert (link.count, link.followed_at) == (1, None)
    assert link.mail
    await handing.proofs.redeem(await handing.token(case), Use.MAIL_ADDRESS)
    case = await handing.read(case)
    assert case.file.private.evidence == (MailLink(at=handing.counter.clock.now(), agreed=False),)
    assert case.file.case.links["mail_address"].followed_at == handing.counter.clock.now()


@pytest.mark.parametrize("match_first", [True, False])
@pytest.mark.parametrize("agreed", [True, False])
async def test_a_followed_link_counts_where_the_match_knew_the_address(
    handing: Handing, match_first: bool, agreed: bool
):
    case = await in_verification(handing, PURPOSE)
    match = a.MatchAccount(account="hanako", subject="s", mail=agreed)
    if match_first:
        case = await handing.counter.do(case, match, VERIFIER)
    case = await handing.run(await handing.counter.do(case, a.SendLink(use=Use.MAIL_ADDRESS), VERIFIER))
    await handing.proofs.redeem(await handing.token(case), Use.MAIL_ADDRESS)
    case = await handing.read(case)
    if not match_first:
        case = await handing.counter.do(case, match, VERIFIER)
    level = level_of(case.file.private.evidence, handing.counter.clock.now())
    assert level is (Level.BASIC if agreed else Level.LOW)


async def test_signing_in_proves_an_account_and_the_case_is_then_its(handing: Handing):
    case = await in_verification(handing, DISCLOSE, ERASE)
    case = await handing.run(await handing.counter.do(case, a.SendLink(use=Use.ACCOUNT), VERIFIER))
    [(template, letter)] = await handing.mails(case)
    assert template == "verify_account"
    assert "・開示\n・消去" in letter.text, "whoever asked for nothing sees that it is not theirs"
    assert "https://app/linked?proof=" in letter.text
    await handing.proofs.redeem(await handing.token(case), Use.ACCOUNT, account="hanako")
    case = await handing.read(case)
    assert case.file.private.account == "hanako"
    assert case.file.case.subject
    assert case.file.private.evidence == (SignIn(at=handing.counter.clock.now()),)
    assert (await handing.counter.do(case, a.Verify(), VERIFIER)).file.case.stage is Stage.HANDLING


async def test_another_account_than_the_matched_one_proves_nothing(handing: Handing):
    case = await in_verification(handing)
    case = await handing.counter.do(case, a.MatchAccount(account="hanako", subject="s"), VERIFIER)
    case = await handing.run(await handing.counter.do(case, a.SendLink(use=Use.ACCOUNT), VERIFIER))
    token = await handing.token(case)
    with pytest.raises(Refused, match="proof_invalid"):
        await handing.proofs.redeem(token, Use.ACCOUNT, account="somebody")
    await handing.proofs.redeem(token, Use.ACCOUNT, account="hanako")


async def test_links_are_sent_so_often_and_only_where_they_can_arrive(handing: Handing):
    case = await in_verification(handing)
    for _ in range(MOST_ISSUES):
        case = await handing.run(await handing.counter.do(case, a.SendLink(use=Use.MAIL_ADDRESS), VERIFIER))
    with pytest.raises(Refused, match="proof_issues_spent"):
        await handing.counter.do(case, a.SendLink(use=Use.MAIL_ADDRESS), VERIFIER)
    with pytest.raises(InvalidInput, match="request_invalid"):
        await handing.counter.do(case, a.SendLink(use=Use.DELIVERY), VERIFIER)
    with pytest.raises(NotPermitted, match="role_missing"):
        await handing.counter.do(case, a.SendLink(use=Use.ACCOUNT), WINDOW)
    nowhere = await in_verification(handing, person=msgspec.structs.replace(YAMADA, mail="花子@どこか"))
    with pytest.raises(InvalidInput, match="mail_missing"):
        await handing.counter.do(nowhere, a.SendLink(use=Use.MAIL_ADDRESS), VERIFIER)


async def test_only_the_newest_link_and_only_while_identity_is_looked_at(handing: Handing):
    case = await in_verification(handing)
    case = await handing.run(await handing.counter.do(case, a.SendLink(use=Use.MAIL_ADDRESS), VERIFIER))
    old = await handing.token(case)
    handing.counter.clock.advance(dt.timedelta(minutes=1))
    case = await handing.run(await handing.counter.do(case, a.SendLink(use=Use.MAIL_ADDRESS), VERIFIER))
    with pytest.raises(Refused, match="proof_invalid"):
        await handing.proofs.redeem(old, Use.MAIL_ADDRESS)
    case = await handing.counter.do(case, a.AddProof(document=handing.counter.licence()), VERIFIER)
    case = await handing.counter.do(case, a.MatchAccount(account="h", subject="s"), VERIFIER)
    await handing.counter.do(case, a.Verify(), VERIFIER)
    with pytest.raises(Refused, match="proof_invalid"):
        await handing.proofs.redeem(await handing.token(case), Use.MAIL_ADDRESS)


async def test_an_older_link_is_not_taken_for_the_newest(handing: Handing):
    case = await in_verification(handing)
    case = await handing.run(await handing.counter.do(case, a.SendLink(use=Use.MAIL_ADDRESS), VERIFIER))
    for act in (a.ProveMail(about="0"), a.ProveAccount(about="1", account="h", subject="s")):
        with pytest.raises(Conflict, match="case_moved_on"):
            await handing.counter.do(case, act, PERSON)
    await handing.counter.do(case, a.ProveMail(about="1"), PERSON)


@pytest.mark.parametrize("by", [WINDOW, VERIFIER, DECIDER])
async def test_nobody_at_the_desk_can_say_that_a_link_was_followed(handing: Handing, by: Any):
    case = await in_verification(handing)
    for act in (a.ProveMail(about="1"), a.ProveAccount(about="1", account="h", subject="s")):
        with pytest.raises(NotPermitted, match="role_missing"):
            await handing.counter.do(case, act, by)
        with pytest.raises(NotPermitted, match="role_missing"):
            await handing.counter.do(case, act)


# handing over by link


async def test_what_is_handed_over_by_link_is_mailed_without_the_code_and_the_letter_has_it(handing: Handing):
    case = await handing.waiting()
    assert case.file.case.items["1"].step is Step.NOTIFYING
    assert case.file.case.links["delivery"].items == ("1",)
    [(template, letter)] = await handing.mails(case)
    assert (template, letter.to) == ("package_ready", YAMADA.mail)
    code = case.file.private.code
    assert len(code) == 9
    assert code not in letter.text
    assert letter.attachments == []
    assert [one.kind for one in case.file.case.letters.values()] == ["form", "answer"]
    assert code not in repr(await handing.counter.documents.get(f"cases/{case.id}"))
    entries = await stream_entries(handing.counter.documents, f"case.{case.id}")
    assert code not in repr(entries)


async def test_the_page_asks_for_the_code_and_looking_uses_nothing_up(handing: Handing):
    case = await handing.waiting()
    token = await handing.token(case)
    looks = [await handing.posted("GET", "/links/delivery", token=token) for _ in range(3)]
    for status, headers, shown in looks:
        assert status == 200
        assert headers["cache-control"] == "no-store"
        assert "受取番号" in shown.decode()
    page = looks[0][2]
    other = (await handing.posted("GET", "/links/delivery", token="x" * 43))[2]
    assert page.replace(token.encode(), b"") == other.replace(b"x" * 43, b"")
    link = await LinkStore(handing.counter.documents).of(case.id, Use.DELIVERY)
    assert link
    assert link.value.state is State.OPEN


async def test_the_code_registers_the_delivery_and_then_everything_can_be_saved(handing: Handing):
    case = await handing.waiting(DISCLOSE, PURPOSE)
    token, code = await handing.token(case), case.file.private.code
    status, _, page = await handing.posted("POST", "/links/delivery", token=token, code=code.lower())
    assert status == 200
    case = await handing.read(case)
    assert {item.step for item in case.file.case.items.values()} == {Step.ANSWERED}
    assert case.file.case.stage is Stage.ANSWERED
    text = page.decode()
    assert "開示 (ZIP) を保存" in text
    assert "利用目的の通知 (PDF) を保存" in text
    ticket = re.search(r'name="ticket" value="([\w-]+)"', text)
    assert ticket
    fetch = partial(handing.posted, "POST", "/links/files", ticket=ticket[1])
    for _ in range(2):  # also where the first time broke off
        status, headers, body = await fetch(item="1", part="1")
        assert (status, body) == (200, ZIP)
        number = case.file.case.number
        assert headers["content-disposition"] == f'attachment; filename="{number}-1-1.zip"'
        assert headers["cache-control"] == "no-store"
    assert (await fetch(item="1", part="2"))[0] == 404
    assert (await fetch(item="3", part="1"))[0] == 401
    assert (await handing.posted("POST", "/links/delivery", token=token, code=code))[0] == 410


async def test_what_was_redeemed_can_be_fetched_for_a_while_and_no_longer(handing: Handing):
    case = await handing.waiting()
    code = case.file.private.code
    _, _, page = await handing.posted("POST", "/links/delivery", token=await handing.token(case), code=code)
    ticket = re.search(r'name="ticket" value="([\w-]+)"', page.decode())
    assert ticket
    handing.counter.clock.advance(dt.timedelta(hours=1))
    assert (await handing.posted("POST", "/links/files", ticket=ticket[1], item="1", part="1"))[0] == 401
    assert (await handing.posted("POST", "/links/files", ticket="forged", item="1", part="1"))[0] == 401


async def test_fetching_is_paced(handing: Handing):
    case = await handing.waiting()
    code = case.file.private.code
    _, _, page = await handing.posted("POST", "/links/delivery", token=await handing.token(case), code=code)
    ticket = re.search(r'name="ticket" value="([\w-]+)"', page.decode())
    assert ticket
    statuses = [
        (await handing.posted("POST", "/links/files", ticket=ticket[1], item="1", part="9"))[0] for _ in range(21)
    ]
    assert statuses == [404] * 20 + [429]


async def test_a_wrong_code_is_told_with_what_is_left_then_locks_and_the_desk_hears_of_it(handing: Handing):
    case = await handing.waiting()
    token = await handing.token(case)
    for left in range(MOST_TRIES - 1, 0, -1):
        status, _, page = await handing.posted("POST", "/links/delivery", token=token, code="AAAA-2222")
        assert status == 403
        assert f"あと{left}回" in page.decode()
        assert 'aria-invalid="true"' in page.decode()
        assert token in page.decode()
    status, _, page = await handing.posted("POST", "/links/delivery", token=token, code="AAAA-2222")
    assert status == 410
    assert (await handing.posted("POST", "/links/delivery", token=token, code=case.file.private.code))[0] == 410
    case = await handing.run(case)
    assert case.file.case.links["delivery"].locked
    template, letter = (await handing.mails(case))[-1]
    assert template == "link_locked"
    assert YAMADA.name not in letter.text
    case = await handing.run(await handing.counter.do(case, a.SendAgain(), WINDOW))
    assert not case.file.case.links["delivery"].locked
    fresh = await handing.token(case)
    assert (await handing.posted("POST", "/links/delivery", token=fresh, code=case.file.private.code))[0] == 200


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_used_expired_and_unknown_are_one_answer(handing: Handing, language: str):
    case = await handing.waiting()
    token, code = await handing.token(case), case.file.private.code
    answers = [await handing.posted("POST", "/links/delivery", language=language, token="x" * 43, code=code)]
    handing.counter.clock.set(case.file.case.links["delivery"].until)
    answers.append(await handing.posted("POST", "/links/delivery", language=language, token=token, code=code))
    case = await handing.run(await handing.counter.do(await handing.read(case), a.SendAgain(), WINDOW))
    token = await handing.token(case)
    assert (await handing.posted("POST", "/links/delivery", language=language, token=token, code=code))[0] == 200
    answers.append(await handing.posted("POST", "/links/delivery", language=language, token=token, code=code))
    assert {(status, body) for status, _, body in answers} == {(410, answers[0][2])}


async def test_a_new_link_goes_out_so_often_with_the_same_code_and_no_second_letter(handing: Handing):
    case = await handing.waiting()
    code, letters = case.file.private.code, len(case.file.case.letters)
    for _ in range(MOST_ISSUES - 1):
        case = await handing.run(await handing.counter.do(case, a.SendAgain(), WINDOW))
    assert (case.file.private.code, len(case.file.case.letters)) == (code, letters)
    with pytest.raises(Refused, match="proof_issues_spent"):
        await handing.counter.do(case, a.SendAgain(), WINDOW)
    case = await handing.counter.do(case, a.AnswerOnPaper(item="1"), WINDOW)
    assert case.file.case.items["1"].way is Way.PAPER
    assert len(case.file.case.letters) == letters + 1
    token = await handing.token(case)
    assert (await handing.posted("POST", "/links/delivery", token=token, code=code))[0] == 410
    with pytest.raises(Conflict, match="case_moved_on"):
        await handing.counter.do(await handing.read(case), a.SendAgain(), WINDOW)


async def test_where_no_link_is_left_what_is_ready_next_goes_on_paper(handing: Handing):
    wishes = (a.Wish(type=DISCLOSE, way=Way.ELECTRONIC), a.Wish(type=PURPOSE, way=Way.ELECTRONIC))
    case = await handing.counter.returned(await handing.counter.call(wishes=wishes))
    case = await handing.decided(await handing.counter.verified(case, account="hanako"), "1")
    for _ in range(MOST_ISSUES - 1):
        case = await handing.run(await handing.counter.do(case, a.SendAgain(), WINDOW))
    case = await handing.decided(case, "2")
    assert [item.way for item in case.file.case.items.values()] == [Way.ELECTRONIC, Way.PAPER]
    assert case.file.case.links["delivery"].items == ("1",)


async def test_a_second_item_is_handed_over_by_the_newer_link_with_the_first(handing: Handing):
    wishes = (a.Wish(type=DISCLOSE, way=Way.ELECTRONIC), a.Wish(type=PURPOSE, way=Way.ELECTRONIC))
    case = await handing.counter.returned(await handing.counter.call(wishes=wishes))
    case = await handing.decided(await handing.counter.verified(case, account="hanako"), "1")
    old, code = await handing.token(case), case.file.private.code
    case = await handing.decided(case, "2")
    assert case.file.case.links["delivery"].items == ("1", "2")
    assert case.file.private.code == code
    assert [one.items for one in case.file.case.letters.values()] == [(), ("1",), ("2",)]
    newest = [t for t in [await handing.token(case)] if t != old]
    assert newest
    assert (await handing.posted("POST", "/links/delivery", token=old, code=code))[0] == 410
    assert (await handing.posted("POST", "/links/delivery", token=newest[0], code=code))[0] == 200


@pytest.mark.parametrize(
    ("way", "more"),
    [
        (Way.PAPER, {}),
        (Way.ELECTRONIC, {"person": msgspec.structs.replace(YAMADA, mail="")}),
    ],
)
async def test_without_an_address_or_on_paper_no_link_goes_out(handing: Handing, way: Way, more: dict[str, Any]):
    case = await handing.waiting(way=way, **more)
    assert case.file.case.links == {}
    assert case.file.case.items["1"].way is Way.PAPER
    assert case.file.case.letters["l2"].way is Way.PAPER


async def test_whoever_asked_in_the_app_fetches_it_there(handing: Handing):
    contact = a.Contact(
        category=(await handing.counter.call(DISCLOSE)).file.case.category,
        channel=Channel.APP,
        person=Person(member_id="hanako", mail="hanako@example.jp"),
        wishes=(a.Wish(type=DISCLOSE, way=Way.ELECTRONIC),),
    )
    case = await handing.counter.desk.file_in_app("q" * 26, contact, "hanako", "subject")
    case = await handing.run(
        await handing.counter.do(case, a.FixScope(item="1", scope=case.file.case.items["1"].scope), DECIDER)
    )
    case = await handing.counter.do(case, a.Decide(item="1", outcome=Outcome.FULL), DECIDER)
    case = await handing.run(await handing.counter.do(case, a.Cosign(item="1"), SECOND))
    assert case.file.case.items["1"].step is Step.NOTIFYING
    assert case.file.case.links == {}


# an agent's right


async def through_an_agent(handing: Handing) -> Opened:
    agent = Person(name="山田 太郎", address="東京都港区港南1-2-3", mail="taro@example.jp")
    wishes = (a.Wish(type=DISCLOSE, way=Way.ELECTRONIC),)
    counter = handing.counter
    case = await counter.call(wishes=wishes, by=By.DELEGATED, agent=agent)
    case = await counter.do(await counter.returned(case), a.BeginVerification(), VERIFIER)
    today = counter.desk.moment().today
    mandate = Mandate(signed_on=today, types=frozenset({DISCLOSE}))
    papers = Agent(
        kind=AgentKind.DELEGATE,
        received_on=today,
        evidence=(counter.licence(),),
        mandate=mandate,
        seal_certificate_on=today,
        seal_matches=True,
    )
    case = await counter.do(case, a.RecordAgency(agency=papers), VERIFIER)
    case = await counter.do(case, a.AddProof(document=counter.licence()), VERIFIER)
    case = await counter.do(case, a.MatchAccount(account="hanako", subject="s"), VERIFIER)
    return await handing.decided(await counter.do(case, a.Verify(), VERIFIER))


async def test_an_agent_gets_the_link_and_a_mandate_taken_back_closes_it_in_the_same_commit(handing: Handing):
    case = await through_an_agent(handing)
    [(_, letter)] = await handing.mails(case)
    assert letter.to == "taro@example.jp"
    await handing.counter.do(case, a.RevokeAgency(), WINDOW)
    link = await LinkStore(handing.counter.documents).of(case.id, Use.DELIVERY)
    assert link
    assert link.value.state is State.REVOKED
    code = case.file.private.code
    assert (await handing.posted("POST", "/links/delivery", token=await handing.token(case), code=code))[0] == 410
    assert (await handing.read(case)).file.case.items["1"].step is Step.WITHDRAWN


async def test_the_right_is_looked_at_again_when_it_is_fetched(handing: Handing):
    case = await through_an_agent(handing)
    code = case.file.private.code
    handing.counter.desk = replace(handing.counter.desk, links=None)  # so that only the second look is left
    await handing.counter.do(case, a.RevokeAgency(), WINDOW)
    token = await handing.token(case)
    assert (await handing.posted("POST", "/links/delivery", token=token, code=code))[0] == 410


async def test_a_mandate_taken_back_stops_what_is_being_saved(handing: Handing):
    case = await through_an_agent(handing)
    wishes = case.file.case.items
    assert list(wishes) == ["1"]
    token, code = await handing.token(case), case.file.private.code
    _, _, page = await handing.posted("POST", "/links/delivery", token=token, code=code)
    ticket = re.search(r'name="ticket" value="([\w-]+)"', page.decode())
    assert ticket
    found = await handing.read(case)
    agency = found.file.private.agency
    assert agency
    gone = msgspec.structs.replace(agency, revoked_at=handing.counter.clock.now())
    await rewritten(handing, found, agency=gone)
    assert (await handing.posted("POST", "/links/files", ticket=ticket[1], item="1", part="1"))[0] == 403


async def rewritten(handing: Handing, case: Opened, **private: Any) -> None:
    """The case, as if these sealed fields had changed meanwhile."""
    key = await handing.counter.keys.key(key_name(case.id))
    at = handing.counter.clock.now()
    file = case.file.with_private(**private)
    writes, _ = written(case.id, file, key, case.version, at=at, by=SYSTEM, action="case.note", facts={})
    await handing.counter.documents.commit(writes)


async def test_without_the_right_no_new_link_goes_out(handing: Handing):
    case = await through_an_agent(handing)
    asked = await handing.counter.do(case, a.SendAgain(), WINDOW)
    await handing.counter.do(asked, a.RevokeAgency(), WINDOW)
    case = await handing.run(case)
    assert case.file.case.links["delivery"].count == 1
    assert len(await handing.mails(case)) == 1
    with pytest.raises(Conflict, match="case_moved_on"):  # with the mandate the item ended
        await handing.counter.do(case, a.SendAgain(), WINDOW)


async def test_of_fetching_and_taking_the_mandate_back_at_once_one_comes_first(handing: Handing):
    for _ in range(5):
        case = await through_an_agent(handing)
        token, code = await handing.token(case), case.file.private.code
        redeemed, _ = await asyncio.gather(
            handing.posted("POST", "/links/delivery", token=token, code=code),
            handing.counter.desk.do(case.id, a.RevokeAgency(), WINDOW),
            return_exceptions=True,
        )
        assert not isinstance(redeemed, BaseException)
        now = await handing.read(case)
        delivered = now.file.case.items["1"].step is Step.ANSWERED
        assert delivered == (redeemed[0] == 200)
        ticket = re.search(r'name="ticket" value="([\w-]+)"', redeemed[2].decode())
        revoked = now.file.private.agency is not None and now.file.private.agency.revoked_at is not None
        if ticket and revoked:
            assert (await handing.posted("POST", "/links/files", ticket=ticket[1], item="1", part="1"))[0] == 403


# on paper


class Accesses:
    """Keeps what was opened."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, str]] = []

    async def opened(self, *, staff: str, what: str, reason: str, **more: str) -> str:
        self.kept.append((staff, what, reason))
        return "a1"


class Printer:
    """The window's printer."""

    def __init__(self, handing: Handing) -> None:
        self.handing, self.accesses = handing, Accesses()
        counter = handing.counter
        self.openings = Tickets(handing.secrets, counter.clock, use="case opening")
        acts = StaffActs(
            desk=counter.desk,
            lists=counter.cases,
            accesses=self.accesses,
            openings=self.openings,
            pace=Pace(counter.documents, counter.clock, "opening_cases", 20),
            clock=counter.clock,
        )
        self.printing = PrintActs(acts=acts, shelf=handing.shelf)

    async def result(self, case: Opened, by: Actor = WINDOW, item: str = "1", part: str = "1") -> bytes:
        ticket = await self.openings.issue(f"{by.id} {case.id}")
        body = Print(opening=ticket.text, reason="発送のため")
        path = {"id": case.id, "item": item, "part": part}
        printed = await self.printing.result(edge.Call(by.member, path, None, body, Language.JA))
        assert not isinstance(printed.content, bytes)
        return b"".join([piece async for piece in printed.content])


async def test_what_goes_on_paper_is_printed_and_that_is_kept(handing: Handing):
    printer, case = Printer(handing), await handing.waiting(PURPOSE, way=Way.PAPER)
    assert await printer.result(case) == ZIP, "a notice is printed as it is"
    assert printer.accesses.kept == [(WINDOW.id, "result 1", "発送のため")]


async def test_what_is_fetched_by_link_is_not_printed_and_only_the_window_prints(handing: Handing):
    printer, case = Printer(handing), await handing.waiting(PURPOSE)
    with pytest.raises(NotFound, match="item_unknown"):
        await printer.result(case)
    on_paper = await handing.waiting(PURPOSE, way=Way.PAPER)
    for item, part in (("2", "1"), ("1", "2"), ("1", "0"), ("1", "../1")):
        with pytest.raises(NotFound, match="item_unknown"):
            await printer.result(on_paper, item=item, part=part)
    printer.accesses.kept.clear()
    for by in (VERIFIER, DECIDER):
        with pytest.raises(NotPermitted, match="power_missing"):
            await printer.result(on_paper, by=by)
    assert printer.accesses.kept == []


async def test_nothing_is_printed_for_an_agent_whose_right_has_ended(handing: Handing):
    case = await through_an_agent(handing)
    case = await handing.counter.do(case, a.AnswerOnPaper(item="1"), WINDOW)
    await handing.counter.do(case, a.RevokeAgency(), WINDOW)
    with pytest.raises(NotFound, match="item_unknown"):  # with the mandate the item ended
        await Printer(handing).result(case)


async def test_with_the_case_its_links_end(handing: Handing):
    case = await handing.waiting()
    today = handing.counter.desk.moment().today
    await handing.counter.do(case, a.RegisterDelivery(items=("1",), on=today, proof="came to the counter"), WINDOW)
    link = await LinkStore(handing.counter.documents).of(case.id, Use.DELIVERY)
    assert link
    assert link.value.state is State.REVOKED


# races and crashes


async def test_of_two_who_redeem_at_once_one_does(handing: Handing):
    case = await handing.waiting()
    token, code = await handing.token(case), case.file.private.code
    both = await asyncio.gather(*(handing.posted("POST", "/links/delivery", token=token, code=code) for _ in range(6)))
    assert sorted(status for status, _, _ in both) == [200, 410, 410, 410, 410, 410]
    entries = await stream_entries(handing.counter.documents, f"case.{case.id}")
    assert [one.action for one in entries].count("case.register_delivery") == 1
    assert first_break(entries) is None


class Failing:
    """A store that dies at its n-th call: before it happens, or with the answer lost."""

    def __init__(self, documents: Documents, at: int, *, after: bool) -> None:
        self.documents, self.left, self.after = documents, at, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.documents, name)

        async def call(*arguments: Any) -> Any:
            self.left -= 1
            if self.left != 0:
                return await method(*arguments)
            if self.after:
                await method(*arguments)
            raise OutcomeUnknown("commit_unknown")

        return call


async def died(handing: Handing, at: int, after: bool, do: Any) -> bool:
    """Whether the store died while `do` was done over it."""
    counter = handing.counter
    failing = Failing(counter.documents, at, after=after)
    frail: Any = Handing(Counter(failing))
    frail.counter.clock, frail.counter.keys, frail.counter.ids = counter.clock, counter.keys, counter.ids
    frail.counter.desk = replace(
        counter.desk, cases=frail.counter.cases, commit=partial(settle, failing), clock=counter.clock
    )
    frail.__post_init__()
    with suppress(Fault):
        await do(frail)
    return bool(failing.left <= 0)


@pytest.mark.parametrize("after", [False, True])
async def test_wherever_a_redemption_dies_the_link_is_used_with_the_delivery_registered_or_not_at_all(
    sqlite_documents: SqliteDocuments, after: bool
):
    handing, at, reached = Handing(Counter(sqlite_documents)), 0, True
    while reached:
        at += 1
        case = await handing.waiting()
        token, code = await handing.token(case), case.file.private.code
        reached = await died(handing, at, after, partial(redeeming, token, code))
        link = await LinkStore(sqlite_documents).of(case.id, Use.DELIVERY)
        assert link
        delivered = (await handing.read(case)).file.case.items["1"].step is Step.ANSWERED
        assert (link.value.state is State.REDEEMED) == delivered, f"died at call {at}"
        if not delivered:
            assert (await handing.posted("POST", "/links/delivery", token=token, code=code))[0] == 200
    assert at > 4


@pytest.mark.parametrize("after", [False, True])
async def test_wherever_an_invitation_dies_one_working_link_is_mailed_in_the_end(
    sqlite_documents: SqliteDocuments, after: bool
):
    handing, at, reached = Handing(Counter(sqlite_documents)), 0, True
    while reached:
        at += 1
        case = await handing.waiting()
        case = await handing.counter.do(case, a.SendAgain(), WINDOW)
        reached = await died(handing, at, after, partial(running, case.id))
        for _ in range(4):
            handing.counter.clock.advance(dt.timedelta(minutes=5))
            case = await handing.run(case)
        link = await LinkStore(sqlite_documents).of(case.id, Use.DELIVERY)
        assert link
        assert case.file.case.links["delivery"].count == link.value.issued == 2, f"died at call {at}"
        templates = [template for template, _ in await handing.mails(case)]
        assert templates == ["package_ready"] * 2, f"died at call {at}"
        token = await newest(handing, case)
        answer = await handing.posted("POST", "/links/delivery", token=token, code=case.file.private.code)
        assert answer[0] == 200, f"died at call {at}"
    assert at > 4


async def redeeming(token: str, code: str, handing: Handing) -> None:
    await handing.proofs.redeem(token, Use.DELIVERY, second=code)


async def running(case: str, handing: Handing) -> None:
    await handing.working().run(case)


async def newest(handing: Handing, case: Opened) -> str:
    """The token in the mail that the case names."""
    found = await MessageStore(handing.counter.documents).find(case.file.case.links["delivery"].mail)
    assert found
    assert found.value.sealed
    plain = await handing.counter.outbox().sealing.open(found.value.owner, found.value.sealed, found.path)
    token = re.search(r"token=([\w-]+)", plain.decode(errors="replace"))
    assert token
    return token[1]
