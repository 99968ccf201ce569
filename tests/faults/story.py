"""What Hanako's body does, as little of it as tells everything apart."""

import contextlib
from datetime import datetime, timedelta

from infra.local.google import Account, World
from infra.local.google import catalogue as c
from infra.local.google.sessions import Session
from shared.consent.model import Decision
from shared.errors import NotFound, Unavailable
from shared.vocabulary import Kind
from tests.faults.stage import FIT, HANAKO, START, TARO, Stage

KINDS = (Kind.WEIGHT, Kind.BLOOD_PRESSURE, Kind.SLEEP)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def history(world: World) -> None:
    """Readings of the last three weeks; two nights, one with stages."""
    account, now = world.accounts[HANAKO.email], world.clock.now()
    for days, kg in ((17, 61.5), (3, 61.0), (1, 60.5)):
        account.enter(c.WEIGHT, now - days * DAY, (kg,), now - days * DAY)
    for days, mmhg in ((10, 131.0), (2, 128.0)):
        account.enter(c.PRESSURE, now - days * DAY, (mmhg, 82.0, 2, 3), now - days * DAY)
    night(account, "night-1", now - 2 * DAY - 9 * HOUR, now - 2 * DAY - 2 * HOUR, now - DAY, stages=(4, 5))
    night(account, "night-2", now - DAY - 9 * HOUR, now - DAY - 3 * HOUR, now - DAY)
    world.accounts[TARO.email].enter(c.WEIGHT, now - 4 * DAY, (75.0,), now - 4 * DAY)


def long_history(world: World) -> None:
    """Every kind on every day: more days than one commit takes."""
    account, now = world.accounts[HANAKO.email], world.clock.now()
    values: dict[str, tuple[float | int, ...]] = {
        c.STEPS: (4000,),
        c.GLUCOSE: (5.5, 2, 2, 3, 2),
        c.PRESSURE: (125.0, 80.0, 2, 3),
        c.WEIGHT: (61.0,),
        c.HEART_RATE: (64.0,),
        c.TEMPERATURE: (36.5, 1),
        c.OXYGEN: (97.0, 0.0, 0, 1, 1),
        c.SLEEP: (4,),
    }
    for days in range(19):
        for type_name, reading in values.items():
            account.enter(type_name, now - days * DAY - HOUR, reading, now - days * DAY, until=now - days * DAY)


def night(
    account: Account, name: str, start: datetime, end: datetime, now: datetime, stages: tuple[int, ...] = ()
) -> None:
    """A night, or the same one grown, its stages of equal length."""
    account.sessions.put(Session(name, "睡眠", _ms(start), _ms(end), _ms(now), package="jp.tokei.wear"))
    for number, stage in enumerate(stages):
        since = start + number * (end - start) / len(stages)
        account.enter(c.SLEEP, since, (stage,), now, until=since + (end - start) / len(stages))


def events(world: World) -> None:
    """All at once: a late reading, a correction, a deletion, a night that has grown and moved to the day before."""
    account, now = world.accounts[HANAKO.email], world.clock.now()
    account.enter(c.WEIGHT, START - 2 * DAY, (60.8,), now)
    account.correct(c.PRESSURE, account.find(c.PRESSURE), (118.0, 76.0, 2, 3), now)
    account.delete(c.WEIGHT, [account.find(c.WEIGHT, start_ns=_ns(START - 3 * DAY))])
    known = next(s for s in account.sessions.all() if s.id == "night-2")
    start = datetime.fromtimestamp(known.start_ms / 1000, now.tzinfo) - 2 * HOUR
    end = datetime.fromtimestamp(known.end_ms / 1000, now.tzinfo) + HOUR
    night(account, "night-2", start, end, now, stages=(4, 6, 4))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _ns(at: datetime) -> int:
    return _ms(at) * 1_000_000


# ---------------------------------------------------------------- scenes to begin from, and what then happens


async def linked(stage: Stage) -> None:
    """Hanako has linked; her first sync waits in the queue."""
    history(stage.world)
    await stage.link(KINDS)


async def linked_with_long_history(stage: Stage) -> None:
    long_history(stage.world)
    await stage.link(tuple(Kind))


async def synced(stage: Stage) -> None:
    """All her history is stored."""
    await linked(stage)
    await stage.deliver()


async def due(stage: Stage) -> None:
    """An interval later; the tick has queued her, and her task is due now."""
    await synced(stage)
    stage.clock.set(stage.connection().next_sync_at)
    await stage.tick()
    stage.clock.set(max(task.due_at for task in stage.queue.waiting.values() if task.queue == "sync"))


async def due_with_news(stage: Stage) -> None:
    await due(stage)
    events(stage.world)


async def due_with_rotation(stage: Stage) -> None:
    await due_with_news(stage)
    stage.world.oauth.rotation = "grace"


async def due_with_strict_rotation(stage: Stage) -> None:
    await due_with_news(stage)
    stage.world.oauth.rotation = "strict"


async def due_and_dead(stage: Stage) -> None:
    await due(stage)
    stage.world.revoke(HANAKO.email)


async def due_next_day(stage: Stage) -> None:
    """A day later: streams are looked up and everything inside the overlap is read again."""
    await due(stage)
    stage.clock.set(START + DAY + HOUR)
    events(stage.world)


async def asked(stage: Stage) -> None:
    """She pulls to refresh while her access token still lives."""
    await synced(stage)
    events(stage.world)
    stage.clock.advance(timedelta(minutes=5))


async def deliver(stage: Stage) -> None:
    await stage.deliver()


async def link(stage: Stage) -> None:
    await stage.link(KINDS)


async def ask(stage: Stage) -> None:
    with contextlib.suppress(Unavailable):  # too soon after a first try that did have its effect
        await stage.person(lambda w: w.connections.sync_now(HANAKO.uid, FIT))
    await stage.deliver()


async def disconnect(stage: Stage) -> None:
    with contextlib.suppress(NotFound):  # after a first try that did have its effect
        await stage.person(lambda w: w.connections.disconnect(HANAKO.uid, FIT))
    await stage.deliver()


async def change_mind(stage: Stage) -> None:
    """Withdraw one kind while a sync waits, let it run, and give the kind again."""
    await stage.decide(Decision.WITHDRAW, Kind.WEIGHT)
    await stage.deliver()
    stage.clock.advance(timedelta(minutes=1))
    await stage.decide(Decision.GIVE, Kind.WEIGHT)


async def stop_everything(stage: Stage) -> None:
    """Withdraw everything, with which the link ends and is revoked, and link again later."""
    await stage.decide(Decision.WITHDRAW, *KINDS)
    await stage.deliver()
    stage.clock.advance(HOUR)
    await stage.link(KINDS)
    await stage.deliver()


async def relink(stage: Stage) -> None:
    """Disconnect, and link the same account again before the old grant is revoked, with a kind more."""
    with contextlib.suppress(NotFound):
        await stage.person(lambda w: w.connections.disconnect(HANAKO.uid, FIT))
    await stage.link((*KINDS, Kind.STEPS))
    await stage.deliver()


async def other_account(stage: Stage) -> None:
    """Link another Google account over the one in use."""
    await stage.link(KINDS, at_google=TARO)
    await stage.deliver()


async def tick(stage: Stage) -> None:
    await stage.tick()
    await stage.deliver()
