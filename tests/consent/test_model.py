from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consent.model import (
    QOLMS,
    Cell,
    CellState,
    Change,
    Consents,
    Decision,
    Event,
    Method,
    decide,
    hash_of,
    permits,
    rebuild,
)
from shared.vocabulary import Kind, Purpose

AT = datetime(2026, 11, 23, tzinfo=UTC)
WEIGHT = Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS)


def given_to(cell=WEIGHT, *, decision=Decision.GIVE, until=None):
    return Consents(1, {cell.key: CellState(decision, AT, until)})


def asked(consents, *, kind=Kind.WEIGHT, recipient=QOLMS, at=AT):
    return permits(consents, Purpose.QOLMS_STORE, kind, recipient, at)


def test_what_was_never_given_is_denied():
    assert asked(Consents()) == (False, "never_given")


def test_what_was_given_is_allowed_and_nothing_beside_it():
    assert asked(given_to()).allowed
    assert not asked(given_to(), kind=Kind.STEPS).allowed
    assert not asked(given_to(), recipient="hospital").allowed


def test_what_was_withdrawn_is_denied():
    assert asked(given_to(decision=Decision.WITHDRAW)) == (False, "withdrawn")


def test_it_ends_at_the_instant_it_ends():
    consents = given_to(until=AT + timedelta(days=1))
    assert asked(consents, at=AT + timedelta(days=1) - timedelta(microseconds=1)).allowed
    assert asked(consents, at=AT + timedelta(days=1)) == (False, "expired")


changes = st.lists(
    st.builds(
        Change,
        purpose=st.just(Purpose.QOLMS_STORE),
        kind=st.sampled_from(Kind),
        recipient=st.just(QOLMS),
        decision=st.sampled_from(Decision),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda change: change.kind,
)


@given(st.lists(changes, max_size=12))
def test_the_projection_is_what_the_ledger_says(decisions):
    consents = Consents()
    ledger: list[Event] = []
    for i, batch in enumerate(decisions):
        previous = ledger[-1].hash if ledger else ""
        consents, events = decide(
            consents,
            tuple(batch),
            method=Method.APP,
            at=AT + timedelta(seconds=i),
            events_so_far=len(ledger),
            previous=previous,
        )
        ledger += events
    assert rebuild(ledger) == consents
    assert consents.epoch == len(decisions)
    assert [event.number for event in ledger] == list(range(1, len(ledger) + 1))
    assert all(event.hash == hash_of(event) for event in ledger)
    assert [event.previous for event in ledger[1:]] == [event.hash for event in ledger[:-1]]


@pytest.mark.parametrize("first", list(Decision))
def test_the_newest_decision_counts(first):
    second = Decision.WITHDRAW if first is Decision.GIVE else Decision.GIVE
    consents, last = Consents(), ""
    for n, decision in enumerate((first, second)):
        change = Change(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS, decision)
        consents, events = decide(consents, (change,), method=Method.APP, at=AT, events_so_far=n, previous=last)
        last = events[-1].hash
    assert asked(consents).allowed is (second is Decision.GIVE)
