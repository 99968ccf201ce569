"""Is the person who they say they are? How far evidence carries, and what each request needs.

Pure rules over what the desk looked at (`evidence`); `agents` has those for whoever acts for somebody. The tables are
the rules: `ROUTES` (which evidence leads to which level), `NEEDED` (which level each request needs) and `WAYS` (what is
offered to whoever could not be verified).

Source: 個人情報保護法 art. 37(1), (4): verifying is the operator's to arrange, without undue burden.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum, StrEnum
from types import MappingProxyType

from shared.disclosure.evidence import (
    AGES,
    PAPERS,
    WHO_AND_WHERE,
    Ages,
    Document,
    Evidence,
    MailLink,
    Match,
    Paper,
    Shown,
    SignIn,
    flaws,
)


class Level(IntEnum):
    """How sure it is who somebody is."""

    NONE = 0
    LOW = 1
    """Somebody answers at an address, or knows what is held of the person."""
    BASIC = 2
    """Both of that, or papers that show such a person exists: enough to stop something."""
    HIGH = 3
    """Papers, and what is held agrees; or the account's own sign-in: enough to hand data over, or to destroy it."""


class Fact(StrEnum):
    """What evidence adds up to."""

    PHOTO = "photo"
    """One paper with a photo that shows name, birth date and address."""
    TWO = "two"
    """Two different papers that together show all of it."""
    SIGN_IN = "sign_in"
    MAIL_LINK = "mail_link"
    MATCH = "match"


ROUTES: tuple[tuple[Level, frozenset[Fact]], ...] = (
    (Level.HIGH, frozenset({Fact.SIGN_IN})),
    (Level.HIGH, frozenset({Fact.PHOTO, Fact.MATCH})),
    (Level.HIGH, frozenset({Fact.TWO, Fact.MATCH})),
    (Level.BASIC, frozenset({Fact.PHOTO})),
    (Level.BASIC, frozenset({Fact.TWO})),
    (Level.BASIC, frozenset({Fact.MAIL_LINK, Fact.MATCH})),
    (Level.LOW, frozenset({Fact.MATCH})),
    (Level.LOW, frozenset({Fact.MAIL_LINK})),
)
"""Any route leads to its level. No match leads there alone: whoever knows somebody well knows all that is matched."""

NEEDED: Mapping[str, Level] = MappingProxyType(
    {
        "complaint": Level.NONE,  # art. 40: whoever is dissatisfied is heard
        "purpose_notice": Level.BASIC,
        "cease_use": Level.BASIC,  # it is freed again; that it was not stopped in time is not made good
        "stop_provision": Level.BASIC,
        "disclosure": Level.HIGH,
        "provision_records": Level.HIGH,
        "correction": Level.HIGH,
        "erasure": Level.HIGH,
    }
)
"""By `RequestType`. What is not listed needs the most."""


class Way(StrEnum):
    """How somebody can still show who they are."""

    PHOTO_PAPER = "photo_paper"
    TWO_PAPERS = "two_papers"
    APP = "app"
    MAIL_LINK = "mail_link"


WAYS: Mapping[Way, tuple[frozenset[Level], str, str]] = MappingProxyType(
    {
        Way.PHOTO_PAPER: (
            frozenset({Level.BASIC, Level.HIGH}),
            (
                "氏名・生年月日・住所のわかる写真付きの本人確認書類1点の写し（運転免許証、マイナンバーカードの表面など）を、"
                "登録されている氏名・住所・電話番号などを記した申請書とともにお送りいただく"
            ),
            (
                "a copy of one paper with a photo, showing name, birth date and address (a driving licence, the front "
                "of a My Number card), with an application that states the name, address and phone you registered"
            ),
        ),
        Way.TWO_PAPERS: (
            frozenset({Level.BASIC, Level.HIGH}),
            (
                "本人確認書類2点の写し（住民票の写しと、番号を隠した資格確認書など）を、登録されている氏名・住所・電話番号などを"
                "記した申請書とともにお送りいただく"
            ),
            (
                "copies of two papers (a residence record and an eligibility certificate with its numbers hidden), "
                "with an application that states the name, address and phone number you registered"
            ),
        ),
        Way.APP: (
            frozenset({Level.BASIC, Level.HIGH}),
            "KAGAMINOアプリにサインインして、アプリからご請求いただく",
            "signing in to the KAGAMINO app and making the request there",
        ),
        Way.MAIL_LINK: (
            frozenset({Level.BASIC}),
            "登録されているメールアドレスにお送りするリンクから、ご確認いただく",
            "following a link that we mail to the address you registered",
        ),
    }
)
"""For which levels each is offered, and in which words."""


def level_of(evidence: Iterable[Evidence], at: dt.datetime, ages: Ages = AGES) -> Level:
    """How sure it is, at `at`, who the person is."""
    facts = facts_of([one for one in evidence if not flaws(one, at, ages)])
    return max((level for level, needs in ROUTES if needs <= facts), default=Level.NONE)


def needed(request_type: str) -> Level:
    """What a request needs before it is decided on, carried out or delivered."""
    return NEEDED.get(request_type, Level.HIGH)


def suffices(evidence: Iterable[Evidence], request_type: str, at: dt.datetime, ages: Ages = AGES) -> bool:
    """Whether the evidence carries the request."""
    return level_of(evidence, at, ages) >= needed(request_type)


def ways_for(request_type: str) -> tuple[Way, ...]:
    """What is offered to whoever could not be verified: by the request alone, never by what was found about them, so
    that the offer is the same whether or not anything is held of them. Two at least, besides the app."""
    level = max(needed(request_type), Level.BASIC)
    return tuple(way for way, (levels, _, _) in WAYS.items() if level in levels)


def facts_of(evidence: Sequence[Evidence]) -> frozenset[Fact]:
    """What evidence without flaws adds up to."""
    facts = set()
    papers: dict[Paper, frozenset[Shown]] = {}
    for one in evidence:
        match one:
            case Document(paper=paper):
                agreed = one.agreed & PAPERS[paper].shows
                papers[paper] = papers.get(paper, frozenset()) | agreed
                if PAPERS[paper].photo and agreed == WHO_AND_WHERE:
                    facts.add(Fact.PHOTO)
            case SignIn():
                facts.add(Fact.SIGN_IN)
            case MailLink():
                facts.add(Fact.MAIL_LINK)
            case Match():
                facts.add(Fact.MATCH)
    if _two(list(papers.values())):
        facts.add(Fact.TWO)
    return frozenset(facts)


def _two(papers: list[frozenset[Shown]]) -> bool:
    agreeing = [shown for shown in papers if Shown.NAME in shown]
    pairs = [a | b for n, a in enumerate(agreeing) for b in agreeing[n + 1 :]]
    return WHO_AND_WHERE in pairs
