"""Staff: members, the roles they hold from one day to another, and THE table of what each role may do.

Days are civil days in Japan. A role counts from the start of its first day, and no more from the start of `until_on`.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

import msgspec

from shared import ids
from shared.audit.model import Head
from shared.errors import InvalidInput, NotPermitted, Refused
from shared.vocabulary import Language

JST = dt.timezone(dt.timedelta(hours=9), "JST")
"""Japan has had no summer time since 1951."""
MOST_CHARS = 120


class Role(StrEnum):
    """What somebody is at the desk. The policy names the last but one: 特定個人情報保護管理者."""

    WINDOW = "window"
    """Takes in, writes to the person, hands out: 相談窓口."""
    VERIFIER = "verifier"
    """Finds out whether the person, and whoever acts for them, is who they say."""
    DECIDER = "decider"
    """Decides on each item, never on one that they verified."""
    MANAGER = "manager"
    """The protection manager, of whom there is exactly one at a time; alone decides on My Number data."""
    AUDITOR = "auditor"
    """Sees who did what, and does nothing."""


class Power(StrEnum):
    """One thing that may be done. Which case it may be done to is the case's own business."""

    SEE_WORKLIST = "see_worklist"
    SEE_DASHBOARD = "see_dashboard"
    SEE_AUDIT = "see_audit"
    OPEN_CASE = "open_case"
    """See a case, the person's details included, for a reason given."""
    WRITE_NOTE = "write_note"

    TAKE_IN = "take_in"
    """Begin a case for somebody who wrote, called or came."""
    SEND_FORM = "send_form"
    REGISTER_ARRIVAL = "register_arrival"
    ADD_SCAN = "add_scan"
    VIEW_SCAN = "view_scan"
    ENTER_FORM = "enter_form"
    """Copy what the paper says, once or for the second time."""
    RECORD_STAMPS = "record_stamps"
    FIND_DEFECTS = "find_defects"
    WITHDRAW = "withdraw"
    """Record that the person has taken the request back."""
    REGISTER_DELIVERY = "register_delivery"
    RESEND = "resend"
    """Send a link again, or answer on paper in its place."""

    MATCH_PERSON = "match_person"
    """Ask whether somebody is known to us: result and strength, never values."""
    VERIFY_IDENTITY = "verify_identity"
    CLOSE_UNVERIFIED = "close_unverified"
    REOPEN = "reopen"

    FIX_SCOPE = "fix_scope"
    REFER = "refer"
    """Refer to the entruster whose data it is."""
    DECIDE = "decide"
    COSIGN = "cosign"
    """Approve, as the second person, of handing data out."""
    EXTEND = "extend"
    RECORD_EVIDENCE = "record_evidence"
    """Tell that a task for people (CCTV, papers, other systems) was carried out."""

    SEE_MY_NUMBER = "see_my_number"
    """See that an item concerns My Number data at all."""
    DECIDE_MY_NUMBER = "decide_my_number"

    HOLD = "hold"
    """Put a legal hold on a case, or lift it."""
    SIGN_DESTRUCTION = "sign_destruction"
    TAKE_COMPLAINT = "take_complaint"
    ANSWER_COMPLAINT = "answer_complaint"


_W, _V, _D, _M, _A = Role.WINDOW, Role.VERIFIER, Role.DECIDER, Role.MANAGER, Role.AUDITOR
POWERS: Mapping[Power, frozenset[Role]] = MappingProxyType(
    {
        power: frozenset(roles)
        for power, roles in {
            Power.SEE_WORKLIST: (_W, _V, _D, _M, _A),
            Power.SEE_DASHBOARD: (_W, _V, _D, _M, _A),
            Power.SEE_AUDIT: (_M, _A),
            Power.OPEN_CASE: (_W, _V, _D, _M),
            Power.WRITE_NOTE: (_W, _V, _D, _M),
            Power.TAKE_IN: (_W,),
            Power.SEND_FORM: (_W,),
            Power.REGISTER_ARRIVAL: (_W,),
            Power.ADD_SCAN: (_W, _V),
            Power.VIEW_SCAN: (_W, _V, _D, _M),
            Power.ENTER_FORM: (_W,),
            Power.RECORD_STAMPS: (_W,),
            Power.FIND_DEFECTS: (_W,),
            Power.WITHDRAW: (_W, _V),
            Power.REGISTER_DELIVERY: (_W,),
            Power.RESEND: (_W,),
            Power.MATCH_PERSON: (_V,),
            Power.VERIFY_IDENTITY: (_V,),
            Power.CLOSE_UNVERIFIED: (_V,),
            Power.REOPEN: (_V,),
            Power.FIX_SCOPE: (_D,),
            Power.REFER: (_D,),
            Power.DECIDE: (_D,),
            Power.COSIGN: (_V, _D, _M),
            Power.EXTEND: (_D,),
            Power.RECORD_EVIDENCE: (_W, _D),
            Power.SEE_MY_NUMBER: (_M,),
            Power.DECIDE_MY_NUMBER: (_M,),
            Power.HOLD: (_D, _M),
            Power.SIGN_DESTRUCTION: (_W, _V, _D, _M),
            Power.TAKE_COMPLAINT: (_W,),
            Power.ANSWER_COMPLAINT: (_D, _M),
        }.items()
    }
)
"""Which roles have which power. Nothing else grants anything."""


