"""What other domains hold of a person, as records: the newest first, and of connections never a token."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.connection.ports import StoredConnection
from shared.connection.view import view
from shared.disclosure.package.ports import Record
from shared.erasure.ports import Erasures
from shared.release.provisions import Recorded

_PAGE = 200


class Connections(Protocol):
    """Where connections are: `connection.store.ConnectionStore`."""

    async def connections(self, uid: str) -> list[StoredConnection]:
        """All of the person's connections."""
        ...


class Provisions(Protocol):
    """Where provisions are: `release.provisions.ProvisionStore`."""

    async def of_person(self, uid: str, *, after: str, limit: int) -> list[Recorded] | None:
        """At most `limit`, newest first, behind the one of id `after`."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectionRecords:
    """As `ports.Records`: each link as its person sees it now."""

    connections: Connections
    clock: Clock
    fields: Sequence[str] = ("provider", "state", "linked_at", "last_success_at", "last_error", "kinds", "details")

    async def of(self, uid: str, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Record]:
        """As the port; what stands now."""
        for stored in await self.connections.connections(uid):
            one = view(stored.value, self.clock.now())
            details = {
                kind: {
                    "granted": shown.granted,
                    "consented": shown.consented,
                    "state": str(shown.state),
                    "read_up_to": shown.cursor,
                    "last_success_at": shown.last_success_at,
                    "last_error": shown.last_error,
                    "set_aside": shown.set_aside,
                }
                for kind, shown in one.kinds.items()
            }
            told = {
                "provider": str(one.provider),
                "state": str(one.state),
                "linked_at": one.linked_at,
                "last_success_at": one.last_success_at,
                "last_error": one.last_error,
                "kinds": [str(kind) for kind, shown in one.kinds.items() if shown.granted],
                "details": {str(kind): shown for kind, shown in details.items()},
            }
            yield Record(str(one.provider), told)


@dataclass(frozen=True, slots=True)
class ErasureRecords:
    """As `ports.Records`: what was erased as the person asked, and the evidence."""

    erasures: Erasures
    fields: Sequence[str] = (
        "requested_at", "state", "everything", "kinds", "finished_at", "backups_until", "due_at", "deleted",
    )  # fmt: skip

    async def of(self, uid: str, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Record]:
        """As the port, by when they were asked for."""
        for stored in await self.erasures.of(uid):
            one = stored.value
            if since <= one.requested_at < until:
                told = {
                    "requested_at": one.requested_at,
                    "state": str(one.state),
                    "everything": one.everything,
                    "kinds": [str(kind) for kind in one.kinds],
                    "finished_at": one.finished_at,
                    "backups_until": one.backups_until,
                    "due_at": one.due_at,
                    "deleted": {str(kind): count for kind, count in one.deleted.items()},
                }
                yield Record(stored.id, told)


@dataclass(frozen=True, slots=True)
class ProvisionRecords:
    """As `ports.Records`: each handing on, without what it said."""

    provisions: Provisions
    fields: Sequence[str] = (
        "at", "recipient", "purpose", "kind", "from", "to", "count", "state", "form", "notice", "epoch", "sha256",
        "size_bytes",
    )  # fmt: skip

    async def of(self, uid: str, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Record]:
        """As the port, by when it was handed on."""
        after = ""
        while found := await self.provisions.of_person(uid, after=after, limit=_PAGE):
            for name, one in found:
                if since <= one.at < until:
                    told = {
                        "at": one.at,
                        "recipient": one.recipient,
                        "purpose": str(one.purpose),
                        "kind": str(one.kind),
                        "from": one.first,
                        "to": one.last,
                        "count": one.count,
                        "state": str(one.state),
                        "form": str(one.form),
                        "notice": one.notice,
                        "epoch": one.epoch,
                        "sha256": one.sha256,
                        "size_bytes": one.size_bytes,
                    }
                    yield Record(name, told)
            after = found[-1].id
