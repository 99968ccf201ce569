"""Shares as documents: `releases/{hash of person and recipient}`. They follow decisions, in the commit of each."""

from dataclasses import dataclass

import msgspec

from shared.audit.writes import KEPT
from shared.clock import Clock
from shared.cloud.documents import NAME, Document, Documents, Expect, Put, Query, Where, Write
from shared.consent.asking import MOST_CELLS
from shared.consent.model import LIVE, QOLMS, Cell, Consents
from shared.consent.ports import Followed
from shared.consent.relations import RELATIVE
from shared.ids import Ids
from shared.release.model import Share, share_id, share_under


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFollower:
    """As `consent.ports.Follower`: whoever may read, or may not any more, is told so by the commit that decides it."""

    documents: Documents
    clock: Clock
    ids: Ids

    async def following(self, uid: str, consents: Consents) -> Followed:
        """As the port. One read for each recipient that the newest decision is about."""
        recipients = _spoken_of(consents)
        paths = [share_path(uid, recipient) for recipient in recipients]
        found = await self.documents.get_many(paths) if paths else []
        writes: list[Write] = []
        for recipient, path, document in zip(recipients, paths, found, strict=True):
            before = _decoded(document) if document else None
            # A relation has a name already, which both of its sides know.
            name = recipient.removeprefix(RELATIVE) if recipient.startswith(RELATIVE) else self.ids.ident()
            after = share_under(consents, before, uid, recipient, name, self.clock.now())
            if after is not None and after != before:
                writes.append(_put(path, after, document.version if document else Expect.ABSENT))
        return Followed(writes, [])


class ShareStore:
    """Reads shares, and lets a person's go."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def of_handle(self, handle: str) -> Share | None:
        """The share in which the person has this name. One read."""
        found = await self._documents.query(Query("releases", where=(Where("handle", "==", handle),), limit=2))
        return _decoded(found[0]) if len(found) == 1 else None

    async def of_recipient(self, recipient: str, *, after: str, limit: int) -> list[tuple[str, Share]]:
        """At most `limit` shares of one recipient behind the one named `after`, with their names."""
        where = (Where("recipient", "==", recipient), *((Where(NAME, ">", after),) if after else ()))
        found = await self._documents.query(Query("releases", where=where, order_by=(NAME,), limit=limit))
        return [(one.id, _decoded(one)) for one in found]

    async def of_people(self, pairs: list[tuple[str, str]]) -> list[Share]:
        """Those of these people and recipients. One read each, in one round trip."""
        found = await self._documents.get_many([share_path(*pair) for pair in pairs]) if pairs else []
        return [_decoded(one) for one in found if one is not None]

    async def of_person(self, uid: str) -> list[Share]:
        """All there are of one person."""
        return [_decoded(one) for one in await self._of_person(uid)]

    async def forgetting(self, uid: str) -> list[Write]:
        """What makes each recipient's name for this person lead to nobody. What has ended is still told. Where
        something was given anew meanwhile the name stays: its end has to be told as well."""
        found = [(one, _decoded(one)) for one in await self._of_person(uid)]
        return [
            _put(one.path, msgspec.structs.replace(share, subject=""), one.version)
            for one, share in found
            if not any(state.state in LIVE for state in share.consents.cells.values())
        ]

    async def _of_person(self, uid: str) -> list[Document]:
        return await self._documents.query(Query("releases", where=(Where("subject", "==", uid),), limit=MOST_CELLS))


def share_path(uid: str, recipient: str) -> str:
    """Where a share lives."""
    return f"releases/{share_id(uid, recipient)}"


def _spoken_of(consents: Consents) -> list[str]:
    """The recipients that the newest decision is about; all of them, where it is about the whole person."""
    newest = [key for key, state in consents.cells.items() if state.epoch == consents.epoch]
    return sorted({Cell.of_key(key).recipient for key in newest or consents.cells} - {QOLMS})


def _put(path: str, share: Share, expect: str | Expect) -> Put:
    return Put(path, msgspec.to_builtins(share, builtin_types=KEPT), expect)


def _decoded(found: Document) -> Share:
    return msgspec.convert(found.data, Share, builtin_types=KEPT)
