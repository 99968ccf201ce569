"""An intruder's tries: people after each other's accounts, a device gone mad, a Google that answers anything."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
import pytest

from infra import manifest
from shared.clock import ManualClock
from shared.cloud.documents import Put, Write
from shared.cloud.http import Answer, Http
from shared.cloud.identity import GoogleSubject
from shared.cloud.seal import version_of
from shared.cloud.sqlite import SqliteDocuments
from shared.cloud.values import COMMIT_BYTES
from shared.connection.model import Lease
from shared.connection.ports import Refreshed
from shared.connection.writes import grant_name, put
from shared.consent.model import Decision
from shared.consent.service import How
from shared.erasure.store import ErasureStore
from shared.errors import Conflict, InvalidInput, NotPermitted, OutcomeUnknown, Refused, Unavailable
from shared.measurement.civil import MOST_CHANGES
from shared.measurement.merge import MOST_RAW
from shared.measurement.zones import ZoneStore
from shared.source.google_fit.client import MOST_FEED_PAGES
from shared.source.google_fit.oauth import GoogleAuthority
from shared.sync.dispatch import Dispatching
from shared.sync.model import Outcome
from shared.sync.service import MOST_CHASES
from shared.vocabulary import Kind
from tests.fakes import MemorySecrets, decisions
from tests.faults.hostile import FIT, NOW, SETTINGS, Rig, ns, point


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


class Says(Http):
    """Always the same answer."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._body = body

    async def send(self, *_: Any, **__: Any) -> Answer:
        return Answer(200, {}, self._body)


class Nobody:
    """Knows no account."""

    async def google_subject(self, id_token: str, *, nonce: str | None = None) -> GoogleSubject:
        raise NotPermitted("unauthenticated")


SECRETS = MemorySecrets({"oauth-client-secret": [b"secret"]})


# ---------------------------------------------------------------- after somebody's account


async def test_linking_another_account_does_not_free_one_that_somebody_else_linked_meanwhile(rig: Rig) -> None:
    await rig.link("hana", "shared")
    await rig.connections.disconnect("hana", FIT)
    await rig.link("taro", "shared")
    await rig.link("hana", "her own")

    assert await rig.owner("shared") == "taro"
    with pytest.raises(Refused, match="account_linked_elsewhere"):
        await rig.link("jiro", "shared")


async def test_linking_another_account_frees_the_one_in_use(rig: Rig) -> None:
    await rig.link("hana", "old")
    await rig.link("hana", "new")
    assert (await rig.owner("old"), await rig.owner("new")) == (None, "hana")


async def test_an_abandoned_attempt_does_not_end_the_one_that_waits_to_be_confirmed(rig: Rig) -> None:
    abandoned = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=9))
    wanted = await rig.park("hana", "google")
    rig.clock.advance(timedelta(minutes=3))

    assert await rig.connections.revoke_due(grant_name(abandoned)) == "superseded"
    await rig.linking.confirm("hana", wanted)
    assert rig.authority.revoked == []
    assert set((await rig.sync()).kinds.values()) == {"ok"}


async def test_of_attempts_all_abandoned_the_last_is_revoked(rig: Rig) -> None:
    codes = [await rig.park("hana", "google")]
    rig.clock.advance(timedelta(minutes=9))
    codes.append(await rig.park("hana", "google"))
    rig.clock.advance(timedelta(minutes=3))
    first = await rig.connections.revoke_due(grant_name(codes[0]))
    rig.clock.advance(timedelta(minutes=9))
    assert (first, await rig.connections.revoke_due(grant_name(codes[1]))) == ("superseded", "revoked")
    assert rig.authority.revoked == ["refresh-google"]


async def test_ending_a_link_does_not_end_the_attempt_to_link_anew(rig: Rig) -> None:
    await rig.link("hana", "google")
    await rig.connections.disconnect("hana", FIT)
    code = await rig.park("hana", "google")
    [left] = [str(task["grant"]) for name, task in rig.queue.tasks.items() if name == ("revoke", task.get("grant"))][:1]
    assert await rig.connections.revoke_due(left) == "superseded"
    await rig.linking.confirm("hana", code)
    assert rig.authority.revoked == []


# ---------------------------------------------------------------- poison: what must stop no more than itself

