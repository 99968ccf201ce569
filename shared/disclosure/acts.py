"""Everything that can be done to a case, as typed values. `machine.TABLE` says who may do each, and when."""

import datetime as dt

import msgspec

from shared.disclosure.agents import Agent
from shared.disclosure.codes import By, Category, Channel, Defect, Ground, Outcome, RequestType, Way
from shared.disclosure.corrections import Correction
from shared.disclosure.evidence import Document
from shared.disclosure.identity import Way as Shows
from shared.disclosure.model import Person, Scan, Scope
from shared.disclosure.package.model import Redaction
from shared.disclosure.proofs.model import Use
from shared.vocabulary import Language


class Act(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", forbid_unknown_fields=True):
    """One thing somebody does."""


class OfItem(Act, frozen=True, kw_only=True):
    """One thing somebody does to one item."""

    item: str


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request as the person makes it. `words`: what is wrong and right, what to stop, why."""

    type: RequestType
    scope: Scope = Scope()
    way: Way = Way.PAPER
    words: str = ""
    my_number: bool = False


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the person on the phone, or a letter, says: with it a case begins."""

    category: Category
    channel: Channel
    by: By = By.SELF
    language: Language = Language.JA
    person: Person
    agent: Person | None = None
    relation: str = ""
    wishes: tuple[Wish, ...]
    about: str = ""


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the returned form says, copied from paper."""

    by: By
    person: Person
    agent: Person | None = None
    relation: str = ""
    wishes: tuple[Wish, ...]


# taking in: the window


class SendForm(Act, frozen=True, kw_only=True, tag="send_form"):
    """Send the application form with the case's number."""

    way: Way = Way.PAPER


class RegisterArrival(Act, frozen=True, kw_only=True, tag="register_arrival"):
    """The form is back. `number` is the one written on it."""

    number: str
    on: dt.date
    registered_mail: str = ""
    stamps_yen: int = 0


class EnterForm(Act, frozen=True, kw_only=True, tag="enter_form"):
    """Copy the form, twice over."""

    first: Form
    second: Form


class AddScan(Act, frozen=True, kw_only=True, tag="add_scan"):
    """A scanned paper was stored under `name`."""

    name: str
    scan: Scan


class RecordStamps(Act, frozen=True, kw_only=True, tag="record_stamps"):
    """Stamps came, were used, or were sent back, in yen."""

    received: int = 0
    used: int = 0
    returned: int = 0


class FindDefects(Act, frozen=True, kw_only=True, tag="find_defects"):
    """Everything that is missing, at once."""

    missing: tuple[Defect, ...]


class MendDefects(Act, frozen=True, kw_only=True, tag="mend_defects"):
    """What was missing has come."""

    came: tuple[Defect, ...]


class BeginVerification(Act, frozen=True, kw_only=True, tag="begin_verification"):
    """The application is complete."""


# identity: the verifier


class AddProof(Act, frozen=True, kw_only=True, tag="add_proof"):
    """A paper that was looked at."""

    document: Document


class MatchAccount(Act, frozen=True, kw_only=True, tag="match_account"):
    """The person matches an account; which one, the case keeps sealed. `mail`: the stated mail address agreed too."""

    account: str
    subject: str
    mail: bool = False


class MatchByHand(Act, frozen=True, kw_only=True, tag="match_by_hand"):
    """What is stated agrees with what is held of the person elsewhere than in the app; `records` says where."""

    records: str


class RecordAgency(Act, frozen=True, kw_only=True, tag="record_agency"):
    """What an agent's papers say."""

    agency: Agent


class RevokeAgency(Act, frozen=True, kw_only=True, tag="revoke_agency"):
    """The person took the agent's mandate back."""


class Verify(Act, frozen=True, kw_only=True, tag="verify"):
    """The person, and the agent's right, are proven."""


class CloseUnverified(Act, frozen=True, kw_only=True, tag="close_unverified"):
    """They are not; `offered` are the ways in which they still can be."""

    offered: tuple[Shows, ...]


class Reopen(Act, frozen=True, kw_only=True, tag="reopen"):
    """Further evidence came in time."""


class SendLink(Act, frozen=True, kw_only=True, tag="send_link"):
    """Mail a one-time link to the address that the person stated: to prove that they read it, or hold an account."""

    use: Use


class ProveMail(Act, frozen=True, kw_only=True, tag="prove_mail"):
    """The person followed the link; `about` is which one."""

    about: str


class ProveAccount(Act, frozen=True, kw_only=True, tag="prove_account"):
    """The person, signed in to this account, said in the app that the request is theirs."""

    about: str
    account: str
    subject: str


# deciding


class FixScope(OfItem, frozen=True, kw_only=True, tag="fix_scope"):
    """What of the person's data the item is about."""

    scope: Scope
    my_number: bool = False


class Refer(OfItem, frozen=True, kw_only=True, tag="refer"):
    """It is held for somebody else, who answers."""

    to: str


class Review(OfItem, frozen=True, kw_only=True, tag="review"):
    """The protection manager's word on My Number data."""

    allowed: bool
    reason: str


class Decide(OfItem, frozen=True, kw_only=True, tag="decide"):
    """The decision. Ground and reason, unless it is done in full; `redactions` are left out of what is handed over;
    `correction` is what the system is to correct: without one people do, where that is."""

    outcome: Outcome
    ground: Ground | None = None
    reason: str = ""
    redactions: tuple[Redaction, ...] = ()
    correction: Correction | None = None


class Cosign(OfItem, frozen=True, kw_only=True, tag="cosign"):
    """A second person approves of handing data out."""


class Extend(Act, frozen=True, kw_only=True, tag="extend"):
    """It takes longer; once, and the person is told."""

    to: dt.date
    reason: str


class RecordEvidence(OfItem, frozen=True, kw_only=True, tag="record_evidence"):
    """A task for people was carried out."""

    proof: str


# ending


class Posted(Act, frozen=True, kw_only=True, tag="posted"):
    """A letter is on its way. `tracking`: the registered mail's number."""

    letter: str
    on: dt.date
    tracking: str = ""


class RegisterDelivery(Act, frozen=True, kw_only=True, tag="register_delivery"):
    """The answer on these items reached the person; `proof` says by what it is known."""

    items: tuple[str, ...]
    on: dt.date
    proof: str


class SendAgain(Act, frozen=True, kw_only=True, tag="send_again"):
    """Mail a new link to what is handed over: the one before expired, was locked, or did not arrive."""


class AnswerOnPaper(OfItem, frozen=True, kw_only=True, tag="answer_on_paper"):
    """Hand it over on paper after all."""


class Withdraw(Act, frozen=True, kw_only=True, tag="withdraw"):
    """The person takes items back; none named: all."""

    items: tuple[str, ...] = ()


class PlaceHold(Act, frozen=True, kw_only=True, tag="place_hold"):
    """Nothing may be destroyed."""

    reason: str


class LiftHold(Act, frozen=True, kw_only=True, tag="lift_hold"):
    """The hold is over."""


class SignDestruction(Act, frozen=True, kw_only=True, tag="sign_destruction"):
    """I saw the papers destroyed."""


class Note(Act, frozen=True, kw_only=True, tag="note"):
    """Something colleagues should know."""

    text: str
