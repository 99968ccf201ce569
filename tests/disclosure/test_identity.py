"""Which evidence leads to which level, and what each request needs: every rule, and every flaw that ends one."""

import datetime as dt
from itertools import chain, combinations

import msgspec
import pytest

from shared.disclosure.evidence import (
    AGES,
    PAPERS,
    WHO,
    WHO_AND_WHERE,
    Ages,
    Document,
    Evidence,
    Flaw,
    MailLink,
    Match,
    Paper,
    Shown,
    SignIn,
    flaws,
    months_after,
)
from shared.disclosure.identity import (
    NEEDED,
    ROUTES,
    WAYS,
    Fact,
    Level,
    Way,
    facts_of,
    level_of,
    needed,
    suffices,
    ways_for,
)

AT = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)


def paper(of: Paper, **changes: object) -> Document:
    """A paper with nothing wrong with it."""
    good: dict[str, object] = {
        "paper": of,
        "received_on": TODAY,
        "agreed": PAPERS[of].shows,
        "issued_on": dt.date(2026, 11, 1),
        "good_until": dt.date(2030, 1, 1) if PAPERS[of].ends else None,
        "hidden": True,
    }
    return Document(**{**good, **changes})  # type: ignore[arg-type]


MATCH, LINK, SIGN_IN = Match(at=AT), MailLink(at=AT, agreed=True), SignIn(at=AT)
LICENCE, RECORD, CARD = paper(Paper.DRIVING_LICENCE), paper(Paper.RESIDENCE_RECORD), paper(Paper.HEALTH_ELIGIBILITY)
PHOTOS = {
    Paper.DRIVING_LICENCE,
    Paper.DRIVING_RECORD,
    Paper.MY_NUMBER_CARD_FRONT,
    Paper.RESIDENCE_CARD,
    Paper.SPECIAL_RESIDENT,
}
LEVELS: dict[str, tuple[list[Evidence], Level]] = {
    "nothing": ([], Level.NONE),
    "a match alone": ([MATCH], Level.LOW),
    "a mail link alone": ([LINK], Level.LOW),
    "a match and a mail link": ([MATCH, LINK], Level.BASIC),
    "a paper with a photo alone": ([LICENCE], Level.BASIC),
    "two papers alone": ([RECORD, CARD], Level.BASIC),
    "a paper with a photo and a match": ([LICENCE, MATCH], Level.HIGH),
    "two papers and a match": ([RECORD, CARD, MATCH], Level.HIGH),
    "one paper without a photo": ([RECORD], Level.NONE),
    "one paper without a photo, and a match": ([RECORD, MATCH], Level.LOW),
    "the same paper twice, and a match": ([RECORD, RECORD, MATCH], Level.LOW),
    "two papers that show no address": ([CARD, paper(Paper.PENSION_NOTICE), MATCH], Level.LOW),
    "a passport alone": ([paper(Paper.PASSPORT), MATCH], Level.LOW),
    "a passport and a paper with the address": ([paper(Paper.PASSPORT), RECORD, MATCH], Level.HIGH),
    "a paper with a photo, and a mail link": ([LICENCE, LINK], Level.BASIC),
    "the app's sign-in": ([SIGN_IN], Level.HIGH),
}


@pytest.mark.parametrize("case", LEVELS)
def test_evidence_leads_to_its_level(case: str):
    evidence, level = LEVELS[case]
    assert level_of(evidence, AT) is level


def test_every_route_leads_where_it_says_and_no_part_of_it_does():
    for level, needs in ROUTES:
        reached = [other for other, some in ROUTES if some <= needs]
        assert max(reached) is level, needs
        for fewer in chain.from_iterable(combinations(sorted(needs), n) for n in range(len(needs))):
            below = max((other for other, some in ROUTES if some <= set(fewer)), default=Level.NONE)
            assert below < level, f"{fewer} would do"


def test_more_evidence_never_makes_it_less_sure():
    everything: list[Evidence] = [MATCH, LINK, SIGN_IN, LICENCE, RECORD, CARD]
    for n in range(len(everything)):
        for some in combinations(everything, n):
            for one in everything:
                assert level_of([*some, one], AT) >= level_of(some, AT)


@pytest.mark.parametrize("of", sorted(Paper))
def test_one_paper_counts_alone_only_with_a_photo_name_birth_date_and_address(of: Paper):
    assert (Fact.PHOTO in facts_of([paper(of)])) == (of in PHOTOS)


