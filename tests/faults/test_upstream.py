"""Google on its bad days: each fault costs the kinds it strikes and no other, removes nothing, and once it has passed
everything is there."""

from dataclasses import dataclass

import pytest

from infra.local.google import Fault
from infra.local.google import catalogue as c
from shared.connection.model import LinkState
from shared.vocabulary import Kind
from tests.faults import story
from tests.faults.stage import FIT, HANAKO, START, Stage
from tests.faults.story import KINDS
from tests.faults.watch import Watch

ENDPOINTS = {"*/dataPointChanges": "changes", "*/datasets/*": "datasets", "*/sessions": "sessions"}
OF_WEIGHT, OF_SLEEP = "*com.google.weight*", "*sleep*"


@dataclass(frozen=True)
class Bad:
    """A fault, and the code noted with the kind it strikes; "" where the kind comes through all the same."""

    fault: dict[str, object]
    code: str
    waits_s: int = 0


BAD: dict[str, Bad] = {
    "429": Bad({"kind": "status", "status": 429}, "upstream_rate_limited", 60),
    "429_retry_after": Bad({"kind": "status", "status": 429, "retry_after": 700}, "upstream_rate_limited", 700),
    "403_rate": Bad({"kind": "status", "status": 403, "reason": "userRateLimitExceeded"}, "upstream_rate_limited", 60),
    "500": Bad({"kind": "status", "status": 500}, "upstream_unavailable"),
    "503": Bad({"kind": "status", "status": 503}, "upstream_unavailable"),
    "503_retry_after": Bad({"kind": "status", "status": 503, "retry_after": 900}, "upstream_unavailable", 900),
    "slow": Bad({"kind": "slow", "seconds": 5.0}, "upstream_unavailable"),
    "dropped": Bad({"kind": "dropped"}, "upstream_unavailable"),
    "truncated": Bad({"kind": "truncated"}, "upstream_unavailable"),
    "malformed": Bad({"kind": "malformed"}, "upstream_malformed"),
    "html": Bad({"kind": "html"}, "upstream_malformed"),
    "deep": Bad({"kind": "deep"}, "upstream_malformed"),
    "duplicate_keys": Bad({"kind": "duplicate_keys"}, "upstream_malformed"),
    "oversized": Bad({"kind": "oversized", "size": 9 << 20}, "upstream_malformed"),
    # The token that comes with the first page is refused, so nothing goes round in circles.
    "repeated_token": Bad({"kind": "repeated_token"}, "upstream_unavailable"),
    "empty_object": Bad({"kind": "answer", "status": 200, "body": "[]"}, "upstream_malformed"),
    "not_found": Bad({"kind": "status", "status": 404}, ""),
    "empty_page": Bad({"kind": "empty_page", "times": 1}, ""),
}


@pytest.fixture
def impatient(stage: Stage) -> Stage:
    """A stage whose workers wait for Google half a second at most."""
    stage.patience_s = 0.4
    return stage


async def next_day_with(stage: Stage, endpoint: str, fault: dict[str, object]) -> Fault:
    """Everything is to be read again, with news in it, and Google has a bad day at one endpoint."""
    await story.due_next_day(stage)
    await stage.deliver(until_tries=1)  # the grant that was parked for linking is long confirmed
    return stage.world.faults.add(Fault(**{"endpoint": endpoint, "times": None, **fault}))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_dataset_costs_one_kind_one_visit(impatient: Stage, name: str) -> None:
    stage, bad = impatient, BAD[name]
    await next_day_with(stage, f"{OF_WEIGHT}/datasets/*", bad.fault)
    before = stage.watch.stored(HANAKO.uid, Kind.WEIGHT)
    await stage.deliver(until_tries=1)
    weight = stage.connection().kinds[Kind.WEIGHT]
    assert weight.last_error == bad.code
    if bad.code:
        assert stage.watch.stored(HANAKO.uid, Kind.WEIGHT) == before, "a broken answer changed what is stored"
        assert stage.connection().failures == 1
        wait_s = (stage.connection().next_sync_at - stage.clock.now()).total_seconds()
        assert bad.waits_s <= wait_s <= max(120, bad.waits_s)
    for other in (Kind.BLOOD_PRESSURE, Kind.SLEEP):
        assert stage.connection().kinds[other].last_error == ""
        assert stage.watch.stored(HANAKO.uid, other) == stage.watch.held(HANAKO.uid, other)
    stage.world.faults.clear()
    await stage.rest()


