from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.consent.gate import Permit, admit, admit_request, admit_self, permits
from shared.consent.model import LIVE, QOLMS, Cell, CellState, Consents, State
from shared.errors import Refused
from shared.vocabulary import Kind, Purpose

AT = datetime(2026, 11, 23, tzinfo=UTC)
WEIGHT = Cell(Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS)


def stands(state: State = State.GIVEN, *, frozen: str = "", until: dict[str, Any] | None = None) -> Consents:
    return Consents(7, {WEIGHT.key: CellState(state, AT, 1, 7, "2026-10-01", **(until or {}))}, frozen)


def asked(consents: Consents, *, kind: Kind = Kind.WEIGHT, recipient: str = QOLMS, at: datetime = AT) -> str:
    """Why not; "" where allowed."""
    verdict = permits(consents, Purpose.QOLMS_STORE, kind, recipient, at)
    assert verdict.allowed == (not verdict.reason)
    return verdict.reason


def test_what_was_never_given_is_denied() -> None:
    assert asked(Consents()) == "never_given"


def test_what_was_given_is_allowed_and_nothing_beside_it() -> None:
    assert not asked(stands())
    assert asked(stands(), kind=Kind.STEPS) == "never_given"
    assert asked(stands(), recipient="institution:clinic") == "never_given"
    for purpose in set(Purpose) - {Purpose.QOLMS_STORE}:
        assert not permits(stands(), purpose, Kind.WEIGHT, QOLMS, AT).allowed


@pytest.mark.parametrize("state", [*State])
def test_only_what_is_live_is_allowed_and_the_reason_is_the_state(state: State) -> None:
    assert asked(stands(state)) == ("" if state in LIVE else state)


@pytest.mark.parametrize(("end", "reason"), [("valid_until", "expired"), ("authority_until", "authority_ended")])
def test_it_ends_at_the_instant_it_ends(end: str, reason: str) -> None:
    until = AT + timedelta(days=1)
    consents = stands(until={end: until})
    assert not asked(consents, at=until - timedelta(microseconds=1))
    assert asked(consents, at=until) == reason
    assert consents.state_of(WEIGHT, until) not in LIVE


def test_a_freeze_stops_everything_whatever_the_cells_say() -> None:
    assert asked(stands(frozen="deceased")) == "frozen"
    with pytest.raises(Refused, match="consent_missing: frozen"):
        admit_self("hana", stands(frozen="deceased"), Kind.WEIGHT)


@pytest.mark.parametrize("state", [*State])
def test_what_is_being_erased_is_touched_for_no_purpose_at_all(state: State) -> None:
    watch = Cell(Purpose.FAMILY_WATCH, Kind.WEIGHT, "relative:mio")
    given = CellState(State.GIVEN, AT, 2, 8, "2026-10-01")
    consents = Consents(8, {**stands(state).cells, watch.key: given})
    assert permits(consents, *watch, AT) == ((False, "erasing") if state is State.ERASING else (True, ""))


def test_a_permit_says_what_for() -> None:
    permit = admit("hana", stands(), Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS, AT)
    assert (permit.uid, permit.purpose, permit.kind, permit.recipient, permit.epoch) == ("hana", *WEIGHT, 7)
    with pytest.raises(Refused, match="consent_missing: withdrawn"):
        admit("hana", stands(State.WITHDRAWN), Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS, AT)


def test_nobody_but_the_gate_makes_permits() -> None:
    real = admit("hana", stands(), Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS, AT)
    for seal in (None, object(), real):
        with pytest.raises(TypeError, match="only the gate"):
            Permit("hana", Purpose.QOLMS_STORE, Kind.WEIGHT, QOLMS, 7, seal)


def test_what_people_asked_to_be_erased_is_out_of_their_own_sight_at_once() -> None:
    with pytest.raises(Refused, match="consent_missing: erasing"):
        admit_self("hana", stands(State.ERASING), Kind.WEIGHT)
    assert admit_self("hana", stands(State.ERASING), Kind.SLEEP).kind is Kind.SLEEP
    assert admit_self("hana", stands(State.ERASED), Kind.WEIGHT).kind is Kind.WEIGHT  # that nothing is left is seen


def test_people_see_their_own_without_deciding_anything() -> None:
    assert admit_self("hana", Consents(), Kind.WEIGHT).purpose is Purpose.SELF_ACCESS


@pytest.mark.parametrize("state", [state for state in State if state is not State.ERASING])
def test_a_request_is_answered_from_what_is_stored_whatever_was_decided_about_it(state: State) -> None:
    permit = admit_request("hana", stands(state), Kind.WEIGHT, "c1")
    named = permit.uid, permit.purpose, permit.kind, permit.recipient, permit.epoch
    assert named == ("hana", Purpose.REQUEST_HANDLING, Kind.WEIGHT, "case:c1", 7)


def test_a_request_is_not_answered_from_what_is_being_erased_nor_after_death_nor_outside_a_case() -> None:
    with pytest.raises(Refused, match="consent_missing: erasing"):
        admit_request("hana", stands(State.ERASING), Kind.WEIGHT, "c1")
    assert admit_request("hana", stands(State.ERASING), Kind.SLEEP, "c1").kind is Kind.SLEEP
    with pytest.raises(Refused, match="consent_missing: frozen"):
        admit_request("hana", stands(frozen="deceased"), Kind.WEIGHT, "c1")
    with pytest.raises(ValueError, match="in a case"):
        admit_request("hana", stands(), Kind.WEIGHT, "")


def test_whoever_had_the_use_stopped_is_told_all_the_same() -> None:
    assert admit_request("hana", stands(frozen="request"), Kind.WEIGHT, "c1").kind is Kind.WEIGHT
