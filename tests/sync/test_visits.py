"""Whole visits where something happens in their middle: tokens renewed, others first, feeds that fail."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from shared.cloud.documents import Query
from shared.cloud.http import Answer
from shared.cloud.sqlite import SqliteDocuments
from shared.connection.model import LinkState
from shared.connection.ports import Refreshed
from shared.connection.writes import put
from shared.consent.model import Decision
from shared.consent.service import How
from shared.source.google_fit import client
from shared.sync.model import Outcome
from shared.vocabulary import Kind
from tests.fakes import decisions
from tests.faults.hostile import FIT, NOW, Rig, ns, point

DEAD, NO_FEED = Answer(401, {}, b"{}"), Answer(404, {}, b"{}")
NOT_ALLOWED = Answer(403, {}, b'{"error": {"errors": [{"reason": "insufficientPermissions"}]}}')
HOUR = timedelta(hours=1)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    store = SqliteDocuments(":memory:")
    yield Rig(store)
    await store.close()


def grants(*kinds: Kind, rotated: str | None = None) -> Refreshed:
    return Refreshed("access-2", NOW + timedelta(days=365), rotated, frozenset(kinds) if kinds else None)


async def caught_up(rig: Rig, most: int = 40) -> int:
    """Visits until nothing waits; how many."""
    for visits in range(1, most + 1):
        if not (await rig.sync()).again:
            return visits
        rig.clock.advance(timedelta(seconds=61))
    raise AssertionError("never at rest")


async def due(rig: Rig) -> None:
    rig.clock.set(max(rig.clock.now(), (await rig.connection()).next_sync_at))


def at_first_asked(rig: Rig, path: str, answer: Answer) -> None:
    """Google answers so once, then as usual."""
    usual, asked = rig.google._answer, list[str]()

    def now(at: str, parameters: Any) -> Any:
        if path in at and not asked:
            asked.append(at)
            return answer
        return usual(at, parameters)

    rig.google._answer = now  # type: ignore[assignment, method-assign]


def _held(kind: Kind, times: list[datetime], _: Any, start: int, end: int) -> Any:
    return {"point": [point(kind, ns(at), 60.0) for at in times if start <= ns(at) < end]}


# ---------------------------------------------------------------- a token renewed in the middle


@pytest.mark.parametrize("how", ["its kind is withdrawn", "too slow"])
async def test_whoever_finds_another_first_while_keeping_a_token_stores_nothing(rig: Rig, how: str) -> None:
    """The other one read later. Committing over it would take away what it brought."""
    held: dict[Kind, list[datetime]] = {Kind.HEART_RATE: [NOW - 5 * HOUR], Kind.WEIGHT: []}
    for kind, times in held.items():
        rig.google.datasets[kind] = partial(_held, kind, times)
        rig.google.changes[kind] = lambda _: NO_FEED
    await rig.link("hana", "google", list(held))
    await caught_up(rig)
    await due(rig)
    who, go, waiting = ContextVar("who", default=""), asyncio.Event(), asyncio.Event()
    usual, died = rig.google.send, list[str]()

    async def send(method: str, url: str, **more: Any) -> Answer:
        if who.get() == "later" and "datasets" in url and "heart_rate" in url:
            waiting.set()
            await go.wait()
        if who.get() == "first" and "datasets" in url and "weight" in url and not died:
            died.append(url)
            return DEAD
        return await usual(method, url, **more)

    async def visit(name: str) -> Outcome:
        who.set(name)
        return await rig.sync()

    async def refresh(_: str) -> Refreshed:
        await asyncio.sleep(0.05)  # the first one's heart rate has come in
        held[Kind.HEART_RATE].append(NOW - HOUR)
        go.set()
        await later
        if how == "too slow":
            await asyncio.sleep(0.4)
        else:
            await rig.consenting.decide("hana", decisions(Decision.WITHDRAW, Kind.WEIGHT), How(), if_epoch=None)
        return grants(rotated="rotated")

    if how == "too slow":
        rig.syncing = replace(rig.syncing, fetching=replace(rig.syncing.fetching, deadline_s=0.3))
    rig.google.send, rig.authority.refresh = send, refresh  # type: ignore[assignment, method-assign]
    later = asyncio.create_task(visit("later"))
    await waiting.wait()
    assert (await asyncio.create_task(visit("first"))).outcome == "superseded"
    day = await rig.day(Kind.HEART_RATE, NOW)
    assert day is not None
    assert len(day.points) == 2


async def test_a_withdrawal_while_streams_are_looked_up_is_not_undone(rig: Rig) -> None:
    await rig.link("hana", "google")
    await caught_up(rig)
    rig.clock.advance(25 * HOUR)
    at_first_asked(rig, "dataSources", DEAD)

    async def refresh(_: str) -> Refreshed:
        await rig.consenting.decide("hana", decisions(Decision.WITHDRAW, Kind.WEIGHT), How(), if_epoch=None)
        return grants(rotated="rotated")

    rig.authority.refresh = refresh  # type: ignore[assignment, method-assign]
    await rig.sync()
    link = (await rig.connection()).kinds[Kind.WEIGHT]
    assert (link.reached_ns, link.fingerprints) == (None, b""), "given again, it is fetched anew"


async def test_what_a_renewal_says_while_streams_are_looked_up_holds(rig: Rig) -> None:
    await rig.link("hana", "google")
    await caught_up(rig)
    rig.clock.advance(25 * HOUR)
    at_first_asked(rig, "dataSources", DEAD)
    rig.authority.answers = [grants(*set(Kind) - {Kind.WEIGHT})]
    assert Kind.WEIGHT not in (await rig.sync()).kinds
    assert not (await rig.connection()).kinds[Kind.WEIGHT].granted


async def test_scopes_that_change_are_told_in_the_audit_though_nothing_could_be_fetched(rig: Rig) -> None:
    await rig.link("hana", "google")
    found = await rig.links.connection("hana", FIT)
    assert found is not None
    assert found.value.tokens is not None
    over = msgspec.structs.replace(found.value, tokens=msgspec.structs.replace(found.value.tokens, access=b""))
    await rig.store.commit([put(found.path, over, found.version)])
    rig.authority.answers = [grants(*set(Kind) - {Kind.WEIGHT})]
    usual = rig.google._answer
    rig.google._answer = lambda path, asked: (  # type: ignore[method-assign]
        Answer(503, {}, b"") if path == "dataSources" else usual(path, asked)
    )
    assert (await rig.sync()).outcome == "upstream_unavailable"
    actions = [entry.data["action"] for entry in await rig.store.query(Query("audit", limit=100))]
    assert "link.scopes_changed" in actions


# ---------------------------------------------------------------- what must not be final, and what must rest


@pytest.mark.parametrize("kinds", [(Kind.WEIGHT,), tuple(Kind)], ids=["one kind", "all kinds"])
async def test_a_link_of_which_everything_was_refused_once_comes_back_by_itself(rig: Rig, kinds: tuple[Kind]) -> None:
    await rig.link("hana", "google", list(kinds))
    await caught_up(rig)
    await due(rig)
    usual = rig.google._answer
    rig.google._answer = lambda path, asked: (  # type: ignore[method-assign]
        usual(path, asked) if path == "dataSources" else NOT_ALLOWED
    )
    assert set((await rig.sync()).kinds.values()) == {"scope_missing"}
    refused = await rig.connection()
    assert (refused.state, refused.last_error) == (LinkState.ACTIVE, "scope_missing")
    rig.google._answer = usual  # type: ignore[method-assign]
    back = await rig.renew(grants(*Kind), grants(*Kind))
    assert set(back.granted) == set(kinds)
    assert back.last_error == ""


def served(rig: Rig, kind: Kind, every: timedelta) -> None:
    """A device that measures at this pace for ever, in pages newest first, and whose changes nobody tells."""
    step = int(every.total_seconds()) * 1_000_000_000

    def page(asked: Any, start: int, end: int) -> Any:
        newest = int(asked.get("pageToken") or min(end - 1, ns(rig.clock.now())) // step * step)
        oldest = max(newest - 9 * step, -(-start // step) * step)
        points = [point(kind, at, 60.0) for at in range(newest, oldest - 1, -step)]
        return {"point": points, **({"nextPageToken": str(oldest - step)} if oldest - step >= start else {})}

    rig.google.datasets[kind] = page
    rig.google.changes[kind] = lambda _: NO_FEED


async def test_two_kinds_that_are_read_again_at_different_paces_come_to_rest(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MOST_PAGES", 5)
    served(rig, Kind.HEART_RATE, HOUR)
    served(rig, Kind.WEIGHT, 2 * HOUR / 3)
    await rig.link("hana", "google", [Kind.HEART_RATE, Kind.WEIGHT])
    await caught_up(rig)
    for _ in range(3):
        await due(rig)
        assert await caught_up(rig) <= 9, "five days, of which a visit reads fifty points"


async def test_a_feed_that_fails_while_older_days_are_read_again_costs_nothing_new(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MOST_PAGES", 5)
    served(rig, Kind.HEART_RATE, HOUR)
    rig.google.changes[Kind.HEART_RATE] = lambda _: {"nextPageToken": "t"}
    await rig.link("hana", "google", [Kind.HEART_RATE])
    await caught_up(rig)
    rig.clock.advance(25 * HOUR)
    await rig.sync()
    assert (await rig.connection()).kinds[Kind.HEART_RATE].rereading_ns is not None
    rig.clock.advance(3 * HOUR)
    rig.google.changes[Kind.HEART_RATE] = lambda _: Answer(500, {}, b"{}")
    await rig.sync()
    day = await rig.day(Kind.HEART_RATE, rig.clock.now())
    assert day is not None
    assert max(day.points.start_ns) > ns(rig.clock.now()) - 3_600_000_000_000


async def test_what_two_renewals_of_one_visit_say_about_scopes_is_never_stored_untold(rig: Rig) -> None:
    """The second takes its lease while the first one's word is not written yet."""
    await rig.link("hana", "google")
    await caught_up(rig)
    rig.clock.advance(25 * HOUR)
    found = await rig.links.connection("hana", FIT)
    assert found is not None
    assert found.value.tokens is not None
    over = msgspec.structs.replace(found.value, tokens=msgspec.structs.replace(found.value.tokens, access=b""))
    await rig.store.commit([put(found.path, over, found.version)])
    at_first_asked(rig, "dataSources", DEAD)
    fewer = set(Kind) - {Kind.WEIGHT}
    rig.authority.answers = [grants(*fewer, rotated="once"), grants(*fewer, rotated="twice")]
    usual, granted = rig.store.commit, [sorted(over.granted)]

    async def commit(writes: Any) -> Any:
        versions = await usual(writes)
        now = sorted((await rig.connection()).granted)
        told = any(write.path.startswith("audit/") for write in writes)
        assert now == granted[-1] or told, "granted changed without an entry"
        granted.append(now)
        return versions

    rig.store.commit = commit  # type: ignore[method-assign]
    assert (await rig.sync()).outcome == "synced"
    assert granted[-1] == sorted(fewer)


