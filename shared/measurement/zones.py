"""The zones a person lives in as a document: `users/{uid}/settings/zones`. Only reading measurements needs them."""

import datetime as dt

from shared.cloud.documents import Documents, Expect, Put
from shared.measurement.civil import ZoneChange, ZoneTimeline


class ZoneStore:
    """The zones a person lives in, as their app told them, in one document."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def zones(self, uid: str) -> ZoneTimeline | None:
        """As `measurement.ports.ZoneReader`."""
        return (await self._read(uid))[0]

    async def tell(self, uid: str, since: dt.datetime, zone: str) -> ZoneTimeline:
        """Add what the app told, whenever it tells it. Raises as `ZoneTimeline`; Conflict where two tell at once."""
        known, expect = await self._read(uid)
        told = known.add(since, zone) if known else ZoneTimeline((ZoneChange(since, zone),))
        changes = [{"since": change.since, "zone": change.zone} for change in told.changes]
        await self._documents.commit([Put(_path(uid), {"zones": changes}, expect)])
        return told

    async def _read(self, uid: str) -> tuple[ZoneTimeline | None, str | Expect]:
        found = await self._documents.get(_path(uid))
        if found is None:
            return None, Expect.ABSENT
        changes = (ZoneChange(one["since"], one["zone"]) for one in found.data["zones"])
        return ZoneTimeline(tuple(changes)), found.version


def _path(uid: str) -> str:
    return f"users/{uid}/settings/zones"
