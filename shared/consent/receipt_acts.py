"""What the routes for receipts and exports do: from a typed call to a reply, and nothing else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from shared import edge, log
from shared.cloud.pace import Pace
from shared.cloud.signing import Signer
from shared.consent.exports import Exports, Format


class AskExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which form."""

    format: Format


_MEDIA = {Format.ISO27560: "application/ld+json", Format.FHIR: "application/fhir+json"}
_FILES = {Format.ISO27560: "consents.jsonld", Format.FHIR: "consents.fhir.json"}


@dataclass(frozen=True, slots=True)
class ReceiptActs:
    """What a person takes along, and what anybody checks it with."""

    exports: Exports
    signer: Signer
    pace: Pace

    async def receipt(self, call: edge.Call) -> edge.Reply:
        """One decision's receipt."""
        return edge.Json(await self.exports.receipts.find(call.caller.uid, call.path["id"]))

    async def keys(self, call: edge.Call) -> edge.Reply:
        """The public keys that receipts are signed with."""
        return edge.Json(await self.signer.published())

    async def export(self, call: edge.Call) -> edge.Reply:
        """Everything, piece by piece."""
        asked: AskExport = call.query
        await self.pace.spend(call.caller.uid)
        pieces = self.exports.of(call.caller.uid, asked.format)
        # What fails before the first piece is told as a problem; what fails later cuts the answer short.
        first = await anext(pieces)
        headers = {"content-disposition": f'attachment; filename="{_FILES[asked.format]}"'}
        return edge.Bytes(_told(first, pieces), _MEDIA[asked.format], headers)


async def _told(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    try:
        async for piece in rest:
            yield piece
    except Exception as broken:
        log.event("answer.cut_short", "ERROR", fault=type(broken).__name__)
        raise
