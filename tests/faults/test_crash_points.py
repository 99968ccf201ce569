"""Every I/O of every story fails before it takes effect, fails after, looks as if it might have, ends the process, or
is the first of an outage; after every I/O the invariants hold (I2 to I5, I8), and after two intervals everything is as
if nothing had happened (I1, I10)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from shared.connection.model import LinkState
from tests.faults import story
from tests.faults.passage import MODES, Medium, Mode, Strike
from tests.faults.scenes import Scene
from tests.faults.schedules import EVERY, Io, tells_more
from tests.faults.stage import Stage
from tests.faults.test_interleavings import outcome

Doing = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Story:
    """From where, what happens, and what state the link must end in."""

    begin: Doing
    act: Doing
    ends: LinkState = LinkState.ACTIVE
    media: tuple[Medium, ...] = ("store", "http", "queue", "secrets")
    loses_token: bool = False


async def _history(stage: Stage) -> None:
    story.history(stage.world)


STORIES: dict[str, Story] = {
    "link": Story(_history, story.link),
    "first_sync": Story(story.linked, story.deliver),
    # What 30 calls of Google at once add to the other stories is nothing but time.
    "long_first_sync": Story(story.linked_with_long_history, story.deliver, media=("store", "queue")),
    "nothing_new": Story(story.due, story.deliver),
    "news": Story(story.due_with_news, story.deliver),
    "next_day": Story(story.due_next_day, story.deliver),
    "asked": Story(story.asked, story.ask),
    "rotation": Story(story.due_with_rotation, story.deliver),
    "strict_rotation": Story(story.due_with_strict_rotation, story.deliver, loses_token=True),
    "dead_grant": Story(story.due_and_dead, story.deliver, LinkState.NEEDS_REAUTH),
    "disconnect": Story(story.synced, story.disconnect, LinkState.REVOKED),
    "change_mind": Story(story.due_with_news, story.change_mind),
    "stop_everything": Story(story.due_with_news, story.stop_everything),
    "relink": Story(story.due_with_news, story.relink),
    "other_account": Story(story.synced, story.other_account),
    "tick": Story(story.due_with_news, story.tick),
}


async def trace_of(stage: Stage, told: Story) -> tuple[list[Io], list[str]]:
    """The story without a fault: every I/O it does, and whose it is."""
    stage.strike(None)
    await told.act(stage)
    trace, whose = list(stage.passage.trace), list(stage.passage.whose)
    await stage.rest()
    assert stage.connection().state is told.ends
    return trace, whose


def lost_with(trace: list[Io], strike: Strike) -> bool:
    """Whether a fault costs the person the link when Google kills a refresh token the moment it gives the next one
    (which it does not): the answer never came, or whoever had it died, or could reach nothing to keep it in."""
    answered = trace.index(("http", "POST /token")) + 1
    kept = next(n for n, (_, what) in enumerate(trace, start=1) if n > answered and what.startswith("commit"))
    return (
        (strike.mode == "after" and strike.at == answered)
        or (strike.mode == "dies" and answered <= strike.at < kept)
        or (strike.mode == "outage" and answered < strike.at <= kept)
    )


async def tell_with(stage: Stage, told: Story, strike: Strike, ends: LinkState) -> None:
    """The story with one fault in it, and what comes of it."""
    stage.strike(strike)
    await told.act(stage)
    assert stage.passage.struck, "nothing was struck"
    await stage.rest()
    state = stage.connection().state
    assert state is ends, f"ends as {state}"


async def tell_everywhere(
    stage: Stage, told: Story, modes: Sequence[Mode], sampled: Callable[[int, str, Mode], bool]
) -> int:
    """The story with a fault at each of its I/Os that `sampled` takes and at which it is another; how often."""
    await told.begin(stage)
    scene = stage.keep()
    trace, whose = await trace_of(stage, told)
    problems, times = [], 0
    for number, (medium, what) in enumerate(trace, start=1):
        for mode in modes:
            if medium not in told.media or not sampled(number, f"{medium} {what}", mode):
                continue
            if not tells_more(trace, whose, number, mode):
                continue
            await stage.set_up(scene)
            strike = Strike(number, mode)
            ends = LinkState.NEEDS_REAUTH if told.loses_token and lost_with(trace, strike) else told.ends
            try:
                await tell_with(stage, told, strike, ends)
                await stage.check_store()
            except Exception as problem:
                problems.append(f"{number} {medium} {what} {mode}: {problem!r}; on the way: {stage.faults}")
            times += 1
    assert not problems, "\n".join(problems)
    return times


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", STORIES)
async def test_invariants_hold_wherever_one_io_goes_wrong(stage: Stage, name: str, mode: Mode) -> None:
    assert await tell_everywhere(stage, STORIES[name], [mode], lambda number, what, mode: True)


@pytest.mark.parametrize("name", STORIES)
async def test_invariants_hold_on_firestore_too(firestore_stage: Stage, name: str) -> None:
    """Every commit that reaches the store, and, sampled for time, every ninth of what fails on its way there: that is
    the same for every store, as are Google, the queue and the secrets. EVERY_SCHEDULE=1 tells all of it."""

    def sampled(number: int, what: str, mode: Mode) -> bool:
        reaches = what.startswith("store commit ") and mode not in ("before", "outage")
        return reaches or (what.startswith("store ") and (EVERY or number % 9 == 0))

    assert await tell_everywhere(firestore_stage, STORIES[name], MODES, sampled)


@pytest.mark.parametrize("name", ["news", "rotation", "relink"])
async def test_a_fault_that_is_not_told_comes_to_the_same_as_one_that_is(stage: Stage, name: str) -> None:
    told = STORIES[name]
    await told.begin(stage)
    scene = stage.keep()
    trace, whose = await trace_of(stage, told)
    left_out = 0
    for number in range(2, len(trace) + 1):
        for one, other in (
            (Strike(number, "after"), Strike(number, "before")),
            (Strike(number, "dies"), Strike(number - 1, "dies")),
        ):
            if not tells_more(trace, whose, number, one.mode):
                came = [await came_of(stage, scene, told, strike) for strike in (one, other)]
                assert came[0] == came[1], f"{one}: {trace[number - 1]}"
                left_out += 1
    assert left_out > 10


async def came_of(stage: Stage, scene: Scene, told: Story, strike: Strike) -> Any:
    """What a fault leads to at once, without names, nonces and jitter."""
    await stage.set_up(scene)
    stage.strike(strike)
    await told.act(stage)
    collections = Counter(path.split("/")[-2] for path in stage.watch.documents)
    *link, tasks = outcome(stage)
    return stage.faults, stage.clock.now(), collections, link, Counter(queue for queue, *_ in tasks)
