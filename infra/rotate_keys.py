"""Wrap every person's data key under the newest `wrapping-key`, and have everybody found under the newest `match-key`:
`make rotate-keys DOCUMENTS=firestore PROJECT=…`.

Run it after adding a version of either secret, and before disabling the one before:
infra/playbooks/planned/rotate_keys.md has all of it. It may be interrupted and run again; what is under the newest
version already is left alone. With a store in a file it needs SECRETS_ENDPOINT, as the functions beside it have it.
"""

import argparse
import os
from dataclasses import replace

from rich.console import Console
from rich.progress import Progress

from infra.operating import project, run, setting, store
from shared.clock import SystemClock
from shared.cloud.documents import NAME, Document, Documents, Query
from shared.cloud.secrets import Secrets
from shared.cloud.vault import DataKeys
from shared.errors import Conflict, Refused
from shared.ids import RandomIds
from shared.profile.blind import BlindIndex, MatchKeys
from shared.profile.store import ProfileStore

PAGE = 300


async def rewrap_all(documents: Documents, keys: DataKeys, progress: Progress | None = None) -> tuple[int, int]:
    """How many keys there are, and how many were wrapped anew."""
    seen = changed = 0
    last: Document | None = None
    task = (
        progress.add_task("データ鍵 / data keys", total=await documents.count(Query("data_keys"))) if progress else None
    )
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


async def reindex_all(
    documents: Documents, profiles: ProfileStore, progress: Progress | None = None
) -> tuple[int, int]:
    """How many profiles there are, and how many were indexed anew."""
    seen = changed = 0
    last: Document | None = None
    everybody = Query("profile", group=True, order_by=(NAME,), limit=PAGE)
    task = (
        progress.add_task("照合の索引 / index of profiles", total=await documents.count(everybody))
        if progress
        else None
    )
    while page := await documents.query(replace(everybody, after=last)):
        for document in page:
            seen += 1
            changed += await _reindex(profiles, document.path.split("/")[1])
        last = page[-1]
        if progress and task is not None:
            progress.update(task, completed=seen)
    return seen, changed


async def _reindex(profiles: ProfileStore, uid: str) -> bool:
    try:
        return await profiles.reindex(uid)
    except Conflict:  # changed at this very moment, which indexed it anew
        return False
    except Refused as erased:
        if erased.code != "key_destroyed":
            raise
        return False


async def rotate() -> None:
    """Rotate, with progress."""
    documents, people, clock = store("keys"), store(), SystemClock()
    endpoint = os.environ.get("SECRETS_ENDPOINT", "")
    if os.environ["DOCUMENTS"] != "firestore":
        endpoint = setting("SECRETS_ENDPOINT", "ローカルの Secret Manager", "the local Secret Manager, host:port")
    secrets = Secrets(project=project(), endpoint=endpoint, clock=clock)
    console = Console()
    try:
        with Progress(console=console) as progress:
            keys = DataKeys(documents, secrets)
            seen, changed = await rewrap_all(documents, keys, progress)
            index = BlindIndex(people, MatchKeys(secrets), RandomIds())
            held, moved = await reindex_all(people, ProfileStore(people, keys, index, clock), progress)
        console.print(f"鍵 {seen:,} 件、包み直し {changed:,} 件 / {seen:,} keys, {changed:,} wrapped anew")
        console.print(f"登録 {held:,} 件、索引の作り直し {moved:,} 件 / {held:,} profiles, {moved:,} indexed anew")
    finally:
        await secrets.close()
        await documents.close()
        await people.close()


def options() -> None:
    """There are none but --help."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.rotate_keys",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="データ鍵を最新の wrapping-key で包み直し、照合の索引を最新の match-key で作り直す / "
        "wrap every data key under the newest wrapping-key, and index every profile under the newest match-key",
        epilog="環境変数 / environment: DOCUMENTS=firestore PROJECT=…\n"
        "手順 / how and when: infra/playbooks/planned/rotate_keys.md",
    )
    parser.parse_args()


if __name__ == "__main__":
    options()
    run(rotate())