@pytest.mark.parametrize("endpoint", [f"{OF_WEIGHT}/dataPointChanges", "sessions", "dataSources", "token"])
@pytest.mark.parametrize("name", BAD)
async def test_nothing_is_lost_or_removed_whatever_answers_badly(impatient: Stage, endpoint: str, name: str) -> None:
    stage, bad = impatient, BAD[name]
    await next_day_with(stage, endpoint, bad.fault)
    for _ in range(2):
        await stage.deliver(until_tries=3)
        stage.clock.set(max(stage.connection().next_sync_at, stage.clock.now()))
        await stage.tick()
        assert stage.connection().state is LinkState.ACTIVE
    # What is wrong with Google is noted with the connection, which knows when to come back: not the queue's work.
    assert not stage.faults
    stage.world.faults.clear()
    await stage.rest()


@pytest.mark.parametrize("endpoint", ["datasets", "dataPointChanges"])
async def test_a_value_that_is_no_number_costs_its_page_nothing_else(stage: Stage, endpoint: str) -> None:
    await next_day_with(stage, endpoint, {"kind": "nan"})
    await stage.deliver(until_tries=1)
    for kind in KINDS:
        held = stage.watch.held(HANAKO.uid, kind)
        stored = stage.watch.stored(HANAKO.uid, kind)
        assert stored.keys() <= held.keys() | stored.keys()
    stage.world.faults.clear()
    await stage.rest()


async def test_a_page_token_that_comes_back_ends_the_reading_with_a_fault(stage: Stage) -> None:
    stage.world.page_ceiling = 1
    await next_day_with(stage, f"{OF_WEIGHT}/datasets/*", {"kind": "repeated_token", "skip": 1})
    before = stage.watch.stored(HANAKO.uid, Kind.WEIGHT)
    await stage.deliver(until_tries=1)
    assert stage.connection().kinds[Kind.WEIGHT].last_error == "upstream_malformed"
    assert stage.watch.stored(HANAKO.uid, Kind.WEIGHT) == before
    stage.world.faults.clear()
    await stage.rest()


async def test_an_answer_from_before_a_correction_does_not_undo_it(stage: Stage) -> None:
    """Google's replicas may lag: a dataset without feed, read again from a replica that does not know the news yet."""
    await story.synced(stage)
    account = stage.world.accounts[HANAKO.email]
    pressure = stage.connection().kinds[Kind.BLOOD_PRESSURE].streams[0]
    stale = ",".join(p.encode(c.PRESSURE, with_origin=True) for p in account.streams[pressure].points)
    story.events(stage.world)
    account.correct(c.PRESSURE, account.find(c.PRESSURE), (111.0, 71.0, 2, 3), stage.clock.now() + story.HOUR)
    stage.clock.set(stage.connection().next_sync_at)
    await stage.rest()
    corrected = stage.watch.stored(HANAKO.uid, Kind.BLOOD_PRESSURE)
    stage.clock.set(START + story.DAY + story.HOUR)
    body = f'{{"dataSourceId":"{pressure}","point":[{stale}]}}'
    stage.world.faults.add(Fault("answer", endpoint="*blood_pressure*/datasets/*", times=None, status=200, body=body))
    await stage.tick()
    stage.clock.advance(story.HOUR)
    await stage.deliver()
    assert stage.connection().kinds[Kind.BLOOD_PRESSURE].reread_at == stage.clock.now()
    assert stage.watch.stored(HANAKO.uid, Kind.BLOOD_PRESSURE) == corrected
    stage.world.faults.clear()
    await stage.rest()


