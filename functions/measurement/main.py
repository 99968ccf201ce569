"""measurement: the app user reads their own measurements, and the app tells which zone they live in."""

import datetime as dt
from typing import Literal

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.measurement.service import Measurements
from shared.measurement.store import MeasurementStore, ZoneStore
from shared.vocabulary import Kind
from shared.wiring.base import base
from shared.wiring.keys import keys


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Civil dates, both included."""

    kind: Kind
    from_: dt.date
    to: dt.date
    zone: str | None = None
    resolution: Literal["day", "point"] = "day"
    page_token: str | None = None


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `since` on (now, where it is left out) the person lives in `zone`."""

    zone: str
    since: dt.datetime | None = None


def routes() -> list[edge.Route]:
    """Read, and tell the zone."""
    b = base("measurement")
    zones = ZoneStore(b.documents)
    read = Measurements(days=MeasurementStore(b.documents, keys(b).data), zones=zones)

    async def ask(call: edge.Call) -> edge.Reply:
        q: Ask = call.query
        uid = call.caller.uid
        if q.resolution == "day":
            return edge.Json(await read.day_summaries(uid, q.kind, q.from_, q.to, q.zone))
        return edge.Json(await read.points(uid, q.kind, q.from_, q.to, q.zone, q.page_token))

    async def tell(call: edge.Call) -> edge.Reply:
        told = await zones.tell(call.caller.uid, call.body.since or b.clock.now(), call.body.zone)
        return edge.Json({"zones": [{"since": c.since, "zone": c.zone} for c in told.changes]})

    user = b.identities.app_user
    return [edge.Route("GET", "/", user, ask, query=Ask), edge.Route("POST", "/zone", user, tell, body=Zone)]


app = edge.App("measurement", routes)


@functions_framework.aio.http
async def measurement(request: Request) -> Response:
    """The entry point."""
    return await app(request)
