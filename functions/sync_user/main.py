"""sync_user: one task of the queue. One user's consented kinds are fetched, merged and stored."""

import asyncio

import functions_framework.aio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared import edge
from shared.connection.messages import Uid
from shared.vocabulary import Provider
from shared.wiring.platform import platform
from shared.wiring.syncing import syncing


class Task(msgspec.Struct, frozen=True):
    """What a task carries: ids only."""

    uid: Uid
    provider: Provider


def routes() -> list[edge.Route]:
    """One way in, for Cloud Tasks."""
    p = platform("sync_user")
    service = syncing(p)
    places = asyncio.Semaphore(p.settings.users_in_flight)

    async def sync(call: edge.Call) -> edge.Reply:
        task: Task = call.body
        async with places:
            return edge.Json(await service.sync(task.uid, task.provider))

    return [edge.Route("POST", "/", p.identities.tasks, sync, body=Task, queue=True)]


app = edge.App("sync_user", routes)


@functions_framework.aio.http
async def sync_user(request: Request) -> Response:
    """The entry point."""
    return await app(request)
