"""What the routes of the `release` function do: from a recipient's typed call to the bytes that are on record."""

import base64
from dataclasses import dataclass

from shared import edge
from shared.consent.gate import Permit
from shared.measurement.service import Measurements
from shared.release.messages import AskPeople, AskPoints, AskSummaries
from shared.release.readers import Readers
from shared.release.service import Answer, Question, Releasing


@dataclass(frozen=True, slots=True)
class Acts:
    """A recipient's questions and answers."""

    readers: Readers
    releasing: Releasing
    measurements: Measurements

    async def people(self, call: edge.Call) -> edge.Reply:
        """Whom the caller may read, and what has lately ended."""
        asked: AskPeople = call.query
        reader = await self.readers.known(call.caller)
        return edge.Json(await self.readers.people(reader, after=asked.after, limit=asked.limit))

    async def summaries(self, call: edge.Call) -> edge.Reply:
        """A person's days."""
        asked: AskSummaries = call.query

        async def read(permit: Permit) -> Answer:
            return await self.measurements.day_summaries(permit, asked.from_, asked.to, asked.zone)

        return await self._released(call, asked.person, Question(asked.purpose, asked.kind, read))

    async def points(self, call: edge.Call) -> edge.Reply:
        """A person's points, a page at a time."""
        asked: AskPoints = call.query

        async def read(permit: Permit) -> Answer:
            return await self.measurements.points(permit, asked.from_, asked.to, asked.zone, asked.page_token)

        return await self._released(call, asked.person, Question(asked.purpose, asked.kind, read))

    async def _released(self, call: edge.Call, person: str, question: Question) -> edge.Reply:
        reader = await self.readers.known(call.caller)
        body, record = await self.releasing.release(reader, person, question)
        digest = base64.b64encode(bytes.fromhex(record.value.sha256)).decode()
        # RFC 9530: what is on record is the hash of exactly these bytes.
        headers = {"provision-id": record.id, "content-digest": f"sha-256=:{digest}:"}
        return edge.Bytes(body, "application/json", headers)
