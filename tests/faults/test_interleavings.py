"""Two things at once, in all interleavings of their I/O with at most two switches that do not come to the same by
themselves (`schedules`). After every I/O the invariants hold; where both do the same, the outcome is that of one alone.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from shared.connection.model import LinkState
from shared.consent.model import Decision
from shared.consent.service import How
from shared.errors import Fault
from shared.vocabulary import Kind, Language
from tests.fakes import decisions
from tests.faults import story
from tests.faults.copied import Person
from tests.faults.scenes import Scene
from tests.faults.schedules import EVERY, Switches, same, schedule, to_tell
from tests.faults.stage import FIT, HANAKO, TARO, Hands, Stage
from tests.faults.story import KINDS

Act = Callable[[Stage], Callable[[Hands], Awaitable[Any]]]


@dataclass(frozen=True)
class Pair:
    """What happens at once from where, and which states of the link may come of it. `alike`: both do the same, and the
    outcome must be that of one. `jump`: how much time passes at the first switch."""

    begin: Callable[[Stage], Awaitable[None]]
    first: Act
    second: Act
    alike: bool = False
    ends: tuple[LinkState, ...] = (LinkState.ACTIVE,)
    jump: timedelta = timedelta(0)


def sync(stage: Stage) -> Callable[[Hands], Awaitable[Any]]:
    return lambda worker: worker.syncing.sync(HANAKO.uid, FIT)


def tick(stage: Stage) -> Callable[[Hands], Awaitable[Any]]:
    return lambda worker: worker.dispatching.tick()


def disconnect(stage: Stage) -> Callable[[Hands], Awaitable[Any]]:
    return lambda worker: worker.connections.disconnect(HANAKO.uid, FIT)


def deciding(decision: Decision, *kinds: Kind) -> Act:
    changes = decisions(decision, *kinds)
    return lambda stage: lambda worker: worker.consenting.decide(HANAKO.uid, changes, How(), if_epoch=None)


def confirming(number: int = 0, person: Person = HANAKO) -> Act:
    return lambda stage: lambda worker: worker.linking.confirm(person.uid, stage.codes[number])


def revoke_due(stage: Stage) -> Callable[[Hands], Awaitable[Any]]:
    name = next(task.payload["grant"] for task in stage.queue.waiting.values() if task.queue == "revocation")
    return lambda worker: worker.connections.revoke_due(str(name))


def coming_back(stage: Stage) -> Callable[[Hands], Awaitable[Any]]:
    """The browser's return, and the app that confirms at once."""
    query = dict(parse_qsl(urlsplit(stage.codes[0]).query))

    async def act(worker: Hands) -> Any:
        returned = await worker.linking.returned(
            state=query["state"], code=query["code"], error="", scope=query.get("scope", "")
        )
        if not returned.code:
            return returned.result
        return await worker.linking.confirm(HANAKO.uid, returned.code)

    return act


# ---------------------------------------------------------------- scenes


async def asked(stage: Stage) -> None:
    """A sync is due, its access token alive, and there is nothing new."""
    await story.synced(stage)
    stage.clock.advance(timedelta(minutes=5))
    await stage.person(lambda w: w.connections.sync_now(HANAKO.uid, FIT))


async def asked_with_news(stage: Stage) -> None:
    await asked(stage)
    story.events(stage.world)


async def asked_and_refused(stage: Stage) -> None:
    """The access token is dead before its time, so it is renewed in the middle of the fetch; and Google rotates."""
    await asked_with_news(stage)
    stage.world.oauth.access_tokens.clear()
    stage.world.oauth.rotation = "grace"


async def parked(stage: Stage) -> None:
    """One grant waits to be confirmed."""
    story.history(stage.world)
    stage.codes = [await stage.park(KINDS)]


async def parked_twice(stage: Stage) -> None:
    """Two windows, two grants."""
    await parked(stage)
    stage.clock.advance(timedelta(seconds=5))
    stage.codes.append(await stage.park((*KINDS, Kind.STEPS)))


async def parked_by_two(stage: Stage) -> None:
    """Two users, one Google account."""
    await parked(stage)
    stage.codes.append(await stage.park(KINDS, TARO, at_google=HANAKO))


async def parked_while_syncing(stage: Stage) -> None:
    await asked_with_news(stage)
    stage.codes = [await stage.park(KINDS)]


async def disconnected(stage: Stage) -> None:
    """The old grant waits to be revoked, before anything else in the queue."""
    await story.synced(stage)
    await stage.person(lambda w: w.connections.disconnect(HANAKO.uid, FIT))
    old = next(t for t in stage.queue.waiting.values() if t.queue == "revocation" and t.due_at <= stage.clock.now())
    stage.queue.done(old, stage.clock.now())
    stage.queue.waiting = {old.name: old, **stage.queue.waiting}


