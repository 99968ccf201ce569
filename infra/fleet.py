"""Who is fresh and who needs to reconnect, at a glance: `make fleet`.

Counts are made by the store, from indexes: looking at a million connections costs some thousand reads. By default it
is the store of `make dev`; `make fleet DOCUMENTS=firestore PROJECT=…` looks at a deployment, with the credentials of
whoever asks. `make fleet ARGS="--list needs_reauth"` prints who it is.
"""

import argparse
import asyncio
import os
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from infra.operating import run, store
from shared.clock import SystemClock
from shared.cloud.documents import Documents, Query, Where
from shared.connection.model import LinkState

LATE = (
    ("15 分より長い遅れ\nmore than 15 minutes overdue", 900),
    ("取得間隔 2 回より長い遅れ\nmore than 2 intervals overdue", 7200),
)
MEANING = {
    LinkState.ACTIVE: "予定どおり取得中\nfetched on schedule",
    LinkState.NEEDS_REAUTH: "許可が失効。本人の再連携が必要\nthe grant died: the person must connect again",
    LinkState.PAUSED: "連携中だが、同意がなく取得しない\nlinked, but nothing may be fetched without consent",
    LinkState.REVOKED: "本人が解除\nended by the person",
}
OF_ACTIVE = "active のうち。infra/playbooks を参照\nof the active ones; see infra/playbooks"


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
        rows.append((words, sum(late), OF_ACTIVE))
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


async def show(given: argparse.Namespace) -> None:
    """Print the table, or the ids."""
    documents = store()
    try:
        if given.list:
            print(*await listed(documents, LinkState(given.list), given.most), sep="\n")
            return
        table = Table(
            "連携\nconnections", "件数\nhow many", "意味\nmeaning", title="Google Fit との連携 / Links to Google Fit"
        )
        for words, count, meaning in await counts(documents, given.shards):
            table.add_row(words, f"{count:,}", meaning)
        Console().print(table)
    finally:
        await documents.close()


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.fleet",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="連携の状態を数える / who is fresh and who needs to reconnect",
        epilog="環境変数 / environment: DOCUMENTS=sqlite:.dev/documents.db (make dev) | DOCUMENTS=firestore PROJECT=…",
    )
    parser.add_argument(
        "--list", choices=list(LinkState), help="この状態の利用者 ID / the user ids in this state instead"
    )
    parser.add_argument("--most", type=int, default=1000, help="最大件数 / at most so many ids")
    parser.add_argument(
        "--shards", type=int, default=os.environ.get("DUE_SHARDS") or "4", help="DUE_SHARDS / as the functions have it"
    )
    return parser.parse_args()


if __name__ == "__main__":
    run(show(options()))
