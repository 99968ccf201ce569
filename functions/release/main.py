"""release: relatives and medical institutions read what people gave them to read, each time by record and permit."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.release.messages import AskPeople, AskPoints, AskSummaries
from shared.wiring.platform import platform
from shared.wiring.releasing import release_acts


def routes() -> list[edge.Route]:
    """Whom one may read; and reading, by day and by point."""
    p = platform("release")
    acts, reader = release_acts(p), p.identities.reader
    return [
        edge.Route("GET", "/", reader, acts.people, query=AskPeople),
        edge.Route("GET", "/summaries", reader, acts.summaries, query=AskSummaries),
        edge.Route("GET", "/points", reader, acts.points, query=AskPoints),
    ]


app = edge.App("release", routes)


@functions_framework.aio.http
async def release(request: Request) -> Response:
    """The entry point."""
    return await app(request)
