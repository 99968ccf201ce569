"""Reading cases."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from shared.cloud.documents import Documents, Query, Where
from shared.disclosure.codes import Stage
from shared.disclosure.ports import Days
from shared.disclosure.stored import StoredCase, path_of, stored

MOST = 100
MOST_OF_NAME = 64


class CaseStore:
    """Reads cases, and the lists of them."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def find(self, name: str) -> StoredCase | None:
        """One case. One read."""
        found = await self._documents.get(path_of(name)) if _could_be(name) else None
        return stored(found) if found else None

    async def numbered(self, number: str) -> StoredCase | None:
        """The case that bears a number. Two reads."""
        found = await self._documents.get(f"case_numbers/{number}")
        return await self.find(found.data["case"]) if found else None

    async def of_subject(self, subject: str, *, limit: int) -> list[StoredCase]:
        """The cases of an account, the newest first."""
        query = Query("cases", where=(Where("subject", "==", subject),), order_by=("-contacted_at",), limit=limit)
        return [stored(one) for one in await self._documents.query(query)]

    async def due(self, at: dt.datetime, *, limit: int) -> list[StoredCase]:
        """Those that wait for the system, the longest waiting first."""
        query = Query("cases", where=(Where("wake_at", "<=", at),), order_by=("wake_at",), limit=limit)
        return [stored(one) for one in await self._documents.query(query)]

    async def about(self, name: str) -> list[StoredCase]:
        """The complaints about a case."""
        found = await self._documents.query(Query("cases", where=(Where("about", "==", name),), limit=MOST))
        return [stored(one) for one in found]

    async def papers_due(self, today: dt.date) -> int:
        """How many cases wait for their papers to be destroyed. One read for each thousand."""
        where = (Where("stage", "==", Stage.RETAINED), Where("destroy_on", "<", today.isoformat()))
        return await self._documents.count(Query("cases", where=where, order_by=("destroy_on",)))

    async def papers_unsigned(self, until: dt.date) -> int:
        """How many cases have waited for it since before that day, with nothing that holds them."""
        where = (Where("stage", "==", Stage.RETAINED), Where("destroy_on", "<", until.isoformat()))
        query = Query("cases", where=where, order_by=("destroy_on",), limit=MOST)
        count, page = 0, await self._documents.query(query)
        while page:
            count += sum(stored(one).value.hold is None for one in page)
            page = await self._documents.query(replace(query, after=page[-1]))
        return count

    async def overdue(self, today: dt.date) -> int:
        """How many cases that are not over have to be answered today, or had to before. One read for each thousand."""
        where = (Where("open", "==", True), Where("due_on", "<=", today.isoformat()))
        return await self._documents.count(Query("cases", where=where, order_by=("due_on",)))

    async def open_page(self, *, stage: Stage | None, after: str, limit: int) -> list[StoredCase]:
        """Cases that are not over, the most urgent first, behind the one of id `after`."""
        where = [Where("open", "==", True)]
        if stage is not None:
            where.append(Where("stage", "==", stage))
        last = await self._documents.get(path_of(after)) if _could_be(after) else None
        query = Query("cases", where=tuple(where), order_by=("sort_on",), limit=limit, after=last)
        return [stored(one) for one in await self._documents.query(query)]

    async def worklist(self, *, stage: Stage | None, days: Days, after: str, limit: int) -> list[StoredCase]:
        """As `open_page`, of those due within `days`. Two reads beside the cases themselves."""
        last = await self._documents.get(path_of(after)) if _could_be(after) else None
        query = Query("cases", where=_open(stage, days), order_by=("sort_on",), limit=limit, after=last)
        return [stored(one) for one in await self._documents.query(query)]

    async def how_many(self, *, stage: Stage | None, days: Days) -> int:
        """How many there are of those. A read per thousand."""
        return await self._documents.count(Query("cases", where=_open(stage, days), order_by=("sort_on",)))

    async def how_many_due(self, days: Days) -> int:
        """How many open ones the law wants answered within `days`. A read per thousand."""
        where = (Where("open", "==", True), *_within("due_on", days))
        return await self._documents.count(Query("cases", where=where, order_by=("due_on",)))

    async def ended(self, since: dt.date, *, limit: int) -> list[StoredCase]:
        """Those that ended last, back to a day."""
        where = (Where("closed_on", ">=", since.isoformat()),)
        found = await self._documents.query(Query("cases", where=where, order_by=("-closed_on",), limit=limit))
        return [stored(one) for one in found]

    async def numbers(self, names: Sequence[str]) -> dict[str, str]:
        """The numbers of cases, by id. One read each."""
        found = await self._documents.get_many([path_of(name) for name in names]) if names else []
        return {one.id: str(one.data["number"]) for one in found if one}


def _open(stage: Stage | None, days: Days) -> tuple[Where, ...]:
    where = [Where("open", "==", True)]
    if stage is not None:
        where.append(Where("stage", "==", stage))
    return (*where, *_within("sort_on", days))


def _within(field: str, days: Days) -> list[Where]:
    """Dates are kept as text, which sorts as they do."""
    first = [Where(field, ">=", days.first.isoformat())] if days.first else []
    return [*first, Where(field, "<=", days.last.isoformat())] if days.last else first


def _could_be(name: str) -> bool:
    """Whether it could be a case's id: whatever else is asked for is not asked of the store, which has limits."""
    return name.isascii() and name.isalnum() and len(name) <= MOST_OF_NAME
