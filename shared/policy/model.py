"""A notice: what one operator tells people and asks them, as checked values. Its words and numbers stand in YAML."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from shared.vocabulary import Kind, Language, Purpose


class Basis(StrEnum):
    """On what legal ground a purpose stands."""

    CONSENT = "consent"
    NOTICE = "notice"
    CONTRACT = "contract"
    LAW = "law"


class RecipientType(StrEnum):
    """Whom a decision about a purpose names."""

    NONE = "none"
    """Nobody: the purpose is the operator's own."""
    SERVICE = "service"
    """The one service the operator runs for everybody."""
    INSTITUTION = "institution"
    """A medical institution that staff registered."""
    RELATIVE = "relative"
    """A person whom the data subject invited, and who accepted."""


class Rule(StrEnum):
    """A number that may change on a civil date without a deploy."""

    GUARDIAN_BELOW_AGE = "guardian_below_age"
    INVITATION_LASTS_DAYS = "invitation_lasts_days"
    ERASURE_WITHIN_HOURS = "erasure_within_hours"
    PAPER_KEPT_YEARS = "paper_kept_years"


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same in both languages."""

    ja: Annotated[str, msgspec.Meta(min_length=1)]
    en: Annotated[str, msgspec.Meta(min_length=1)]

    def of(self, language: Language) -> str:
        """In the reader's language."""
        return self.ja if language is Language.JA else self.en


class KindNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one kind is named to people, and the scope that Google is asked for."""

    ja: Annotated[str, msgspec.Meta(min_length=1)]
    en: Annotated[str, msgspec.Meta(min_length=1)]
    scope: str

    def of(self, language: Language) -> str:
        """In the reader's language."""
        return self.ja if language is Language.JA else self.en


class PurposeNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One purpose. `google`: whether data from Google may ever serve it. `lasts_days` None: until withdrawn."""

    title: Words
    why: Words
    basis: Basis
    kinds: Literal["all", "none"] | tuple[Kind, ...]
    recipient: RecipientType
    google: bool
    retention: Words
    lasts_days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    opt_out: bool = False

    def may_touch(self, kind: Kind) -> bool:
        """Whether the purpose may ever touch this kind, whatever anybody decides."""
        return self.kinds == "all" or (self.kinds != "none" and kind in self.kinds)


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the operator is reached."""

    name: Words
    email: str
    tel: str
    fax: str


class Controller(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is answerable for the data."""

    id: str
    name: Words
    representative: Words
    address: Words
    contact: Contact


class AccreditedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom people may complain to."""

    name: Words
    contact: Words
    address: Words
    email: str
    hours: Words
    note: Words


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where data is kept, and how."""

    jurisdiction: str
    place: Words
    safety: Words


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """A number in force from the civil date `since` on."""

    since: dt.date
    value: Annotated[int, msgspec.Meta(ge=0)]


Payable = Literal["purpose_notice", "disclosure"]
"""The types of request that the law allows a fee for (個人情報保護法第38条)."""


class Fee(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """What a request costs from the civil date `since` on, for the types listed and no other."""

    since: dt.date
    yen: Annotated[int, msgspec.Meta(ge=0)]
    per: tuple[Payable, ...]


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """notice.yaml."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.-]{1,40}$")]
    in_force_from: dt.date
    time_zone: str
    source: str
    controller: Controller
    service: Words
    accredited_body: AccreditedBody
    storage: Storage
    kinds: dict[Kind, KindNotice]
    purposes: dict[Purpose, PurposeNotice]
    rules: dict[Rule, tuple[Since, ...]]
    fees: tuple[Fee, ...]


class NoticeRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly which words: the version, and the hash of its files (see `notices.digest_of`)."""

    version: str
    sha256: str


class Notice(msgspec.Struct, frozen=True):
    """One published notice: its contents, its files byte for byte, and their hash."""

    contents: Contents
    files: dict[str, bytes]
    sha256: str

    @property
    def ref(self) -> NoticeRef:
        return NoticeRef(self.contents.version, self.sha256)

    @property
    def in_force_at(self) -> dt.datetime:
        """The instant from which it is in force."""
        return _midnight(self.contents, self.contents.in_force_from)

    def text(self, language: Language) -> str:
        """The prose."""
        return self.files[f"{language}.md"].decode()

    def rule(self, rule: Rule, at: dt.datetime) -> int:
        """The number in force at the instant `at`; before the first begins, the first."""
        rules = sorted(self.contents.rules[rule], key=lambda one: one.since)
        begun = [one for one in rules if _midnight(self.contents, one.since) <= at]
        return (begun[-1] if begun else rules[0]).value

    def fee_yen(self, request: str, at: dt.datetime) -> int:
        """What a request of this type costs at the instant `at`; 0 for every type that no fee names."""
        begun = [fee for fee in self.contents.fees if request in fee.per and _midnight(self.contents, fee.since) <= at]
        return max(begun, key=lambda fee: fee.since).yen if begun else 0

    def civil_date(self, at: dt.datetime) -> dt.date:
        """The operator's civil date at the instant `at`: what ages and terms are counted in."""
        return at.astimezone(ZoneInfo(self.contents.time_zone)).date()

    def start_of(self, on: dt.date) -> dt.datetime:
        """The instant at which the operator's civil date `on` begins."""
        return _midnight(self.contents, on)


def faults_of(contents: Contents) -> list[str]:
    """What types cannot say about a notice: every rule that it breaks."""
    faults = [f"kinds: {kind} is missing" for kind in Kind if kind not in contents.kinds]
    faults += [f"rules: {rule} is missing" for rule in Rule if not contents.rules.get(rule)]
    try:
        ZoneInfo(contents.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(f"time_zone: there is no {contents.time_zone!r}")
    for code, purpose in contents.purposes.items():
        faults += [f"purposes.{code}: {fault}" for fault in _faults_of_purpose(code, purpose)]
    for rule, numbers in contents.rules.items():
        faults += [f"rules.{rule}: two begin on {on}" for on in _twice(one.since for one in numbers)]
    for request in get_args(Payable):
        dates = (fee.since for fee in contents.fees if request in fee.per)
        faults += [f"fees: two for {request} begin on {on}" for on in _twice(dates)]
    return faults


def _faults_of_purpose(code: Purpose, purpose: PurposeNotice) -> Iterator[str]:
    names_nobody = purpose.recipient is RecipientType.NONE
    if (purpose.basis is Basis.CONSENT) == names_nobody:
        yield "a recipient where, and only where, the basis is consent"
    if purpose.recipient is RecipientType.RELATIVE and purpose.lasts_days is None:
        yield "what a relative sees must expire"
    if purpose.kinds != "none":
        if not purpose.google:
            yield "every kind comes from Google, so it may touch none"
        if purpose.basis in (Basis.NOTICE, Basis.CONTRACT):
            yield "measurements are touched by consent or by law alone"
    if code is Purpose.NEW_SERVICE and (purpose.google or purpose.kinds != "none"):
        yield "data from Google may never serve it"


def _twice(dates: Iterable[dt.date]) -> list[dt.date]:
    return [on for on, times in Counter(dates).items() if times > 1]


def _midnight(contents: Contents, on: dt.date) -> dt.datetime:
    local = dt.datetime.combine(on, dt.time(), ZoneInfo(contents.time_zone))
    return local.astimezone(dt.UTC)
