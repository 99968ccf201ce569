"""`make dev`: the platform on the system's clock, until interrupted, with everything needed to try it.

It starts with an empty store each time. Any setting of shared/config.py in the environment takes the place of the
platform's own: DOCUMENTS keeps the store, GOOGLE_*_URL put another Google in the place of the simulated one
(OAUTH_CLIENT_SECRET is then its client's secret). PORT is 8080 and DEV_STATE, the folder of what it keeps, .dev unless
given. One runs at a time in a folder: a second one ends before it has touched anything.
"""

import asyncio
import errno
import fcntl
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from infra.local import hospital, tour
from infra.local.app import StandInApp
from infra.local.google import World
from infra.local.hospital import Hospital
from infra.local.platform import Platform
from infra.local.staff import register_test_staff
from infra.manifest import ROOT
from shared.clock import SystemClock
from shared.cloud.stores import open_documents
from shared.config import Settings

PEOPLE = {"hana": "hana@example.com", "ken": "ken@example.com", "yui": "yui@example.com"}
HISTORY = timedelta(days=30)
TOKENS_RENEWED_S = 30 * 60
PATIENCE_S = 8

_RUNNING = """\
make dev はすでに動いています（{folder}{where}）。何も変更していません。Ctrl-C で終わらせるか、もうひとつ起動するには：
make dev is running already ({folder}{where}). Nothing was changed. End it with Ctrl-C, or start one more:
    DEV_STATE={folder}/second PORT=8081 make dev"""
_TAKEN = """\
ポート {port} を使えません（{why}）。何も変更していません。別のポートで起動するには：
Cannot listen on port {port} ({why}). Nothing was changed. To take another port:
    PORT={other} make dev"""


@contextmanager
def only_one(folder: Path) -> Iterator[TextIO]:
    """Hold the folder, so that nobody's store is taken away while it is used; yield the file to say in where that is.

    Raises SystemExit, with what to do instead, where another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "running"
    # Opened without emptying it: what stands there is the other's until the lock is ours.
    with file.open("a+", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = file.read_text(encoding="utf-8").strip()
            sys.exit(_RUNNING.format(folder=near(folder), where=where and f", {where}"))
        held.truncate(0)
        yield held


def built(folder: Path) -> Platform:
    """The platform with its people, ready to start. The port is taken before an old store is removed."""
    given = {f.name.upper(): os.environ[f.name.upper()] for f in fields(Settings) if os.environ.get(f.name.upper())}
    clock = SystemClock()
    world = World(clock, auto_live=True)
    port = int(os.environ.get("PORT", "8080"))
    try:
        platform = Platform(
            clock,
            documents=f"sqlite:{folder / 'documents.db'}",
            port=port,
            world=world,
            state=folder,
            settings=given,
            client_secret=os.environ.get("OAUTH_CLIENT_SECRET", ""),
        )
    except OSError as taken:
        if taken.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        sys.exit(_TAKEN.format(port=port, why=taken.strerror, other=port + 1))
    if "DOCUMENTS" not in given:
        for old in folder.glob("documents.db*"):
            old.unlink()
    for email in PEOPLE.values():
        world.account(email, history=HISTORY)
    people = StandInApp(tuple(PEOPLE), token_for=platform.issuer.token_for, clock=clock)
    platform.mount("app", people.routes())
    return platform


async def registered(platform: Platform) -> Hospital:
    """The simulated hospital, and the test staff, in the store that the functions have."""
    documents = open_documents(platform.settings["DOCUMENTS"], project=platform.settings["PROJECT"])
    try:
        await register_test_staff(documents, platform.clock)
        return await hospital.registered(documents, platform.clock)
    finally:
        await documents.close()


def write_variables(platform: Platform, reader: Hospital, file: Path) -> None:
    """Put the address and fresh tokens where a shell can read them, and nobody else."""
    issuer, url = platform.issuer, platform.url
    values = {"URL": url, **{uid.upper(): issuer.token_for(uid) for uid in PEOPLE}}
    values["TICK"] = issuer.service_token(platform.settings["SCHEDULER_ACCOUNT"], f"{url}/sync_dispatch")
    values |= {"HOSPITAL": reader.token(issuer, url), "HOSPITAL_ID": reader.recipient}
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()), encoding="utf-8")
    new.replace(file)


def introduce(platform: Platform, variables: Path) -> None:
    """Print what is where, and commands to copy."""
    today = platform.clock.now().astimezone(ZoneInfo(tour.ZONE)).date()
    places = tour.places(platform.url, platform.functions, PEOPLE)
    print(tour.told(places, tour.steps(shlex.quote(near(variables)), today)))
    print("\nCtrl-C で終了。以下、要求ごとに JSON を1行 / Ctrl-C ends it. One line of JSON per request follows.\n")
    sys.stdout.flush()


def near(path: Path) -> str:
    """The path from here, or the whole of it where it leads elsewhere."""
    here, there = Path.cwd(), path.absolute()
    return str(there.relative_to(here) if there.is_relative_to(here) else there)


async def serve(folder: Path, running: TextIO) -> None:
    """Stay up until interrupted."""
    variables = folder / "tokens.env"
    async with built(folder) as platform:
        print(platform.url, file=running, flush=True)
        reader = await registered(platform)
        write_variables(platform, reader, variables)
        introduce(platform, variables)
        try:
            while True:
                await asyncio.sleep(TOKENS_RENEWED_S)
                write_variables(platform, reader, variables)
        finally:
            # Whatever does not come to its end (a call under way, a thread) keeps nobody waiting at the terminal:
            # all there is to keep is in files already.
            last_resort = threading.Timer(PATIENCE_S, os._exit, (0,))
            last_resort.daemon = True
            last_resort.start()


def main() -> None:
    """Serve, alone in the folder."""
    folder = Path(os.environ.get("DEV_STATE") or ROOT / ".dev")
    with only_one(folder) as running:
        try:
            asyncio.run(serve(folder, running))
        except KeyboardInterrupt:
            sys.exit(0)


if __name__ == "__main__":
    # A process that a script starts in the background is born deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
