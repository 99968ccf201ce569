from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from shared.connection.grants import LooseGrant, linked
from shared.connection.model import (
    Connection,
    KindLink,
    Lease,
    LinkState,
    Tokens,
    settled,
    with_consents,
    with_refresh_token,
)
from shared.connection.view import view
from shared.consent.model import QOLMS, Cell, CellState, Consents, State
from shared.vocabulary import Kind, Provider, Purpose

AT = datetime(2026, 11, 23, tzinfo=UTC)


def consents(*kinds, epoch=1, withdrawn=()):
    def cells_of(some, state):
        return {Cell(Purpose.QOLMS_STORE, k, QOLMS).key: CellState(state, AT, 1, epoch, "notice") for k in some}

    cells = cells_of(kinds, State.GIVEN) | cells_of(withdrawn, State.WITHDRAWN)
    return Consents(epoch, cells)


def grant(*kinds, subject="s"):
    tokens = Tokens(b"refresh", AT)
    return LooseGrant(
        uid="hana",
        provider=Provider.GOOGLE_FIT,
        subject=subject,
        kinds=list(kinds),
        tokens=tokens,
        due_at=AT,
        parked=True,
    )


def connected(*kinds):
    return linked(grant(*kinds), None, consents(*kinds), AT, 4)


def test_a_new_link_is_active_due_at_once_and_has_what_was_granted():
    connection = connected(Kind.WEIGHT, Kind.SLEEP)
    assert (connection.state, connection.next_sync_at, connection.linked) == (LinkState.ACTIVE, AT, 1)
    assert set(connection.permitted(AT)) == {Kind.WEIGHT, Kind.SLEEP}
    assert connection.verdict(Kind.STEPS, AT) == (False, "not_granted")


def test_the_same_account_continues_and_another_begins_anew():
    first = connected(Kind.WEIGHT)
    kinds = {**first.kinds, Kind.WEIGHT: msgspec.structs.replace(first.kinds[Kind.WEIGHT], cursor_ns=5, reached_ns=1)}
    first = msgspec.structs.replace(first, kinds=kinds, state=LinkState.NEEDS_REAUTH, tokens=None)
    again = linked(grant(Kind.SLEEP), first, consents(Kind.WEIGHT, Kind.SLEEP), AT, 4)
    assert (again.linked, again.kinds[Kind.WEIGHT].cursor_ns, again.kinds[Kind.WEIGHT].granted) == (2, 5, False)
    assert again.permitted(AT) == (Kind.SLEEP,)
    other = linked(grant(Kind.WEIGHT, subject="t"), first, consents(Kind.WEIGHT), AT, 4)
    assert other.kinds[Kind.WEIGHT].cursor_ns == 0


def test_a_withdrawn_kind_stops_and_begins_anew_when_it_is_given_again():
    connection = connected(Kind.WEIGHT, Kind.SLEEP)
    kinds = {
        kind: msgspec.structs.replace(link, reached_ns=1, cursor_ns=9, feeding=True, fingerprints=b"x" * 10, stored=3)
        for kind, link in connection.kinds.items()
    }
    connection = msgspec.structs.replace(connection, kinds=kinds)
    stopped = with_consents(connection, consents(Kind.SLEEP, withdrawn=[Kind.WEIGHT], epoch=2), AT)
    assert stopped.permitted(AT) == (Kind.SLEEP,)
    assert stopped.verdict(Kind.WEIGHT, AT) == (False, "withdrawn")
    weight = stopped.kinds[Kind.WEIGHT]
    assert (weight.reached_ns, weight.feeding, weight.fingerprints) == (None, False, b"")
    assert (weight.cursor_ns, weight.stored) == (9, 3), "cursors never go back, and what is stored stays counted"
    assert stopped.kinds[Kind.SLEEP] == connection.kinds[Kind.SLEEP]


def test_without_any_consent_a_link_pauses_and_with_one_it_is_due_at_once():
    connection = connected(Kind.WEIGHT)
    later = AT + timedelta(hours=5)
    connection = msgspec.structs.replace(connection, next_sync_at=later + timedelta(hours=1))
    paused = with_consents(connection, consents(withdrawn=[Kind.WEIGHT], epoch=2), AT)
    assert paused.state is LinkState.PAUSED
    resumed = with_consents(paused, consents(Kind.WEIGHT, epoch=3), later)
    assert (resumed.state, resumed.next_sync_at) == (LinkState.ACTIVE, later)


@pytest.mark.parametrize("state", [LinkState.REVOKED, LinkState.NEEDS_REAUTH])
def test_consent_does_not_revive_a_link_that_ended(state):
    connection = msgspec.structs.replace(connected(Kind.WEIGHT), state=state)
    assert with_consents(connection, consents(Kind.WEIGHT, epoch=2), AT).state is state
    assert settled(connection, AT).state is state


def test_an_older_refresh_token_never_replaces_a_newer():
    tokens = Tokens(b"new", AT)
    assert with_refresh_token(tokens, b"old", AT - timedelta(seconds=1)) == tokens
    assert with_refresh_token(tokens, b"same", AT) == tokens
    assert with_refresh_token(tokens, b"newer", AT + timedelta(seconds=1)).refresh == b"newer"


def test_a_lease_holds_others_off_until_it_ends():
    connection = msgspec.structs.replace(connected(Kind.WEIGHT), lease=Lease("a", AT + timedelta(minutes=1)))
    assert connection.leased_to_other("b", AT)
    assert not connection.leased_to_other("a", AT)
    assert not connection.leased_to_other("b", AT + timedelta(minutes=1))


def test_the_app_sees_states_and_no_secret():
    connection = with_consents(connected(Kind.WEIGHT, Kind.SLEEP), consents(Kind.SLEEP, withdrawn=[Kind.WEIGHT]), AT)
    seen = view(connection, AT)
    assert (seen.state, seen.kinds[Kind.SLEEP].state) == (LinkState.ACTIVE, LinkState.ACTIVE)
    assert (seen.kinds[Kind.WEIGHT].state, seen.kinds[Kind.WEIGHT].consented) == (LinkState.PAUSED, False)
    assert (seen.kinds[Kind.STEPS].granted, seen.kinds[Kind.STEPS].next_sync_at) == (False, None)
    text = msgspec.json.encode(seen).decode()
    assert "refresh" not in text
    assert connection.subject not in text.split('"')


def test_a_cursor_is_shown_as_an_instant():
    connection = connected(Kind.WEIGHT)
    kinds = {**connection.kinds, Kind.WEIGHT: KindLink(cursor_ns=1_700_000_000_123_456_789)}
    seen = view(msgspec.structs.replace(connection, kinds=kinds), AT)
    assert seen.kinds[Kind.WEIGHT].cursor == datetime.fromtimestamp(1_700_000_000, UTC) + timedelta(microseconds=123456)


def test_a_connection_survives_its_document():
    from shared.cloud.documents import Expect
    from shared.connection.writes import put

    connection = msgspec.structs.replace(connected(Kind.WEIGHT), lease=Lease("a", AT))
    data = put("users/hana/connections/google_fit", connection, Expect.ABSENT).data
    assert msgspec.convert(data, Connection, builtin_types=(bytes, datetime)) == connection