FAR = {
    "the last moment of 64 bits": 2**63 - 1,
    "the year 2150": ns(datetime(2150, 1, 1, tzinfo=UTC)),
    "the first moment of 64 bits": -(2**63),
    "beyond 64 bits": 2**70,
    "beyond any calendar": 10**40,
    "before any calendar": -(10**40),
}


def once(**first: object) -> Callable[[Mapping[str, str]], object]:
    """A feed that tells this, and then nothing more."""
    return lambda asked: {"nextPageToken": "2"} if asked.get("pageToken") else {**first, "nextPageToken": "1"}


@pytest.mark.parametrize("start_ns", FAR.values(), ids=FAR)
@pytest.mark.parametrize("what", ["insertedDataPoint", "deletedDataPoint"])
async def test_a_point_from_far_off_stops_nothing(rig: Rig, what: str, start_ns: int) -> None:
    rig.google.changes[Kind.HEART_RATE] = once(**{what: [point(Kind.HEART_RATE, start_ns, 60)]})
    await rig.link("hana", "google")
    assert set((await rig.sync()).kinds.values()) == {"ok"}
    # What two bytes cannot number has no fingerprint, and those of other days are as they were.
    rig.clock.advance(timedelta(days=1))
    assert set((await rig.sync()).kinds.values()) == {"ok"}


