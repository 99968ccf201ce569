"""Letting go of a profile: as `erasure.ports.ProfileEraser`. It opens nothing that is held."""

import msgspec

from shared.audit.model import append
from shared.audit.writes import KEPT, entry_write
from shared.clock import Clock
from shared.cloud.documents import Delete, Documents, Expect, Put, Write
from shared.profile.blind import BlindIndex
from shared.profile.model import Profile
from shared.profile.store import Stored, decoded, held_path, past, stream_of


class ProfileEraser:
    """Finds what there is to delete of a profile, its history and its place in the index."""

    def __init__(self, documents: Documents, index: BlindIndex, clock: Clock) -> None:
        self._documents = documents
        self._index = index
        self._clock = clock

    async def forgetting(self, uid: str) -> list[Write]:
        """The writes after which nothing is held. The document stays, empty, also where there was none: whoever read
        it before cannot write behind the erasure, and the audit log goes on from it."""
        found = await self._documents.get(held_path(uid))
        stored = decoded(found)
        index, _ = await self._index.moving(uid, stored.index, Profile())
        changes = await past(self._documents, uid)
        number = stored.number + 1
        facts = {"number": number, "changes": len(changes), "held": bool(stored.sealed)}
        entry, head = append(
            stream_of(uid),
            stored.audit,
            at=self._clock.now(),
            actor="system",
            action="profile.erased",
            facts=facts,
        )
        empty = msgspec.to_builtins(Stored(number=number, audit=head), builtin_types=KEPT)
        return [
            Put(held_path(uid), empty, found.version if found else Expect.ABSENT),
            *index,
            *(Delete(one.path, one.version) for one in changes),
            entry_write(entry),
        ]
