"""`make dev`: the platform on the system's clock, until interrupted, with everything needed to try it.

It starts with an empty store each time. Any setting of shared/config.py in the environment takes the place of the
platform's own: DOCUMENTS keeps the store, GOOGLE_*_URL put another Google in the place of the simulated one
(OAUTH_CLIENT_SECRET is then its client's secret). PORT is 8080 unless given.
"""

import asyncio
import os
import signal
import sys
import threading
from dataclasses import fields
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from infra.local.app import StandInApp
from infra.local.google import World
from infra.local.platform import Platform
from infra.manifest import ROOT
from shared.clock import SystemClock
from shared.config import Settings

FOLDER = ROOT / ".dev"
PEOPLE = {"hana": "hana@example.com", "ken": "ken@example.com", "yui": "yui@example.com"}
HISTORY = timedelta(days=30)
PATIENCE_S = 8

_COMMANDS = """\
TOKEN={token}
TICK={tick}
curl -s {url}/oauth_start -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
     -d '{{"provider": "google_fit", "kinds": ["steps", "sleep"]}}'   # then open authorization_url
curl -s {url}/connection -H "Authorization: Bearer $TOKEN"
curl -s -X POST {url}/sync_dispatch -H "Authorization: Bearer $TICK"
"""


def built() -> Platform:
    """The platform with its people, ready to start."""
    given = {f.name.upper(): os.environ[f.name.upper()] for f in fields(Settings) if os.environ.get(f.name.upper())}
    FOLDER.mkdir(exist_ok=True)
    if "DOCUMENTS" not in given:
        for old in FOLDER.glob("documents.db*"):
            old.unlink()
    clock = SystemClock()
    world = World(clock, auto_live=True)
    for email in PEOPLE.values():
        world.account(email, history=HISTORY)
    platform = Platform(
        clock,
        documents=f"sqlite:{FOLDER / 'documents.db'}",
        port=int(os.environ.get("PORT", "8080")),
        world=world,
        state=FOLDER,
        settings=given,
        client_secret=os.environ.get("OAUTH_CLIENT_SECRET", ""),
    )
    people = StandInApp(tuple(PEOPLE), token_for=platform.issuer.token_for, clock=clock)
    platform.mount("app", people.routes())
    return platform


def introduce(platform: Platform, console: Console) -> None:
    """Print what is where, who may sign in, and commands to copy."""
    url = platform.url
    places = Table("address", "what is there", title="The platform is up", title_justify="left")
    places.add_row(f"{url}/app/", "a stand-in for the app: sign in, connect, look, by clicking")
    for name in platform.functions:
        places.add_row(f"{url}/{name}", platform.manifest.functions[name].title)
    places.add_row(f"{url}/google/_world", "the simulated Google: its accounts, devices, faults and counters")
    places.add_row(f"{url}/identity/certs", "keys of the service tokens; firebase_certs beside it")
    console.print(places)
    console.print("\n[bold]ID tokens of test users, good for an hour[/bold] (the app's user and Google's account)")
    for uid, email in PEOPLE.items():
        console.print(f"\n{uid}, {email}", highlight=False)
        print(platform.issuer.token_for(uid))
    service = platform.issuer.service_token(platform.settings["SCHEDULER_ACCOUNT"], f"{url}/sync_dispatch")
    console.print("\n[bold]To try[/bold]")
    print(_COMMANDS.format(url=url, token=platform.issuer.token_for("hana"), tick=service))
    console.print("Ctrl-C ends it. One line of JSON per request follows.\n")


async def serve() -> None:
    """Stay up until interrupted."""
    async with built() as platform:
        introduce(platform, Console(soft_wrap=True))
        sys.stdout.flush()
        try:
            await asyncio.Event().wait()
        finally:
            # Whatever does not come to its end (a call under way, a thread) keeps nobody waiting at the terminal:
            # all there is to keep is in files already.
            last_resort = threading.Timer(PATIENCE_S, os._exit, (0,))
            last_resort.daemon = True
            last_resort.start()


if __name__ == "__main__":
    # A process that a script starts in the background is born deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        sys.exit(0)
    except OSError as taken:
        sys.exit(f"cannot listen: {taken}. PORT=8081 make dev takes another port.")
