"""The platform as one object: start it, sign in as anyone, move time, look inside.

async with Platform(ManualClock(...), documents="sqlite:/some/file") as platform:
    token = platform.issuer.token_for("hana")
    ... HTTP at platform.url ...
    await platform.advance(timedelta(days=2))
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Self, cast

import aiohttp

from infra.local import mail_box
from infra.local.aws import LocalAws
from infra.local.delivery import Delivery
from infra.local.gateway import Asgi, Gateway, load_function
from infra.local.google import World, create_app
from infra.local.issuer import STAFF_AUDIENCE, Issuer
from infra.local.process import Loan
from infra.local.scheduler import Scheduler, jobs_of
from infra.local.secrets import LocalSecrets
from infra.local.server import HttpServer
from infra.local.staff import StaffProxy
from infra.local.tasks import LocalTasks
from infra.local.wire import Server
from infra.manifest import ROOT, Manifest, load
from shared.clock import Clock, ManualClock
from shared.cloud import loops
from shared.ids import Ids, RandomIds, fresh_bytes

PROJECT = "kagamino-local"
CLIENT_SECRET = "oauth-client-secret"
CLIENT_ID = "kagamino-local.apps.googleusercontent.com"


def local_settings(url: str, *, documents: str, cloud_endpoint: str, project: str) -> dict[str, str]:
    """The whole environment of the functions on this machine. `shared.config.Settings` says what each is."""
    accounts = f"{project}.iam.gserviceaccount.com"
    return {
        "DOCUMENTS": documents,
        "ANCHORS": f"folder:{documents.partition(':')[2] or Path(gettempdir()) / project}.anchors",
        "PROJECT": project,
        "PUBLIC_URL": url,
        "TASKS_ENDPOINT": cloud_endpoint,
        "SECRETS_ENDPOINT": cloud_endpoint,
        "FIREBASE_PROJECT": project,
        "FIREBASE_CERTS_URL": f"{url}/identity/firebase_certs",
        "FIREBASE_ACCOUNTS_URL": f"{url}/identity",
        "GOOGLE_CERTS_URL": f"{url}/identity/certs",
        "IAP_CERTS_URL": f"{url}/identity/iap_certs",
        "IAP_AUDIENCE": STAFF_AUDIENCE,
        "SCHEDULER_ACCOUNT": f"scheduler@{accounts}",
        "TASKS_ACCOUNT": f"tasks@{accounts}",
        "GOOGLE_CLIENT_ID": CLIENT_ID,
        "GOOGLE_ACCOUNTS_URL": f"{url}/google/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URL": f"{url}/google/token",
        "GOOGLE_REVOKE_URL": f"{url}/google/revoke",
        "GOOGLE_FITNESS_URL": f"{url}/google/fitness/v1",
        "APP_LINK": f"{url}/app/linked",
        "DEVELOPMENT": "1",
    }


class Platform:
    """Every function, queue, schedule and secret of the manifest, with a simulated Google, at one address.

    On a `ManualClock` nothing happens by itself: `drain`, `tick` and `advance` make it happen, in order of time. On
    the system's clock tasks and schedules run as they would in the cloud.

    `documents` is the setting of that name. `state` is a folder where secrets outlive the process. `settings` replace
    any of `local_settings`, for another Google in the place of ours; `client_secret` is the OAuth client's there. One
    platform runs at a time in a process, since the functions read the process's environment and clock.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        documents: str,
        port: int = 0,
        world: World | None = None,
        project: str = PROJECT,
        state: Path | None = None,
        settings: Mapping[str, str] | None = None,
        functions: Path = ROOT / "functions",
        manifest: Manifest | None = None,
        duplicate_every: int = 0,
        client_secret: str = "",
        ids: Ids | None = None,
    ) -> None:
        self.clock = clock
        self.manifest = manifest or load()
        self.world = world or World(clock, auto_live=True)
        self.issuer = Issuer(firebase_project=project, clock=clock)
        self.secrets = LocalSecrets(project=project, clock=clock, file=state and state / "secrets.json")
        self._ids = ids or RandomIds()
        self.tasks = LocalTasks(project=project, region=self.manifest.region, clock=clock, ids=self._ids)
        self.delivery = Delivery(
            self.tasks, service_token=self.issuer.service_token, clock=clock, duplicate_every=duplicate_every
        )
        self._http = HttpServer(port)
        self.aws = LocalAws()
        self._cloud = Server(self.tasks.service(), self.secrets.service())
        self._project, self._documents, self._folder = project, documents, functions
        self._given = dict(settings or {})
        self._client_secret = client_secret
        self.issuer.also_published.append(self._googles_keys)
        self.staff = StaffProxy(assertion_for=self.issuer.staff_assertion, ids=RandomIds())
        self._mounts: dict[str, Asgi] = {
            "identity": self.issuer.app(),
            "google": create_app(self.world),
            "staff": self.staff.routes(),
            mail_box.PATH: mail_box.MailBox(self.aws).routes(),
        }
        self._loan: Loan | None = None
        self._background: list[asyncio.Task[None]] = []
        self.settings: dict[str, str] = {}
        self.functions: dict[str, Asgi] = {}
        self.scheduler = Scheduler([], url="", account="", service_token=self.issuer.service_token, clock=clock)

    @property
    def url(self) -> str:
        """Where everything is, without a trailing slash."""
        return self._http.url

    def mount(self, name: str, app: Asgi) -> None:
        """Serve `app` at /<name> as well."""
        self._mounts[name] = app

    async def start(self) -> None:
        """Serve. What the functions need is there before the first of them is loaded."""
        try:
            await self._cloud.start()
            self.aws.start()
            self._settle_in()
            self._furnish()
            self.functions = self._load_functions()
            await self._http.start(Gateway(self.functions, self._mounts))
        except BaseException:
            await self.stop()
            raise
        if not isinstance(self.clock, ManualClock):
            self._background = [asyncio.create_task(part.run()) for part in (self.delivery, self.scheduler)]

    async def stop(self) -> None:
        """Stop serving, close what the functions opened, and leave the process as it was."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.delivery.close()
        await self.scheduler.close()
        await self._http.stop()
        await loops.close_all()
        await self._cloud.stop()
        self.aws.stop()
        if self._loan is not None:
            self._loan.give_back()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def tick(self, function: str) -> int:
        """Call `function` as Cloud Scheduler would, now; the HTTP status. What it enqueues waits for `drain`."""
        return await self.scheduler.fire(function)

    async def drain(self) -> int:
        """Deliver every task that is due now, and what follows from it; how many deliveries."""
        return await self.delivery.drain()

    async def advance(self, by: timedelta, *, schedules: bool = True) -> None:
        """Let simulated time pass: schedules fire and tasks are delivered, each at its time, in order."""
        clock = self.clock
        assert isinstance(clock, ManualClock), "only simulated time can be moved"
        until = clock.now() + by
        await self.drain()
        while True:
            upcoming = [self.tasks.next_due(), self.scheduler.next_at() if schedules else None]
            at = min((instant for instant in upcoming if instant is not None), default=None)
            if at is None or at > until:
                break
            clock.set(max(at, clock.now()))
            if schedules:
                await self.scheduler.fire_due()
            await self.drain()
        clock.set(until)

    def _furnish(self) -> None:
        for name in self.manifest.secrets:
            if not self.secrets.has(name):
                # The client secret is text at Google; keys are bytes.
                self.secrets.put(name, self._ids.token().encode() if name == CLIENT_SECRET else fresh_bytes(32))
        if self._client_secret and self.secrets.newest(CLIENT_SECRET) != self._client_secret.encode():
            self.secrets.put(CLIENT_SECRET, self._client_secret.encode())
        for name, queue in self.manifest.queues.items():
            self.tasks.add_queue_as_planned(name, queue)
        secret = self.secrets.newest(CLIENT_SECRET).decode()
        self.world.client(self.settings["GOOGLE_CLIENT_ID"], secret, [f"{self.url}/oauth_callback"])

    async def _googles_keys(self) -> list[dict[str, Any]]:
        """The keys of whatever stands for Google: there is one setting for these and for our service tokens' keys."""
        elsewhere = self._given.get("GOOGLE_CERTS_URL")
        if elsewhere is None:
            return cast(list[dict[str, Any]], self.world.oauth.key.jwks["keys"])
        async with aiohttp.ClientSession() as session, session.get(elsewhere) as answer:
            return cast(list[dict[str, Any]], (await answer.json())["keys"])

    def _settle_in(self) -> None:
        own = local_settings(
            self.url, documents=self._documents, cloud_endpoint=self._cloud.endpoint, project=self._project
        )
        self.settings = {**own, "REGION": self.manifest.region, **self.aws.settings(), **self._given}
        self.settings["GOOGLE_CERTS_URL"] = own["GOOGLE_CERTS_URL"]
        self._loan = Loan(self.settings, self.clock)
        self.scheduler = Scheduler(
            jobs_of(self.manifest, self.clock.now()),
            url=self.url,
            account=self.settings["SCHEDULER_ACCOUNT"],
            service_token=self.issuer.service_token,
            clock=self.clock,
        )

    def _load_functions(self) -> dict[str, Asgi]:
        folders = {name: self._folder / name for name in self.manifest.functions}
        there = {name: folder for name, folder in folders.items() if (folder / "main.py").exists()}
        loaded = {name: load_function(name, folder) for name, folder in there.items()}
        staffs = {name for name in loaded if "staff" in self.manifest.functions[name].called_by}
        return {name: self.staff.before(name, app) if name in staffs else app for name, app in loaded.items()}
