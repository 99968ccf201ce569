"""Who is fresh and who needs to reconnect, at a glance: `python -m infra.fleet [--list STATE]`.

Counts are made by the store, from indexes: looking at a million connections costs some thousand reads. Needs DOCUMENTS
and PROJECT in the environment, as the functions have them (`DOCUMENTS=sqlite:.dev/documents` beside `make dev`).
"""

import argparse
import asyncio
import os
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from shared.clock import SystemClock
from shared.cloud.documents import Documents, Query, Where
from shared.cloud.stores import open_documents
from shared.connection.model import LinkState

LATE = (("more than 15 minutes overdue", 900), ("more than 2 intervals overdue", 7200))
MEANING = {
    LinkState.ACTIVE: "fetched on schedule",
    LinkState.NEEDS_REAUTH: "the grant died: the person must connect again",
    LinkState.PAUSED: "linked, but nothing may be fetched without consent",
    LinkState.REVOKED: "ended by the person",
}


async def counts(documents: Documents, shards: int) -> list[tuple[str, int, str]]:
    """State or lateness, how many connections, and what that means."""
    rows = []
    for state, meaning in MEANING.items():
        query = Query("connections", group=True, where=(Where("state", "==", state.value),))
        rows.append((state.value, await documents.count(query), meaning))
    now = SystemClock().now()
    for words, seconds in LATE:
        before = now - timedelta(seconds=seconds)
        late = await asyncio.gather(*(documents.count(_due(shard, before)) for shard in range(shards)))
        rows.append((words, sum(late), "of the active ones; see infra/playbooks"))
    return rows


async def listed(documents: Documents, state: LinkState, most: int) -> list[str]:
    """User ids of connections in `state`, at most `most`."""
    query = Query("connections", group=True, where=(Where("state", "==", state.value),), limit=most)
    return [document.data["uid"] for document in await documents.query(query)]


def _due(shard: int, before: object) -> Query:
    where = (
        Where("state", "==", LinkState.ACTIVE.value),
        Where("shard", "==", shard),
        Where("next_sync_at", "<=", before),
    )
    return Query("connections", group=True, where=where, order_by=("next_sync_at",))


async def main() -> None:
    """Print the table, or the ids."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", choices=list(LinkState), help="print the user ids in this state instead")
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--shards", type=int, default=int(os.environ.get("DUE_SHARDS", "4")))
    given = parser.parse_args()
    documents = open_documents(os.environ["DOCUMENTS"], project=os.environ.get("PROJECT", "kagamino-local"))
    console = Console()
    if given.list:
        for uid in await listed(documents, LinkState(given.list), given.most):
            console.print(uid, highlight=False)
    else:
        table = Table("connections", "how many", "meaning", title="Links to Google Fit")
        for words, count, meaning in await counts(documents, given.shards):
            table.add_row(words, f"{count:,}", meaning)
        console.print(table)
    await documents.close()


if __name__ == "__main__":
    asyncio.run(main())
