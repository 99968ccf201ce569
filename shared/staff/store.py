"""Reading the roster: one document, so that knowing who calls costs one read."""

import msgspec

from shared.audit.writes import KEPT
from shared.cloud.documents import Documents, Expect
from shared.staff.model import Roster
from shared.staff.ports import Stored
from shared.staff.writes import PATH


class RosterStore:
    """Reads the roster."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def read(self) -> Stored:
        """Everybody. One read."""
        found = await self._documents.get(PATH)
        if found is None:
            return Stored(Roster(), Expect.ABSENT)
        return Stored(msgspec.convert(found.data, Roster, builtin_types=KEPT), found.version)
