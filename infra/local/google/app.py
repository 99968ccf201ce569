"""The simulated Google over HTTP."""

from starlette.applications import Starlette
from starlette.middleware import Middleware

from infra.local.google import accounts_http, control_http, fitness_http
from infra.local.google.gate import Gate
from infra.local.google.world import World


def create_app(world: World) -> Starlette:
    """Consent screen, token, revocation, keys and Fitness at Google's own paths, and `/_world` to move the world."""
    return Starlette(
        routes=[*accounts_http.routes(world), *fitness_http.routes(world), *control_http.routes(world)],
        middleware=[Middleware(Gate, world=world)],
    )