async def parked_after_disconnect(stage: Stage) -> None:
    """The old grant waits to be revoked, a new one to be confirmed."""
    await disconnected(stage)
    stage.codes = [await stage.park(KINDS)]


async def consented_after_disconnect(stage: Stage) -> None:
    """The old grant waits to be revoked, and the browser is on its way back from Google; `codes` holds where to."""
    await disconnected(stage)
    started = await stage.ask(lambda w: w.linking.start(HANAKO.uid, FIT, list(KINDS), Language.JA))
    stage.codes = [stage.world.consent(started.authorization_url, HANAKO.email)]


async def due_for_tick(stage: Stage) -> None:
    await story.synced(stage)
    stage.clock.set(stage.connection().next_sync_at)


PAIRS: dict[str, Pair] = {
    "sync_sync_nothing_new": Pair(asked, sync, sync, alike=True),
    "sync_sync_news": Pair(asked_with_news, sync, sync, alike=True),
    "sync_sync_first": Pair(story.linked, sync, sync, alike=True),
    "sync_sync_rotation": Pair(story.due_with_rotation, sync, sync, alike=True),
    "sync_sync_strict_rotation": Pair(story.due_with_strict_rotation, sync, sync, alike=True),
    # The first is held up for so long that its lease is over, and goes on as if nothing had been.
    "sync_sync_lease_over": Pair(story.due_with_rotation, sync, sync, jump=timedelta(minutes=5)),
    "sync_sync_renewal": Pair(asked_and_refused, sync, sync, alike=True),
    "sync_sync_dead": Pair(story.due_and_dead, sync, sync, alike=True, ends=(LinkState.NEEDS_REAUTH,)),
    "sync_withdraw": Pair(asked_with_news, sync, deciding(Decision.WITHDRAW, Kind.WEIGHT)),
    "first_sync_withdraw": Pair(story.linked, sync, deciding(Decision.WITHDRAW, Kind.WEIGHT)),
    "sync_withdraw_all": Pair(asked_with_news, sync, deciding(Decision.WITHDRAW, *KINDS), ends=(LinkState.REVOKED,)),
    "refresh_withdraw": Pair(story.due_with_strict_rotation, sync, deciding(Decision.WITHDRAW, Kind.SLEEP)),
    # Keeping a rotated token brings the sync onto the connection as it is after the withdrawal.
    "renewal_withdraw": Pair(asked_and_refused, sync, deciding(Decision.WITHDRAW, Kind.WEIGHT)),
    "sync_disconnect": Pair(asked_with_news, sync, disconnect, ends=(LinkState.REVOKED,)),
    "refresh_disconnect": Pair(story.due_with_rotation, sync, disconnect, ends=(LinkState.REVOKED,)),
    "strict_refresh_disconnect": Pair(story.due_with_strict_rotation, sync, disconnect, ends=(LinkState.REVOKED,)),
    "sync_relink": Pair(parked_while_syncing, sync, confirming()),
    "sync_tick": Pair(story.due_with_news, sync, tick),
    "confirm_confirm": Pair(parked, confirming(), confirming(), alike=True),
    "confirm_two_grants": Pair(parked_twice, confirming(0), confirming(1)),
    "confirm_two_users": Pair(parked_by_two, confirming(0), confirming(1, TARO)),
    # Revoking ends every grant of the account: whoever confirms while it is under way waits until it is over.
    "confirm_revoke_due": Pair(parked_after_disconnect, confirming(), revoke_due),
    # A grant that is exchanged, and not parked yet, is revoked with the old one; or it begins a link, and lives.
    "return_revoke_due": Pair(
        consented_after_disconnect, coming_back, revoke_due, ends=(LinkState.ACTIVE, LinkState.REVOKED)
    ),
    "return_revoke_due_slowly": Pair(
        consented_after_disconnect,
        coming_back,
        revoke_due,
        ends=(LinkState.ACTIVE, LinkState.REVOKED),
        jump=timedelta(seconds=20),
    ),
    "tick_tick": Pair(due_for_tick, tick, tick, alike=True),
    "withdraw_give": Pair(asked, deciding(Decision.WITHDRAW, Kind.SLEEP), deciding(Decision.GIVE, Kind.SLEEP)),
}


async def alone(stage: Stage, act: Act) -> int:
    """How many I/Os one does by itself."""
    stage.strike(None)
    await stage.ask(act(stage))
    return len(stage.passage.trace)