@pytest.mark.parametrize("who", ["asks", "gives again"])
async def test_whoever_wants_to_be_fetched_during_a_visit_is_fetched_behind_it(rig: Rig, who: str) -> None:
    """What was read by then may not hold what they ask for."""
    held = [NOW - 5 * HOUR]
    rig.google.datasets[Kind.WEIGHT] = partial(_held, Kind.WEIGHT, held)
    rig.google.changes[Kind.WEIGHT] = lambda _: NO_FEED
    await rig.link("hana", "google", [Kind.WEIGHT, Kind.SLEEP])  # with the last kind withdrawn, the link would end
    await caught_up(rig)
    await due(rig)
    usual, wanted = rig.google.send, list[str]()

    async def send(method: str, url: str, **more: Any) -> Answer:
        answer = await usual(method, url, **more)
        if "datasets" in url and not wanted:
            wanted.append(url)
            held.append(NOW - HOUR)
            if who == "asks":
                await rig.connections.sync_now("hana", FIT)
            else:
                for decision in (Decision.WITHDRAW, Decision.GIVE):
                    await rig.consenting.decide("hana", decisions(decision, Kind.WEIGHT), How(), if_epoch=None)
        return answer

    rig.google.send = send  # type: ignore[method-assign]
    assert (await rig.sync()).again
    await caught_up(rig)
    day = await rig.day(Kind.WEIGHT, NOW)
    assert day is not None
    assert len(day.points) == 2
