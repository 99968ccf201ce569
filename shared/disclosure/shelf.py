"""Papers of a case, sealed under the case's own key: `cases/{id}/papers/{place}`."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass

from shared.cloud.blobs import Blobs, Written
from shared.disclosure.ports import CaseKeys
from shared.disclosure.stored import key_name, path_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Puts papers away and brings them."""

    blobs: Blobs
    keys: CaseKeys

    async def put(self, case: str, place: str, content: bytes | AsyncIterable[bytes]) -> Written:
        """Store it, to be there once its `writes` are committed with what it belongs to."""
        return await self.blobs.write(paper_path(case, place), content, await self.keys.key(key_name(case)))

    async def read(self, case: str, place: str) -> AsyncIterator[bytes]:
        """A paper, piece by piece. Raises as `Blobs.read`."""
        async for piece in self.blobs.read(paper_path(case, place), await self.keys.key(key_name(case))):
            yield piece


def paper_path(case: str, place: str) -> str:
    """Where a paper lies."""
    return f"{path_of(case)}/papers/{place}"
