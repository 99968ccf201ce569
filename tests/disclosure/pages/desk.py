"""A small function of staff pages on the local platform, and a browser before it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from playwright.async_api import Browser, BrowserContext

from infra.local.platform import Platform
from infra.local.staff import COOKIE, register_test_staff
from infra.manifest import Function, Instances, load
from shared.clock import ManualClock
from shared.cloud.sqlite import SqliteDocuments

PARTS = Path(__file__).with_name("parts.html")
NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
SOURCE = '''
"""Staff pages over rows that are made up."""

import datetime as dt
from pathlib import Path

import functions_framework.aio
import msgspec
from shared import edge
from shared.bodies import Limits, Upload
from shared.disclosure.pages import frame as frames
from shared.disclosure.pages import static
from shared.disclosure.pages.frame import ChooseLanguage, Frame, Said, Viewer
from shared.disclosure.pages.worklist import WorklistRow, WorklistView, worklist_page
from shared.wiring.platform import platform
from shared.wiring.staff import door, forms

PARTS = "@PARTS@"
LEFT = (-2, 0, 1, 4, 7, 12, None)
FLAGS = (("agent",), ("stamps_missing",), ("extended",), (), (), ("hold", "my_number"), ("frozen",))
TYPES = ((("disclosure", ""), ("erasure", "")), (("correction", ""),),
         (("disclosure", "collecting"), ("provision_records", "decided"), ("purpose_notice", "answered")),
         (("cease_use", "scoping"),), (("purpose_notice", ""),),
         (("stop_provision", ""), ("cease_use", ""), ("erasure", "")), (("<b>", ""),)[:0])
STAGES = ("verifying", "defect", "handling", "handling", "received", "verifying", "form_sent")


class Filled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    form_token: str
    note: str = ""
    scans: list[Upload] = []


def rows(today):
    for n in range(21):
        left = LEFT[n % 7]
        yield WorklistRow(
            id=f"c{n}", number=f"KG-{n:04}-2QZ7", stage=STAGES[n % 7], category="customer", requests=TYPES[n % 7],
            days_left=left, next_on=None if left is None else today + dt.timedelta(days=left),
            due_on=None if n % 3 else today, flags=FLAGS[n % 7],
        )


def routes():
    p = platform("disclosure")
    d, f, frame = door(p), forms(p), Frame("/disclosure")

    async def worklist(call):
        view = call.query
        viewer = Viewer(call.caller, call.language, p.clock.now(), view.address(""))
        found = [row for row in rows(dt.date(2026, 11, 25)) if view.stage in ("", row.stage)]
        return worklist_page(frame, viewer, found, view, total=len(found), further="c20")

    async def whoami(call):
        return edge.Json({"id": call.caller.id, "name": call.caller.name, "token": await f.token(call.caller, "act")})

    async def act(call):
        await f.check(call.caller, "act", call.body.form_token)
        return edge.Json({"note": call.body.note, "scans": [len(one.content) for one in call.body.scans]})

    async def parts(call):
        viewer = Viewer(call.caller, call.language, p.clock.now(), "/parts")
        template = frames._environment().from_string(Path(PARTS).read_text(encoding="utf-8"))
        return frame.page(template, viewer, title="部品", said=Said("worklist.total", {"n": 2}))

    async def case(call):
        return edge.Json({"case": call.path["id"]})

    told, choose = frame.fault_page, frame.choose_language
    return [
        edge.Route("GET", "/", d.member, worklist, query=WorklistView, fault_told=told),
        edge.Route("GET", static.PATTERN, d.member, static.serve),
        edge.Route("POST", "/language", d.poster, choose, body=ChooseLanguage, form=True, fault_told=told),
        edge.Route("GET", "/whoami", d.member, whoami),
        edge.Route("POST", "/act", d.poster, act, body=Filled, files=Limits(file_bytes=1000, all_bytes=5000)),
        edge.Route("GET", "/cases/{id}", d.member, case),
        edge.Route("GET", "/parts", d.member, parts),
    ]


app = edge.App("disclosure", routes)


@functions_framework.aio.http
async def disclosure(request):
    return await app(request)
'''


class Desk(NamedTuple):
    """The platform, who is on its roster, and where it keeps them."""

    platform: Platform
    ids: dict[str, str]
    store: SqliteDocuments

    @property
    def url(self) -> str:
        return f"{self.platform.url}/disclosure"

    async def browser_of(self, browser: Browser, email: str, **options: Any) -> BrowserContext:
        """A browser in which this account is signed in."""
        context = await browser.new_context(**options)
        session = self.platform.staff.session(email)
        await context.add_cookies([{"name": COOKIE, "value": session, "url": self.platform.url}])
        return context


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """A platform that serves that function alone."""
    (folder / "disclosure").mkdir()
    (folder / "disclosure" / "main.py").write_text(SOURCE.replace("@PARTS@", str(PARTS)), encoding="utf-8")
    whole = load()
    function = Function(
        title="",
        trigger="https",
        called_by=("staff", "app_user"),
        databases=("default",),
        secrets=("page-key",),
        enqueues=(),
        memory="512Mi",
        cpu=1,
        concurrency=1,
        instances=Instances(min=0, max=1),
        timeout=30,
    )
    manifest = msgspec.structs.replace(whole, functions={"disclosure": function}, queues={}, schedules={})
    clock, file = ManualClock(NOON), str(folder / "documents")
    store = SqliteDocuments(file)
    ids = await register_test_staff(store, clock)
    async with Platform(clock, documents=f"sqlite:{file}", manifest=manifest, functions=folder) as platform:
        yield Desk(platform, ids, store)
    await store.close()
