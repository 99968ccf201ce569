from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consent.ledger import Entry, Event, Said, Tail, decided, first_break, rebuild, record
from shared.consent.model import LIVE, QOLMS, Cell, Change, Consents, Decision, Method, State
from shared.policy.model import NoticeRef
from shared.vocabulary import Kind, Purpose

AT = datetime(2026, 11, 23, tzinfo=UTC)
WEIGHT = Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS)


def said(at: datetime = AT) -> Said:
    return Said(at=at, method=Method.APP, notice=NoticeRef("2026-10-01", "0" * 64))


def change(decision: Decision, cell: Cell = WEIGHT, until: datetime | None = None) -> Change:
    return Change(*cell, decision, until)


changes = st.lists(
    st.builds(
        Change,
        purpose=st.sampled_from([Purpose.QOLMS_STORE, Purpose.HEALTH_GUIDANCE]),
        kind=st.sampled_from(Kind),
        recipient=st.sampled_from([QOLMS, "institution:clinic"]),
        decision=st.sampled_from(Decision),
        valid_until=st.none() | st.just(AT + timedelta(days=1)),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda change: change.cell,
)
decisions = st.lists(changes, min_size=1, max_size=10)


def told(batches: list[list[Change]]) -> tuple[Consents, Tail, list[Event]]:
    """What a ledger holds after these decisions, an hour apart."""
    consents, tail, ledger = Consents(), Tail(), []
    for hour, batch in enumerate(batches):
        at = AT + timedelta(hours=hour)
        consents, events = record(consents, tail, [decided(consents, one, at) for one in batch], said(at))
        ledger += events
        tail = Tail(events[-1].number, events[-1].hash)
    return consents, tail, ledger


@given(decisions)
def test_the_projection_is_what_the_ledger_says(batches: list[list[Change]]) -> None:
    consents, tail, ledger = told(batches)
    assert rebuild(ledger) == consents
    assert consents.epoch == len(batches)
    assert first_break(ledger, tail) is None


@given(decisions, st.data())
def test_whatever_is_done_to_a_ledger_is_found(batches: list[list[Change]], data: st.DataObject) -> None:
    _, tail, ledger = told(batches)
    place = data.draw(st.integers(0, len(ledger) - 1))
    one = ledger[place]
    spoilt = {
        "altered": [*ledger[:place], msgspec.structs.replace(one, at=AT - timedelta(1)), *ledger[place + 1 :]],
        "another state": [*ledger[:place], msgspec.structs.replace(one, state=State.ERASED), *ledger[place + 1 :]],
        "missing": [*ledger[:place], *ledger[place + 1 :]],
        "doubled": [*ledger[: place + 1], *ledger[place:]],
    }
    if place:
        spoilt["reordered"] = [*ledger[: place - 1], one, ledger[place - 1], *ledger[place + 1 :]]
    how = data.draw(st.sampled_from(sorted(spoilt)))
    assert first_break(spoilt[how], tail), how


def test_a_decision_says_what_it_changes() -> None:
    cases = [
        (None, Decision.GIVE, State.GIVEN),
        (None, Decision.REFUSE, State.REFUSED),
        (None, Decision.WITHDRAW, State.WITHDRAWN),
        (State.GIVEN, Decision.GIVE, State.RECONFIRMED),
        (State.GIVEN, Decision.REFUSE, State.KEPT),
        (State.RECONFIRMED, Decision.REFUSE, State.KEPT),
        (State.WITHDRAWN, Decision.REFUSE, State.REFUSED),
        (State.RECONFIRMED, Decision.WITHDRAW, State.WITHDRAWN),
        (State.WITHDRAWN, Decision.GIVE, State.GIVEN),
        (State.REFUSED, Decision.GIVE, State.GIVEN),
        (State.ERASED, Decision.GIVE, State.GIVEN),
        (State.ERASING, Decision.WITHDRAW, State.ERASING),
        (State.ERASING, Decision.REFUSE, State.ERASING),
    ]
    for before, decision, after in cases:
        stands = record(Consents(), Tail(), [Entry(WEIGHT, before)], said())[0] if before else Consents()
        assert decided(stands, change(decision), AT).state is after, (before, decision)


def test_a_no_that_was_said_looking_at_another_state_ends_what_was_given_since() -> None:
    stands = record(Consents(), Tail(), [Entry(WEIGHT, State.GIVEN)], said())[0]
    assert decided(stands, change(Decision.REFUSE), AT, seen=False).state is State.WITHDRAWN
    assert decided(Consents(), change(Decision.REFUSE), AT, seen=False).state is State.REFUSED


def test_what_has_run_out_is_given_and_not_reconfirmed() -> None:
    consents, _ = record(Consents(), Tail(), [Entry(WEIGHT, State.GIVEN, AT + timedelta(days=1))], said())
    later = AT + timedelta(days=1)
    assert consents.state_of(WEIGHT, later) is State.EXPIRED
    assert decided(consents, change(Decision.GIVE), later).state is State.GIVEN


def test_what_ends_keeps_no_term() -> None:
    entry = Entry(WEIGHT, State.WITHDRAWN, AT + timedelta(days=1), AT + timedelta(days=1))
    _, [event] = record(Consents(), Tail(), [entry], said())
    assert (event.valid_until, event.authority_until) == (None, None)


def test_recording_nothing_moves_nothing() -> None:
    consents, _, _ = told([[change(Decision.GIVE)]])
    assert record(consents, Tail(), [], said()) == (consents, [])


@pytest.mark.parametrize("state", [*State])
def test_a_freeze_is_the_persons_and_leaves_the_cells(state: State) -> None:
    given, _ = record(Consents(), Tail(), [Entry(WEIGHT, State.GIVEN)], said())
    after, _ = record(given, Tail(), [Entry(None, state, reason="deceased") if state in _OF_THE_PERSON else
                                      Entry(WEIGHT, state)], said())  # fmt: skip
    if state is State.FROZEN:
        assert (after.frozen, after.cells) == ("deceased", given.cells)
    elif state is State.THAWED:
        assert (after.frozen, after.cells) == ("", given.cells)
    elif state is State.KEPT:
        kept = msgspec.structs.replace(given.cells[WEIGHT.key], declined=said().notice.version)
        assert (after.epoch, after.cells) == (given.epoch + 1, {WEIGHT.key: kept})
    else:
        assert (after.cells[WEIGHT.key].as_of(AT) in LIVE) is (state in LIVE)


_OF_THE_PERSON = (State.FROZEN, State.THAWED)


def test_a_long_ledger_is_rebuilt_in_linear_time() -> None:
    """10,000 lines: a quadratic way would take minutes."""
    consents, tail, ledger = told([[change(Decision.GIVE)], [change(Decision.WITHDRAW)]] * 5_000)
    assert len(ledger) == 10_000
    assert rebuild(ledger) == consents
    assert first_break(ledger, tail) is None
