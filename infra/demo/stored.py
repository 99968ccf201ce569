"""A look into the store itself: how many bytes it takes, and what was set aside with which reason."""

from dataclasses import dataclass, replace
from datetime import date

from shared.cloud.documents import NAME, Query
from shared.consent.gate import admit_self
from shared.consent.store import ConsentStore
from shared.measurement.model import SetAside
from shared.measurement.store import MeasurementStore
from shared.vocabulary import Kind
from shared.wiring.keys import keys
from shared.wiring.platform import platform

UNDATED = date(1970, 1, 1)
"""Where points without a readable time are kept."""
_PAGE = 300


@dataclass
class Size:
    """Day documents of one kind: how many, and how many sealed bytes they hold."""

    documents: int = 0
    sealed_bytes: int = 0


class Shelf:
    """The store of a running platform, read as the functions read it."""

    def __init__(self) -> None:
        parts = platform("measurement")
        self._documents = parts.documents
        self._consents = ConsentStore(parts.documents)
        self._days = MeasurementStore(parts.documents, keys(parts).data)

    async def sizes(self, uid: str) -> dict[Kind, Size]:
        """What each kind of one person takes."""
        found: dict[Kind, Size] = {}
        query = Query(f"users/{uid}/days", order_by=(NAME,), limit=_PAGE)
        page = await self._documents.query(query)
        while page:
            for document in page:
                size = found.setdefault(Kind(document.id.partition(".")[0]), Size())
                size.documents += 1
                size.sealed_bytes += len(document.data["sealed"])
            page = await self._documents.query(replace(query, after=page[-1]))
        return found

    async def set_aside(self, uid: str, kind: Kind, first: date, last: date) -> list[SetAside]:
        """The points that were kept but not believed."""
        own = admit_self(uid, await self._consents.consents(uid), kind)
        spans = ((first, last), (UNDATED, UNDATED))
        return [one for span in spans async for day in self._days.read_days(own, *span) for one in day.set_aside]
