"""A look into the store itself: what it takes, what was set aside, what was erased, and the papers of a case."""

from dataclasses import dataclass, replace
from datetime import date

from shared.cloud.documents import NAME, Query
from shared.consent.gate import admit_self
from shared.consent.store import ConsentStore
from shared.erasure.model import Erasure
from shared.erasure.store import ErasureStore
from shared.errors import Fault
from shared.measurement.model import SetAside
from shared.measurement.store import MeasurementStore
from shared.vocabulary import Kind
from shared.wiring.desk import shelf as papers
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
        self.documents = parts.documents
        self._keys = keys(parts).data
        self._papers = papers(parts)
        self._consents = ConsentStore(parts.documents)
        self._days = MeasurementStore(parts.documents, self._keys)

    async def sizes(self, uid: str) -> dict[Kind, Size]:
        """What each kind of one person takes."""
        found: dict[Kind, Size] = {}
        query = Query(f"users/{uid}/days", order_by=(NAME,), limit=_PAGE)
        page = await self.documents.query(query)
        while page:
            for document in page:
                size = found.setdefault(Kind(document.id.partition(".")[0]), Size())
                size.documents += 1
                size.sealed_bytes += len(document.data["sealed"])
            page = await self.documents.query(replace(query, after=page[-1]))
        return found

    async def set_aside(self, uid: str, kind: Kind, first: date, last: date) -> list[SetAside]:
        """The points that were kept but not believed."""
        own = admit_self(uid, await self._consents.consents(uid), kind)
        spans = ((first, last), (UNDATED, UNDATED))
        return [one for span in spans async for day in self._days.read_days(own, *span) for one in day.set_aside]

    async def erasures(self, uid: str) -> list[Erasure]:
        """What was erased of one person's, with the evidence."""
        return [one.value for one in await ErasureStore(self.documents).of(uid)]

    async def key_state(self, uid: str) -> str:
        """Why the person's data key opens nothing; "" where it does."""
        try:
            await self._keys.key(uid)
        except Fault as fault:
            return fault.code
        return ""

    async def paper(self, case: str, place: str) -> bytes:
        """A letter of a case, opened."""
        return b"".join([piece async for piece in self._papers.read(case, place)])
