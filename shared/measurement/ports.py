"""What reading measurements needs from outside its domain."""

import datetime as dt
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from shared.cloud.documents import Expect
from shared.consent.gate import Permit
from shared.errors import Fault
from shared.measurement.model import Day

if TYPE_CHECKING:
    from shared.measurement.civil import ZoneTimeline


class StoredDay(NamedTuple):
    """A day as it is stored, and what a write replacing it must expect; with a fault where it cannot be opened."""

    day: Day | None
    expect: str | Expect
    fault: Fault | None = None


class DayReader(Protocol):
    """Where a person's measurements are read: the one way in, and only with the gate's permit."""

    def read_days(
        self, permit: Permit, first: dt.date, last: dt.date, *, growing: bool = False
    ) -> AsyncGenerator[Day, None]:
        """What there is, of whom and of what the permit says, of the UTC days `first`..`last`, both included,
        ascending, as it arrives: what the source says, with what was corrected read over it. `growing`: few days are
        read at first, and ever more, for whoever may have enough of them early, and then closes this.

        Raises:
            Unavailable: the store or the keys cannot be reached now.
            Refused: `key_destroyed`: the person's data was erased.
        """
        ...


class ZoneReader(Protocol):
    """Where the zones are kept that the person's app told."""

    async def zones(self, uid: str) -> "ZoneTimeline | None":
        """The person's zones over time; None where none was ever told."""
        ...
