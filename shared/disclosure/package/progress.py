"""How far a package has come."""

from shared.disclosure.package.model import Category, Order
from shared.disclosure.package.ports import Progress

PASSES = 3
"""Each kind is read for its tables, its observations and its summaries."""
_EACH = 100


class Meter:
    """Counts steps, and tells whoever waits whenever another hundredth of them is done."""

    def __init__(self, progress: Progress, order: Order) -> None:
        self._progress = progress
        of_kinds = len(order.kinds) * PASSES if Category.MEASUREMENTS in order.categories else 0
        self._of = _EACH * (of_kinds + len(order.categories) + 1)
        self._ended = self._told = 0

    async def reach(self, part: float) -> None:
        """So much of the present step is done, from 0 to 1."""
        await self._tell(self._ended + int(_EACH * min(max(part, 0.0), 1.0)))

    async def passed(self) -> None:
        """The present step is done."""
        self._ended += _EACH
        await self._tell(self._ended)

    async def finish(self) -> None:
        """All is done."""
        if self._told < self._of:
            await self._progress(self._of, self._of)
            self._told = self._of

    async def _tell(self, done: int) -> None:
        done = min(done, self._of - 1)
        if done * 100 // self._of > self._told * 100 // self._of:
            self._told = done
            await self._progress(done, self._of)