@pytest.mark.parametrize("of", sorted(PHOTOS))
@pytest.mark.parametrize("missing", sorted(Shown))
def test_a_paper_with_a_photo_that_disagrees_anywhere_does_not_count_alone(of: Paper, missing: Shown):
    assert Fact.PHOTO not in facts_of([paper(of, agreed=WHO_AND_WHERE - {missing})])


def test_what_a_paper_cannot_show_does_not_count_though_somebody_ticked_it():
    assert facts_of([paper(Paper.PASSPORT, agreed=WHO_AND_WHERE)]) == set()
    assert facts_of([paper(Paper.HEALTH_ELIGIBILITY, agreed=WHO_AND_WHERE), paper(Paper.PENSION_NOTICE)]) == set()


def test_of_two_papers_both_bear_the_name():
    nameless = paper(Paper.RESIDENCE_RECORD, agreed=frozenset({Shown.ADDRESS, Shown.BIRTH_ON}))
    assert facts_of([nameless, CARD]) == set()
    assert facts_of([paper(Paper.RESIDENCE_RECORD, agreed=frozenset({Shown.NAME, Shown.ADDRESS})), CARD]) == {Fact.TWO}


# flaws

FLAWED: dict[str, tuple[Evidence, Flaw]] = {
    "a licence that ended the day before": (
        paper(Paper.DRIVING_LICENCE, good_until=dt.date(2026, 11, 22)),
        Flaw.EXPIRED,
    ),
    "a licence without its last day": (paper(Paper.DRIVING_LICENCE, good_until=None), Flaw.UNDATED),
    "a certificate without its last day": (paper(Paper.HEALTH_ELIGIBILITY, good_until=None), Flaw.UNDATED),
    "a record of more than three months": (paper(Paper.RESIDENCE_RECORD, issued_on=dt.date(2026, 8, 22)), Flaw.TOO_OLD),
    "a record of tomorrow": (paper(Paper.RESIDENCE_RECORD, issued_on=dt.date(2026, 11, 24)), Flaw.IN_THE_FUTURE),
    "a record without its day": (paper(Paper.RESIDENCE_RECORD, issued_on=None), Flaw.UNDATED),
    "a seal certificate of more than three months": (
        paper(Paper.SEAL_CERTIFICATE, issued_on=dt.date(2026, 8, 22)),
        Flaw.TOO_OLD,
    ),
    "the back of a My Number card": (paper(Paper.MY_NUMBER_CARD_FRONT, hidden=False), Flaw.NUMBER_VISIBLE),
    "a record with its number": (paper(Paper.RESIDENCE_RECORD, hidden=False), Flaw.NUMBER_VISIBLE),
    "a certificate with its symbols": (paper(Paper.HEALTH_ELIGIBILITY, hidden=False), Flaw.NUMBER_VISIBLE),
    "a pension number": (paper(Paper.PENSION_NOTICE, hidden=False), Flaw.NUMBER_VISIBLE),
    "another name": (paper(Paper.DRIVING_LICENCE, agreed=frozenset({Shown.ADDRESS})), Flaw.DISAGREES),
    "a paper that has yet to come": (
        paper(Paper.DRIVING_LICENCE, received_on=dt.date(2026, 11, 24)),
        Flaw.IN_THE_FUTURE,
    ),
    "a paper looked at long ago": (paper(Paper.DRIVING_LICENCE, received_on=dt.date(2026, 8, 24)), Flaw.TOO_OLD),
    "a sign-in of long ago": (SignIn(at=AT - dt.timedelta(days=91)), Flaw.TOO_OLD),
    "a link of long ago": (MailLink(at=AT - dt.timedelta(days=91), agreed=True), Flaw.TOO_OLD),
    "a link to an address that is not held": (MailLink(at=AT, agreed=False), Flaw.DISAGREES),
    "a match of long ago": (Match(at=AT - dt.timedelta(days=91)), Flaw.TOO_OLD),
    "a sign-in that is to come": (SignIn(at=AT + dt.timedelta(seconds=1)), Flaw.IN_THE_FUTURE),
}


@pytest.mark.parametrize("case", FLAWED)
def test_what_is_flawed_says_why_and_carries_nothing(case: str):
    one, flaw = FLAWED[case]
    assert flaw in flaws(one, AT)
    assert level_of([one], AT) is Level.NONE
    assert level_of([one, MATCH], AT) <= Level.LOW


