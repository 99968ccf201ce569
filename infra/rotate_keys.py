"""Wrap every person's data key under the newest `wrapping-key`: `python -m infra.rotate_keys`.

Run it after adding a version of the secret, and before disabling the one before. It may be interrupted and run again;
keys that are wrapped anew already are left alone. Needs DOCUMENTS, PROJECT and SECRETS_ENDPOINT as the functions have
them. Tokens need no such run: each sync seals them under the newest `token-key`.
"""

import asyncio
import os

from rich.console import Console
from rich.progress import Progress

from shared.clock import SystemClock
from shared.cloud.documents import NAME, Document, Documents, Query
from shared.cloud.secrets import Secrets
from shared.cloud.stores import open_documents
from shared.cloud.vault import DataKeys
from shared.errors import Conflict

PAGE = 300


async def rewrap_all(documents: Documents, keys: DataKeys, progress: Progress | None = None) -> tuple[int, int]:
    """How many keys there are, and how many were wrapped anew."""
    seen = changed = 0
    last: Document | None = None
    task = progress.add_task("data keys", total=await documents.count(Query("data_keys"))) if progress else None
    while page := await documents.query(Query("data_keys", order_by=(NAME,), limit=PAGE, after=last)):
        for document in page:
            seen += 1
            changed += await _rewrap(keys, document.id)
        last = page[-1]
        if progress and task is not None:
            progress.update(task, completed=seen)
    return seen, changed


async def _rewrap(keys: DataKeys, uid: str) -> bool:
    try:
        return await keys.rewrap(uid)
    except Conflict:  # destroyed, or wrapped anew by another run, at this very moment
        return False


async def main() -> None:
    """Rotate, with progress."""
    where, project = os.environ["DOCUMENTS"], os.environ.get("PROJECT", "kagamino-local")
    clock = SystemClock()
    secrets = Secrets(project=project, endpoint=os.environ.get("SECRETS_ENDPOINT", ""), clock=clock)
    documents = open_documents(where, project=project, database="keys")
    console = Console()
    with Progress(console=console) as progress:
        seen, changed = await rewrap_all(documents, DataKeys(documents, secrets, clock), progress)
    console.print(f"{seen:,} keys, {changed:,} wrapped anew")
    await documents.close()


if __name__ == "__main__":
    asyncio.run(main())
