"""Who may act for somebody, for what, until when: every guard, alone."""

import datetime as dt

import msgspec
import pytest

from shared.disclosure.agents import (
    Agent,
    AgentKind,
    Mandate,
    Reason,
    agent_may,
    comes_of_age,
    level_through,
)
from shared.disclosure.evidence import Ages, Document, Match, Paper, SignIn
from shared.disclosure.identity import Level
from shared.vocabulary import Kind
from tests.disclosure.test_identity import AT, CARD, LICENCE, MATCH, RECORD, TODAY, paper

DAY = dt.timedelta(days=1)
CHILD_BORN = dt.date(2015, 5, 5)
MANDATE = Mandate(signed_on=dt.date(2026, 11, 10), types=frozenset({"disclosure", "erasure"}))
DELEGATE = Agent(
    kind=AgentKind.DELEGATE,
    received_on=TODAY,
    evidence=(LICENCE,),
    mandate=MANDATE,
    seal_certificate_on=dt.date(2026, 10, 1),
    seal_matches=True,
)
PARENT = Agent(
    kind=AgentKind.PARENT,
    received_on=TODAY,
    evidence=(LICENCE,),
    papers=(paper(Paper.FAMILY_REGISTER),),
    person_born_on=CHILD_BORN,
)
GUARDIAN = msgspec.structs.replace(PARENT, kind=AgentKind.GUARDIAN)
ADULT = msgspec.structs.replace(
    PARENT,
    kind=AgentKind.ADULT_GUARDIAN,
    papers=(paper(Paper.GUARDIANSHIP_RECORD),),
    person_born_on=dt.date(1940, 1, 1),
)


def but(agent: Agent, **changes: object) -> Agent:
    return msgspec.structs.replace(agent, **changes)


@pytest.mark.parametrize("agent", [DELEGATE, PARENT, GUARDIAN, ADULT], ids=lambda agent: agent.kind)
def test_with_everything_in_order_each_kind_of_agent_may(agent: Agent):
    assert agent_may(agent, "disclosure", AT) == (True, ())


