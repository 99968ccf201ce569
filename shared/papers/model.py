"""What each letter says, as values: words particular to one letter come in the letter's language, dates as dates.

What is the same in every letter of a kind stands in its template. Names of requests, outcomes, kinds and purposes are
words here and not codes: whoever writes the letter takes them from where they are decided. Here are the letters on the
way to an answer and those that close without one; the answers themselves are in `answers`.
"""

from datetime import date
from typing import Annotated, ClassVar

import msgspec

from shared.vocabulary import Language


class Titles(msgspec.Struct, frozen=True):
    """What a paper is called: over its text and in the file's metadata."""

    ja: str
    en: str

    def of(self, language: Language) -> str:
        """In the reader's language."""
        return self.ja if language is Language.JA else self.en


class ComplaintBody(msgspec.Struct, frozen=True, kw_only=True):
    """The accredited body to complain to (個人情報保護法第40条・第47条). `note` says what it is not for."""

    name: str
    contact: str
    address: str
    email: str
    hours: str
    note: str


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes, and where they are reached; in the letter's language."""

    name: str
    representative: str
    address: str
    desk: str
    email: str
    tel: str
    fax: str
    complaints: ComplaintBody


class Addressee(msgspec.Struct, frozen=True, kw_only=True):
    """To whom. `name` without 様; `address` as it is written on an envelope, line breaks kept; `care_of`: for a person
    whose agent gets the letter, whose agent it is."""

    name: str
    postcode: str = ""
    address: str = ""
    care_of: str = ""


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """Anything that can be typeset. `number` is the case's number, which people write on paper."""

    TEMPLATE: ClassVar[str]
    TITLE: ClassVar[Titles]

    number: str
    operator: Operator

    @property
    def title(self) -> Titles:
        return self.TITLE


class Letter(Paper, frozen=True, kw_only=True):
    """A paper that is posted. `on`: its date. `destroy_on`: when the case's papers are to be destroyed, once known."""

    to: Addressee
    on: date
    destroy_on: date | None = None


class ApplicationForm(Paper, frozen=True, kw_only=True):
    """個人情報開示等申請書, to be filled in by hand. `kinds`: names of the kinds of measurements that can be ticked.

    `fee_yen` is what notice of purpose and disclosure cost, in stamps; the other requests cost nothing (第38条).
    """

    TEMPLATE = "application"
    TITLE = Titles("個人情報開示等申請書", "Application regarding personal information")

    kinds: tuple[str, ...]
    fee_yen: int
    kept_years: int


class Enclosed(msgspec.Struct, frozen=True):
    """One thing in the envelope, and how many of it (1部, 12 pages)."""

    what: str
    quantity: str


class CoverLetter(Letter, frozen=True, kw_only=True):
    """送付状 for the application form."""

    TEMPLATE = "cover"
    TITLE = Titles("書類送付のご案内", "Your application form")

    enclosed: tuple[Enclosed, ...]
    fee_yen: int
    return_by: date


class Missing(msgspec.Struct, frozen=True):
    """One thing that is missing or wrong, and how to put it right."""

    what: str
    how: str


class DefectNotice(Letter, frozen=True, kw_only=True):
    """補正のお願い: everything that is missing, at once (第37条: help, and no undue burden)."""

    TEMPLATE = "defect"
    TITLE = Titles("申請書の補正のお願い", "Please complete your application")

    received_on: date
    missing: tuple[Missing, ...]
    reply_by: date


class ExtensionNotice(Letter, frozen=True, kw_only=True):
    """回答期限延長のお知らせ. It can be sent once."""

    TEMPLATE = "extension"
    TITLE = Titles("回答期限の延長のお知らせ", "More time for our answer")

    received_on: date
    due_on: date
    extended_to: date
    reason: str


class Way(msgspec.Struct, frozen=True):
    """One way of showing who one is."""

    title: str
    how: str


class UnverifiedNotice(Letter, frozen=True, kw_only=True):
    """本人確認ができない旨のお知らせ. The same words whether we know the person or not.

    `ways`: two at least, so that nobody is turned away for want of one paper.
    """

    TEMPLATE = "unverified"
    TITLE = Titles("ご本人確認に関するお知らせ", "We could not confirm your identity")

    received_on: date
    ways: Annotated[tuple[Way, ...], msgspec.Meta(min_length=2)]
    reopen_until: date

    def __post_init__(self) -> None:
        if len(self.ways) < 2:
            raise ValueError("ways: two at least")


class LapseNotice(Letter, frozen=True, kw_only=True):
    """お手続き終了のお知らせ, because nothing came by `due_on`. `awaited`: what did not come."""

    TEMPLATE = "lapse"
    TITLE = Titles("お手続き終了のお知らせ", "Your application has lapsed")

    awaited: str
    asked_on: date
    due_on: date


class WithdrawalNotice(Letter, frozen=True, kw_only=True):
    """取下げ受理のお知らせ. `requests`: what was withdrawn."""

    TEMPLATE = "withdrawal"
    TITLE = Titles("申請取下げの受付のお知らせ", "Your application has been withdrawn")

    withdrawn_on: date
    requests: tuple[str, ...]


class Entruster(msgspec.Struct, frozen=True, kw_only=True):
    """For whom the data is processed, and where to ask them."""

    name: str
    address: str
    tel: str
    email: str = ""


class ReferralNotice(Letter, frozen=True, kw_only=True):
    """委託元へのご案内: the data is processed for others, who alone may decide."""

    TEMPLATE = "referral"
    TITLE = Titles("お問い合わせ先のご案内", "Where to send your request")

    received_on: date
    requests: tuple[str, ...]
    entrusters: tuple[Entruster, ...]


class CodeLetter(Letter, frozen=True, kw_only=True):
    """受取番号のご案内: the second factor for fetching `requests` by the link that is mailed. It goes by post alone."""

    TEMPLATE = "code"
    TITLE = Titles("受取番号のご案内", "The code to fetch what you asked for")

    received_on: date
    requests: tuple[str, ...]
    code: str
