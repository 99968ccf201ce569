"""A case: one application of one person, with one or more requests as items, each decided and carried out by itself.

The states are those of the operator's procedure (infra/docs/disclosure.md draws them). What a case holds about people
is sealed in `Case.private`; everything else here is codes, dates, counts and names of staff, and may stand in a list.
"""

import datetime as dt

import msgspec

from shared.audit.model import Head
from shared.disclosure.agents import Agent
from shared.disclosure.codes import By, Category, Channel, Defect, Ground, Outcome, RequestType, Stage, Step, Way
from shared.disclosure.corrections import Correction, Holder
from shared.disclosure.evidence import Evidence
from shared.disclosure.identity import Way as Shows
from shared.disclosure.package.model import Redaction
from shared.disclosure.proofs.model import SentLink
from shared.vocabulary import Kind, Language


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of their data an item is about. Empty `kinds`: all eight; `first` and `last` are civil dates, None: open."""

    kinds: tuple[Kind, ...] = ()
    contact_data: bool = True
    first: dt.date | None = None
    last: dt.date | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided, by whom. The reason's words are the person's business, and stand in `Private.reasons`."""

    outcome: Outcome
    ground: Ground | None
    by: str
    at: dt.datetime
    cosigned_by: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What the protection manager said of an item with My Number data. It binds the decider."""

    allowed: bool
    by: str
    at: dt.datetime


class Proof(msgspec.Struct, frozen=True, omit_defaults=True):
    """What proves that one step of carrying out was done: a code, the id or hash it can be checked by, a count."""

    task: str
    at: dt.datetime
    proof: str
    count: int = 0


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request. `tasks` are what is left of carrying it out, in order."""

    type: RequestType
    step: Step = Step.WAITING
    scope: Scope = Scope()
    way: Way = Way.PAPER
    my_number: bool = False
    verdict: Verdict | None = None
    decision: Decision | None = None
    tasks: tuple[str, ...] = ()
    evidence: tuple[Proof, ...] = ()
    delivered_on: dt.date | None = None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """The form's coming back. `on` is the postal arrival date, which never changes and from which the law counts."""

    on: dt.date
    registered_mail: str = ""
    by: str
    at: dt.datetime


class Verification(msgspec.Struct, frozen=True):
    """That the person, and an agent's right, are proven. `by` is "" where the app's sign-in proved it."""

    by: str
    at: dt.datetime


class Stamps(msgspec.Struct, frozen=True):
    """Postage stamps, in yen: what came, what was used for the answer, what was sent back."""

    received: int = 0
    used: int = 0
    returned: int = 0

    @property
    def at_hand(self) -> int:
        return self.received - self.used - self.returned


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A paper or mail to the person. `papers` are the hashes of its PDFs once it is set; `sent_on`: once it is
    posted or mailed."""

    kind: str
    items: tuple[str, ...] = ()
    way: Way
    made_at: dt.datetime | None = None
    papers: tuple[str, ...] = ()
    mail: str = ""
    sent_on: dt.date | None = None
    tracking: str = ""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """A paper that came, as it was scanned. Its bytes are sealed beside the case."""

    kind: str
    media_type: str
    pages: int
    size_bytes: int
    sha256: str
    by: str
    at: dt.datetime


class Hold(msgspec.Struct, frozen=True):
    """A legal hold: nothing of the case or of its person is destroyed while it stands. Why stands in
    `Private.held_for`."""

    by: str
    at: dt.datetime


class Signature(msgspec.Struct, frozen=True):
    """That somebody saw the papers destroyed."""

    by: str
    at: dt.datetime


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the system is to do, recorded in the very commit that makes it due. `item` "" is the whole case.
    `problem` is the code of what kept the last attempt from succeeding."""

    name: str
    item: str = ""
    attempt: int = 0
    not_before: dt.datetime | None = None
    problem: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """The case's document. Civil dates are the operator's (JST).

    `due_on` is the day the law lets the person sue from (arrival and two weeks), or the extended day; `wake_at` is
    when the system looks at the case again, None: never; `sort_on` orders the list of what is open.
    `fee_yen` is the application's, due for the types in it that cost anything. `entered`: the form was copied.
    `subject` is the digest of the account the case was matched to, "" while there is none.
    """

    number: str
    category: Category
    channel: Channel
    by: By = By.SELF
    language: Language = Language.JA
    stage: Stage
    open: bool = True
    about: str = ""
    items: dict[str, Item]
    contacted_at: dt.datetime
    taken_by: str
    form_sent_on: dt.date | None = None
    arrival: Arrival | None = None
    entered: bool = False
    fee_yen: int = 0
    due_on: dt.date | None = None
    extended_to: dt.date | None = None
    reminded: tuple[int, ...] = ()
    defects: tuple[Defect, ...] = ()
    defects_told_on: dt.date | None = None
    verification: Verification | None = None
    subject: str = ""
    frozen: bool = False
    stamps: Stamps = Stamps()
    letters: dict[str, Letter] = {}
    links: dict[str, SentLink] = {}
    scans: dict[str, Scan] = {}
    hold: Hold | None = None
    closed_on: dt.date | None = None
    destroy_on: dt.date | None = None
    signatures: tuple[Signature, ...] = ()
    destroying: bool = False
    """Its papers are being destroyed: nothing can be done about it any more, a hold included."""
    certificate: str = ""
    """The hash of the certificate that they were."""
    jobs: tuple[Job, ...] = ()
    wake_at: dt.datetime | None = None
    sort_on: dt.date | None = None
    private: bytes = b""
    audit: Head = Head()


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who somebody says they are, in their own words; "" where they did not say."""

    name: str = ""
    kana: str = ""
    born_on: dt.date | None = None
    postal_code: str = ""
    address: str = ""
    registered_address: str = ""
    phone: str = ""
    mail: str = ""
    member_id: str = ""


class Private(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a case holds about people, sealed under the case's own key. Texts by item id.

    `account` is the uid of the account the case was matched to, "" while there is none.
    """

    person: Person = Person()
    agent: Person | None = None
    relation: str = ""
    words: dict[str, str] = {}
    """What the person wrote about an item: what is wrong and what is right, which provision to stop, and why."""
    reasons: dict[str, str] = {}
    """The decider's reason, as it is told to the person."""
    redactions: dict[str, tuple[Redaction, ...]] = {}
    """What is left out of what is handed over, and why."""
    corrections: dict[str, Correction] = {}
    """What the decider found to be untrue, and what is right."""
    holders: dict[str, tuple[Holder, ...]] = {}
    """Who was handed what has been corrected since, and is to be told."""
    verdicts: dict[str, str] = {}
    """Why the protection manager allowed or refused it."""
    offered: tuple[Shows, ...] = ()
    """The further ways of proving who they are that an unverified person was offered."""
    notes: tuple[str, ...] = ()
    held_for: str = ""
    """Why a legal hold stands."""
    account: str = ""
    evidence: tuple[Evidence, ...] = ()
    """Of who the person is."""
    agency: Agent | None = None
    code: str = ""
    """The second factor of what is handed over by link: it goes by post, and never by mail."""