@pytest.mark.parametrize(
    "one",
    [
        paper(Paper.DRIVING_LICENCE, good_until=TODAY),
        paper(Paper.RESIDENCE_RECORD, issued_on=dt.date(2026, 8, 23)),
        paper(Paper.RESIDENCE_RECORD, issued_on=TODAY),
        paper(Paper.DRIVING_LICENCE, hidden=False),
        paper(Paper.DRIVING_RECORD, good_until=None),
        paper(Paper.DRIVING_LICENCE, received_on=dt.date(2026, 8, 25)),
        SignIn(at=AT),
        Match(at=AT - dt.timedelta(days=90)),
    ],
    ids=lambda one: type(one).__name__.lower(),
)
def test_on_the_last_day_it_still_counts(one: Evidence):
    assert flaws(one, AT) == set()


def test_days_are_those_of_japan():
    late = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)
    assert flaws(paper(Paper.DRIVING_LICENCE), late) == set()
    assert flaws(paper(Paper.DRIVING_LICENCE), late - dt.timedelta(seconds=1)) == {Flaw.IN_THE_FUTURE}


def test_the_ages_are_configured():
    older = paper(Paper.RESIDENCE_RECORD, issued_on=dt.date(2026, 7, 1))
    assert flaws(older, AT, Ages(paper_months=6)) == set()
    assert flaws(SignIn(at=AT - dt.timedelta(days=2)), AT, Ages(proof=dt.timedelta(days=1))) == {Flaw.TOO_OLD}


@pytest.mark.parametrize(
    ("issued", "last"),
    [
        ("2026-08-23", "2026-11-23"),
        ("2026-11-30", "2027-02-28"),
        ("2026-11-29", "2027-02-28"),
        ("2027-11-29", "2028-02-29"),
        ("2027-11-30", "2028-02-29"),
        ("2026-08-31", "2026-11-30"),
        ("2026-02-28", "2026-05-31"),
        ("2028-02-29", "2028-05-31"),
        ("2026-10-31", "2027-01-31"),
        ("2026-12-31", "2027-03-31"),
    ],
)
def test_three_months_end_where_the_civil_code_ends_them(issued: str, last: str):
    assert months_after(dt.date.fromisoformat(issued), 3) == dt.date.fromisoformat(last)


# what requests need


def test_what_hands_data_over_or_destroys_it_needs_the_most_and_what_is_not_listed_too():
    for request in ("disclosure", "provision_records", "correction", "erasure", "something new"):
        assert needed(request) is Level.HIGH
    for request in ("purpose_notice", "cease_use", "stop_provision"):
        assert needed(request) is Level.BASIC
    assert needed("complaint") is Level.NONE


@pytest.mark.parametrize("request_type", sorted(NEEDED))
def test_below_its_level_nothing_is_done(request_type: str):
    for evidence, level in LEVELS.values():
        assert suffices(evidence, request_type, AT) == (level >= NEEDED[request_type])


@pytest.mark.parametrize("request_type", sorted(NEEDED))
def test_whoever_could_not_be_verified_is_offered_two_ways_besides_the_app_and_each_leads_there(request_type: str):
    ways = ways_for(request_type)
    assert len(set(ways) - {Way.APP}) >= 2
    leads: dict[Way, list[Evidence]] = {
        Way.PHOTO_PAPER: [LICENCE, MATCH],
        Way.TWO_PAPERS: [RECORD, CARD, MATCH],
        Way.APP: [SIGN_IN],
        Way.MAIL_LINK: [LINK, MATCH],
    }
    for way in ways:
        assert suffices(leads[way], request_type, AT), way


def test_every_way_and_every_paper_has_its_words_in_both_languages():
    assert set(WAYS) == set(Way)
    assert set(PAPERS) == set(Paper)
    for ja, en in [*((ja, en) for _, ja, en in WAYS.values()), *((rule.ja, rule.en) for rule in PAPERS.values())]:
        assert not ja.isascii()
        assert en.isascii()


def test_evidence_survives_being_kept():
    kept = [LICENCE, RECORD, SIGN_IN, LINK, MATCH]
    assert msgspec.json.decode(msgspec.json.encode(kept), type=list[Evidence]) == kept
    assert AGES.paper_months == 3
    assert WHO < WHO_AND_WHERE
