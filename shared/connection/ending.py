"""How a link ends, whoever ends it: in one commit it stops, lets its account go, and leaves its grant to be revoked."""

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec

from shared import ids
from shared.clock import Clock
from shared.cloud.documents import Write
from shared.connection.model import Connection, LinkState, purposeless, with_consents
from shared.connection.ports import Links, Queue, StoredConnection
from shared.connection.tasks import queue_revocation
from shared.connection.writes import abandon, put, recorded
from shared.consent.model import Consents
from shared.consent.ports import Followed


class Ending(NamedTuple):
    """The writes that end a link, the one that proves it, and the grant that is left to be revoked, if there is one."""

    writes: list[Write]
    witness: str
    grant: str | None


def ending(
    found: StoredConnection, after: Connection, name: str, *, at: dt.datetime, actor: str, reason: str
) -> Ending:
    """End the link that `found` is; `after` is what else has changed about it. `name` is for its grant."""
    ended = msgspec.structs.replace(after, state=LinkState.REVOKED, tokens=None, lease=None)
    ended, audit = recorded(ended, found.path, at=at, actor=actor, action="link.ended", facts={"reason": reason})
    writes = [put(found.path, ended, found.version), audit, *abandon(found.value, name, at=at, reason=reason)]
    return Ending(writes, audit.path, name if found.value.tokens is not None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFollower:
    """As `consent.ports.Follower`: each connection carries a copy of what its work needs to know of the consents, and
    ends with the last of them."""

    connections: Links
    queue: Queue
    clock: Clock
    ids: ids.Ids

    async def following(self, uid: str, consents: Consents) -> Followed:
        """As the port."""
        at = self.clock.now()
        followed = Followed([], [])
        for found in await self.connections.connections(uid):
            after = with_consents(found.value, consents, at)
            if not purposeless(after, at):
                followed.writes.append(put(found.path, after, found.version))
                continue
            ended = ending(found, after, self.ids.ident(), at=at, actor="system", reason="no_purpose_left")
            followed.writes.extend(ended.writes)
            if ended.grant is not None:
                followed.afterwards.append(partial(queue_revocation, self.queue, ended.grant))
        return followed
