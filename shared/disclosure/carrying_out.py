"""Carrying decisions out: one task after the other, each leaving what proves it on the item."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from shared.disclosure import system_acts as auto
from shared.disclosure.codes import Step
from shared.disclosure.deciding import BY_HAND
from shared.disclosure.model import Job
from shared.disclosure.service import Opened
from shared.disclosure.working import Done, NotYet
from shared.errors import Conflict

Task = Callable[[Opened, str], Awaitable[Done | NotYet]]
"""Does one task for the item named, or finds it done; it may be begun again at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryingOut:
    """The workers `collect` and `carry_out`. `tasks` by the names in `deciding.TASKS`."""

    tasks: Mapping[str, Task]

    async def collect(self, case: Opened, job: Job) -> Done | NotYet:
        """Nothing that this system stores is a My Number, so only what staff marked goes to the protection manager."""
        return Done(auto.Collected(item=job.item))

    async def carry_out(self, case: Opened, job: Job) -> Done | NotYet:
        """The next step of one item."""
        item = case.file.case.items[job.item]
        if item.step is Step.DECIDED:
            return Done(auto.BeginExecuting(item=job.item))
        if item.step is not Step.EXECUTING or not item.tasks or item.tasks[0] == BY_HAND:
            raise Conflict("case_moved_on", f"item {job.item}: {item.step}")
        return await self.tasks[item.tasks[0]](case, job.item)