@pytest.mark.parametrize("start_ms", [start_ns // 1_000_000 for start_ns in FAR.values()] + [2**63 - 1], ids=str)
@pytest.mark.parametrize("what", ["session", "deletedSession"])
async def test_a_night_from_far_off_stops_nothing(rig: Rig, what: str, start_ms: int) -> None:
    night = {"id": "n", "activityType": 72, "startTimeMillis": str(start_ms), "endTimeMillis": str(start_ms)}
    rig.google.sessions = once(**{what: [night]})
    await rig.link("hana", "google")
    assert set((await rig.sync()).kinds.values()) == {"ok"}


AN_HOUR_AGO = ns(NOW) - 3_600_000_000_000
SECOND_NS = 1_000_000_000


def noise(characters: int, seed: int = 0) -> str:
    """Text that does not compress to less than half."""
    return "".join(hashlib.sha256(f"{seed}.{i}".encode()).hexdigest() for i in range(characters // 64))


def impossible(count: int, start_ns: int = AN_HOUR_AGO) -> list[dict[str, Any]]:
    """Points that are set aside, each with some 4 KB that do not compress."""
    return [point(Kind.HEART_RATE, start_ns + i, 5000.0, note=noise(3600, start_ns + i)) for i in range(count)]


def dataset(points: Sequence[Mapping[str, Any]]) -> Callable[[Mapping[str, str], int, int], object]:
    return lambda asked, start, end: {"point": [p for p in points if start <= int(p["startTimeNanos"]) < end]}


def without(outcome: Outcome, kind: Kind) -> set[str]:
    """What came of the other kinds."""
    return {code for other, code in outcome.kinds.items() if other is not kind}


async def test_a_day_too_large_to_be_stored_costs_its_own_kind_only(rig: Rig) -> None:
    rig.google.datasets[Kind.STEPS] = dataset([point(Kind.STEPS, AN_HOUR_AGO, 5, origin=noise(3_000_000))])
    await rig.link("hana", "google")
    outcome = await rig.sync()
    assert outcome.kinds[Kind.STEPS] == "document_too_large"
    assert without(outcome, Kind.STEPS) == {"ok"}
    assert await rig.day(Kind.WEIGHT, NOW) is not None
    assert await rig.day(Kind.STEPS, NOW) is None
    assert (await rig.connection()).next_sync_at > rig.clock.now()


async def test_more_than_one_commit_can_hold_is_stored_in_several(rig: Rig) -> None:
    days = [NOW - timedelta(days=back) for back in range(11)]
    starts = [ns(day) - 3_600_000_000_000 for day in days]
    points = [point(Kind.STEPS, start_ns, 5, origin=noise(2_040_000, start_ns)) for start_ns in starts]
    rig.google.datasets[Kind.STEPS] = dataset(points)
    await rig.link("hana", "google")
    assert set((await rig.sync()).kinds.values()) == {"ok"}
    sealed = 0
    for day in days:
        stored = await rig.store.get(f"users/hana/days/{Kind.STEPS}.{day.date()}.{(await rig.connection()).account}")
        assert stored is not None
        sealed += len(stored.data["sealed"])
    assert sealed > COMMIT_BYTES
    assert (await rig.connection()).kinds[Kind.STEPS].stored == len(points)


@pytest.mark.parametrize("by", ["window", "feed"])
async def test_a_day_of_noise_keeps_no_good_point_from_being_stored(rig: Rig, by: str) -> None:
    bad, good = impossible(950), point(Kind.HEART_RATE, AN_HOUR_AGO - SECOND_NS, 60)
    rig.google.datasets[Kind.HEART_RATE] = dataset([*bad, good] if by == "window" else [good])
    if by == "feed":
        rig.google.changes[Kind.HEART_RATE] = once(insertedDataPoint=bad)
    await rig.link("hana", "google")
    assert set((await rig.sync()).kinds.values()) == {"ok"}
    first = await rig.day(Kind.HEART_RATE, NOW)
    assert first is not None
    assert first.points.values == [[60.0]]
    if by == "window":  # the window is the truth about its day: what only the feed told is taken back by it
        assert len(first.set_aside) == 950
        assert sum(bool(one.raw) for one in first.set_aside) == MOST_RAW

    rig.clock.advance(timedelta(days=1))
    assert (await rig.sync()).days_changed == 0
    assert await rig.day(Kind.HEART_RATE, NOW) == first


async def test_a_stored_day_that_cannot_be_opened_costs_its_own_kind_only(rig: Rig) -> None:
    await rig.link("hana", "google")
    await rig.sync()
    path = f"users/hana/days/{Kind.WEIGHT}.{NOW.date()}.{(await rig.connection()).account}"
    found = await rig.store.get(path)
    assert found is not None
    broken = {"sealed": found.data["sealed"][:-1] + bytes([found.data["sealed"][-1] ^ 1])}
    await rig.store.commit([Put(path, broken)])
    rig.google.datasets[Kind.WEIGHT] = dataset([point(Kind.WEIGHT, AN_HOUR_AGO, 59.0)])
    rig.google.datasets[Kind.HEART_RATE] = dataset([point(Kind.HEART_RATE, AN_HOUR_AGO, 59.0)])

    rig.clock.advance(timedelta(days=1, hours=1))
    outcome = await rig.sync()

    assert outcome.kinds[Kind.WEIGHT] == "seal_broken"
    assert without(outcome, Kind.WEIGHT) == {"ok"}
    assert await rig.day(Kind.HEART_RATE, NOW) is not None
    left = await rig.store.get(path)
    assert left is not None
    assert left.data == broken


async def test_what_no_code_expects_costs_its_own_kind_only(rig: Rig) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError("a value that must not be logged")

    rig.google.datasets[Kind.HEART_RATE] = broken
    await rig.link("hana", "google")
    outcome = await rig.sync()
    assert outcome.kinds[Kind.HEART_RATE] == "unexpected"
    assert without(outcome, Kind.HEART_RATE) == {"ok"}


TOKENS = {"of a megabyte": "x" * (1 << 20), "half a surrogate": "\ud800"}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
async def test_an_odd_token_costs_its_own_kind_only(rig: Rig, token: str) -> None:
    rig.google.changes[Kind.WEIGHT] = lambda asked: {"nextPageToken": token}
    page = {"point": [point(Kind.STEPS, AN_HOUR_AGO, 5)], "nextPageToken": token}
    rig.google.datasets[Kind.STEPS] = lambda asked, start, end: page
    await rig.link("hana", "google")
    outcome = await rig.sync()
    assert outcome.kinds[Kind.STEPS] == "upstream_malformed"
    assert without(outcome, Kind.STEPS) == {"ok"}
    assert (await rig.connection()).kinds[Kind.WEIGHT].changes == {}, "a feed with such a token is done without"


@pytest.mark.parametrize("stream", ["", "raw:" + "x" * 1600, "raw:\u2028/../..", "__x__", "sessions"])
async def test_an_odd_stream_costs_its_own_kind_only(rig: Rig, stream: str) -> None:
    rig.google.streams[Kind.WEIGHT] = [stream]
    await rig.link("hana", "google")
    assert without(await rig.sync(), Kind.WEIGHT) == {"ok"}


ANSWERS = {
    "deep": Answer(403, {}, b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "no text": Answer(403, {}, b'{"error":{"message":"\xff"}}'),
    "a wait of thousands of digits, 503": Answer(503, {"retry-after": "9" * 5000}, b""),
    "a wait of thousands of digits, 429": Answer(429, {"retry-after": "9" * 5000}, b""),
    "deep, 200": Answer(200, {}, b"[" * 100_000),
    "no number": Answer(200, {}, b'{"nextPageToken": NaN}'),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_an_odd_answer_costs_its_own_kind_only(rig: Rig, answer: Answer) -> None:
    rig.google.datasets[Kind.WEIGHT] = lambda asked, start, end: answer
    await rig.link("hana", "google")
    outcome = await rig.sync()
    assert outcome.kinds[Kind.WEIGHT].startswith("upstream_")
    assert without(outcome, Kind.WEIGHT) == {"ok"}


@pytest.mark.parametrize(
    "said",
    [
        {"access_token": "a", "expires_in": 10**18},
        {"access_token": "a", "expires_in": -1},
        {"access_token": "a\r\nx-evil: 1", "expires_in": 3600},
        {"access_token": "a\n", "expires_in": 3600},
        {"access_token": "a", "expires_in": 3600, "refresh_token": "x" * (1 << 20)},
        "\udcff",
        "[" * 100_000,
    ],
    ids=["for ever", "before now", "a header", "a line", "of a megabyte", "no text", "deep"],
)
async def test_a_token_answer_that_cannot_be_meant_is_malformed(said: object) -> None:
    body = said.encode("utf-8", "surrogateescape") if isinstance(said, str) else json.dumps(said).encode()
    authority = GoogleAuthority(SETTINGS, http=Says(body), secrets=SECRETS, identities=Nobody(), clock=ManualClock(NOW))
    with pytest.raises(Unavailable, match="upstream_malformed"):
        await authority.refresh("refresh")


# ---------------------------------------------------------------- a tick that not everybody gets through


def dispatching(rig: Rig, **more: Any) -> Dispatching:
    parts: dict[str, Any] = {"documents": rig.store, "connections": rig.links, "queue": rig.queue, "clock": rig.clock}
    parts["erasures"] = ErasureStore(rig.store)
    return Dispatching(**parts, **({"shards": 4, "tick_s": 300, "budget_s": 480} | more))


async def test_a_connection_that_is_not_as_it_should_be_keeps_nobody_from_being_queued(rig: Rig) -> None:
    people = [f"person-{n}" for n in range(12)]
    for uid in people:
        await rig.link(uid, f"account of {uid}")
    bad = (await rig.links.connections(people[0]))[0]
    odd = {"state": "active", "shard": bad.value.shard, "next_sync_at": bad.value.next_sync_at - timedelta(days=1)}
    await rig.store.commit([Put(bad.path, odd)])
    rig.queue.tasks.clear()

    tally = await dispatching(rig).tick()

    assert tally.finished
    assert {task["uid"] for task in rig.queue.tasks.values()} == set(people[1:])


class Slow(ManualClock):
    """A clock on which nearly all of a tick's time has gone whenever somebody looks."""

    def monotonic_s(self) -> float:
        self.looked = getattr(self, "looked", 0.0) + 300
        return self.looked


async def test_where_time_runs_out_it_is_not_always_the_same_who_wait(rig: Rig) -> None:
    people = [f"person-{n}" for n in range(12)]
    for uid in people:
        await rig.link(uid, f"account of {uid}")
    rig.queue.tasks.clear()
    rig.clock = Slow(NOW)
    for _ in range(4):
        assert not (await dispatching(rig).tick()).finished
        rig.clock.advance(timedelta(minutes=5))
    assert {task["uid"] for task in rig.queue.tasks.values()} == set(people)


# ---------------------------------------------------------------- more than can be read at a time


def recorder(rig: Rig, kind: Kind, every_s: int) -> Callable[[Mapping[str, str], int, int], object]:
    """A device that has recorded at this pace for ever: pages of a thousand, newest first."""
    step = every_s * SECOND_NS

    @cache  # visits read much of it again
    def recorded(newest: int, oldest: int) -> list[dict[str, Any]]:
        return [point(kind, at, 60) for at in range(newest, oldest - 1, -step)]

    def page(asked: Mapping[str, str], start: int, end: int) -> object:
        newest = int(asked.get("pageToken") or min(end - 1, ns(rig.clock.now())) // step * step)
        oldest = max(newest - 999 * step, -(-start // step) * step)
        more = {"nextPageToken": str(oldest - step)} if oldest - step >= start else {}
        return {"point": [*recorded(newest, oldest)], **more}

    return page


async def visits(rig: Rig, most: int, *, pause: timedelta = timedelta(minutes=2)) -> Outcome:
    """Visits until nothing more waits."""
    outcome = Outcome(outcome="none")
    for _ in range(most):
        outcome = await rig.sync()
        rig.clock.advance(pause)
        if outcome.outcome == "synced" and not outcome.again and not without(outcome, Kind.SLEEP) - {"ok"}:
            return outcome
    raise AssertionError(f"still not through: {outcome}")


async def whole_days(rig: Rig, kind: Kind, every_s: int, *, back: int) -> None:
    for days in range(1, back + 1):
        day = await rig.day(kind, NOW - timedelta(days=days))
        assert day is not None, days
        assert len(day.points) == 86_400 // every_s, days


async def test_a_kind_with_more_than_one_visit_can_read_comes_forward_visit_by_visit(rig: Rig) -> None:
    rig.google.datasets[Kind.HEART_RATE] = recorder(rig, Kind.HEART_RATE, 4)
    await rig.link("hana", "google")
    first = await rig.sync()
    assert first.again
    assert set(first.kinds.values()) == {"ok"}
    await visits(rig, 6)
    await whole_days(rig, Kind.HEART_RATE, 4, back=10)


async def test_days_missed_that_are_more_than_one_visit_can_read_are_all_read(rig: Rig) -> None:
    rig.google.datasets[Kind.HEART_RATE] = recorder(rig, Kind.HEART_RATE, 300)
    await rig.link("hana", "google")
    await visits(rig, 3)
    rig.google.datasets[Kind.HEART_RATE] = recorder(rig, Kind.HEART_RATE, 3)
    since = rig.clock.now()
    rig.clock.advance(timedelta(days=4))
    await visits(rig, 20)
    for days in range(1, 5):
        day = await rig.day(Kind.HEART_RATE, since + timedelta(days=days - 1))
        assert day is not None
        assert len(day.points) == 28_800


async def test_what_comes_late_among_more_than_one_visit_can_read_again_is_found(rig: Rig) -> None:
    steady = recorder(rig, Kind.HEART_RATE, 4)  # 21,600 a day; a visit reads the newest four days and a half of five
    rig.google.datasets[Kind.HEART_RATE] = steady
    rig.google.changes[Kind.HEART_RATE] = lambda _: Answer(404, {}, b"{}")
    await rig.link("hana", "google")
    await visits(rig, 12)
    at = NOW - timedelta(days=5) + timedelta(hours=2)
    late = ns(at) + 7

    def with_late(asked: Mapping[str, str], start: int, end: int) -> Any:
        page: Any = steady(asked, start, end)
        first, last = (int(page["point"][n]["startTimeNanos"]) for n in (-1, 0))
        page["point"] += [point(Kind.HEART_RATE, late, 61)] if first <= late < last else []
        return page

    rig.google.datasets[Kind.HEART_RATE] = with_late
    rig.clock.advance(timedelta(hours=2))
    await visits(rig, 12)
    day = await rig.day(Kind.HEART_RATE, at)
    assert day is not None
    assert late in day.points.start_ns


async def test_two_kinds_that_want_all_calls_both_come_forward(rig: Rig) -> None:
    for kind in (Kind.HEART_RATE, Kind.STEPS):
        rig.google.datasets[kind] = recorder(rig, kind, 4)
    await rig.link("hana", "google")
    await visits(rig, 40)
    for kind in (Kind.HEART_RATE, Kind.STEPS):
        await whole_days(rig, kind, 4, back=10)


async def test_pages_in_no_order_are_not_taken_for_whole_days(rig: Rig) -> None:
    n = 0

    def page(asked: Mapping[str, str], start: int, end: int) -> object:
        nonlocal n
        n += 1
        return {"point": [point(Kind.HEART_RATE, AN_HOUR_AGO + n * SECOND_NS, 60)], "nextPageToken": str(n)}

    rig.google.datasets[Kind.HEART_RATE] = page
    await rig.link("hana", "google")
    assert (await rig.sync()).kinds[Kind.HEART_RATE] == "upstream_malformed"


# ---------------------------------------------------------------- what grows


async def test_an_app_that_tells_its_zone_at_each_start_can_still_tell_of_a_move(rig: Rig) -> None:
    zones = ZoneStore(rig.store)
    for day in range(MOST_CHANGES + 20):
        await zones.tell("hana", NOW + timedelta(days=day), "Asia/Tokyo")
    away = NOW + timedelta(days=600)
    told = await zones.tell("hana", away, "Europe/Paris")
    assert told.zone_at(ns(away)) == "Europe/Paris"
    assert told.zone_at(ns(away) - 1) == told.zone_at(ns(NOW)) == "Asia/Tokyo"


async def test_more_moves_than_can_be_kept_are_refused(rig: Rig) -> None:
    zones = ZoneStore(rig.store)
    for day in range(MOST_CHANGES):
        await zones.tell("hana", NOW + timedelta(days=day), ("Asia/Tokyo", "Europe/Paris")[day % 2])
    with pytest.raises(InvalidInput, match="body_invalid"):
        await zones.tell("hana", NOW + timedelta(days=MOST_CHANGES), "Asia/Seoul")


# ---------------------------------------------------------------- what anybody may call


def test_what_anybody_may_call_has_no_way_to_what_people_measured() -> None:
    functions = manifest.load().functions
    open_to_all = {name for name, function in functions.items() if {"anyone", "browser"} & set(function.called_by)}
    # `disclosure` hands people's own data to whoever has a one-time link and its code: infra/decisions/0018.
    assert open_to_all > {"disclosure"}
    for function in [functions[name] for name in open_to_all - {"disclosure"}]:
        assert "keys" not in function.databases
        assert "wrapping-key" not in function.secrets


async def test_the_callback_gets_by_without_data_keys(rig: Rig) -> None:
    class NoKeys:
        async def ensure(self, uid: str) -> object:
            raise AssertionError("the callback has no right to them")

    rig.linking = replace(rig.linking, keys=NoKeys())
    assert await rig.park("hana", "google")


# ---------------------------------------------------------------- impatience


async def test_pulling_to_refresh_does_not_shorten_the_wait_that_google_asked_for(rig: Rig) -> None:
    await rig.link("hana", "google")
    await rig.sync()
    busy = Answer(429, {"retry-after": "3000"}, b"")
    for kind in Kind:
        rig.google.datasets[kind] = lambda asked, start, end: busy
        rig.google.changes[kind] = lambda asked: busy
    rig.clock.advance(timedelta(hours=2))
    await rig.sync()
    calls = rig.google.calls

    rig.clock.advance(timedelta(minutes=5))
    with pytest.raises(Unavailable, match="too_many_requests") as told:
        await rig.connections.sync_now("hana", FIT)
    assert told.value.retry_after_s == 3000 - 300 + 1
    assert (await rig.sync()).outcome == "not_due"
    assert rig.google.calls == calls

    rig.clock.advance(timedelta(minutes=46))
    await rig.connections.sync_now("hana", FIT)
    assert (await rig.sync()).outcome == "synced"


async def test_linking_again_does_not_shorten_the_wait_that_google_asked_for(rig: Rig) -> None:
    await rig.link("hana", "google")
    await rig.sync()
    rig.clock.advance(timedelta(hours=2))
    busy = Answer(429, {"retry-after": "3000"}, b"")
    for kind in Kind:
        rig.google.datasets[kind] = lambda asked, start, end: busy
        rig.google.changes[kind] = lambda asked: busy
    await rig.sync()
    before, calls = await rig.connection(), rig.google.calls
    assert before.not_before is not None

    again = await rig.link("hana", "google")
    assert (again.calls, again.calls_since) == (before.calls, before.calls_since)
    assert (await rig.sync()).outcome == "not_due"
    assert rig.google.calls == calls
    with pytest.raises(Unavailable, match="too_many_requests"):
        await rig.connections.sync_now("hana", FIT)

    other = await rig.link("hana", "another")
    assert (other.calls, other.not_before) == (0, None)
    assert (await rig.sync()).outcome == "synced"


async def test_a_visit_that_brought_nothing_for_any_kind_is_no_success(rig: Rig) -> None:
    await rig.link("hana", "google")
    await rig.sync()
    before = await rig.connection()
    refused = Answer(401, {}, b"")
    for kind in Kind:
        rig.google.datasets[kind] = lambda asked, start, end: refused
        rig.google.changes[kind] = lambda asked: refused
    rig.google.sessions = lambda asked: refused
    rig.clock.advance(timedelta(hours=2))
    await rig.sync()
    after = await rig.connection()
    assert (after.last_success_at, after.last_error) == (before.last_success_at, "access_token_dead")


async def test_a_feed_without_end_is_followed_for_a_while_and_then_at_the_usual_pace(rig: Rig) -> None:
    told = 0

    def changes(asked: Mapping[str, str]) -> object:
        nonlocal told
        told += 1
        return {"insertedDataPoint": [point(Kind.WEIGHT, AN_HOUR_AGO, 60)], "nextPageToken": str(told)}

    rig.google.changes[Kind.WEIGHT] = changes
    await rig.link("hana", "google")
    while (await rig.sync()).outcome != "not_due":
        rig.clock.advance(timedelta(seconds=20))
        assert told < 2 * MOST_CHASES * MOST_FEED_PAGES
    assert (await rig.connection()).chases > MOST_CHASES
    before = told
    for _ in range(60):
        rig.clock.advance(timedelta(minutes=3))
        await rig.sync()
    assert told - before <= 4 * MOST_FEED_PAGES
    assert set((await rig.connection()).kinds[Kind.WEIGHT].last_error) == set()


# ---------------------------------------------------------------- two at once


async def test_storing_leaves_the_lease_alone_under_which_another_worker_spends_the_token(rig: Rig) -> None:
    await rig.link("hana", "google")
    send, theirs = rig.google.send, Lease("another worker", rig.clock.now() + timedelta(minutes=4))

    async def leased_meanwhile(method: str, url: str, **more: Any) -> Answer:
        found = await rig.links.connection("hana", FIT)
        assert found is not None
        leased = msgspec.structs.replace(found.value, lease=theirs)
        await rig.store.commit([put(found.path, leased, found.version)])
        return await send(method, url, **more)

    rig.google.send = leased_meanwhile  # type: ignore[method-assign]
    assert (await rig.sync()).outcome == "synced"
    assert (await rig.connection()).lease == theirs


async def test_a_withdrawal_right_behind_a_commit_whose_answer_was_lost_holds(rig: Rig) -> None:
    """What the read-back finds may hold a decision that the visit does not know of."""
    starts = [ns(NOW - timedelta(days=back)) - 3_600_000_000_000 for back in range(11)]
    rig.google.datasets[Kind.STEPS] = dataset([point(Kind.STEPS, at, 5, origin=noise(2_040_000, at)) for at in starts])
    await rig.link("hana", "google")
    commit, portions = rig.store.commit, list[int]()

    async def withdrawn_meanwhile(writes: Sequence[Write]) -> list[str]:
        versions = await commit(writes)
        if len(writes) > 3 and not portions:
            portions.append((await rig.connection()).kinds[Kind.STEPS].stored)
            await rig.consenting.decide("hana", decisions(Decision.WITHDRAW, Kind.STEPS), How(), if_epoch=None)
            raise OutcomeUnknown("commit_unknown")
        return versions

    rig.store.commit = withdrawn_meanwhile  # type: ignore[method-assign]
    assert (await rig.sync()).outcome == "superseded"
    connection = await rig.connection()
    assert not connection.verdict(Kind.STEPS, NOW).allowed
    assert connection.kinds[Kind.STEPS].stored == portions[0] < len(starts), "nothing more than before"


# ---------------------------------------------------------------- what goes while nobody looks


async def test_what_went_while_another_account_was_linked_goes(rig: Rig) -> None:
    held = {NOW - timedelta(days=days): 60.0 + days for days in (1, 3, 8)}
    rig.google.datasets[Kind.WEIGHT] = lambda _, start, end: {
        "point": [point(Kind.WEIGHT, ns(at), kg) for at, kg in held.items() if start <= ns(at) < end]
    }
    await rig.link("hana", "first")
    await visits(rig, 3)
    await rig.link("hana", "other")
    gone = NOW - timedelta(days=3)
    del held[gone]
    await rig.link("hana", "first")
    await visits(rig, 3)
    assert await rig.day(Kind.WEIGHT, gone) is None
    assert await rig.day(Kind.WEIGHT, NOW - timedelta(days=8)) is not None


@pytest.mark.parametrize("told", [True, False], ids=["the feed tells", "nobody tells"])
async def test_what_a_feed_brought_early_goes_again_when_its_day_is_reached(rig: Rig, told: bool) -> None:
    """A point older than the days whose fingerprints are kept, told of before its day is read and gone by then."""
    early = ns(NOW - timedelta(days=9))
    brought = {"insertedDataPoint": [point(Kind.WEIGHT, early, 70.0)], "nextPageToken": "t1"}
    gone = {"deletedDataPoint": [point(Kind.WEIGHT, early, 70.0)], "nextPageToken": "t2"}
    rig.google.changes[Kind.WEIGHT] = lambda asked: {"nextPageToken": "t1"} if asked.get("pageToken") else brought
    rig.syncing = replace(
        rig.syncing, fetching=replace(rig.syncing.fetching, reach=replace(rig.syncing.fetching.reach, slice_days=4))
    )
    await rig.link("hana", "google", [Kind.WEIGHT])
    await rig.sync()
    assert await rig.day(Kind.WEIGHT, NOW - timedelta(days=9)) is not None
    rig.google.changes[Kind.WEIGHT] = lambda asked: (
        gone if told and asked["pageToken"] == "t1" else {"nextPageToken": asked["pageToken"]}
    )
    await visits(rig, 8)
    assert await rig.day(Kind.WEIGHT, NOW - timedelta(days=9)) is None


# ---------------------------------------------------------------- what is said about tokens


def renewed(*kinds: Kind, rotated: str | None = None) -> Refreshed:
    return Refreshed("access", NOW + timedelta(days=365), rotated, frozenset(kinds))


async def test_one_word_about_what_is_granted_is_not_the_last(rig: Rig) -> None:
    await rig.link("hana", "google", [Kind.WEIGHT, Kind.STEPS])
    after = await rig.renew(renewed())
    assert after.kinds[Kind.WEIGHT].granted, "whoever names no kind at all has not been asked about kinds"
    after = await rig.renew(renewed(Kind.STEPS, Kind.SLEEP))
    granted = {kind for kind, link in after.kinds.items() if link.granted}
    assert granted == {Kind.STEPS}, "what was never ticked is not fetched, whatever Google says"
    after = await rig.renew(renewed(Kind.STEPS, Kind.WEIGHT))
    assert after.kinds[Kind.WEIGHT].granted
    assert after.kinds[Kind.WEIGHT].last_success_at == rig.clock.now()


async def test_a_kind_whose_data_were_refused_is_tried_again_a_day_later(rig: Rig) -> None:
    refused = Answer(403, {}, b'{"error": {"errors": [{"reason": "insufficientPermissions"}]}}')
    rig.google.changes[Kind.WEIGHT] = lambda _: refused
    rig.google.datasets[Kind.WEIGHT] = lambda *_: refused
    await rig.link("hana", "google", [Kind.WEIGHT, Kind.STEPS])
    assert (await rig.sync()).kinds[Kind.WEIGHT] == "scope_missing"
    rig.google.changes.clear()
    rig.google.datasets.clear()
    after = await rig.renew(renewed(Kind.STEPS, Kind.WEIGHT), renewed(Kind.STEPS, Kind.WEIGHT))
    assert after.kinds[Kind.WEIGHT].granted
    after = await rig.renew(renewed(Kind.STEPS, Kind.WEIGHT))
    assert after.kinds[Kind.WEIGHT].last_error == ""


async def test_where_google_grants_nothing_any_more_the_person_is_asked_to_link_again(rig: Rig) -> None:
    refused = Answer(403, {}, b'{"error": {"errors": [{"reason": "insufficientPermissions"}]}}')
    rig.google.changes[Kind.WEIGHT] = lambda _: refused
    rig.google.datasets[Kind.WEIGHT] = lambda *_: refused
    await rig.link("hana", "google", [Kind.WEIGHT])
    await rig.sync()
    with pytest.raises(Conflict, match="needs_reauth"):
        await rig.connections.sync_now("hana", FIT)
    rig.google.changes.clear()
    rig.google.datasets.clear()
    await rig.link("hana", "google", [Kind.WEIGHT])
    assert (await rig.sync()).kinds == {Kind.WEIGHT: "ok"}


async def test_a_new_version_of_the_token_key_reaches_every_token(rig: Rig) -> None:
    await rig.link("hana", "google")
    await rig.sync()
    rig.secrets.rotate("token-key", b"T" * 32)
    tokens = (await rig.renew(renewed(*Kind))).tokens
    assert tokens is not None
    assert (version_of(tokens.refresh), version_of(tokens.access)) == (2, 2)
    assert (await rig.renew(renewed(*Kind))).last_success_at == rig.clock.now()
