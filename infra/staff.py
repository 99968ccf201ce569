"""What the commands of staff stand on, until there are pages for them: the use cases over the operator's store.

Whoever runs them is known to Google Cloud alone; so each command names the papers it rests on, and the audit log keeps
that reference.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from shared.clock import Clock
from shared.cloud.documents import Documents, settle
from shared.connection.ending import ConsentFollower
from shared.connection.store import ConnectionStore
from shared.consent.authorities import AuthorityStore
from shared.consent.institutions import Institutions
from shared.consent.invitations import Invitations
from shared.consent.recording import Followers, Recorder
from shared.consent.registering import Registering
from shared.consent.relations import RelationStore
from shared.consent.store import ConsentStore
from shared.ids import Ids
from shared.policy.notices import Notices
from shared.release.shares import ShareFollower


class NextTick:
    """As `connection.ports.Queue`, from a machine that may put nothing into queues: the next tick finds what is due."""

    async def enqueue(
        self,
        queue: str,
        function_path: str,
        payload: Mapping[str, str | int],
        *,
        name_parts: tuple[str, ...],
        schedule_at: datetime | None = None,
    ) -> bool:
        """Leave it to the tick."""
        return False


def recorder(documents: Documents, clock: Clock, ids: Ids) -> Recorder:
    """The one writer of ledgers, with the connections and the recipients' shares following."""
    links = ConnectionStore(documents, clock)
    follower = ConsentFollower(connections=links, queue=NextTick(), clock=clock, ids=ids)
    shares = ShareFollower(documents=documents, clock=clock, ids=ids)
    return Recorder(ConsentStore(documents), Followers((follower, shares)), partial(settle, documents))


def institutions(documents: Documents, clock: Clock, ids: Ids, notices: Notices) -> Institutions:
    """Register, amend, end."""
    return Institutions(
        documents=documents,
        commit=partial(settle, documents),
        recorder=recorder(documents, clock, ids),
        notices=notices,
        clock=clock,
        ids=ids,
    )


def registering(documents: Documents, clock: Clock, ids: Ids, notices: Notices) -> Registering:
    """Guardians, agents, births, deaths."""
    ledger, writer, relations = ConsentStore(documents), recorder(documents, clock, ids), RelationStore(documents)
    authorities = AuthorityStore(documents)
    return Registering(
        ledger=ledger,
        recorder=writer,
        authorities=authorities,
        relations=relations,
        invitations=Invitations(
            ledger=ledger,
            recorder=writer,
            relations=relations,
            authorities=authorities,
            notices=notices,
            clock=clock,
            ids=ids,
        ),
        notices=notices,
        clock=clock,
        ids=ids,
    )
