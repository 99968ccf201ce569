"""What linking and ending leave to the queue. Where it cannot be reached, the tick finds the work by its due time."""

from datetime import datetime

from shared import log
from shared.connection.model import Connection
from shared.connection.ports import Queue
from shared.errors import Fault


async def queue_revocation(queue: Queue, name: str, at: datetime | None = None) -> None:
    """Have the grant revoked soon, or at `at`."""
    try:
        await queue.enqueue(
            "revocation", "connection/revoke_due", {"grant": name}, name_parts=("revoke", name), schedule_at=at
        )
    except Fault as fault:
        log.event("revocation.not_queued", "WARNING", code=fault.code)


async def queue_first_sync(queue: Queue, connection: Connection) -> None:
    """Have a link that was just made fetched soon."""
    payload = {"uid": connection.uid, "provider": connection.provider}
    name = ("sync", connection.uid, connection.provider, "link", str(connection.linked))
    try:
        await queue.enqueue("sync", "sync_user", payload, name_parts=name)
    except Fault as fault:
        log.event("sync.not_queued", "WARNING", code=fault.code)