class Term(msgspec.Struct, frozen=True):
    """A role from one civil day until another, on which it counts no more; None: until further notice."""

    role: Role
    from_on: dt.date
    until_on: dt.date | None = None

    def covers(self, day: dt.date) -> bool:
        """Whether the role counts on that day."""
        return self.from_on <= day and (self.until_on is None or day < self.until_on)

    def meets(self, other: "Term") -> bool:
        """Whether there is a day on which both count."""
        return (other.until_on is None or self.from_on < other.until_on) and (
            self.until_on is None or other.from_on < self.until_on
        )


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of staff. `sub` and `email` are the Google account that IAP vouches for; `name` is shown to colleagues
    and stands on letters that the member signs. `languages` are those in which people can be answered."""

    id: str
    sub: str
    email: str
    name: str
    languages: tuple[Language, ...]
    terms: tuple[Term, ...] = ()

    def roles(self, at: dt.datetime) -> frozenset[Role]:
        """What they are at that instant."""
        today = day_of(at)
        return frozenset(term.role for term in self.terms if term.covers(today))


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody, those who have left included: their names stand in old cases. One document, so that what must hold
    between members holds in every commit."""

    members: tuple[Member, ...] = ()
    audit: Head = Head()

    def find(self, member_id: str) -> Member | None:
        """The member of that id."""
        return next((one for one in self.members if one.id == member_id), None)

    def manager(self, at: dt.datetime) -> Member | None:
        """The protection manager at that instant; None only before the first."""
        return next((one for one in self.members if Role.MANAGER in one.roles(at)), None)


def may(member: Member, power: Power, at: dt.datetime) -> bool:
    """Whether a role that the member holds at that instant has the power."""
    return not POWERS[power].isdisjoint(member.roles(at))


def powers(member: Member, at: dt.datetime) -> frozenset[Power]:
    """All that the member may do at that instant."""
    return frozenset(power for power in Power if may(member, power, at))


def require(member: Member, power: Power, at: dt.datetime) -> None:
    """Raises NotPermitted `power_missing` where `may` says no."""
    if not may(member, power, at):
        raise NotPermitted("power_missing", power)


def day_of(at: dt.datetime) -> dt.date:
    """The civil day in Japan."""
    return at.astimezone(JST).date()


def member_id(sub: str) -> str:
    """The id that cases, logs and audit entries know a member by; it tells nothing of the account."""
    return ids.digest("staff", sub)[:26]


def checked(members: Sequence[Member]) -> tuple[Member, ...]:
    """The members, where what must hold of them and between them does.

    Raises InvalidInput `registration_invalid`: a name, an account, a language or days are missing or wrong, or an
    account stands twice. Refused `auditor_acts`: somebody would audit their own work; `one_manager`: there would be
    two protection managers on some day, or, from the first one on, none.
    """
    for member in members:
        _check_member(member)
    for accounts in ([one.sub for one in members], [one.email.casefold() for one in members]):
        if len(set(accounts)) != len(accounts):
            raise InvalidInput("registration_invalid", "this account is registered already")
    _check_managers(term for one in members for term in one.terms if term.role is Role.MANAGER)
    return tuple(members)


def _check_member(member: Member) -> None:
    if not member.name.strip() or not member.name.isprintable() or len(member.name) > MOST_CHARS:
        raise InvalidInput("registration_invalid", f"name: printable, at most {MOST_CHARS} characters")
    if not member.sub or member.email.count("@") != 1 or not member.email.isascii() or " " in member.email:
        raise InvalidInput("registration_invalid", "sub and email: the Google account's")
    if not member.languages:
        raise InvalidInput("registration_invalid", "languages: at least one")
    for number, term in enumerate(member.terms):
        if term.until_on is not None and term.until_on <= term.from_on:
            raise InvalidInput("registration_invalid", "until: after from")
        for other in member.terms[:number]:
            if term.meets(other) and term.role is other.role:
                raise InvalidInput("registration_invalid", f"{term.role}: held already in that time")
            if term.meets(other) and Role.AUDITOR in (term.role, other.role):
                raise Refused("auditor_acts", "an auditor holds no other role at the same time")


def _check_managers(terms: Iterable[Term]) -> None:
    """From the first one's first day on, each begins on the very day on which the one before ends."""
    in_order = sorted(terms, key=lambda term: term.from_on)
    ends = [term.until_on for term in in_order]
    begins: list[dt.date | None] = [term.from_on for term in in_order]
    if in_order and ends != [*begins[1:], None]:
        raise Refused("one_manager", "name who follows, from the day on which the one before ends")
