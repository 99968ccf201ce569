"""Every I/O of every story fails before it takes effect, fails after, looks as if it might have, ends the process, or
is the first of an outage; after every I/O the invariants hold (I2 to I5, I8), and after two intervals everything is as
if nothing had happened (I1, I10)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from shared.connection.model import LinkState
from tests.faults import story
from tests.faults.passage import MODES, Medium, Mode, Strike
from tests.faults.stage import HANAKO, Stage

Doing = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Story:
    """From where, what happens, and what state the link must end in."""

    begin: Doing
    act: Doing
    ends: tuple[LinkState, ...] = (LinkState.ACTIVE,)


async def _history(stage: Stage) -> None:
    story.history(stage.world)


STORIES: dict[str, Story] = {
    "link": Story(_history, story.link),
    "first_sync": Story(story.linked, story.deliver),
    "nothing_new": Story(story.due, story.deliver),
    "news": Story(story.due_with_news, story.deliver),
    "next_day": Story(story.due_next_day, story.deliver),
    "asked": Story(story.asked, story.ask),
    "rotation": Story(story.due_with_rotation, story.deliver),
    "strict_rotation": Story(story.due_with_strict_rotation, story.deliver),
    "dead_grant": Story(story.due_and_dead, story.deliver, (LinkState.NEEDS_REAUTH,)),
    "disconnect": Story(story.synced, story.disconnect, (LinkState.REVOKED,)),
    "change_mind": Story(story.due_with_news, story.change_mind),
    "pause": Story(story.due_with_news, story.pause),
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
    assert stage.connection().state in told.ends
    return trace


def worth_it(medium: Medium, what: str, mode: Mode) -> bool:
    """Only a commit's outcome can be unknown without effect."""
    return mode != "unknown" or what.startswith("commit")


async def tell_with(stage: Stage, told: Story, strike: Strike) -> None:
    """The story with one fault in it, and what comes of it."""
    stage.strike(strike)
    await told.act(stage)
    struck = stage.passage.struck
    assert struck, "nothing was struck"
    await stage.rest()
    connection = stage.watch.connection(HANAKO.uid)
    assert connection is not None
    assert connection.state in told.ends, f"{connection.state} after {struck}"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", STORIES)
async def test_invariants_hold_wherever_one_io_goes_wrong(stage: Stage, name: str, mode: Mode) -> None:
    told = STORIES[name]
    await told.begin(stage)
    scene = stage.keep()
    trace = await trace_of(stage, told)
    problems = []
    for number, (medium, what) in enumerate(trace, start=1):
        if not worth_it(medium, what, mode):
            continue
        await stage.set_up(scene)
        try:
            await tell_with(stage, told, Strike(number, mode))
            await stage.check_store()
        except Exception as problem:
            problems.append(f"{number} {medium} {what} {mode}: {problem!r}; on the way: {stage.faults}")
    assert not problems, "\n".join(problems)