REFUSED = {
    "no papers of their own": (but(DELEGATE, evidence=()), Reason.UNIDENTIFIED),
    "one paper without a photo": (but(DELEGATE, evidence=(RECORD,)), Reason.UNIDENTIFIED),
    "a match, which is about the person": (but(DELEGATE, evidence=(MATCH, RECORD)), Reason.UNIDENTIFIED),
    "a sign-in, which is to an account": (but(DELEGATE, evidence=(SignIn(at=AT),)), Reason.UNIDENTIFIED),
    "a paper of theirs that expired": (
        but(DELEGATE, evidence=(paper(Paper.DRIVING_LICENCE, good_until=TODAY - DAY),)),
        Reason.UNIDENTIFIED,
    ),
    "no mandate": (but(DELEGATE, mandate=None), Reason.MANDATE_MISSING),
    "a mandate of tomorrow": (
        but(DELEGATE, mandate=msgspec.structs.replace(MANDATE, signed_on=TODAY + DAY)),
        Reason.MANDATE_IN_FUTURE,
    ),
    "a mandate for something else": (
        but(DELEGATE, mandate=msgspec.structs.replace(MANDATE, types=frozenset({"erasure"}))),
        Reason.TYPE_OUT_OF_SCOPE,
    ),
    "a mandate for nothing": (
        but(DELEGATE, mandate=msgspec.structs.replace(MANDATE, types=frozenset())),
        Reason.TYPE_OUT_OF_SCOPE,
    ),
    "a mandate for one kind": (
        but(DELEGATE, mandate=msgspec.structs.replace(MANDATE, kinds=frozenset({Kind.SLEEP}))),
        Reason.KIND_OUT_OF_SCOPE,
    ),
    "a mandate that ended yesterday": (
        but(DELEGATE, mandate=msgspec.structs.replace(MANDATE, until=TODAY - DAY)),
        Reason.EXPIRED,
    ),
    "no seal certificate": (but(DELEGATE, seal_certificate_on=None), Reason.SEAL_CERTIFICATE_MISSING),
    "a seal certificate of more than three months": (
        but(DELEGATE, seal_certificate_on=dt.date(2026, 8, 22)),
        Reason.SEAL_CERTIFICATE_OLD,
    ),
    "a seal certificate of tomorrow": (
        but(DELEGATE, seal_certificate_on=TODAY + DAY),
        Reason.SEAL_CERTIFICATE_IN_FUTURE,
    ),
    "a seal nobody compared": (but(DELEGATE, seal_matches=None), Reason.SEAL_UNCHECKED),
    "another seal": (but(DELEGATE, seal_matches=False), Reason.SEAL_DIFFERS),
    "revoked": (but(DELEGATE, revoked_at=AT), Reason.REVOKED),
    "a parent, revoked": (but(PARENT, revoked_at=AT), Reason.REVOKED),
    "a parent without a register": (but(PARENT, papers=()), Reason.PAPER_MISSING),
    "a parent with a mandate's papers": (but(PARENT, papers=(paper(Paper.SEAL_CERTIFICATE),)), Reason.PAPER_MISSING),
    "an old register": (
        but(PARENT, papers=(paper(Paper.FAMILY_REGISTER, issued_on=dt.date(2026, 8, 22)),)),
        Reason.PAPER_MISSING,
    ),
    "a register without its day": (
        but(PARENT, papers=(paper(Paper.FAMILY_REGISTER, issued_on=None),)),
        Reason.PAPER_MISSING,
    ),
    "a residence record with its number": (
        but(PARENT, papers=(paper(Paper.RESIDENCE_RECORD, hidden=False),)),
        Reason.PAPER_MISSING,
    ),
    "a child of unknown age": (but(PARENT, person_born_on=None), Reason.BIRTH_DATE_MISSING),
    "a child who is of age today": (but(PARENT, person_born_on=dt.date(2008, 11, 23)), Reason.OF_AGE),
    "a guardian of somebody of age": (but(GUARDIAN, person_born_on=dt.date(2000, 1, 1)), Reason.OF_AGE),
    "a guardian with a residence record": (but(GUARDIAN, papers=(RECORD,)), Reason.PAPER_MISSING),
    "an adult's guardian with a family register": (
        but(ADULT, papers=(paper(Paper.FAMILY_REGISTER),)),
        Reason.PAPER_MISSING,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_each_thing_that_is_wrong_alone_is_enough_and_is_named_alone(case: str):
    agent, reason = REFUSED[case]
    assert agent_may(agent, "disclosure", AT) == (False, (reason,))
    assert level_through(agent, [MATCH], "disclosure", AT) is Level.NONE


def test_every_reason_is_tried():
    assert {reason for _, reason in REFUSED.values()} == set(Reason)


ALLOWED = {
    "two papers of their own": but(DELEGATE, evidence=(RECORD, CARD)),
    "a mandate on its last day": but(DELEGATE, mandate=msgspec.structs.replace(MANDATE, until=TODAY)),
    "a seal certificate on its last day": but(DELEGATE, seal_certificate_on=dt.date(2026, 8, 23)),
    "a seal certificate that has aged since it came": but(
        DELEGATE,
        received_on=TODAY - 40 * DAY,
        seal_certificate_on=dt.date(2026, 7, 20),
        mandate=msgspec.structs.replace(MANDATE, signed_on=dt.date(2026, 10, 1)),
    ),
    "a right that ends in a moment": but(DELEGATE, revoked_at=AT + dt.timedelta(seconds=1)),
    "a parent by a residence record": but(PARENT, papers=(RECORD,)),
    "a child who is of age tomorrow": but(PARENT, person_born_on=dt.date(2008, 11, 24)),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_up_to_the_last_day_an_agent_may(case: str):
    assert agent_may(ALLOWED[case], "disclosure", AT) == (True, ())


def test_a_mandate_for_some_kinds_covers_those_and_no_others():
    some = but(DELEGATE, mandate=msgspec.structs.replace(MANDATE, kinds=frozenset({Kind.SLEEP, Kind.STEPS})))
    assert agent_may(some, "disclosure", AT, kinds=[Kind.SLEEP]).ok
    assert not agent_may(some, "disclosure", AT, kinds=[Kind.SLEEP, Kind.WEIGHT]).ok
    assert not agent_may(some, "disclosure", AT).ok, "no kinds are all of them"


def test_everything_that_is_wrong_is_told_at_once():
    wrong = but(DELEGATE, evidence=(), mandate=None, seal_certificate_on=None, seal_matches=None, revoked_at=AT)
    assert set(agent_may(wrong, "disclosure", AT).reasons) == {
        Reason.UNIDENTIFIED,
        Reason.MANDATE_MISSING,
        Reason.SEAL_CERTIFICATE_MISSING,
        Reason.SEAL_UNCHECKED,
        Reason.REVOKED,
    }


def test_the_age_of_a_seal_certificate_is_configured():
    older = but(DELEGATE, seal_certificate_on=dt.date(2026, 7, 1))
    assert agent_may(older, "disclosure", AT, ages=Ages(seal_months=6)).ok


def test_a_complaint_is_heard_from_an_agent_without_papers():
    heard = but(PARENT, evidence=())
    assert agent_may(heard, "complaint", AT).ok


def test_through_an_agent_it_is_this_very_person_only_with_a_match():
    assert level_through(DELEGATE, [MATCH], "disclosure", AT) is Level.HIGH
    assert level_through(DELEGATE, [], "disclosure", AT) is Level.BASIC
    assert level_through(DELEGATE, [Match(at=AT - dt.timedelta(days=91))], "disclosure", AT) is Level.BASIC


@pytest.mark.parametrize(
    ("born", "of_age"),
    [("2008-11-23", "2026-11-23"), ("2008-02-29", "2026-03-01"), ("2010-12-31", "2028-12-31")],
)
def test_somebody_is_of_age_from_their_birthday_on(born: str, of_age: str):
    assert comes_of_age(dt.date.fromisoformat(born)) == dt.date.fromisoformat(of_age)


def test_on_the_eve_of_the_birthday_in_japan_a_parent_may_and_at_midnight_no_more():
    eve = dt.datetime(2026, 11, 23, 14, 59, 59, tzinfo=dt.UTC)
    child = but(PARENT, person_born_on=dt.date(2008, 11, 24))
    assert agent_may(child, "disclosure", eve).ok
    assert agent_may(child, "disclosure", eve + dt.timedelta(seconds=1)).reasons == (Reason.OF_AGE,)


def test_an_agent_survives_being_kept():
    for agent in (DELEGATE, PARENT, ADULT):
        assert msgspec.json.decode(msgspec.json.encode(agent), type=Agent) == agent
    assert isinstance(PARENT.papers[0], Document)
