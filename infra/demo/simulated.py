"""The story on the simulated Google, from an empty store to the summary."""

from datetime import timedelta
from pathlib import Path

from rich.console import Console

from infra.demo import steps
from infra.demo.looking_back import check_everything, look_back, summed_up
from infra.demo.people import KEN, cast
from infra.demo.stage import staged
from infra.demo.story import BACKFILL_DAYS, BEGINS, LONGER_DAYS, Story
from infra.demo.summary import Summary
from infra.demo.telling import Telling
from infra.local.google import World
from shared.clock import ManualClock


async def play(folder: Path, console: Console, *, hours: int, backfill_days: int = BACKFILL_DAYS) -> Summary:
    """Play `hours` of the story in `folder`. Raises `phone.Unexpected` where it cannot even go on."""
    clock = ManualClock(BEGINS)
    world = World(clock, auto_live=True)
    telling = Telling(console, clock)
    history = timedelta(days=backfill_days + LONGER_DAYS)
    with telling.following():
        telling.begins(steps.HISTORY.filled(days=history.days))
        people = cast(world, history)
        async with staged(folder, world, clock, people, telling, {"BACKFILL_DAYS": str(backfill_days)}) as stage:
            story = Story(stage, folder)
            await story.tell(timedelta(hours=hours))
            seen = await look_back(stage, BEGINS)
            story.look_back(seen)
            await story.handing_on.look_back()
            stored = {kind.kind: kind.points for person in seen if person.uid == KEN for kind in person.kinds}
            await story.request.is_carried_out(stored)
            check_everything(stage, seen)
            return summed_up(
                stage,
                seen,
                source="simulated",
                began=BEGINS,
                handed_on=story.handing_on.told.values(),
                request=story.request.told,
            )