async def test_a_dead_access_token_is_renewed_once_for_all_kinds(stage: Stage) -> None:
    await story.asked(stage)
    await stage.person(lambda w: w.connections.sync_now(HANAKO.uid, FIT))
    stage.world.oauth.access_tokens.clear()
    stage.world.calls.clear()
    await stage.deliver(until_tries=1)
    assert stage.world.counters()["token"] == {HANAKO.email: 1}
    await stage.rest()


async def test_a_scope_that_is_gone_costs_its_kind_alone(stage: Stage) -> None:
    await next_day_with(stage, OF_WEIGHT, {"kind": "status", "status": 403, "reason": "insufficientPermissions"})
    await stage.deliver(until_tries=1)
    kinds = stage.connection().kinds
    assert (kinds[Kind.WEIGHT].granted, kinds[Kind.SLEEP].granted) == (False, True)
    await stage.rest()


async def test_our_own_credentials_refused_costs_nobody_their_link(stage: Stage) -> None:
    await next_day_with(stage, "token", {"kind": "answer", "status": 401, "body": '{"error": "invalid_client"}'})
    before = stage.connection()
    await stage.deliver(until_tries=1)
    after = stage.connection()
    assert (after.state, after.tokens, after.kinds) == (before.state, before.tokens, before.kinds)
    assert after.last_error == "google_client_refused"
    stage.world.faults.clear()
    await stage.rest()


async def test_what_google_never_lists_is_not_taken_for_deleted(stage: Stage) -> None:
    """An answer without any of the person's streams, and then a stream that answers 404."""
    await next_day_with(stage, "dataSources", {"kind": "answer", "status": 200, "body": "{}"})
    stage.world.faults.add(Fault("status", endpoint=OF_WEIGHT, times=None, status=404))
    before = {kind: len(stage.watch.stored(HANAKO.uid, kind)) for kind in KINDS}
    await stage.deliver(until_tries=1)
    assert len(stage.watch.stored(HANAKO.uid, Kind.WEIGHT)) == before[Kind.WEIGHT]
    stage.world.faults.clear()
    await stage.rest()


async def test_a_stream_that_is_gone_for_one_visit_costs_no_history(stage: Stage) -> None:
    """Nothing but re-reading and the slices of the history tell; a slice that answers 404 is read another time."""
    await story.linked(stage)
    stage.world.faults.add(Fault("status", endpoint=f"{OF_WEIGHT}/dataPointChanges", times=None, status=404))
    await stage.deliver(until_tries=1)
    before = stage.connection().kinds[Kind.WEIGHT]
    assert before.reached_ns is not None
    assert before.reached_ns > before.floor_ns, "no history is left to be read"
    gone = stage.world.faults.add(Fault("status", endpoint=f"{OF_WEIGHT}/datasets/*", times=None, status=404))
    await stage.deliver(until_tries=1)
    after = stage.connection().kinds[Kind.WEIGHT]
    assert (after.reached_ns, after.cursor_ns, after.last_error) == (before.reached_ns, before.cursor_ns, "")
    stage.world.faults.clear(gone)
    await stage.rest()


async def test_a_night_across_the_end_of_a_slice_is_not_lost(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded long ago, so that no feed tells of it; and Google lists only what has ended by the time it is given."""
    # A night that reaches into a slice is returned with it, and stored with the one before, in which it starts.
    monkeypatch.setattr(Watch, "_check_cursor", lambda *_: None)
    account, midnight = stage.world.accounts[HANAKO.email], START.replace(hour=0)
    for days in range(1, 19):
        began = midnight - days * story.DAY - 2 * story.HOUR
        story.night(account, f"night-{days}", began, began + 7 * story.HOUR, START - 40 * story.DAY)
    await stage.link((Kind.SLEEP,))
    await stage.deliver()
    await stage.rest()
    assert len(stage.watch.stored(HANAKO.uid, Kind.SLEEP)) == 18
