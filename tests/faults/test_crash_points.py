"""Every I/O of every story fails before it takes effect, fails after, looks as if it might have, ends the process, or
is the first of an outage; after every I/O the invariants hold (I2 to I5, I8), and after two intervals everything is as
if nothing had happened (I1, I10)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest

from shared.connection.model import LinkState
from tests.faults import story
from tests.faults.passage import MODES, Medium, Mode, Strike
from tests.faults.stage import Stage

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


async def trace_of(stage: Stage, told: Story) -> list[tuple[Medium, str]]:
    """The story without a fault: every I/O it does."""
    stage.strike(None)
    await told.act(stage)
    trace = list(stage.passage.trace)
    await stage.rest()
    assert stage.connection().state is told.ends
    return trace


def worth_it(told: Story, medium: Medium, what: str, mode: Mode) -> bool:
    """Only a commit's outcome can be unknown without effect."""
    return medium in told.media and (mode != "unknown" or what.startswith("commit"))


def lost_with(trace: list[tuple[Medium, str]], strike: Strike) -> bool:
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


async def tell_everywhere(stage: Stage, told: Story, modes: Sequence[Mode], sampled: Callable[[int, str], bool]) -> int:
    """The story with a fault at each of its I/Os that `sampled` takes; how often it was told."""
    await told.begin(stage)
    scene = stage.keep()
    trace = await trace_of(stage, told)
    problems, times = [], 0
    for number, (medium, what) in enumerate(trace, start=1):
        for mode in modes:
            if not worth_it(told, medium, what, mode) or not sampled(number, f"{medium} {what}"):
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
    assert await tell_everywhere(stage, STORIES[name], [mode], lambda number, what: True)


@pytest.mark.parametrize("name", STORIES)
async def test_invariants_hold_on_firestore_too(firestore_stage: Stage, name: str) -> None:
    """Sampled, for time: every commit in each way it can go wrong, and every third of the other I/Os of the store.
    Google, the queue and the secrets do not know which store it is."""

    def sampled(number: int, what: str) -> bool:
        return what.startswith("store commit") or (what.startswith("store ") and number % 3 == 0)

    assert await tell_everywhere(firestore_stage, STORIES[name], MODES, sampled)
