"""Who asks, and for whom: relatives by their relation, institutions by the account that staff registered for them."""

from dataclasses import dataclass

from shared import ids
from shared.clock import Clock
from shared.cloud.documents import Documents
from shared.cloud.identity import AppUser, GoogleSubject
from shared.consent.recipients import institution_calling
from shared.consent.relations import RelationState, RelationStore
from shared.errors import NotFound, NotPermitted
from shared.release.model import TOLD_FOR, People, Share, person_view
from shared.release.ports import Reader, Whom
from shared.release.shares import ShareStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """As `ports.Desk`, over the document port."""

    documents: Documents
    relations: RelationStore
    shares: ShareStore
    clock: Clock

    async def known(self, caller: AppUser | GoogleSubject) -> Reader:
        """The recipient that `caller` is.

        Raises NotPermitted `caller_unknown`: the account is no institution's, or that has ended.
        """
        if isinstance(caller, AppUser):
            return Reader(ids.digest("caller", caller.uid), relative=caller.uid)
        found = await institution_calling(self.documents, caller.sub)
        if found is None or not found.active:
            raise NotPermitted("caller_unknown")
        return Reader(ids.digest("caller", caller.sub), institution=found.id, google_subject=caller.sub)

    async def whom(self, reader: Reader, person: str) -> Whom:
        """As the port. One read."""
        if reader.institution:
            share = await self.shares.of_handle(person)
            if share is not None and share.subject and share.recipient == reader.institution:
                return Whom(share.subject, share.recipient)
        else:
            relation = await self.relations.find(person)
            if relation is not None and reader.relative and relation.value.relative == reader.relative:
                return Whom(relation.value.subject, relation.recipient)
        raise NotFound("person_unknown")

    async def still(self, reader: Reader) -> bool:
        """As the port. One read for an institution; a relation ends in the commit that ends its cells."""
        if not reader.institution:
            return True
        found = await institution_calling(self.documents, reader.google_subject)
        return found is not None and found.active and found.id == reader.institution

    async def people(self, reader: Reader, *, after: str, limit: int) -> People:
        """Whom the reader may read, and what has lately ended; those of a relative on one page."""
        at = self.clock.now()
        if reader.institution:
            found = await self.shares.of_recipient(reader.institution, after=after, limit=limit + 1)
            shares, more = [share for _, share in found[:limit]], len(found) > limit
            last = found[limit - 1][0] if more else None
        else:
            shares, last = await self._watched(reader.relative), None
        told = [person_view(share, at) for share in shares]
        return People([one for one in told if one.may_read or one.ended], last)

    async def _watched(self, relative: str) -> list[Share]:
        at = self.clock.now()
        pairs = [
            (one.value.subject, one.recipient)
            for one in await self.relations.ever_held_by(relative)
            if one.value.state is RelationState.ACTIVE or at - (one.value.ended_at or at) <= TOLD_FOR
        ]
        return await self.shares.of_people(pairs)
