"""Evidence of who somebody is: papers, sign-ins, links, matches; and why a piece of it does not count.

`PAPERS` is the rule: what each can show, and what must be hidden on the copy that is kept.

Source: 番号法 art. 20 (nobody else may collect or keep the number), 健康保険法 art. 194-2 and 国民年金法 art. 108-4
(insurers' symbols and pension numbers likewise); hence masked, or the front alone.
"""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import msgspec

from shared.disclosure.days import civil_date


class Shown(StrEnum):
    """What a paper shows of somebody, and was found to agree with the application."""

    NAME = "name"
    BIRTH_ON = "birth_on"
    ADDRESS = "address"


WHO_AND_WHERE = frozenset(Shown)
WHO = frozenset({Shown.NAME, Shown.BIRTH_ON})


class Paper(StrEnum):
    """Papers that people enclose. The back of a My Number card, 通知カード and 個人番号通知書 are none."""

    DRIVING_LICENCE = "driving_licence"
    DRIVING_RECORD = "driving_record"
    MY_NUMBER_CARD_FRONT = "my_number_card_front"
    PASSPORT = "passport"
    RESIDENCE_CARD = "residence_card"
    SPECIAL_RESIDENT = "special_resident"
    RESIDENCE_RECORD = "residence_record"
    HEALTH_ELIGIBILITY = "health_eligibility"
    PENSION_NOTICE = "pension_notice"
    SEAL_CERTIFICATE = "seal_certificate"
    FAMILY_REGISTER = "family_register"
    GUARDIANSHIP_RECORD = "guardianship_record"


class PaperRule(NamedTuple):
    """What a paper can show; whether it bears a photo; whether it names a last day (`ends`), or ages from its day of
    issue; what of it must be hidden before it is kept."""

    ja: str
    en: str
    shows: frozenset[Shown] = frozenset()
    photo: bool = False
    ends: bool = False
    ages: bool = False
    hides: str = ""


PAPERS: Mapping[Paper, PaperRule] = MappingProxyType(
    {
        Paper.DRIVING_LICENCE: PaperRule("運転免許証", "driving licence", WHO_AND_WHERE, photo=True, ends=True),
        Paper.DRIVING_RECORD: PaperRule("運転経歴証明書", "driving record certificate", WHO_AND_WHERE, photo=True),
        Paper.MY_NUMBER_CARD_FRONT: PaperRule(
            "マイナンバーカード（表面のみ）",
            "My Number card (front only)",
            WHO_AND_WHERE,
            photo=True,
            ends=True,
            hides="back",
        ),
        # Those applied for since 4 February 2020 have no page for the address, and older ones only a handwritten one.
        Paper.PASSPORT: PaperRule("パスポート", "passport", WHO, photo=True, ends=True),
        Paper.RESIDENCE_CARD: PaperRule("在留カード", "residence card", WHO_AND_WHERE, photo=True, ends=True),
        Paper.SPECIAL_RESIDENT: PaperRule(
            "特別永住者証明書", "special permanent resident certificate", WHO_AND_WHERE, photo=True, ends=True
        ),
        Paper.RESIDENCE_RECORD: PaperRule(
            "住民票の写し", "residence record", WHO_AND_WHERE, ages=True, hides="individual_number"
        ),
        # Insurance cards ended on 1 December 2025; the address on a certificate is the holder's own handwriting.
        Paper.HEALTH_ELIGIBILITY: PaperRule(
            "健康保険の資格確認書",
            "health insurance eligibility certificate",
            WHO,
            ends=True,
            hides="insurer_and_symbols",
        ),
        Paper.PENSION_NOTICE: PaperRule(
            "基礎年金番号通知書", "basic pension number notice", WHO, hides="pension_number"
        ),
        Paper.SEAL_CERTIFICATE: PaperRule("印鑑登録証明書", "seal registration certificate", WHO_AND_WHERE, ages=True),
        Paper.FAMILY_REGISTER: PaperRule("戸籍謄本", "family register", ages=True),
        Paper.GUARDIANSHIP_RECORD: PaperRule("成年後見の登記事項証明書", "guardianship record", ages=True),
    }
)


