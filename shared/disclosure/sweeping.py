"""Cases whose day has come, and those whose task was lost: every tick finds them, and has them looked at; and tells
operators of those whose last day it is.
"""

from dataclasses import dataclass

from shared import log
from shared.clock import Clock
from shared.disclosure.days import civil_date
from shared.disclosure.ports import Cases, Queue

MOST = 1000
"""Cases woken by one tick. The longest waiting come first, so what is left over is woken by the next."""
WINDOW_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeping:
    """One tick."""

    cases: Cases
    queue: Queue
    clock: Clock

    async def run(self) -> int:
        """Queue every case that waits for the system; how many. A case is queued once within five minutes."""
        at = self.clock.now()
        window = int(at.timestamp()) // WINDOW_S
        due = await self.cases.due(at, limit=MOST)
        for one in due:
            name = ("case_due", one.id, str(window))
            await self.queue.enqueue("cases", "case_work/run", {"case": one.id}, name_parts=name)
        log.event("cases.woken", count=len(due))
        if late := await self.cases.overdue(civil_date(at)):
            log.event("cases.overdue", "ERROR", count=late)
        return len(due)
