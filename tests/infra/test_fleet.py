from datetime import timedelta

from infra.fleet import counts, listed
from shared.clock import SystemClock
from shared.cloud.documents import Put
from shared.connection.model import LinkState


async def test_the_table_counts_everybody_by_state_and_lateness(documents):
    now = SystemClock().now()
    people = [("a", "active", 60), ("b", "active", -1000), ("c", "active", -9000), ("d", "needs_reauth", -9000)]
    await documents.commit(
        [
            Put(
                f"users/{uid}/connections/google_fit",
                {"uid": uid, "state": state, "shard": n % 4, "next_sync_at": now + timedelta(seconds=seconds)},
            )
            for n, (uid, state, seconds) in enumerate(people)
        ]
    )
    assert [count for _, count, _ in await counts(documents, 4)] == [3, 1, 0, 0, 2, 1]
    assert await listed(documents, LinkState.NEEDS_REAUTH, 10) == ["d"]
