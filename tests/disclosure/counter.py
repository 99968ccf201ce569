"""A desk over a store, with staff of every role: what tests of cases stand on."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from shared.clock import ManualClock
from shared.cloud.documents import Documents, settle
from shared.cloud.vault import WRAPPING_KEY, DataKeys, DataSealing
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import Category, Channel, RequestType
from shared.disclosure.days import begins_at
from shared.disclosure.evidence import WHO_AND_WHERE, Document, Paper
from shared.disclosure.file import SYSTEM, Actor, staff
from shared.disclosure.model import Person
from shared.disclosure.proofs.service import Closing
from shared.disclosure.proofs.store import LinkStore
from shared.disclosure.service import Desk, Opened
from shared.disclosure.store import CaseStore
from shared.mail.service import Outbox
from shared.mail.store import MessageStore
from shared.policy.notices import notices
from shared.staff.model import Member, Role, Term
from shared.vocabulary import Language
from tests.fakes import MemorySecrets, SeededIds

HIRED = dt.date(2026, 1, 1)
YAMADA = Person(
    name="山田 花子",
    kana="ヤマダ ハナコ",
    born_on=dt.date(1948, 5, 3),
    postal_code="108-0075",
    address="東京都港区港南1-2-3",
    phone="03-1234-5678",
    mail="hanako@example.jp",
)


def member(name: str, *roles: Role) -> Member:
    """A member of staff with these roles, for as long as the tests last."""
    return Member(
        id=name,
        sub=f"accounts.google.com:{name}",
        email=f"{name}@desk.example",
        name=name,
        languages=(Language.JA, Language.EN),
        terms=tuple(Term(role, HIRED) for role in roles),
    )


WINDOW = staff(member("mado", Role.WINDOW))
VERIFIER = staff(member("kakunin", Role.VERIFIER))
DECIDER = staff(member("handan", Role.DECIDER))
SECOND = staff(member("niban", Role.DECIDER, Role.VERIFIER))
MANAGER = staff(member("kanri", Role.MANAGER))
AUDITOR = staff(member("kansa", Role.AUDITOR))
EVERYBODY = (WINDOW, VERIFIER, DECIDER, SECOND, MANAGER, AUDITOR)


@dataclass
class Tasks:
    """A queue that only remembers."""

    payloads: list[Mapping[str, Any]] = field(default_factory=list)

    async def enqueue(self, queue: str, function_path: str, payload: Mapping[str, Any], **more: object) -> bool:
        self.payloads.append(payload)
        return True


class Counter:
    """The desk, with a clock and a queue that tests hold in their hands."""

    def __init__(self, documents: Documents, on: dt.date = dt.date(2026, 11, 24), *, seed: int = 0) -> None:
        self.documents = documents
        self.clock = ManualClock(begins_at(on) + dt.timedelta(hours=10))
        self.tasks = Tasks()
        self.ids = SeededIds(seed)
        self.cases = CaseStore(documents)
        self.keys = DataKeys(documents, MemorySecrets({WRAPPING_KEY: [b"w" * 32]}))
        self.desk = Desk(
            cases=self.cases,
            keys=self.keys,
            commit=partial(settle, documents),
            queue=self.tasks,
            notices=notices(),
            clock=self.clock,
            ids=self.ids,
            links=Closing(LinkStore(documents), self.clock),
        )

    def outbox(self) -> Outbox:
        """Where mails are queued."""
        return Outbox(
            messages=MessageStore(self.documents),
            sealing=DataSealing(self.keys, use="mail"),
            commit=partial(settle, self.documents),
            queue=self.tasks,
            clock=self.clock,
            ids=self.ids,
        )

    async def call(self, *types: RequestType, name: str = "", **more: Any) -> Opened:
        """Somebody calls, and asks for these."""
        wishes = tuple(a.Wish(type=one) for one in types)
        contact = a.Contact(
            **{"category": Category.CUSTOMER, "channel": Channel.PHONE, "person": YAMADA, "wishes": wishes, **more}
        )
        return await self.desk.begin(name or self.ids.ident(), contact, WINDOW)

    async def do(self, case: Opened, act: a.Act, by: Actor = SYSTEM) -> Opened:
        """Do it to the case as it was seen."""
        return await self.desk.do(case.id, act, by, if_version=case.version)

    async def returned(self, case: Opened, *, stamps_yen: int = 1000) -> Opened:
        """The form is sent, comes back three days later, and is copied."""
        case = await self.do(case, a.SendForm(), WINDOW)
        self.clock.advance(dt.timedelta(days=3))
        today = self.desk.moment().today
        arrival = a.RegisterArrival(number=case.file.case.number, on=today, stamps_yen=stamps_yen)
        case = await self.do(case, arrival, WINDOW)
        form = form_of(case)
        return await self.do(case, a.EnterForm(first=form, second=form), WINDOW)

    async def verified(self, case: Opened, *, account: str = "") -> Opened:
        """The person's papers are enough; `account` is the one that they match."""
        case = await self.do(case, a.BeginVerification(), VERIFIER)
        case = await self.do(case, a.AddProof(document=self.licence()), VERIFIER)
        match = a.MatchAccount(account=account, subject=f"subject of {account}" if account else "")
        case = await self.do(case, match, VERIFIER)
        return await self.do(case, a.Verify(), VERIFIER)

    def licence(self) -> Document:
        """A paper that shows who somebody is."""
        today = self.desk.moment().today
        return Document(
            paper=Paper.DRIVING_LICENCE,
            received_on=today,
            agreed=WHO_AND_WHERE,
            good_until=today.replace(year=today.year + 4, day=1),
        )

    async def collected(self, case: Opened, item: str = "1", **more: Any) -> Opened:
        """What the item is about is fixed, and found."""
        case = await self.do(case, a.FixScope(item=item, scope=case.file.case.items[item].scope), DECIDER)
        return await self.do(case, auto.Collected(item=item, **more))


def form_of(case: Opened) -> a.Form:
    """The form as it would come back from whoever began the case."""
    file = case.file
    wishes = tuple(
        a.Wish(type=item.type, scope=item.scope, way=item.way, words=file.private.words.get(name, ""))
        for name, item in file.case.items.items()
    )
    return a.Form(by=file.case.by, person=file.private.person, agent=file.private.agent, wishes=wishes)