class Document(msgspec.Struct, frozen=True, kw_only=True, tag="document", forbid_unknown_fields=True):
    """A paper that somebody looked at. `agreed` is what on it agrees with the application; days are civil (JST).

    `hidden`: what may not be collected cannot be read on the copy that is kept.
    """

    paper: Paper
    received_on: dt.date
    agreed: frozenset[Shown] = frozenset()
    issued_on: dt.date | None = None
    good_until: dt.date | None = None
    hidden: bool = False


class SignIn(msgspec.Struct, frozen=True, kw_only=True, tag="sign_in"):
    """The account's own sign-in in the app, for this case."""

    at: dt.datetime


class MailLink(msgspec.Struct, frozen=True, kw_only=True, tag="mail_link"):
    """A one-time link, mailed for this case, was followed. `agreed`: to an address that is held, as a match told; any
    other shows only that somebody reads what they are sent."""

    at: dt.datetime
    agreed: bool


class Match(msgspec.Struct, frozen=True, kw_only=True, tag="match"):
    """What is stated agrees strongly with what is held (`shared.profile.matching`); `mail`: the mail address among
    it."""

    at: dt.datetime
    mail: bool = False


Evidence: TypeAlias = Document | SignIn | MailLink | Match


class Ages(NamedTuple):
    """How old evidence may be: papers from issue to arrival in months, and what was proven until it is relied on."""

    paper_months: int = 3
    seal_months: int = 3
    proof: dt.timedelta = dt.timedelta(days=90)


AGES = Ages()


class Flaw(StrEnum):
    """Why a piece of evidence does not count."""

    EXPIRED = "expired"
    TOO_OLD = "too_old"
    IN_THE_FUTURE = "in_the_future"
    UNDATED = "undated"
    NUMBER_VISIBLE = "number_visible"
    DISAGREES = "disagrees"


def flaws(one: Evidence, at: dt.datetime, ages: Ages = AGES) -> frozenset[Flaw]:
    """Why it does not count; nothing where it does."""
    if not isinstance(one, Document):
        elsewhere = isinstance(one, MailLink) and not one.agreed
        return _of_time(one.at, at, ages) | ({Flaw.DISAGREES} if elsewhere else set())
    rule, found = PAPERS[one.paper], set(_of_day(one.received_on, at, ages))
    if rule.hides and not one.hidden:
        found.add(Flaw.NUMBER_VISIBLE)
    if Shown.NAME not in one.agreed and rule.shows:
        found.add(Flaw.DISAGREES)
    if rule.ends and one.good_until is None:
        found.add(Flaw.UNDATED)
    if one.good_until is not None and one.good_until < one.received_on:
        found.add(Flaw.EXPIRED)
    if rule.ages:
        found |= aged(one.issued_on, one.received_on, ages.paper_months)
    return frozenset(found)


def aged(issued_on: dt.date | None, received_on: dt.date, months: int) -> frozenset[Flaw]:
    """What is wrong with a day of issue, at the day a paper arrived."""
    if issued_on is None:
        return frozenset({Flaw.UNDATED})
    if issued_on > received_on:
        return frozenset({Flaw.IN_THE_FUTURE})
    return frozenset() if received_on <= months_after(issued_on, months) else frozenset({Flaw.TOO_OLD})


def months_after(on: dt.date, months: int) -> dt.date:
    """The last day of so many months after `on`, which itself does not count (民法 art. 140, 143 II)."""
    first = on + dt.timedelta(days=1)
    year, month = divmod(first.month - 1 + months, 12)
    try:
        return first.replace(year=first.year + year, month=month + 1) - dt.timedelta(days=1)
    except ValueError:  # that month has no such day, and ends the period with its last
        following = first.replace(year=first.year + year, month=month + 1, day=28) + dt.timedelta(days=4)
        return following - dt.timedelta(days=following.day)


def _of_time(proven_at: dt.datetime, at: dt.datetime, ages: Ages) -> frozenset[Flaw]:
    return frozenset({Flaw.IN_THE_FUTURE}) if proven_at > at else _of_day(civil_date(proven_at), at, ages)


def _of_day(since: dt.date, at: dt.datetime, ages: Ages) -> frozenset[Flaw]:
    today = civil_date(at)
    if since > today:
        return frozenset({Flaw.IN_THE_FUTURE})
    return frozenset({Flaw.TOO_OLD}) if today - since > ages.proof else frozenset()
