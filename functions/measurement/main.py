"""measurement: the app user reads their own measurements, and the app tells which zone they live in."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.consent.gate import admit_self
from shared.consent.store import ConsentStore
from shared.measurement.messages import Ask, Zone
from shared.measurement.service import Measurements
from shared.measurement.store import MeasurementStore
from shared.measurement.zones import ZoneStore
from shared.wiring.keys import keys
from shared.wiring.platform import platform


def routes() -> list[edge.Route]:
    """Read, and tell the zone."""
    p = platform("measurement")
    zones, consents = ZoneStore(p.documents), ConsentStore(p.documents)
    read = Measurements(days=MeasurementStore(p.documents, keys(p).data), zones=zones)

    async def ask(call: edge.Call) -> edge.Reply:
        q: Ask = call.query
        own = admit_self(call.caller.uid, await consents.consents(call.caller.uid), q.kind)
        if q.resolution == "day":
            return edge.Json(await read.day_summaries(own, q.from_, q.to, q.zone))
        return edge.Json(await read.points(own, q.from_, q.to, q.zone, q.page_token))

    async def tell(call: edge.Call) -> edge.Reply:
        told = await zones.tell(call.caller.uid, call.body.since or p.clock.now(), call.body.zone)
        return edge.Json({"zones": [{"since": c.since, "zone": c.zone} for c in told.changes]})

    user = p.identities.app_user
    return [edge.Route("GET", "/", user, ask, query=Ask), edge.Route("POST", "/zone", user, tell, body=Zone)]


app = edge.App("measurement", routes)


@functions_framework.aio.http
async def measurement(request: Request) -> Response:
    """The entry point."""
    return await app(request)