def outcome(stage: Stage) -> Any:
    """What came of it, without what differs from run to run: names, nonces, jitter."""
    connection = stage.watch.connection(HANAKO.uid)
    if connection is None:
        return None
    kinds = {
        kind: (link.granted, link.cursor_ns, link.reached_ns, link.floor_ns, link.feeding, link.stored, link.changes)
        for kind, link in connection.kinds.items()
    }
    points = {kind: stage.watch.stored(HANAKO.uid, kind) for kind in KINDS}
    tasks = sorted((t.queue, t.function_path, t.due_at, str(t.payload)) for t in stage.queue.waiting.values())
    return connection.state, connection.consents, connection.linked, connection.failures, kinds, points, tasks


async def check(stage: Stage, pair: Pair, expected: Any, results: list[Any]) -> None:
    unexpected = [r for r in results if isinstance(r, BaseException) and not isinstance(r, Fault)]
    assert not unexpected, unexpected
    assert any(not isinstance(r, Fault) for r in results), f"nobody came through: {results}"
    if pair.alike:
        await stage.deliver()
        assert outcome(stage) == expected
    await stage.rest()
    states = [c.state for c in map(stage.watch.connection, (HANAKO.uid, TARO.uid)) if c is not None]
    assert len(states) == 1, "one account is linked twice"
    assert states[0] in pair.ends, f"ends as {states[0]}"


@dataclass(frozen=True)
class Told:
    """One schedule, and what came of it; `same` are the places of its switches that come to the same."""

    begins: int
    at: Switches
    results: list[Any]
    same: set[Switches]


async def tell(stage: Stage, pair: Pair, scene: Scene, *, every: bool) -> AsyncIterator[Told]:
    """Every schedule of the pair, or one of each that come to the same; the stage is as it left it."""
    lengths: list[int] = []
    for act in (pair.second, pair.first):
        await stage.set_up(scene)
        lengths.insert(0, await alone(stage, act))
    for begins in (0, 1) if pair.first is not pair.second and not pair.alike else (0,):
        most = (lengths[begins], lengths[1 - begins])
        known: set[Switches] = set()
        for at in to_tell(*most):
            if at in known and not every:
                continue
            await stage.set_up(scene)
            stage.at_first_switch = partial(stage.clock.advance, pair.jump)
            results = await stage.together(pair.first(stage), pair.second(stage), schedule(begins, at))
            first, second = stage.both[begins], stage.both[1 - begins]
            alike = same(at, most, first, second, jump=bool(pair.jump))
            known |= alike
            yield Told(begins, at, results, alike)


async def interleave(stage: Stage, pair: Pair) -> int:
    await pair.begin(stage)
    scene = stage.keep()
    await alone(stage, pair.first)
    await stage.deliver()
    expected = outcome(stage)
    problems, times = [], 0
    async for told in tell(stage, pair, scene, every=EVERY):
        try:
            await check(stage, pair, expected, told.results)
        except Exception as problem:
            problems.append(f"{schedule(told.begins, told.at)[:2]}: {problem!r:.1500}; {told.results}")
        times += 1
    assert not problems, f"{len(problems)} of {times}\n" + "\n".join(problems[:10])
    return times


@pytest.mark.parametrize("name", PAIRS)
async def test_two_at_once(stage: Stage, name: str) -> None:
    assert await interleave(stage, PAIRS[name]) > 0


@pytest.mark.parametrize("name", ["sync_sync_news", "sync_withdraw", "confirm_confirm", "tick_tick"])
async def test_two_at_once_on_firestore(firestore_stage: Stage, name: str) -> None:
    """The pairs that meet in the store in different ways."""
    assert await interleave(firestore_stage, PAIRS[name]) > 0


@pytest.mark.parametrize(
    "name", ["sync_sync_nothing_new", "sync_sync_dead", "sync_disconnect", "tick_tick", "withdraw_give"]
)
async def test_what_is_not_told_comes_to_the_same(stage: Stage, name: str) -> None:
    """The reason why `schedules.same` may leave them out, for pairs of which all can be told in little time."""
    pair = PAIRS[name]
    await pair.begin(stage)
    came: dict[tuple[int, Switches], Any] = {}
    alike: list[Told] = []
    async for told in tell(stage, pair, stage.keep(), every=True):
        faults = [getattr(result, "code", None) for result in told.results]
        await stage.deliver()
        came[told.begins, told.at] = faults, outcome(stage)
        alike.append(told)
    for told in alike:
        for other in told.same:
            assert came[told.begins, other] == came[told.begins, told.at], f"{told.at} is not {other}"
    assert sum(len(told.same) > 1 for told in alike) > len(came) / 3
